"""The adapter's own arguments, and how it counts, seeds and scores trials."""

import keras_tuner
import numpy as np
import pytest
import scipy.stats
from driving import COMPLETED, FAILED, IDLE, INVALID, STOPPED, declare, drive, outcomes, run

from tfhpo.errors import ArgumentError, ObjectiveError, SpaceError, StudyError
from tfhpo.oracles import BayesianOracle, ElasticGridOracle, GridOracle, RandomOracle
from tfhpo.oracles.hyperparameters import DeclarationError


def two_numbers(hp):
    return hp.Float("x", 0, 1) + hp.Int("n", 0, 9)


# ---------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    "arguments",
    [
        {"max_trials": 0},
        {"max_trials": -1},
        {"max_trials": 2.0},
        {"max_trials": True},
        {"seed": -1},
        {"seed": "0"},
        {"max_retries_per_trial": -1},
        {"max_consecutive_failed_trials": 0},
    ],
)
def test_counts_that_break_their_rule_are_refused(arguments):
    (name,) = arguments
    with pytest.raises(ArgumentError, match=rf"`{name}` must be an integer.*Received"):
        RandomOracle("loss", **arguments)


@pytest.mark.parametrize(
    ("oracle", "arguments", "match"),
    [
        (GridOracle, {"levels": 1}, "levels"),
        (ElasticGridOracle, {"options": {"alpha": 2}}, "alpha"),
        (ElasticGridOracle, {"options": {"level": 3}}, "Received: 'level'. Did you mean 'levels'"),
        (ElasticGridOracle, {"options": {"levels": "3"}}, "`levels` must be an integer.*'3'"),
        (ElasticGridOracle, {"options": [3]}, r"`options` must be a dictionary. Received: \[3\]"),
        (ElasticGridOracle, {"distributions": "x"}, "`distributions` must be a dictionary"),
        (RandomOracle, {"hyperparameters": {"k": "ok"}}, "`hyperparameters` must be .* 'ok'"),
    ],
)
def test_options_are_checked_at_once(oracle, arguments, match):
    with pytest.raises(ArgumentError, match=match):
        oracle("loss", **arguments)


def test_numbers_of_numpy_are_numbers(placed):
    oracle = placed(RandomOracle("loss", np.int64(2), seed=np.int64(0)))
    assert drive(oracle, two_numbers) == drive(
        placed(RandomOracle("loss", 2, seed=0), "b"), two_numbers
    )


# ---------------------------------------------------------------------- the space


def test_an_empty_space_is_refused_before_any_file(placed, tmp_path):
    oracle = placed(RandomOracle("loss"))
    with pytest.raises(ArgumentError, match="at least one parameter"):
        oracle.create_trial("tuner0")
    assert list(tmp_path.iterdir()) == []


def test_a_distribution_for_no_parameter_is_refused(placed):
    oracle = placed(RandomOracle("loss", distributions={"y": scipy.stats.uniform(0, 1)}))
    declare(oracle, two_numbers)
    with pytest.raises(SpaceError, match=r"\['y'\]"):
        oracle.create_trial("tuner0")


def test_random_search_draws_through_the_distribution(placed):
    given = scipy.stats.norm(0.3, 0.01)
    oracle = placed(RandomOracle("loss", 30, seed=0, distributions={"x": given, "n": [2, 7]}))
    values = drive(oracle, two_numbers)
    x = [one["x"] for one in values]
    assert 0.26 < min(x) < 0.29 < 0.31 < max(x) < 0.34
    assert {one["n"] for one in values} == {2, 7}


def test_a_parameter_declared_twice_with_other_ranges_is_refused(placed):
    oracle = placed(RandomOracle("loss"))
    hp = oracle.get_space()
    hp.Int("n", 0, 9)
    assert hp.Int("n", 0, 9) == 0
    with pytest.raises(DeclarationError, match=r"'n' is known as .*max_value: 9.*max_value: 8"):
        hp.Int("n", 0, 8)
    with pytest.raises(DeclarationError):
        hp.Float("n", 0, 9)


def test_a_declaration_error_is_fatal_for_keras_tuner():
    assert issubclass(DeclarationError, keras_tuner.errors.FatalError)
    assert issubclass(DeclarationError, SpaceError)


def test_another_default_is_no_other_range(placed):
    oracle = placed(RandomOracle("loss"))
    declare(oracle, lambda hp: hp.Int("n", 0, 9, default=2))
    assert oracle.get_space().Int("n", 0, 9, default=3) == 2


def test_registered_ranges_override_the_builds(placed):
    registered = keras_tuner.HyperParameters()
    registered.Fixed("x", 0.5)
    registered.Int("n", 3, 4)
    oracle = placed(RandomOracle("loss", hyperparameters=registered))
    values = drive(oracle, two_numbers)
    assert sorted(one["n"] for one in values) == [3, 4]
    assert {one["x"] for one in values} == {0.5}


def test_new_entries_may_be_forbidden(placed):
    registered = keras_tuner.HyperParameters()
    registered.Int("n", 0, 9)
    oracle = placed(RandomOracle("loss", hyperparameters=registered, allow_new_entries=False))
    with pytest.raises(RuntimeError, match="allow_new_entries"):
        declare(oracle, two_numbers)


def test_new_entries_may_stay_at_their_defaults(placed):
    registered = keras_tuner.HyperParameters()
    registered.Int("n", 0, 3)
    oracle = placed(
        RandomOracle("loss", 20, hyperparameters=registered, tune_new_entries=False, seed=0)
    )

    def build(hp):
        return hp.Int("n", 0, 3) + hp.Float("x", 0, 1, default=0.25)

    values = drive(oracle, build)
    assert sorted(one["n"] for one in values) == [0, 1, 2, 3]
    assert {one["x"] for one in values} == {0.25}
    assert oracle.space.names == ["n"]
    assert [trial.values for trial in oracle.study().trials] == values


@pytest.mark.parametrize("option", ["allow_new_entries", "tune_new_entries"])
def test_no_new_entries_need_registered_ones(option):
    with pytest.raises(ValueError, match=option):
        RandomOracle("loss", **{option: False})


# ---------------------------------------------------------------------- one search


@pytest.mark.parametrize("oracle", [RandomOracle, GridOracle, ElasticGridOracle])
def test_each_oracle_searches_to_its_last_trial(placed, oracle):
    values = drive(placed(oracle("loss", 12, seed=0)), two_numbers)
    assert len(values) == 12
    assert len({(one["x"], one["n"]) for one in values}) == 12


def test_the_elastic_grid_records_its_rounds(placed):
    oracle = placed(ElasticGridOracle("loss", 30, seed=0, options={"levels": 3}))
    drive(oracle, two_numbers)
    rounds = [event.data["round"] for event in oracle.study().events if event.kind == "round"]
    assert rounds == list(range(len(rounds)))
    assert len(rounds) >= 3


def test_maximised_objectives_teach_and_rank_the_other_way(placed):
    oracle = placed(ElasticGridOracle("accuracy", 40, seed=0))
    drive(oracle, lambda hp: -((hp.Float("x", 0, 1) - 0.83) ** 2), metric="accuracy")
    best, second = oracle.get_best_trials(2)
    assert best.score >= second.score == sorted(t.score for t in oracle.trials.values())[-2]
    assert best.hyperparameters["x"] == pytest.approx(0.83, abs=0.03)


def test_several_objectives_make_one_score(placed):
    oracle = placed(RandomOracle(["loss", "accuracy"], 1))
    declare(oracle, two_numbers)
    trial = oracle.create_trial("tuner0")
    with pytest.raises(ObjectiveError, match="accuracy"):
        oracle.update_trial(trial.trial_id, {"accuracy": 0.25})
    oracle.update_trial(trial.trial_id, {"loss": 1.0, "accuracy": 0.25})
    trial.status = COMPLETED
    oracle.end_trial(trial)
    (record,) = oracle.study().trials
    assert record.score == 0.75
    assert record.metrics == {"multi_objective": 0.75, "loss": 1.0, "accuracy": 0.25}


def test_a_metric_that_is_not_the_objective_is_refused(placed):
    oracle = placed(RandomOracle("loss", 1))
    declare(oracle, two_numbers)
    trial = oracle.create_trial("tuner0")
    with pytest.raises(ObjectiveError, match=r"'loss', metrics \['accuracy'\]"):
        oracle.update_trial(trial.trial_id, {"accuracy": 1.0})


def test_the_score_is_the_best_step_told(placed):
    oracle = placed(RandomOracle("loss", 1))
    declare(oracle, two_numbers)
    trial = oracle.create_trial("tuner0")
    for step, loss in enumerate([3.0, 1.0, float("-inf"), float("nan"), 2.0]):
        oracle.update_trial(trial.trial_id, {"loss": loss}, step=step)
    trial.status = COMPLETED
    oracle.end_trial(trial)
    (record,) = oracle.study().trials
    assert (record.score, record.best_step) == (1.0, 1)


def test_reports_of_epochs_are_in_the_study(placed):
    oracle = placed(RandomOracle("loss", 1))
    declare(oracle, two_numbers)
    trial = oracle.create_trial("tuner0")
    for execution in range(2):
        for step in range(2):
            assert oracle.report(trial.trial_id, {"loss": execution + step / 4}, step, execution)
    reports = oracle.study().reports[0]
    assert [(one.execution, one.step, one.metrics["loss"]) for one in reports] == [
        (0, 0, 0.0),
        (0, 1, 0.25),
        (1, 0, 1.0),
        (1, 1, 1.25),
    ]


def test_a_report_before_any_trial_is_refused(placed):
    with pytest.raises(StudyError, match="ask for a trial first"):
        placed(RandomOracle("loss"))._opened.report(None, 0, 0, {}, last=False)


def test_a_trial_ends_once(placed):
    oracle = placed(RandomOracle("loss", 2))
    drive(oracle, two_numbers, trials=1)
    again = keras_tuner.engine.trial.Trial(oracle.get_space(), "0000", FAILED)
    with pytest.raises(StudyError, match="0000"):
        oracle.end_trial(again)
    assert oracle.get_trial("0000").status == COMPLETED


def test_two_tuners_run_different_trials(placed):
    oracle = placed(RandomOracle("loss", 4, seed=0))
    declare(oracle, lambda hp: hp.Int("n", 0, 3))
    first, second = oracle.create_trial("a"), oracle.create_trial("b")
    assert first.trial_id != second.trial_id
    assert first.hyperparameters.values != second.hyperparameters.values
    # A tuner that asks again, as the processes of one distributed trial do, gets the same.
    assert oracle.create_trial("a") is first


def test_a_tuner_waits_while_a_running_trial_may_be_repeated(placed):
    oracle = placed(RandomOracle("loss", 1, max_retries_per_trial=1))
    declare(oracle, two_numbers)
    first = oracle.create_trial("a")
    assert oracle.create_trial("b").status == IDLE
    first.status = INVALID
    oracle.end_trial(first)
    repeated = oracle.create_trial("b")
    assert repeated.trial_id == first.trial_id
    run(oracle, repeated, two_numbers)
    assert oracle.create_trial("a").status == STOPPED


# ---------------------------------------------------------------------- seeds


def test_every_seed_makes_its_own_search_repeatable(placed):
    searches = {}
    for seed in (0, 1, 10_001):
        first, second = (
            placed(RandomOracle("loss", 5, seed=seed), f"{seed}-{copy}") for copy in "ab"
        )
        drive(first, two_numbers)
        drive(second, two_numbers)
        assert outcomes(first) == outcomes(second)
        searches[seed] = outcomes(first)
    assert searches[0] != searches[1] != searches[10_001]


def test_a_drawn_seed_is_remembered_by_the_study(placed, random_search):
    first = random_search(two_numbers, seed=None)
    again = placed(RandomOracle("loss", 8))
    assert again.seed != first.seed
    drive(again, two_numbers)
    assert again.seed == first.seed == again.study().header.settings["seed"]
    whole = placed(RandomOracle("loss", 8, seed=first.seed), "whole")
    drive(whole, two_numbers)
    assert outcomes(again) == outcomes(whole)


def test_reading_alone_tells_the_seeds_of_the_study(placed, random_search):
    recorded = [trial.seed for trial in random_search(two_numbers, seed=None).study().trials]
    reader = placed(RandomOracle("loss", 5))
    reader.load()
    assert [reader.trial_seed(trial_id) for trial_id in reader.end_order] == recorded


def test_a_failed_attempt_is_repeated_with_another_seed_an_interrupted_one_is_not(placed):
    oracle = placed(RandomOracle("loss", 1, seed=0, max_retries_per_trial=1))
    declare(oracle, two_numbers)
    first = oracle.create_trial("tuner0")
    seed = oracle.trial_seed(first.trial_id)
    oracle.close()
    repeated = oracle.create_trial("tuner0")
    assert oracle.trial_seed(repeated.trial_id) == seed
    run(oracle, repeated, lambda hp: 1 / 0)
    # The record is of the attempt that failed until the next one begins.
    assert oracle.study().trials[0].seed == seed
    repeated = oracle.create_trial("tuner0")
    assert oracle.trial_seed(repeated.trial_id) != seed
    assert repeated.hyperparameters.notes["seed"] == oracle.trial_seed(repeated.trial_id)


def test_a_build_that_breaks_off_early_does_not_count_as_all_that_begins_alike(placed):
    """A cause from elsewhere (memory, say) must not rule out every trial with these units."""

    def build(hp):
        units = hp.Choice("units", [8, 16])
        if build.failures:
            build.failures -= 1
            raise ZeroDivisionError
        return units * hp.Choice("rate", [1, 2, 3])

    build.failures = 0
    oracle = placed(RandomOracle("loss", seed=0, max_trials=None))
    declare(oracle, build)
    build.failures = 2  # `drive` declares the space first; the second one is the first trial's
    assert len(drive(oracle, build)) == 6
    assert [trial.status for trial in oracle.study().trials].count("FAILED") == 1


@pytest.mark.parametrize("oracle", [RandomOracle, GridOracle])
def test_a_diverged_trial_counts_only_what_its_build_read(placed, oracle):
    """It ran to its end: the values that it left unread make no other configuration of it."""

    def build(hp):
        if hp.Boolean("diverges"):
            return float("nan")
        return hp.Choice("rate", [1, 2, 3])

    values = drive(placed(oracle("loss", seed=0)), build)
    assert sorted(values, key=str) == [
        {"diverges": False, "rate": 1},
        {"diverges": False, "rate": 2},
        {"diverges": False, "rate": 3},
        {"diverges": True},
    ]


@pytest.mark.parametrize("oracle", [RandomOracle, BayesianOracle])
def test_it_recommends_a_completed_trial_while_it_runs_and_afterwards(placed, oracle):
    search = placed(oracle("loss", 8, seed=0))
    declare(search, two_numbers)
    assert search.recommend() is None
    assert not search.study_path.exists()
    drive(search, two_numbers)
    trial = search.recommend()
    assert trial.status == COMPLETED
    assert trial.score <= search.get_best_trials(1)[0].score + 0.5
    search.close()
    later = placed(oracle("loss", 8))
    declare(later, two_numbers)
    assert later.recommend().trial_id == trial.trial_id
