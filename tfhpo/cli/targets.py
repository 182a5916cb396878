"""Functions named on the command line, such as `my_model.py:build_model`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfhpo.arguments import did_you_mean
from tfhpo.errors import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType


def absolute(target: str) -> str:
    """Returns the target with the file's whole path, so that it is found from any folder.

    Args:
        target: `FILE.py:FUNCTION` or `package.module:FUNCTION`; a module's name stays as it is.

    Raises:
        ArgumentError: The target is of neither form.
    """
    place, name = split(target)
    return f"{Path(place).resolve()}:{name}" if _is_file(place) else target


def split(target: str) -> tuple[str, str]:
    """Returns the file or module of a target, and the function's name.

    Raises:
        ArgumentError: The target has not both.
    """
    place, _, name = target.rpartition(":")
    if not place or not name.isidentifier():
        raise ArgumentError(
            "A function is named as FILE.py:FUNCTION or package.module:FUNCTION. "
            f"Received: {target!r}."
        )
    return place, name


def load(target: str) -> Callable[..., Any]:
    """Returns the function that a target names; its module is run once, however often it is named.

    Args:
        target: `FILE.py:FUNCTION` or `package.module:FUNCTION`.

    Raises:
        ArgumentError: The file, the module or the function is not there, or running the file
            raises an error. What a named module raises passes through.
    """
    place, name = split(target)
    module = _file_module(Path(place)) if _is_file(place) else _named_module(place)
    found = getattr(module, name, None)
    if found is None:
        raise ArgumentError(f"{place} must define {name!r}.{_nearby(module, name)}")
    if not callable(found):
        raise ArgumentError(
            f"{target} must be a function. Received: {found!r:.80}, of type {type(found).__name__}."
        )
    function: Callable[..., Any] = found
    return function


def _is_file(place: str) -> bool:
    return place.endswith(".py") or "/" in place or "\\" in place


def _file_module(path: Path) -> ModuleType:
    path = path.resolve()
    if not path.is_file():
        raise ArgumentError(f"There is no file at {path}.")
    known = sys.modules.get(path.stem)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    # A file named like a module in use, say `json.py`, must not take its place.
    name = path.stem if known is None else f"tfhpo_target_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ArgumentError(f"The file must be Python source, FILE.py. Received: {path}.")
    module = importlib.util.module_from_spec(spec)
    _add_to_path(path.parent)
    # Registered as an import would do, so that its classes can be found by their name.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ArgumentError(f"{_place(path, error)}: {type(error).__name__}: {error}") from error
    return module


def _place(path: Path, error: Exception) -> str:
    """Returns the file and, where the traceback tells it, the line that raised an error."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    line = lines[-1] if lines else getattr(error, "lineno", None)
    return f"{path}" if line is None else f"{path}, line {line}"


def _named_module(name: str) -> ModuleType:
    _add_to_path(Path.cwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # A module that is there, but imports one that is not, tells it by its traceback.
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise
        raise ArgumentError(
            f"There is no module {name!r}; a file is named as {name}.py:FUNCTION."
        ) from error


def _add_to_path(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _nearby(module: ModuleType, name: str) -> str:
    """Returns what the module does define, for the error about what it does not."""
    known = [
        key
        for key, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", None) == module.__name__
    ]
    return did_you_mean(name, known) or f" It defines: {', '.join(known) or 'no function'}."
