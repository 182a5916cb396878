"""A function with its data, written once, read by every worker process.

Everything goes into one file without a name: large arrays as they lie in memory, then the function
as cloudpickle writes it. The processes inherit the file and map it, so that all share one copy in
the system's page cache; and the kernel frees it with the last of them, however they end.
"""

from __future__ import annotations

import io
import mmap
import os
import pickle
import tempfile
from typing import IO, Any, Literal, NamedTuple

import cloudpickle
import numpy as np

from tfhpo.errors import TfhpoError
from tfhpo.execution.culprit import refusal
from tfhpo.execution.descriptors import copy_above_standard

#: Arrays of at least so many bytes are mapped; copying fewer costs less than mapping them.
LARGE = 1 << 20


class Address(NamedTuple):
    """Where the function lies: the file's descriptor, the same in all processes, and the bytes."""

    descriptor: int
    offset: int
    length: int


class Parcel:
    """A function with its data in a nameless file, until it is closed.

    Args:
        function: Any callable, a local one or one of a notebook too.

    Raises:
        ArgumentError: Something in it cannot be carried to another process; names it.
        TfhpoError: The temporary folder has no room for it.
    """

    def __init__(self, function: Any) -> None:
        self._file = _nameless()
        try:
            self.address = self._write(function)
        except OSError as error:
            self.close()
            raise TfhpoError(
                f"The data of the tasks cannot be written to the temporary folder "
                f"{tempfile.gettempdir()} ({error}); TMPDIR can name another."
            ) from error
        except Exception as error:
            self.close()
            raise refusal(function, error) from error

    def close(self) -> None:
        """Lets go of the file; processes that have mapped it keep what they have."""
        self._file.close()

    def _write(self, function: Any) -> Address:
        stream = io.BytesIO()
        _Pickler(stream, self._file).dump(function)
        offset = _next_page(self._file)
        self._file.write(stream.getbuffer())
        self._file.flush()
        return Address(self._file.fileno(), offset, stream.tell())


def _nameless() -> IO[bytes]:
    """Opens a file that vanishes with its last user."""
    with tempfile.TemporaryFile(prefix="tfhpo-") as file:
        return os.fdopen(copy_above_standard(file.fileno()), "w+b")


def unpack(address: Address) -> Any:
    """Returns the function of a parcel, in a process that inherited its file."""
    with _mapped(*address, mmap.ACCESS_READ) as content:
        return pickle.loads(content)  # noqa: S301 - written by the process that started this one


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Writes large arrays beside the pickle."""

    def __init__(self, stream: IO[bytes], data: IO[bytes]) -> None:
        super().__init__(stream)
        self._data = data

    def reducer_override(self, item: Any) -> Any:
        if is_large_array(item):
            return _array, self._put(item)
        return super().reducer_override(item)

    def _put(self, array: np.ndarray[Any, Any]) -> tuple[Any, ...]:
        order: Literal["C", "F"] = "F" if array.flags.fnc else "C"
        offset = _next_page(self._data)
        # As bytes, because not every type of number has a buffer of its own.
        self._data.write(np.ravel(array, order=order).view(np.uint8).data)
        address = Address(self._data.fileno(), offset, array.nbytes)
        return address, array.shape, array.dtype, order


def is_large_array(item: Any) -> bool:
    """Returns whether an object is an array that is written beside the pickle."""
    return (
        type(item) in (np.ndarray, np.memmap) and item.nbytes >= LARGE and not item.dtype.hasobject
    )


def _array(address: Address, shape: tuple[int, ...], dtype: Any, order: Any) -> Any:
    # Copied on writing: a function may change its data in place, and no other process sees it.
    content = _mapped(*address, mmap.ACCESS_COPY)
    return np.ndarray(shape, dtype, buffer=content, order=order)


def _mapped(descriptor: int, offset: int, length: int, access: int) -> mmap.mmap:
    return mmap.mmap(descriptor, length, access=access, offset=offset)


def _next_page(file: IO[bytes]) -> int:
    """Moves to the next place in a file that can be mapped, and returns it."""
    page = mmap.ALLOCATIONGRANULARITY
    return file.seek(-(-file.tell() // page) * page)
