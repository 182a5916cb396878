"""Everything that `fit` takes as data, and models of every making."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_searches import (
    X_HELD_OUT,
    Y_HELD_OUT,
    X,
    Y,
    classifier,
    compiled,
    network,
    random_search,
    searched,
)

TRAIN, HELD_OUT = (X[:48], Y[:48]), (X_HELD_OUT, Y_HELD_OUT)
WEIGHTS = np.linspace(0.5, 1.5, 48, dtype="float32")
#: Keras warns of shuffling what it cannot shuffle.
PLAIN = {"validation_split": None, "batch_size": None, "shuffle": False}


def scores(tuner):
    return [trial.score for trial in tuner.study().trials]


@pytest.fixture(scope="module")
def from_arrays(tmp_path_factory):
    """The scores of a search on arrays in one batch, unshuffled."""
    folder = tmp_path_factory.mktemp("arrays")
    tuner = random_search(folder, max_trials=2)
    return scores(searched(tuner, *TRAIN, validation_data=HELD_OUT, validation_split=None))


class Batches(keras.utils.PyDataset):
    """One batch."""

    def __init__(self, *arrays):
        super().__init__()
        self._arrays = arrays

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return self._arrays


def test_a_tf_data_pipeline(tmp_path, from_arrays):
    data = tf.data.Dataset.from_tensor_slices(TRAIN).batch(48)
    held_out = tf.data.Dataset.from_tensor_slices(HELD_OUT).batch(16)
    tuner = searched(random_search(tmp_path, max_trials=2), data, validation_data=held_out, **PLAIN)
    assert scores(tuner) == pytest.approx(from_arrays, rel=1e-5)


def test_a_python_data_set(tmp_path, from_arrays):
    tuner = random_search(tmp_path, max_trials=2)
    searched(tuner, Batches(*TRAIN), validation_data=Batches(*HELD_OUT), **PLAIN)
    assert scores(tuner) == pytest.approx(from_arrays, rel=1e-5)


def test_a_generator_that_never_ends(tmp_path, from_arrays):
    def batches():
        while True:
            yield TRAIN

    tuner = random_search(tmp_path, max_trials=2)
    searched(tuner, batches(), steps_per_epoch=1, validation_data=HELD_OUT, **PLAIN)
    assert scores(tuner) == pytest.approx(from_arrays, rel=1e-5)


@pytest.fixture(scope="module")
def weighted(tmp_path_factory):
    """The scores of a search with weighted samples."""
    tuner = random_search(tmp_path_factory.mktemp("weighted"), max_trials=1)
    fit = {"validation_data": HELD_OUT, "validation_split": None}
    return scores(searched(tuner, *TRAIN, sample_weight=WEIGHTS, **fit))


@pytest.mark.parametrize("kind", ["pipeline", "data set"])
def test_weights_that_come_with_the_batches(tmp_path, weighted, from_arrays, kind):
    three = (*TRAIN, WEIGHTS)
    data = Batches(*three)
    if kind == "pipeline":
        data = tf.data.Dataset.from_tensor_slices(three).batch(48)
    tuner = random_search(tmp_path, max_trials=1)
    searched(tuner, data, validation_data=HELD_OUT, **PLAIN)
    assert scores(tuner) == pytest.approx(weighted, rel=1e-5)
    assert weighted != pytest.approx(from_arrays[:1], rel=1e-5)


def test_a_pipeline_of_inputs_alone(tmp_path):
    class Autoencoder(keras.Model):
        def __init__(self, units):
            super().__init__()
            self.code = keras.layers.Dense(units)
            self.back = keras.layers.Dense(4)

        def call(self, x):
            decoded = self.back(self.code(x))
            self.add_loss(keras.ops.mean(keras.ops.square(decoded - x)))
            return decoded

    def build(hp):
        model = Autoencoder(hp.Int("units", 1, 3))
        model.compile("sgd", run_eagerly=True)
        return model

    data = tf.data.Dataset.from_tensor_slices(X).batch(64)
    tuner = searched(random_search(tmp_path, build, "loss", max_trials=1), data, **PLAIN)
    assert tuner.study().trials[0].status == "COMPLETED"


def test_dictionaries_of_inputs_and_outputs(tmp_path):
    def build(hp):
        inputs = {"left": keras.Input((2,), name="left"), "right": keras.Input((2,), name="right")}
        hidden = keras.layers.Dense(hp.Int("units", 2, 4))(
            keras.layers.Concatenate()([inputs["left"], inputs["right"]])
        )
        outputs = {
            "sign": keras.layers.Dense(1, "sigmoid", name="sign")(hidden),
            "sum": keras.layers.Dense(1, name="sum")(hidden),
        }
        model = keras.Model(inputs, outputs)
        model.compile(
            "adam",
            loss={"sign": "binary_crossentropy", "sum": "mse"},
            metrics={"sign": ["accuracy"], "sum": ["mae"]},
            run_eagerly=True,
        )
        return model

    x = {"left": X[:, :2], "right": X[:, 2:]}
    y = {"sign": Y[:, None].astype("float32"), "sum": X.sum(axis=1, keepdims=True)}
    tuner = searched(random_search(tmp_path, build, "val_sign_accuracy", max_trials=2), x, y)
    best = tuner.study().best()[0]
    assert tuner.study().header.direction == "max"
    assert {"val_sum_mae", "val_sign_loss"} <= set(best.metrics)
    held_out = {name: value[48:] for name, value in x.items()}
    predicted = tuner.get_best_models()[0].predict(held_out, verbose=0)["sign"]
    right = np.mean((predicted[:, 0] > 0.5) == Y_HELD_OUT)
    assert right == pytest.approx(best.score)


def test_a_subclassed_model_that_fit_builds(tmp_path):
    class Net(keras.Model):
        def __init__(self, units):
            super().__init__()
            self.hidden = keras.layers.Dense(units, "tanh")
            self.out = keras.layers.Dense(2)

        def call(self, x):
            return self.out(self.hidden(x))

    tuner = random_search(tmp_path, lambda hp: compiled(Net(hp.Int("units", 2, 4))), max_trials=2)
    searched(tuner)
    loss = tuner.get_best_models()[0].evaluate(*HELD_OUT, verbose=0)[0]
    assert loss == pytest.approx(tuner.study().best()[0].score, rel=1e-6)


def test_a_functional_model_with_state_and_randomness(tmp_path):
    def build(hp):
        inputs = keras.Input((4,))
        hidden = keras.layers.BatchNormalization()(keras.layers.Dense(3)(inputs))
        hidden = keras.layers.Dropout(hp.Float("dropout", 0.1, 0.5))(hidden)
        return compiled(keras.Model(inputs, keras.layers.Dense(2)(hidden)), 0.1)

    tuner = searched(random_search(tmp_path, build, max_trials=2), batch_size=16)
    loss = tuner.get_best_models()[0].evaluate(*HELD_OUT, verbose=0)[0]
    best = tuner.study().best()[0]
    assert loss == pytest.approx(best.score, rel=1e-5)
    again = tuner.refit_best(verbose=0).history.history["val_loss"]
    assert again == [one.metrics["val_loss"] for one in tuner.study().reports[best.number]]


def test_a_vector_metric_is_no_obstacle(tmp_path):
    def build(hp):
        model = network(hp.Int("units", 2, 4))
        model.compile("adam", "mse", metrics=[keras.metrics.F1Score()], run_eagerly=True)
        return model

    tuner = random_search(tmp_path, build, "val_loss", max_trials=1)
    searched(tuner, X, np.eye(2, dtype="float32")[Y])
    trial = tuner.study().trials[0]
    assert trial.status == "COMPLETED"
    # It has no single value to record.
    assert set(trial.metrics) == {"loss", "val_loss"}


def test_data_frames(tmp_path):
    pandas = pytest.importorskip("pandas")
    tuner = random_search(tmp_path, classifier, max_trials=1)
    searched(tuner, pandas.DataFrame(X), pandas.Series(Y, index=range(100, 164)))
    assert tuner.study().trials[0].status == "COMPLETED"


def test_a_model_of_fixed_batches(tmp_path):
    def build(hp):
        layers = [keras.layers.Dense(hp.Int("units", 2, 4)), keras.layers.Dense(2)]
        return compiled(keras.Sequential([keras.Input(batch_shape=(16, 4)), *layers]))

    tuner = random_search(tmp_path, build, max_trials=1)
    searched(tuner, *TRAIN, validation_data=HELD_OUT, batch_size=16, validation_split=None)
    assert len(tuner.study().completed) == 1


def test_a_model_with_a_step_of_its_own_and_no_call(tmp_path):
    class Encoder(keras.Model):
        def __init__(self, units):
            super().__init__()
            self.inner = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units)])

        def train_step(self, data):
            x, _ = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(self.inner(x) ** 2)
            weights = self.inner.trainable_variables
            self.optimizer.apply(tape.gradient(loss, weights), weights)
            return {"loss": loss}

    def build(hp):
        model = Encoder(hp.Int("units", 2, 4))
        model.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
        return model

    tuner = random_search(tmp_path, build, objective="loss", max_trials=1, checkpoints=0)
    searched(tuner, validation_split=None)
    assert len(tuner.study().completed) == 1
