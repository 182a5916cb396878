"""What all multi-fidelity strategies share: proposers, and what these are told."""

import json
import math

import numpy as np
import pytest
from conformance import CHECKS, Contender, go_on_alike
from example_spaces import cnn, flat
from fidelity_runs import (
    check_climbs,
    climbs,
    epochs,
    learning,
    line,
    losses,
    plane,
    ran,
    run_in_disorder,
    search,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tfhpo.errors import ArgumentError
from tfhpo.space import FloatRange, Parameter, Space
from tfhpo.strategies import (
    ASHA,
    PROPOSERS,
    TPE,
    BayesianOptimization,
    ElasticGrid,
    GeneticAlgorithm,
    Hyperband,
    PolicyGradient,
    RandomSearch,
    Result,
    SuccessiveHalving,
)

STRATEGIES = [SuccessiveHalving, Hyperband, ASHA]
SOME_CHECKS = [
    check for check in CHECKS
    if check.__name__ in {
        "a_restored_search_goes_on_exactly",
        "a_search_of_a_grown_space_is_restored_exactly",
        "a_finite_space_is_covered_by_many_workers",
        "failures_are_bad_points_and_the_search_goes_on",
        "results_may_be_late_and_out_of_order",
        "what_a_build_does_not_read_does_not_count_as_tried_or_untried",
    }
]  # fmt: skip


# ---------------------------------------------------------------------- proposers


@pytest.mark.parametrize("check", SOME_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("proposer", sorted(set(PROPOSERS) - {"random"}))
def test_any_strategy_proposes(proposer, check):
    options = {"proposer": proposer}
    random = proposer != "grid"
    check(Contender(ASHA, random=random, fidelity=epochs(1, 3), options=options))


def test_a_generation_of_the_proposer_is_awaited():
    options = {"population_size": 4, "generational": True}
    found = search(
        ASHA, plane(1, 9), proposer="genetic", proposer_options=options, factor=4
    )  # fmt: skip
    waiting = found.ask(5)
    assert len(waiting) == 4
    assert not found.strategy.finished
    for suggestion in waiting:
        found.tell(suggestion)
    assert len(found.ask(6)) == 5


def test_a_proposer_is_given_by_name_or_class_with_its_options():
    options = {"num_initial_points": 3}
    for proposer in ("tpe", TPE):
        found = search(ASHA, plane(1, 3), proposer=proposer, proposer_options=options)
        assert isinstance(found.strategy.proposer, TPE)
        assert found.strategy.proposer._design.size == 3


def test_the_proposer_plans_for_the_share_of_trials_that_begin():
    assert search(ASHA, plane(1, 3), budget=31).strategy.proposer.budget == 21
    assert search(ASHA, plane(1, 3), budget=1).strategy.proposer.budget == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"proposer": "hill"}, "'hill'"),
        ({"proposer": "tpe", "proposer_options": {"alpha": 1}}, r"of 'tpe'.*Received: \['alpha'\]"),
        ({"proposer_options": {"budget": 1}}, r"\['budget'\]"),
        ({"proposer": "grid", "proposer_options": {"levels": 1}}, "levels=1"),
        ({"factor": 1}, "factor=1"),
        ({"budget": 0}, "Received: 0"),
    ],
)
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_arguments(strategy, options, told):
    with pytest.raises(ArgumentError, match=told):
        search(strategy, plane(1, 3), **options)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_fidelity_must_be_a_column(strategy):
    with pytest.raises(ArgumentError, match="fidelity='epochs'"):
        search(strategy, flat())


# ---------------------------------------------------------------------- what the proposer is told


def test_the_proposer_is_told_comparable_scores():
    # Of four, 3 and 1 go on. The second rung changes their scores by -1 and -0.5, the third by -2.
    table = {
        (0, 1): 5.0, (1, 1): 3.0, (2, 1): 4.0, (3, 1): 1.0, (1, 2): 2.5, (3, 2): 0.0, (3, 4): -2.0,
    }  # fmt: skip
    found = search(SuccessiveHalving, line(1, 2, 4), proposer="grid", factor=2)
    found.run(4, score=losses(table))
    assert found.strategy.proposer.history.scores.tolist() == [5.0, 3.0, 4.0, 1.0]
    found.run(1, score=losses(table))
    assert ran(found, "x", "epochs")[-1] == (3, 2)
    assert found.strategy.proposer.history.scores.tolist() == [4.0, 2.0, 3.0, 0.0]
    found.run(1, score=losses(table))
    assert found.strategy.proposer.history.scores.tolist() == [4.25, 2.5, 3.25, 0.0]
    found.run(1, score=losses(table))
    assert ran(found, "x", "epochs")[-1] == (3, 4)
    assert found.strategy.proposer.history.scores.tolist() == [2.25, 0.5, 1.25, -2.0]


def test_a_failure_at_a_higher_rung_is_one_for_the_proposer_and_ends_the_climb():
    found = search(ASHA, line(1, 2, 4, size=4), proposer="grid", factor=2)
    found.run(12, score=lambda v: math.nan if v["epochs"] == 2 and v["x"] < 2 else v["x"])
    proposer = found.strategy.proposer.history
    assert proposer.failed.tolist() == [0, 1]
    assert proposer.best == 2
    check_climbs(found)


def test_what_a_trial_did_not_read_reaches_the_proposer():
    found = search(ASHA, plane(1, 3))
    found.read = lambda values: {"a": values["a"], "epochs": values["epochs"]}
    found.run(1, score=lambda values: 1.0)
    assert found.strategy.proposer.history.active.tolist() == [[True, False]]


def test_a_parameter_that_is_newer_than_a_configuration_is_at_its_default_from_then_on():
    found = search(ASHA, plane(1, 9), factor=2)
    found.run(2, score=learning)
    new = Parameter("c", FloatRange(0.0, 1.0), default=0.25)
    found.strategy.extend(found.space.extended([new]))
    ((key, _),) = found.ask()
    assert (found.used[key]["epochs"], found.used[key]["c"]) == (9, 0.25)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_trial_that_does_not_read_the_fidelity_goes_no_further(strategy):
    found = search(strategy, plane(1, 3, 9))
    found.read = lambda values: {"a": values["a"], "b": values["b"]}
    found.run(30, score=lambda values: values["a"])
    assert [len(keys) for keys in climbs(found)] == [1] * 30
    proposer = found.strategy.proposer.history
    assert proposer.scores.tolist() == found.strategy.history.scores.tolist()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_revised_score_reaches_the_proposer(strategy):
    found = search(strategy, plane(1, 3, 9))
    found.run(2, score=learning)
    found.strategy.revise({0: -3.0, 1: math.nan})
    told = found.strategy.proposer.history
    assert (told.scores[0], told.failed.tolist()) == (-3.0, [1])


@pytest.mark.parametrize(
    ("strategy", "options"),
    [
        (RandomSearch, {}),
        (TPE, {}),
        (BayesianOptimization, {}),
        (GeneticAlgorithm, {"population_size": 5}),
    ],
)
def test_a_strategy_that_thinks_from_its_history_goes_by_revised_scores(strategy, options):
    space = plane(1, 3)
    one, other = (strategy(space, np.random.default_rng(0), **options) for _ in range(2))
    scores = [3.0, 1.0, math.nan, 2.0, 5.0]
    for score in scores:
        for told, made in ((-score, one), (score, other)):
            ((key, point),) = made.suggest()
            made.observe([Result(key, point, told)])
    one.revise(dict(enumerate(scores)))
    for _ in range(5):
        ((key, mine),), ((_, theirs),) = one.suggest(), other.suggest()
        assert mine.x.tolist() == theirs.x.tolist()
        for made in (one, other):
            made.observe([Result(key, mine, float(mine.x.sum()))])


def test_a_policy_keeps_what_it_has_learnt():
    policy = PolicyGradient(plane(1, 3), np.random.default_rng(0))
    for number in range(4):
        ((key, point),) = policy.suggest()
        policy.observe([Result(key, point, float(number))])
    before = policy.state()
    policy.revise({0: 9.0, 3: -9.0})
    assert policy.state() == before


def test_a_round_of_the_elastic_grid_beats_an_incumbent_that_was_revised_to_a_failure():
    grid = ElasticGrid(plane(1, 3), np.random.default_rng(0), levels=2)
    for number in range(9):
        ((key, point),) = grid.suggest()
        if key == 6:
            grid.revise({grid._now.incumbent: math.nan})
        grid.observe([Result(key, point, float(number))])
    rounds = [event.data for event in grid.take_events() if event.kind == "round"]
    assert [one["kept"] for one in rounds[:2]] == [True, True]


# ---------------------------------------------------------------------- points from elsewhere


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_held_point_is_a_configuration_that_the_proposer_hears_of(strategy):
    found = search(strategy, line(1, 3, size=6))
    held = found.space.encode({"x": 4, "epochs": 3})
    key = found.strategy.hold(held)
    found.used[key] = {"x": 4, "epochs": 3}
    found.strategy.observe([Result(key, held, -7.0)])
    assert found.strategy.proposer.history.scores.tolist() == [-7.0]
    found.run_out()
    assert ran(found, "x").count((4,)) == 1


def test_a_held_point_of_a_known_configuration_is_its_trial_at_that_rung():
    found = search(ASHA, line(1, 3, size=6), proposer="grid", factor=2)
    found.run(1, score=lambda values: 1.0)
    key = found.strategy.hold(found.space.encode({"x": 0, "epochs": 3}))
    found.used[key] = {"x": 0, "epochs": 3}
    found.run(5, score=lambda values: float(values["x"]))
    assert ran(found, "x", "epochs").count((0, 3)) == 1
    assert len(found.strategy.proposer.history) == len({x for (x,) in ran(found, "x")})


def test_a_held_point_without_the_fidelity_counts_at_the_highest_rung():
    found = search(ASHA, line(1, 3, 9, size=6))
    found.strategy.hold(found.space.encode({"x": 2}))
    assert found.strategy.state()["private"]["ledger"] == {"configurations": [0], "rungs": [2]}


# ---------------------------------------------------------------------- any search


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_trial_goes_on_from_that_of_the_same_configuration_below(strategy):
    found = search(strategy, plane(1, 3, 9))
    found.run(60, score=learning)
    for keys in climbs(found):
        assert [found.strategy.origin(key) for key in keys] == [None, *keys[:-1]]
    with pytest.raises(ArgumentError, match="Received: 60"):
        found.strategy.origin(60)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("workers", [1, 20])
def test_no_worker_waits(strategy, workers):
    found = search(strategy, plane(1, 3, 9))
    waiting, rng = found.ask(workers), np.random.default_rng(0)
    assert len(waiting) == workers
    for _ in range(150):
        suggestion = waiting.pop(int(rng.integers(len(waiting))))
        found.tell(suggestion, learning(found.used[suggestion.key]))
        waiting += found.ask()
        assert len(waiting) == workers
    check_climbs(found)
    assert max(ran(found, "epochs")) == (9,)


@pytest.mark.parametrize("strategy", STRATEGIES)
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), steps=st.integers(1, 40), factor=st.integers(2, 4))
def test_configurations_climb_rung_by_rung_whatever_the_order(strategy, seed, steps, factor):
    found = search(strategy, plane(1, 2, 4, 8), factor=factor)
    for waiting in run_in_disorder(found, steps, seed):
        assert waiting or len(found.strategy.history.pending) == 0
    check_climbs(found)


@pytest.mark.parametrize("strategy", STRATEGIES)
@settings(max_examples=15)
@given(seed=st.integers(0, 2**32), steps=st.integers(1, 30))
def test_a_search_is_restored_exactly_in_mid_rung(strategy, seed, steps):
    contender = Contender(strategy, fidelity=epochs(1, 2, 4), options={"proposer": "tpe"})
    found = contender.search(Space(plane(1).parameters[::2]), seed)
    waiting = []
    for left in run_in_disorder(found, steps, seed):
        waiting = left
    again = found.restored_by(contender)
    told = again.strategy.proposer.history.scores
    np.testing.assert_array_equal(told, found.strategy.proposer.history.scores)
    for suggestion in waiting[::2]:
        score = learning(found.used[suggestion.key])
        found.tell(suggestion, score)
        again.tell(suggestion, score)
    go_on_alike(found, again, trials=12)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_best_of_the_highest_rung_is_recommended(strategy):
    found = search(strategy, plane(1, 3))
    assert found.strategy.recommend() is None
    found.run(20, score=lambda values: values["epochs"] + values["a"])
    best = found.strategy.recommend()
    top = [key for key, values in found.used.items() if values["epochs"] == 3]
    assert best == min(top, key=lambda key: found.used[key]["a"])


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_search_that_ends_has_been_to_the_highest_rung(strategy):
    for size in (1, 2, 5):
        found = search(strategy, line(1, 3, 9, size=size))
        found.run_out()
        assert (9,) in ran(found, "epochs")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_search_does_not_end_while_a_result_may_send_a_configuration_on(strategy):
    found = search(strategy, line(1, 3, size=3), proposer="grid")
    waiting = []
    while more := found.ask():
        waiting += more
    assert len(waiting) == 3
    assert not found.strategy.finished
    for suggestion in waiting:
        found.tell(suggestion)
    assert len(found.ask(2)) == 1


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_events_tell_of_rungs(strategy):
    found = search(strategy, Space([*cnn().parameters, epochs(1, 3, 9)]), proposer="elastic-grid")
    found.run(40)
    events = found.strategy.take_events()
    assert {event.kind for event in events} == {"rung"}
    for event in events:
        assert json.loads(json.dumps(event.data)) == event.data
        at = {found.used[key]["epochs"] for key in event.data["promoted"]}
        assert at <= {event.data["rung"]}
