"""Configurations round trip, and a saved model comes back with its schedule."""

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
from schedule_families import FAMILIES, rates, summing_model, train

from tfhpo import schedules

STEPS = np.arange(90)


@pytest.fixture(params=FAMILIES)
def schedule(request):
    return FAMILIES[request.param]


def test_a_configuration_makes_the_same_schedule(schedule):
    config = json.loads(json.dumps(schedule.get_config()))
    again = type(schedule).from_config(config)
    assert again.get_config() == config
    np.testing.assert_array_equal(rates(again, STEPS), rates(schedule, STEPS))


def test_it_is_written_as_the_call_that_makes_it(schedule):
    again = eval(repr(schedule), vars(schedules))
    assert again.get_config() == schedule.get_config()


def test_what_is_at_its_default_is_not_written():
    schedule = schedules.WarmUp(schedules.CosineDecay(0.1, decay_steps=100), 10)
    inner = "CosineDecay(initial_learning_rate=0.1, decay_steps=100)"
    assert repr(schedule) == f"WarmUp(schedule={inner}, warmup_steps=10)"


def test_keras_serialises_it(schedule):
    stored = json.loads(json.dumps(keras.optimizers.schedules.serialize(schedule)))
    again = keras.optimizers.schedules.deserialize(stored)
    assert type(again) is type(schedule)
    assert again.get_config() == schedule.get_config()


def test_a_configuration_names_every_argument(schedule):
    arguments = type(schedule).__init__.__code__
    names = arguments.co_varnames[1 : arguments.co_argcount]
    assert set(schedule.get_config()) == set(names)


def test_numpy_numbers_become_plain_ones():
    schedule = schedules.OneCycle(np.float32(0.5), np.int64(40), warmup_fraction=np.float64(0.25))
    assert json.loads(json.dumps(schedule.get_config()))["total_steps"] == 40


def test_a_saved_model_reloads_with_its_schedule(schedule, tmp_path):
    model = summing_model(schedule)
    train(model, 3)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    restored = again.optimizer._learning_rate
    assert type(restored) is type(schedule)
    assert restored.get_config() == schedule.get_config()
    assert int(again.optimizer.iterations) == 3
    assert float(again.optimizer.learning_rate) == float(schedule(3))


def test_the_reloaded_model_trains_on_as_if_nothing_was(tmp_path):
    schedule = FAMILIES["noisy linear cosine"]
    whole, half = summing_model(schedule), summing_model(schedule)
    train(half, 4)
    half.save(tmp_path / "half.keras")
    resumed = keras.models.load_model(tmp_path / "half.keras")
    assert train(resumed, 6) == pytest.approx(train(whole, 10), rel=1e-6)


def test_a_schedule_in_a_schedule_in_a_schedule_round_trips():
    inner = schedules.WarmUp(schedules.CosineDecay(0.1, 30), 5, 0.01)
    schedule = schedules.WarmUp(inner, 4)
    again = schedules.WarmUp.from_config(json.loads(json.dumps(schedule.get_config())))
    np.testing.assert_array_equal(rates(again, STEPS), rates(schedule, STEPS))


@pytest.mark.slow
def test_another_process_reloads_it(tmp_path):
    inputs = keras.Input((1,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    schedule = schedules.WarmUp(schedules.OneCycle(0.1, 40), 5)
    model.compile(keras.optimizers.Adam(schedule), "mse")
    model.save(tmp_path / "model.keras")
    code = (
        "import keras, sys, tfhpo.schedules\n"
        "optimizer = keras.models.load_model(sys.argv[1]).optimizer\n"
        "print(type(optimizer._learning_rate).__name__, float(optimizer._learning_rate(7)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "model.keras")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    name, rate = done.stdout.split()
    assert name == "WarmUp"
    assert float(rate) == float(schedule(7))
