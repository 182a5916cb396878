"""Running `tfhpo` in tests: in this process, or as a program of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from tfhpo.cli.main import app

ROOT = Path(__file__).parents[2]

#: A model that trains in a moment, on data that it can learn.
MODEL = '''
import os, signal
import keras
import numpy as np
from tfhpo.study import read_study


def build_model(hp):
    stop_when_told()
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(hp.Choice("units", [2, 4, 8]), activation="relu"),
         keras.layers.Dense(1, activation="sigmoid")]
    )
    rate = hp.Float("rate", 1e-3, 1e-1, sampling="log")
    model.compile(keras.optimizers.Adam(rate), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def load_data():
    x = np.random.default_rng(0).normal(size=(80, 4)).astype("float32")
    y = (x[:, 0] > 0).astype("float32")
    return (x[:60], y[:60]), (x[60:], y[60:])


def stop_when_told():
    """Sends this process a signal once two trials have ended."""
    name = os.environ.get("STOP_BY")
    if name and os.path.exists(os.environ["STUDY"]):
        if len(read_study(os.environ["STUDY"]).completed) >= 2:
            os.kill(os.getpid(), getattr(signal, name))


def load_triple():
    return load_data()[0][0], 1, 2


def load_uneven():
    (x, y), validation = load_data()
    return (x, y[:-1]), validation


def build_uncompiled(hp):
    hp.Int("units", 1, 8)
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])


def build_without_parameters(hp):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


not_a_function = 3
'''


def invoke(*arguments):
    """Runs a command in this process; an error that tfhpo did not expect is raised."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def refusal(*arguments):
    """Returns the error of a command that must be refused, told in one line."""
    result = invoke(*arguments)
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")
    return line.removeprefix("Error: ")


def program(*arguments, folder, **environment):
    """Runs a command as a program of its own and returns it when it has ended."""
    return subprocess.run(
        [sys.executable, "-m", "tfhpo.cli", *map(str, arguments)],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "CUDA_VISIBLE_DEVICES": "",
            "COLUMNS": "120",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        # A shell that runs the tests in its background has told them to ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
