"""Conditions that nobody declared: what the trials' use of columns says, and what it changes."""

import math

import numpy as np
import pytest
from example_spaces import spaces, when
from hypothesis import given
from hypothesis import strategies as st

from tfhpo.space import FloatRange, IntegerRange, Levels, Parameter, Point, Space, Steps
from tfhpo.strategies import BayesianOptimization, History, Result
from tfhpo.strategies.undeclared import conditioned, undeclared

UNIT = FloatRange(0.0, 1.0)


def seeming(space):
    """The space as a search sees it whose build says nothing of its conditions."""
    return Space(Parameter(one.name, one.domain, default=one.default) for one in space.parameters)


def tried(space, used, number, seed=0):
    """Trials of a space, whose use of columns another one tells."""
    rng, history = np.random.default_rng(seed), History(len(space))
    for _ in range(number):
        resolved(history, used.point(space.draw(rng.random(len(space))).x))
    return history


def resolved(history, point, score=1.0):
    history.resolve(history.add(point), point, score)


def told(space, trials):
    """Trials of which the values are told."""
    history = History(len(space))
    for values in trials:
        resolved(history, space.encode(values))
    return history


def optimizers():
    return Space(
        [
            Parameter("rate", UNIT),
            Parameter("optimizer", Levels(("sgd", "adam", "lamb"))),
            Parameter("momentum", UNIT, (when("optimizer", "sgd"),)),
            Parameter("nesterov", Levels((False, True)), (when("optimizer", "sgd"),)),
            Parameter("beta", UNIT, (when("optimizer", "adam", "lamb"),)),
        ]
    )


def layers():
    """What a loop over a number of layers asks for."""
    units = [
        Parameter(f"units_{i}", IntegerRange(8, 512), (when("layers", *range(i + 1, 7)),))
        for i in range(1, 6)
    ]
    kind = Parameter("kind", Levels(("a", "b", "c", "d")))
    return Space([kind, Parameter("layers", Steps(1, 6)), Parameter("rate", UNIT), *units])


# ---------------------------------------------------------------- what is found


@pytest.mark.parametrize("declared", [optimizers(), layers()], ids=["choice", "loop"])
@pytest.mark.parametrize("seed", range(3))
def test_what_counts_is_what_was_not_declared(declared, seed):
    space = seeming(declared)
    found = conditioned(space, undeclared(space, tried(space, declared, 40, seed)))
    x = np.random.default_rng(9).random((200, len(space)))
    assert np.array_equal(found.points(x).active, declared.points(x).active)


def test_a_build_that_says_all_of_its_conditions_teaches_nothing():
    space = optimizers()
    assert undeclared(space, tried(space, space, 40)) == {}
    assert conditioned(space, {}) is space


def test_conditions_below_declared_ones_are_found():
    declared = Space(
        [
            Parameter("model", Levels(("mlp", "cnn"))),
            Parameter("norm", Levels((False, True)), (when("model", "mlp"),)),
            Parameter("decay", UNIT, (when("model", "mlp"), when("norm", True))),
        ]
    )
    half = Space([*declared.parameters[:2], Parameter("decay", UNIT, (when("model", "mlp"),))])
    assert undeclared(half, tried(half, declared, 20)) == {2: when("norm", True)}


def test_a_contradicted_explanation_is_given_up():
    space = seeming(optimizers())
    history = tried(space, optimizers(), 30)
    assert undeclared(space, history)[2] == when("optimizer", "sgd")
    values = {"rate": 0.5, "optimizer": "adam", "beta": 0.5, "momentum": 0.5}
    resolved(history, space.encode(values))
    assert 2 not in undeclared(space, history)


@pytest.mark.parametrize("score", [math.nan, math.inf])
def test_failed_trials_say_nothing(score):
    # They may have ended before they asked for all of it.
    space = seeming(optimizers())
    history = tried(space, space, 10)
    for optimizer in ("sgd", "adam") * 4:
        resolved(history, space.encode({"rate": 0.5, "optimizer": optimizer}), score)
    assert undeclared(space, history) == {}


def test_pending_trials_say_nothing():
    space = seeming(optimizers())
    history = tried(space, space, 10)
    history.add(space.encode({"rate": 0.5, "optimizer": "adam"}))
    assert undeclared(space, history) == {}


def test_a_value_that_no_trial_had_goes_by_its_neighbours_or_is_one_of_use():
    space = seeming(layers())
    numbers = [1, 1, 1, 5, 5, 6, 6, 6]
    trials = [
        {"kind": "abcc"[i % 4], "layers": n, "rate": i / 8}
        | {f"units_{j}": 8 + i + j for j in range(1, n)}
        for i, n in enumerate(numbers)
    ]
    found = undeclared(space, told(space, trials))
    assert found[3] == when("layers", 3, 4, 5, 6)
    names = seeming(optimizers())
    trials = [{"rate": i / 9, "optimizer": "sgd", "momentum": i / 9} for i in range(1, 5)]
    trials += [{"rate": i / 9, "optimizer": "adam"} for i in range(5, 9)]
    assert undeclared(names, told(names, trials))[2] == when("optimizer", "sgd", "lamb")


def test_a_column_that_no_trial_used_belongs_to_choices_that_were_never_made():
    space = seeming(optimizers())
    adam = [{"rate": i / 9, "optimizer": "adam", "beta": 0.5} for i in range(5)]
    assert undeclared(space, told(space, adam)) == dict.fromkeys(
        (2, 3), when("optimizer", "sgd", "lamb")
    )
    lamb = [{"rate": i / 9, "optimizer": "lamb", "beta": 0.5} for i in range(5)]
    assert undeclared(space, told(space, adam + lamb)) == dict.fromkeys(
        (2, 3), when("optimizer", "sgd")
    )
    # With none left, nothing is known of it.
    sgd = [{"rate": 0.3, "optimizer": "sgd", "nesterov": True}]
    assert 2 not in undeclared(space, told(space, adam + lamb + sgd))


def test_a_choice_that_a_column_may_belong_to_is_made():
    space = seeming(optimizers())
    search = BayesianOptimization(space, np.random.default_rng(0))
    for i in range(9):
        point = space.encode({"rate": i / 9, "optimizer": ("adam", "lamb")[i % 2], "beta": 0.5})
        search.observe([Result(search.hold(point), point, 0.1 * i)])
    ((_, point),) = search.suggest()
    assert space.decode(*point)["optimizer"] == "sgd"


def test_a_parent_with_a_value_for_each_trial_explains_nothing():
    space = Space([Parameter("seed", Levels(tuple(range(50)))), Parameter("x", UNIT)])
    trials = [{"seed": i} | ({"x": 0.5} if i % 3 else {}) for i in range(12)]
    assert undeclared(space, told(space, trials)) == {}


def test_of_several_explanations_that_of_the_parent_of_most_columns_is_believed():
    flags = [Parameter(name, Levels((False, True))) for name in ("other", "norm", "wide")]
    own = Parameter("c", UNIT, (when("wide", True),))
    space = Space([*flags, Parameter("a", UNIT), Parameter("b", UNIT), own])
    trials = []
    for i in range(12):
        norm, wide = i % 2 == 0, i % 3 == 0
        # Where `c` can count, the other flag agrees with `norm`.
        values = {"norm": norm, "wide": wide, "other": norm if wide else i % 4 < 2}
        names = ("abc" if wide else "ab") if norm else ""
        trials.append(values | dict.fromkeys(names, i / 12))
    assert undeclared(space, told(space, trials)) == dict.fromkeys((3, 4, 5), when("norm", True))


def test_of_parents_of_as_many_columns_the_shortest_explanation_is_believed():
    flags = [Parameter("norm", Levels((False, True))), Parameter("kind", Levels(("a", "b", "c")))]
    space = Space([*flags, Parameter("x", UNIT)])
    kinds = ("a", "b", "c", "b", "a", "c")
    trials = [
        {"norm": kind == "c", "kind": kind} | ({"x": 0.5} if kind == "c" else {}) for kind in kinds
    ]
    assert undeclared(space, told(space, trials)) == {2: when("norm", True)}


def test_names_of_several_columns_are_passed_over():
    space = Space(
        [
            Parameter("a", Levels((1, 2))),
            Parameter("b", Levels((False, True))),
            Parameter("w", UNIT, (when("a", 1),)),
            Parameter("w", UNIT, (when("a", 1), when("b", True))),
        ]
    )
    history = History(4)
    for i in range(12):
        values = {"a": 1, "b": i % 2 == 0} | ({"w": i / 12} if i % 2 == 0 else {})
        resolved(history, space.encode(values))
    assert undeclared(space, history) == {}


def test_no_trial_of_many_is_forgotten():
    space = seeming(optimizers())
    history = tried(space, optimizers(), 300)
    against = {"rate": 0.5, "optimizer": "adam", "beta": 0.5, "momentum": 0.5}
    resolved(history, space.encode(against))
    for number in range(600):
        values = {"rate": number / 600, "optimizer": "adam", "beta": 0.5}
        resolved(history, space.encode(values))
        if number > 500:
            assert 2 not in undeclared(space, history)


def test_pruned_trials_count():
    space = seeming(optimizers())
    history = History(len(space))
    for i in range(12):
        point = optimizers().point(space.draw(np.full(5, i / 12)).x)
        history.resolve(history.add(point), point, 1.0, pruned=True)
    assert undeclared(space, history)[2] == when("optimizer", "sgd")


@given(spaces(), st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_no_trial_contradicts_what_is_believed(declared, seed, number):
    parameters = {}
    for one in declared.parameters:
        parameters.setdefault(one.name, Parameter(one.name, one.domain))
    space = Space(parameters.values())
    rng, history = np.random.default_rng(seed), History(len(space))
    for _ in range(number):
        values = declared.decode(*declared.draw(rng.random(len(declared))))
        known = {name: value for name, value in values.items() if value in parameters[name].domain}
        resolved(history, space.encode(known))
    found = conditioned(space, undeclared(space, history))
    assert not np.any(history.active & ~found.points(history.x).active)


# ---------------------------------------------------------------- what it changes


def plain_if(declared, score, number, seed, fail=None):
    """Returns what a Bayesian search of a build with plain `if`s suggested, and its scores."""
    space = seeming(declared)
    search = BayesianOptimization(space, np.random.default_rng(seed))
    found = []
    for _ in range(number):
        ((key, point),) = search.suggest()
        assert point.active.all()
        real = declared.point(point.x)
        found.append((space.decode(*point), score(declared.decode(*real))))
        search.observe([Result(key, Point(real.x, real.active), found[-1][1])])
    return found


def noticed(values):
    bowl = (values["rate"] - 0.3) ** 2
    if values["optimizer"] == "sgd":
        return bowl + (values["momentum"] - 0.8) ** 2 + 0.1 * values["nesterov"]
    return bowl + 0.3 + 0.1 * (values["beta"] - 0.5) ** 2


def test_a_search_is_as_good_as_where_the_conditions_are_declared():
    """Trials of a choice without columns of its own are known to be alike."""
    regrets = [
        min(score for _, score in plain_if(optimizers(), noticed, 30, seed)) for seed in range(5)
    ]
    assert np.median(regrets) < 0.002


def test_what_is_not_thought_to_be_used_has_its_start():
    found = plain_if(optimizers(), noticed, 30, 0)
    momentum = [values["momentum"] for values, _ in found[20:] if values["optimizer"] != "sgd"]
    beta = [values["beta"] for values, _ in found[20:] if values["optimizer"] == "sgd"]
    assert set(momentum + beta) == {0.5}


def half_way(space, declared, number=12, seed=0, **options):
    """A search of a build with plain `if`s after some trials."""
    search = BayesianOptimization(space, np.random.default_rng(seed), **options)
    for _ in range(number):
        ((key, point),) = search.suggest()
        real = declared.point(point.x)
        search.observe([Result(key, real, noticed(declared.decode(*real)))])
    return search


def test_pending_trials_are_where_they_are_thought_to_be():
    space, declared = seeming(optimizers()), optimizers()
    search = half_way(space, declared)
    suggestions = search.suggest(12)
    real = declared.points(np.array([point.x for _, point in suggestions]))
    awaited = search._target()._model.points.rows(slice(12, None))
    assert np.array_equal(awaited.features, search._columns.encode(*real).features)


def test_what_is_awaited_is_counted_where_it_is_thought_to_be():
    declared = Space(
        [
            Parameter("model", Levels(("mlp", "lin"))),
            Parameter("layers", Levels((1, 2)), (when("model", "mlp"),)),
            Parameter("x", UNIT, (when("model", "mlp"), when("layers", 2))),
        ]
    )
    space = seeming(declared)
    search = BayesianOptimization(space, np.random.default_rng(0))
    for i in range(9):
        values = {"model": "mlp", "layers": 1 + i % 2} if i % 3 else {"model": "lin"}
        point = declared.encode(values | ({"x": i / 9} if values.get("layers") == 2 else {}))
        search.observe([Result(search.hold(point), point, 1.0)])
    for _ in range(12):
        search.hold(space.encode({"model": "lin", "layers": 1, "x": 0.5}))
    search._notice()
    (first, *_) = search._lacking()
    assert space.parameters[first.column].name == "model"


@pytest.mark.parametrize("seed", range(4))
def test_a_batch_has_no_configuration_twice(seed):
    declared = Space(
        [
            Parameter("kind", Levels(("a", "b"))),
            Parameter("size", Steps(1, 6)),
            Parameter("x", Steps(1, 9), (when("kind", "b"),)),
        ]
    )
    space = seeming(declared)
    search = BayesianOptimization(space, np.random.default_rng(seed))
    for _ in range(8):
        ((key, point),) = search.suggest()
        real = declared.point(point.x)
        search.observe([Result(key, real, float(real.x.sum()))])
    batch = [declared.point(point.x) for _, point in search.suggest(12)]
    assert search._undeclared
    assert len({(point.x.tobytes(), point.active.tobytes()) for point in batch}) == 12


def used_up(declared, seed, fails=lambda values: False):
    """Searches a finite space until nothing is left, and returns what trials read.

    One that fails breaks off before it asks for anything, and is told with all that it was given.
    """
    space = seeming(declared)
    search = BayesianOptimization(space, np.random.default_rng(seed))
    tried = []
    while suggestions := search.suggest():
        ((key, point),) = suggestions
        failed = fails(space.decode(*point))
        real = point if failed else declared.point(point.x)
        tried.append(tuple(space.decode(*real).items()))
        assert len(tried) <= 60
        search.observe([Result(key, real, math.nan if failed else float(real.x.sum()))])
    assert search.finished
    return tried


def two_kinds():
    return Space(
        [
            Parameter("kind", Levels(("a", "b"))),
            Parameter("size", Steps(1, 5)),
            Parameter("x", Steps(1, 4), (when("kind", "b"),)),
        ]
    )


def test_a_trial_that_broke_off_is_not_tried_again():
    tried = used_up(two_kinds(), 1, lambda values: values["size"] == 2)
    assert len(set(tried)) == len(tried)


def test_a_finite_space_is_used_up_though_some_of_it_is_thought_to_be_the_same():
    tried = used_up(two_kinds(), 0)
    assert len(set(tried)) == len(tried) == 5 + 20


def test_a_search_changes_its_mind():
    space = seeming(optimizers())
    search = half_way(space, optimizers(), 20)
    search.suggest()
    assert search._undeclared[2] == when("optimizer", "sgd")
    values = {"rate": 0.9, "optimizer": "adam", "beta": 0.4, "momentum": 0.5}
    point = space.encode(values)
    search.observe([Result(search.hold(point), point, 0.9)])
    search.suggest()
    assert 2 not in search._undeclared
    assert search._presumed.parameters[2].conditions == ()


def test_a_space_that_grows_is_gone_by_at_once():
    space = seeming(optimizers())
    search = half_way(space, optimizers(), 20)
    search.suggest()
    search.extend(Space([*space.parameters, Parameter("new", UNIT)]))
    ((_, point),) = search.suggest()
    assert point.active[-1]
    assert len(search._presumed) == 6
    assert search._presumed.parameters[2].conditions == (when("optimizer", "sgd"),)


def test_a_restored_search_goes_on_alike():
    space = seeming(optimizers())
    search = half_way(space, optimizers(), 20)
    search.suggest(2)
    again = BayesianOptimization(space, np.random.default_rng(5))
    entries = [search.history.entry(key) for key in range(len(search.history))]
    again.restore(search.state(), entries)
    for one, other in zip(search.suggest(6), again.suggest(6), strict=True):
        assert np.array_equal(one.point.x, other.point.x)
