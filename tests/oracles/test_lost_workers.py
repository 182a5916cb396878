"""Real workers, one killed and one frozen in mid-trial: their trials are completed elsewhere."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from chiefs import LIMIT_SECONDS, go_on, next_line, processes

from tfhpo.study import STUDY_FILE, TrialStatus, read_study

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    """Runs the search; returns its study and each process's status and output."""
    folder = tmp_path_factory.mktemp("lost")
    script = Path(__file__).with_name("lost_worker_search.py")
    with processes(script, folder, "chief", "killed", "frozen", "steady") as running:
        for process in running.values():
            assert next_line(process) == "ready"
        go_on(running["chief"])
        go_on(running["killed"])
        running["killed"].wait(LIMIT_SECONDS)
        go_on(running["frozen"])
        os.waitid(os.P_PID, running["frozen"].pid, os.WSTOPPED)
        (folder / "later").touch()
        go_on(running["steady"])
        repeated = [next_line(running["steady"]) for _ in range(2)]
        os.kill(running["frozen"].pid, signal.SIGCONT)
        taken = next_line(running["frozen"])
        go_on(running["steady"])
        told = {name: one.communicate(timeout=LIMIT_SECONDS) for name, one in running.items()}
    statuses = {name: process.returncode for name, process in running.items()}
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
    assert lines == ["ended 0000 COMPLETED", "ended 0001 COMPLETED", "ended 0001 RUNNING"]
    assert "Trial 0001 is no longer that of 'frozen'" in told["frozen"][1]


def test_the_logs_of_the_trial_that_was_taken_are_those_of_its_new_worker(search):
    study, *_ = search
    logs = study.path.parents[1] / "logs"
    sessions = sorted(path.name for path in logs.glob("*/execution*"))
    assert sessions == ["execution0"] * 2 + ["execution0-repeat1"] * 2


def test_all_find_the_best_afterwards(search):
    study, _, told, _ = search
    best = min(study.completed, key=lambda trial: trial.score)
    for name in ("chief", "frozen", "steady"):
        assert f"best {best.values['rate']} 4" in told[name][0].splitlines()
