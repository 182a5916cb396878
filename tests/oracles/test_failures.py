"""When failures count as one cause, and stop the search."""

import pytest

from tfhpo.errors import SearchFailedError
from tfhpo.oracles.failures import FailureLimit


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("<Model at 0x7fab12>", "<Model at 0x8c01de90>"),
        ("rate 3e-05", "rate 0.001"),
        ("rate 1E+3", "rate 250"),
        ("shift -2", "shift 7"),
    ],
)
def test_numbers_and_addresses_make_no_other_cause(first, second):
    messages = [f"ValueError: bad {one}" for one in (first, second)]
    with pytest.raises(SearchFailedError, match="failed alike"):
        FailureLimit(2).check(messages)


def test_other_words_make_another_cause():
    FailureLimit(2).check(["ValueError: bad rate 3", "ValueError: bad shift 3"])


def test_causes_that_differ_in_numbers_only_are_alike():
    limit = FailureLimit(3)
    shapes = [f"ValueError: shape ({n}, 3)" for n in range(3)]
    limit.check(shapes[:2])
    with pytest.raises(SearchFailedError, match=r"first 3 trials .* shape \(2, 3\)"):
        limit.check(shapes)
    FailureLimit(None).check(shapes * 100)
