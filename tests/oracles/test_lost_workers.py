"""Real workers, one killed and one frozen in mid-trial: their trials are completed elsewhere."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import tfhpo
from tfhpo.study import STUDY_FILE, TrialStatus, read_study

pytestmark = pytest.mark.slow

_DEADLINE = 240


def _start(tuner_id, port, folder):
    return subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("lost_worker_search.py")), str(folder)],
        env={
            **os.environ,
            "PYTHONPATH": str(Path(tfhpo.__file__).parents[1]),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "KERASTUNER_TUNER_ID": tuner_id,
            "KERASTUNER_ORACLE_IP": "127.0.0.1",
            "KERASTUNER_ORACLE_PORT": str(port),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _go_on(process):
    process.stdin.write("go\n")
    process.stdin.flush()


def _next(process):
    """Returns the next line that a process prints."""
    line = process.stdout.readline()
    assert line, process.stderr.read()
    return line.strip()


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    """Runs the search; returns its study and each process's status and output."""
    folder = tmp_path_factory.mktemp("lost")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    names = ("chief", "killed", "frozen", "steady")
    processes = {name: _start(name, port, folder) for name in names}
    try:
        for process in processes.values():
            assert _next(process) == "ready"
        _go_on(processes["chief"])
        _go_on(processes["killed"])
        processes["killed"].wait(_DEADLINE)
        _go_on(processes["frozen"])
        os.waitid(os.P_PID, processes["frozen"].pid, os.WSTOPPED)
        (folder / "later").touch()
        _go_on(processes["steady"])
        repeated = [_next(processes["steady"]) for _ in range(2)]
        os.kill(processes["frozen"].pid, signal.SIGCONT)
        taken = _next(processes["frozen"])
        _go_on(processes["steady"])
        told = {name: one.communicate(timeout=_DEADLINE) for name, one in processes.items()}
    finally:
        for process in processes.values():
            process.kill()
            process.communicate()
    statuses = {name: process.returncode for name, process in processes.items()}
    return read_study(folder / "project" / STUDY_FILE), statuses, told, [*repeated, taken]


def test_the_chief_and_the_living_end_well(search):
    _, statuses, told, _ = search
    expected = {"chief": 0, "killed": -signal.SIGKILL, "frozen": 0, "steady": 0}
    assert statuses == expected, told


def test_every_trial_is_completed_and_recorded_once(search):
    study, _, told, _ = search
    assert [trial.number for trial in study.trials] == [0, 1, 2, 3]
    assert {trial.status for trial in study.trials} == {TrialStatus.COMPLETED}
    assert [trial.interruptions for trial in study.trials] == [1, 1, 0, 0]
    assert [trial.tuner_id for trial in study.trials][:2] == ["steady"] * 2
    for trial in study.trials:
        assert [one.step for one in study.reports[trial.number]] == [0, 1]
    for trial, worker in (("0000", "killed"), ("0001", "frozen")):
        assert f"Trial {trial} has lost its worker '{worker}'" in told["chief"][1]


def test_the_one_that_comes_back_is_told_to_stop(search):
    _, _, told, lines = search
    assert lines == ["ended 0000 COMPLETED", "ended 0001 COMPLETED", "ended 0001 INVALID"]
    assert "Trial 0001 is no longer that of 'frozen'" in told["frozen"][1]


def test_all_find_the_best_afterwards(search):
    study, _, told, _ = search
    best = min(study.completed, key=lambda trial: trial.score)
    for name in ("chief", "frozen", "steady"):
        assert f"best {best.values['rate']} 4" in told[name][0].splitlines()
