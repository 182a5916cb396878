"""What is kept of what a process printed."""

import pytest

from tfhpo.execution.last_words import last_words

STACK = """\
Current thread 0x00007f0a (most recent call first):
  File "/home/ann/model.py", line 5 in fit
  File "/home/ann/search.py", line 9 in main
"""
WAITING = """\
Thread 0x00007f0b (most recent call first):
  File "/site-packages/tfhpo/execution/child.py", line 60 in _listen
"""
OTHER = """\
Thread 0x00007f0c (most recent call first):
  File "/home/ann/feed.py", line 7 in feed
"""
CRASH = "Fatal Python error: Segmentation fault\n"
LIBRARIES = "Extension modules: " + ", ".join(["numpy.linalg"] * 500) + " (total: 500)\n"


def told(text):
    return last_words(text.encode())


def test_a_crash_with_its_cause_its_stack_and_what_came_before():
    dump = "\n".join([CRASH, WAITING, OTHER, STACK, LIBRARIES])
    assert told(f"epoch 3\n{dump}").split("\n") == [
        "epoch 3",
        *CRASH.splitlines(),
        *STACK.splitlines(),
        *OTHER.splitlines(),
    ]


def test_of_a_deep_stack_the_top_is_kept():
    frames = [f'  File "/home/ann/model.py", line {line} in deep' for line in range(100)]
    text = told("\n".join(["said", CRASH, STACK.splitlines()[0], *frames]))
    assert text.startswith("said\nFatal Python error")
    assert "line 0 in deep" in text
    assert text.endswith(" in deep\n…")
    assert len(text) < 5000


def test_of_many_lines_the_last_are_kept():
    lines = [f"line {number}" for number in range(5000)]
    text = told("\n".join(lines))
    assert text.startswith("…\nline ")
    assert text.endswith("line 4998\nline 4999")
    assert len(text) <= 6002


def test_one_long_line_is_kept_too():
    assert told("a" * 9000 + "b").endswith("ab")


@pytest.mark.parametrize(
    "line",
    [
        "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR",
        "I0000 00:00:1738400000.123456    42 cpu_feature_guard.cc:227] binary is optimized",
        "W0000 00:00:1738400000.123456    42 gpu_device.cc:2433] Cannot dlopen some GPU libraries.",
        "E0000 00:00:1738400000.1 42 cuda_dnn.cc:8310] Unable to register cuDNN factory: Attempt",
        "2026-02-01 10:11:12.345678: I tensorflow/core/util/port.cc:153] oneDNN operations are on.",
        "2026-02-01 10:11:12.345678: I external/local_xla/xla/tsl/cuda/cudart_stub.cc:32] no GPU",
        "2026-02-01 10:11:12.3: E external/xla/cuda_fft.cc:477] Unable to register cuFFT factory",
        "2026-02-01 10:11:12.3: E external/x/cuda_platform.cc:51] failed call to cuInit: INTERNAL",
        "To enable the following instructions: AVX2 FMA, in other operations, rebuild TensorFlow",
    ],
)
def test_what_every_start_prints_is_not_told(line):
    assert told(line) == ""
    assert told(f"before\n{line}\nafter\n") == "before\nafter"


@pytest.mark.parametrize(
    "line",
    [
        "F0000 00:00:1738400000.123456    42 tensor.cc:853] Check failed: dtype() == expected",
        "E0000 00:00:1738400000.123456    42 cuda_driver.cc:1] CUDA_ERROR_OUT_OF_MEMORY",
        "2026-02-01 10:11:12.3: F tensorflow/core/framework/tensor.cc:853] Check failed: 1 == 2",
    ],
)
def test_an_error_of_tensorflow_is_told(line):
    assert told(line) == line
