"""Event files that TensorBoard reads, written without TensorFlow.

TensorBoard's `EventFileWriter` opens its file through TensorFlow wherever TensorFlow is installed,
which costs a JAX or PyTorch search seconds and GPU memory. Its `RecordWriter`, used here, takes any
open file.
"""

from __future__ import annotations

import io
import itertools
import os
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.hparams import metadata, plugin_data_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

from tfhpo.errors import StudyWriteError

# Files of one process get names of their own even where the clock is coarse. TensorBoard reads the
# files of a run in the order of their names, so the time comes first.
_serial = itertools.count()


class EventFile:
    """One event file of a run, opened only while it is written.

    Nothing stays open between two writes: a killed search leaves whole records, and the object can
    be copied, pickled and carried over a fork.

    Args:
        directory: The run's folder; made where absent.

    Raises:
        StudyWriteError: If the file cannot be written.
    """

    def __init__(self, directory: Path) -> None:
        name = f"{time.time_ns()}.{socket.gethostname()}.{os.getpid()}.{next(_serial)}"
        self.path = directory / f"events.out.tfevents.{name}"
        with explained(directory):
            directory.mkdir(parents=True, exist_ok=True)
        self._append([_event(file_version="brain.Event:2")])

    def write(self, *summaries: summary_pb2.Summary, step: int = 0) -> None:
        """Appends summaries.

        Args:
            *summaries: What to write, each as an event of its own.
            step: The step (epoch, from 0) that they belong to.

        Raises:
            StudyWriteError: If the file cannot be written.
        """
        self._append(_event(summary=summary, step=step) for summary in summaries)

    def _append(self, events: Iterable[event_pb2.Event]) -> None:
        with explained(self.path), self.path.open("ab") as file:
            file.write(_records(events))


def write_whole(path: Path, summary: summary_pb2.Summary) -> None:
    """Writes an event file of one summary in one go: a reader sees all of it or nothing.

    Args:
        path: The file, in a folder that is made where absent.
        summary: What it holds.

    Raises:
        StudyWriteError: If the file cannot be written.
    """
    # Named without "tfevents", so that TensorBoard does not take it for an event file.
    draft = path.with_name(f"draft.{os.getpid()}")
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(_records([_event(file_version="brain.Event:2"), _event(summary=summary)]))
        draft.replace(path)


def scalars(values: Mapping[str, float]) -> summary_pb2.Summary:
    """Returns the summary of some scalars by tag."""
    return summary_pb2.Summary(
        value=[
            summary_pb2.Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()
        ]
    )


def hparams_summary(tag: str, data: plugin_data_pb2.HParamsPluginData) -> summary_pb2.Summary:
    """Returns the summary of one of the HParams plugin's three kinds of data.

    Args:
        tag: The tag that belongs to the kind, of `tensorboard.plugins.hparams.metadata`.
        data: The data.
    """
    return summary_pb2.Summary(
        value=[
            summary_pb2.Summary.Value(
                tag=tag,
                metadata=metadata.create_summary_metadata(data),
                tensor=metadata.NULL_TENSOR,
            )
        ]
    )


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns the system's error in writing the logs at `path` into a StudyWriteError."""
    try:
        yield
    except OSError as error:
        raise StudyWriteError(
            f"TensorBoard's logs must lie in a folder that can be written. "
            f"Received: {str(path)!r} ({error.strerror or error})."
        ) from error


def _event(
    *, file_version: str | None = None, summary: summary_pb2.Summary | None = None, step: int = 0
) -> event_pb2.Event:
    return event_pb2.Event(
        wall_time=time.time(), step=step, file_version=file_version, summary=summary
    )


def _records(events: Iterable[event_pb2.Event]) -> bytes:
    buffer = io.BytesIO()
    writer = RecordWriter(buffer)
    for event in events:
        writer.write(event.SerializeToString())
    return buffer.getvalue()
