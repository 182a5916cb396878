"""Real searches that take little: 64 rows, models of a few weights, run eagerly.

Running eagerly spares the tracing of a graph, which costs more than such a model's whole training.
"""

import keras
import numpy as np

import tfhpo

_rng = np.random.default_rng(7)
X = _rng.normal(size=(64, 4)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("int32")
#: The last quarter is what `validation_split=0.25` holds out.
X_HELD_OUT, Y_HELD_OUT = X[48:], Y[48:]
#: One step per epoch.
FIT = {"epochs": 2, "batch_size": 64, "validation_split": 0.25, "verbose": 0}


def network(units=3, inputs=(4,), outputs=2):
    """An uncompiled model of one hidden layer."""
    layers = [keras.layers.Dense(units, "tanh"), keras.layers.Dense(outputs)]
    return keras.Sequential([keras.Input(inputs), *layers])


def compiled(model, learning_rate=0.03, **kwargs):
    """The model, compiled as a classifier."""
    settings = {"metrics": ["accuracy"], "run_eagerly": True, **kwargs}
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(learning_rate), loss=loss, **settings)
    return model


def classifier(hp):
    """A model-building function with an integer and a logarithmic parameter."""
    units = hp.Int("units", 2, 6)
    return compiled(network(units), hp.Float("learning_rate", 1e-3, 1e-1, sampling="log"))


def random_search(folder, build=classifier, objective="val_loss", max_trials=3, **kwargs):
    """A random search that has not begun."""
    settings = {"seed": 0, "directory": folder, "project_name": "search", **kwargs}
    return tfhpo.RandomSearch(build, objective, max_trials, **settings)


def searched(tuner, *data, **fit):
    """The tuner, after its search."""
    tuner.search(*(data or (X, Y)), **{**FIT, **fit})
    return tuner


def outcome(tuner):
    """What a repeated search must repeat: values, scores and per-epoch metrics of every trial."""
    study = tuner.study()
    return [
        (
            trial.number,
            trial.status.value,
            trial.values,
            trial.score,
            trial.best_step,
            trial.seed,
            [(one.execution, one.step, one.metrics) for one in study.reports.get(trial.number, ())],
        )
        for trial in study.trials
    ]


def weights_on_disk(tuner):
    """The ids of the trials whose weights are kept."""
    found = (tfhpo_path.parent.name for tfhpo_path in _folder(tuner).glob("*/*.weights.h5"))
    return sorted(name.removeprefix("trial_") for name in found)


def _folder(tuner):
    return tuner.study().path.parent
