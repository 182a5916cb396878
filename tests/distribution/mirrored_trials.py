"""Searches on logical devices of the CPU, two or four; prints what they found as JSON."""

import json
import sys
import warnings
from pathlib import Path

import tensorflow as tf

FOLDER, DEVICES = Path(sys.argv[1]), int(sys.argv[2])
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * DEVICES)

import keras_tuner  # noqa: E402 - after the devices, as all that may start TensorFlow
from distributed_models import FIT, X, Y, normalised, told  # noqa: E402

import tfhpo  # noqa: E402
from tfhpo.distribution import warn_of_unshared_statistics  # noqa: E402
from tfhpo.distribution.devices import mirrored_devices  # noqa: E402


def searched(name, distribution):
    tuner = tfhpo.RandomSearch(
        normalised, "val_loss", 2, seed=0, directory=FOLDER / name, distribution=distribution
    )
    tuner.search(X, Y, epochs=2, **FIT)
    return tuner


def rungs():
    """A search whose trials go on from others."""
    tuner = tfhpo.Hyperband(
        normalised,
        "val_accuracy",
        max_epochs=4,
        factor=2,
        max_trials=6,
        seed=0,
        directory=FOLDER / "rungs",
        distribution="mirrored",
    )
    tuner.search(X, Y, **FIT)
    study = tuner.study()
    first = [study.reports[one.number][0].step for one in study.trials]
    return told(tuner) | {"first_epochs": first}


def best_model(tuner):
    """The best score, and what the best model is like now."""
    model = tuner.get_best_models()[0]
    return {
        "best": tuner.study().best()[0].score,
        "again": model.evaluate(X[:20], Y[:20], batch_size=24, verbose=0)[0],
        "variables": type(model.weights[0].value).__name__,
        "replicas": tuner.distribution_strategy.num_replicas_in_sync,
    }


def warned(strategy):
    """What is said of statistics that are not shared."""
    model = normalised(keras_tuner.HyperParameters(), synchronized=False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_unshared_statistics(model, strategy)
        warn_of_unshared_statistics(model, tf.distribute.OneDeviceStrategy("CPU:0"))
    return [str(one.message) for one in caught]


replicated = searched("replicated", "mirrored")
found = {
    "devices": mirrored_devices(),
    "replicated": told(replicated) | best_model(replicated),
    "refitted": replicated.refit_best().history.history["val_loss"],
}
if DEVICES == 2:
    found |= {
        "one": told(searched("one", "one_device")),
        "given": told(searched("given", replicated.distribution_strategy)),
        "rungs": rungs(),
        "warned": warned(replicated.distribution_strategy),
    }
print(json.dumps(found))
