"""A place of its own for what each training's callbacks write."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import keras

# What a moved callback holds: the name of each attribute to its path as given, and as moved.
_MOVED = "_tfhpo_moved"


@contextlib.contextmanager
def moving(callbacks: Iterable[Any]) -> Iterator[None]:
    """Lets the paths of callbacks be moved, always from where the user gave them.

    A function that returns the same objects each time has them serve one training after another:
    what a former training moved is put back first, or the folders would nest.

    Args:
        callbacks: The callbacks of one `fit`.
    """
    known = list(callbacks)
    for callback in known:
        _put_back(callback)
    given = [dict(vars(callback)) for callback in known]
    yield
    for callback, former in zip(known, given, strict=True):
        _note(callback, former)


def write_apart(callbacks: Iterable[Any], place: str, home: str = "") -> None:
    """Moves the files that Keras's own callbacks write into a folder of one training.

    Trials run side by side, and one after another, with the callbacks that the user gave once: they
    would overwrite each other's files, and one trial restore another's state. An `OrbaxCheckpoint`
    is not moved: it has opened its folder by then.

    Args:
        callbacks: The callbacks of one `fit`; those that write are changed.
        place: The folder, below the one that the user gave: `logs/epochs.csv` becomes
            `logs/<place>/epochs.csv`.
        home: Where the folder of a file is that was given by its name alone; by default the working
            directory, like the file itself.
    """
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.CSVLogger):
            callback.filename = _beside(callback.filename, place, home)
            _make_folder(callback.filename)
        elif isinstance(callback, keras.callbacks.ModelCheckpoint):
            callback.filepath = _beside(callback.filepath, place, home)
        elif isinstance(callback, keras.callbacks.BackupAndRestore):
            _move_backup(callback, place)


def log_apart(callbacks: Iterable[Any], place: str) -> None:
    """Moves what TensorBoard's callbacks write into a folder below the one that the user gave."""
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.TensorBoard):
            callback.log_dir = str(Path(callback.log_dir) / place)


def _put_back(callback: Any) -> None:
    for name, (given, moved) in vars(callback).pop(_MOVED, {}).items():
        # Another path than that which it was moved to is a new one of the user's.
        if getattr(callback, name) == moved:
            setattr(callback, name, given)


def _note(callback: Any, former: dict[str, Any]) -> None:
    """Notes which paths were moved, and from where."""
    now = vars(callback)
    paths = {name: given for name, given in former.items() if isinstance(given, str | os.PathLike)}
    moved = {name: (given, now[name]) for name, given in paths.items() if now[name] != given}
    if moved:
        setattr(callback, _MOVED, moved)


def _beside(path: str, place: str, home: str) -> str:
    folder, name = os.path.split(path)
    return _joined(folder or home, place, name)


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
