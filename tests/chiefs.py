"""Chiefs and workers in tests: a clock, a chief in a thread, a script in processes."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

from tfhpo.oracles import chief

ROOT = Path(__file__).parents[1]
#: How long a process may take, in seconds: starting takes long on a busy machine.
LIMIT_SECONDS = 240
#: How long workers may be silent by the clock of a test, in seconds.
LEASE = 60


class Clock:
    """Stands still until it is moved."""

    now = 1000.0

    def __call__(self):
        return self.now


def build_number(hp):
    """Reads one number, which is all that a search needs that trains nothing."""
    return hp.Float("x", 0, 1)


def finish(client, trial, score=0.5):
    """Tells a chief that a trial is completed."""
    client.update_trial(trial.trial_id, {"loss": score})
    trial.status = "COMPLETED"
    client.end_trial(trial)


def free_port():
    """A port of loopback that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def variables(name, port):
    """KerasTuner's variables of a process."""
    return {
        "KERASTUNER_TUNER_ID": name,
        "KERASTUNER_ORACLE_IP": "127.0.0.1",
        "KERASTUNER_ORACLE_PORT": str(port),
    }


class Serving:
    """A chief in a thread; `end` waits for it and returns or raises what it did."""

    def __init__(self, oracle, attendance=None):
        self.oracle = oracle
        self._told = {}
        self._thread = threading.Thread(target=self._run, args=(attendance,), daemon=True)
        self._thread.start()

    def _run(self, attendance):
        try:
            self._told["value"] = chief.serve(self.oracle, attendance)
        except Exception as error:  # noqa: BLE001
            self._told["error"] = error

    def wait(self):
        self._thread.join(60)
        assert not self._thread.is_alive(), "the chief does not end"

    def end(self):
        self.wait()
        if "error" in self._told:
            raise self._told["error"]
        return self._told["value"]


@contextlib.contextmanager
def processes(script, folder, *names):
    """Runs a script as a chief and its workers; yields the processes by name."""
    port = free_port()
    running = {}
    try:
        for name in names:
            running[name] = subprocess.Popen(
                [sys.executable, str(script), str(folder)],
                env={
                    **os.environ,
                    "PYTHONPATH": str(ROOT),
                    "TF_CPP_MIN_LOG_LEVEL": "3",
                    **variables(name, port),
                },
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        yield running
    finally:
        for process in running.values():
            process.kill()
            process.communicate()


def next_line(process):
    """The next line that a process prints."""
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return line.strip()


def go_on(process):
    """Sends a process the line that it waits for."""
    process.stdin.write("go\n")
    process.stdin.flush()
