"""The elastic grid's own behaviour; what every strategy owes is in the conformance suite."""

import json
import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from example_spaces import FINITE, cnn, spaces, when
from hypothesis import given, settings
from hypothesis import strategies as st

from tfhpo.errors import ArgumentError
from tfhpo.space import FloatRange, Levels, Parameter, Point, Space, Steps
from tfhpo.strategies import ElasticGrid, Result


def box(dimension=2):
    return Space(Parameter(f"x{i}", FloatRange(0.0, 1.0)) for i in range(dimension))


def bowl(x):
    """Distance to a place that no lattice of the whole ranges holds."""
    return float(np.sum((x - 0.37) ** 2))


def make(space, seed=0, **options):
    return ElasticGrid(space, np.random.default_rng(seed), **options)


def tell(search, suggestion, score):
    search.observe([Result(suggestion.key, suggestion.point, score)])


def run(search, trials, loss=bowl, at_once=1):
    """Runs trials and returns their points."""
    points = []
    while len(points) < trials and not search.finished:
        for suggestion in search.suggest(min(at_once, trials - len(points))):
            points.append(suggestion.point)
            tell(search, suggestion, loss(suggestion.point.x))
    return points


def rounds(search):
    return [event.data for event in search.take_events() if event.kind == "round"]


def width(column):
    return column["high"] - column["low"]


# ---------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    "wrong",
    [
        {"levels": 1},
        {"alpha": 1.1},
        {"alpha": -0.1},
        {"moved": 0.0},
        {"moved": 1.5},
        {"looks": 0},
        {"round_size": 0},
        {"patience": 0},
        {"resolution": -1e-3},
        {"resolution": 1.0},
        {"alpha": math.nan},
    ],
    ids=str,
)
def test_an_argument_out_of_bounds_is_refused(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(ArgumentError, match=f"`{name}` must be .* Received: {name}={value}"):
        make(box(), **wrong)


# ---------------------------------------------------------------------- the lattice


def test_starts_at_the_defaults_or_the_middle():
    space = Space(
        [
            Parameter("rate", FloatRange(1e-4, 1e-2, "log"), default=1e-3),
            Parameter("width", Steps(1, 9), default=2),
            Parameter("share", FloatRange(0.0, 8.0)),
        ]
    )
    (start,) = make(space).suggest()
    assert space.decode(*start.point) == pytest.approx({"rate": 1e-3, "width": 2, "share": 4.0})


@given(st.integers(1, 5), st.integers(2, 7), st.integers(0, 9))
def test_first_round_shows_each_level_twice_and_both_ends(dimension, levels, seed):
    search = make(box(dimension), seed, levels=levels, alpha=1.0)
    points = [suggestion.point for suggestion in search.suggest(1 + 2 * levels)]
    # In one dimension a second deck only repeats the first: other points take its place.
    for column in range(dimension if dimension > 1 else 0):
        seen = Counter(float(point.x[column]) for point in points[1:])
        assert {0.0, 1.0} <= set(seen)
        assert max(seen.values()) - min(seen[u] for u in np.linspace(0, 1, levels)) <= 2
    ends = {0.0, 1.0} & {float(point.x[0]) for point in points}
    assert ends == {0.0, 1.0}


def test_alpha_1_stays_on_the_lattice():
    search = make(box(3), alpha=1.0, levels=5, round_size=10)
    points = [suggestion.point for suggestion in search.suggest(40)]
    assert {float(u) for point in points for u in point.x} <= {0.0, 0.25, 0.5, 0.75, 1.0}


def test_alpha_0_leaves_the_lattice_but_not_the_ranges():
    search = make(box(3), alpha=0.0, levels=5, round_size=10)
    places = [float(u) for suggestion in search.suggest(40)[1:] for u in suggestion.point.x]
    assert not {0.0, 0.25, 0.5, 0.75, 1.0} & set(places)
    assert min(places) < 0.1
    assert max(places) > 0.9


@settings(max_examples=25)
@given(spaces(), st.integers(0, 5), st.sampled_from([0.0, 0.5, 1.0]))
def test_every_point_lies_in_the_space(space, seed, alpha):
    search = make(space, seed, alpha=alpha)
    for point in run(search, 25, at_once=3):
        exact = space.point(point.x)
        assert np.array_equal(exact.active, point.active)
        assert np.allclose(exact.x, point.x, atol=1e-12)


# ---------------------------------------------------------------------- candidates


def test_later_candidates_keep_most_of_the_incumbent():
    search = make(box(10), moved=0.2)
    run(search, 300)
    kinds = []
    while len(kinds) < 20:
        best = search.history.x[search.history.best].copy()
        (suggestion,) = search.suggest()
        kinds.append(int(np.sum(suggestion.point.x != best)))
        tell(search, suggestion, 1.0)
    assert min(kinds) >= 1
    # Zoom rounds move about a fifth of ten columns; some of the rounds are global.
    assert np.median(kinds) <= 4


def test_inactive_columns_of_the_incumbent_keep_their_range():
    search = make(
        Space(
            [
                Parameter("kind", Levels(("a", "b"))),
                Parameter("only_a", FloatRange(0.0, 1.0), (when("kind", "a"),)),
                Parameter("only_b", FloatRange(0.0, 1.0), (when("kind", "b"),)),
            ]
        )
    )
    # Kind a is always better, so nothing is ever learnt of b's column.
    run(search, 60, lambda x: bowl(x[1:2]) + (10 if x[0] else 0))
    zooms = [one for one in rounds(search) if one["kind"] == "zoom"]
    assert zooms
    assert all(width(one["columns"][2]) == 1.0 for one in zooms)
    assert min(width(one["columns"][1]) for one in zooms) < 0.5


# ---------------------------------------------------------------------- rounds


def scripted(scores, **options):
    """Plays rounds of one result each with these scores, and returns the search and its rounds."""
    search = make(box(2), round_size=1, **options)
    for score in scores:
        (suggestion,) = search.suggest()
        tell(search, suggestion, score)
    return search, rounds(search)


def ends(one):
    return [(column["low"], column["high"]) for column in one["columns"]]


def test_first_round_pulls_the_ranges_around_its_best():
    _, told = scripted([1.0, 1.0], levels=5)
    # The only point was the middle, and the cell is a quarter.
    assert ends(told[1]) == [(0.25, 0.75), (0.25, 0.75)]


def test_discard_restores_the_former_ranges_and_halves_the_pull():
    search, told = scripted([3.0, 2.0, 9.0, 9.0, 9.0], patience=9, levels=5)
    assert [one["kept"] for one in told] == [True, True, False, False, False]
    assert [one["pull"] for one in told] == [1.0, 1.0, 1.0, 0.5, 0.25]
    # Round 3 starts from the ranges kept in round 1, and goes half the way to round 2's best.
    kept, c, r = np.array(ends(told[1])), search.history.x[1], search.history.x[2]
    cell = (kept[:, 1] - kept[:, 0]) / 4
    target = np.stack([np.minimum(c, r) - cell, np.maximum(c, r) + cell], axis=1).clip(0, 1)
    half = (kept + target) / 2
    half[:, 0] = np.minimum(half[:, 0], np.minimum(c, r))
    half[:, 1] = np.maximum(half[:, 1], np.maximum(c, r))
    assert (c != r).any()
    assert np.allclose(ends(told[3]), np.where((c != r)[:, None], half, kept))


def test_improvement_restores_the_pull():
    _, told = scripted([3.0, 9.0, 2.0, 1.0], patience=9)
    assert [one["pull"] for one in told] == [1.0, 1.0, 0.5, 1.0]


@pytest.mark.parametrize("patience", [1, 2, 4])
def test_discards_bring_a_global_round(patience):
    _, told = scripted([1.0] + [5.0] * (patience + 2), patience=patience)
    kinds = [one["kind"] for one in told]
    assert kinds == ["global", *["zoom"] * patience, "global", "zoom"]
    assert ends(told[patience + 1]) == [(0.0, 1.0), (0.0, 1.0)]


def test_global_round_in_vain_contracts_the_ranges_for_good():
    _, told = scripted([1.0] + [5.0] * 40, patience=1, resolution=0.0)
    # The ranges after each global round but the first: every one lies inside the one before.
    after = [
        np.array(ends(told[i + 1]))
        for i, one in enumerate(told[:-1])
        if one["kind"] == "global" and i
    ]
    assert len(after) > 10
    for wide, narrow in pairwise(after):
        assert (narrow[:, 0] >= wide[:, 0]).all()
        assert (narrow[:, 1] <= wide[:, 1]).all()
        assert (narrow[:, 1] - narrow[:, 0] < wide[:, 1] - wide[:, 0]).all()


def test_global_round_that_improves_is_kept():
    _, told = scripted([2.0, 5.0, 1.0, 5.0], patience=1)
    assert [one["kind"] for one in told] == ["global", "zoom", "global", "zoom"]
    assert told[2]["kept"]


def test_ends_when_every_range_is_finer_than_the_resolution():
    search = make(box(2), resolution=0.05)
    run(search, 2000)
    assert search.finished
    assert search.suggest() == []
    assert 20 < len(search.history) < 2000
    best = search.history.x[search.history.best]
    assert np.abs(best - 0.37).max() < 0.05


def test_resolution_0_never_ends():
    search = make(box(1), resolution=0.0)
    run(search, 400)
    assert not search.finished


def test_late_results_of_an_earlier_round_make_the_incumbent_but_no_round():
    search = make(box(2), round_size=4)
    batch = search.suggest(6)
    for suggestion in batch[:4]:
        tell(search, suggestion, 5.0)
    assert len(rounds(search)) == 1
    for suggestion in batch[4:]:
        tell(search, suggestion, 1.0)
    assert rounds(search) == []
    for suggestion in search.suggest(4):
        tell(search, suggestion, 3.0)
    (told,) = rounds(search)
    assert (told["best"], told["incumbent"]) == (3.0, 1.0)


def test_nothing_but_failures_goes_on_globally():
    search = make(cnn(), round_size=3)
    run(search, 30, lambda x: math.nan)
    told = rounds(search)
    assert len(told) == 10
    assert {one["kind"] for one in told} == {"global"}
    assert not any(one["kept"] for one in told)
    assert told[-1]["best"] is None
    assert not search.finished


def test_a_point_told_from_outside_the_ranges_draws_them_there():
    search = make(box(2))
    run(search, 20)
    found = Point(np.array([0.98, 0.02]), np.ones(2, dtype=bool))
    search.observe([Result(search.hold(found), found, -1.0)])
    search.take_events()
    run(search, 12)
    with_it, after = rounds(search)[:2]
    assert with_it["incumbent"] == -1.0
    for (low, high), place in zip(ends(after), found.x, strict=True):
        assert low <= place <= high


# ---------------------------------------------------------------------- categoricals


def test_categorical_set_shrinks_around_a_clear_winner():
    space = Space(
        [Parameter("kind", Levels(tuple("abcdefgh"))), Parameter("x", FloatRange(0.0, 1.0))]
    )
    search = make(space)
    run(search, 80, lambda x: abs(x[0] - space.parameters[0].domain.to_unit("c")) + bowl(x[1:]))
    sizes = [len(one["columns"][0]["active"]) for one in rounds(search) if one["kind"] == "zoom"]
    assert min(sizes) < 8
    assert all("c" in one["columns"][0]["active"] for one in rounds(search))


def test_categorical_set_regrows_when_the_best_changes_choice():
    space = Space(
        [Parameter("kind", Levels(tuple("abcdefgh"))), Parameter("x", FloatRange(0.0, 1.0))]
    )
    search, calls = make(space), []

    def loss(x):
        # The winner changes in mid-search: the second half is better elsewhere, ever more so.
        calls.append(x)
        target = "c" if len(calls) < 60 else "g"
        away = abs(x[0] - space.parameters[0].domain.to_unit(target))
        return away + bowl(x[1:]) - (len(calls) >= 60) * 5

    run(search, 150, loss)
    told = [set(one["columns"][0]["active"]) for one in rounds(search) if one["kind"] == "zoom"]
    gained = [after - before for before, after in pairwise(told)]
    assert any(gained)


# ---------------------------------------------------------------------- workers and state


def test_sixteen_pending_points_are_distinct_and_never_waited_for():
    search = make(cnn())
    run(search, 20)
    for _ in range(3):
        batch = search.suggest(16)
        assert len(batch) == 16
    assert len({suggestion.point.x.tobytes() for suggestion in batch}) == 16


@settings(max_examples=12)
@given(st.integers(1, 60), st.integers(0, 5), st.booleans())
def test_restores_exactly_in_mid_round(trials, seed, leave_pending):
    space, loss = cnn(), lambda x: math.nan if x[2] > 0.9 else bowl(x)
    search = make(space, seed)
    run(search, trials, loss)
    if leave_pending:
        search.suggest(3)
    entries = [search.history.entry(key) for key in range(len(search.history))]
    state = json.loads(json.dumps(search.state()))
    again = make(space, seed + 1)
    again.restore(state, entries)
    search.take_events()
    expected, found = run(search, 25, loss), run(again, 25, loss)
    assert all(np.array_equal(a.x, b.x) for a, b in zip(expected, found, strict=True))
    assert rounds(again) == rounds(search)
    assert again.state() == search.state()


def test_private_state_stays_small():
    search = make(cnn())
    run(search, 20)
    early = len(json.dumps(search.state()))
    run(search, 200)
    assert len(json.dumps(search.state())) < max(2000, 2 * early)


@pytest.mark.parametrize("name", FINITE)
@pytest.mark.parametrize("at_once", [1, 5])
def test_a_finite_space_is_covered_and_then_finished(name, at_once):
    space = FINITE[name]()
    search = make(space)
    points = run(search, 200, at_once=at_once)
    assert len(points) == space.size
    assert len({(p.x.tobytes(), p.active.tobytes()) for p in points}) == space.size
    assert search.suggest() == []
    assert search.finished


def test_a_new_column_joins_with_its_whole_range():
    known = box(2)
    search = make(known)
    run(search, 40)
    search.extend(known.extended([Parameter("late", FloatRange(0.0, 1.0))]))
    search.take_events()
    points = run(search, 60, lambda x: bowl(x[:2]) + abs(x[2] - 0.4) - 1)
    assert len({float(point.x[2]) for point in points}) > 5
    late = [one["columns"][2] for one in rounds(search)]
    assert (late[0]["low"], late[0]["high"]) == (0.0, 1.0)
    assert min(map(width, late)) < 1.0


def test_tells_its_rounds_in_values():
    search = make(cnn())
    run(search, 60)
    told = rounds(search)
    assert [one["round"] for one in told] == list(range(len(told)))
    assert json.loads(json.dumps(told)) == told
    for one in told:
        assert [column["name"] for column in one["columns"]] == cnn().names
        rate, optimizer = one["columns"][2], one["columns"][7]
        assert rate["low_value"] == pytest.approx(1e-3 * 100 ** rate["low"])
        assert rate["high_value"] == pytest.approx(1e-3 * 100 ** rate["high"])
        assert rate["active"] is None
        assert set(optimizer["active"]) <= {"sgd", "adam", "lamb"}
        assert rate["low"] <= rate["high"]


def test_tells_a_round_when_it_opens_as_when_it_ends():
    search = make(cnn())
    run(search, 60)
    events = search.take_events()
    assert [event.kind for event in events] == (["opening", "round"] * len(events))[: len(events)]
    opened = {event.data["round"]: event.data for event in events if event.kind == "opening"}
    ended = {event.data["round"]: event.data for event in events if event.kind == "round"}
    assert sorted(opened) == list(range(len(opened)))
    assert set(ended) - set(opened) == set()
    for number in set(ended) & set(opened):
        began, end = opened[number], ended[number]
        for name in ("kind", "pull", "first"):
            assert began[name] == end[name]
        for column, same in zip(began["columns"], end["columns"], strict=True):
            assert column["active"] == same["active"]
            assert (column["low"], column["high"]) == (same["low"], same["high"])
        assert began["trials"] == began["first"] <= end["trials"]
        assert number == 0 or began["incumbent"] >= end["incumbent"]
    assert opened[0]["incumbent"] is None


# ---------------------------------------------------------------------- it is worth it


def test_beats_random_and_the_plain_rule_on_a_narrow_bowl():
    def reached(**options):
        best = []
        for seed in range(8):
            search = make(box(6), seed, **options)
            run(search, 60)
            best.append(search.history.scores.min())
        return float(np.mean(best))

    scattered = np.random.default_rng(0).random((8, 60, 6))
    at_random = np.mean([min(map(bowl, points)) for points in scattered])
    elastic = reached()
    assert elastic < at_random / 5
    assert elastic < reached(moved=1.0, looks=1) / 2
