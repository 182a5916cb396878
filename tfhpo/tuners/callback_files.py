"""A place of its own for what each training's callbacks write."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras


def write_apart(callbacks: Iterable[Any], place: str) -> None:
    """Moves the files that Keras's own callbacks write into a folder of one training.

    Trials run side by side, and one after another, with the callbacks that the user gave once: they
    would overwrite each other's files, and one trial restore another's state.

    Args:
        callbacks: The callbacks of one `fit`; those that write are changed.
        place: The folder, below the one that the user gave: `logs/epochs.csv` becomes
            `logs/<place>/epochs.csv`.
    """
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.CSVLogger):
            callback.filename = _beside(callback.filename, place)
            _make_folder(callback.filename)
        elif isinstance(callback, keras.callbacks.ModelCheckpoint):
            callback.filepath = _beside(callback.filepath, place)
        elif isinstance(callback, keras.callbacks.BackupAndRestore):
            _move_backup(callback, place)


def log_apart(callbacks: Iterable[Any], place: str) -> None:
    """Moves what TensorBoard's callbacks write into a folder below the one that the user gave."""
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.TensorBoard):
            callback.log_dir = str(Path(callback.log_dir) / place)


def _beside(path: str, place: str) -> str:
    folder, name = os.path.split(path)
    return _joined(folder, place, name)


def _make_folder(path: str) -> None:
    """Makes the folder of a file on this machine; its callback would only open the file."""
    if "://" not in path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)


def _move_backup(callback: Any, place: str) -> None:
    """Moves a backup's folder, in all the paths that the callback has made of it."""
    former = str(callback.backup_dir)
    inside = _joined(former, "")
    callback.backup_dir = _joined(former, place)
    for name, value in vars(callback).items():
        if isinstance(value, str) and value.startswith(inside) and name != "backup_dir":
            setattr(callback, name, _joined(former, place, value[len(inside) :]))


def _joined(*parts: str) -> str:
    # No `Path`: it would take an address such as gs://bucket apart.
    return os.path.join(*parts)  # noqa: PTH118
