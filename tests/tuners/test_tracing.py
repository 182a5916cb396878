"""How often TensorFlow traces a trial's training step: what it costs most, and never frees."""

import keras
import keras_tuner
from small_searches import classifier, compiled, network, random_search, searched


def test_a_training_step_is_traced_once(tmp_path):
    traced = []

    class Traced(keras.losses.SparseCategoricalCrossentropy):
        def call(self, y_true, y_pred):
            traced.append(y_pred.shape)
            return super().call(y_true, y_pred)

    def build(hp):
        model = network(hp.Int("units", 2, 4))
        model.compile(keras.optimizers.Adam(), Traced(from_logits=True))
        traced.clear()
        return model

    searched(random_search(tmp_path, build, "loss", 2), validation_split=0.0, epochs=3)
    assert len(traced) == 1


def test_a_fit_of_ones_own_may_change_what_is_trained(tmp_path):
    class Thawing(keras_tuner.HyperModel):
        def build(self, hp):
            model = classifier(hp)
            model.layers[0].trainable = False
            return model

        def fit(self, hp, model, x, y, **kwargs):
            model.layers[0].trainable = True
            return model.fit(x, y, **kwargs)

    tuner = searched(random_search(tmp_path, Thawing(), max_trials=1))
    assert [trial.status.value for trial in tuner.study().trials] == ["COMPLETED"]


def test_a_callback_of_ones_own_may_too(tmp_path):
    class Thawing(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.model.layers[0].trainable = True

    def build(hp):
        model = classifier(hp)
        model.layers[0].trainable = False
        return model

    tuner = searched(random_search(tmp_path, build, max_trials=1), callbacks=[Thawing()])
    assert [trial.status.value for trial in tuner.study().trials] == ["COMPLETED"]


def test_a_subclassed_model_may_leave_its_layers_unbuilt(tmp_path):
    class Late(keras.Model):
        def __init__(self, units):
            super().__init__()
            self.hidden, self.out = keras.layers.Dense(units), keras.layers.Dense(2)

        def build(self, shape):
            self.hidden.build(shape)
            self.built = True

        def call(self, x):
            return self.out(self.hidden(x))

    def build(hp):
        model = compiled(Late(hp.Int("units", 2, 4)))
        model.build((None, 4))
        return model

    tuner = searched(random_search(tmp_path, build, max_trials=1))
    assert [trial.status.value for trial in tuner.study().trials] == ["COMPLETED"]
