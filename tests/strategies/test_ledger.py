"""Which trial ran what, and scores that are comparable between rungs."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfhpo.space import Point
from tfhpo.strategies import History
from tfhpo.strategies.ledger import Ledger

NOWHERE = Point(np.zeros(1), np.ones(1, dtype=bool))


def scores(trials, count=3):
    """The comparable scores of trials: each a configuration, a rung, and a score or None."""
    ledger, history = Ledger(), History(1)
    for configuration, rung, score in trials:
        ledger.add(configuration, rung)
        key = history.add(NOWHERE)
        if score is not None:
            history.resolve(key, NOWHERE, score)
    return ledger.scores(history, count)


def test_each_rung_that_is_missing_adds_its_median_change():
    # One rung more changes -4 and -2, the median -3; two more change it by -1 again.
    trials = [
        (0, 0, 10.0), (1, 0, 8.0), (2, 0, 9.5), (0, 1, 6.0), (1, 1, 6.0), (0, 2, 5.0), (3, 1, 4.0),
    ]  # fmt: skip
    assert scores(trials).tolist() == [5.0, 6.0 - 1.0, 9.5 - 3.0 - 1.0, 4.0 - 1.0]


def test_the_median_is_not_moved_by_one_wild_change():
    trials = [(0, 0, 1.0), (1, 0, 1.0), (2, 0, 1.0), (3, 0, 1.0)]
    trials += [(0, 1, 0.5), (1, 1, 0.75), (2, 1, 1e9)]
    assert scores(trials, 2)[3] == 1.0 - 0.25


def test_without_a_change_seen_nothing_is_added():
    assert scores([(0, 0, 3.0), (1, 1, 2.0), (2, 2, 1.0)]).tolist() == [3.0, 2.0, 1.0]


def test_what_failed_at_any_rung_or_is_awaited_has_no_score():
    trials = [(0, 0, 1.0), (0, 1, math.nan), (1, 0, None), (2, 0, math.inf), (3, 0, 2.0)]
    assert np.isnan(scores(trials)).tolist() == [True, True, True, False]


def test_a_score_stands_while_the_next_rung_is_awaited():
    assert scores([(0, 0, 1.0), (0, 1, None)]).tolist() == [1.0]


def test_no_configuration_has_no_score():
    assert scores([]).tolist() == []


@given(
    st.lists(
        st.tuples(*[st.floats(allow_nan=False, allow_infinity=False)] * 3), min_size=1, max_size=5
    )
)
def test_scores_stay_finite_however_large(rows):
    trials = []
    for configuration, row in enumerate(rows):
        trials += [(configuration, rung, score) for rung, score in enumerate(row[: len(rows)])]
    assert np.all(np.isfinite(scores([*trials, (len(rows), 0, rows[0][0])])))


def test_trials_are_found_by_configuration_and_rung():
    ledger = Ledger()
    for configuration, rung in [(0, 0), (1, 1), (0, 1), (0, 1)]:
        ledger.add(configuration, rung)
    for other in (ledger, Ledger.restored(ledger.state())):
        assert len(other) == 4
        assert (other.trial(0, 1), other.trial(1, 1), other.trial(1, 0)) == (2, 1, None)
        assert other.place(1) == (1, 1)
        assert other.first.tolist() == [0, 1]
        assert other.rungs(np.array([0, 2])).tolist() == [0, 1]
    assert ledger.state() == {"configurations": [0, 1, 0, 0], "rungs": [0, 1, 1, 1]}


def test_a_trial_goes_on_from_the_next_lower_rung_that_was_tried():
    ledger = Ledger()
    for configuration, rung in [(0, 0), (1, 2), (0, 1), (0, 3), (1, 0)]:
        ledger.add(configuration, rung)
    assert [ledger.below(key) for key in range(5)] == [None, 4, 0, 2, None]


@pytest.mark.parametrize("count", [1, 2])
def test_a_fidelity_may_have_few_rungs(count):
    assert scores([(0, 0, 1.0)], count).tolist() == [1.0]
