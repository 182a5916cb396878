"""What all tests share: the same hypothesis examples on every machine, and readable asserts."""

import pytest
from hypothesis import settings

# The checks of these helper modules should fail as readably as those of the tests themselves.
pytest.register_assert_rewrite("conformance", "example_spaces")

settings.register_profile("tfhpo", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("tfhpo")
