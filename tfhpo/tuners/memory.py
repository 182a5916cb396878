"""Freeing a trial's memory before the next trial, at a cost that does not grow with the search."""

from __future__ import annotations

import gc
from types import TracebackType

from tfhpo.tuners.keras_settings import clear_session


class TrialMemory:
    """Collects the garbage of each trial without going through all that is older.

    A model is full of reference cycles, so only a collection frees it; and a collection goes
    through every object of the process: 0.2 s for TensorFlow's own, and more after each trial,
    since TensorFlow keeps some of every function that it traces (0.5 s after 60 small models). In a
    search, what has survived one collection is therefore set aside and not looked at again until
    the search ends. What was alive then and dies later is freed as ever, unless it is part of a
    cycle; so nothing of a trial should be held when the next one begins.

    Nothing is set aside where the user's program does so itself.
    """

    def __init__(self) -> None:
        self._sets_aside = False

    def __enter__(self) -> None:
        self._sets_aside = gc.get_freeze_count() == 0
        self.free()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._sets_aside:
            gc.unfreeze()
        self._sets_aside = False

    def free(self) -> None:
        """Frees what former models left, in Keras's global state and in reference cycles."""
        clear_session(free_memory=False)
        gc.collect()
        if self._sets_aside:
            gc.freeze()
