"""What must stay light loads no TensorFlow. Each import runs in a process of its own."""

import subprocess
import sys

import pytest

HEAVY = ("tensorflow", "keras", "keras_tuner", "jax", "torch", "pandas", "matplotlib", "sklearn")


@pytest.mark.parametrize(
    "module", ["tfhpo", "tfhpo.errors", "tfhpo.space", "tfhpo.strategies", "tfhpo.study"]
)
def test_an_import_loads_nothing_heavy(module):
    script = f"import sys, {module}; print(*sorted(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


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
