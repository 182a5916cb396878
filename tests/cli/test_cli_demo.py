"""The demo, at a small size, as a user runs it."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from command_line import ROOT, program, refusal

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


@pytest.fixture
def some_mnist(tmp_path):
    """A file of 300 images of MNIST to train on and 100 to test by."""
    folder = Path(os.environ.get("TFHPO_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / "mnist.npz").is_file():
        pytest.skip(f"needs mnist.npz in {folder}; TFHPO_DATA names another folder")
    with np.load(folder / "mnist.npz") as whole:
        np.savez(
            tmp_path / "mnist.npz",
            x_train=whole["x_train"][:300],
            y_train=whole["y_train"][:300],
            x_test=whole["x_test"][:100],
            y_test=whole["y_test"][:100],
        )
    return tmp_path / "mnist.npz"


@pytest.mark.slow
def test_the_demo_on_some_of_mnist(some_mnist):
    given = ("--data", some_mnist.name, "--max-trials", "2", "--epochs", "1")
    done = program("demo", *given, folder=some_mnist.parent)
    assert done.returncode == 0, done.stderr
    assert "mnist: 240 images of 28 x 28 to train on, 60 to choose by, 100" in done.stdout
    assert len(read_study(some_mnist.parent / "tfhpo-demo").completed) == 2
    # No round has closed: the picture has the trials alone.
    picture = some_mnist.parent / "tfhpo-demo" / "ranges.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert str(Path("tfhpo-demo", "ranges.png")) in done.stdout
