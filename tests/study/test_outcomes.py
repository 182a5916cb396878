"""Which trial is better, and why one failed."""

import math
import threading
from pathlib import Path

import pytest

import tfhpo
from tfhpo.errors import ArgumentError
from tfhpo.study import TrialStatus
from tfhpo.study.outcomes import cause_of, place_of, ranked, seconds_of


@pytest.mark.parametrize(("direction", "order"), [("max", [2, 0, 3]), ("min", [0, 3, 2])])
def test_best_first_and_the_earlier_of_equals(running, completed, direction, order):
    trials = [completed(0, 0.5), completed(1, math.nan), completed(2, 0.9), completed(3, 0.5)]
    trials.append(running(4, status=TrialStatus.FAILED))
    assert [trial.number for trial in ranked(trials, direction)] == order


def test_an_unknown_direction_is_refused():
    with pytest.raises(ArgumentError, match="Received: 'up'"):
        ranked([], "up")


GRAPH_ERROR = """Traceback (most recent call last):
  File "fit.py", line 6, in go
    model.fit(x, y)
    ^^^^^^^^^^^^^^^
tf.errors.InvalidArgumentError: Graph execution error:

Detected at node loss/Sparse defined at (most recent call last):
  File "fit.py", line 8, in go

  File "losses.py", line 34, in call

Received a label value of 7
\t [[{{node loss/Sparse}}]] [Op:__inference_538]
"""
LAYER_ERROR = """Traceback (most recent call last):
  File "layers.py", line 1, in call
    raise KeyError
KeyError

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "layers.py", line 2, in call
    raise ValueError
ValueError: Exception encountered when calling Twice.call().

\x1b[1mtoo wide\x1b[0m

Arguments received by Twice.call():
  • training=True
"""


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("ValueError: too wide\nmore", "ValueError: too wide"),
        (
            "Traceback (most recent call last):\n  File x\nValueError: too wide\n",
            "ValueError: too wide",
        ),
        (
            GRAPH_ERROR,
            "tf.errors.InvalidArgumentError: Graph execution error: Received a label value of 7",
        ),
        (LAYER_ERROR, "ValueError: Exception encountered when calling Twice.call(). too wide"),
        (
            "Traceback (most recent call last):\n  File x\nValueError: too wide\nmore",
            "ValueError: too wide",
        ),
        (
            "tf.errors.InvalidArgumentError: Graph execution error:\n\nDetected at node x\nseven",
            "tf.errors.InvalidArgumentError: Graph execution error: seven",
        ),
        ("ValueError: in user code:", "ValueError: in user code:"),
        ("killed", "killed"),
        ("Traceback (most recent call last):\n  File x\n", "File x"),
        ("Traceback (most recent call last):\nOSError:\n [[{{node}}]]", "OSError:"),
        ("\n  \n", "no cause was recorded"),
        (None, "no cause was recorded"),
    ],
)
def test_the_cause_is_one_line(message, line):
    assert cause_of(message) == line


def traceback_of(*frames, told="ValueError: too wide"):
    lines = [f'  File "{file}", line {line}, in {name}\n    code' for file, line, name in frames]
    return "\n".join(["Traceback (most recent call last):", *lines, told])


OURS = (str(Path(tfhpo.__file__).parent / "tuners" / "tuner.py"), 7, "_attempt")
THEIRS = ("/home/ada/train.py", 12, "build")
KERAS = ("/home/ada/venv/lib/python3.11/site-packages/keras/src/layers/layer.py", 9, "call")


@pytest.mark.parametrize(
    ("message", "place"),
    [
        (traceback_of(OURS, THEIRS, KERAS), "train.py:12"),
        (traceback_of(OURS, THEIRS, ("/home/ada/layers.py", 3, "call"), KERAS), "layers.py:3"),
        (traceback_of(OURS, (r"C:\Users\ada\train.py", 12, "build")), "train.py:12"),
        (traceback_of(OURS, (r"C:\Python\Lib\site-packages\keras\layer.py", 9, "f")), None),
        (traceback_of(OURS, THEIRS, (threading.__file__, 9, "run")), "train.py:12"),
        (traceback_of(OURS, ("/tmp/ipykernel_31/2781.py", 3, "build"), KERAS), "line 3 of build"),
        (traceback_of(OURS, ("<stdin>", 3, "build")), "line 3 of build"),
        (traceback_of(OURS, KERAS), None),
        # An exception's own words name places, too, and so do those that came before it.
        (
            traceback_of(OURS, told='tf.Error:\n  File "/ada/train.py", line 8, in go'),
            None,
        ),
        (f"{traceback_of(THEIRS)}\n\nDuring handling:\n\n{traceback_of(OURS)}", None),
        ("Its process was killed by SIGKILL.", None),
        ("\n", None),
        (None, None),
    ],
)
def test_the_place_is_in_code_of_the_users(message, place):
    assert place_of(message) == place


def test_seconds_need_both_times(running, completed):
    assert seconds_of(completed(1, started=2.0, ended=4.5)) == 2.5
    assert seconds_of(running(0)) is None
