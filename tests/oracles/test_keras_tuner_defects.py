"""What KerasTuner's users suffer from: a test for each defect that is an oracle's or a space's."""

import math
import threading

import keras_tuner
import pytest
from driving import COMPLETED, FAILED, INVALID, STOPPED, declare, drive, run

from tfhpo.errors import SearchFailedError, StudyError, StudyMismatchError
from tfhpo.oracles import (
    BayesianOracle,
    ElasticGridOracle,
    GeneticOracle,
    GridOracle,
    PolicyGradientOracle,
    RandomOracle,
    TPEOracle,
)
from tfhpo.oracles.hyperparameters import DeclarationError
from tfhpo.study.outcomes import cause_of

ORACLES = [
    RandomOracle,
    ElasticGridOracle,
    BayesianOracle,
    TPEOracle,
    GeneticOracle,
    PolicyGradientOracle,
]


def conditional_by_plain_ifs(hp):
    """36 models: 4 flat ones, and 4 x 8 with layers; every number is another model."""
    kind = hp.Choice("kind", ["flat", "deep"])
    score = hp.Int("units", 1, 4)
    if kind == "deep":
        score += 10 * hp.Int("layers", 1, 4)
        if hp.Boolean("skip"):
            score += 100
    return score


# ---------------------------------------------------------------------- the space


@pytest.mark.parametrize("oracle", ORACLES)
def test_plain_ifs_make_no_repeats(placed, oracle):
    # 24 of KerasTuner's random trials were 13 distinct models.
    search = placed(oracle("loss", 24, seed=0))
    drive(search, conditional_by_plain_ifs)
    scores = [trial.score for trial in search.study().trials]
    assert len(scores) == len(set(scores)) == 24


@pytest.mark.parametrize("oracle", [*ORACLES, GridOracle])
def test_plain_ifs_are_exhausted_when_every_model_was_tried(placed, oracle):
    search = placed(oracle("loss", 100, seed=1))
    drive(search, conditional_by_plain_ifs)
    scores = [trial.score for trial in search.study().trials]
    assert len(scores) == len(set(scores)) == 36
    assert search.create_trial("tuner0").status == STOPPED


def test_what_a_build_did_not_read_is_not_in_the_trial(placed):
    search = placed(RandomOracle("loss", 20, seed=0))
    for values in drive(search, conditional_by_plain_ifs):
        assert ("layers" in values) == (values["kind"] == "deep")


@pytest.mark.parametrize("size", [1, 2, 21])
def test_a_small_random_space_is_enumerated(placed, size):
    # KerasTuner gives up after 20 collisions.
    oracle = placed(RandomOracle("loss", seed=0, max_trials=50))
    values = drive(oracle, lambda hp: hp.Int("n", 1, size))
    assert sorted(one["n"] for one in values) == list(range(1, size + 1))


def test_steps_reach_the_end(placed):
    # KerasTuner's `Float(0, 1, step=.2)` never yields 1.
    oracle = placed(RandomOracle("loss", 50, seed=0))
    values = drive(oracle, lambda hp: hp.Float("x", 0, 1, step=0.2))
    assert sorted(one["x"] for one in values) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]


def test_a_grid_over_log_integers_is_in_order(placed):
    values = drive(placed(GridOracle("loss")), lambda hp: hp.Int("n", 1, 40, sampling="log"))
    assert [one["n"] for one in values] == list(range(1, 41))


def test_seed_zero_is_a_seed(placed):
    searches = [placed(RandomOracle("loss", 5, seed=0), name) for name in "ab"]
    assert searches[0].seed == 0
    assert drive(searches[0], lambda hp: hp.Float("x", 0, 1)) == drive(
        searches[1], lambda hp: hp.Float("x", 0, 1)
    )


# ---------------------------------------------------------------------- failures


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("oracle", ORACLES)
def test_what_is_not_finite_is_never_good(placed, oracle, score):
    search = placed(oracle("loss", 12, seed=0))

    def build(hp):
        x = hp.Float("x", 0, 1)
        return score if x < 0.5 else x

    drive(search, build)
    trials = {trial.status: trial for trial in search.study().trials}
    assert set(trials) == {COMPLETED, FAILED}
    assert "not finite" in trials[FAILED].message
    assert str(score) in trials[FAILED].message
    assert search.get_best_trials()[0].hyperparameters["x"] >= 0.5


def test_a_good_result_after_a_nan_is_kept(placed):
    # KerasTuner averages it with the NaN of the first attempt.
    oracle = placed(RandomOracle("loss", 1, max_retries_per_trial=1))
    # The first one is the declaration's.
    scores = iter([0.0, math.nan, 0.5])
    drive(oracle, lambda hp: hp.Fixed("one", 1) * next(scores))
    (trial,) = oracle.study().trials
    assert (trial.status, trial.score, trial.attempt, trial.message) == (COMPLETED, 0.5, 1, None)
    assert trial.metrics == {"loss": 0.5}


def test_the_best_is_completed_or_absent(placed):
    # KerasTuner fills up with failed trials.
    oracle = placed(RandomOracle("loss", 3, seed=0, max_consecutive_failed_trials=None))
    drive(oracle, lambda hp: 1 / 0 if hp.Int("n", 0, 2) else 1.0)
    assert [trial.status for trial in oracle.get_best_trials(3)] == [COMPLETED]
    nothing = placed(RandomOracle("loss", 2, max_consecutive_failed_trials=None), "nothing")
    drive(nothing, lambda hp: 1 / hp.Fixed("zero", 0))
    assert nothing.get_best_trials(3) == []


def test_the_cause_of_a_failure_is_kept(placed):
    oracle = placed(RandomOracle("loss", 2, seed=0))
    drive(oracle, lambda hp: 1 / hp.Int("n", 0, 1))
    (failed,) = (trial for trial in oracle.study().trials if trial.status == FAILED)
    assert cause_of(failed.message) == "ZeroDivisionError: division by zero"
    assert "Traceback" in failed.message
    assert failed.values == {"n": 0}


def test_a_trial_without_the_objective_says_so(placed):
    oracle = placed(RandomOracle("loss", 1))
    declare(oracle, lambda hp: hp.Int("n", 0, 9))
    trial = oracle.create_trial("tuner0")
    trial.status = COMPLETED
    oracle.end_trial(trial)
    (record,) = oracle.study().trials
    assert (record.status, record.message) == (FAILED, "The trial ended without a value of 'loss'.")


def test_retries_are_counted_and_then_the_search_goes_on(placed):
    oracle = placed(RandomOracle("loss", 2, seed=0, max_retries_per_trial=2))
    tried = []

    def build(hp):
        tried.append(hp.Int("n", 0, 1))
        return 1 / tried[-1]

    drive(oracle, build)
    # The first call is the declaration.
    assert sorted(tried[1:]) == [0, 0, 0, 1]
    attempts = {trial.values["n"]: trial.attempt for trial in oracle.study().trials}
    assert attempts == {0: 2, 1: 0}


def test_a_trial_that_its_tuner_failed_is_not_repeated(placed):
    oracle = placed(RandomOracle("loss", 1, max_retries_per_trial=2))
    declare(oracle, lambda hp: hp.Int("n", 0, 9))
    trial = oracle.create_trial("tuner0")
    trial.status = FAILED
    oracle.end_trial(trial)
    assert oracle.create_trial("tuner0").status == STOPPED


def test_a_repeated_trial_may_read_what_its_first_attempt_declared(placed):
    oracle = placed(RandomOracle("loss", 1, max_retries_per_trial=1))
    declare(oracle, lambda hp: hp.Int("n", 0, 9))

    def build(hp):
        return hp.Float("late", 0, 1, default=0.25) + hp.Int("n", 0, 9) / 0

    trial = oracle.create_trial("tuner0")
    run(oracle, trial, build)
    assert oracle.space.names == ["n", "late"]
    trial = oracle.create_trial("tuner0")
    assert trial.hyperparameters.Float("late", 0, 1, default=0.25) == 0.25


def test_a_failing_attempt_does_not_narrow_the_point_that_is_awaited(placed):
    oracle = placed(RandomOracle("loss", 3, seed=0, max_retries_per_trial=1))
    declare(oracle, lambda hp: hp.Int("n", 0, 2) + hp.Int("m", 0, 2))
    trial = oracle.create_trial("tuner0")
    trial.hyperparameters.Int("n", 0, 2)
    trial.status = INVALID
    oracle.end_trial(trial)
    (record,) = oracle.study().trials
    assert record.values == {"n": trial.hyperparameters["n"]}
    assert record.point["active"] == [True, True]


class TestFirstTrialsThatFailAlike:
    def build(self, hp):
        return hp.Float("x", 1, 2) / 0

    def test_stop_the_search_with_their_cause(self, placed):
        oracle = placed(RandomOracle("loss", 20, seed=0))
        with pytest.raises(SearchFailedError, match=r"first 3 .*alike.*ZeroDivisionError"):
            drive(oracle, self.build)
        assert [trial.status for trial in oracle.study().trials] == [FAILED] * 3

    def test_stop_it_later_where_they_diverge(self, placed):
        oracle = placed(RandomOracle("loss", 20, seed=0))
        with pytest.raises(SearchFailedError, match="first 9 "):
            drive(oracle, lambda hp: hp.Float("x", 1, 2) * math.nan)

    def test_do_not_after_one_success(self, placed):
        oracle = placed(RandomOracle("loss", 20, seed=0))
        builds = iter([0.0, 0.5])
        drive(oracle, lambda hp: hp.Float("x", 1, 2) * next(builds, math.nan))
        assert len(oracle.study().trials) == 20

    def test_do_not_where_the_causes_differ(self, placed):
        oracle = placed(RandomOracle("loss", 4, seed=0))
        declare(oracle, lambda hp: hp.Float("x", 1, 2))
        for cause in ("OSError: a", "OSError: b", "ValueError: a", "OSError: a"):
            trial = oracle.create_trial("tuner0")
            trial.status, trial.message = INVALID, cause
            oracle.end_trial(trial)

    def test_stop_a_rerun_at_once_until_the_code_is_mended(self, placed):
        oracle = placed(RandomOracle("loss", 20, seed=0))
        with pytest.raises(SearchFailedError):
            drive(oracle, self.build)
        oracle.close()
        again = placed(RandomOracle("loss", 20, seed=0))
        with pytest.raises(SearchFailedError, match="first 4 "):
            drive(again, self.build)
        again.close()
        mended = placed(RandomOracle("loss", 20, seed=0))
        assert len(drive(mended, lambda hp: hp.Float("x", 1, 2))) == 16


# ---------------------------------------------------------------------- locks and files


def test_an_exception_leaves_no_lock_held(placed):
    # KerasTuner's `synchronized` never lets go: the next call of another thread waits for ever.
    oracle = placed(RandomOracle("loss", 2))
    with pytest.raises(StudyError):
        oracle.update_trial("no such trial", {"loss": 1.0})
    declare(oracle, lambda hp: hp.Int("n", 0, 9))
    created = []
    thread = threading.Thread(target=lambda: created.append(oracle.create_trial("b")), daemon=True)
    thread.start()
    thread.join(timeout=30)
    assert len(created) == 1


def test_a_rerun_with_another_space_shows_the_difference(placed, random_search):
    random_search(lambda hp: hp.Int("n", 0, 9) + hp.Float("x", 0, 1))
    oracle = placed(RandomOracle("loss", seed=0))
    declare(oracle, lambda hp: hp.Int("n", 0, 8) + hp.Int("m", 0, 2))
    with pytest.raises(StudyMismatchError) as raised:
        oracle.create_trial("tuner0")
    message = str(raised.value)
    assert "n: was an integer from 0 to 9, is an integer from 0 to 8" in message
    assert "x: was a number from 0.0 to 1.0, is absent" in message
    assert "m: was absent, is an integer from 0 to 2" in message


def test_in_keras_tuners_reload_a_build_with_another_range_stops(placed, random_search):
    # There the space is not built anew: the first build is the first to know.
    random_search(lambda hp: hp.Int("n", 0, 9))
    oracle = placed(RandomOracle("loss", 8, seed=0))
    oracle.reload()
    trial = oracle.create_trial("tuner0")
    with pytest.raises(DeclarationError, match="'n'") as raised:
        trial.hyperparameters.Int("n", 0, 8)
    assert isinstance(raised.value, keras_tuner.errors.FatalError)


def test_a_larger_max_trials_goes_on(placed, random_search):
    random_search(lambda hp: hp.Float("x", 0, 1), max_trials=5)
    oracle = placed(RandomOracle("loss", 8, seed=0))
    assert oracle.remaining_trials() == 3
    drive(oracle, lambda hp: hp.Float("x", 0, 1))
    assert len(oracle.study().trials) == 8
    assert oracle.remaining_trials() == 0


def test_an_extended_grid_search_goes_on(placed):
    # KerasTuner's grid search breaks.
    def build(hp):
        return hp.Int("n", 0, 9)

    grid = placed(GridOracle("loss", 4))
    first = drive(grid, build)
    grid.close()
    rest = drive(placed(GridOracle("loss")), build)
    assert [one["n"] for one in first + rest] == list(range(10))
