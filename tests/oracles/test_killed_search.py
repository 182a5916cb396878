"""A search that is killed again and again ends as if it had never been."""

from __future__ import annotations

import contextlib
import math
import os
import random
import select
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import tfhpo
from tfhpo.study import STUDY_FILE, TrialStatus, read_study

_LEAST_KILLS = 50

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="forks and SIGKILL are of POSIX"),
]


class Nursery:
    """The process that forks the searches."""

    def __init__(self):
        here = Path(__file__).parent
        paths = [str(Path(tfhpo.__file__).parents[1]), str(here)]
        self.process = subprocess.Popen(
            [sys.executable, str(here / "killed_search.py")],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._line() == ["ready"]

    def begin(self, strategy, folder):
        """Starts a search and returns its process id."""
        self.process.stdin.write(f"{strategy} {folder}\n")
        self.process.stdin.flush()
        word, child = self._line()
        assert word == "child"
        return int(child)

    def steps(self, most=None):
        """Yields the steps that were told to be recorded; returns when the search is over."""
        while most is None or most > 0:
            line = self._line()
            if line[0] == "dead":
                self.end = int(line[1])
                return
            most = None if most is None else most - 1
            yield line

    def _line(self):
        line = self.process.stdout.readline()
        assert line, f"the nursery died: {self.process.wait()}"
        return line.split()


@pytest.fixture(scope="module")
def nursery():
    nursery = Nursery()
    yield nursery
    nursery.process.communicate(timeout=60)
    assert nursery.process.returncode == 0


def killed_at_random(nursery, chance, strategy, folder):
    """Goes on with the search and kills it; returns what it told, and whether it ended before."""
    child = nursery.begin(strategy, folder)
    nursery.end = None
    told = []
    if chance.random() < 0.2:  # While it opens the study, or recovers it.
        select.select([], [], [], chance.uniform(0.0, 0.05))
    else:
        told += nursery.steps(most=chance.randrange(1, 40))
        # Anywhere between two steps, not just after one.
        select.select([], [], [], chance.uniform(0.0, 0.002))
    if nursery.end is None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        told += nursery.steps()
    assert nursery.end in (0, -signal.SIGKILL)
    return told, nursery.end == 0


def check_nothing_lost(study, told):
    trials = {trial.trial_id: trial for trial in study.trials}
    assert [trial.number for trial in study.trials] == list(range(len(trials)))
    reported = {
        (f"{number:04d}", report.repeat, report.step)
        for number, reports in study.reports.items()
        for report in reports
    }
    for what, trial_id, *rest in told:
        trial = trials[trial_id]
        if what == "reported" and int(rest[0]) == trial.repeat:
            assert (trial_id, int(rest[0]), int(rest[1])) in reported
        if what == "ended" and rest[1] != TrialStatus.INVALID:
            assert [str(trial.repeat), trial.status] == rest[:2]
            if trial.status is TrialStatus.COMPLETED:
                assert trial.score == float(rest[2])


def found(study):
    """Returns all that a search found, without times and interruptions."""
    trials = [(t.trial_id, t.status, t.values, t.score, t.seed, t.message) for t in study.trials]
    metrics = {
        number: [(report.execution, report.step, report.metrics) for report in reports]
        for number, reports in study.reports.items()
    }
    return trials, metrics, study.events


@pytest.mark.parametrize(
    "strategy",
    [
        "random",
        "elastic_grid",
        "bayesian",
        "tpe",
        "genetic",
        "policy_gradient",
        "hyperband",
        "pruned",
        "staged",
    ],
)
def test_a_search_killed_at_random_moments_is_the_uninterrupted_one(nursery, strategy, tmp_path):
    chance = random.Random(strategy)
    told, kills, done = [], 0, False
    study_path = tmp_path / "killed" / "search" / STUDY_FILE
    while not done:
        steps, done = killed_at_random(nursery, chance, strategy, tmp_path / "killed")
        kills += not done
        told += steps
        if study_path.exists():
            check_nothing_lost(read_study(study_path), told)
        else:
            assert not told
    assert kills >= _LEAST_KILLS

    nursery.begin(strategy, tmp_path / "whole")
    assert len(list(nursery.steps())) > 0
    killed, whole = read_study(study_path), read_study(tmp_path / "whole" / "search" / STUDY_FILE)
    assert found(killed) == found(whole)
    assert any(trial.interruptions for trial in killed.trials)
    statuses = {trial.status for trial in whole.trials}
    pruned = {TrialStatus.PRUNED} if strategy == "pruned" else set()
    assert statuses == {TrialStatus.COMPLETED, TrialStatus.FAILED} | pruned
    assert not any(math.isnan(trial.score) for trial in killed.completed)
    with contextlib.closing(sqlite3.connect(study_path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
