"""Small searches for processes of their own, and what such a process tells of itself.

Logical devices and clusters must be configured before TensorFlow runs anything, so each file of
tests runs one script that does it all and prints what it saw as JSON.
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LIMIT_SECONDS = 600


def started(script, *arguments, **environment):
    """A process that runs a script of this folder on the CPU; what it prints last is JSON."""
    settings = {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, Path(__file__).with_name(script), *map(str, arguments)],
        env={**os.environ, **settings, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def told(process, limit=LIMIT_SECONDS):
    """What a process printed, when it has ended well."""
    try:
        output, errors = process.communicate(timeout=limit)
    finally:
        process.kill()
    assert process.returncode == 0, errors
    return json.loads(output.splitlines()[-1])


def cluster(script, *arguments):
    """Two processes that are the two tasks of a cluster on this machine."""
    with socket.socket() as one, socket.socket() as other:
        for door in (one, other):
            door.bind(("127.0.0.1", 0))
        workers = [f"127.0.0.1:{door.getsockname()[1]}" for door in (one, other)]
    return [
        started(
            script,
            *arguments,
            TF_CONFIG=json.dumps(
                {
                    "cluster": {"worker": workers},
                    "task": {"type": "worker", "index": index},
                }
            ),
        )
        for index in (0, 1)
    ]
