"""What multi-fidelity strategies share: a proposer that is told one score per configuration.

Notation:
    rung            a value of the fidelity by its number, 0 for the lowest
    configuration   a point of the space without the fidelity, by the proposer's key
    trial           a configuration at a rung, by the strategy's key
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, final

import numpy as np

from tfhpo.space import Point, Space
from tfhpo.strategies.fidelity import Fidelity, check_factor
from tfhpo.strategies.history import Entry, Outcome
from tfhpo.strategies.ledger import Ledger
from tfhpo.strategies.proposers import proposer_class, tell_revised
from tfhpo.strategies.strategy import Result, Strategy


class MultiFidelity(Strategy):
    """A strategy that tries many configurations at a low fidelity, and the best of them at more.

    The fidelity is a column of the space, and its values in order are the rungs. A *proposer*, any
    other strategy, searches the space without that column; the rungs at which its configurations
    are tried are decided by the subclass. The same configuration at the next rung is another point
    of the history, with equal values but for the fidelity.

    *What the proposer is told*: one score per configuration, that of the highest rung it reached,
    shifted by what further rungs usually change (`ledger.py`). As results come in these scores
    change, and the proposer's are revised (`Strategy.revise`): random search, grid, Bayesian
    optimisation, TPE and the genetic algorithm go by the new ones; the policy gradient and the
    elastic grid keep what they have learnt from the old ones. A configuration that failed at any
    rung is a failure, and goes no further.

    *Unread parameters.* What a configuration reads is taken from its first trial, so it should not
    depend on the fidelity. A trial that did not read the fidelity counts at the rung it was
    proposed for; its configuration goes no further, since nothing could become of that but a
    repeat. A parameter that a first trial did not read, or that is newer than it, is at its default
    (its first value without one) in the trials that follow.

    A point that is held for someone else is a configuration of its own unless its values are those
    of a known one; without the fidelity, it counts at the highest rung.

    Subclasses fill in `_promotion` and `_begin`; and `_may_begin`, `_adopted` and `_run_out` where
    they plan ahead.

    Args:
        space: What to search, with the fidelity among its columns.
        rng: The only source of randomness; the proposer gets a generator of its own, seeded by it.
        fidelity: The name of the fidelity: an ordered, finite parameter without conditions, on
            which no other one depends.
        proposer: Who proposes configurations: "random" (default), "grid", "elastic-grid",
            "bayesian", "tpe", "genetic", "policy-gradient", or a class of strategies.
        proposer_options: Further arguments of the proposer.
        factor: eta: the best of so many go on, an integer and at least 2. Default 3.
        budget: How many trials are planned, or None where nobody knows.

    Raises:
        ArgumentError: If there is no such fidelity, nothing beside it, or an argument breaks its
            rule.
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
        super().__init__(space, rng, budget=budget)
        check_factor(factor)
        self.factor = factor
        self.fidelity = Fidelity(space, fidelity)
        options = dict(proposer_options or {})
        make = proposer_class(proposer, options)
        # A share of 1 / factor of all trials, or more, goes on with a known configuration.
        share = None if budget is None else math.ceil(budget * (factor - 1) / factor)
        own_rng = np.random.default_rng(int(rng.integers(2**63)))
        self.proposer = make(self.fidelity.others(space), own_rng, budget=share, **options)
        self._ledger = Ledger()

    def origin(self, key: int) -> int | None:
        """Returns the key of the trial that another goes on from, None where it starts afresh.

        That is the same configuration's at the next lower rung. The two agree in all that the lower
        one read, but for the fidelity.

        Args:
            key: A suggestion's key.

        Raises:
            ArgumentError: If the key is unknown.
        """
        self._adopt()
        return self._ledger.below(self.history.entry(key).key)

    # ------------------------------------------------------------------ for subclasses

    @abstractmethod
    def _promotion(self) -> tuple[int, int] | None:
        """Returns a configuration that goes on and the rung it goes to; None where none does."""

    @abstractmethod
    def _begin(self, configuration: int) -> int:
        """Returns the rung at which a new configuration begins."""

    def _may_begin(self) -> bool:
        """Whether a new configuration may begin now, rather than wait for those under way."""
        return True

    def _adopted(self, configuration: int, rung: int) -> None:
        """Takes in a configuration that was held for someone else, which begins at a rung."""

    def _run_out(self) -> None:
        """Takes in that the proposer has no configurations left."""

    @final
    def _can_go_on(self, configuration: int, rung: int) -> bool:
        """Whether a configuration can be tried at a rung without a repeat."""
        if self._ledger.trial(configuration, rung) is not None:
            return False
        return not self.history.tried(self._again(configuration, rung))

    # ------------------------------------------------------------------ the next point

    def _propose(self) -> Point | None:
        self._adopt()
        point = self._next()
        if point is None and self.proposer.finished:
            self._run_out()
            point = self._next()
            # A result that is awaited may still send a configuration on.
            if point is None and not len(self.history.pending):
                self._finish()
        return point

    def _next(self) -> Point | None:
        promotion = self._promotion()
        if promotion is None:
            return self._new() if self._may_begin() else None
        self._ledger.add(*promotion)
        return self._again(*promotion)

    def _new(self) -> Point | None:
        """Returns a new configuration at the rung where it begins; None where there is none."""
        suggestions = self.proposer.suggest()
        # They tell of columns and keys that nobody else knows.
        self.proposer.take_events()
        if not suggestions:
            return None
        ((configuration, point),) = suggestions
        rung = self._begin(configuration)
        self._ledger.add(configuration, rung)
        return self.fidelity.at(point, rung)

    def _again(self, configuration: int, rung: int) -> Point:
        """Returns the point of a known configuration at a rung."""
        first = self.history.entry(int(self._ledger.first[configuration])).point
        start = [
            0.0 if parameter.default is None else parameter.domain.to_unit(parameter.default)
            for parameter in self.proposer.space.parameters
        ]
        x, active = self.fidelity.without(first)
        return self.fidelity.at(self.proposer.space.point(np.where(active, x, start)), rung)

    # ------------------------------------------------------------------ what is learnt

    def recommend(self) -> int | None:
        """Returns the key of the best completed point of the highest rung that has one."""
        self._adopt()
        keys = self.history.completed
        if not len(keys):
            return None
        rungs = self._ledger.rungs(keys)
        highest = keys[rungs == rungs.max()]
        return int(highest[np.argmin(self.history.scores[highest])])

    def _learn(self, entry: Entry) -> None:
        self._adopt()
        self._tell()

    def _revised(self) -> None:
        self._adopt()
        self._tell()

    def _take_former(self) -> None:
        # When the space grows the proposer, which was told before, takes care of itself.
        if not self.proposer.former:
            studies = [
                replace(one, points=self.fidelity.without(one.points)) for one in self.former
            ]
            self.proposer.warm_start(studies)

    def _adopt(self) -> None:
        """Takes in points that were held for someone else."""
        for key in range(len(self._ledger), len(self.history)):
            point = self.history.entry(key).point
            rung = self.fidelity.of(point)
            rung = self.fidelity.top if rung is None else rung
            configuration = self._known(self.fidelity.without(point))
            if configuration is None:
                configuration = self.proposer.hold(self.fidelity.without(point))
                self._adopted(configuration, rung)
            self._ledger.add(configuration, rung)

    def _known(self, point: Point) -> int | None:
        """Returns the configuration whose first trial has these values, None if there is none."""
        known = self.proposer.history
        alike = np.all(known.x == point.x, axis=1) & np.all(known.active == point.active, axis=1)
        return int(np.argmax(alike)) if alike.any() else None

    def _tell(self) -> None:
        """Tells the proposer what is known of its configurations by now."""
        # At every result, and not only when it is asked: so its scores follow from the history
        # alone, also those that it looks at while it learns.
        scores = self._ledger.scores(self.history, len(self.fidelity))
        tell_revised(self.proposer, scores)
        awaited = self.proposer.history.pending
        # Of a thousand, one has ended.
        ended = np.isin(self._ledger.first[awaited], self.history.known)
        for configuration in awaited[ended]:
            entry = self._first_entry(int(configuration), float(scores[configuration]))
            pruned = entry.outcome is Outcome.PRUNED
            self.proposer.observe([Result(entry.key, entry.point, entry.score, pruned)])

    def _first_entry(self, configuration: int, score: float) -> Entry:
        """Returns the proposer's entry of a configuration, which goes by its first trial."""
        first = self.history.entry(int(self._ledger.first[configuration]))
        point = self.fidelity.without(first.point)
        if first.outcome is Outcome.PENDING:
            return Entry(configuration, point)
        if math.isnan(score):
            return Entry(configuration, point, Outcome.FAILED, score)
        # One that failed there and has a score since was held, and tried elsewhere, before.
        pruned = first.outcome is Outcome.PRUNED
        return Entry(configuration, point, Outcome.PRUNED if pruned else Outcome.COMPLETED, score)

    # ------------------------------------------------------------------ state

    def _private_state(self) -> dict[str, Any]:
        self._adopt()
        return {"ledger": self._ledger.state(), "proposer": self.proposer.state()}

    def _restore_private(self, state: dict[str, Any]) -> None:
        self._ledger = Ledger.restored(state["ledger"])
        scores = self._ledger.scores(self.history, len(self.fidelity))
        entries = [self._first_entry(one, float(score)) for one, score in enumerate(scores)]
        self.proposer.restore(state["proposer"], entries)

    def _check_growth(self, space: Space) -> None:
        self.fidelity.others(space)

    def _space_grew(self) -> None:
        self.proposer.extend(self.fidelity.others(self.space))
