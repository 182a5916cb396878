"""The examples of the docstrings run, and every schedule has what a reader looks for."""

import doctest
import importlib
import pkgutil

import keras
import pytest

from tfhpo import schedules

MODULES = [module.name for module in pkgutil.iter_modules(schedules.__path__, "tfhpo.schedules.")]
CLASSES = [
    name
    for name in schedules.__all__
    if isinstance(getattr(schedules, name), type)
    and issubclass(getattr(schedules, name), keras.optimizers.schedules.LearningRateSchedule)
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("name", CLASSES)
def test_a_reader_finds_it_all(name):
    text = getattr(schedules, name).__doc__
    parts = ["Formula:", "Args:", "Raises:", "Example:", ">>> from tfhpo.schedules import"]
    parts += [] if name == "Constant" else ["Boundary cases:", "steps (batches)"]
    assert [part for part in parts if part not in text] == []
