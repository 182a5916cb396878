"""Ctrl-C during a search, heard even where Python loses it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Mapping
from types import FrameType, TracebackType
from typing import Any

from tfhpo.study import TrialRecord
from tfhpo.tuners.listeners import SearchListener


class Interruption(SearchListener):
    """Raises KeyboardInterrupt at Ctrl-C, and once more after the epoch if that one was lost.

    Python prints and forgets an exception that is raised in a destructor or a weak reference's
    callback, of which TensorFlow runs many. Nothing is changed outside the main thread, or where
    the program handles the signal itself.

    Args:
        at_once: Whether the first Ctrl-C interrupts an epoch; else the epoch comes to its end.
    """

    def __init__(self, *, at_once: bool = True) -> None:
        self._at_once = at_once
        self._requested = False
        self._former: Any = None

    def __enter__(self) -> None:
        self._requested = False
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._former = signal.signal(signal.SIGINT, self._hear)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._former is not None:
            signal.signal(signal.SIGINT, self._former)
            self._former = None

    def on_epoch_end(
        self, trial: TrialRecord, execution: int, epoch: int, metrics: Mapping[str, float]
    ) -> None:
        """Stops the training of a trial that went on past Ctrl-C."""
        self._raise_again()

    def on_trial_end(self, trial: TrialRecord) -> None:
        """Stops the search before the next trial."""
        self._raise_again()

    def _hear(self, number: int, frame: FrameType | None) -> None:
        again, self._requested = self._requested, True
        if self._at_once or again:
            signal.default_int_handler(number, frame)

    def _raise_again(self) -> None:
        if self._requested:
            raise KeyboardInterrupt
