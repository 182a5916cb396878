"""Functions named on the command line."""

import re

import pytest

from tfhpo.cli.targets import absolute, load
from tfhpo.errors import ArgumentError

SOURCE = """
counter = [0]
counter[0] += 1
import {helper}

def build_model(hp):
    return counter[0]

width = 3
"""


@pytest.fixture
def place(tmp_path):
    """A module of a name that no other test uses, which imports its neighbour."""
    name = f"targets_{tmp_path.name}"
    (tmp_path / f"{name}_helper.py").write_text("")
    path = tmp_path / f"{name}.py"
    path.write_text(SOURCE.format(helper=f"{name}_helper"))
    return path


def test_a_function_of_a_file(place):
    assert load(f"{place}:build_model")(None) == 1


def test_a_file_is_run_once(place):
    assert load(f"{place}:build_model") is load(f"{place}:build_model")


def test_a_file_does_not_take_the_place_of_a_module(tmp_path):
    import json

    path = tmp_path / "json.py"
    path.write_text("def build(hp):\n    return 'mine'\n")
    assert load(f"{path}:build")(None) == "mine"
    import json as again

    assert again is json


def test_a_function_of_a_module():
    import math

    assert load("math:sqrt") is math.sqrt


def test_a_module_in_the_present_folder(place, monkeypatch):
    monkeypatch.chdir(place.parent)
    assert load(f"{place.stem}:build_model")(None) == 1


def test_a_relative_file_becomes_absolute(place, monkeypatch):
    monkeypatch.chdir(place.parent)
    assert absolute(f"{place.name}:build_model") == f"{place}:build_model"
    assert absolute("package.module:build") == "package.module:build"


@pytest.mark.parametrize("target", ["model.py", "model.py:", ":build", "model.py:a b", ""])
def test_a_target_has_two_parts(target):
    with pytest.raises(ArgumentError, match=r"FILE\.py:FUNCTION"):
        load(target)


def test_a_missing_file(tmp_path):
    with pytest.raises(ArgumentError, match=r"no file at .*none\.py"):
        load(f"{tmp_path / 'none.py'}:build")


def test_a_missing_module():
    with pytest.raises(ArgumentError, match="no module 'no_such_module'"):
        load("no_such_module:build")


def test_a_missing_function_names_the_nearest(place):
    with pytest.raises(ArgumentError, match="Did you mean 'build_model'"):
        load(f"{place}:buildmodel")
    with pytest.raises(ArgumentError, match="It defines: build_model"):
        load(f"{place}:something")


def test_a_value_is_no_function(place):
    with pytest.raises(ArgumentError, match=r"must be a function.*3.*int"):
        load(f"{place}:width")


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("x = 1\nimport no_such_dependency\n", "line 2: ModuleNotFoundError: No module named"),
        ("def f():\n    return 1 / 0\n\nf()\n", "line 2: ZeroDivisionError: division by zero"),
        ("x = 1\ndef f(:\n", "line 2: SyntaxError: "),
    ],
)
def test_a_file_that_cannot_be_run_tells_where(tmp_path, source, told):
    path = tmp_path / f"targets_broken_{tmp_path.name}.py"
    path.write_text(source)
    for _ in range(2):
        with pytest.raises(ArgumentError, match=re.escape(f"{path}, {told}")):
            load(f"{path}:build")
