"""The elastic grid: a lattice whose ranges shrink, stretch and breathe with the results.

Notation:
    d           the number of columns
    n           the number of points known so far, pending ones included
    R_j         the range of column j: an interval [a_j, b_j] of places in [0, 1], or a set A_j of
                choices
    F_j         the former range: the last one that was kept
    L           levels: how many places the lattice lays over an interval, both ends among them
    w_j         the lattice cell of column j, (b_j - a_j) / (L - 1)
    k           the number of results that make a round
    c           the incumbent: the best point known when the round began
    r           the round's best point
    p           the pull, 1 at first, halved by every discarded round
    alpha       the share of the candidates that takes lattice places, the others random ones
    mu          the share of the columns in which a candidate leaves the incumbent
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import numpy as np

from tfhpo.arguments import fraction, fraction_above_zero, fraction_below_one, integer
from tfhpo.space import BoolArray, Kind, Point, Space
from tfhpo.strategies.history import Entry
from tfhpo.strategies.promise import order
from tfhpo.strategies.ranges import (
    Interval,
    Range,
    Subset,
    finer_than,
    range_from_config,
    whole,
)
from tfhpo.strategies.strategy import Strategy

GLOBAL, ZOOM = "global", "zoom"
# The share of moved columns falls by a factor e in so many trials, until it reaches `moved`.
_FADE = 50.0
# How much a candidate's neighbours weigh against its distance from them, in turn.
_WEIGHTS = (0.5, 0.8, 0.95, 1.0)
# How often to look for untried candidates in the ranges before taking a point from anywhere.
_ATTEMPTS = 5


@dataclass
class _Progress:
    """Where the search stands between two results; all of it numbers and short lists.

    Attributes:
        number: The round's number, from 0.
        kind: "global" or "zoom".
        first: The first key of the round; later keys belong to it.
        told: How many of its results came in.
        incumbent: The key of c, or None before the first success.
        pull: p.
        discards: How many rounds in a row were discarded.
        opened: Whether the round's opening is recorded.
        decks: For each column, the levels not drawn yet, as positions in the lattice.
    """

    number: int = 0
    kind: str = GLOBAL
    first: int = 0
    told: int = 0
    incumbent: int | None = None
    pull: float = 1.0
    discards: int = 0
    opened: bool = False
    decks: list[list[int]] = field(default_factory=list)


class ElasticGrid(Strategy):
    """A grid that breathes.

    The search goes in rounds. Each has a range per column, and lays a lattice over the ranges:

    - over an interval, `L = levels` places, evenly spaced on the parameter's scale, both ends among
      them; of a finite parameter, values of it, all of them where there are no more than `L`;
    - over a categorical column, its active choices.

    *Candidates.* Each column deals its levels from a shuffled deck, which is shuffled anew when it
    is used up, so any run of candidates sees each level of each column equally often, give or take
    one, as the rows of a Latin square do. A share `alpha` of the candidates is dealt; the others
    take random places inside the ranges (through the prior, while a range is still the whole one).
    The very first point is the user's defaults; a parameter without one starts in its middle.

    - In the first round the points to try are the candidates themselves, in all columns.
    - Later, a candidate keeps the incumbent's value in most columns and takes a level (another one
      than the incumbent's) only in a share `mu = max(moved, exp(-n / 50))`, at least in one; in a
      global round in all. Columns that such a step activates take a level too; inactive ones stay.
      Of `looks` candidates the most promising untried one is tried: the rank that its neighbours
      foretell, weighed against its distance from them (`promise.py`). Points whose results are
      awaited count among those to keep away from, so many workers spread out.

    *Ranges.* A round ends when `k` of its points have results: `2 L` in the first round, `L + 1`
    in the others. Points suggested before that belong to it too; results that come after it ended
    can make the incumbent, but no longer the round; neither can scores that are revised then. Then

    - the round improved the incumbent: its ranges are *kept*; the pull is 1 again;
    - it did not: its ranges are *discarded* for the former ones, and the pull is halved;
    - `patience` discards in a row, or a round of nothing but failures: a fresh *global* round over
      the whole ranges guards against a local optimum. One that improves is kept, as any other. One
      that does not leaves the former ranges contracted to a cell around the incumbent, for good.

    The next ranges are the former ones, pulled to the span between incumbent and round's best:

        a_j <- a_j + p (max(0, min(c_j, r_j) - w_j) - a_j)
        b_j <- b_j + p (min(1, max(c_j, r_j) + w_j) - b_j)

    where the cell is at least the way to the next value of a finite parameter. A best value on the
    edge of its range therefore stretches the range past that edge, but never past the domain. An
    equal value, c_j = r_j, leaves the range; but the first round, which has no incumbent to compare
    with, pulls every range around its best. A column that one of the two does not use keeps its
    range.

    A categorical's set breathes by the same rule, with a choice as its cell. While the incumbent
    holds its choice against the round's best, a quarter of the set (times the pull) drops out:
    the choices whose best trial is worst; never one that was not tried, the incumbent's, or one of
    the last two. Where the round's best made another choice the set regrows: by that one, and by
    the most promising of those that are out.

    *End.* The search finishes when a finite space is covered, or when every range is finer than
    `resolution` (that is, a value and its neighbours for a finite parameter, two choices for a
    set; a space without a continuous column ends when it is covered only). Whoever planned the
    budget stops asking when it is spent. A failed trial is a result like any other, worse than all.
    No point is tried twice: where the ranges hold nothing new, candidates step further away.

    What differs from the plain rule, in which every candidate takes levels in all columns and is
    tried as it is dealt. Each figure is the mean normalised regret after 50 trials, over 12
    problems and 16 seeds (standard errors about 0.005; see `benchmarks/README.md`):

    - Leaving the incumbent in a few columns only, and looking at 30 candidates before trying one:
      0.11; with `looks=1`, 0.18. In ten columns a point that changes all of them hardly ever
      improves, however narrow the ranges.
    - Contracting after a global round in vain: no difference within 120 trials; but without it a
      longer search begins anew from the whole ranges each time, and never settles.
    - The breathing itself: 0.11; with ranges that always stay whole, 0.12. `alpha` from 0 to 0.75
      made no difference that could be told from noise; `alpha=1`, 0.13.
    - The budget changes nothing: one schedule served 30, 60 and 120 trials.

    *Events.* Every round that ends is recorded as an event of the kind "round"; before its first
    point every round is recorded as an event of the kind "opening", with what is known by then: all
    but `kept` and `best`.

        round             its number, from 0
        kind              "global" or "zoom"
        kept              whether it improved the incumbent, so that its ranges were kept
        pull              p, as it was when the round's ranges were made
        first             the key of the round's first point
        trials            the number of points known when it ended, or began
        best              the round's best score, None where all failed
        incumbent         the best score known by then, None before the first success
        columns           a list, for each column in order:
            column            its index
            name              the parameter's name
            low, high         the ends of the range (of a set: its first and last choice), as places
            low_value, high_value     the same as values
            active            the active choices as values; None for an interval
            incumbent         the incumbent's place; None where it does not use the column
            incumbent_value   the same as a value

    Args:
        space: What to search.
        rng: The only source of randomness.
        budget: How many trials are planned, or None where nobody knows; not needed.
        levels: `L`, places of the lattice over an interval, at least 2. Default 4.
        alpha: The share of the candidates on the lattice, in [0, 1]: 1 is pure grid, 0 pure random,
            as elastic net mixes lasso and ridge. Default 0.5.
        moved: The least share of the columns in which a candidate of a zoom round leaves the
            incumbent, in (0, 1]. Default 0.25.
        looks: How many candidates to choose from, at least 1. Default 30.
        round_size: `k`, at least 1; None for the sizes above.
        patience: How many discards in a row bring a global round, at least 1. Default 2.
        resolution: The width of a range, in [0, 1), below which it is not worth a round. 0 never
            ends the search. Default 0.001.

    Raises:
        ArgumentError: If the space is empty or an argument is out of its bounds.

    Source:
        Own. The step in few columns is Tolson and Shoemaker's, "Dynamically dimensioned search
        algorithm for computationally efficient watershed model calibration", Water Resources
        Research 43 (2007); the balanced lattice is McKay, Beckman and Conover's, "A comparison of
        three methods for selecting values of input variables", Technometrics 21 (1979).
    """

    name: ClassVar[str] = "elastic-grid"

    def __init__(
        self,
        space: Space,
        rng: np.random.Generator,
        *,
        budget: int | None = None,
        levels: int = 4,
        alpha: float = 0.5,
        moved: float = 0.25,
        looks: int = 30,
        round_size: int | None = None,
        patience: int = 2,
        resolution: float = 1e-3,
    ) -> None:
        super().__init__(space, rng, budget=budget)
        self.levels = integer("levels", levels, least=2)
        self.alpha = fraction("alpha", alpha)
        self.moved = fraction_above_zero("moved", moved)
        self.looks = integer("looks", looks, least=1)
        self.round_size = None if round_size is None else integer("round_size", round_size, least=1)
        self.patience = integer("patience", patience, least=1)
        self.resolution = fraction_below_one("resolution", resolution)
        self._now = _Progress()
        self._ranges: list[Range] = [whole(parameter) for parameter in space.parameters]
        self._former = list(self._ranges)
        self._survey()
        self._lay()

    # ------------------------------------------------------------------ candidates

    def _propose(self) -> Point | None:
        self._open()
        if not len(self.history):
            return self._start()
        for attempt in range(_ATTEMPTS):
            # Nothing but repeats says that the ranges are nearly used up: step further away.
            points = self._candidates(min(1.0, self._moved_now() * (1 + attempt)))
            if not all(map(self.history.tried, points)):
                return next(one for one in self._ranked(points) if not self.history.tried(one))
        return self._draw_untried()

    def _open(self) -> None:
        """Records how the round begins, once."""
        if not self._now.opened:
            self._now.opened = True
            self._record("opening", self._report())

    def _start(self) -> Point:
        """Returns the defaults that the user gave; elsewhere the middle, or any choice."""
        places = [
            parameter.domain.to_unit(parameter.default)
            if parameter.default is not None
            else self._middle(column)
            for column, parameter in enumerate(self.space.parameters)
        ]
        return self.space.point(np.array(places))

    def _middle(self, column: int) -> float:
        return self._level(column) if self._categorical[column] else 0.5

    def _moved_now(self) -> float:
        """Returns the share of the columns in which a candidate leaves the incumbent."""
        if self._now.kind == GLOBAL:
            return 1.0
        return max(self.moved, math.exp(-len(self.history) / _FADE))

    def _candidates(self, moved: float) -> list[Point]:
        """Returns points to choose from."""
        best = self.history.best
        if best is None or self._now.number == 0:
            # Nothing to judge by yet: the first round takes the lattice as its balance has it.
            nowhere = Point(np.zeros(len(self.space)), np.zeros(len(self.space), dtype=bool))
            return [self._candidate(nowhere, moved=1.0)]
        incumbent = Point(self.history.x[best], self.history.active[best])
        return [self._candidate(incumbent, moved) for _ in range(self.looks)]

    def _ranked(self, points: list[Point]) -> list[Point]:
        """Returns the points, the best choice first."""
        if len(points) == 1:
            return points
        x = np.array([point.x for point in points])
        active = np.array([point.active for point in points])
        weight = _WEIGHTS[len(self.history) % len(_WEIGHTS)]
        ranked = order(x, active, self.history, self._categorical, weight)
        return [points[int(index)] for index in ranked]

    def _candidate(self, incumbent: Point, moved: float) -> Point:
        """Returns a point of the lattice, or a random one in the ranges.

        Args:
            incumbent: Where to start; nothing is kept of a column that is inactive in it.
            moved: The share of its columns in which the candidate leaves it.
        """
        on_lattice = bool(self.rng.random() < self.alpha)
        x, settled = incumbent.x.copy(), incumbent.active & ~self._leaving(incumbent.active, moved)
        left = np.where(incumbent.active, x, np.nan)
        active = self.space.active(x)
        for column in range(len(self.space)):
            if active[column] and not settled[column]:
                x[column] = self._place(column, avoid=left[column], on_lattice=on_lattice)
                if self._branches[column]:
                    active = self.space.active(x)
        return Point(np.where(active, x, 0.0), active)

    def _leaving(self, active: BoolArray, moved: float) -> BoolArray:
        """Returns the columns in which a candidate leaves the incumbent, at least one."""
        leaving: BoolArray = self.rng.random(len(active)) < moved
        columns = np.flatnonzero(active)
        if len(columns) and not leaving[columns].any():
            leaving[columns[int(self.rng.integers(len(columns)))]] = True
        return leaving

    def _place(self, column: int, *, avoid: float, on_lattice: bool) -> float:
        if not on_lattice:
            parameter = self.space.parameters[column]
            return self._ranges[column].draw(parameter, float(self.rng.random()))
        place = self._level(column)
        return self._level(column) if place == avoid else place

    def _level(self, column: int) -> float:
        """Returns the next level of the column's deck, shuffled anew when it is used up.

        Any run of draws therefore holds each level equally often, give or take one.
        """
        deck, places = self._now.decks[column], self._lattice[column]
        if not deck:
            deck.extend(int(position) for position in self.rng.permutation(len(places)))
        return places[deck.pop()]

    # ------------------------------------------------------------------ rounds

    def _learn(self, entry: Entry) -> None:
        # A late result of an earlier round can still make the incumbent, but not a round.
        if entry.key < self._now.first:
            return
        # A round may be made of points that came from elsewhere alone.
        self._open()
        self._now.told += 1
        if self._now.told >= self._size:
            self._close()

    @property
    def _size(self) -> int:
        """The number of results that make a round, k."""
        if self.round_size is not None:
            return self.round_size
        return 2 * self.levels if self._now.number == 0 else self.levels + 1

    def _close(self) -> None:
        """Judges the round and begins the next."""
        now, best = self._now, self._round_best()
        kept = best is not None and self._beats_incumbent(best)
        self._record("round", {**self._report(), "kept": kept, "best": self._score_of(best)})
        if kept:
            self._former = self._ranges
            now.pull, now.discards = 1.0, 0
        elif now.kind == ZOOM:
            now.pull, now.discards = now.pull / 2, now.discards + 1
        if best is None or now.discards >= self.patience:
            self._begin(GLOBAL, [whole(parameter) for parameter in self.space.parameters])
        elif now.incumbent is None:
            self._begin(ZOOM, self._between(best, best))
        elif now.kind == GLOBAL and not kept:
            # The incumbent stood even against the whole space: settle closer around it.
            self._former = self._between(now.incumbent, now.incumbent)
            self._begin(ZOOM, self._former)
        else:
            self._begin(ZOOM, self._between(now.incumbent, best))

    def _round_best(self) -> int | None:
        keys = self.history.completed
        keys = keys[keys >= self._now.first]
        return int(keys[np.argmin(self.history.scores[keys])]) if len(keys) else None

    def _beats_incumbent(self, key: int) -> bool:
        c = self._now.incumbent
        # Anything beats an incumbent that was revised to a failure, whose score is NaN.
        return c is None or not self.history.scores[c] <= self.history.scores[key]

    def _begin(self, kind: str, ranges: list[Range]) -> None:
        if kind == ZOOM and finer_than(ranges, self.space.parameters, self.resolution):
            self._finish()
        now, self._ranges = self._now, ranges
        if kind == GLOBAL:
            now.pull, now.discards = 1.0, 0
        now.number, now.kind = now.number + 1, kind
        now.first, now.told = len(self.history), 0
        now.incumbent = self.history.best
        now.opened = False
        self._lay()

    def _lay(self) -> None:
        """Lays the lattice over the ranges, with full decks."""
        pairs = zip(self._ranges, self.space.parameters, strict=True)
        self._lattice = [one.places(parameter, self.levels) for one, parameter in pairs]
        self._now.decks = [[] for _ in self._ranges]

    def _survey(self) -> None:
        """Notes what the space says of its columns."""
        parameters = self.space.parameters
        parents = {condition.parent for one in parameters for condition in one.conditions}
        self._branches = [name in parents for name in self.space.names]
        kinds = [one.domain.kind is Kind.CATEGORICAL for one in parameters]
        self._categorical = np.array(kinds, dtype=bool)

    # ------------------------------------------------------------------ breathing

    def _between(self, c: int, r: int) -> list[Range]:
        """Returns the former ranges, pulled to the span of two points, given by their keys."""
        return [self._pulled(column, c, r) for column in range(len(self.space))]

    def _pulled(self, column: int, c: int, r: int) -> Range:
        former, used = self._former[column], self.history.active
        if not (used[c, column] and used[r, column]):
            return former
        ends = float(self.history.x[c, column]), float(self.history.x[r, column])
        if isinstance(former, Subset):
            return self._pulled_set(former, column, *ends)
        # An equal value leaves the range, unless there is but one point to compare.
        if isinstance(former, Interval) and (ends[0] != ends[1] or c == r):
            parameter = self.space.parameters[column]
            return former.pulled(parameter, *ends, self.levels, self._now.pull)
        return former

    def _pulled_set(self, former: Subset, column: int, c: float, r: float) -> Subset:
        domain, merits = self.space.parameters[column].domain, self._merits(column)
        if c == r:
            return former.shrunk(merits, domain.index_of_unit(c), self._now.pull)
        return former.regrown(merits, domain.size or 0, domain.index_of_unit(r))

    def _merits(self, column: int) -> dict[int, float]:
        """Returns the best score seen with each choice."""
        domain, keys = self.space.parameters[column].domain, self.history.scored
        keys = keys[self.history.active[keys, column]]
        places, scores = self.history.x[keys, column], self.history.scores[keys]
        return {
            domain.index_of_unit(float(place)): float(scores[places == place].min())
            for place in np.unique(places)
        }

    # ------------------------------------------------------------------ what others see

    def _report(self) -> dict[str, Any]:
        incumbent = self.history.best
        return {
            "round": self._now.number,
            "kind": self._now.kind,
            "pull": self._now.pull,
            "first": self._now.first,
            "trials": len(self.history),
            "incumbent": self._score_of(incumbent),
            "columns": [self._describe(column, incumbent) for column in range(len(self.space))],
        }

    def _score_of(self, key: int | None) -> float | None:
        return None if key is None else float(self.history.scores[key])

    def _describe(self, column: int, incumbent: int | None) -> dict[str, Any]:
        parameter, current = self.space.parameters[column], self._ranges[column]
        places = current.places(parameter, 2)
        place = None
        if incumbent is not None and self.history.active[incumbent, column]:
            place = float(self.history.x[incumbent, column])
        values = [parameter.domain.from_unit(u) for u in places]
        finite = parameter.size is not None
        return {
            "column": column,
            "name": parameter.name,
            "low": places[0],
            "high": places[-1],
            "low_value": values[0],
            "high_value": values[-1],
            "active": values if finite and isinstance(current, Subset) else None,
            "incumbent": place,
            "incumbent_value": None if place is None else parameter.domain.from_unit(place),
        }

    # ------------------------------------------------------------------ state

    def _private_state(self) -> dict[str, Any]:
        return {
            "now": asdict(self._now),
            "ranges": [one.config() for one in self._ranges],
            "former": [one.config() for one in self._former],
        }

    def _restore_private(self, state: dict[str, Any]) -> None:
        self._ranges = [range_from_config(config) for config in state["ranges"]]
        self._former = [range_from_config(config) for config in state["former"]]
        self._lay()
        self._now = _Progress(**{**state["now"], "decks": [list(d) for d in state["now"]["decks"]]})

    def _space_grew(self) -> None:
        known = len(self._ranges)
        fresh = [whole(parameter) for parameter in self.space.parameters[known:]]
        decks = self._now.decks
        self._ranges = [*self._ranges, *fresh]
        self._former = [*self._former, *fresh]
        self._survey()
        self._lay()
        self._now.decks[:known] = decks
