"""The contract of every strategy: suggest, observe, state; and, before all, warm start.

A strategy sees points of the unit cube and the random generator that it is given; never KerasTuner,
files or clocks. It is usable without anything else of tfhpo:

    space = Space([Parameter("rate", FloatRange(1e-4, 1e-1, "log"))])
    strategy = ElasticGrid(space, np.random.default_rng(0))
    for _ in range(30):
        for suggestion in strategy.suggest():
            values = space.decode(suggestion.point.x)
            strategy.observe([Result(suggestion.key, suggestion.point, loss(**values))])
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple, final

import numpy as np

from tfhpo.errors import ArgumentError
from tfhpo.space import Parameter, Point, Space
from tfhpo.strategies.former import Former, seeds
from tfhpo.strategies.history import Entry, History
from tfhpo.strategies.initial import starting_places

# How often to draw again before looking for what is left.
_REDRAWS = 50


class Suggestion(NamedTuple):
    """A point that the strategy wants tried.

    Attributes:
        key: The number to report its result under.
        point: Where it lies.
    """

    key: int
    point: Point


class Result(NamedTuple):
    """What became of a suggestion.

    Attributes:
        key: The suggestion's key.
        point: Where the trial really was: columns that it did not use are inactive.
        score: Lower is better; anything that is not finite is a failure.
        pruned: Whether the trial was stopped early: the score is what it would likely have reached.
            Strategies learn from it as from any other, and it is never the best. Default False.
    """

    key: int
    point: Point
    score: float
    pruned: bool = False


@dataclass(frozen=True)
class Event:
    """Something worth recording and drawing, such as the ranges of a round.

    Attributes:
        kind: What it is, for example "round".
        data: JSON-able content.
    """

    kind: str
    data: dict[str, Any] = field(default_factory=dict)


class Strategy(ABC):
    """Proposes points and learns from their scores.

    Subclasses fill in `_propose` (and, where they keep state, `_learn`, `_revised`,
    `_private_state`, `_restore_private` and `_space_grew`; `_take_former` where former studies
    teach them more than where to begin; `recommend` where they know better than the scores; and
    `origin` where trials go on from others); they override nothing else. The base keeps the
    history, so that every strategy treats pending points, duplicates, failures and exhaustion
    alike.

    Args:
        space: What to search.
        rng: The only source of randomness.
        budget: How many trials are planned, or None where nobody knows.

    Attributes:
        former: What former studies say of the space; none by default.

    Raises:
        ArgumentError: If the space is empty or the budget is below one.
    """

    name: ClassVar[str]

    def __init__(
        self, space: Space, rng: np.random.Generator, *, budget: int | None = None
    ) -> None:
        if not len(space):
            raise ArgumentError(
                "The search space must hold at least one parameter. Received an empty one: does "
                "the build function ask `hp` for anything?"
            )
        if budget is not None and budget < 1:
            raise ArgumentError(f"The budget must be at least one trial. Received: {budget}.")
        self.space = space
        self.rng = rng
        self.budget = budget
        self.history = History(len(space))
        self.former: tuple[Former, ...] = ()
        self._seeds: list[Point] = []
        # How many of them were looked at.
        self._seeded = 0
        self._under_way = False
        self._events: list[Event] = []
        self._finished = False

    # ------------------------------------------------------------------ the contract

    @final
    def warm_start(self, former: Sequence[Former]) -> None:
        """Tells of former studies, right after construction.

        The best points of these are suggested first. Like the arguments, they are no part of the
        state: whoever restores a search tells it of the same studies before.

        Args:
            former: What each of them says of this space.

        Raises:
            ArgumentError: If the search has begun or was told before, or a study does not have the
                columns of the space.
        """
        if self._under_way or self.former or len(self.history):
            raise ArgumentError(
                "A strategy is warm-started once, before anything is suggested or restored."
            )
        for study in former:
            if study.points.x.shape[1] != len(self.space):
                raise ArgumentError(
                    f"A former study must be told in the {len(self.space)} columns of the space. "
                    f"Received: {study.points.x.shape[1]} columns."
                )
        self.former = tuple(former)
        self._take_former()

    @final
    def suggest(self, n: int = 1) -> list[Suggestion]:
        """Returns up to `n` new points and holds them as pending.

        Fewer than `n`, even none, come back when the strategy waits for results or has nothing
        left; `finished` tells which.
        """
        self._under_way = True
        suggestions: list[Suggestion] = []
        while len(suggestions) < n and not self._finished:
            point = self._seed() or self._propose()
            if point is None:
                break
            suggestions.append(Suggestion(self.history.add(point), point))
        return suggestions

    @final
    def observe(self, results: Iterable[Result]) -> None:
        """Learns the results of points, in any order.

        Raises:
            ArgumentError: If a key is unknown or its result was told before.
        """
        for result in results:
            self.history.resolve(*result)
            self._learn(self.history.entry(result.key))

    @final
    def revise(self, scores: Mapping[int, float]) -> None:
        """Replaces scores that were told before.

        A strategy that thinks from its history goes by the new scores from here on; what another
        one has learnt from the old ones, such as a policy or a round's ranges, it keeps.

        Args:
            scores: Key to score; one that is not finite makes the point a failure.

        Raises:
            ArgumentError: If a key is unknown or its result is still awaited.
        """
        self.history.revise(scores)
        self._revised()

    @final
    def hold(self, point: Point) -> int:
        """Tells of a pending point that came from elsewhere, and returns its key."""
        return self.history.add(point)

    def recommend(self) -> int | None:
        """Returns the key of the completed point that is likely the best; None before the first.

        That is the one with the best score, unless the strategy has a model that knows better: with
        noise the best score is luck. Nothing changes by asking.
        """
        return self.history.best

    def origin(self, key: int) -> int | None:
        """Returns the key of the trial that another goes on from, None where it starts afresh.

        Only strategies that try a configuration again, with more of a fidelity, have any.

        Args:
            key: A suggestion's key.
        """
        return None

    @property
    def finished(self) -> bool:
        """Whether the strategy will never suggest again, whatever it is told."""
        return self._finished

    @final
    def state(self) -> dict[str, Any]:
        """Returns all that `restore` needs beside the history, JSON-able and small."""
        return {
            "rng": self.rng.bit_generator.state,
            "finished": self._finished,
            "seeded": self._seeded,
            "private": self._private_state(),
        }

    @final
    def restore(self, state: dict[str, Any], history: Iterable[Entry]) -> None:
        """Returns to a saved state exactly: the next suggestions are those it would have made.

        A search that was warm-started is told of the same former studies before.

        Args:
            state: What `state` returned.
            history: Every point known by then, in the order of their keys, pending ones included.
        """
        self.history = History(len(self.space))
        for entry in history:
            self.history.restore(entry)
        self.rng.bit_generator.state = state["rng"]
        self._finished = state["finished"]
        self._seeded = state["seeded"]
        self._under_way = True
        self._restore_private(state["private"])

    @final
    def check_growth(self, space: Space) -> None:
        """Raises what `extend` would raise of a space, and changes nothing."""
        if space.parameters[: len(self.space)] != self.space.parameters:
            raise ArgumentError(
                f"A space grows at its end only. Received: {space} after {self.space}."
            )
        self._check_growth(space)

    @final
    def extend(self, space: Space) -> None:
        """Goes on in a space with further columns at its end.

        Raises:
            ArgumentError: If the known columns changed, or the strategy cannot search the space.
        """
        self.check_growth(space)
        self.space = space
        self.history.widen(len(space))
        self._finished = False
        self._space_grew()
        if self.former:
            self.former = tuple(study.widened(len(space)) for study in self.former)
            self._take_former()

    @final
    def take_events(self) -> list[Event]:
        """Returns the events since the last call, oldest first."""
        events, self._events = self._events, []
        return events

    # ------------------------------------------------------------------ for subclasses

    @abstractmethod
    def _propose(self) -> Point | None:
        """Returns one new point; None to wait for results, or after `_finish`."""

    def _take_former(self) -> None:
        """Takes in `former`, which has just been told, or has grown with the space.

        The base queues its best points. A subclass that leaves that out begins as it likes.
        """
        self._seeds = seeds(self.former, self.space, starting_places(self.space))

    def _learn(self, entry: Entry) -> None:
        """Takes in a result that has just entered the history."""

    def _revised(self) -> None:
        """Takes in that scores of the history have changed."""

    def _private_state(self) -> dict[str, Any]:
        """Returns what the subclass must save, JSON-able; the history and the rng are saved."""
        return {}

    def _restore_private(self, state: dict[str, Any]) -> None:
        """Takes back what `_private_state` returned; the history is in place already."""

    def _check_growth(self, space: Space) -> None:
        """Refuses a larger space that the subclass cannot search, before anything has changed."""

    def _space_grew(self) -> None:
        """Adapts the subclass's own state to new columns at the end of the space."""

    @final
    def _seed(self) -> Point | None:
        """Returns the next of the points to try first that was not tried yet."""
        while self._seeded < len(self._seeds):
            point = self._seeds[self._seeded]
            self._seeded += 1
            if not self.history.tried(point):
                return point
        return None

    @final
    def _finish(self) -> None:
        """Declares that nothing is left to suggest."""
        self._finished = True

    @final
    def _finish_unless_awaiting(self) -> None:
        """Declares that the space is exhausted, unless results may show that it is not.

        A trial that was suggested before the space grew seems to use none of the new columns. Its
        result may say that it does, and then the other values of these columns are still to try.
        """
        for key in self.history.pending:
            x, active = self.history.x[key], self.history.active[key]
            if not np.array_equal(active, self.space.active(x)):
                return
        self._finish()

    @final
    def _record(self, kind: str, data: dict[str, Any]) -> None:
        """Adds an event for the study."""
        self._events.append(Event(kind, data))

    @final
    def _draw_untried(self) -> Point | None:
        """Returns a random point that repeats none, drawn from the priors.

        Returns None where no other is left, and finishes.
        """
        for _ in range(_REDRAWS):
            point = self.space.draw(self.rng.random(len(self.space)))
            if not self.history.tried(point):
                return point
        # So many repeats in a row: the space is nearly used up, or the trials ignore most of it.
        left = next(self.space.walk(self._shuffled, self.history.settles), None)
        if left is None:
            self._finish_unless_awaiting()
        return left

    def _shuffled(self, parameter: Parameter) -> Iterable[float]:
        """Returns the places of a parameter in random order; of a continuous one, any place."""
        if parameter.size is None:
            return [parameter.draw(float(self.rng.random()))]
        order = self.rng.permutation(parameter.size)
        return (parameter.domain.unit_of_index(int(index)) for index in order)
