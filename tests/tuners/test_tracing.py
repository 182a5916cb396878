"""How often TensorFlow traces a trial's training step: what it costs most, and never frees."""

import keras
import keras_tuner
from small_searches import classifier, network, random_search, searched


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
