"""A search under KerasTuner's chief/worker variables: one chief, two workers, real processes."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from chiefs import LIMIT_SECONDS, next_line, processes

from tfhpo.study import STUDY_FILE, TrialStatus, read_study

pytestmark = pytest.mark.slow

_TUNERS = ("chief", "worker0", "worker1")
_TRIALS, _EPOCHS = 8, 2


def _ended(process):
    out, errors = process.communicate("go\n", timeout=LIMIT_SECONDS)
    assert process.returncode == 0, errors
    (found,) = (line for line in out.splitlines() if line.startswith("found "))
    return json.loads(found.removeprefix("found "))


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    """Runs the search; returns its study and what each process found."""
    folder = tmp_path_factory.mktemp("distributed")
    script = Path(__file__).with_name("distributed_search.py")
    with processes(script, folder, *_TUNERS) as running:
        for name in _TUNERS[1:]:
            # Read up to here only: the rest is for `communicate`.
            assert next_line(running[name]) == "ready"
        with ThreadPoolExecutor(len(running)) as pool:
            found = list(pool.map(_ended, running.values()))
    return read_study(folder / "project" / STUDY_FILE), {one["tuner"]: one for one in found}


def test_each_trial_ran_once_on_some_worker(search):
    study, found = search
    assert [trial.number for trial in study.trials] == list(range(_TRIALS))
    assert {trial.attempt for trial in study.trials} == {0}
    ran = [found[tuner]["seeds"] for tuner in _TUNERS[1:]]
    assert all(ran)
    assert sorted([*ran[0], *ran[1]]) == [trial.trial_id for trial in study.trials]
    assert all(trial.trial_id in found[trial.tuner_id]["seeds"] for trial in study.trials)


def test_the_chief_alone_wrote_the_study(search):
    _, found = search
    assert [found[tuner]["own_trials"] for tuner in _TUNERS] == [_TRIALS, 0, 0]


def test_the_cause_of_a_failure_arrives(search):
    study, _ = search
    (failed,) = (trial for trial in study.trials if trial.status is TrialStatus.FAILED)
    assert failed.number == 5
    assert f"OSError: no model of {failed.values['units']} units" in failed.message
    assert len(study.completed) == _TRIALS - 1


def test_the_reports_of_epochs_arrive(search):
    study, _ = search
    for trial in study.completed:
        reports = study.reports[trial.number]
        assert [(one.execution, one.step) for one in reports] == [(0, 0), (0, 1)]
        losses = [one.metrics["loss"] for one in reports]
        assert trial.score == min(losses)
        assert losses[trial.best_step] == trial.score


def test_floats_keep_their_64_bits(search):
    study, _ = search
    rates = [trial.values["rate"] for trial in study.completed]
    assert all(float(np.float32(rate)) != rate for rate in rates)
    late = [trial.values["momentum"] for trial in study.trials if "momentum" in trial.values]
    assert 0.3 in late
    (momentum,) = (one for one in study.space["parameters"] if one["name"] == "momentum")
    assert (momentum["domain"]["low"], momentum["domain"]["high"]) == (0.1, 0.9)


def test_what_a_model_did_not_read_is_not_in_its_trial(search):
    study, _ = search
    for trial in study.completed:
        assert ("momentum" in trial.values) == (trial.values["units"] > 2)


def test_the_workers_used_the_seeds_that_are_recorded(search):
    study, found = search
    for trial in study.trials:
        assert found[trial.tuner_id]["seeds"][trial.trial_id] == trial.seed


def test_all_say_why_they_stopped(search):
    _, found = search
    assert [found[tuner]["stop_reason"] for tuner in _TUNERS] == ["max_trials"] * 3
