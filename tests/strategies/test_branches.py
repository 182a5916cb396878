"""Branches: which one lacks trials, and points that lie in it."""

import numpy as np
import pytest
import scipy.stats
from example_spaces import cnn, flat, nested, spaces, when
from hypothesis import given
from hypothesis import strategies as st

from tfhpo.space import FloatRange, Levels, Parameter, Point, Prior, Space, Steps
from tfhpo.strategies import BayesianOptimization, History, Result
from tfhpo.strategies.branches import Branches

UNIT = FloatRange(0.0, 1.0)


def three(default="plain"):
    """A model of three kinds, of which two have a parameter of their own."""
    return Space(
        [
            Parameter("kind", Levels(("plain", "deep", "wide")), default=default),
            Parameter("x", UNIT),
            Parameter("depth", UNIT, (when("kind", "deep"),)),
            Parameter("width", UNIT, (when("kind", "wide"),)),
        ]
    )


def two():
    """A model of two kinds, of which one has a parameter of its own."""
    kinds = Levels(("plain", "deep"))
    own = Parameter("depth", UNIT, (when("kind", "deep"),))
    return Space([Parameter("kind", kinds), Parameter("x", UNIT), own])


def branches(space):
    return [branch for branch, _ in Branches(space)._shares]


def described(space):
    """Of each branch the parent, its values and the share."""
    return [
        (
            space.parameters[branch.column].name,
            [space.parameters[branch.column].domain.from_unit(u) for u in branch.places],
            pytest.approx(share),
        )
        for branch, share in Branches(space)._shares
    ]


def trials(space, number, otherwise, fails=()):
    """How many of so many trials are of each kind, if all that are free are of one kind."""
    rng, found, history = np.random.default_rng(0), Branches(space), History(len(space))
    for _ in range(number):
        branch = found.lacking(history)
        point = space.encode({"kind": otherwise, "x": 0.5})
        if branch is not None:
            inside = branch.within(Point(point.x[None], point.active[None]), rng)
            point = Point(inside.x[0], inside.active[0])
        failed = space.decode(*point)["kind"] in fails
        history.resolve(history.add(point), point, np.nan if failed else 1.0)
    kinds = [space.decode(*point)["kind"] for point in zip(history.x, history.active, strict=True)]
    return {kind: kinds.count(kind) for kind in ("plain", "deep", "wide")}


# ---------------------------------------------------------------- what branches there are


def test_values_under_which_the_same_columns_count_are_one_branch():
    assert described(cnn()) == [
        ("augment", [False], 1 / 2),
        ("augment", [True], 1 / 2),
        ("optimizer", ["sgd"], 1 / 3),
        ("optimizer", ["adam", "lamb"], 2 / 3),
    ]


def test_a_parent_below_a_parent_has_branches_of_its_own():
    assert described(nested())[3:] == [
        ("layers", [1], 1 / 2),
        ("layers", [2], 1 / 2),
        ("skip", [False], 1 / 2),
        ("skip", [True], 1 / 2),
    ]


def test_a_share_is_that_of_the_distribution():
    parent = Parameter("n", Steps(1, 4), prior=Prior(scipy.stats.binom(3, 0.5, loc=1)))
    space = Space([parent, Parameter("x", UNIT, (when("n", 4),))])
    assert described(space) == [("n", [1, 2, 3], 7 / 8), ("n", [4], 1 / 8)]


@pytest.mark.parametrize(
    "space",
    [
        flat(),
        Space([Parameter("x", UNIT)]),
        # Under either value the same counts, with a range of its own.
        Space([Parameter("a", Levels((1, 2))), Parameter("x", UNIT, (when("a", 1, 2),))]),
        # Hardly any two trials would be in one branch.
        Space([Parameter("n", Steps(1, 101)), Parameter("x", UNIT, (when("n", 7),))]),
        Space([Parameter("u", UNIT), Parameter("x", UNIT, (when("u", 0.5),))]),
    ],
    ids=["flat", "one", "both", "many", "continuous"],
)
def test_without_branches_a_point_may_lie_anywhere(space):
    history = History(len(space))
    for _ in range(7):
        assert Branches(space).lacking(history) is None
        history.add(space.draw(np.full(len(space), 0.3)))


# ---------------------------------------------------------------- which one lacks trials


def test_a_third_of_the_trials_are_called_for():
    # All free trials are of one kind; the very first is free, too.
    assert trials(three(), 91, "plain") == {"plain": 61, "deep": 15, "wide": 15}


def test_a_branch_that_has_its_share_calls_for_nothing():
    space = two()
    history, found = History(3), Branches(space)
    for number in range(30):
        kind = ("plain", "deep")[number % 2]
        values = {"kind": kind, "x": 0.5} | ({"depth": 0.5} if kind == "deep" else {})
        assert found.lacking(history) is None or len(history) % 2
        history.add(space.encode(values))


def test_a_branch_that_only_fails_is_soon_left_alone():
    counts = trials(three(), 90, "plain", fails=("deep",))
    assert 2 <= counts["deep"] <= 5
    assert counts["wide"] >= 24


def test_only_trials_that_used_a_parent_are_shared_out():
    space = nested()
    history, found = History(len(space)), Branches(space)
    models = ["mlp", "cnn", "linear", "cnn", "linear", "mlp"]
    for model in models:
        values = {"model": model} | ({"layers": 1, "units": 8} if model == "mlp" else {})
        history.add(space.encode(values))
    # Of two trials with layers one should have two of them; as many are no model's share short.
    branch = found.lacking(history)
    assert (space.parameters[branch.column].name, branch.places.tolist()) == ("layers", [1.0])
    history = History(len(space))
    for model in ["mlp", *models[1:5], "linear"]:
        values = {"model": model} | ({"layers": 1, "units": 8} if model == "mlp" else {})
        history.add(space.encode(values))
    branch = found.lacking(history)
    assert (space.parameters[branch.column].name, branch.places.tolist()) == ("model", [0.0])


def test_pending_trials_count():
    space = three()
    history, found, rng = History(len(space)), Branches(space), np.random.default_rng(0)
    called = []
    for _ in range(12):
        point, branch = space.encode({"kind": "plain", "x": 0.5}), found.lacking(history)
        if branch is not None:
            inside = branch.within(Point(point.x[None], point.active[None]), rng)
            point = Point(inside.x[0], inside.active[0])
            called.append(space.decode(*point)["kind"])
        history.add(point)
    assert called == ["deep", "wide", "deep"]


# ---------------------------------------------------------------- points in a branch


@given(spaces(), st.integers(0, 2**32 - 1))
def test_points_in_a_branch_are_points_of_the_space_and_like_what_they_were(space, seed):
    rng = np.random.default_rng(seed)
    points = space.draws(rng.random((20, len(space))))
    for branch in branches(space):
        inside = branch.within(points, rng)
        assert branch.holds(*inside).all()
        settled = space.points(inside.x)
        assert np.array_equal(settled.x, inside.x)
        assert np.array_equal(settled.active, inside.active)
        # What is there already stays.
        there = branch.holds(*points)
        assert {row.tobytes() for row in points.x[there]} <= {row.tobytes() for row in inside.x}


@given(spaces(), st.integers(0, 2**32 - 1))
def test_every_point_that_counts_is_in_one_branch_of_its_parent(space, seed):
    points = space.draws(np.random.default_rng(seed).random((20, len(space))))
    found = branches(space)
    for column in {branch.column for branch in found}:
        siblings = [branch for branch in found if branch.column == column]
        inside = np.sum([branch.holds(*points) for branch in siblings], axis=0)
        assert np.array_equal(inside, points.active[:, column])
        assert sum(branch.share() for branch in siblings) == pytest.approx(1.0)


def test_what_the_parent_depends_on_is_moved_with_it():
    space = nested()
    points = space.points(np.tile(space.encode({"model": "linear"}).x, (40, 1)))
    assert not points.active[:, 1:].any()
    for branch in branches(space):
        inside = branch.within(points, np.random.default_rng(0))
        assert len(inside.x) == 40
        assert branch.holds(*inside).all()


def test_other_columns_keep_their_places_and_new_ones_are_spread():
    space = three()
    points = space.points(np.tile(space.encode({"kind": "plain", "x": 0.25}).x, (200, 1)))
    deep = branches(space)[1]
    inside = deep.within(points, np.random.default_rng(0))
    assert np.all(inside.x[:, 1] == 0.25)
    assert inside.active[:, 2].all()
    assert np.quantile(inside.x[:, 2], [0.0, 0.5, 1.0]) == pytest.approx([0.0, 0.5, 1.0], abs=0.1)


# ---------------------------------------------------------------- searches


def search_of(space, score, number, seed):
    """Returns the values and scores of a Bayesian search."""
    search = BayesianOptimization(space, np.random.default_rng(seed))
    found = []
    for _ in range(number):
        ((key, point),) = search.suggest()
        values = space.decode(*point)
        found.append((values, score(values)))
        search.observe([Result(key, point, found[-1][1])])
    return found


def corner(values):
    """A good bowl under one kind, a better corner of another one that is bad elsewhere."""
    bowl = (values["x"] - 0.4) ** 2
    if values["kind"] == "plain":
        return 0.5 + bowl
    if values["kind"] == "wide":
        return 2.0 + bowl + values["width"]
    return 1.5 + bowl if values["depth"] < 0.8 else 7.0 * (1.0 - values["depth"]) + bowl


def test_the_best_corner_of_a_branch_that_is_bad_elsewhere_is_found():
    best = [min(score for _, score in search_of(three(), corner, 40, seed)) for seed in range(6)]
    assert np.sum(np.array(best) < 0.4) >= 5


@pytest.mark.parametrize("seed", range(5))
def test_of_the_points_of_a_branch_the_one_with_the_highest_acquisition_is_tried(seed):
    space = Space(
        [
            Parameter("kind", Levels(("plain", "deep"))),
            Parameter("x", Steps(0, 20)),
            Parameter("depth", Steps(0, 20), (when("kind", "deep"),)),
        ]
    )
    # The plain ones are ever better, so that what is left of them is worth more than the deep ones.
    told = [({"kind": "plain", "x": x}, 1.0 - 0.01 * x) for x in range(10)]
    told += [
        ({"kind": "deep", "x": 3, "depth": 10}, 1.05),
        ({"kind": "deep", "x": 15 + seed, "depth": 4}, 1.0),
    ]
    search = BayesianOptimization(space, np.random.default_rng(seed))
    for values, score in told:
        point = space.encode(values)
        search.observe([Result(search.hold(point), point, score)])
    target, lacking = search._target(), Branches(space).lacking(search.history)
    left = [point for point in space.lattice(1) if not search.history.tried(point)]
    ((_, point),) = search.suggest()

    def acquisition(points):
        return target.value(*(np.array(part) for part in zip(*points, strict=True)))

    inside = [one for one in left if one.active[2]]
    assert lacking.holds(*(part[None] for part in point)).all()
    assert acquisition([point])[0] == pytest.approx(acquisition(inside).max())
    assert acquisition(left).max() > acquisition(inside).max()


def test_a_branch_in_which_everything_was_tried_calls_in_vain():
    space = Space(
        [
            Parameter("kind", Levels(("small", "large"))),
            Parameter("one", Levels(("a", "b")), (when("kind", "small"),)),
            Parameter("x", Steps(1, 30), (when("kind", "large"),)),
        ]
    )
    found = search_of(space, lambda values: float(values.get("x", 99)), 32, 0)
    assert len({tuple(sorted(values.items())) for values, _ in found}) == 32
