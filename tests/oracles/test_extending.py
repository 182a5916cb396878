"""Going on with a study of another space or other settings, on purpose."""

import keras_tuner
import pytest
from driving import FAILED, declare, drive, outcomes, run

from tfhpo.oracles import ElasticGridOracle, GridOracle, RandomOracle
from tfhpo.study import Study


def extended(placed, build, oracle=RandomOracle, max_trials=99, **arguments):
    """Extends the study, exhausts its space and returns the oracle."""
    search = placed(oracle("loss", max_trials, **{"seed": 0, "extend": True, **arguments}))
    drive(search, build)
    return search


def n(low, high):
    return lambda hp: hp.Int("n", low, high)


def scores(oracle):
    return [trial.score for trial in oracle.study().trials]


@pytest.mark.parametrize("oracle", [RandomOracle, GridOracle, ElasticGridOracle])
def test_a_wider_range_counts_past_trials_as_tried(placed, random_search, oracle):
    random_search(n(0, 5), 6)
    assert sorted(scores(extended(placed, n(0, 9), oracle))) == list(range(10))


def test_a_narrower_range_keeps_what_fits(placed, random_search):
    random_search(n(0, 9), 8)
    search = extended(placed, n(3, 5))
    found = scores(search)
    assert len(found) == len(set(found))
    assert set(found) >= {3, 4, 5}
    # Those that do not fit are still trials of the study, and its best may be among them.
    assert search.get_best_trials()[0].score == min(found)


def test_an_added_parameter_makes_past_trials_unlike_any_new_one(placed, random_search):
    random_search(n(0, 2), 3)
    search = extended(placed, lambda hp: hp.Int("n", 0, 2) + 10 * hp.Int("m", 0, 1))
    assert sorted(scores(search)[3:]) == [0, 1, 2, 10, 11, 12]


def test_an_added_parameter_under_a_condition_leaves_the_other_trials(placed, random_search):
    def build(hp):
        return {"a": 0, "b": 10}[hp.Choice("kind", ["a", "b"])] + hp.Int("n", 0, 1)

    def deeper(hp):
        score = build(hp)
        with hp.conditional_scope("kind", ["b"]):
            return score + 100 * (hp.Int("m", 1, 2) or 0)

    random_search(build, 4)
    assert sorted(scores(extended(placed, deeper))[4:]) == [110, 111, 210, 211]


def test_a_removed_parameter_makes_unfit_what_used_it(placed, random_search):
    def shallow(hp):
        return {"a": 0, "b": 10}[hp.Choice("kind", ["a", "b"])] + hp.Int("n", 0, 1)

    def deep(hp):
        score = shallow(hp)
        with hp.conditional_scope("kind", ["b"]):
            return score + 100 * (hp.Int("m", 1, 2) or 0)

    random_search(deep, 6)
    assert sorted(scores(extended(placed, shallow))[6:]) == [10, 11]


def test_parameters_that_were_never_searched_do_not_matter(placed):
    def registered(high):
        hp = keras_tuner.HyperParameters()
        hp.Int("n", 0, high)
        return {"hyperparameters": hp, "tune_new_entries": False}

    def build(hp):
        return hp.Int("n", 0, 9) + hp.Float("untuned", 0, 1)

    first = placed(RandomOracle("loss", 99, seed=0, **registered(3)))
    drive(first, build)
    first.close()
    assert sorted(scores(extended(placed, build, **registered(4)))) == [0, 1, 2, 3, 4]


def test_what_builds_added_stays_known_when_only_settings_change(placed, random_search):
    def build(hp):
        if hp.Choice("kind", ["flat", "deep"]) == "deep":
            return hp.Int("layers", 1, 3)
        return 0

    random_search(build, 4)
    search = extended(placed, build, seed=1)
    assert scores(search) == scores(search)[:4]


def test_another_strategy_learns_from_past_trials(placed, random_search):
    def build(hp):
        return (hp.Float("x", 0, 1) - 0.3) ** 2

    random_search(build, 20)
    search = placed(ElasticGridOracle("loss", 21, seed=0, extend=True))
    declare(search, build)
    search.create_trial("tuner0")
    history = search._session.strategy.history
    assert len(history.completed) == 20
    assert len(history.pending) == 1


def test_a_trial_that_failed_is_not_tried_again(placed, random_search):
    def build(high):
        return lambda hp: hp.Int("n", 0, high) if hp.Int("n", 0, high) else 1 / 0

    random_search(build(1), 2)
    search = extended(placed, build(2))
    assert sorted(trial.values["n"] for trial in search.study().trials) == [0, 1, 2]


def test_an_interrupted_trial_that_fits_runs_again(placed):
    first = placed(RandomOracle("loss", 2, seed=0))
    declare(first, n(0, 9))
    interrupted = first.create_trial("tuner0")
    first.close()
    search = placed(RandomOracle("loss", 2, seed=0, extend=True))
    declare(search, n(-5, 9))
    assert search.create_trial("tuner0").trial_id == interrupted.trial_id


def test_an_interrupted_trial_that_does_not_fit_has_failed(placed):
    first = placed(RandomOracle("loss", 2, seed=0))
    declare(first, n(0, 9))
    first.create_trial("tuner0")
    first.close()
    search = extended(placed, n(20, 29), max_trials=3)
    statuses = [(trial.status, trial.message) for trial in search.study().trials]
    assert statuses[0][0] == FAILED
    assert "interrupted" in statuses[0][1]
    assert all(20 <= score <= 29 for score in scores(search)[1:])


@pytest.mark.parametrize("oracle", [RandomOracle, GridOracle, ElasticGridOracle])
def test_resuming_an_extension_is_exact(placed, oracle):
    def before(hp):
        return hp.Float("x", 0, 1) + hp.Int("gone", 0, 1)

    def after(hp):
        score = hp.Float("x", 0, 2) + hp.Float("y", 0, 1)
        return score + (hp.Int("late", 0, 3) if score > 1.5 else 0)

    for project, pieces in (("whole", [14]), ("pieces", [7, 8, 11, 14])):
        first = placed(oracle("loss", 6, seed=0), project)
        drive(first, before)
        for trials in pieces:
            # Asked to extend or not: once extended, there is no difference left.
            search = placed(oracle("loss", trials, seed=0, extend=trials in (7, 14)), project)
            drive(search, after)
    whole = placed(oracle("loss", 14, seed=0), "whole")
    assert outcomes(search) == outcomes(whole)
    assert [trial.score is None for trial in search.study().trials].count(True) == 0


def test_an_extension_is_resumed_with_a_trial_that_ended_since(placed):
    first = placed(RandomOracle("loss", 9, seed=0))
    declare(first, n(0, 3))
    waiting = first.create_trial("tuner0")
    first.close()
    second = placed(RandomOracle("loss", 9, seed=0, extend=True))
    declare(second, n(0, 4))
    trial = second.create_trial("tuner0")
    assert trial.trial_id == waiting.trial_id
    run(second, trial, n(0, 4))
    drive(second, n(0, 4), trials=1)
    second.close()
    assert sorted(scores(extended(placed, n(0, 4)))) == [0, 1, 2, 3, 4]


def test_a_study_can_be_extended_twice(placed, random_search):
    random_search(n(0, 2), 3)
    assert len(scores(extended(placed, n(0, 4)))) == 5
    assert len(scores(extended(placed, n(0, 6)))) == 7


def test_a_kill_right_after_the_new_header_was_written_loses_no_trial(placed, random_search):
    random_search(n(0, 5), 6)
    oracle = placed(RandomOracle("loss", 99, seed=0, extend=True))
    declare(oracle, n(0, 9))
    Study.open(
        oracle.study_path, oracle._plan.header(oracle.space, oracle.seed), extend=True
    ).close()
    assert sorted(scores(extended(placed, n(0, 9), extend=False))) == list(range(10))


def test_a_trial_that_broke_off_does_not_count_as_all_that_begins_alike(placed):
    def build(hp):
        units = hp.Choice("units", [8, 16])
        if build.failures:
            build.failures -= 1
            raise ZeroDivisionError
        return units * hp.Choice("rate", [1, 2, 3])

    build.failures = 0
    first = placed(RandomOracle("loss", 1, seed=0))
    declare(first, build)
    build.failures = 2  # `drive` declares the space first; the second one is the trial's
    drive(first, build)
    extended(placed, build, max_trials=2, seed=1)
    resumed = placed(RandomOracle("loss", seed=1))
    drive(resumed, build)
    statuses = [trial.status for trial in resumed.study().trials]
    assert statuses == ["FAILED"] + ["COMPLETED"] * 5


def test_an_extended_search_draws_anew(placed):
    """The column that did not change must not see its first values again."""

    def build(highest):
        return lambda hp: hp.Float("y", 0, 1) + hp.Float("z", 0, highest)

    drawn = []
    for trials, highest in ((4, 1), (8, 2), (12, 3)):
        oracle = placed(RandomOracle("loss", trials, seed=0, extend=True))
        drawn += [values["y"] for values in drive(oracle, build(highest))]
        oracle.close()
    assert len(set(drawn)) == 12
