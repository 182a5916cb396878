"""Staged search: what is free and what is held in each stage, and what each stage knows."""

import json
import math

import numpy as np
import pytest
from conformance import Contender, Search, go_on_alike, sometimes_failing
from example_spaces import cnn, nested, spaces, when
from hypothesis import given, settings
from hypothesis import strategies as st

from tfhpo.errors import ArgumentError
from tfhpo.space import FloatRange, Levels, Parameter, Point, Space, Steps
from tfhpo.strategies import Former, Outcome, RandomSearch, Result, Stage, Staged

UNIT = FloatRange(0.0, 1.0)


def cube(*names, default=None):
    return Space([Parameter(name, UNIT, default=default) for name in names])


def staged(space, *stages, seed=0, **options):
    given = [stage if isinstance(stage, Stage) else Stage(stage) for stage in stages]
    strategy = Staged(
        space, np.random.default_rng(seed), stages=given, **{"strategy": "random", **options}
    )
    return Search(strategy)


def tried(search, *names):
    """The values of the named parameters in all trials, in order."""
    return [tuple(values.get(name) for name in names) for values in search.used.values()]


def opened(search):
    """The stages that have opened since this was last asked."""
    return [event.data for event in search.strategy.take_events() if event.kind == "stage"]


def bowl(values):
    """Best at 0.3 in each parameter; later letters matter less."""
    return sum((value - 0.3) ** 2 / 2 ** ord(name) for name, value in values.items()) * 2**97


# ---------------------------------------------------------------------- what is held


def test_a_stage_varies_its_own_parameters_and_freezes_them_at_the_best():
    search = staged(cube("a", "b", "c"), Stage(["a"], 5), Stage(["b"], 4), Stage(["c"], 3))
    search.run(12, score=bowl)
    values = tried(search, "a", "b", "c")
    # Without a default of their own the others wait in the middle.
    assert {one[1:] for one in values[:5]} == {(0.5, 0.5)}
    best_a = min(values[:5], key=lambda one: abs(one[0] - 0.3))[0]
    assert {(a, c) for a, _, c in values[5:9]} == {(best_a, 0.5)}
    best_b = min([*values[5:9], (best_a, 0.5, 0.5)], key=lambda one: abs(one[1] - 0.3))[1]
    assert {(a, b) for a, b, _ in values[9:]} == {(best_a, best_b)}
    assert len({a for a, _, _ in values[:5]}) == 5
    assert len({b for _, b, _ in values[5:9]}) == 4


def test_what_waits_is_at_its_default_or_in_the_middle_or_the_first_choice():
    space = Space(
        [
            Parameter("first", UNIT),
            Parameter("given", UNIT, default=0.9),
            Parameter("range", Steps(1, 101, 50)),
            Parameter("rate", FloatRange(1e-4, 1e-2, "log")),
            Parameter("choice", Levels(("sgd", "adam", "lamb"))),
            Parameter("chosen", Levels(("sgd", "adam", "lamb")), default="adam"),
        ]
    )
    search = staged(space, Stage(["first"], 2), Stage([], 2))
    search.run(1)
    ((_, *waiting),) = tried(search, *space.names)
    assert waiting == [0.9, 51, pytest.approx(1e-3), "sgd", "adam"]


def test_parameters_of_no_stage_belong_to_the_last():
    search = staged(cube("a", "b", "c", "d"), Stage(["b"], 3), Stage(["c"], 3))
    search.run(6)
    (first, second) = opened(search)
    assert (first["parameters"], second["parameters"]) == (["b"], ["a", "c", "d"])
    assert len(set(tried(search, "a", "d")[3:])) == 3


def test_each_stage_is_told_as_it_opens():
    search = staged(cube("a", "b", default=0.5), Stage(["a"], 2), Stage(["b"], 3))
    search.run(6, score=bowl)
    first, second, joint = opened(search)
    assert first == {
        "stage": 0, "stages": 2, "parameters": ["a"], "frozen": {"b": 0.5}, "best": None,
        "first": 0, "end": 2,
    }  # fmt: skip
    best = min(tried(search, "a", "b")[:2], key=lambda one: abs(one[0] - 0.3))
    assert second == {
        "stage": 1, "stages": 2, "parameters": ["b"], "frozen": {"a": best[0]},
        "best": bowl(dict(zip("ab", best, strict=True))), "first": 2, "end": 5,
    }  # fmt: skip
    assert (joint["stage"], joint["frozen"], joint["end"]) == (2, {}, None)
    assert (joint["parameters"], joint["first"]) == (["a", "b"], 5)


def test_without_a_result_the_defaults_are_frozen():
    search = staged(cube("a", "b"), Stage(["a"], 3), Stage(["b"], 3))
    search.run(6, score=lambda values: math.nan)
    assert {a for a, _ in tried(search, "a", "b")[3:]} == {0.5}


def test_failed_and_pruned_trials_count_and_are_never_frozen():
    search = staged(cube("a", "b"), Stage(["a"], 4), Stage(["b"], 2))
    scores = [(math.nan, False), (-9.0, True), (2.0, False), (1.0, False)]
    for score, pruned in scores:
        (suggestion,) = search.ask()
        search.tell(suggestion, score, pruned=pruned)
    search.run(2)
    values = tried(search, "a", "b")
    assert {a for a, _ in values[4:]} == {values[3][0]}


# ---------------------------------------------------------------------- conditions


def optimisers():
    """A rate for each optimiser, and a momentum for one of them."""
    sgd, adam = when("optimizer", "sgd"), when("optimizer", "adam")
    return Space(
        [
            Parameter("optimizer", Levels(("sgd", "adam"))),
            Parameter("rate", UNIT, (sgd,)),
            Parameter("momentum", UNIT, (sgd,)),
            Parameter("rate", FloatRange(2.0, 3.0), (adam,)),
            Parameter("units", UNIT),
        ]
    )


def test_what_the_best_does_not_use_was_never_tuned_and_stays_free():
    search = staged(optimisers(), Stage(["rate"], 3), Stage(["optimizer"], 12), Stage([], 4))
    search.run(3)
    # Only the default optimiser's rate can be tuned before the optimiser.
    assert {name for (name,) in tried(search, "optimizer")} == {"sgd"}
    assert len(set(tried(search, "rate"))) == 3
    search.run(12, score=lambda values: values["optimizer"] == "sgd")
    values = tried(search, "optimizer", "rate")[3:]
    # The base has been tried, so that sgd is left out altogether, and adam's rate is searched.
    assert {name for name, _ in values} == {"adam"}
    assert len({rate for _, rate in values}) == 12
    search.run(4)
    # The best of adam is the base, and the momentum of sgd is nobody's to tune.
    assert {name for (name,) in tried(search, "optimizer")[15:]} == {"adam"}
    assert opened(search)[-1]["parameters"] == ["units"]


def test_children_are_tuned_after_or_with_their_parent_in_any_order_of_stages():
    children_first = staged(nested(), Stage(["gain", "skip"], 4), Stage(["model", "layers"], 30))
    children_first.run_out()
    assert len(children_first.configurations()) == 14


def test_a_stage_with_nothing_to_tune_is_passed_over_and_its_trials_are_the_next_ones():
    search = staged(optimisers(), Stage(["absent"], 5), Stage(["momentum"], 5), Stage([], 5))
    search.run(10)
    told = opened(search)
    assert [(one["stage"], one["first"], one["end"]) for one in told] == [(1, 0, 10)]


def test_columns_of_one_name_that_may_count_together_are_frozen_together():
    space = Space(
        [
            Parameter("a", Levels((False, True)), default=True),
            Parameter("b", Levels((False, True)), default=False),
            Parameter("rate", UNIT, (when("a", True),)),
            Parameter("rate", UNIT, (when("b", True),)),
        ]
    )
    search = staged(space, Stage(["rate"], 3), Stage(["a", "b"], 3))
    search.run(3, score=lambda values: values["rate"])
    best = min(rate for (rate,) in tried(search, "rate"))
    search.run(3, score=lambda values: 9.0)
    assert {rate for (rate,) in tried(search, "rate")[3:]} <= {best, None}
    assert len(set(tried(search, "a", "b"))) == 4


# ---------------------------------------------------------------------- budgets


@pytest.mark.parametrize(
    ("trials", "budget", "expected"),
    [
        ((None, None, None), 30, [10, 20, 30]),
        ((None, None, None), 32, [11, 22, 32]),
        ((None, None, None), 3, [1, 2, 3]),
        ((4, None, None), 15, [4, 10, 15]),
        ((4, 5, 6), None, [4, 9, 15]),
        ((4, 5, 6), 99, [4, 9, 15]),
    ],
)
def test_stages_share_what_is_left_of_the_budget(trials, budget, expected):
    stages = [Stage([name], one) for name, one in zip("abc", trials, strict=True)]
    search = staged(cube("a", "b", "c"), *stages, budget=budget)
    search.run(expected[-1])
    assert [one["end"] for one in opened(search)] == expected


def test_trials_from_elsewhere_before_the_first_stage_are_taken_off_the_budget():
    search = staged(cube("a", "b"), ["a"], ["b"], budget=12)
    for place in (0.1, 0.9):
        point = search.space.point(np.array([place, place]))
        search.used[search.strategy.hold(point)] = search.space.decode(point.x)
    search.run(1)
    assert [(one["first"], one["end"]) for one in opened(search)] == [(2, 7)]


def test_trials_from_elsewhere_count_in_the_stage_that_they_come_in():
    search = staged(cube("a", "b"), Stage(["a"], 5), Stage(["b"], 5))
    search.run(3)
    for place in (0.1, 0.9):
        point = search.space.point(np.array([place, place]))
        search.used[search.strategy.hold(point)] = search.space.decode(point.x)
    search.run(1)
    assert [one["first"] for one in opened(search)] == [0, 5]


def test_trials_from_elsewhere_leave_each_stage_at_least_one():
    search = staged(cube("a", "b"), ["a"], ["b"], budget=4)
    for place in np.linspace(0.1, 0.9, 9):
        point = search.space.point(np.array([place, place]))
        search.used[search.strategy.hold(point)] = search.space.decode(point.x)
    search.run(2)
    assert [(one["first"], one["end"]) for one in opened(search)] == [(9, 10), (10, 11)]


def test_an_exhausted_stage_leaves_its_trials_to_the_next():
    space = Space([Parameter("a", Steps(1, 3)), Parameter("b", UNIT)])
    search = staged(space, Stage(["a"], 10), Stage(["b"], 10))
    search.run(20)
    assert [(one["first"], one["end"]) for one in opened(search)] == [(0, 10), (3, 20)]
    assert {a for (a,) in tried(search, "a")} == {1, 2, 3}


def test_beyond_the_stages_all_parameters_are_tuned_together_until_the_space_is_used_up():
    space = Space([Parameter("a", Steps(1, 4)), Parameter("b", Steps(1, 5))])
    search = staged(space, Stage(["a"], 3), Stage(["b"], 2))
    search.run_out()
    assert len(search.configurations()) == 20
    assert [one["first"] for one in opened(search)] == [0, 3, 5]


# ---------------------------------------------------------------------- what a stage knows


def test_a_stage_knows_the_trials_that_lie_in_it_the_base_among_them():
    search = staged(cube("a", "b"), Stage(["a"], 5), Stage(["b"], 5))
    search.run(6, score=bowl)
    told = search.strategy._search.proposer.history
    values = tried(search, "a", "b")
    base = min(range(5), key=lambda key: abs(values[key][0] - 0.3))
    assert told.x.tolist() == [[0.5], [values[5][1]]]
    assert told.scores[0] == bowl(dict(zip("ab", values[base], strict=True)))


def test_a_stage_knows_trials_with_what_its_base_does_not_use():
    space = Space(
        [
            Parameter("model", Levels(("cnn", "mlp"))),
            Parameter("layers", Steps(1, 2), (when("model", "mlp"),)),
            Parameter("rate", UNIT),
        ]
    )
    search = staged(space, Stage(["model"], 4), Stage(["layers", "rate"], 9))
    for values, score in (({"model": "mlp", "layers": 1}, 2.0), ({"model": "cnn"}, 1.0)):
        point = space.encode({**values, "rate": 0.5})
        key = search.strategy.hold(point)
        search.used[key] = space.decode(point.x)
        search.strategy.observe([Result(key, point, score)])
    # `layers`, which waits, is at its middle: the nearest value is 1, and both models are known.
    search.run(1)
    assert [one["first"] for one in opened(search)] == [2, 2]


def test_a_late_result_of_an_earlier_stage_becomes_the_base_of_the_next():
    search = staged(cube("a", "b", "c"), Stage(["a"], 2), Stage(["b"], 2), Stage(["c"], 2))
    late, early = search.ask(2)
    search.tell(early, 1.0)
    search.run(2, score=lambda values: 2.0)
    search.tell(late, 0.0)
    search.run(2, score=lambda values: 3.0)
    values = tried(search, "a", "b", "c")
    assert {a for a, _, _ in values[2:4]} == {values[1][0]}
    assert {one[:2] for one in values[4:]} == {values[0][:2]}


def test_workers_never_wait_for_a_stage_to_end():
    search = staged(cube("a", "b"), Stage(["a"], 2), Stage(["b"], 2), strategy="bayesian")
    waiting = search.ask(6)
    assert [s.key for s in waiting] == list(range(6))
    for suggestion in reversed(waiting):
        search.tell(suggestion)
    assert len(search.strategy.history.pending) == 0


def test_a_trial_that_turns_out_to_lie_in_the_stage_is_told_to_it():
    search = staged(cube("a", "b"), Stage(["a"], 2), Stage(["b"], 4))
    late, early = search.ask(2)
    search.tell(early, 1.0)
    search.run(1)
    told = search.strategy._search.proposer.history
    assert len(told) == 2
    # It read nothing of what sets it apart.
    search.read = lambda values: {"b": values["b"]}
    search.tell(late, 5.0)
    assert told.scores.tolist()[-1] == 5.0
    assert len(told) == 3


def test_a_trial_from_elsewhere_is_known_once_to_the_stage_in_which_it_ends():
    search = staged(cube("a", "b"), Stage(["a"], 5), Stage(["b"], 5))
    search.run(2)
    point = search.space.point(np.array([0.9, 0.5]))
    key = search.strategy.hold(point)
    search.used[key] = search.space.decode(point.x)
    search.strategy.observe([Result(key, point, 3.0)])
    search.run(1)
    told = search.strategy._search.proposer.history
    assert (len(told), told.x[:, 0].tolist().count(0.9), told.scores[2]) == (4, 1, 3.0)


def test_a_stage_has_its_own_budget_and_generator():
    budgets, found = [], []
    for seed in (0, 1):
        search = staged(cube("a", "b"), Stage(["a"], 3), Stage(["b"], 4), seed=seed)
        for trials in (3, 4):
            search.run(trials)
            budgets.append(search.strategy._search.proposer.budget)
        values = tried(search, "a", "b")
        found += [[a for a, _ in values[:3]], [b for _, b in values[3:6]]]
    assert budgets == [3, 4, 3, 4]
    assert len({tuple(one) for one in found}) == 4


def test_a_stage_is_told_which_trials_were_pruned():
    search = staged(cube("a", "b"), Stage(["a"], 3), Stage(["b"], 3))
    for pruned in (True, False):
        (suggestion,) = search.ask()
        search.tell(suggestion, 1.0, pruned=pruned)
    told = search.strategy._search.proposer.history
    assert [told.entry(key).outcome for key in (0, 1)] == [Outcome.PRUNED, Outcome.COMPLETED]


def test_the_events_of_a_stages_strategy_are_nobodys():
    search = staged(cube("a", "b"), Stage(["a"], 12), Stage(["b"], 3), strategy="elastic-grid")
    search.run(12)
    assert {event.kind for event in search.strategy.take_events()} == {"stage"}
    assert list(search.strategy._search.proposer.take_events()) == []


def test_a_revised_score_reaches_the_stage():
    search = staged(cube("a", "b"), Stage(["a"], 9), Stage(["b"], 9))
    search.run(4)
    search.strategy.revise({2: -7.0, 1: math.nan})
    told = search.strategy._search.proposer.history
    assert (told.best, told.failed.tolist()) == (2, [1])


def test_a_configuration_from_elsewhere_that_is_the_best_is_gone_on_from():
    search = staged(cube("a", "b"), Stage(["a"], 4), Stage(["b"], 4))
    good = search.space.point(np.array([0.3, 0.31]))
    key = search.strategy.hold(good)
    search.used[key] = search.space.decode(good.x)
    search.strategy.observe([Result(key, good, 0.0)])
    search.run(8, score=lambda values: 1.0)
    values = tried(search, "a", "b")
    assert {b for _, b in values[1:5]} == {0.31}
    assert {a for a, _ in values[5:]} == {0.3}


def test_former_studies_are_told_to_each_stage_as_far_as_its_parameters_go():
    space = cube("a", "b", "c")
    x = np.random.default_rng(0).random((20, 3))
    active = np.ones_like(x, dtype=bool)
    active[:, 2] = False
    x[:, 2] = 0.0
    scores = (x[:, 0] - 0.3) ** 2 + (x[:, 1] - 0.7) ** 2
    stages = [Stage(["a"], 3), Stage(["b"], 3), Stage(["c"], 3)]
    strategy = Staged(space, np.random.default_rng(0), stages=stages, strategy="tpe", budget=12)
    strategy.warm_start([Former(Point(x, active), scores)])
    search = Search(strategy)
    best = x[np.argmin(scores)]
    (first,) = search.ask()
    assert first.point.x.tolist() == [*best[:2], 0.5]
    search.tell(first, 0.0)
    seen = []
    for _ in range(12):
        search.run(1, score=lambda values: 1.0)
        former = strategy._search.proposer.former if strategy._search else ()
        seen.append([study.points.x.shape for study in former])
    # After the former study's best: one column for `a`, one for `b`, nothing is said of `c`.
    shapes = [one for number, one in enumerate(seen) if number == 0 or one != seen[number - 1]]
    assert shapes == [[], [(20, 1)], []]


def test_the_bayesian_strategy_of_a_stage_begins_with_few_points_unless_told_otherwise():
    stages = [Stage(["a"], 3), Stage(["b"], 3, options={"num_initial_points": 4})]
    search = staged(cube("a", "b"), *stages, strategy="bayesian")
    sizes = []
    for _ in range(2):
        search.run(3)
        sizes.append(search.strategy._search.proposer._design.size)
    assert sizes == [2, 4]


# ---------------------------------------------------------------------- new parameters


@pytest.mark.parametrize("name", ["early", "now", "late", "unnamed"])
def test_a_new_parameter_is_tuned_in_its_stage_or_at_once_where_that_is_over(name):
    stages = [Stage(["a", "early"], 3), Stage(["b", "now"], 6), Stage(["c", "late"], 4)]
    search = staged(cube("a", "b", "c"), *stages)
    search.run(5)
    search.strategy.extend(search.space.extended([Parameter(name, UNIT)]))
    # Each trial is better than the last, so that the base is one which has the parameter.
    search.run(4, score=lambda values: -float(len(search.used)))
    values = [value for (value,) in tried(search, name)]
    assert values[:5] == [None] * 5
    assert len(set(values[5:])) == (4 if name in ("early", "now") else 1)
    search.run(4)
    assert len({value for (value,) in tried(search, name)[9:]}) == (
        1 if name in ("early", "now") else 4
    )


def test_points_held_just_before_the_space_grows_are_known_after():
    search = staged(cube("a", "b"), Stage(["a"], 3), Stage(["b"], 3), seed=1)
    search.run(1)
    held = search.space.point(np.array([0.9, 0.5]))
    search.used[search.strategy.hold(held)] = search.space.decode(held.x)
    search.strategy.extend(search.space.extended([Parameter("c", UNIT)]))
    search.run(3)
    assert len(search.strategy.history) == 5


# ---------------------------------------------------------------------- state


@settings(max_examples=15)
@given(spaces(), st.lists(st.sampled_from(range(3)), min_size=5, max_size=5), st.integers(0, 14))
def test_any_split_of_any_space_is_restored_exactly(space, split, trials):
    groups = [[f"p{n}" for n, one in enumerate(split) if one == k] for k in range(2)]
    stages = [Stage(group, 4) for group in groups if group] + [Stage([], 4), Stage(["last"], 1)]
    given = {"stages": stages[:-1] if len(stages) > 2 else [Stage(["other"], 4), Stage([], 4)]}
    contender = Contender(Staged, options={**given, "strategy": "tpe"})
    search = contender.search(space)
    search.run(trials, n=2, score=sometimes_failing)
    waiting = search.ask(2)
    again = search.restored_by(contender)
    for suggestion in waiting:
        search.tell(suggestion)
        again.tell(suggestion)
    go_on_alike(search, again, trials=6)


@pytest.mark.parametrize("trials", [0, 3, 8, 12, 17])
def test_a_bayesian_search_is_restored_exactly_in_every_stage(trials):
    stages = [Stage(["rate", "optimizer"], 7), Stage(["units", "batch"], 6), Stage([], 3)]
    contender = Contender(Staged, options={"stages": stages})
    search = contender.search(cnn())
    search.run(trials)
    go_on_alike(search, search.restored_by(contender), trials=4)


def test_stages_end_where_they_were_planned_to_when_more_trials_are_asked_for():
    options = {"stages": [Stage(["rate"]), Stage([])], "strategy": "random"}
    contender = Contender(Staged, options=options)
    search = contender.search(cnn(), budget=10)
    search.run(3)
    state, entries = search.saved()
    more = contender.new(cnn(), 0, budget=40)
    more.restore(json.loads(state), entries)
    search.run(17)
    assert [one["first"] for one in opened(search)] == [0, 5, 10]
    again = Search(more, used={key: search.used[key] for key in range(3)})
    again.run(17)
    assert tried(again, "rate", "units") == tried(search, "rate", "units")


def test_a_state_is_small_however_long_the_search():
    search = staged(cnn(), Stage(["rate"], 40), Stage(["units"], 10))
    search.run(900)
    assert len(json.dumps(search.strategy.state())) < 1_500


# ---------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Stage("rate"), r"list of names.*Received: 'rate'"),
        (lambda: Stage([1]), r"list of names.*Received: \[1\]"),
        (lambda: Stage(["a", "a"]), r"each parameter once.*\['a', 'a'\]"),
        (lambda: Stage(["a"], trials=0), "trials=0"),
        (lambda: Stage(["a"], trials=True), "trials=True"),
        (lambda: Stage(["a"], options=3), "Received: 3"),
        (lambda: Stage(["a"], strategy="bayes"), "'bayes'. Did you mean 'bayesian'"),
        (lambda: Stage(["a"], strategy=3), "`strategy` must be one of .*Received: 3"),
        (lambda: Stage(["a"], 1, "tpe", {"alpha": 1}), r"`options` of 'tpe'.*\['alpha'\]"),
        (lambda: Stage(["a"], 1, "tpe", {"good_share": 2}), "good_share=2"),
        (lambda: Stage(["a"], 1, "genetic", {"lifetime": "x"}), "cannot use"),
    ],
)
def test_a_stage_that_breaks_a_rule_is_refused_at_once(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


@pytest.mark.parametrize(
    ("stages", "options", "message"),
    [
        ([Stage(["a"], 1)], {}, "two stages or more"),
        ([Stage(["a"], 1), ["b"]], {}, "each a `Stage`"),
        ([Stage([], 1), Stage(["b"], 1)], {}, "Received: stage 0 without any"),
        ([Stage(["a"], 1), Stage(["b", "a"], 1)], {}, "'a' in the stages 0 and 1"),
        ([Stage(["a"]), Stage(["b"], 1)], {}, "Received: 1 of 2 stages without"),
        ([Stage(["a"]), Stage(["b"], 5)], {"budget": 5}, "at least 6 trials.*5 trials"),
        ([Stage(["a"], 1), Stage(["b"], 1)], {"strategy": "asha"}, "`strategy`.*'asha'"),
    ],
)
def test_stages_that_do_not_fit_together_are_refused(stages, options, message):
    with pytest.raises(ArgumentError, match=message):
        Staged(cube("a", "b"), np.random.default_rng(0), stages=stages, **options)


def test_a_stage_is_a_plain_value():
    stage = Stage(["a", "b"], 3, "tpe", {"good_share": 0.2})
    assert stage == Stage(("a", "b"), 3, "tpe", {"good_share": 0.2})
    assert stage != Stage(("a", "b"), 3, "tpe", {"good_share": 0.3})
    assert hash(stage) == hash(Stage(("a", "b"), 3, "tpe"))
    assert repr(stage) == (
        "Stage(parameters=('a', 'b'), trials=3, strategy='tpe', options={'good_share': 0.2})"
    )


def test_a_stage_takes_a_class_of_strategies():
    search = staged(cube("a", "b"), Stage(["a"], 2, RandomSearch), Stage(["b"], 2))
    assert len(search.run(4)) == 4


def test_the_few_that_matter_are_found_with_fewer_trials_than_all_together():
    # What staged search is for: one parameter in eight decides nearly all.
    names = "abcdefgh"
    stages = [Stage(["a"], 8), Stage([], 8)]
    better = 0
    for seed in range(20):
        alone = staged(cube(*names), *stages, seed=seed)
        together = Search(RandomSearch(cube(*names), np.random.default_rng(seed)))
        for search in (alone, together):
            search.run(16, score=bowl)
        best = [min(map(bowl, search.used.values())) for search in (alone, together)]
        better += best[0] < best[1]
    assert better >= 15
