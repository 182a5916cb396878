"""Values and times as short texts."""

import pytest

from tfhpo.reporting.wording import count, duration, short, stopwatch


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.123456789, "0.12346"),
        (1e-7, "1e-07"),
        (123456, "123456"),
        (True, "True"),
        ("adam", "adam"),
        (None, "-"),
        (float("nan"), "nan"),
    ],
)
def test_short(value, text):
    assert short(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1:00"),
        (3599.6, "1:00:00"),
        (7322, "2:02:02"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_a_stopwatch_keeps_its_look():
    assert [stopwatch(t) for t in (-3, 0.4, 8, 62, 3600)] == [
        "0:00",
        "0:00",
        "0:08",
        "1:02",
        "1:00:00",
    ]


def test_count():
    assert [count(n, "trial") for n in (0, 1, 2)] == ["0 trials", "1 trial", "2 trials"]
