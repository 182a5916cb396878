"""Models and data of the distributed searches."""

import keras
import numpy as np

_rng = np.random.default_rng(7)
X = _rng.normal(size=(80, 4)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("int32")
#: Four steps per epoch, of which the last is a smaller one.
FIT = {"batch_size": 24, "validation_data": (X[:20], Y[:20]), "verbose": 0}


def normalised(hp, *, synchronized=True):
    """A classifier with batch normalisation and a tunable schedule."""
    layers = [
        keras.layers.Dense(hp.Int("units", 2, 4)),
        keras.layers.BatchNormalization(synchronized=synchronized),
        keras.layers.Activation("tanh"),
    ]
    rate = keras.optimizers.schedules.CosineDecay(
        hp.Float("rate", 1e-3, 1e-1, sampling="log"), hp.Int("decay_steps", 10, 20)
    )
    model = keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(2)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"])
    return model


def curves(tuner):
    """Of every trial, each epoch's metrics."""
    reports = tuner.study().reports
    return [
        [one.metrics for one in reports.get(trial.number, ())] for trial in tuner.study().trials
    ]


def told(tuner):
    """What a search left, as JSON values."""
    study = tuner.study()
    return {
        "statuses": [trial.status.value for trial in study.trials],
        "messages": [trial.message for trial in study.trials],
        "curves": curves(tuner),
    }
