import math

import numpy as np
import pytest
from example_spaces import flat, nested, spaces
from hypothesis import given
from hypothesis import strategies as st

from tfhpo.errors import ArgumentError
from tfhpo.space import Point
from tfhpo.strategies import History, Outcome


def point(*places):
    """A point of a history; None is an inactive column."""
    x = np.array([0.0 if place is None else place for place in places])
    return Point(x, np.array([place is not None for place in places]))


def told(*rows):
    """A history of resolved points: each row is a score and the places used."""
    history = History(len(rows[0]) - 1)
    for score, *places in rows:
        history.resolve(history.add(point(*places)), point(*places), score)
    return history


def test_a_point_is_pending_until_its_result_comes():
    history = History(2)
    key = history.add(point(0.5, None))
    assert history.pending.tolist() == [key]
    assert history.entry(key).outcome is Outcome.PENDING
    assert math.isnan(history.scores[key])
    history.resolve(key, point(0.5, None), 3.0)
    assert history.completed.tolist() == [key]
    assert (history.entry(key).outcome, history.entry(key).score) == (Outcome.COMPLETED, 3.0)
    assert len(history.pending) == 0


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_score_that_is_not_finite_is_a_failure(score):
    history = told((1.0, 0.1), (score, 0.2))
    assert history.failed.tolist() == [1]
    assert math.isnan(history.scores[1])
    assert history.best == 0


def test_a_pruned_point_has_a_score_and_is_never_the_best():
    history = told((1.0, 0.1), (math.nan, 0.2))
    history.resolve(history.add(point(0.3)), point(0.3), 0.5, pruned=True)
    assert (history.entry(2).outcome, history.entry(2).score) == (Outcome.PRUNED, 0.5)
    assert history.best == 0
    assert history.completed.tolist() == [0]
    assert history.scored.tolist() == [0, 2]
    assert history.known.tolist() == [0, 1, 2]
    again = History(1)
    for key in range(3):
        again.restore(history.entry(key))
    assert (again.best, again.scored.tolist()) == (0, [0, 2])


def test_the_best_is_the_first_of_the_lowest():
    assert told((3.0, 0.1), (1.0, 0.2), (math.nan, 0.3), (1.0, 0.4)).best == 1
    assert told((math.nan, 0.1)).best is None
    assert History(1).best is None


def test_a_late_result_can_be_the_best_too():
    history = History(1)
    for place in (0.1, 0.2, 0.3):
        history.add(point(place))
    for key, score, best in [(2, 1.0, 2), (0, 1.0, 0), (1, 0.5, 1)]:
        history.resolve(key, history.entry(key).point, score)
        assert history.best == best


def test_a_result_says_which_columns_the_trial_really_used():
    history = History(2)
    key = history.add(point(0.5, 0.25))
    history.resolve(key, point(0.5, None), 1.0)
    assert history.active.tolist() == [[True, False]]
    assert history.x.tolist() == [[0.5, 0.0]]


def test_places_that_are_not_active_are_kept_as_zero():
    history = History(2)
    history.add(Point(np.array([0.5, 0.7]), np.array([True, False])))
    assert history.x.tolist() == [[0.5, 0.0]]


def test_it_grows_past_its_first_room_and_keeps_its_order():
    history = told(*[(float(i), i / 100) for i in range(100)])
    assert history.scores.tolist() == list(range(100))
    assert history.x[:, 0].tolist() == [i / 100 for i in range(100)]
    assert len(history) == 100


def test_what_it_returns_of_a_point_is_a_copy():
    history = told((1.0, 0.5))
    history.entry(0).point.x[0] = 0.9
    assert history.x[0, 0] == 0.5


@pytest.mark.parametrize("key", [-1, 1, 7])
def test_an_unknown_key_is_refused(key):
    history = told((1.0, 0.5))
    with pytest.raises(ArgumentError, match=f"Received: {key}"):
        history.entry(key)
    with pytest.raises(ArgumentError, match=f"Received: {key}"):
        history.resolve(key, point(0.5), 1.0)


@pytest.mark.parametrize("score", [1.0, math.nan])
def test_a_result_is_told_once(score):
    with pytest.raises(ArgumentError, match="key 0"):
        told((score, 0.5)).resolve(0, point(0.5), 2.0)


@pytest.mark.parametrize("places", [(0.5,), (0.5, 0.5, 0.5)])
def test_a_point_of_another_dimension_is_refused(places):
    history = History(2)
    with pytest.raises(ArgumentError, match=f"2 columns.*Received: {len(places)}"):
        history.add(point(*places))
    history.add(point(0.1, 0.2))
    with pytest.raises(ArgumentError, match=f"2 columns.*Received: {len(places)}"):
        history.resolve(0, point(*places), 1.0)
    assert history.pending.tolist() == [0]


# ---------------------------------------------------------------------- revised scores


def test_a_revised_score_takes_the_place_of_the_old_one():
    history = told((3.0, 0.1), (1.0, 0.2), (2.0, 0.3))
    history.revise({0: 0.5})
    assert history.scores.tolist() == [0.5, 1.0, 2.0]
    assert history.best == 0


def test_a_best_that_is_revised_to_worse_leaves_its_place_to_the_first_of_the_lowest():
    history = told((1.0, 0.1), (2.0, 0.2), (2.0, 0.3))
    history.revise({0: 2.5})
    assert history.best == 1
    history.revise({0: 2.0})
    assert history.best == 0


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_a_point_can_be_revised_to_a_failure_and_back(score):
    history = told((1.0, 0.1))
    history.revise({0: score})
    assert (history.failed.tolist(), history.best) == ([0], None)
    assert math.isnan(history.scores[0])
    history.revise({0: 4.0})
    assert (history.completed.tolist(), history.best) == ([0], 0)


def test_only_a_known_score_can_be_revised():
    history = told((1.0, 0.1))
    key = history.add(point(0.2))
    with pytest.raises(ArgumentError, match=f"Received: pending key {key}"):
        history.revise({key: 1.0})
    with pytest.raises(ArgumentError, match="Received: 2"):
        history.revise({2: 1.0})


@given(
    st.lists(st.sampled_from([0.0, 1.0, 2.0, math.nan]), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from([0.0, 1.0, 2.0, math.nan])), max_size=9),
)
def test_the_best_after_any_revisions_is_that_of_a_history_told_so_at_once(scores, revisions):
    history = told(*[(score, index / 10) for index, score in enumerate(scores)])
    for key, score in revisions:
        if key < len(scores):
            history.revise({key: score})
            scores[key] = score
    at_once = told(*[(score, index / 10) for index, score in enumerate(scores)])
    assert history.best == at_once.best
    assert history.failed.tolist() == at_once.failed.tolist()


# ---------------------------------------------------------------------- repeats


def test_a_pending_a_failed_and_a_completed_point_are_tried():
    history = told((1.0, 0.1, 0.2), (math.nan, 0.3, 0.4))
    history.add(point(0.5, 0.6))
    for places in [(0.1, 0.2), (0.3, 0.4), (0.5, 0.6)]:
        assert history.tried(point(*places))
    assert not history.tried(point(0.1, 0.4))


def test_a_point_repeats_a_trial_that_used_less_and_agrees_with_it():
    history = told((1.0, 0.1, None, 0.3))
    assert history.tried(point(0.1, 0.7, 0.3))
    assert history.tried(point(0.1, None, 0.3))
    assert not history.tried(point(0.1, 0.7, 0.4))
    assert not history.tried(point(0.1, 0.7, None))


def test_a_pending_point_that_used_less_than_suggested_no_longer_hides_only_itself():
    history = History(2)
    key = history.add(point(0.5, 0.25))
    assert not history.tried(point(0.5, 0.75))
    history.resolve(key, point(0.5, None), 1.0)
    assert history.tried(point(0.5, 0.75))


def test_a_trial_that_used_nothing_is_repeated_by_everything():
    history = told((1.0, None, None))
    assert history.tried(point(0.5, 0.5))
    assert history.settles(np.zeros(2), np.zeros(2, dtype=bool), 0)


def test_the_two_zeros_are_one_place():
    assert told((1.0, -0.0)).tried(point(0.0))


@given(spaces(), st.data())
def test_tried_is_agreement_with_all_that_a_trial_used(space, data):
    history = History(len(space))
    points = []
    for _ in range(data.draw(st.integers(0, 8))):
        p = st.lists(st.sampled_from([0.0, 0.4, 0.9]), min_size=len(space), max_size=len(space))
        drawn = space.draw(np.array(data.draw(p)))
        unread = np.array([data.draw(st.booleans()) for _ in range(len(space))])
        used = Point(np.where(unread, 0.0, drawn.x), drawn.active & ~unread)
        history.resolve(history.add(drawn), used, 1.0)
        points.append((drawn, used))
    for candidate, _ in points:
        agrees = any(
            np.all(candidate.active[used.active])
            and np.array_equal(candidate.x[used.active], used.x[used.active])
            for _, used in points
        )
        assert history.tried(candidate) == agrees


@pytest.mark.parametrize("make", [flat, nested])
def test_a_walk_that_skips_what_is_settled_meets_exactly_the_untried(make):
    space, rng = make(), np.random.default_rng(0)
    history = History(len(space))
    for _ in range(4):
        drawn = space.draw(rng.random(len(space)))
        active = drawn.active & (np.arange(len(space)) < rng.integers(1, len(space) + 1))
        history.resolve(history.add(drawn), Point(np.where(active, drawn.x, 0), active), 1.0)
        left = [p.x.tolist() for p in space.lattice(2, skip=history.settles)]
        assert left == [p.x.tolist() for p in space.lattice(2) if not history.tried(p)]


# ---------------------------------------------------------------------- growth and saving


def test_new_columns_were_used_by_no_known_point():
    history = told((1.0, 0.1), (math.nan, 0.2))
    history.add(point(0.3))
    history.widen(3)
    assert history.x.tolist() == [[0.1, 0, 0], [0.2, 0, 0], [0.3, 0, 0]]
    assert history.active.tolist() == [[True, False, False]] * 3
    assert history.tried(point(0.1, 0.5, None))
    history.resolve(2, point(0.3, 0.5, None), 1.0)
    assert history.tried(point(0.3, 0.5, 0.5))
    assert not history.tried(point(0.3, 0.6, 0.5))


def test_a_history_is_restored_from_its_entries():
    history = told((1.0, 0.1, None), (math.nan, 0.2, 0.3))
    history.add(point(None, 0.4))
    again = History(2)
    for key in range(3):
        again.restore(history.entry(key))
    for key in range(3):
        assert str(again.entry(key)) == str(history.entry(key))
    assert again.best == history.best == 0
    again.resolve(2, point(None, 0.4), 5.0)
    with pytest.raises(ArgumentError, match="told once"):
        again.resolve(0, point(0.1, None), 5.0)


def test_entries_come_in_the_order_of_their_keys():
    history = told((1.0, 0.1), (2.0, 0.2))
    again = History(1)
    with pytest.raises(ArgumentError, match=r"key 0.*Received: key 1"):
        again.restore(history.entry(1))
