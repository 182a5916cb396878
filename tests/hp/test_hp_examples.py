"""The examples in the docstrings of ready parameters run as they stand there."""

import doctest
import importlib
import pkgutil

import pytest

import tfhpo.declaring
import tfhpo.hp
from tfhpo import hp


def modules():
    for package in (tfhpo.hp, tfhpo.declaring):
        found = pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
        yield from (module.name for module in found)


@pytest.mark.parametrize("name", [*modules(), "tfhpo.schedules.tunable"])
def test_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_almost_every_function_has_an_example():
    # Adam's three numbers share the first one's.
    bare = {name for name in hp.__all__ if callable(getattr(hp, name))}
    bare = {name for name in bare if ">>>" not in (getattr(hp, name).__doc__ or "")}
    assert bare == {"AdviceWarning", "Role", "beta_2", "epsilon"}
