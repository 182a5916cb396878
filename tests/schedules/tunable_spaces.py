"""Spaces of tunable schedules, and every kind of value that a strategy may draw from them."""

import keras_tuner as kt
import numpy as np

from tfhpo import schedules
from tfhpo.oracles.conversion import space_of
from tfhpo.oracles.hyperparameters import TrackedHyperParameters


def declared(make=kt.HyperParameters, **settings):
    """The hyperparameters of a tunable schedule, 100 steps long unless told otherwise."""
    hp = make()
    schedules.tunable(hp, **{"total_steps": 100, **settings})
    return hp


def drawn(places, **settings):
    """The values of a configuration as a strategy gives them: drawn, encoded and decoded.

    Args:
        places: Probabilities, used in turn for the columns.
        settings: Of the tunable schedule.
    """
    space = space_of(declared(**settings))
    point = space.draw(np.resize(np.asarray(places, dtype=float), len(space)))
    return space.decode(space.encode(space.decode(point.x, point.active)).x)


def scheduled(values, **settings):
    """The schedule of a configuration, made by hyperparameters that know these values alone."""
    hp = TrackedHyperParameters()
    hp.values = dict(values)
    return schedules.tunable(hp, **{"total_steps": 100, **settings})
