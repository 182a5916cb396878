"""What must stay light loads no TensorFlow. Each import runs in a process of its own."""

import subprocess
import sys

import pytest

HEAVY = ("tensorflow", "keras", "keras_tuner", "jax", "torch", "pandas", "matplotlib", "sklearn")


def heavy_after(code):
    """Returns which of the heavy packages are loaded when a process has run the code."""
    script = f"import sys\n{code}\nprint(*sorted(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1].split()


@pytest.mark.parametrize(
    "module",
    [
        "tfhpo",
        "tfhpo.errors",
        "tfhpo.execution",
        "tfhpo.reporting",
        "tfhpo.space",
        "tfhpo.strategies",
        "tfhpo.study",
        "tfhpo.tensorboard",
    ],
)
def test_an_import_loads_nothing_heavy(module):
    assert heavy_after(f"import {module}") == []


def test_the_help_of_the_program_loads_nothing_heavy():
    code = "from tfhpo.cli.main import app\napp(['--help'], standalone_mode=False)"
    assert heavy_after(code) == []


def test_the_probe_sees_what_is_heavy():
    assert heavy_after("import pandas") == ["pandas"]


def test_a_search_needs_no_keras():
    script = """
import sys
sys.modules.update(dict.fromkeys(["tensorflow", "keras", "keras_tuner"]))
import numpy as np
from tfhpo.space import FloatRange, Parameter, Space
from tfhpo.strategies import ElasticGrid, Result
space = Space([Parameter("rate", FloatRange(1e-4, 1e-1, "log"))])
strategy = ElasticGrid(space, np.random.default_rng(0))
for _ in range(30):
    for suggestion in strategy.suggest():
        rate = space.decode(suggestion.point.x)["rate"]
        strategy.observe([Result(suggestion.key, suggestion.point, (rate - 0.01) ** 2)])
print(strategy.history.best is not None)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "True"


def test_strategies_load_no_distributions():
    # scipy.stats takes longer to import than all the rest.
    code = "import sys, tfhpo.strategies\nprint('scipy.stats' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
