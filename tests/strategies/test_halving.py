"""Brackets: successive halving and Hyperband."""

import math
from collections import Counter

import pytest
from fidelity_runs import line, losses, plane, ran, run_in_disorder, search
from hypothesis import given, settings
from hypothesis import strategies as st

from tfhpo.errors import ArgumentError
from tfhpo.strategies import Hyperband, SuccessiveHalving, rungs
from tfhpo.strategies.brackets import sizes


def rung_sizes(found):
    """How many trials each bracket that is over had at its rungs, by its number."""
    counts = {}
    for event in found.strategy.take_events():
        counts.setdefault(event.data["bracket"], []).append(len(event.data["trials"]))
    return counts


# ---------------------------------------------------------------------- the numbers


def test_hyperband_has_the_numbers_of_the_papers_table():
    found = search(Hyperband, plane(*rungs(1, 81)))
    found.run(206 + 121, score=lambda values: values["a"])
    assert rung_sizes(found) == {
        0: [81, 27, 9, 3, 1],
        1: [27, 9, 3, 1],
        2: [9, 3, 1],
        3: [6, 2],
        4: [5],
        5: [81, 27, 9, 3, 1],
    }
    assert Counter(ran(found, "epochs")[121:161]) == {(3,): 27, (9,): 9, (27,): 3, (81,): 1}


def test_a_bracket_of_halving_sends_one_to_the_highest_rung():
    found = search(SuccessiveHalving, plane(*rungs(1, 8, 2)), factor=2)
    found.run(30, score=lambda values: values["a"])
    assert rung_sizes(found) == {0: [8, 4, 2, 1], 1: [8, 4, 2, 1]}


@pytest.mark.parametrize(
    ("first", "expected"), [(27, [27, 9, 3, 1]), (10, [10, 3, 1, 1]), (1, [1, 1, 1, 1])]
)
def test_the_size_of_a_bracket_can_be_given(first, expected):
    assert sizes(first, 4, 3) == expected
    found = search(SuccessiveHalving, plane(1, 3, 9, 27), bracket_size=first)
    found.run(sum(expected), score=lambda values: values["a"])
    assert rung_sizes(found) == {0: expected}


@pytest.mark.parametrize(
    ("budget", "size"), [(None, 27), (1000, 27), (40, 27), (39, 26), (10, 6), (4, 1), (1, 1)]
)
def test_a_bracket_fits_into_the_budget(budget, size):
    made = search(SuccessiveHalving, plane(1, 3, 9, 27), budget=budget).strategy
    assert made.bracket_size == size
    assert budget is None or budget < 4 or sum(sizes(size, 4, 3)) <= budget


def test_a_search_that_goes_on_with_a_larger_budget_keeps_its_brackets():
    found = search(SuccessiveHalving, plane(1, 3, 9, 27), budget=10).strategy
    again = search(SuccessiveHalving, plane(1, 3, 9, 27), budget=40).strategy
    again.restore(found.state(), [])
    assert again.bracket_size == 6


def test_a_bracket_holds_at_least_one():
    with pytest.raises(ArgumentError, match="bracket_size=0"):
        search(SuccessiveHalving, plane(1, 3), bracket_size=0)


# ---------------------------------------------------------------------- who goes on


def test_the_best_half_goes_on_the_best_first_and_then_a_new_bracket_begins():
    table = {
        (0, 1): 5.0, (1, 1): 3.0, (2, 1): 4.0, (3, 1): 1.0,
        (3, 2): 2.0, (1, 2): 1.5, (1, 4): 1.0,
    }  # fmt: skip
    found = search(SuccessiveHalving, line(1, 2, 4), proposer="grid", factor=2)
    found.run(8, score=losses(table))
    assert ran(found, "x", "epochs") == [*table, (4, 1)]
    assert [event.data for event in found.strategy.take_events()] == [
        {"bracket": 0, "rung": 1, "trials": [0, 1, 2, 3], "promoted": [3, 1]},
        {"bracket": 0, "rung": 2, "trials": [4, 5], "promoted": [5]},
        {"bracket": 0, "rung": 4, "trials": [6], "promoted": []},
    ]


def test_equals_go_on_in_the_order_they_were_tried():
    found = search(SuccessiveHalving, line(1, 2), proposer="grid", factor=2, bracket_size=5)
    found.run(7, score=lambda values: 1.0)
    assert ran(found, "x", "epochs")[5:] == [(0, 2), (1, 2)]


def test_failures_leave_their_places_empty():
    found = search(SuccessiveHalving, line(1, 2, 4), proposer="grid", factor=2)
    found.run(8, score=lambda v: float(v["x"]) if v["x"] == 2 else math.nan)
    assert ran(found, "x", "epochs")[4:] == [(2, 2), (2, 4), (4, 1), (5, 1)]


def test_a_bracket_whose_members_all_fail_is_over():
    found = search(SuccessiveHalving, line(1, 2, 4), proposer="grid", factor=2)
    found.run(9, score=lambda values: math.nan)
    assert [epochs for (epochs,) in ran(found, "epochs")] == [1] * 9


def test_while_results_are_awaited_the_next_bracket_begins_and_the_oldest_goes_first():
    found = search(SuccessiveHalving, line(1, 3), proposer="grid", bracket_size=3)
    first, second = found.ask(3), found.ask(3)
    for suggestion in second:
        found.tell(suggestion, 1.0)
    found.tell(first[1], 1.0)
    # The second bracket's rung is complete, the first one's is not.
    (late,) = found.ask()
    assert found.used[late.key] == {"x": 3, "epochs": 3}
    (fresh,) = found.ask()
    assert found.used[fresh.key] == {"x": 6, "epochs": 1}
    for suggestion in (first[0], first[2]):
        found.tell(suggestion, 2.0)
    (early,) = found.ask()
    assert found.used[early.key] == {"x": 1, "epochs": 3}


def test_of_two_brackets_that_can_hand_out_work_the_older_does():
    found = search(SuccessiveHalving, line(1, 3), proposer="grid", bracket_size=3)
    for suggestion in found.ask(6):
        found.tell(suggestion, 1.0)
    older, newer = found.ask(2)
    assert [found.used[one.key]["x"] for one in (older, newer)] == [0, 3]


def test_the_last_bracket_goes_on_with_what_it_has():
    found = search(SuccessiveHalving, line(1, 3, 9, size=7), proposer="grid")
    found.run_out()
    assert rung_sizes(found) == {0: [7, 2, 1]}


@pytest.mark.parametrize("strategy", [SuccessiveHalving, Hyperband])
@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), steps=st.integers(10, 60))
def test_never_more_go_on_than_may_and_these_are_the_best(strategy, seed, steps):
    found = search(strategy, plane(1, 2, 4), factor=2)
    for _ in run_in_disorder(found, steps, seed):
        pass
    scores = found.strategy.history.scores
    for event in found.strategy.take_events():
        trials, promoted = event.data["trials"], event.data["promoted"]
        assert set(promoted) <= set(trials)
        assert len(promoted) <= (0 if event.data["rung"] == 4 else max(1, len(trials) // 2))
        left = [scores[key] for key in set(trials) - set(promoted) if scores[key] < math.inf]
        if promoted and left:
            assert max(scores[key] for key in promoted) <= min(left)
