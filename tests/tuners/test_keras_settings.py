"""What a user sets for all models of a program holds in a search, and where its trials run."""

import keras
import pytest
from small_searches import FIT, X, Y, compiled, network, random_search

from tfhpo.tuners.keras_settings import KerasSettings, clear_session


@pytest.fixture(autouse=True)
def _settings_put_back():
    """Leaves Keras as other tests expect it."""
    before = KerasSettings.here()
    yield
    before.apply()
    keras.config.set_dtype_policy(before.floatx)
    keras.backend.clear_session(free_memory=False)


def policies(model):
    return {layer.dtype_policy.name for layer in model.layers if layer.weights}


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "bfloat16"])
def test_a_search_keeps_the_policy_of_layers(tmp_path, policy):
    keras.config.set_dtype_policy(policy)
    seen = set()

    def build(hp):
        model = compiled(network(hp.Int("units", 2, 9)))
        seen.update(policies(model))
        return model

    tuner = random_search(tmp_path, build, max_trials=2)
    tuner.search(X, Y, **FIT)
    assert seen == {policy}
    assert keras.config.dtype_policy().name == policy
    assert policies(tuner.get_best_models()[0]) == {policy}


def test_another_type_of_floats_counts_after_models_of_the_former():
    keras.layers.Dense(1).build((None, 1))
    keras.config.set_floatx("float64")
    clear_session()
    assert keras.layers.Dense(1).dtype_policy.name == "float64"


@pytest.mark.slow
def test_workers_have_the_settings_of_the_program(tmp_path):
    keras.config.set_floatx("float64")
    keras.config.set_epsilon(1e-5)
    keras.config.set_image_data_format("channels_first")
    keras.config.set_dtype_policy("mixed_bfloat16")
    here = KerasSettings.here()._replace(dtype_policy=None)

    def build(hp):
        there = KerasSettings.here()
        assert there._replace(dtype_policy=None) == here
        model = compiled(network(hp.Int("units", 2, 9)))
        assert policies(model) == {"mixed_bfloat16"}
        return model

    tuner = random_search(tmp_path, build, max_trials=2, isolate=True)
    tuner.search(X, Y, **FIT)
    assert [trial.message for trial in tuner.study().trials] == [None, None]
    assert policies(tuner.get_best_models()[0]) == {"mixed_bfloat16"}


def test_settings_are_those_of_a_program_that_sets_none():
    settings = KerasSettings.here()
    assert settings.dtype_policy is None
    settings.apply()
    assert KerasSettings.here() == settings
