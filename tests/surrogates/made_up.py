"""Points of mixed spaces with inactive columns, made up by hypothesis."""

import numpy as np
from hypothesis import strategies as st

from tfhpo.surrogates.kernels import Columns, Kernel


@st.composite
def columns(draw, most=6):
    """Up to `most` columns, some of them categorical."""
    return Columns(np.array(draw(st.lists(st.booleans(), min_size=1, max_size=most))))


def points(columns, n, seed):
    """Points of these columns: three choices per categorical, a fifth of all inactive."""
    rng = np.random.default_rng(seed)
    x = rng.random((n, columns.scales))
    x = np.where(columns.categorical, rng.integers(0, 3, x.shape) / 2, x)
    active = rng.random(x.shape) < 0.8
    return np.where(active, x, 0.0), active


def kernel(columns, seed, name="matern52"):
    """A kernel of random scales."""
    rng = np.random.default_rng(seed)
    d = columns.ordered
    scales, level = np.exp(rng.normal(0, 1, columns.scales)), float(rng.random())
    return Kernel(columns, scales[:d], scales[d:], float(np.exp(rng.normal())), name, level)
