"""Whole programs: without a guard, from a notebook, and killed."""

import os
import signal
import subprocess
import sys
from multiprocessing.connection import wait

import pytest

# No guard; the package is found by the path of the program alone; the function, what it calls and
# the class of its values belong to the main module.
SCRIPT = """
import os, sys
sys.path.insert(0, {root!r})
import numpy as np
from tfhpo.execution import LocalProcesses, Task

class Score:
    def __init__(self, value):
        self.value = value

def square(number):
    return Score(number * number * int(data[0]))

def search():
    offset = 1
    def trial(payload, report):
        assert os.getpid() != {{driver}}
        return Score(square(payload).value + report(offset) + len(sys.argv))
    return trial

data = np.ones(300_000)
driver = os.getpid()
scores = []
def on_end(task, outcome):
    assert outcome.failure is None, outcome.failure.message
    assert isinstance(outcome.value, Score)
    scores.append(outcome.value.value)

tasks = [Task(str(number), number) for number in range(3)]
LocalProcesses(2).run(search(), iter(tasks), lambda key, offset: offset, on_end)
print("scores", sorted(scores))
""".replace("{{driver}}", "driver")


@pytest.mark.parametrize("how", ["file", "typed"])
def test_a_program_needs_no_guard(tmp_path, root, how):
    script = SCRIPT.format(root=root)
    path = tmp_path / "script.py"
    path.write_text(script)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    # The program itself does not see what lies in the folder where it is run, unless it is typed.
    (elsewhere / "random.py").write_text("raise ImportError('of this folder')")
    done = subprocess.run(
        [sys.executable, "-W", "error", str(path) if how == "file" else "-"],
        input=None if how == "file" else script,
        capture_output=True,
        text=True,
        cwd=elsewhere if how == "file" else tmp_path,
        timeout=60,
    )
    assert (done.stderr, done.stdout) == ("", "scores [2, 3, 6]\n")


# Its exit status tells how it went, because it may have no stream to print to.
CLOSED = """
import os, sys
sys.path.insert(0, {root!r})
for descriptor in {closed}:
    os.close(descriptor)
import numpy as np
from tfhpo.execution import LocalProcesses, Task

data = np.ones(300_000)
told, lines = [], []
def trial(payload, report):
    print("here")
    return data.sum() + report(payload)

LocalProcesses(1, echo=lines.append).run(
    trial,
    iter([Task("0", 1)]),
    lambda key, payload: payload,
    lambda task, outcome: told.append(outcome.value),
)
sys.exit(0 if (told, lines) == ([300_001], [("worker 0", "0", "here")]) else 3)
"""


@pytest.mark.parametrize("closed", [(0,), (0, 1, 2)])
def test_a_program_may_have_closed_its_standard_streams(root, closed):
    script = CLOSED.format(root=root, closed=closed)
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0


# As far as another system can show it: what only POSIX systems have is gone.
WINDOWS = """
import os, signal, sys
sys.path.insert(0, {root!r})
import cloudpickle, multiprocessing.connection, numpy, psutil, subprocess, tempfile
del signal.SIGUSR1, signal.SIGKILL
sys.modules["fcntl"] = None
from tfhpo.execution import InProcess, LocalProcesses, Task
InProcess().run(lambda payload, report: payload, iter([Task("0", 1)]), print, print)
os.name = "nt"
LocalProcesses(1)
"""


def test_on_windows_trials_run_in_this_process(root):
    done = subprocess.run(
        [sys.executable, "-c", WINDOWS.format(root=root)], capture_output=True, text=True
    )
    assert "Outcome(value=1, failure=None" in done.stdout
    assert "Worker processes need Linux or macOS" in done.stderr


# Holds a pipe in two workers, in what they start, and never answers; where it forks, the fork keeps
# the driver's ends of the channels.
HELD = """
import os, subprocess, sys, threading
sys.path.insert(0, {root!r})
from tfhpo.execution import LocalProcesses, Task

def trial(payload, report):
    end = os.open({path!r}, os.O_WRONLY)
    with subprocess.Popen(["sleep", "1000"], pass_fds=[end]):
        os.write(end, b"x")
        report()
        threading.Event().wait()

reported = []
def on_report(key):
    reported.append(key)
    if len(reported) == 2:
        pid = os.fork() if {forks} else 0
        if pid or not {forks}:
            print(pid, flush=True)
        threading.Event().wait()

LocalProcesses(2).run(trial, iter([Task("a", 0), Task("b", 1)]), on_report, print)
"""


@pytest.mark.parametrize(
    ("number", "forks"), [(signal.SIGKILL, False), (signal.SIGKILL, True), (signal.SIGTERM, False)]
)
def test_nothing_outlives_a_killed_driver(root, holders, number, forks):
    script = HELD.format(root=root, path=holders.path, forks=forks)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as driver:
        assert wait([driver.stdout], 60)
        fork = int(driver.stdout.readline())
        holders.wait_for(2)
        driver.send_signal(number)
        driver.wait()
        try:
            holders.wait_for_none()
        finally:
            if fork:
                os.kill(fork, signal.SIGKILL)


# In a call that does not let go of Python's lock, a worker hears of nothing.
LOCKED = """
import ctypes, os, sys
sys.path.insert(0, {root!r})
from tfhpo.execution import LocalProcesses, Task

def trial(payload, report):
    end = os.open({path!r}, os.O_WRONLY)
    os.write(end, b"x")
    ctypes.PyDLL(None).pause()

LocalProcesses(1).run(trial, iter([Task("a", 0)]), print, print)
"""


def test_a_worker_that_hears_of_nothing_ends_after_its_driver_too(root, holders):
    script = LOCKED.format(root=root, path=holders.path)
    with subprocess.Popen([sys.executable, "-c", script]) as driver:
        holders.wait_for(1)
        driver.kill()
    holders.wait_for_none()


def test_ctrl_c_ends_a_program_and_its_workers(root, holders):
    script = HELD.format(root=root, path=holders.path, forks=False)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as driver:
        driver.stdout.readline()
        driver.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in driver.stderr.read()
    holders.wait_for(2)
    holders.wait_for_none()
