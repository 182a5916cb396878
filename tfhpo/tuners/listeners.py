"""Who wants to hear of a search while it runs."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from tfhpo.space import Space
from tfhpo.study import TrialRecord

ExecutionStatus = Literal["success", "failure"]


class SearchListener(Protocol):
    """What a listener is told. A subclass overrides what it wants to hear; the rest is empty.

    It is told in the process of the search, wherever trials run. What it raises ends the search, as
    no fault of a trial: the one that runs is run again by the next search.
    """

    # Each with a `return`: mypy takes a method of a docstring only for an abstract one.

    def on_search_begin(
        self, space: Space, objective: str, direction: str, metrics: Sequence[str]
    ) -> None:
        """A search begins; `metrics` names what is known to be measured."""
        return

    def on_trial_begin(self, trial: TrialRecord) -> None:
        """A trial begins; its values are not final before its first execution begins."""
        return

    def on_space_growth(self, space: Space) -> None:
        """A build has asked for parameters that were not known before."""
        return

    def on_execution_begin(self, trial: TrialRecord, execution: int) -> None:
        """The model of an execution, from 0, is built and about to be trained."""
        return

    def on_epoch_end(
        self, trial: TrialRecord, execution: int, epoch: int, metrics: Mapping[str, float]
    ) -> None:
        """An epoch, from 0, has ended; the learning rate is among the metrics."""
        return

    def on_execution_end(
        self, trial: TrialRecord, execution: int, status: ExecutionStatus, score: float | None
    ) -> None:
        """An execution has ended, in "success" or "failure", with its best objective."""
        return

    def on_trial_end(self, trial: TrialRecord) -> None:
        """A trial has ended and is recorded; one that was taken from this worker is RUNNING."""
        return

    def on_search_end(self, space: Space) -> None:
        """The search has ended, however it did; told even after an error."""
        return


class Listeners(SearchListener):
    """Passes everything on to several listeners, in their order.

    Args:
        listeners: Who to tell.
    """

    def __init__(self, listeners: Sequence[SearchListener]) -> None:
        self._listeners = tuple(listeners)

    def on_search_begin(
        self, space: Space, objective: str, direction: str, metrics: Sequence[str]
    ) -> None:
        with contextlib.ExitStack() as begun:
            for listener in self._listeners:
                listener.on_search_begin(space, objective, direction, metrics)
                begun.callback(listener.on_search_end, space)
            # The search begins; only where it does not, those that began hear of its end here.
            begun.pop_all()

    def on_trial_begin(self, trial: TrialRecord) -> None:
        for listener in self._listeners:
            listener.on_trial_begin(trial)

    def on_space_growth(self, space: Space) -> None:
        for listener in self._listeners:
            listener.on_space_growth(space)

    def on_execution_begin(self, trial: TrialRecord, execution: int) -> None:
        for listener in self._listeners:
            listener.on_execution_begin(trial, execution)

    def on_epoch_end(
        self, trial: TrialRecord, execution: int, epoch: int, metrics: Mapping[str, float]
    ) -> None:
        for listener in self._listeners:
            listener.on_epoch_end(trial, execution, epoch, metrics)

    def on_execution_end(
        self, trial: TrialRecord, execution: int, status: ExecutionStatus, score: float | None
    ) -> None:
        for listener in self._listeners:
            listener.on_execution_end(trial, execution, status, score)

    def on_trial_end(self, trial: TrialRecord) -> None:
        for listener in self._listeners:
            listener.on_trial_end(trial)

    def on_search_end(self, space: Space) -> None:
        # Each is told, whatever another raises: the last word of some is to clean up.
        with contextlib.ExitStack() as told:
            for listener in reversed(self._listeners):
                told.callback(listener.on_search_end, space)
