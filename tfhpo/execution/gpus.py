"""The GPUs that this process may use, found without loading TensorFlow."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

_VARIABLE = "CUDA_VISIBLE_DEVICES"
_LISTING_SECONDS = 30


def visible_gpus() -> list[str]:
    """Returns the names of the GPUs, each as `CUDA_VISIBLE_DEVICES` takes it.

    They are those which that variable names, where it is set; else all that `nvidia-smi` lists, by
    their unique names, because its numbers are not always CUDA's.
    """
    chosen = os.environ.get(_VARIABLE)
    return _installed() if chosen is None else _chosen(chosen)


def _chosen(value: str) -> list[str]:
    """Returns the GPUs of the variable; CUDA ignores all from the first invalid one on."""
    names = []
    for name in (part.strip() for part in value.split(",")):
        if not re.match(r"\d+$|GPU-|MIG-", name):
            break
        names.append(name)
    return names


def _installed() -> list[str]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        listing = subprocess.run(  # noqa: S603 - a fixed command of the driver
            [program, "-L"], capture_output=True, text=True, timeout=_LISTING_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        # It is there but cannot speak to a driver: a machine without a GPU that works.
        return []
    return listed(listing.stdout)


def listed(listing: str) -> list[str]:
    """Returns the names in what `nvidia-smi -L` prints: of a partitioned GPU, its parts' names."""
    names: list[str] = []
    gpu = ""
    for name in re.findall(r"UUID: ((?:GPU|MIG)-[^)\s]+)", listing):
        if name.startswith("GPU-"):
            gpu = name
        elif names[-1:] == [gpu]:
            # A GPU that is partitioned can be used through its parts alone.
            names.pop()
        names.append(name)
    return names
