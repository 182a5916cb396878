"""What can be carried to a process, what cannot, and what is said of it."""

import functools
import threading
from pathlib import Path

import numpy as np
import pytest

from tfhpo.errors import ArgumentError, TfhpoError
from tfhpo.execution.parcel import LARGE, Parcel, unpack


def carried(item):
    parcel = Parcel(item)
    try:
        return unpack(parcel.address)
    finally:
        parcel.close()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(LARGE, dtype=np.uint8),
        np.arange(LARGE).reshape(4, -1)[:, ::3],
        np.asfortranarray(np.arange(LARGE).reshape(8, -1)),
        np.arange(LARGE).astype("datetime64[s]"),
        np.zeros(LARGE // 4, dtype=[("number", "f4"), ("label", "i2")]),
        np.ones((LARGE, 1, 2), dtype=bool)[:, 0],
        np.full(LARGE, "text"),
        np.array([None] * LARGE),
    ],
    ids=lambda array: f"{array.dtype}",
)
def test_arrays_come_out_as_they_went_in(array):
    found = carried(array)
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype
    assert found.flags.writeable


def test_a_file_that_is_mapped_is_carried(tmp_path):
    mapped = np.lib.format.open_memmap(tmp_path / "data.npy", "w+", np.float64, (LARGE,))
    mapped[:] = 1
    found = carried({"data": mapped})
    assert found["data"].sum() == LARGE
    assert not isinstance(found["data"], np.memmap)


def test_one_array_at_two_places_is_written_once():
    array = np.zeros(4 * LARGE, dtype=np.uint8)
    parcel = Parcel([array, {"again": array}])
    assert parcel.address.offset + parcel.address.length < 5 * LARGE
    parcel.close()


def test_what_is_unpacked_outlives_the_parcel():
    array = carried(np.arange(LARGE))
    assert array[-1] == LARGE - 1


LOCK = threading.Lock()


def with_a_global(payload, report):
    return LOCK, payload


with_a_global.__module__ = "__main__"


def with_a_variable():
    data = {"train": [1, LOCK]}
    return lambda payload, report: data


def with_an_empty_cell():
    def function(payload, report):
        return later, lock

    lock = LOCK
    if lock is None:
        later = None
    return function


class Trial:
    def __init__(self):
        self.data = np.zeros(2 * LARGE)
        self.rows = (number for number in range(3))

    def run(self, payload, report):
        return self.rows


class Circle:
    """Holds itself, and a method of its own."""

    def __init__(self):
        self.own, self.method, self.lock = self, self.run, LOCK

    def run(self):
        return self.lock


def of_a_notebook():
    """An object of a class of the main module, which is carried with all that it uses."""
    names = {"__name__": "__main__", "LOCK": LOCK}
    text = "class Helper:\n    def run(self):\n        return list(LOCK for _ in range(3))"
    exec(text, names)
    return names["Helper"]()


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (
            with_a_variable(),
            "`<lambda>` uses the outer variable `data['train'][1]`, a _thread",
        ),
        (lambda payload, report, lock=LOCK: None, "has a default for `lock`, a _thread.lock"),
        (lambda payload, report, *, lock=LOCK: None, "has a default for `lock`, a _thread.lock"),
        (with_an_empty_cell(), "`function` uses the outer variable `lock`, a _thread.lock, which"),
        (Trial().run, "`Trial.rows`, a generator, cannot be"),
        (functools.partial(print, 1, file=LOCK), "`partial['file']`, a _thread.lock, cannot be"),
        (
            functools.partial(with_a_variable()),
            "outer variable `data['train'][1]`, a _thread.lock",
        ),
        (of_a_notebook(), "`Helper.run` uses the global `LOCK`, a _thread.lock, which"),
        (Circle(), "`Circle.lock`, a _thread.lock, cannot be"),
    ],
)
def test_what_cannot_be_carried_is_named(function, told):
    with pytest.raises(ArgumentError) as raised:
        Parcel(function)
    message = str(raised.value)
    assert told in message
    assert "cannot pickle" in message
    assert "Make it inside the function" in message


def test_a_global_variable_is_named(monkeypatch):
    # A function of the main module is carried with what it uses of it.
    function = type(with_a_variable())(with_a_global.__code__, {"LOCK": LOCK}, "local")
    with pytest.raises(ArgumentError, match=r"uses the global `LOCK`, a _thread.lock, which"):
        Parcel(function)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told(monkeypatch):
    full = Path("/dev/full").open("wb")  # noqa: SIM115 - the parcel closes it
    monkeypatch.setattr("tempfile.TemporaryFile", lambda prefix: full)
    with pytest.raises(TfhpoError, match=r"temporary folder .* TMPDIR"):
        Parcel(np.zeros(LARGE))
