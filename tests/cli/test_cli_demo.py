"""The demo, at a small size, as a user runs it."""

import re

import numpy as np
import pytest
from command_line import program, refusal

from tfhpo.study import read_study


@pytest.mark.slow
def test_the_demo_from_start_to_end(tmp_path):
    small = ("demo", "--epochs", "1", "--directory", "out")
    first = program(*small, "--max-trials", "2", folder=tmp_path)
    assert first.returncode == 0, first.stderr
    assert len(read_study(tmp_path / "out").completed) == 2
    second = program(*small, "--max-trials", "12", folder=tmp_path)
    assert second.returncode == 0, second.stderr
    assert [trial.number for trial in read_study(tmp_path / "out").completed] == [*range(12)]
    accuracy = re.search(r"test accuracy of ([\d.]+)%", second.stdout)
    assert accuracy
    assert float(accuracy[1]) > 50
    assert "tensorboard --logdir out/logs" in second.stdout
    assert (tmp_path / "out" / "ranges.png").read_bytes().startswith(b"\x89PNG")
    assert list((tmp_path / "out" / "logs").rglob("events.out.tfevents*"))
    changed = refusal("demo", "--epochs", "2", "--directory", tmp_path / "out")
    assert "epochs was 1, is 2" in changed


@pytest.mark.slow
def test_the_demo_on_a_file_of_images(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.arange(120, dtype=np.uint8) % 2
    x = (rng.random((120, 9, 7)) * 100 + 120 * labels[:, None, None]).astype(np.uint8)
    np.savez(
        tmp_path / "two.npz",
        x_train=x[:90], y_train=labels[:90], x_test=x[90:], y_test=labels[90:],
    )  # fmt: skip
    done = program(
        "demo", "--data", "two.npz", "--max-trials", "2", "--epochs", "4", folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "two: 72 images of 9 x 7" in done.stdout
    assert read_study(tmp_path / "tfhpo-demo").best()[0].score > 0.8
