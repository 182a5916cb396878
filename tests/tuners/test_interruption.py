"""Ctrl-C during a search: heard wherever it lands, told, and nothing changed afterwards."""

import signal
import weakref

import keras
import pytest
from small_searches import random_search, searched


class Model:
    """Something to refer to weakly."""


class LostCtrlC(keras.callbacks.Callback):
    """Presses Ctrl-C in a weak reference's callback, where Python prints and forgets it."""

    def on_epoch_begin(self, epoch, logs=None):
        model = Model()
        reference = weakref.ref(model, lambda _: signal.raise_signal(signal.SIGINT))
        del model
        assert reference() is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_is_heard_where_python_loses_it(tmp_path, capsys):
    tuner = searched(random_search(tmp_path), callbacks=[LostCtrlC()], epochs=5)
    assert tuner.stop_reason == "interrupted"
    study = tuner.study()
    assert [trial.status.value for trial in study.trials] == ["RUNNING"]
    assert len(study.reports[0]) == 1
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "Interrupted: every trial that ended is kept, and the next search here goes on from there."
    ]


def test_the_handler_is_as_before(tmp_path):
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    searched(random_search(tmp_path, max_trials=1), epochs=1)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_programs_own_handler_is_left_alone(tmp_path):
    heard = []
    former = signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
    try:

        class CtrlC(keras.callbacks.Callback):
            def on_epoch_begin(self, epoch, logs=None):
                signal.raise_signal(signal.SIGINT)

        tuner = searched(random_search(tmp_path, max_trials=1), callbacks=[CtrlC()], epochs=1)
    finally:
        signal.signal(signal.SIGINT, former)
    assert heard == [signal.SIGINT]
    assert tuner.stop_reason == "max_trials"
