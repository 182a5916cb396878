"""The maximiser on functions whose best points are known."""

from itertools import product

import numpy as np
import pytest

from tfhpo.space import Condition, FloatRange, IntegerRange, Levels, Parameter, Space, Steps
from tfhpo.space.domains import Kind
from tfhpo.surrogates.maximiser import Ground, ascend, climb, maximised


def ground(space):
    return Ground(
        space.points,
        np.array([one.domain.kind is Kind.CATEGORICAL for one in space.parameters]),
        [
            np.array([one.domain.unit_of_index(i) for i in range(one.size)])
            if one.size is not None and one.size <= 24
            else None
            for one in space.parameters
        ],
    )


class Bowl:
    """Highest at a place of each column; an inactive column counts nothing."""

    def __init__(self, best):
        self.best = np.array(best)

    def value(self, x, active):
        return -np.sum(active * (x - self.best) ** 2, axis=1)

    def slope(self, x, active):
        return self.value(x, active), -2.0 * active * (x - self.best)


def test_open_columns_are_followed_to_the_top():
    space = Space([Parameter(name, FloatRange(0.0, 1.0)) for name in "abc"])
    starts = np.random.default_rng(0).random((5, 3))
    x, active = ascend(Bowl([0.3, 0.9, 1.4]), ground(space), *space.points(starts))
    assert x == pytest.approx(np.tile([0.3, 0.9, 1.0], (5, 1)), abs=1e-3)
    assert active.all()


def test_listed_columns_are_climbed_to_the_top():
    space = Space([Parameter(name, Steps(0, 20)) for name in "ab"])
    starts = np.random.default_rng(0).random((5, 2))
    x, _, value = climb(Bowl([0.3, 0.9]), ground(space), *space.points(starts))
    assert x == pytest.approx(np.tile([0.3, 0.9], (5, 1)))
    assert value == pytest.approx(0.0)


def test_what_is_barred_is_not_climbed_to():
    space = Space([Parameter(name, Steps(0, 20)) for name in "ab"])

    def barred(x, active):
        return np.abs(x - [0.3, 0.9]).max(axis=1) < 0.01

    open_ground = ground(space)
    here = Ground(open_ground.settle, open_ground.categorical, open_ground.places, barred)
    starts = space.points(np.random.default_rng(0).random((5, 2)))
    _, _, value = climb(Bowl([0.3, 0.9]), here, *starts)
    # One of two columns is a step of a twentieth off.
    assert value == pytest.approx(np.full(5, -(0.05**2)))


MIXED = Space(
    [
        Parameter("kind", Levels(("a", "b", "c"))),
        Parameter("rate", FloatRange(0.0, 1.0)),
        Parameter("depth", Steps(1, 5)),
        Parameter("width", IntegerRange(1, 300), (Condition("kind", ("b",)),)),
        Parameter("skip", Levels((False, True)), (Condition("kind", ("c",)),)),
    ]
)


class Bumpy:
    """A hill for each kind; that of "b" is the highest, where its width is right too."""

    heights = np.array([0.5, 1.5, 1.0])

    def value(self, x, active):
        kind = np.rint(2 * x[:, 0]).astype(int)
        top = self.heights[kind] - (x[:, 1] - 0.2 - 0.3 * kind) ** 2 - (x[:, 2] - 0.75) ** 2
        return top - active[:, 3] * (x[:, 3] - 0.4) ** 2 + 0.1 * active[:, 4] * x[:, 4]

    def slope(self, x, active):
        kind = np.rint(2 * x[:, 0]).astype(int)
        slope = np.zeros_like(x)
        slope[:, 1] = -2 * (x[:, 1] - 0.2 - 0.3 * kind)
        slope[:, 2] = -2 * (x[:, 2] - 0.75)
        slope[:, 3] = -2 * active[:, 3] * (x[:, 3] - 0.4)
        return self.value(x, active), slope


def test_a_mixed_conditional_space_is_searched_as_well_as_by_trying_all():
    starts = MIXED.draws(np.random.default_rng(1).random((4, 5))).x
    x, active, value = maximised(Bumpy(), ground(MIXED), starts)
    every = np.array(list(product((0, 0.5, 1), np.linspace(0, 1, 41), np.linspace(0, 1, 5))))
    best = max(
        Bumpy().value(*MIXED.points(np.column_stack([every, np.full(len(every), w), s]))).max()
        for w, s in product(np.linspace(0, 1, 60), (np.zeros(len(every)), np.ones(len(every))))
    )
    assert value.max() >= best - 1e-3
    top = MIXED.decode(x[value.argmax()], active[value.argmax()])
    assert top["kind"] == "b"
    assert top["depth"] == 4
    # Everything that comes back is a configuration.
    settled = MIXED.points(x)
    assert np.array_equal(settled.x, x)
    assert np.array_equal(settled.active, active)


def test_nothing_gets_worse():
    rng = np.random.default_rng(2)
    starts = MIXED.draws(rng.random((30, 5)))
    before = Bumpy().value(*starts)
    _, _, after = maximised(Bumpy(), ground(MIXED), starts.x)
    assert np.all(after >= before)
