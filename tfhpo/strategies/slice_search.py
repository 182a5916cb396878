"""A strategy that searches a slice of a space for another strategy, which searches all of it.

Notation:
    key         a trial's number in the history of the whole space
    own key     its number in the history of the slice
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tfhpo.space import Point, Slice
from tfhpo.strategies.history import Entry, History, Outcome
from tfhpo.strategies.proposers import tell_revised
from tfhpo.strategies.strategy import Result, Strategy


class SliceSearch:
    """A strategy over a slice, told of every trial that lies in it, wherever that came from.

    So it repeats none of them, and learns from all that can teach it. A trial whose result shows
    that it lies in the slice after all, since it did not read what set it apart, is told then.

    Args:
        part: The slice; one column of it at least is free.
        proposer: A new strategy over the slice's space.
    """

    def __init__(self, part: Slice, proposer: Strategy) -> None:
        self.part = part
        self.proposer = proposer
        self._keys: list[int] = []
        self._own: dict[int, int] = {}
        self._seen = 0

    @property
    def finished(self) -> bool:
        """Whether nothing of the slice is left to suggest."""
        return self.proposer.finished

    def suggest(self, history: History) -> Point | None:
        """Returns a new point of the whole space; None to wait for results, or when finished.

        Args:
            history: That of the whole space; the point must become its next.
        """
        self.adopt(history)
        suggestions = self.proposer.suggest()
        # They tell of columns and keys that nobody else knows.
        self.proposer.take_events()
        if not suggestions:
            return None
        ((_, point),) = suggestions
        self._note(len(history))
        self._seen += 1
        return self.part.lifted(point)

    def adopt(self, history: History) -> None:
        """Takes in the trials that were made elsewhere since it was last asked."""
        for key in range(self._seen, len(history)):
            self._take(history.entry(key))
        self._seen = len(history)

    def learn(self, entry: Entry, history: History) -> None:
        """Takes in a result that has just entered the history.

        Args:
            entry: The trial.
            history: That of the whole space.
        """
        if entry.key >= self._seen:
            self.adopt(history)
        elif entry.key in self._own:
            self._tell(entry)
        else:
            self._take(entry)

    def revise(self, history: History) -> None:
        """Takes in that scores of the history have changed."""
        tell_revised(self.proposer, history.scores[self._keys])

    def extend(self, part: Slice) -> None:
        """Goes on in a slice with further columns at its end."""
        self.part = part
        self.proposer.extend(part.space)

    # ------------------------------------------------------------------ state

    def state(self, history: History) -> dict[str, Any]:
        """Returns all that `restore` needs beside the history, JSON-able and small."""
        self.adopt(history)
        return {"keys": _runs(self._keys), "proposer": self.proposer.state()}

    def restore(self, state: dict[str, Any], history: History) -> None:
        """Returns to a saved state exactly.

        Args:
            state: What `state` returned.
            history: That of the whole space, as it was then.
        """
        for first, end in state["keys"]:
            for key in range(first, end):
                self._note(key)
        self._seen = len(history)
        entries = [self._entry(history.entry(key)) for key in self._keys]
        self.proposer.restore(state["proposer"], entries)

    # ------------------------------------------------------------------ parts

    def _note(self, key: int) -> None:
        self._own[key] = len(self._keys)
        self._keys.append(key)

    def _take(self, entry: Entry) -> None:
        if self.part.holds(entry.point):
            self.proposer.hold(self.part.part(entry.point))
            self._note(entry.key)
            if entry.outcome is not Outcome.PENDING:
                self._tell(entry)

    def _tell(self, entry: Entry) -> None:
        own = self._entry(entry)
        pruned = own.outcome is Outcome.PRUNED
        self.proposer.observe([Result(own.key, own.point, own.score, pruned)])

    def _entry(self, entry: Entry) -> Entry:
        """Returns the proposer's entry of a trial."""
        return Entry(self._own[entry.key], self.part.part(entry.point), entry.outcome, entry.score)


def _runs(keys: Iterable[int]) -> list[list[int]]:
    """Returns keys as runs of consecutive ones, each its first and its end: they are few."""
    runs: list[list[int]] = []
    for key in keys:
        if runs and runs[-1][1] == key:
            runs[-1][1] += 1
        else:
            runs.append([key, key + 1])
    return runs
