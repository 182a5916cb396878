"""What a search does to the garbage collector, and that it leaves it as it was."""

import gc
import weakref

import keras
import pytest
from small_searches import classifier, random_search, searched

from tfhpo.tuners.memory import TrialMemory


@pytest.fixture
def thawed():
    """Nothing is set aside before or after."""
    gc.unfreeze()
    yield
    gc.unfreeze()


def test_a_search_frees_every_model_and_thaws_in_the_end(tmp_path, thawed):
    models, alive, frozen = [], [], []

    def build(hp):
        # Those of former trials and executions, asked before this one exists.
        alive.append(sum(reference() is not None for reference in models))
        frozen.append(gc.get_freeze_count())
        model = classifier(hp)
        models.append(weakref.ref(model))
        return model

    tuner = random_search(tmp_path, build, max_trials=2, executions_per_trial=2)
    alive.clear()
    models.clear()
    searched(tuner, epochs=1)
    # The first build is of the check before training, outside the search.
    assert alive == [0] * 5
    assert frozen[-5] == frozen[0] == 0
    assert all(count > 0 for count in frozen[-4:])
    assert gc.get_freeze_count() == 0


def test_what_the_program_has_set_aside_stays_so(thawed):
    gc.freeze()
    count = gc.get_freeze_count()
    with TrialMemory():
        pass
    # Some of them die in the meantime.
    assert gc.get_freeze_count() > count / 2


def test_it_thaws_after_an_error(tmp_path, thawed):
    class Broken(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            raise KeyboardInterrupt

    tuner = searched(random_search(tmp_path, max_trials=1), callbacks=[Broken()])
    assert tuner.stop_reason == "interrupted"
    assert gc.get_freeze_count() == 0
