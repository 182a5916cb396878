"""Trials that a pruner stops, in searches that are driven by hand."""

import numpy as np
import pytest
from driving import COMPLETED, RUNNING, STOPPED, declare, outcomes

from tfhpo.errors import ArgumentError, StudyError, StudyMismatchError
from tfhpo.oracles import BayesianOracle, RandomOracle, TPEOracle, wire
from tfhpo.pruners import ASHAPruner, MedianPruner
from tfhpo.strategies import Outcome
from tfhpo.study import TrialStatus

EPOCHS = 4
MEDIAN = MedianPruner(n_startup_trials=2)


def build(hp):
    return hp.Float("x", 0, 1)


def train(oracle, trial, level=None, executions=1, epochs=EPOCHS):
    """Runs a trial whose loss falls by 1 an epoch, down to `level`, as our tuners do."""
    read = build(trial.hyperparameters)
    level = read if level is None else level
    scores = []
    for execution in range(executions):
        for epoch in range(epochs):
            last = execution + 1 == executions and epoch + 1 == epochs
            loss = level + epochs - 1 - epoch
            go_on = oracle.report(trial.trial_id, {"loss": loss}, epoch, execution, last=last)
            if not go_on:
                break
        scores.append(loss)
        if not go_on:
            break
    oracle.update_trial(trial.trial_id, {"loss": np.mean(scores)})
    trial.status = COMPLETED
    oracle.end_trial(trial)
    return epoch


def search(oracle, levels, **kwargs):
    """Runs trials of the given levels; returns the last epoch of each."""
    declare(oracle, build)
    return [train(oracle, oracle.create_trial("tuner0"), level, **kwargs) for level in levels]


def statuses(oracle):
    return [trial.status.value for trial in oracle.study().trials]


def test_a_hopeless_trial_is_stopped_and_recorded_as_pruned(placed):
    oracle = placed(RandomOracle("loss", 9, seed=0, pruner=MEDIAN))
    assert search(oracle, [1.0, 2.0, 9.0, 0.5]) == [3, 3, 0, 3]
    assert statuses(oracle) == ["COMPLETED", "COMPLETED", "PRUNED", "COMPLETED"]
    pruned = oracle.study().trials[2]
    # Its score is what it had: a bound. Its curve is kept.
    assert (pruned.score, pruned.ended is not None) == (12.0, True)
    assert pruned.message.startswith("Stopped by MedianPruner(n_startup_trials=2")
    assert "after epoch 0 of execution 0" in pruned.message
    assert [one.step for one in oracle.study().reports[2]] == [0]
    assert [trial.trial_id for trial in oracle.get_best_trials(9)] == ["0003", "0000", "0001"]


def test_the_strategy_is_told_what_a_pruned_trial_would_likely_score(placed):
    oracle = placed(RandomOracle("loss", 9, seed=0, pruner=MedianPruner(n_startup_trials=7)))
    search(oracle, [1.0, 2.0, 3.0, 4.0, 9.0, 10.0, 11.0, 8.0])
    entry = oracle._opened.strategy.history.entry(7)
    # 11 after the first epoch; the three that ended although they were worse still gained 3.
    assert (entry.outcome, entry.score) == (Outcome.PRUNED, 8.0)


def test_a_maximised_objective_is_pruned_from_below(placed):
    oracle = placed(RandomOracle("accuracy", 9, seed=0, pruner=MEDIAN))
    declare(oracle, build)
    for level, go_on in ((0.8, True), (0.9, True), (0.1, False), (0.95, True)):
        trial = oracle.create_trial("tuner0")
        build(trial.hyperparameters)
        assert oracle.report(trial.trial_id, {"accuracy": level}, 0) is go_on
        oracle.update_trial(trial.trial_id, {"accuracy": level})
        trial.status = COMPLETED
        oracle.end_trial(trial)
    assert statuses(oracle) == ["COMPLETED", "COMPLETED", "PRUNED", "COMPLETED"]
    assert oracle._opened.strategy.history.scores[2] == pytest.approx(-0.1)


def test_a_trial_that_is_at_its_last_epoch_is_not_pruned(placed):
    oracle = placed(RandomOracle("loss", 9, seed=0, pruner=MedianPruner(2, n_warmup_steps=3)))
    assert search(oracle, [1.0, 2.0, 9.0]) == [3, 3, 3]
    assert statuses(oracle) == ["COMPLETED"] * 3


def test_a_hopeless_trial_is_stopped_in_its_first_execution(placed):
    oracle = placed(RandomOracle("loss", 9, seed=0, pruner=MEDIAN))
    search(oracle, [1.0, 2.0, 9.0], executions=3)
    reports = oracle.study().reports
    assert {one.execution for one in reports[0]} == {0, 1, 2}
    assert {one.execution for one in reports[2]} == {0}


def test_an_epoch_without_the_objective_stops_nothing(placed):
    oracle = placed(RandomOracle("loss", 9, seed=0, pruner=MEDIAN))
    search(oracle, [1.0, 2.0])
    trial = oracle.create_trial("tuner0")
    assert oracle.report(trial.trial_id, {"lr": 1.0}, 0)


@pytest.mark.parametrize("make", [RandomOracle, TPEOracle, BayesianOracle])
@pytest.mark.parametrize("pruner", [MEDIAN, ASHAPruner(reduction_factor=2)])
def test_a_pruned_search_in_pieces_is_the_whole_search(placed, make, pruner):
    def go(oracle, killed_at=None):
        declare(oracle, build)
        while (trial := oracle.create_trial("tuner0")).status == RUNNING:
            if trial.trial_id == killed_at:
                oracle.report(trial.trial_id, {"loss": 99.0}, 0)
                oracle.close()
                return
            train(oracle, trial)

    whole = placed(make("loss", 20, seed=0, pruner=pruner), "whole")
    go(whole)
    assert "PRUNED" in statuses(whole)
    for killed_at in ("0003", "0004", "0011", None):
        piece = placed(make("loss", 20, seed=0, pruner=pruner), "pieces")
        go(piece, killed_at)
    assert outcomes(piece) == outcomes(whole)
    messages = [[trial.message for trial in one.study().trials] for one in (piece, whole)]
    assert messages[0] == messages[1]


def test_a_trial_that_is_run_again_begins_anew(placed):
    oracle = placed(RandomOracle("loss", 9, seed=0, pruner=MEDIAN, max_retries_per_trial=1))
    search(oracle, [1.0, 2.0])
    trial = oracle.create_trial("tuner0")
    assert not oracle.report(trial.trial_id, {"loss": 99.0}, 0)
    trial.status = "INVALID"
    oracle.end_trial(trial)
    again = oracle.create_trial("tuner0")
    assert again.trial_id == trial.trial_id
    assert train(oracle, again, 0.5) == 3
    assert statuses(oracle) == ["COMPLETED"] * 3


def test_a_trial_that_diverges_is_failed_not_pruned(placed):
    oracle = placed(RandomOracle("loss", 9, seed=0, pruner=MEDIAN))
    search(oracle, [1.0, 2.0])
    trial = oracle.create_trial("tuner0")
    oracle.report(trial.trial_id, {"loss": 99.0}, 0)
    oracle.update_trial(trial.trial_id, {"loss": np.nan})
    trial.status = COMPLETED
    oracle.end_trial(trial)
    assert statuses(oracle)[2] == "FAILED"


def test_a_worker_hears_that_it_should_stop(placed):
    oracle = placed(RandomOracle("loss", 9, seed=0, pruner=MEDIAN))
    search(oracle, [1.0, 2.0])
    trial = oracle.create_trial("tuner0")
    good = wire.report_metrics(wire.EpochReport(0, {"loss": 0.0}))
    bad = wire.report_metrics(wire.EpochReport(0, {"loss": 99.0}))
    last = wire.report_metrics(wire.EpochReport(0, {"loss": 99.0}, last=True))
    assert oracle.update_trial(trial.trial_id, good, step=0).status == RUNNING
    other = oracle.create_trial("tuner1")
    assert oracle.update_trial(other.trial_id, bad, step=0).status == STOPPED
    third = oracle.create_trial("tuner2")
    assert oracle.update_trial(third.trial_id, last, step=0).status == RUNNING


def test_a_report_that_comes_too_late_changes_nothing(placed):
    oracle = placed(RandomOracle("loss", 9, seed=0, pruner=MEDIAN))
    search(oracle, [1.0, 2.0])
    before = oracle.study().reports
    assert not oracle.report("0001", {"loss": 0.0}, 9)
    assert oracle.study().reports == before
    with pytest.raises(StudyError, match="Received: trial '0007'"):
        oracle.report("0007", {"loss": 0.0}, 0)


def test_another_pruner_is_another_search(placed):
    search(first := placed(RandomOracle("loss", 2, seed=0, pruner="median")), [1.0, 2.0])
    first.close()
    oracle = placed(RandomOracle("loss", 4, seed=0, pruner="asha"))
    declare(oracle, build)
    with pytest.raises(StudyMismatchError, match=r"pruner: was .*median.*, is .*asha"):
        oracle.create_trial("tuner0")


def test_a_study_without_a_pruner_can_be_extended_with_one(placed):
    search(first := placed(RandomOracle("loss", 2, seed=0)), [1.0, 2.0])
    first.close()
    oracle = placed(RandomOracle("loss", 4, seed=0, pruner=MEDIAN, extend=True))
    # The curves of before count.
    assert search(oracle, [9.0]) == [0]
    assert oracle.study().trials[2].status is TrialStatus.PRUNED


@pytest.mark.parametrize("pruner", ["hyperband", 3, MedianPruner])
def test_what_is_no_pruner_is_refused(pruner):
    with pytest.raises(ArgumentError, match="Received:"):
        RandomOracle("loss", pruner=pruner)
