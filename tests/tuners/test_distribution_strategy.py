"""`tf.distribute` inside a trial: two logical CPU devices, in a process of their own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

# Logical devices must be made before TensorFlow starts.
_CHILD = """
import json, sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
sys.path.insert(0, sys.argv[2])
from small_searches import X, X_HELD_OUT, Y, Y_HELD_OUT, network
import tfhpo

strategy = tf.distribute.MirroredStrategy(["/cpu:0", "/cpu:1"])
replicas = []

def build(hp):
    replicas.append(tf.distribute.get_strategy().num_replicas_in_sync)
    model = network(hp.Int("units", 2, 4))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.05), loss, metrics=["accuracy"])
    return model

tuner = tfhpo.RandomSearch(
    build, "val_loss", 2, seed=0, directory=sys.argv[1], distribution_strategy=strategy
)
tuner.search(X[:48], Y[:48], validation_data=(X_HELD_OUT, Y_HELD_OUT), epochs=2, batch_size=16,
             verbose=0)
study = tuner.study()
model = tuner.get_best_models()[0]
json.dump({
    "replicas": replicas[-1],
    "variables": type(model.trainable_variables[0].value).__name__,
    "statuses": [trial.status.value for trial in study.trials],
    "messages": [trial.message for trial in study.trials],
    "rates": [one.metrics["learning_rate"] for one in study.reports[0]],
    "best": study.best()[0].score,
    "again": model.evaluate(X_HELD_OUT, Y_HELD_OUT, verbose=0)[0],
}, sys.stdout)
"""


@pytest.mark.slow
def test_mirrored_strategy_on_two_devices(tmp_path):
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(tmp_path), str(here)],
        capture_output=True,
        text=True,
        timeout=600,
        cwd=here.parents[1],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["statuses"] == ["COMPLETED"] * 2, told["messages"]
    assert told["replicas"] == 2
    assert told["variables"] == "MirroredVariable"
    assert told["rates"] == pytest.approx([0.05, 0.05])
    assert told["again"] == pytest.approx(told["best"], rel=1e-5)
