"""Which part of a function cannot be carried to another process, found by trying its parts."""

from __future__ import annotations

import functools
import io
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from types import BuiltinMethodType, CellType, CodeType, FunctionType, MethodType
from typing import Any, NamedTuple

import cloudpickle
import numpy as np

from tfhpo.errors import ArgumentError
from tfhpo.execution.messages import dump

# Deeper than this the name says no more to its reader.
_DEPTH = 8
# What such an object is made of means nothing to its user.
_OPAQUE = ("tensorflow",)
_WAY_OUT = (
    "Make it inside the function that runs there, give what it is made from (arrays, paths, "
    "numbers), or run without workers, in this process."
)


class Part(NamedTuple):
    """A part of a function that its user knows by a name.

    Attributes:
        name: The name.
        item: The part.
        note: What else tells where it comes from, as it follows the name in a sentence.
        way_out: What to do where it cannot be carried.
    """

    name: str
    item: Any
    note: str = ""
    way_out: str = _WAY_OUT


class InParts(ABC):
    """A callable whose parts have names, for the error that tells which cannot be carried."""

    @abstractmethod
    def parts(self) -> Iterator[Part]:
        """Yields the parts, those that a user gave first."""


class _Step(NamedTuple):
    """How a part is reached from what it is a part of.

    Attributes:
        name: Its name, or what follows that of the other.
        verb: What the other does with it; empty where the name only goes on.
    """

    name: str
    verb: str = ""


def refusal(function: Any, error: Exception) -> ArgumentError:
    """Returns the error that names what cannot be carried, and the way out.

    Args:
        function: What was to be carried; its parts go by their names where it is `InParts`.
        error: What pickling it raised.
    """
    part = _part(function)
    path, culprit = _find(part.item)
    name, *uses = _clauses(part.name, path)
    used = f" {', which '.join(uses)}" if uses else ""
    cannot = "which cannot" if uses else "cannot"
    kind = f"{type(culprit).__module__}.{type(culprit).__qualname__}".removeprefix("builtins.")
    return ArgumentError(
        f"{name}{part.note}{used}, a {kind}, {cannot} be carried to another process "
        f"({type(error).__name__}: {error}). {part.way_out}"
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


def _part(function: Any) -> Part:
    """Returns the first part with a name that cannot be carried, or the whole."""
    if isinstance(function, InParts):
        for part in function.parts():
            if not _can_carry(part.item):
                return part
    if isinstance(function, MethodType):
        return Part(type(function.__self__).__qualname__, function.__self__)
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    # Where a local function was made says less than it hides.
    return Part(name.rpartition("<locals>.")[2], function)


def _clauses(name: str, path: list[_Step]) -> list[str]:
    """Returns the name of what was to be carried, then what uses what, as parts of a sentence."""
    clauses = [_Step(name)]
    for step in path:
        if step.verb:
            clauses.append(step)
        else:
            last = clauses.pop()
            clauses.append(last._replace(name=last.name + step.name))
    return [f"{clause.verb} `{clause.name}`".lstrip() for clause in clauses]


def _find(part: Any) -> tuple[list[_Step], Any]:
    """Follows the parts that cannot be carried down to the last one."""
    path: list[_Step] = []
    seen = [part]
    for _ in range(_DEPTH):
        for step, inner in _parts(part):
            if all(inner is not one for one in seen) and not _can_carry(inner):
                path.append(step)
                part = inner
                seen.append(inner)
                break
        else:
            break
    return path, part


def _parts(item: Any) -> Iterator[tuple[_Step, Any]]:
    """Yields what an object is made of, each part with how it is reached from it."""
    if isinstance(item, FunctionType):
        yield from _variables(item)
    elif isinstance(item, MethodType | BuiltinMethodType):
        yield _Step(".__self__"), item.__self__
    elif isinstance(item, functools.partial):
        yield _Step(".func"), item.func
        yield from _parts(item.args)
        yield from _parts(item.keywords)
    elif isinstance(item, Mapping):
        for key, value in item.items():
            yield _Step(f"[{key!r}]"), value
    elif isinstance(item, list | tuple | set | frozenset):
        for index, value in enumerate(item):
            yield _Step(f"[{index}]"), value
    elif type(item).__module__.partition(".")[0] not in _OPAQUE:
        yield from _attributes(item)


def _attributes(item: Any) -> Iterator[tuple[_Step, Any]]:
    """Yields what an object has, then what its class does, which goes with it from a notebook."""
    for name, value in getattr(item, "__dict__", {}).items():
        # Its own methods lead back to it.
        if not (isinstance(value, MethodType) and value.__self__ is item):
            yield _Step(f".{name}"), value
    for name, value in vars(type(item)).items():
        if isinstance(value, FunctionType):
            yield _Step(f".{name}"), value


def _variables(function: FunctionType) -> Iterator[tuple[_Step, Any]]:
    """Yields what a function uses and does not make: outer variables, defaults, global names."""
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        # A cell is empty, and has no contents to ask for, until its variable is assigned.
        if cell != CellType():
            yield _Step(name, "uses the outer variable"), cell.cell_contents
    names = code.co_varnames[: code.co_argcount]
    defaults = function.__defaults__ or ()
    by_default = [*zip(names[len(names) - len(defaults) :], defaults, strict=True)]
    for name, value in [*by_default, *(function.__kwdefaults__ or {}).items()]:
        yield _Step(name, "has a default for"), value
    for name in _global_names(code):
        if name in function.__globals__:
            yield _Step(name, "uses the global"), function.__globals__[name]


def _global_names(code: CodeType) -> Iterator[str]:
    """Yields the names that a function looks up, those of the functions inside it too."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _global_names(constant)


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
