"""Finished searches that several tests look at."""

import pytest
from small_searches import random_search, searched


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A random search of six trials, two of them with their weights kept."""
    folder = tmp_path_factory.mktemp("finished")
    return searched(random_search(folder, max_trials=6, checkpoints=2))
