"""Asynchronous successive halving."""

from collections import Counter

import numpy as np
from fidelity_runs import line, losses, plane, ran, run_in_disorder, search
from hypothesis import given, settings
from hypothesis import strategies as st

from tfhpo.strategies import ASHA

VALUES = (1, 2, 4, 8)


def test_promotions_worked_out_by_hand():
    # One of two goes on, and the highest rung comes first.
    table = {
        (0, 1): 5.0,
        (1, 1): 3.0,
        (1, 2): 2.0,  # the better of two
        (2, 1): 4.0,
        (3, 1): 1.0,
        (3, 2): 1.5,  # among the best two of four
        (3, 4): 1.2,  # the better of two at the second rung
        (4, 1): 9.0,
        (5, 1): 0.5,
        (5, 2): 3.0,  # among the best three of six, and but one of three at the second rung
        (6, 1): 7.0,
        (7, 1): 8.0,  # of eight, the best four are 5, 3, 1 and 2
        (2, 2): 2.5,
        (1, 4): 1.1,  # the second of four at the second rung
    }
    found = search(ASHA, line(1, 2, 4), proposer="grid", factor=2)
    found.run(len(table), score=losses(table))
    assert ran(found, "x", "epochs") == list(table)
    assert [event.data for event in found.strategy.take_events()][:3] == [
        {"rung": 1, "results": 2, "promoted": [1]},
        {"rung": 1, "results": 4, "promoted": [4]},
        {"rung": 2, "results": 2, "promoted": [5]},
    ]


def test_the_highest_rung_goes_first():
    found = search(ASHA, line(1, 2, 4), proposer="grid", factor=2)
    for suggestion in found.ask(6):
        found.tell(suggestion, 1.0)
    # Three of six may go on. Once two have, one of these may go on further.
    for suggestion in found.ask(2):
        found.tell(suggestion, 1.0)
    found.ask(2)
    assert ran(found, "x", "epochs")[6:] == [(0, 2), (1, 2), (0, 4), (2, 2)]


def test_failures_fill_the_rung_but_never_go_on():
    found = search(ASHA, line(1, 3), proposer="grid")
    found.run(5, score=losses({(4, 1): 1.0}))
    assert ran(found, "epochs") == [(1,)] * 5
    found.run(1)
    assert ran(found, "x", "epochs")[5] == (4, 3)


def test_what_is_awaited_fills_no_rung():
    found = search(ASHA, line(1, 3), proposer="grid")
    waiting = found.ask(9)
    found.tell(waiting[4], 1.0)
    found.tell(waiting[5], 2.0)
    (fresh,) = found.ask()
    assert found.used[fresh.key] == {"x": 9, "epochs": 1}
    found.tell(waiting[8], 3.0)
    (promoted,) = found.ask()
    assert found.used[promoted.key] == {"x": 4, "epochs": 3}


def rank(found, key):
    """How many completed trials of the same rung are better, and how many results that has."""
    history, at = found.strategy.history, found.used[key]["epochs"]
    rung = [one for one, values in found.used.items() if values["epochs"] == at]
    known = np.intersect1d(rung, history.known)
    return int(np.sum(history.scores[known] < history.scores[key])), len(known)


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), steps=st.integers(10, 60), factor=st.integers(2, 4))
def test_each_promotion_was_due_when_it_was_made(seed, steps, factor):
    found = search(ASHA, plane(*VALUES), factor=factor)
    made = 0
    for _ in run_in_disorder(found, steps, seed):
        for event in found.strategy.take_events():
            (key,) = event.data["promoted"]
            better, results = rank(found, key)
            assert better < results // factor
            made += 1
    counts = Counter(epochs for (epochs,) in ran(found, "epochs"))
    assert made == sum(counts[value] for value in VALUES[1:])


def test_where_scores_keep_their_order_a_rung_holds_its_share_at_all_times():
    # Scores only rise, so nothing that went on falls behind.
    found = search(ASHA, plane(1, 3, 9))
    for number in range(90):
        (suggestion,) = found.ask()
        found.tell(suggestion, float(number))
        counts = Counter(epochs for (epochs,) in ran(found, "epochs"))
        assert counts[3] <= counts[1] / 3
        assert counts[9] <= counts[3] / 3
    assert counts[9] > 3
