"""Branches: which one lacks trials, and points that lie in it."""

import math

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


def described(space):
    """Of each branch the parent, its values and the share."""
    return [
        (
            space.parameters[branch.column].name,
            [space.parameters[branch.column].domain.from_unit(u) for u in branch.places],
            pytest.approx(branch.share),
        )
        for branch in Branches(space).branches
    ]


def moved(branch, point, rng):
    """The point, in a branch."""
    inside = branch.within(Point(point.x[None], point.active[None]), rng)
    return Point(inside.x[0], inside.active[0])


def lacking(found, history):
    """The branches that the next point should lie in."""
    if not Branches.due(history):
        return []
    return found.lacking(Point(history.x, history.active), history.failed)


def trials(space, number, otherwise, fails=()):
    """How many of so many trials are of each kind, if all that are free are of one kind."""
    rng, found, history = np.random.default_rng(0), Branches(space), History(len(space))
    for _ in range(number):
        point = space.encode({"kind": otherwise, "x": 0.5})
        for branch in lacking(found, history)[:1]:
            point = moved(branch, point, rng)
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
        assert lacking(Branches(space), history) == []
        history.add(space.draw(np.full(len(space), 0.3)))


# ---------------------------------------------------------------- which one lacks trials


def test_a_third_of_the_trials_are_called_for():
    # All free trials are of one kind; the very first is free, too.
    assert trials(three(), 91, "plain") == {"plain": 61, "deep": 15, "wide": 15}


def test_a_branch_that_is_known_well_calls_for_nothing():
    assert trials(three(), 300, "plain") == {"plain": 260, "deep": 20, "wide": 20}


def test_a_branch_that_has_its_share_calls_for_nothing():
    space = two()
    history, found = History(3), Branches(space)
    for number in range(30):
        kind = ("plain", "deep")[number % 2]
        values = {"kind": kind, "x": 0.5} | ({"depth": 0.5} if kind == "deep" else {})
        assert not lacking(found, history) or len(history) % 2
        history.add(space.encode(values))


def test_a_branch_that_only_fails_is_soon_left_alone():
    counts = trials(three(), 90, "plain", fails=("deep",))
    assert 2 <= counts["deep"] <= 5
    assert counts["wide"] == 20


def test_only_trials_that_used_a_parent_are_shared_out():
    space = nested()
    history, found = History(len(space)), Branches(space)
    models = ["mlp", "cnn", "linear", "cnn", "linear", "mlp"]
    for model in models:
        values = {"model": model} | ({"layers": 1, "units": 8} if model == "mlp" else {})
        history.add(space.encode(values))
    # Of two trials with layers one should have two of them; as many are no model's share short.
    branch = lacking(found, history)[0]
    assert (space.parameters[branch.column].name, branch.places.tolist()) == ("layers", [1.0])
    history = History(len(space))
    for model in ["mlp", *models[1:5], "linear"]:
        values = {"model": model} | ({"layers": 1, "units": 8} if model == "mlp" else {})
        history.add(space.encode(values))
    branch = lacking(found, history)[0]
    assert (space.parameters[branch.column].name, branch.places.tolist()) == ("model", [0.0])


def test_pending_trials_count():
    space = three()
    history, found, rng = History(len(space)), Branches(space), np.random.default_rng(0)
    called = []
    for _ in range(12):
        point = space.encode({"kind": "plain", "x": 0.5})
        for branch in lacking(found, history)[:1]:
            point = moved(branch, point, rng)
            called.append(space.decode(*point)["kind"])
        history.add(point)
    assert called == ["deep", "wide", "deep"]


# ---------------------------------------------------------------- points in a branch


@given(spaces(), st.integers(0, 2**32 - 1))
def test_points_in_a_branch_are_points_of_the_space_and_like_what_they_were(space, seed):
    rng = np.random.default_rng(seed)
    points = space.draws(rng.random((20, len(space))))
    for branch in Branches(space).branches:
        inside = branch.within(points, rng)
        assert len(inside.x) == len(points.x)
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
    found = Branches(space).branches
    for column in {branch.column for branch in found}:
        siblings = [branch for branch in found if branch.column == column]
        inside = np.sum([branch.holds(*points) for branch in siblings], axis=0)
        assert np.array_equal(inside, points.active[:, column])
        assert sum(branch.share for branch in siblings) == pytest.approx(1.0)


def test_what_the_parent_depends_on_is_moved_with_it():
    space = nested()
    points = space.points(np.tile(space.encode({"model": "linear"}).x, (40, 1)))
    assert not points.active[:, 1:].any()
    for branch in Branches(space).branches:
        inside = branch.within(points, np.random.default_rng(0))
        assert len(inside.x) == 40
        assert branch.holds(*inside).all()


def twins():
    """One name under two kinds, with columns below one of them."""
    mlp, cnn_ = when("model", "mlp"), when("model", "cnn")
    few = when("units", 3, 4)
    return Space(
        [
            Parameter("model", Levels(("mlp", "cnn"))),
            Parameter("units", Steps(3, 8), (cnn_,)),
            Parameter("units", Steps(1, 4), (mlp,)),
            Parameter("act", Levels(("relu", "prelu", "swish")), (mlp, few)),
            Parameter("gate", Levels((False, True)), (when("act", "prelu"),)),
            Parameter("slope", UNIT, (when("gate", True),)),
        ]
    )


def test_of_two_parents_of_a_name_the_one_that_can_count_is_moved():
    space = twins()
    assert described(space) == [
        ("model", ["mlp"], 1 / 2),
        ("model", ["cnn"], 1 / 2),
        ("units", [1, 2], 1 / 2),
        ("units", [3, 4], 1 / 2),
        # Nothing counts under the other units alone.
        ("act", ["relu", "swish"], 2 / 3),
        ("act", ["prelu"], 1 / 3),
        ("gate", [False], 1 / 2),
        ("gate", [True], 1 / 2),
    ]
    points = space.draws(np.random.default_rng(0).random((100, 6)))
    for branch in Branches(space).branches:
        inside = branch.within(points, np.random.default_rng(1))
        assert len(inside.x) == 100
        settled = branch.settled(points.x)
        assert branch.holds(*settled).all()
        there = branch.holds(*points)
        assert np.array_equal(settled.x[there], points.x[there])


def test_each_column_that_is_needed_is_moved_once():
    deep = [Parameter("p0", Levels((1, 2)))]
    for depth in range(1, 30):
        conditions = tuple(when(parameter.name, 2) for parameter in deep)
        deep.append(Parameter(f"p{depth}", Levels((1, 2)), conditions))
    last = Branches(Space(deep)).branches[-1]
    assert [column for column, _ in last.needed] == list(range(28))


def test_every_value_of_a_branch_is_moved_to():
    space = cnn()
    points = space.points(np.tile(space.encode({"optimizer": "sgd"}).x, (300, 1)))
    branch = Branches(space).branches[3]
    inside = branch.within(points, np.random.default_rng(0))
    values = [space.decode(*point)["optimizer"] for point in zip(*inside, strict=True)]
    assert 120 < values.count("lamb") < 180
    assert values.count("adam") + values.count("lamb") == 300


def test_columns_that_come_to_count_are_drawn_from_their_distributions():
    rate = Parameter(
        "rate", UNIT, (when("kind", "deep"),), prior=Prior(scipy.stats.beta(20.0, 20.0))
    )
    space = Space([Parameter("kind", Levels(("plain", "deep"))), rate])
    points = space.points(np.zeros((300, 2)))
    inside = Branches(space).branches[1].within(points, np.random.default_rng(0))
    assert np.std(inside.x[:, 1]) == pytest.approx(scipy.stats.beta(20.0, 20.0).std(), rel=0.2)


def test_other_columns_keep_their_places_and_new_ones_are_spread():
    space = three()
    points = space.points(np.tile(space.encode({"kind": "plain", "x": 0.25}).x, (200, 1)))
    deep = Branches(space).branches[1]
    inside = deep.within(points, np.random.default_rng(0))
    assert np.all(inside.x[:, 1] == 0.25)
    assert inside.active[:, 2].all()
    assert np.quantile(inside.x[:, 2], [0.0, 0.5, 1.0]) == pytest.approx([0.0, 0.5, 1.0], abs=0.1)


# ---------------------------------------------------------------- searches

SEEDS = range(8)


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


def wide_space():
    """Two kinds in five columns, of which one has three more."""
    kinds = Parameter("kind", Levels(("plain", "deep")))
    common = [Parameter(f"x{i}", UNIT) for i in range(4)]
    own = [Parameter(f"d{i}", UNIT, (when("kind", "deep"),)) for i in range(3)]
    return Space([kinds, *common, *own])


def corner(values):
    """A slope with waves; the better kind is worse, but for an eighth at the end of the slope."""
    slope = 1.0 - values["x0"] + 0.1 * sum(math.cos(9.0 * values[f"x{i}"]) for i in range(1, 4))
    if values["kind"] == "plain":
        return slope
    in_corner = values["x0"] > 0.9 and all(values[f"d{i}"] > 0.5 for i in range(3))
    return slope + (-2.0 if in_corner else 1.0)


def test_the_best_corner_of_a_branch_that_is_bad_elsewhere_is_found(monkeypatch):
    def found():
        searches = [search_of(wide_space(), corner, 30, seed) for seed in SEEDS]
        return sum(min(score for _, score in search) < -1.0 for search in searches)

    with_branches = found()
    monkeypatch.setattr(Branches, "due", lambda history: False)
    assert with_branches - found() >= 3


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
    target, called = search._target(), lacking(Branches(space), search.history)[0]
    left = [point for point in space.lattice(1) if not search.history.tried(point)]
    ((_, point),) = search.suggest()

    def acquisition(points):
        return target.value(*(np.array(part) for part in zip(*points, strict=True)))

    inside = [one for one in left if one.active[2]]
    assert called.holds(*(part[None] for part in point)).all()
    assert acquisition([point])[0] == pytest.approx(acquisition(inside).max())
    assert acquisition(left).max() > acquisition(inside).max()


def test_where_everything_was_tried_another_branch_calls():
    kinds = Parameter("kind", Levels(("plain", "deep", "wide")))
    space = Space(
        [
            kinds,
            Parameter("depth", Steps(1, 40), (when("kind", "deep"),)),
            Parameter("width", Steps(1, 40), (when("kind", "wide"),)),
        ]
    )

    def score(values):
        return {"plain": 5.0, "deep": 5.0, "wide": 0.0}[values["kind"]] + values.get(
            "width", 0
        ) / 100

    kinds = [values["kind"] for values, _ in search_of(space, score, 40, 0)]
    assert kinds.count("plain") == 1
    assert kinds.count("deep") >= 9


@pytest.mark.parametrize("seed", range(3))
def test_a_parent_of_many_values_stays_in_the_branch(seed):
    # So many values are followed along their gradient, which leads out of the branch.
    parent = Parameter("n", Steps(1, 50))
    space = Space(
        [parent, Parameter("x", UNIT), Parameter("d", UNIT, (when("n", *range(41, 51)),))]
    )
    search = BayesianOptimization(space, np.random.default_rng(seed))
    calls = 0
    for _ in range(30):
        called = lacking(Branches(space), search.history)
        ((key, point),) = search.suggest()
        if called and key >= 5:
            assert called[0].holds(point.x[None], point.active[None]).all()
            calls += 1
        values = space.decode(*point)
        score = (values["n"] / 50) ** 2 + (values["x"] - 0.5) ** 2
        search.observe([Result(key, point, score)])
    assert calls >= 3
