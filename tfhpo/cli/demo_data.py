"""The images of `tfhpo demo`: scikit-learn's digits, or a file of the user's."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tfhpo.errors import ArgumentError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    Array = npt.NDArray[Any]

#: What a file of images must hold, as Keras's MNIST does.
KEYS = ("x_train", "y_train", "x_test", "y_test")
# Shares: of all digits for the test, then of the rest for validation.
_TEST, _VALIDATION = 0.2, 0.2
# The smallest side that a 3x3 convolution and a 2x2 pooling leave something of.
_SMALLEST = 4


@dataclass(frozen=True)
class Images:
    """Pictures of several classes, as a network takes them.

    Attributes:
        name: What they are.
        train: Inputs `n x height x width x channels` (float32, within [-1, 1]) and labels `n`.
        validation: Likewise, for choosing.
        test: Likewise, for the last word.
        classes: Number of classes; labels run from 0.
    """

    name: str
    train: tuple[Array, Array]
    validation: tuple[Array, Array]
    test: tuple[Array, Array]
    classes: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of a picture."""
        height, width, channels = self.train[0].shape[1:]
        return height, width, channels


def digits(seed: int) -> Images:
    """Returns scikit-learn's 1,797 handwritten digits, 8 x 8 pixels, which come with it.

    Args:
        seed: Of the split into training, validation and test.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    x, y = _scaled(bunch.images, 16.0), bunch.target.astype(np.int64)
    rest, test = _split(x, y, _TEST, seed)
    train, validation = _split(*rest, _VALIDATION, seed)
    return Images("digits", train, validation, test, classes=10)


def from_file(path: Path, seed: int) -> Images:
    """Returns the images of an `.npz` file with the keys of Keras's MNIST.

    Args:
        path: The file: `x_train` and `x_test` are `n x height x width`, with channels behind or
            without; `y_train` and `y_test` are whole numbers from 0.
        seed: Of the split of the training images into training and validation.

    Raises:
        ArgumentError: The file is not of that form.
    """
    arrays = _read(path)
    for part in ("train", "test"):
        _check_images(f"x_{part}", arrays[f"x_{part}"])
        _check_labels(f"y_{part}", arrays[f"y_{part}"], len(arrays[f"x_{part}"]))
    x_train, y_train, x_test, y_test = (arrays[key] for key in KEYS)
    if x_train.shape[1:] != x_test.shape[1:]:
        raise ArgumentError(
            "The images for training and test must have one shape. Received: "
            f"x_train of {x_train.shape}, x_test of {x_test.shape}."
        )
    y_train, y_test = y_train.reshape(-1).astype(np.int64), y_test.reshape(-1).astype(np.int64)
    unseen = sorted(set(y_test.tolist()) - set(y_train.tolist()))
    if unseen:
        raise ArgumentError(f"Every label of y_test must be in y_train. Received also: {unseen}.")
    classes = int(y_train.max()) + 1
    if classes < 2:
        raise ArgumentError("y_train must hold at least two labels. Received: only 0.")
    high = 255.0 if x_train.dtype == np.uint8 else float(max(np.abs(x_train).max(), 1))
    train, validation = _split(_scaled(x_train, high), y_train, _VALIDATION, seed)
    return Images(path.stem, train, validation, (_scaled(x_test, high), y_test), classes)


def _read(path: Path) -> dict[str, Array]:
    if not path.is_file():
        raise ArgumentError(f"--data must be a file. There is none at {path}.")
    try:
        names, arrays = _load(path)
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise ArgumentError(f"--data must be an .npz file. {path} is not: {error}") from error
    missing = [key for key in KEYS if key not in arrays]
    if missing:
        raise ArgumentError(
            f"--data must hold {', '.join(KEYS)}. {path} lacks {', '.join(missing)}; it holds "
            f"{', '.join(names) or 'nothing'}."
        )
    return arrays


def _load(path: Path) -> tuple[list[str], dict[str, Array]]:
    """Returns the names of all arrays in a file, and those arrays that are wanted."""
    # Opened here, because numpy leaves a broken archive open.
    with path.open("rb") as file:
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return ["one array without a name"], {}
        with loaded:
            return loaded.files, {key: loaded[key] for key in KEYS if key in loaded.files}


def _check_images(key: str, x: Array) -> None:
    is_number = x.dtype.kind in "buif"
    if x.ndim not in (3, 4) or not is_number or not x.size or min(x.shape[1:3]) < _SMALLEST:
        raise ArgumentError(
            f"{key} must hold at least one image of {_SMALLEST} x {_SMALLEST} numbers or more: "
            "n x height x width, or n x height x width x channels. "
            f"Received: shape {x.shape}, dtype {x.dtype}."
        )
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        raise ArgumentError(f"{key} must hold finite numbers. Received: NaN or infinity in it.")


def _check_labels(key: str, y: Array, images: int) -> None:
    if y.shape not in ((images,), (images, 1)) or y.dtype.kind not in "ui":
        raise ArgumentError(
            f"{key} must hold one whole number for each of the {images} images. "
            f"Received: shape {y.shape}, dtype {y.dtype}."
        )
    if y.min() < 0:
        raise ArgumentError(f"{key} must hold labels from 0. Received: {y.min()}.")


def _scaled(x: Array, high: float) -> Array:
    """Returns images within [-1, 1], with channels."""
    scaled = (x / high).astype(np.float32)
    return scaled[..., np.newaxis] if scaled.ndim == 3 else scaled


def _split(
    x: Array, y: Array, share: float, seed: int
) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Returns all but a random share of the images, and that share."""
    order = np.random.default_rng(seed).permutation(len(x))
    held_out = max(round(share * len(x)), 1)
    rest, part = order[held_out:], order[:held_out]
    if not len(rest):
        raise ArgumentError(
            f"There must be images left to train on when {share:.0%} validate. "
            f"Received: {len(x)} images."
        )
    return (x[rest], y[rest]), (x[part], y[part])
