"""The kernel of a convolution, and the layer that it stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import keras

from tfhpo.declaring import Declarer, Role
from tfhpo.errors import ArgumentError

KERNELS = ("7x7", "5x5", "3x3", "1x1", "7x1+1x7")
_START = "3x3"
# A rectangle, or a column and then a row.
_WHOLE = r"(\d+)x(\d+)"
_FACTORISED = r"(\d+)x1\+1x(\d+)"


def kernel_size(hp: Any, *, kernels: Sequence[Any] = KERNELS, name: str = "kernel_size") -> str:
    """Declares the kernel of a convolution: 7x7, 5x5, 3x3, 1x1, or 7x1 with 1x7.

    All are odd, so that the kernel has a centre and "same" padding is symmetric. It starts at 3x3,
    as Simonyan & Zisserman 2015, "Very deep convolutional networks for large-scale image
    recognition", section 2.3. 1x1 mixes channels alone: Lin, Chen & Yan 2014, "Network in
    network". 7x1 followed by 1x7 sees what 7x7 does with 2/7 of the weights: Szegedy et al. 2016,
    "Rethinking the Inception architecture for computer vision", section 3.2.

    Example:
        >>> import keras_tuner
        >>> from tfhpo import hp
        >>> hp.kernel_size(keras_tuner.HyperParameters())
        '3x3'

    Args:
        hp: The `keras_tuner.HyperParameters`.
        kernels: What to choose from, each as in `hp.convolution`. Without 3x3 it starts at the
            first.
        name: The parameter's name.

    Returns:
        The kernel, for `hp.convolution`.

    Raises:
        ArgumentError: If there is no kernel, one twice, or one that is not odd.
    """
    words = [_word(kernel) for kernel in _listed(kernels)]
    if not words or len(set(words)) < len(words):
        raise ArgumentError(
            f"`kernels` must name at least one, and each only once. Received: {words}."
        )
    default = _START if _START in words else words[0]
    kernel: str = Declarer(hp, Role.OTHER).choice(name, words, default=default)
    return kernel


def convolution(
    filters: int, kernel: str | int | Sequence[int], **kwargs: Any
) -> keras.layers.Layer:
    """Returns the 2D convolution with a kernel that `kernel_size` names.

    A factorised kernel becomes two convolutions in a `keras.Sequential`, so that a saved model
    needs nothing of tfhpo to be loaded. Both have the given activation: a linear one between was
    always worse in Szegedy et al. 2016, section 3.1.

    Example:
        >>> from tfhpo import hp
        >>> pair = hp.convolution(8, "7x1+1x7", strides=2, activation="relu")
        >>> [(layer.kernel_size, layer.strides) for layer in pair.layers]
        [((7, 1), (2, 1)), ((1, 7), (1, 2))]

    Args:
        filters: The number of output channels, and of those between two factors.
        kernel: Height x width, such as "3x3", or a column and a row, such as "7x1+1x7"; or as Keras
            has it, 3 or (3, 5).
        **kwargs: Further arguments of `keras.layers.Conv2D`. Default padding: "same". The column
            takes the strides and the dilation along the height, the row those along the width.

    Raises:
        ArgumentError: If the kernel is not written so, or is not odd.
    """
    kwargs = {"padding": "same", **kwargs}
    word = _word(kernel)
    height, width = map(int, re.findall(_FACTORISED if "+" in word else _WHOLE, word)[0])
    if "+" in word:
        return _column_and_row(filters, height, width, **kwargs)
    return keras.layers.Conv2D(filters, (height, width), **kwargs)


def _listed(kernels: Any) -> list[Any]:
    if not isinstance(kernels, (list, tuple)):
        raise ArgumentError(
            f"`kernels` must be a list of kernels, such as {list(KERNELS)}. Received: {kernels!r}."
        )
    return list(kernels)


def _word(kernel: Any) -> str:
    """Returns a kernel as it is written here: "3x5" for (3, 5)."""
    sides = (kernel, kernel) if isinstance(kernel, int) else kernel
    if isinstance(sides, (tuple, list)) and [type(side) for side in sides] == [int, int]:
        word = "{}x{}".format(*sides)
    else:
        word = str(kernel)
    found = re.fullmatch(_WHOLE, word) or re.fullmatch(_FACTORISED, word)
    if found is None or not all(int(side) % 2 for side in found.groups()):
        raise ArgumentError(
            f"A kernel must be odd and written like one of {', '.join(KERNELS)}, or like 3 or "
            f"(3, 5). Received: {kernel!r}."
        )
    return word


def _column_and_row(
    filters: int,
    height: int,
    width: int,
    *,
    strides: int | Sequence[int] = 1,
    dilation_rate: int | Sequence[int] = 1,
    name: str | None = None,
    **kwargs: Any,
) -> keras.Sequential:
    down, along = _pair(strides)
    down_gap, along_gap = _pair(dilation_rate)
    column = keras.layers.Conv2D(
        filters, (height, 1), strides=(down, 1), dilation_rate=(down_gap, 1), **kwargs
    )
    row = keras.layers.Conv2D(
        filters, (1, width), strides=(1, along), dilation_rate=(1, along_gap), **kwargs
    )
    return keras.Sequential([column, row], name=name)


def _pair(value: int | Sequence[int]) -> tuple[int, int]:
    first, second = (value, value) if isinstance(value, int) else value
    return first, second
