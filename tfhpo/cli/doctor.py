"""`tfhpo doctor`: what is installed, what is missing, what can compute."""

from __future__ import annotations

import itertools
import os
import platform
import re
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import TYPE_CHECKING

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from tfhpo._version import __version__
from tfhpo.cli.screen import console

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The oldest versions that tfhpo works with, as setup.cfg declares them.
REQUIRED: Mapping[str, str] = {
    "tensorflow": "2.18",
    "keras": "3.5",
    "keras-tuner": "1.4.7",
    "numpy": "1.26",
    "scipy": "1.15",
    "tensorboard": "2.18",
    "scikit-learn": "1.4",
    "threadpoolctl": "3.1",
    "joblib": "1.3",
    "cloudpickle": "3.0",
    "psutil": "5.9",
    "grpcio": "1.59",
    "matplotlib": "3.8",
    "rich": "13.7",
    "typer": "0.12",
}
#: Optional packages, and the extra that installs each.
OPTIONAL: Mapping[str, str] = {"pandas": "pandas", "ray": "ray", "nbclient": "notebook"}

_PYTHON = "3.10"
# The exit status when something required is missing or too old.
_SICK = 1


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        name: What was looked for.
        found: What was found.
        advice: What to do about it; empty where all is well.
        is_serious: Whether tfhpo cannot work like this.
    """

    name: str
    found: str
    advice: str = ""
    is_serious: bool = False


def doctor() -> None:
    """Check the installation: versions, devices, and what is missing."""
    required = [_python(), Finding("tfhpo", __version__)]
    required += [required_package(name, least) for name, least in REQUIRED.items()]
    optional = [optional_package(name, extra) for name, extra in OPTIONAL.items()]
    is_sick = any(finding.is_serious for finding in required)
    computing = [] if is_sick else _computing()
    is_sick = is_sick or any(finding.is_serious for finding in computing)
    _print(required + optional + computing)
    if is_sick:
        raise typer.Exit(_SICK)


def required_package(name: str, least: str) -> Finding:
    """Returns what is known of a package that tfhpo needs.

    Args:
        name: The package, as pip knows it.
        least: The oldest version that will do.
    """
    found = _version_of(name)
    if found is None:
        return Finding(name, "missing", f"pip install '{name}>={least}'", is_serious=True)
    if _numbers(found) < _numbers(least):
        advice = f"pip install --upgrade '{name}>={least}'"
        return Finding(name, f"{found}, too old", advice, is_serious=True)
    return Finding(name, found)


def optional_package(name: str, extra: str) -> Finding:
    """Returns what is known of a package that some parts of tfhpo need.

    Args:
        name: The package, as pip knows it.
        extra: The extra of tfhpo that installs it.
    """
    found = _version_of(name)
    if found is None:
        return Finding(name, "not installed (optional)", f"pip install 'tfhpo[{extra}]'")
    return Finding(name, found)


def _python() -> Finding:
    found = platform.python_version()
    if sys.version_info[:2] < _numbers(_PYTHON):
        return Finding(
            "python", f"{found}, too old", f"use Python {_PYTHON} or newer", is_serious=True
        )
    return Finding("python", found)


def _computing() -> list[Finding]:
    """Returns the Keras backend and the devices; both need the packages to load."""
    # The devices are about to be listed; TensorFlow's own words on them would drown the table.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        import keras
        import tensorflow as tf
    except ImportError as error:
        advice = "reinstall it: the package is there, but does not load"
        return [Finding("tensorflow", f"{error}", advice, is_serious=True)]
    devices = tf.config.list_physical_devices()
    has_gpu = any(device.device_type == "GPU" for device in devices)
    # physical_device:GPU:0 -> GPU:0
    names = ", ".join(device.name.split(":", 1)[-1] for device in devices)
    return [
        Finding("keras backend", keras.config.backend()),
        Finding("devices", names, "" if has_gpu else "no GPU seen: trials run on the CPU"),
        gpus_to_divide(),
        workers_at_once(),
        Finding('distribution="mirrored"', _replicas()),
    ]


def gpus_to_divide() -> Finding:
    """Returns which GPUs workers would get, and who knows of them."""
    from tfhpo.execution import find_gpus

    found = find_gpus()
    told = f"{', '.join(found.names)} (known by {found.source})" if found.names else "none"
    by_driver = bool(found.names) and found.source.startswith("/")
    advice = "nvidia-smi is missing, so parts of partitioned GPUs are not seen" if by_driver else ""
    return Finding("GPUs for workers", told, advice)


def workers_at_once() -> Finding:
    """Returns what would run where with as many workers as fit the machine."""
    from tfhpo.execution import NEEDED, has_workers

    part = 'workers="auto"'
    if not has_workers():
        return Finding(part, "none", f"worker processes need {NEEDED}")
    return Finding(part, _places())


def _places() -> str:
    from tfhpo.execution import slots

    places = slots("auto")
    threads = f"{places[0].threads} CPU thread{'s' if places[0].threads > 1 else ''}"
    if not places[0].gpus:
        return f"{len(places)} trials at a time on the CPU, {threads} each"
    gpus = "; ".join(f"GPU {', '.join(place.gpus)}" for place in places)
    return f"{len(places)} trials at a time, each with {threads} and a GPU of its own: {gpus}"


def _replicas() -> str:
    """Returns what a trial would be distributed over."""
    from tfhpo.distribution.devices import mirrored_devices

    devices = mirrored_devices()
    if len(devices) == 1:
        return f"one replica, on {devices[0]}: there is nothing to distribute over"
    return f"{len(devices)} replicas, on {', '.join(devices)}"


def _version_of(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _numbers(version: str) -> tuple[int, ...]:
    """Returns the leading numbers of a version: 2.18.0rc1 is (2, 18, 0)."""
    parts = (re.match(r"\d+", part) for part in version.split("."))
    return tuple(int(part.group()) for part in itertools.takewhile(bool, parts) if part)


def _print(findings: list[Finding]) -> None:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("part")
    table.add_column("found", overflow="fold")
    table.add_column("advice", overflow="fold")
    for finding in findings:
        style = "red" if finding.is_serious else "yellow" if finding.advice else "green"
        # As texts: `tfhpo[pandas]` would be markup to rich.
        table.add_row(Text(finding.name), Text(finding.found, style), Text(finding.advice))
    console().print(table)
