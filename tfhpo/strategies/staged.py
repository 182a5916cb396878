"""Staged search: one group of parameters after another, the others held at their best.

Notation:
    k       the number of a stage, from 0
    K       how many stages there are; the stage of number K is the joint one
    b       the base: the best configuration that is known when a stage opens
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from tfhpo.space import Kind, Parameter, Point, Slice, Space
from tfhpo.strategies.bayesian import BayesianOptimization
from tfhpo.strategies.former import Former
from tfhpo.strategies.history import Entry
from tfhpo.strategies.slice_search import SliceSearch
from tfhpo.strategies.stages import Stage, check_stages, ends, resolved
from tfhpo.strategies.strategy import Strategy

# What a stage's strategy is given where the user says nothing else: the base is known already, and
# a stage has few trials.
_USUAL_OPTIONS: Mapping[type[Strategy], Mapping[str, Any]] = {
    BayesianOptimization: {"num_initial_points": 2}
}


class Staged(Strategy):
    """Tunes one group of parameters, freezes it at its best, and goes on to the next.

    *Stages.* Stage k tunes the parameters that it names with a strategy of its own. It opens with
    the base b, the best completed configuration that is known by then, or the defaults before there
    is any, and all other parameters are held:

    - one of an earlier stage at its value in b. If b does not use it (the rate of an optimiser that
      b does not choose), it has not been tuned for what b is: it stays free, and is tuned as soon
      as something makes it count;
    - one of a later stage at its value in b, too. In the course of the stages that is its default;
      without one, the middle of its range, or the first of its choices. Where a configuration that
      came from elsewhere (queued, or of a former study) is the best, the search goes on from there.

    Parameters that no stage names belong to the last. A condition needs no care: in a stage before
    that of its parent a child is tuned where the parent's default makes it count.

    *What a stage's strategy knows.* It searches the free parameters alone, and is told of every
    trial that differs in these only, wherever it came from: so it knows the base, and repeats
    nothing. The Bayesian strategy therefore begins with 2 points, unless it is told otherwise.
    Former studies (`warm_start`) are told to each stage, as far as its parameters go.

    *Budget.* Every trial counts for the stage in which it is made, failed ones and those from
    elsewhere included; those made before the first stage opens are taken off the budget before it
    is shared. A stage also ends when nothing is left to try in it, and is passed over if nothing is
    free; its trials are then the next one's. After the last stage all parameters are tuned
    together, with the last stage's strategy, by whoever asks for more trials than the stages have,
    until the space is exhausted.

    *Many workers* never wait for a stage to end: the base is the best that is known when the first
    trial of a stage is asked for. A later result of an earlier stage's trial may still become the
    base of the next.

    *New parameters* that appear in mid-search are tuned in the stage that names them, or at once
    where that is over, and held until then.

    *When it pays.* A stage of few parameters needs few trials, so a small budget goes to what
    matters most. What it gives up are interactions: the best rate for one batch size is not that
    for another, and a later stage cannot move it. Put what interacts into one stage. On made-up
    losses of eight parameters, each half as important as the one before, in stages of 2, 2 and 4
    with the Bayesian strategy (benchmarks/staged.py; median loss of 12 seeds; staged, and all
    together):

        trials      no interaction       some                 strong
        15          0.018   0.011        0.023   0.020        0.015   0.021
        30          0.0010  0.0012       0.0059  0.0039       0.0077  0.0083
        60          0.0001  0.0000       0.0047  0.0002       0.0043  0.0024

    Each stage that opens is recorded as an event of the kind "stage":

        stage         k; K for all parameters together
        stages        K
        parameters    the names of what is tuned
        frozen        name to value, of all others that count in b
        best          the score of b, None for the defaults
        first         the key of its first trial
        end           the number of trials after which it ends, None for the joint stage

    Args:
        space: What to search.
        rng: The only source of randomness; each stage gets a generator of its own, seeded by it.
        stages: The stages, at least two. Names that the space does not have may appear later;
            patterns stand for parameters that it has.
        strategy: Who proposes in a stage that names no strategy: "bayesian" (default), "tpe",
            "random", "grid", "elastic-grid", "genetic", "policy-gradient", or a class of
            strategies.
        budget: How many trials are planned. Stages without `trials` share what the others leave.

    Raises:
        ArgumentError: If the space is empty, or the stages or the budget break a rule.

    Source:
        Block coordinate descent; Wright, "Coordinate descent algorithms", Mathematical Programming
        151 (2015). The order of the groups: Bengio, "Practical Recommendations for Gradient-Based
        Training of Deep Architectures", in Neural Networks: Tricks of the Trade (2012), section 3,
        which tunes the learning rate first.
    """

    name: ClassVar[str] = "staged"

    def __init__(
        self,
        space: Space,
        rng: np.random.Generator,
        *,
        stages: Sequence[Stage],
        strategy: str | type[Strategy] = "bayesian",
        budget: int | None = None,
    ) -> None:
        super().__init__(space, rng, budget=budget)
        check_stages(stages, strategy, budget)
        self.stages = resolved(stages, space.names)
        self.strategy = strategy
        self._stage_of = {name: k for k, one in enumerate(self.stages) for name in one.parameters}
        # Before the first stage opens.
        self._now = -1
        self._first = 0
        self._ends: list[int] = []
        self._held: dict[int, float] = {}
        self._search: SliceSearch | None = None

    # ------------------------------------------------------------------ the stages

    def _propose(self) -> Point | None:
        if self._is_over():
            self._open_next()
        while True:
            if self._search is not None:
                point = self._search.suggest(self.history)
                if point is not None or not self._search.finished:
                    return point
            if self._is_joint:
                self._finish()
                return None
            self._open_next()

    @property
    def _is_joint(self) -> bool:
        return self._now == len(self.stages)

    def _is_over(self) -> bool:
        """Whether the trials of the present stage are used up, or none has opened yet."""
        return self._now < 0 or (not self._is_joint and len(self.history) >= self._ends[self._now])

    def _open_next(self) -> None:
        """Opens the next stage that has trials left."""
        if self._now < 0:
            self._ends = ends(self.stages, self.budget, len(self.history))
        self._now += 1
        while self._is_over():
            self._now += 1
        self._first = len(self.history)
        base = self._base()
        self._held = self._all_held(self._kept_of(base), range(len(self.space)))
        part = Slice(self.space, self._held)
        rng = np.random.default_rng(int(self.rng.integers(2**63)))
        self._search = self._search_of(part, rng) if part.free else None
        if self._search is not None:
            self._search.adopt(self.history)
            self._record("stage", self._report(part, base))

    def _search_of(self, part: Slice, rng: np.random.Generator) -> SliceSearch:
        """Returns the search of the present stage, which knows of no trial yet."""
        stage = self.stages[min(self._now, len(self.stages) - 1)]
        budget = None if self._is_joint else self._ends[self._now] - self._first
        make = stage.proposer(self.strategy)
        options = {**_USUAL_OPTIONS.get(make, {}), **stage.options}
        proposer = make(part.space, rng, budget=budget, **options)
        former = [one for study in self.former if (one := _former_of(study, part)) is not None]
        if former:
            proposer.warm_start(former)
        return SliceSearch(part, proposer)

    # ------------------------------------------------------------------ what is held

    def _base(self) -> Point:
        best = self.history.best
        if best is not None:
            return self.history.entry(best).point
        return self.space.point(np.array([_start(one) for one in self.space.parameters]))

    def _kept_of(self, base: Point) -> dict[int, float]:
        """Returns what is held because the base has it: column to place."""
        if self._is_joint:
            return {}
        used = (int(column) for column in np.flatnonzero(base.active))
        return {
            column: float(base.x[column])
            for column in used
            if self._stage(self.space.names[column]) != self._now
        }

    def _all_held(self, known: Mapping[int, float], columns: Iterable[int]) -> dict[int, float]:
        """Returns all that is held: what is known to be, and what follows for other columns.

        Args:
            known: Column to place.
            columns: The columns to decide on.
        """
        held = dict(known)
        for column in columns:
            # What counts together has one value.
            group = self.space.together(column)
            places = [known[one] for one in group if one in known]
            if places:
                held[column] = places[0]
            elif self._stage(self.space.names[column]) > self._now:
                held[column] = _start(self.space.parameters[group[0]])
        return held

    def _stage(self, name: str) -> int:
        """Returns the number of the stage that tunes a parameter."""
        return self._stage_of.get(name, len(self.stages) - 1)

    def _report(self, part: Slice, base: Point) -> dict[str, Any]:
        held = part.lifted(part.part(base))
        frozen = {column for column in self._held if held.active[column]}
        best = self.history.best
        names = [self.space.names[column] for column in part.free]
        return {
            "stage": self._now,
            "stages": len(self.stages),
            "parameters": list(dict.fromkeys(names)),
            "frozen": {
                one.name: one.domain.from_unit(float(held.x[column]))
                for column, one in enumerate(self.space.parameters)
                if column in frozen
            },
            "best": None if best is None else float(self.history.scores[best]),
            "first": self._first,
            "end": None if self._is_joint else self._ends[self._now],
        }

    # ------------------------------------------------------------------ what is learnt

    def _learn(self, entry: Entry) -> None:
        if self._search is not None:
            self._search.learn(entry, self.history)

    def _revised(self) -> None:
        if self._search is not None:
            self._search.revise(self.history)

    # ------------------------------------------------------------------ state

    def _private_state(self) -> dict[str, Any]:
        if self._search is None:
            return {}
        return {
            "stage": self._now,
            "first": self._first,
            "ends": list(self._ends),
            "held": [self._held.get(column) for column in range(len(self.space))],
            "search": self._search.state(self.history),
        }

    def _restore_private(self, state: dict[str, Any]) -> None:
        if not state:
            return
        self._now, self._first, self._ends = state["stage"], state["first"], list(state["ends"])
        held = enumerate(state["held"])
        self._held = {column: place for column, place in held if place is not None}
        # What is restored brings its own generator.
        part, rng = Slice(self.space, self._held), np.random.default_rng(0)
        self._search = self._search_of(part, rng)
        self._search.restore(state["search"], self.history)

    def _space_grew(self) -> None:
        if self._search is not None:
            new = range(len(self._search.part.whole), len(self.space))
            self._held = self._all_held(self._held, new)
            self._search.extend(Slice(self.space, self._held))


def _start(parameter: Parameter) -> float:
    """Returns the place of a parameter's default, or of what stands for it.

    The middle of a list of choices means nothing; its first is what KerasTuner builds with.
    """
    if parameter.domain.kind is Kind.CATEGORICAL and parameter.default is None:
        return 0.0
    return parameter.start


def _former_of(study: Former, part: Slice) -> Former | None:
    """Returns what a former study says of a slice's columns, None where that is nothing."""
    points = part.part(study.points)
    rows = np.flatnonzero(points.active.any(axis=1))
    return replace(study, points=points).rows(rows) if len(rows) else None
