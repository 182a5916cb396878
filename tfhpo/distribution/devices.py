"""The devices of this process, as tf.distribute uses them."""

from __future__ import annotations

import tensorflow as tf


def mirrored_devices() -> list[str]:
    """Returns the devices of a mirrored model: all GPUs, else all logical devices of the CPU.

    Asking starts TensorFlow: logical devices cannot be configured afterwards.
    """
    return _names("GPU") or _names("CPU")


def _names(kind: str) -> list[str]:
    # /device:GPU:0 -> GPU:0
    found = tf.config.list_logical_devices(kind)
    return [str(device.name).removeprefix("/device:") for device in found]
