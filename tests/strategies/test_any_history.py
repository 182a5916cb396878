"""Bayesian optimisation and TPE after any history: no warning, no error, points of the space."""

import json
from contextlib import ExitStack
from unittest import mock

import numpy as np
import pytest
from example_spaces import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from tfhpo.strategies import TPE, BayesianOptimization, Result
from tfhpo.strategies.bayesian import ACQUISITIONS

# From draws that are evenly distributed over [0, 1], `n`, to scores.
FAMILIES = {
    "even": lambda u: u,
    "constant": lambda u: np.ones_like(u),
    "few steps": lambda u: np.round(3 * u),
    "nearly equal": lambda u: 1.0 + 1e-15 * np.round(9 * u),
    "decades": lambda u: 10.0 ** (600 * u - 300),
    "both signs, huge": lambda u: (2 * u - 1) * 1.7e308,
    "tiny": lambda u: 5e-324 * np.round(9 * u),
    "heavy tails": lambda u: np.tan(np.pi * (u - 0.5)),
    "one apart": lambda u: np.where(u == u.min(initial=1.0), -1e12, u),
    "infinite ones": lambda u: np.where(u < 0.3, np.inf, u),
}
# As many points as these histories have are thinned, too.
SMALL = {
    "bayesian._MODEL_SIZE": 16,
    "bayesian._FIT_SIZE": 6,
    "bayesian._FAILURE_SIZE": 10,
    "bayesian._OF_EACH_KIND": 2,
    "tpe._MOST": 2,
    "tpe._MOST_OTHERS": 8,
}
ENGINES = st.one_of(
    st.tuples(st.just(TPE), st.just({})),
    st.tuples(
        st.just(BayesianOptimization),
        st.fixed_dictionaries(
            {
                "acquisition": st.sampled_from(ACQUISITIONS),
                "kernel": st.sampled_from(["matern52", "squared_exponential"]),
                "margin": st.sampled_from([0.0, 0.5]),
            }
        ),
    ),
)


def footprint(point):
    return point.x.tobytes() + point.active.tobytes()


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=25)
@given(
    engine=ENGINES,
    space=spaces(),
    seed=st.integers(0, 2**32),
    told=st.integers(0, 40),
    repeated=st.sampled_from([0.0, 0.3, 1.0]),
    failing=st.sampled_from([0.0, 0.2, 0.9, 1.0]),
    pending=st.integers(0, 6),
    thinned=st.booleans(),
)
def test_any_history_is_gone_on_from(
    family, engine, space, seed, told, repeated, failing, pending, thinned
):
    strategy, options = engine
    rng = np.random.default_rng(seed)
    search = strategy(space, np.random.default_rng(seed), **options)
    places = rng.random((told + pending, len(space)))
    again = np.flatnonzero(rng.random(len(places)) < repeated)
    places[again] = places[:1]
    scores = FAMILIES[family](rng.random(told))
    scores[rng.random(told) < failing] = np.nan
    with np.errstate(all="raise", under="ignore"), ExitStack() as stack:
        for name, size in SMALL.items() if thinned else ():
            stack.enter_context(mock.patch(f"tfhpo.strategies.{name}", size))
        for place, score in zip(places, scores, strict=False):
            point = space.point(place)
            search.observe([Result(search.hold(point), point, score)])
        for place in places[told:]:
            search.hold(space.point(place))
        before = {footprint(space.point(place)) for place in places}
        made = search.suggest(4)
        recommended = search.recommend()
    tried = {footprint(one.point) for one in made}
    assert len(tried) == len(made)
    assert not tried & before
    assert made or search.finished
    for _, (x, active) in made:
        assert np.array_equal(space.active(x), active)
        assert np.array_equal(space.point(x).x, x)
    assert (recommended is None) == (not np.any(np.isfinite(scores)))
    json.dumps(search.state(), allow_nan=False)
