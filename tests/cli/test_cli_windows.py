"""The program on Windows, as far as another system can show it: what only POSIX has is gone."""

import subprocess
import sys

from command_line import ROOT

WINDOWS = """
import os, signal, socket, sys
from pathlib import Path
import cloudpickle, multiprocessing.connection, numpy, psutil, subprocess, tempfile
del signal.SIGUSR1, signal.SIGKILL, signal.SIGHUP, socket.SO_REUSEPORT
sys.modules["fcntl"] = None
from tfhpo.cli import doctor, launch, main
from tfhpo.errors import ArgumentError
import tfhpo.execution
main.app(["--version"], standalone_mode=False)
script = Path(sys.argv[1])
os.name = "nt"
print(doctor.workers_at_once())
try:
    launch.launch(script)
except ArgumentError as error:
    print("refused:", error)
"""


def test_on_windows_the_program_starts_and_offers_no_worker_processes(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("print('started')")
    done = subprocess.run(
        [sys.executable, "-c", WINDOWS, str(script)],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    version, workers, launched = done.stdout.splitlines()
    assert version.startswith("tfhpo ")
    assert "found='none'" in workers
    assert "worker processes need Linux or macOS" in workers
    assert launched.startswith("refused: `tfhpo launch` needs Linux or macOS")
