"""What counts as one cause, and which line of a traceback is shown for it."""

import pytest

from tfhpo.errors import SearchFailedError
from tfhpo.oracles.failures import FailureLimit, cause_of

GRAPH = """Traceback (most recent call last):
  File "train.py", line 8, in <module>
InvalidArgumentError: Graph execution error:

Detected at node compile_loss/SoftmaxCrossEntropy defined at (most recent call last):
  File "train.py", line 8, in <module>

  File "keras/src/trainers/trainer.py", line 419, in _compute_loss

Received a label value of 7 which is outside the valid range of [0, 3).
\t [[{{node compile_loss/SoftmaxCrossEntropy}}]] [Op:__inference_multi_step_231]
"""
LAYER = """ValueError: Exception encountered when calling Dense.call().

\x1b[1mMatrix size-incompatible: In[0]: [8,4], In[1]: [5,3]\x1b[0m

Arguments received by Dense.call():
  • training=None
"""


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (
            GRAPH,
            (
                "InvalidArgumentError: Graph execution error: "
                "Received a label value of 7 which is outside the valid range of [0, 3)."
            ),
        ),
        (
            LAYER,
            (
                "ValueError: Exception encountered when calling Dense.call(). "
                "Matrix size-incompatible: In[0]: [8,4], In[1]: [5,3]"
            ),
        ),
        ("ValueError: in user code:", "ValueError: in user code:"),
        ("OSError: no data\nhint: look there", "OSError: no data"),
    ],
)
def test_the_line_that_tells_the_cause_is_shown(message, cause):
    assert cause_of(message) == cause


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
