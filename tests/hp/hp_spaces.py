"""What the tests of ready parameters share: a declared space, and values to be read by it."""

import keras_tuner as kt

from tfhpo.oracles.conversion import space_of
from tfhpo.oracles.hyperparameters import TrackedHyperParameters


def parameter(declare, *args, **kwargs):
    """The one parameter that a function declares, in our space."""
    hp = kt.HyperParameters()
    declare(hp, *args, **kwargs)
    (one,) = space_of(hp).parameters
    return one


def holding(**values):
    """Hyperparameters of a trial with these values."""
    hp = TrackedHyperParameters()
    hp.values = values
    return hp


def names(hp):
    return [one.name for one in hp.space]
