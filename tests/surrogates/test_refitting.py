"""When hyperparameters are fitted again, and that a restored fit goes on where it was."""

import json

import numpy as np
import pytest
from made_up import points

from tfhpo.surrogates.gaussian_process import Priors, fitted
from tfhpo.surrogates.kernels import Columns
from tfhpo.surrogates.refitting import GrowingFit

COLUMNS = Columns(np.array([False, True]))


def of(fit, n):
    """The hyperparameters when n results are known."""
    rng = np.random.default_rng(n)
    encoded = COLUMNS.encode(*points(COLUMNS, n, n))
    return fit.hyperparameters(COLUMNS, encoded, rng.standard_normal(n), n).vector


def test_it_is_fitted_again_when_a_twentieth_more_is_known():
    fit = GrowingFit("matern52")
    first = of(fit, 40)
    assert np.array_equal(of(fit, 41), first)
    assert not np.array_equal(of(fit, 42), first)
    # Three of forty-two are as many as it takes from then on.
    second = of(fit, 42)
    assert np.array_equal(of(fit, 44), second)
    assert not np.array_equal(of(fit, 45), second)


def test_a_fit_to_many_that_goes_on_takes_few_steps(monkeypatch):
    taken = []

    def recorded(columns, points, outputs, start, kernel, steps, priors):
        taken.append((len(outputs), steps))
        return fitted(columns, points, outputs, start, kernel, 1, priors)

    monkeypatch.setattr("tfhpo.surrogates.refitting.fitted", recorded)
    fit = GrowingFit("matern52")
    for n in (90, 100, 110, 120):
        of(fit, n)
    of(GrowingFit("matern52"), 120)
    assert taken == [(90, 40), (100, 40), (110, 10), (120, 10), (120, 40)]
    taken.clear()
    few = GrowingFit("matern52", many=20)
    for n in (19, 21):
        of(few, n)
    assert taken == [(19, 40), (21, 10)]


def test_a_restored_fit_is_the_same():
    fit, again = GrowingFit("matern52"), GrowingFit("matern52")
    of(fit, 30)
    again.restore(json.loads(json.dumps(fit.state())))
    assert np.array_equal(of(fit, 31), of(again, 31))
    assert np.array_equal(of(fit, 60), of(again, 60))


def test_a_thorough_fit_changes_nothing():
    fit = GrowingFit("matern52")
    encoded = COLUMNS.encode(*points(COLUMNS, 30, 30))
    outputs = np.random.default_rng(0).standard_normal(30)
    unfitted = fit.thorough(COLUMNS, encoded, outputs)
    assert fit.state() == GrowingFit("matern52").state()
    of(fit, 30)
    before = fit.state()
    assert fit.thorough(COLUMNS, encoded, outputs).noise == pytest.approx(unfitted.noise, abs=0.1)
    assert fit.state() == before


def test_it_is_fitted_under_its_priors():
    smooth = of(GrowingFit("matern52", Priors(length=(3.0, 0.01))), 20)
    rough = of(GrowingFit("matern52", Priors(length=(-3.0, 0.01))), 20)
    assert smooth[0] > rough[0] + 5
