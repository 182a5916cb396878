"""Reads the imports of the package and fails on one that runs against the order of the rooms."""

import ast
import re
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tfhpo"

# Each room may import the rooms before it, by the table of the architecture. Three rooms read
# plain records only and stand before the tuners, which write to them.
ROOMS = [
    "errors",
    "environment",
    "arguments",
    "declaring",
    "space",
    "surrogates",
    "strategies",
    "pruners",
    "study",
    "oracles",
    "schedules",
    "hp",
    "distribution",
    "execution",
    "analysis",
    "reporting",
    "tensorboard",
    "tuners",
    "recipes",
    "cli",
]
# Which rooms the table's rows need not name.
FOR_ALL = {"errors", "environment", "arguments"}
# These belong to no room: the front door names everything lazily, the version is a constant.
FREE = {"__init__", "_version"}

# What a room may import from outside. Rooms that are not listed may import anything.
NUMERIC = {"numpy", "scipy"}
THIRD_PARTY = {
    "errors": set(),
    "environment": set(),
    "arguments": {"numpy"},
    "space": NUMERIC,
    "surrogates": NUMERIC,
    "strategies": NUMERIC,
    "pruners": {"numpy"},
    "study": set(),
    "declaring": set(),
    "schedules": {"keras", "numpy", "matplotlib"},
    "execution": {"numpy", "cloudpickle", "psutil"},
}
# Inside functions, for what an extra installs or what is slow to load.
LAZY = {"study": {"pandas"}, "execution": {"joblib", "ray"}}
# Everything else reaches TensorFlow through Keras alone. The rooms that may import it themselves,
# and the modules that may do so inside functions.
TENSORFLOW_ROOMS = {"distribution"}
TENSORFLOW_LAZILY = {"tfhpo.cli.doctor"}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def dotted(path):
    """The module's name: tfhpo.space.domains; of a package, that of its folder."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room(module):
    """The room of a module of tfhpo, or None."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] not in FREE else None


class Imports(ast.NodeVisitor):
    """Collects what a module imports, and where: in the "module", a "function" or for "typing".

    Imports for annotations alone count for the order of the rooms, but load nothing.
    """

    def __init__(self, path):
        self.found = []
        self._path, self._depth, self._typing = path, 0, False
        self.visit(ast.parse(path.read_text(encoding="utf-8")))

    def visit_FunctionDef(self, node):
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1

    def visit_AsyncFunctionDef(self, node):
        self.visit_FunctionDef(node)

    def visit_If(self, node):
        before, self._typing = self._typing, ast.unparse(node.test).endswith("TYPE_CHECKING")
        self.generic_visit(node)
        self._typing = before

    def visit_Import(self, node):
        for alias in node.names:
            self._add(alias.name, node)

    def visit_ImportFrom(self, node):
        assert node.level == 0, f"{self._path}:{node.lineno} imports relatively"
        for alias in node.names:
            # `from tfhpo.space import domains` imports a module, other names do not.
            inner = PACKAGE.parent.joinpath(*node.module.split("."), alias.name)
            is_module = inner.is_dir() or inner.with_suffix(".py").exists()
            self._add(f"{node.module}.{alias.name}" if is_module else node.module, node)

    def _add(self, name, node):
        where = "typing" if self._typing else "function" if self._depth else "module"
        self.found.append((name, node.lineno, where))


IMPORTS = {path: Imports(path).found for path in modules()}


def test_every_room_is_in_the_table():
    rooms = {room(dotted(path)) for path in modules()} - {None}
    assert rooms <= set(ROOMS)


@pytest.mark.parametrize("path", IMPORTS, ids=dotted)
def test_imports_run_one_way(path):
    here = room(dotted(path))
    if here is None:
        return
    for name, line, _ in IMPORTS[path]:
        there = room(name) if name.split(".")[0] == "tfhpo" else None
        assert there is None or ROOMS.index(there) <= ROOMS.index(here), (
            f"{dotted(path)}:{line} imports {name}: {here} stands before {there}"
        )


def table():
    """What each room may import by CONTRIBUTING.md, as the words of its row."""
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `tfhpo/(\w+)(?:/|\.py)` \|[^|]*\|([^|]*)\|$", text, re.MULTILINE)
    return {name: set(re.findall(r"\w+", cell)) for name, cell in rows}


@pytest.mark.parametrize("here", sorted({room(dotted(path)) for path in IMPORTS} - {None}))
def test_contributors_are_told_what_a_room_may_import(here):
    told = table()[here]
    above = set(ROOMS[: ROOMS.index(here)])
    assert told & set(ROOMS) <= above
    if "everything" in told:
        return
    allowed = told | FOR_ALL | (above if "above" in told else set())
    for path in (path for path in IMPORTS if room(dotted(path)) == here):
        for name, line, where in IMPORTS[path]:
            top = name.split(".")[0]
            one = room(name) if top == "tfhpo" else top
            is_told = one in allowed | sys.stdlib_module_names | {None, here}
            assert is_told or where == "typing", (
                f"{dotted(path)}:{line} imports {name}; the row of {here} does not name it"
            )


@pytest.mark.parametrize("path", IMPORTS, ids=dotted)
def test_third_parties_stay_in_their_rooms(path):
    here = room(dotted(path))
    if here not in THIRD_PARTY:
        return
    for name, line, where in IMPORTS[path]:
        top = name.split(".")[0]
        allowed = THIRD_PARTY[here] | (LAZY.get(here, set()) if where == "function" else set())
        assert where == "typing" or top in allowed | sys.stdlib_module_names | {"tfhpo"}, (
            f"{dotted(path)}:{line} imports {name}; {here} may import {sorted(allowed)}"
        )


@pytest.mark.parametrize("path", IMPORTS, ids=dotted)
def test_tensorflow_is_imported_where_devices_are_asked_for_alone(path):
    if room(dotted(path)) in TENSORFLOW_ROOMS:
        return
    found = [(line, where) for name, line, where in IMPORTS[path] if is_tensorflow(name)]
    lazily = dotted(path) in TENSORFLOW_LAZILY
    for line, where in found:
        allowed = where == "typing" or (lazily and where == "function")
        assert allowed, f"{dotted(path)}:{line} imports TensorFlow in a {where}"


def test_matplotlib_is_loaded_where_something_is_drawn_alone():
    # What imports it at once is itself imported inside functions.
    drawing = {
        dotted(path)
        for path, found in IMPORTS.items()
        if any(name.split(".")[0] == "matplotlib" and where == "module" for name, _, where in found)
    }
    assert drawing
    for path, found in IMPORTS.items():
        for name, line, where in found:
            assert name not in drawing or where != "module" or dotted(path) in drawing, (
                f"{dotted(path)}:{line} imports {name}, and matplotlib with it"
            )


def is_tensorflow(name):
    return name.split(".")[0] == "tensorflow"


def test_there_is_no_cycle_between_modules():
    # Imports inside functions count too: they are how a cycle hides.
    known = {dotted(path): path for path in IMPORTS}
    uses = {
        name: {used for used, _, _ in IMPORTS[path] if used in known and used != name}
        for name, path in known.items()
        if name != "tfhpo"
    }
    while leaves := [name for name, used in uses.items() if not used & uses.keys()]:
        for name in leaves:
            del uses[name]
    assert not uses, f"these import one another, or what does: {sorted(uses)}"
