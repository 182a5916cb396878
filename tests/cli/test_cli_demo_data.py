"""The images of the demo, and files that hold others."""

import numpy as np
import pytest
from command_line import refusal

from tfhpo.cli.demo_data import digits, from_file
from tfhpo.errors import ArgumentError


def arrays(**changes):
    rng = np.random.default_rng(0)
    good = {
        "x_train": rng.integers(0, 256, (20, 6, 5), dtype=np.uint8),
        "y_train": np.arange(20, dtype=np.uint8) % 3,
        "x_test": rng.integers(0, 256, (4, 6, 5), dtype=np.uint8),
        "y_test": np.array([0, 1, 2, 0], dtype=np.uint8),
    }
    return {key: value for key, value in {**good, **changes}.items() if value is not None}


def saved(folder, **changes):
    path = folder / "images.npz"
    np.savez(path, **arrays(**changes))
    return path


def test_digits_are_split_without_overlap():
    images = digits(seed=0)
    sizes = [len(x) for x, _ in (images.train, images.validation, images.test)]
    assert sum(sizes) == 1797
    assert images.shape == (8, 8, 1)
    assert images.classes == 10
    assert 0.0 == images.train[0].min() < images.train[0].max() == 1.0
    again, other = digits(seed=0), digits(seed=1)
    np.testing.assert_array_equal(images.test[1], again.test[1])
    assert not np.array_equal(images.test[1], other.test[1])


def test_a_file_of_grey_images(tmp_path):
    images = from_file(saved(tmp_path), seed=0)
    assert images.name == "images"
    assert images.shape == (6, 5, 1)
    assert images.classes == 3
    assert (len(images.train[0]), len(images.validation[0]), len(images.test[0])) == (16, 4, 4)
    assert images.train[0].dtype == np.float32
    np.testing.assert_allclose(images.test[0][..., 0] * 255, arrays()["x_test"], rtol=1e-6)


def test_colour_images_and_a_column_of_labels(tmp_path):
    colour = {"x_train": np.ones((20, 6, 5, 3)), "x_test": np.ones((4, 6, 5, 3))}
    labels = {"y_train": arrays()["y_train"][:, np.newaxis]}
    images = from_file(saved(tmp_path, **colour, **labels), seed=0)
    assert images.shape == (6, 5, 3)
    assert images.train[1].shape == (16,)
    assert images.train[0].max() == 1.0


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"y_test": None}, "lacks y_test; it holds x_train, y_train, x_test"),
        ({"x_train": np.zeros((20, 30), np.uint8)}, r"x_train must hold .* shape \(20, 30\)"),
        ({"x_train": np.zeros((20, 2, 2), np.uint8)}, "4 x 4 numbers or more"),
        ({"x_test": np.zeros((0, 6, 5), np.uint8)}, "x_test must hold at least one image"),
        ({"x_train": np.full((20, 6, 5), "a")}, "x_train must hold .* dtype <U1"),
        ({"x_train": np.full((20, 6, 5), np.nan)}, "finite"),
        ({"x_test": np.zeros((4, 6, 6), np.uint8)}, "one shape"),
        ({"y_train": np.zeros(19, np.uint8)}, "y_train must hold one whole number .* 20 images"),
        ({"y_train": np.zeros(20)}, "y_train must hold .* dtype float64"),
        ({"y_train": np.eye(20, dtype=np.uint8)}, r"shape \(20, 20\)"),
        ({"y_train": np.full(20, -1)}, "labels from 0. Received: -1"),
        ({"y_train": np.zeros(20, int), "y_test": np.zeros(4, int)}, "at least two labels"),
        ({"y_test": np.array([0, 1, 2, 7])}, r"must be in y_train. Received also: \[7\]"),
        ({"y_train": np.array([None] * 20)}, "npz file"),
    ],
)
def test_a_file_that_will_not_do(tmp_path, changes, rule):
    with pytest.raises(ArgumentError, match=rule):
        from_file(saved(tmp_path, **changes), seed=0)


def test_one_image_leaves_none_to_train_on(tmp_path):
    one = {"x_train": np.zeros((1, 6, 5)), "y_train": np.ones(1, int), "y_test": np.ones(4, int)}
    with pytest.raises(ArgumentError, match="left to train on"):
        from_file(saved(tmp_path, **one), seed=0)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_a_file_that_is_no_archive(tmp_path, content):
    path = tmp_path / "images.npz"
    path.write_bytes(content)
    with pytest.raises(ArgumentError, match=r"npz file. .*images\.npz"):
        from_file(path, seed=0)


def test_a_file_of_one_array(tmp_path):
    np.save(tmp_path / "one.npy", np.zeros(3))
    with pytest.raises(ArgumentError, match="one array without a name"):
        from_file(tmp_path / "one.npy", seed=0)


def test_the_command_tells_it_before_any_training(tmp_path):
    message = refusal("demo", "--data", tmp_path / "none.npz", "--directory", tmp_path / "demo")
    assert "none.npz" in message
    assert not (tmp_path / "demo").exists()
