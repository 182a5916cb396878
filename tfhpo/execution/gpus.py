"""The GPUs that this process may use, found without loading TensorFlow."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

_VARIABLE = "CUDA_VISIBLE_DEVICES"
_LISTING_SECONDS = 30


# Of NVIDIA's kernel driver: a folder for each GPU of the machine.
_DRIVER = Path("/proc/driver/nvidia/gpus")
# Where the devices are that this process may open; a container may have some of them alone.
_DEVICES = Path("/dev")


class Gpus(NamedTuple):
    """The GPUs that this process may use.

    Attributes:
        names: Each as `CUDA_VISIBLE_DEVICES` takes it.
        source: Who knows of them: that variable, "nvidia-smi", or the folder of the driver.
    """

    names: list[str]
    source: str


def visible_gpus() -> list[str]:
    """Returns the names of the GPUs, each as `CUDA_VISIBLE_DEVICES` takes it."""
    return find_gpus().names


def find_gpus() -> Gpus:
    """Finds the GPUs.

    They are those which `CUDA_VISIBLE_DEVICES` names, where it is set; else all that `nvidia-smi`
    lists, by their unique names, because its numbers are not always CUDA's. Where that program is
    missing, as in some containers, they are those that NVIDIA's driver has and whose device is in
    this system, by CUDA's numbers; what a partitioned one is divided into is not seen then.
    """
    chosen = os.environ.get(_VARIABLE)
    if chosen is not None:
        return Gpus(_chosen(chosen), _VARIABLE)
    program = shutil.which("nvidia-smi")
    return Gpus(_of_driver(), str(_DRIVER)) if program is None else _asked(program)


def _chosen(value: str) -> list[str]:
    """Returns the GPUs of the variable; CUDA ignores all from the first invalid one on."""
    names = []
    for name in (part.strip() for part in value.split(",")):
        if not re.match(r"\d+$|GPU-|MIG-", name):
            break
        names.append(name)
    return names


def _of_driver() -> list[str]:
    """Returns as many of CUDA's numbers as there are GPUs."""
    texts = [_text(file) for file in sorted(_DRIVER.glob("*/information"))]
    minors = re.findall(r"^Device Minor:\s*(\d+)", "\n".join(texts), re.MULTILINE)
    present = [minor for minor in minors if (_DEVICES / f"nvidia{minor}").exists()]
    # CUDA numbers those that it sees from 0 on, whatever the driver's own numbers are.
    return [str(number) for number in range(len(present))]


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        # What a container hides from this process is no GPU of its.
        return ""


def _asked(program: str) -> Gpus:
    try:
        listing = subprocess.run(  # noqa: S603 - a fixed command of the driver
            [program, "-L"], capture_output=True, text=True, timeout=_LISTING_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        # It is there but cannot speak to a driver: a machine without a GPU that works.
        return Gpus([], "nvidia-smi")
    return Gpus(listed(listing.stdout), "nvidia-smi")


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
