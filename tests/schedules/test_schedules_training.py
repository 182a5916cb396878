"""Schedules at work: in `fit`, under a distribution strategy, and on Keras's JAX backend."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from schedule_families import FAMILIES, rates, summing_model, train

HERE = Path(__file__).parent
STEPS = [0, 1, 7, 8, 9, 19, 20, 21, 40, 41, 60, 1000, 2**31 - 1]

# Every family's rates at steps (as arguments), one by one and at once, and what training made of
# a few families: after n batches the weight is the sum of the rates, negated.
_BACKEND_CHILD = """
import json, sys
import jax, numpy as np
from schedule_families import FAMILIES, rates, summing_model, train
steps = np.array(json.loads(sys.argv[1]), "int32")
print(json.dumps({
    "at once": {label: rates(one, steps).tolist() for label, one in FAMILIES.items()},
    "traced": {label: [float(jax.jit(one)(int(step))) for step in steps]
               for label, one in FAMILIES.items()},
    "trained": {label: train(summing_model(FAMILIES[label]), 12) for label in sys.argv[2:]},
}))
"""

# Logical devices must be made before TensorFlow starts.
_MIRRORED_CHILD = """
import json, sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from schedule_families import FAMILIES, summing_model, train
strategy = tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])
told = {}
for label in sys.argv[1:]:
    with strategy.scope():
        model = summing_model(FAMILIES[label])
    told[label] = [
        train(model, 12),
        int(model.optimizer.iterations.numpy()),
        float(model.optimizer.learning_rate),
    ]
print(json.dumps({"replicas": strategy.num_replicas_in_sync, "told": told}))
"""
DISTRIBUTED = ["noisy linear cosine", "warm-up of cycles", "cosine restarts", "piecewise constant"]


def child(code, *arguments, **environment):
    """Runs code in a process that finds the families, and returns what it printed last."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=HERE,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(HERE.parents[1]), str(HERE)]),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("label", FAMILIES)
def test_fit_takes_the_rate_of_every_step(label):
    schedule = FAMILIES[label]
    model = summing_model(schedule)
    assert train(model, 24) == pytest.approx(-rates(schedule, np.arange(24)).sum(), rel=1e-5)
    assert float(model.optimizer.learning_rate) == pytest.approx(float(schedule(24)), rel=1e-5)


def test_the_steps_of_several_epochs_are_counted_on():
    schedule = FAMILIES["cosine"]
    model = summing_model(schedule)
    ones = np.ones((10, 1), "float32")
    model.fit(ones, ones, batch_size=2, epochs=3, verbose=0)
    weight = float(keras.ops.convert_to_numpy(model.trainable_variables[0])[0, 0])
    assert weight == pytest.approx(-rates(schedule, np.arange(15)).sum(), rel=1e-5)


@pytest.mark.slow
def test_two_devices_take_the_same_rates():
    found = child(_MIRRORED_CHILD, *DISTRIBUTED)
    assert found["replicas"] == 2
    for label in DISTRIBUTED:
        weight, iterations, rate = found["told"][label]
        assert iterations == 12
        assert weight == pytest.approx(-rates(FAMILIES[label], np.arange(12)).sum(), rel=1e-5)
        assert rate == pytest.approx(float(FAMILIES[label](12)), rel=1e-5)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_jax_sees_the_same_rates():
    trained = ["noisy linear cosine", "warm-up of cycles", "cosine restarts"]
    found = child(_BACKEND_CHILD, json.dumps(STEPS), *trained, KERAS_BACKEND="jax")
    for label, schedule in FAMILIES.items():
        expected = rates(schedule, np.array(STEPS))
        for way in ("at once", "traced"):
            np.testing.assert_allclose(found[way][label], expected, rtol=2e-5, atol=5e-8)
    for label in trained:
        summed = -rates(FAMILIES[label], np.arange(12)).sum()
        assert found["trained"][label] == pytest.approx(summed, rel=1e-4)
