"""What a search prints where nobody looks at a terminal."""

import subprocess
import sys
from pathlib import Path

import pytest
from small_searches import X, Y, random_search

_CHILD = """
import sys
sys.path.insert(0, sys.argv[2])
from small_searches import X, Y, compiled, network
import tfhpo

def build(hp):
    return compiled(network(hp.Int("units", 2, 9)), run_eagerly=False)

tuner = tfhpo.RandomSearch(build, "val_loss", 5, directory=sys.argv[1])
print("search begins", file=sys.stderr, flush=True)
tuner.search(X, Y, epochs=1, validation_split=0.25, verbose=0)
print("search ends", file=sys.stderr, flush=True)
"""


def test_silence_is_silent(tmp_path):
    """Neither a line of ours nor TensorFlow's warnings of the tracing that every trial needs."""
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(tmp_path), str(here)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=here.parents[1],
        check=True,
    )
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    during = lines[lines.index("search begins") + 1 : lines.index("search ends")]
    assert [line for line in during if "tracing" in line or "tfhpo" in line] == []


@pytest.mark.parametrize(("verbose", "lines"), [(0, 0), (1, 1), ("auto", 1)])
def test_a_log_file_gets_one_line(tmp_path, capfd, verbose, lines):
    tuner = random_search(tmp_path, max_trials=2)
    capfd.readouterr()
    tuner.search(X, Y, epochs=1, batch_size=64, validation_split=0.25, verbose=verbose)
    out, err = capfd.readouterr()
    told = [line for line in (out + err).splitlines() if "val_loss" in line]
    assert len(told) == len(out.splitlines()) == lines
    assert all("2 trials in" in line for line in told)


def test_keras_speaks_when_asked_to(tmp_path, capfd):
    tuner = random_search(tmp_path, max_trials=1)
    tuner.search(X, Y, epochs=1, batch_size=64, validation_split=0.25, verbose=2)
    assert "val_accuracy: " in capfd.readouterr().out
