"""Oracles in a folder of their own, closed when the test ends."""

from __future__ import annotations

import pytest
from driving import drive

from tfhpo.oracles import RandomOracle


@pytest.fixture
def placed(tmp_path):
    """Puts an oracle into a project's folder, as a tuner does."""
    oracles = []

    def place(oracle, project="project"):
        oracle._set_project_dir(str(tmp_path), project)
        oracles.append(oracle)
        return oracle

    yield place
    for oracle in oracles:
        oracle.close()


@pytest.fixture
def random_search(placed):
    """Runs a random search by hand and closes its study; returns the oracle."""

    def search(build, max_trials=5, trials=None, **arguments):
        oracle = placed(RandomOracle("loss", max_trials, **{"seed": 0, **arguments}))
        drive(oracle, build, trials)
        oracle.close()
        return oracle

    return search
