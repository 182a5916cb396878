"""Synchronous brackets of successive halving.

Notation:
    eta     the factor: the best n // eta of n configurations go on, at least one
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from tfhpo.space import Space
from tfhpo.strategies.history import Entry
from tfhpo.strategies.multi_fidelity import MultiFidelity
from tfhpo.strategies.strategy import Strategy


def sizes(first: int, rungs: int, factor: int) -> list[int]:
    """Returns how many configurations a bracket tries at each of its rungs.

    Args:
        first: How many it begins with.
        rungs: How many rungs it has.
        factor: eta.
    """
    counts = [first]
    while len(counts) < rungs:
        counts.append(survivors(counts[-1], factor))
    return counts


def survivors(count: int, factor: int) -> int:
    """Returns how many of so many configurations go on."""
    return max(1, count // factor)


@dataclass
class Bracket:
    """Configurations that are halved together; where the bracket stands.

    Attributes:
        number: Which bracket it is, from 0.
        rung: The rung that its members are tried at now.
        size: How many members it has at this rung, those still to come included.
        members: Its configurations at this rung so far.
    """

    number: int
    rung: int
    size: int
    members: list[int] = field(default_factory=list)


class Halving(MultiFidelity):
    """Brackets one after another, each of them halved in rounds.

    A bracket takes new configurations at its first rung until it is full. Once all members have
    their results the best `n // eta` of the `n` go on to the next rung, at least one; the others
    are done with. So it goes on up to the highest rung. Failed and pruned members do not go on.

    Every rung that is complete is recorded as an event of the kind "rung": the number of its
    `bracket`, the value of the `rung`, the keys of its `trials`, and those of the `promoted` ones.

    Workers never wait for the others of a rung: while results are awaited the next bracket is
    opened, and the oldest bracket that can hand out work does. Only at the end of a budget they
    do, where the trials that are left are those that the open brackets still need. When the
    proposer has no configurations left the last bracket goes on with those that it has.

    A point that is held for someone else joins the bracket that is being filled, if it begins at
    the rung of that.

    Subclasses fill in `_plan`.
    """

    def __init__(
        self,
        space: Space,
        rng: np.random.Generator,
        *,
        fidelity: str,
        proposer: str | type[Strategy] = "random",
        proposer_options: Mapping[str, Any] | None = None,
        factor: int = 3,
        budget: int | None = None,
    ) -> None:
        super().__init__(
            space,
            rng,
            fidelity=fidelity,
            proposer=proposer,
            proposer_options=proposer_options,
            factor=factor,
            budget=budget,
        )
        # The open brackets, oldest first, and how many were opened so far.
        self._brackets: list[Bracket] = []
        self._opened = 0

    @abstractmethod
    def _plan(self, number: int) -> tuple[int, int]:
        """Returns the first rung of a bracket, and how many configurations begin there."""

    def _promotion(self) -> tuple[int, int] | None:
        for bracket in self._brackets:
            for configuration in bracket.members:
                if self._can_go_on(configuration, bracket.rung):
                    return configuration, bracket.rung
        return None

    def _begin(self, configuration: int) -> int:
        if self._is_full():
            self._open()
        self._brackets[-1].members.append(configuration)
        return self._brackets[-1].rung

    def _may_begin(self) -> bool:
        if self.budget is None or not self._is_full() or not len(self.history.pending):
            return True
        left = self.budget - len(self.history)
        return left <= 0 or left > sum(map(self._owed, self._brackets))

    def _owed(self, bracket: Bracket) -> int:
        """Returns how many trials a full bracket still needs, if all members go on well."""
        rungs = len(self.fidelity) - bracket.rung
        waiting = sum(self._can_go_on(member, bracket.rung) for member in bracket.members)
        return waiting + sum(sizes(bracket.size, rungs, self.factor)[1:])

    def _adopted(self, configuration: int, rung: int) -> None:
        if self._is_full():
            first, _ = self._plan(self._opened)
            if first != rung:
                return
            self._open()
        if self._brackets[-1].rung == rung:
            self._brackets[-1].members.append(configuration)

    def _is_full(self) -> bool:
        """Whether the next configuration opens another bracket."""
        return not self._brackets or len(self._brackets[-1].members) == self._brackets[-1].size

    def _open(self) -> None:
        self._brackets.append(Bracket(self._opened, *self._plan(self._opened)))
        self._opened += 1

    def _learn(self, entry: Entry) -> None:
        super()._learn(entry)
        self._advance()

    def _run_out(self) -> None:
        if self._brackets:
            self._brackets[-1].size = len(self._brackets[-1].members)
        self._advance()

    # ------------------------------------------------------------------ rungs

    def _advance(self) -> None:
        """Sends the brackets on whose rung is complete, and leaves those that are over."""
        self._brackets = [bracket for bracket in self._brackets if self._goes_on(bracket)]

    def _goes_on(self, bracket: Bracket) -> bool:
        """Sends a bracket on if its rung is complete, and returns whether it has more to do."""
        if len(bracket.members) < bracket.size or self._awaited(bracket):
            return True
        keys = self._keys(bracket)
        best = self._best(bracket, keys)
        self._record(
            "rung",
            {
                "bracket": bracket.number,
                "rung": self.fidelity.value(bracket.rung),
                "trials": keys,
                "promoted": best,
            },
        )
        bracket.members = [self._ledger.place(key)[0] for key in best]
        bracket.rung, bracket.size = bracket.rung + 1, len(best)
        return bool(best)

    def _keys(self, bracket: Bracket) -> list[int]:
        """Returns the keys of the members' trials at the bracket's rung."""
        trials = [self._ledger.trial(member, bracket.rung) for member in bracket.members]
        return [key for key in trials if key is not None]

    def _awaited(self, bracket: Bracket) -> bool:
        """Whether more will be known of the members at the bracket's rung."""
        if not set(self._keys(bracket)).isdisjoint(self.history.pending.tolist()):
            return True
        return any(self._can_go_on(member, bracket.rung) for member in bracket.members)

    def _best(self, bracket: Bracket, keys: list[int]) -> list[int]:
        """Returns those of the trials whose configurations go on, the best first."""
        if bracket.rung == self.fidelity.top:
            return []
        scores, ended = self.history.scores, set(self.history.completed.tolist())
        completed = [key for key in keys if key in ended]
        ranked = sorted(completed, key=lambda key: (scores[key], key))
        return ranked[: survivors(bracket.size, self.factor)]

    # ------------------------------------------------------------------ state

    def _private_state(self) -> dict[str, Any]:
        return {
            **super()._private_state(),
            "brackets": [asdict(bracket) for bracket in self._brackets],
            "opened": self._opened,
        }

    def _restore_private(self, state: dict[str, Any]) -> None:
        super()._restore_private(state)
        self._opened = state["opened"]
        self._brackets = [
            Bracket(**{**bracket, "members": list(bracket["members"])})
            for bracket in state["brackets"]
        ]
