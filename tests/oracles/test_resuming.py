"""A search goes on where it was, whatever happened in between."""

import sqlite3
from functools import partial

import numpy as np
import pytest
from driving import COMPLETED, FAILED, INVALID, RUNNING, declare, drive, outcomes, run

from tfhpo.errors import (
    StudyDamagedError,
    StudyError,
    StudyLockedError,
    StudyMismatchError,
    StudyWriteError,
)
from tfhpo.oracles import ElasticGridOracle, GridOracle, RandomOracle, StrategyOracle
from tfhpo.strategies import STRATEGIES
from tfhpo.strategies.evolution import BlendCrossover, Tournament
from tfhpo.study import Study


def mixed(hp):
    kind = hp.Choice("kind", ["a", "b"])
    score = hp.Float("x", 0, 1) + hp.Int("n", 1, 50, sampling="log") / 50
    with hp.conditional_scope("kind", ["b"]):
        if kind == "b":
            score -= hp.Float("gain", 0.1, 1, step=0.1)
    return score


def growing(hp):
    """Its second parameter appears in the first trial that is `deep`."""
    score = hp.Float("x", 0, 1)
    if hp.Choice("kind", ["flat", "deep"]) == "deep":
        score += hp.Int("layers", 1, 9)
    return score


@pytest.mark.parametrize("oracle", [RandomOracle, GridOracle, ElasticGridOracle])
@pytest.mark.parametrize("build", [mixed, growing])
def test_a_search_in_pieces_is_the_whole_search(placed, oracle, build):
    whole = placed(oracle("loss", 20, seed=0), "whole")
    drive(whole, build)
    for trials in (1, 2, 8, 20):
        piece = placed(oracle("loss", trials, seed=0), "pieces")
        drive(piece, build)
    assert outcomes(piece) == outcomes(whole)
    assert piece.study().events == whole.study().events


def test_an_interrupted_trial_runs_again_with_its_values_and_seed(placed):
    oracle = placed(RandomOracle("loss", 2, seed=0))
    declare(oracle, mixed)
    interrupted = oracle.create_trial("tuner0")
    oracle.report(interrupted.trial_id, {"loss": 9.0}, 0)
    seed = oracle.trial_seed(interrupted.trial_id)
    oracle.close()
    again = placed(RandomOracle("loss", 2, seed=0))
    declare(again, mixed)
    trial = again.create_trial("tuner0")
    assert trial.trial_id == interrupted.trial_id
    assert trial.hyperparameters.values == interrupted.hyperparameters.values
    assert again.trial_seed(trial.trial_id) == seed
    (record,) = again.study().trials
    assert (record.status, record.attempt, record.interruptions) == (RUNNING, 0, 1)
    assert again.study().reports == {}


def test_a_failed_trial_that_waits_for_its_retry_is_not_lost(placed):
    oracle = placed(RandomOracle("loss", 1, seed=0, max_retries_per_trial=1))
    declare(oracle, mixed)
    run(oracle, oracle.create_trial("tuner0"), lambda hp: 1 / 0)
    assert oracle.study().trials[0].status == INVALID
    oracle.close()
    again = placed(RandomOracle("loss", 1, seed=0, max_retries_per_trial=1))
    declare(again, mixed)
    trial = again.create_trial("tuner0")
    run(again, trial, lambda hp: 1 / 0)
    assert again.study().trials[0].status == FAILED


def test_the_order_of_declaration_may_change(placed, random_search):
    whole = random_search(lambda hp: hp.Int("a", 0, 9) + 10 * hp.Int("b", 0, 3), 40)
    scores = [trial.score for trial in whole.study().trials]
    first = placed(RandomOracle("loss", 5, seed=0), "turned")
    drive(first, lambda hp: hp.Int("a", 0, 9) + 10 * hp.Int("b", 0, 3))
    turned = placed(RandomOracle("loss", 40, seed=0), "turned")
    drive(turned, lambda hp: 10 * hp.Int("b", 0, 3) + hp.Int("a", 0, 9))
    assert [trial.score for trial in turned.study().trials] == scores


@pytest.mark.parametrize("before", ["reload", "get_best_trials", "remaining_trials"])
def test_what_builds_added_is_no_difference(placed, random_search, before):
    random_search(growing, 8)
    oracle = placed(RandomOracle("loss", 12, seed=0))
    if before == "reload":  # As KerasTuner's tuners do, which then do not build.
        oracle.reload()
    else:
        declare(oracle, growing)
        getattr(oracle, before)()
    assert len(drive(oracle, growing)) == 4
    whole = placed(RandomOracle("loss", 12, seed=0), "whole")
    drive(whole, growing)
    assert outcomes(oracle) == outcomes(whole)


def test_what_builds_added_may_be_declared_at_once_but_not_otherwise(placed, random_search):
    random_search(growing, 8)
    known = placed(RandomOracle("loss", 9, seed=0))
    declare(known, lambda hp: hp.Int("layers", 1, 9))
    assert len(drive(known, growing)) == 1
    other = placed(RandomOracle("loss", 9, seed=0))
    declare(other, lambda hp: [growing(hp), hp.Int("layers", 1, 9)])
    other.hyperparameters.space[-1].max_value = 8
    with pytest.raises(StudyMismatchError, match=r"layers: was .*to 9, is .*to 8"):
        other.create_trial("tuner0")


def test_reading_takes_nothing_from_a_study_of_another_space(placed, random_search):
    random_search(lambda hp: hp.Int("n", 0, 9) + hp.Int("gone", 0, 9))
    oracle = placed(RandomOracle("loss", seed=0))
    declare(oracle, lambda hp: hp.Int("n", 0, 8))
    (best,) = oracle.get_best_trials()
    assert set(best.hyperparameters.values) == {"n", "gone"}
    assert oracle.space.names == ["n"]
    with pytest.raises(StudyMismatchError, match="gone"):
        oracle.create_trial("tuner0")


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"seed": 1}, "seed: was 0, is 1"),
        ({"options": {"levels": 3}}, "options: was {}, is {'levels': 3}"),
    ],
)
def test_other_settings_are_refused(placed, changed, line):
    first = placed(ElasticGridOracle("loss", 3, seed=0))
    drive(first, mixed)
    first.close()
    oracle = placed(ElasticGridOracle("loss", 5, **{"seed": 0, **changed}))
    declare(oracle, mixed)
    with pytest.raises(StudyMismatchError) as raised:
        oracle.create_trial("tuner0")
    assert line in str(raised.value)


def test_another_strategy_is_refused(placed, random_search):
    random_search(mixed)
    oracle = placed(ElasticGridOracle("loss", seed=0))
    declare(oracle, mixed)
    with pytest.raises(StudyMismatchError, match="strategy: was 'random', is 'elastic-grid'"):
        oracle.create_trial("tuner0")


def test_another_objective_is_refused(placed, random_search):
    random_search(mixed)
    for objective in ("mae", "accuracy"):
        oracle = placed(RandomOracle(objective, seed=0, extend=True))
        declare(oracle, mixed)
        with pytest.raises(StudyMismatchError, match=f"minimum of 'loss'.*'{objective}'"):
            oracle.create_trial("tuner0")


# ---------------------------------------------------------------------- one writer


def test_a_search_that_ended_leaves_its_study_free(placed):
    # KerasTuner's tuners never close an oracle, and notebooks run a cell twice.
    drive(placed(RandomOracle("loss", 3, seed=0)), mixed)
    again = placed(RandomOracle("loss", 5, seed=0))
    assert len(drive(again, mixed)) == 2


def test_a_search_that_runs_keeps_others_out(placed):
    first = placed(RandomOracle("loss", 3, seed=0))
    drive(first, mixed, trials=1)
    second = placed(RandomOracle("loss", 3, seed=0))
    declare(second, mixed)
    with pytest.raises(StudyLockedError):
        second.create_trial("tuner0")
    assert len(drive(first, mixed)) == 2


def test_the_study_stays_open_while_another_tuner_has_a_trial(placed):
    oracle = placed(RandomOracle("loss", 2, seed=0))
    declare(oracle, mixed)
    first, second = oracle.create_trial("a"), oracle.create_trial("b")
    run(oracle, first, mixed)
    assert oracle.create_trial("a").status == "STOPPED"
    oracle.report(second.trial_id, {"loss": 1.0}, 0)
    run(oracle, second, mixed)
    assert [trial.status for trial in oracle.study().trials] == [COMPLETED, COMPLETED]


# ---------------------------------------------------------------------- kills and bad disks


@pytest.mark.parametrize("step", ["start", "finish"])
def test_a_disk_that_refuses_stops_the_search_and_spoils_nothing(placed, step):
    whole = placed(RandomOracle("loss", 6, seed=0), "whole")
    drive(whole, mixed)
    oracle = placed(RandomOracle("loss", 6, seed=0))
    drive(oracle, mixed, trials=2)
    refused = partial(oracle.create_trial, "tuner0")
    if step == "finish":
        trial = oracle.create_trial("tuner0")
        refused = partial(run, oracle, trial, mixed)
    # As when a failing disk is mounted read-only.
    oracle._session._study._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StudyWriteError):
        refused()
    # The disk is well again: the same oracle goes on, and so does another.
    drive(oracle, mixed, trials=2)
    oracle.close()
    again = placed(RandomOracle("loss", 6, seed=0))
    drive(again, mixed)
    assert outcomes(again) == outcomes(whole)


def test_a_kill_right_after_the_header_was_written_is_a_new_study(placed):
    oracle = placed(RandomOracle("loss", 3, seed=0))
    declare(oracle, mixed)
    header = oracle._plan.header(oracle.space, oracle.seed)
    Study.open(oracle.study_path, header).close()
    assert len(drive(oracle, mixed)) == 3


def test_an_unreadable_study_is_an_error_not_a_new_one(placed):
    oracle = placed(RandomOracle("loss", 3, seed=0))
    oracle.study_path.parent.mkdir()
    oracle.study_path.write_text("no database")
    declare(oracle, mixed)
    with pytest.raises(StudyError, match=r"not a study|damaged"):
        oracle.create_trial("tuner0")
    assert oracle.study_path.read_text() == "no database"


def test_a_trial_deleted_by_hand_is_told_as_damage(placed, random_search):
    def build(hp):
        return hp.Int("n", 0, 9)

    random_search(build, 3)
    oracle = placed(RandomOracle("loss", 9, seed=0))
    with sqlite3.connect(oracle.study_path) as connection:
        connection.execute("DELETE FROM trials WHERE number = 1")
    connection.close()
    declare(oracle, build)
    with pytest.raises(StudyDamagedError, match="lacks trials"):
        oracle.create_trial("tuner0")


@pytest.mark.parametrize(
    ("strategy", "given", "plain"),
    [
        ("elastic-grid", {"levels": np.int64(5)}, {"levels": 5}),
        ("tpe", {"bandwidth": np.float32(0.5)}, {"bandwidth": 0.5}),
        ("genetic", {"generational": np.True_}, {"generational": True}),
        (
            "genetic",
            {"crossover": BlendCrossover(np.float64(0.25))},
            {"crossover": BlendCrossover(0.25)},
        ),
        ("genetic", {"selection": Tournament(np.int64(3))}, {"selection": Tournament(3)}),
    ],
)
def test_an_option_of_numpy_is_the_same_as_pythons(placed, strategy, given, plain):
    first = placed(StrategyOracle(STRATEGIES[strategy], "loss", 3, seed=0, options=given))
    drive(first, mixed)
    first.close()
    again = placed(StrategyOracle(STRATEGIES[strategy], "loss", 5, seed=0, options=plain))
    drive(again, mixed)
    assert len(again.study().completed) == 5
