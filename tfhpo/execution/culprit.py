"""Which part of a function cannot be carried to another process, found by trying its parts."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator, Mapping
from types import BuiltinMethodType, CellType, FunctionType, MethodType
from typing import Any

import cloudpickle
import numpy as np

from tfhpo.errors import ArgumentError
from tfhpo.execution.messages import dump

# Deeper than this the name says no more to its reader.
_DEPTH = 8


def refusal(function: Any, error: Exception) -> ArgumentError:
    """Returns the error that names what cannot be carried, and the way out.

    Args:
        function: What was to be carried.
        error: What pickling it raised.
    """
    path, part = _find(function)
    kind = f"{type(part).__module__}.{type(part).__qualname__}".removeprefix("builtins.")
    return ArgumentError(
        f"{''.join(path)}, a {kind}, cannot be carried to another process "
        f"({type(error).__name__}: {error}). Make it inside the function that runs there, give "
        f"what it is made from (arrays, paths, numbers), or run without workers, in this process."
    )


def carried(payload: Any) -> bytes:
    """Returns a task's payload as it is sent.

    Raises:
        ArgumentError: Something in it cannot be carried to another process; names it.
    """
    try:
        return dump(payload)
    except Exception as error:
        raise refusal(payload, error) from error


def _find(function: Any) -> tuple[list[str], Any]:
    """Follows the parts that cannot be carried down to the last one."""
    path, part = [_name(function)], function
    for _ in range(_DEPTH):
        for name, inner in _parts(part):
            if inner is not part and not _can_carry(inner):
                path.append(name)
                part = inner
                break
        else:
            break
    return path, part


def _name(function: Any) -> str:
    return getattr(function, "__qualname__", None) or type(function).__qualname__


def _parts(item: Any) -> Iterator[tuple[str, Any]]:
    """Yields what an object is made of, each part with how it is reached from it."""
    if isinstance(item, FunctionType):
        for name, value in _variables(item):
            yield f" > {name}", value
    elif isinstance(item, MethodType | BuiltinMethodType):
        yield ".__self__", item.__self__
    elif isinstance(item, functools.partial):
        yield ".func", item.func
        yield from _parts(item.args)
        yield from _parts(item.keywords)
    elif isinstance(item, Mapping):
        for key, value in item.items():
            yield f"[{key!r}]", value
    elif isinstance(item, list | tuple | set | frozenset):
        for index, value in enumerate(item):
            yield f"[{index}]", value
    else:
        for name, value in getattr(item, "__dict__", {}).items():
            yield f".{name}", value


def _variables(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Yields what a function uses and does not make: outer variables, defaults, global names."""
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        # A cell is empty, and has no contents to ask for, until its variable is assigned.
        if cell != CellType():
            yield name, cell.cell_contents
    names = code.co_varnames[: code.co_argcount]
    defaults = function.__defaults__ or ()
    yield from zip(names[len(names) - len(defaults) :], defaults, strict=True)
    yield from (function.__kwdefaults__ or {}).items()
    for name in code.co_names:
        if name in function.__globals__:
            yield name, function.__globals__[name]


def _can_carry(item: Any) -> bool:
    try:
        _Trial(io.BytesIO()).dump(item)
    except Exception:  # noqa: BLE001 - objects raise whatever they like when they are pickled
        return False
    return True


class _Trial(cloudpickle.Pickler):  # type: ignore[misc]
    """Pickles all but the numbers of arrays, which can always be carried and may be many."""

    def reducer_override(self, item: Any) -> Any:
        if type(item) in (np.ndarray, np.memmap) and not item.dtype.hasobject:
            return np.ndarray, ((0,),)
        return super().reducer_override(item)
