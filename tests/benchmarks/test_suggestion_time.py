"""The time of a suggestion: which ones are measured, and what is told of them."""

import numpy as np
import pytest

from benchmarks import suggestion_time
from benchmarks.suggestion_time import Cost, measured, milliseconds
from tfhpo.surrogates import refitting


@pytest.mark.parametrize("subject", ["bayesian", "bayesian, a fifth failed"])
def test_a_fit_is_among_the_suggestions_that_are_measured(monkeypatch, subject):
    fits, fitted = [], refitting.fitted

    def counted(columns, points, *arguments, **options):
        fits.append(len(points))
        return fitted(columns, points, *arguments, **options)

    monkeypatch.setattr(refitting, "fitted", counted)
    step = suggestion_time.SUBJECTS[subject](300, np.random.default_rng(0))
    step()
    fits.clear()
    for _ in range(suggestion_time.FEWEST):
        step()
    assert not fits
    for _ in range(measured(subject, 300) - suggestion_time.FEWEST):
        step()
    # One of the scores, and one of where trials fail.
    assert len(fits) == (1 if subject == "bayesian" else 2)


def test_peers_fit_for_each_point_so_a_few_suggestions_are_enough():
    assert [measured("Optuna GP", count) for count in (50, 10_000)] == [10, 10]
    assert [measured("bayesian", count) for count in (50, 500, 10_000)] == [10, 26, 501]


def test_each_step_is_timed_by_itself():
    now = [0.0]
    taking = iter([0.5, 0.25, 2.0])

    def step():
        now[0] += next(taking)

    assert milliseconds(step, 3, lambda: now[0]) == [500.0, 250.0, 2000.0]


def test_a_cell_tells_mean_longest_and_memory():
    assert str(Cost(14.62, 101.4, 83.2)) == "14.6 ms (101), 83 MiB"
