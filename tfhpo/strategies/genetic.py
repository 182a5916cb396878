"""A genetic algorithm over the mixed, conditional space.

Notation:
    d       the number of columns
    P       the size of the population
    age     of a trial: how many of those that were proposed after it have a score
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from tfhpo.arguments import fraction, integer
from tfhpo.errors import ArgumentError
from tfhpo.space import FloatArray, Point, Space
from tfhpo.strategies.candidates import best_first
from tfhpo.strategies.evolution import (
    AdaptiveMutation,
    BlendCrossover,
    Crossover,
    Genes,
    Mutation,
    ResamplingMutation,
    Selection,
    SimulatedBinaryCrossover,
    SingleMutation,
    Tournament,
    Truncation,
    UniformCrossover,
)
from tfhpo.strategies.history import Entry
from tfhpo.strategies.initial import InitialDesign
from tfhpo.strategies.strategy import Strategy

SELECTIONS: Mapping[str, Selection] = {"tournament": Tournament(), "truncation": Truncation()}
CROSSOVERS: Mapping[str, Crossover] = {
    "blend": BlendCrossover(),
    "sbx": SimulatedBinaryCrossover(),
    "uniform": UniformCrossover(),
}
MUTATIONS: Mapping[str, Mutation] = {
    "adaptive": AdaptiveMutation(),
    "resampling": ResamplingMutation(),
    "single": SingleMutation(),
}
# How often a child that repeats a trial is bred again, and how often before it mutates once more.
_BREEDINGS, _PATIENCE = 50, 10
# The lifetime by default, in sizes of the population.
_LIFETIMES = 12

Operator = TypeVar("Operator")


class GeneticAlgorithm(Strategy):
    """A genetic algorithm, steady-state or generational.

    *Beginning.* The user's defaults, then an even spread, `P` points in all; the best points of
    former studies are the first of them.

    *Population.* The best `P` of the last `lifetime` trials that have a score, with the best
    `elites` of all in front. So a trial that was lucky in its noise does not breed for ever. Where
    the best one leaves because of its age, and none has been better since, the search is stuck:
    another population begins with `P` random points, and the trials before do not breed any more.

    *Child.* Two parents are selected. With probability `crossover_rate` they cross, else the child
    is the first of them. Of a gene that one parent does not use the child takes the other's, and of
    one that neither uses a random value, so what becomes active by a choice is never left over from
    nowhere. Then it mutates. A child that repeats a trial is bred again; where that goes on, with
    one mutation more.

    *Steady-state* (default): every child is bred from the population as it is, so workers never
    wait. *Generational*: `P` children are bred from a generation before any of them counts, and
    the next one waits for them all.

    Failed trials do not breed. Every `P` results the population is recorded for the study
    ("generation").

    The defaults are measured for budgets of 50, 200 and 1,000 trials (benchmarks/README.md): a
    small population that presses hard and changes one gene at a time did at least as well as
    larger ones at all three.

    Args:
        space: What to search.
        rng: The only source of randomness.
        budget: How many trials are planned, or None where nobody knows; not needed.
        population_size: `P`, at least 2. Default 8.
        selection: "tournament" (default), "truncation", or a `Selection` of
            `tfhpo.strategies.evolution`.
        crossover: "uniform" (default), "blend", "sbx", or a `Crossover`.
        mutation: "single" (default), "adaptive", "resampling", or a `Mutation`.
        crossover_rate: In [0, 1]. Default 0.7.
        elites: How many of the best trials stay whatever their age, at least 0. Default 0.
        lifetime: For how many scores one stays in the population, at least `P`. Default 12 `P`;
            `math.inf` for all of them.
        generational: Whether generations follow one another. Default False.

    Raises:
        ArgumentError: If the space is empty or an argument breaks its rule.

    Source:
        Holland, "Adaptation in Natural and Artificial Systems" (1975). Steady state: Whitley, "The
        GENITOR Algorithm and Selection Pressure", ICGA (1989). Ageing: Real et al., "Regularized
        Evolution for Image Classifier Architecture Search", AAAI (2019).
    """

    name: ClassVar[str] = "genetic"

    def __init__(
        self,
        space: Space,
        rng: np.random.Generator,
        *,
        budget: int | None = None,
        population_size: int = 8,
        selection: str | Selection = "tournament",
        crossover: str | Crossover = "uniform",
        mutation: str | Mutation = "single",
        crossover_rate: float = 0.7,
        elites: int = 0,
        lifetime: float | None = None,
        generational: bool = False,
    ) -> None:
        super().__init__(space, rng, budget=budget)
        self.population_size = integer("population_size", population_size, least=2)
        self.selection = _operator("selection", selection, SELECTIONS, Selection)
        self.crossover = _operator("crossover", crossover, CROSSOVERS, Crossover)
        self.mutation = _operator("mutation", mutation, MUTATIONS, Mutation)
        self.crossover_rate = fraction("crossover_rate", crossover_rate)
        self.elites = integer("elites", elites, least=0)
        self.lifetime = _LIFETIMES * population_size if lifetime is None else lifetime
        self.generational = generational
        self._check()
        self._design = InitialDesign(self.population_size, int(rng.integers(2**31)))
        self._genes = Genes.of(space)
        # The first key of the run that breeds now.
        self._begun = 0
        self._results = 0

    # ------------------------------------------------------------------ breeding

    def _propose(self) -> Point | None:
        if self.generational and self._awaiting_generation():
            return None
        if self._design.due(self.history):
            point = self._design.point(self.space, len(self.history))
            return self._draw_untried() if self.history.tried(point) else point
        ranked = self._population()
        if not len(ranked) or len(self.history) < self._begun + self.population_size:
            return self._draw_untried()
        population = Point(self.history.x[ranked], self.history.active[ranked])
        for attempt in range(_BREEDINGS):
            child = self._child(population, 1 + attempt // _PATIENCE)
            if not self.history.tried(child):
                return child
        return self._draw_untried()

    def _child(self, population: Point, mutations: int) -> Point:
        first, second = self.selection.choose(len(population.x), self.rng)
        if self.rng.random() >= self.crossover_rate:
            second = first
        mine, theirs = self._whole(population, first, second)
        places = np.clip(self.crossover.cross(mine, theirs, self._genes, self.rng), 0.0, 1.0)
        child = self.space.point(places)
        for _ in range(mutations):
            # Genes that are not used keep their places: a mutated choice may make them count.
            places = np.where(child.active, child.x, places)
            mutant = self.mutation.mutate(places, child.active, population, self._genes, self.rng)
            places = np.clip(mutant, 0.0, 1.0)
            child = self.space.point(places)
        return child

    def _whole(self, population: Point, first: int, second: int) -> tuple[FloatArray, FloatArray]:
        """Returns both parents' places with the genes filled in that one of them does not use."""
        x, active = population
        drawn = zip(self.space.parameters, self.rng.random(len(self.space)), strict=True)
        fresh = np.array([parameter.draw(float(p)) for parameter, p in drawn])
        mine = np.where(active[first], x[first], np.where(active[second], x[second], fresh))
        return mine, np.where(active[second], x[second], mine)

    # ------------------------------------------------------------------ the population

    def _population(self) -> npt.NDArray[np.intp]:
        """Returns the keys of the population, the best first."""
        run = self._run()
        ranked = best_first(run, self.history.scores)
        young = ranked >= self._oldest(run)
        young[: self.elites] = True
        return ranked[young][: self.population_size]

    def _run(self) -> npt.NDArray[np.intp]:
        """Returns the keys that may breed, since the last beginning, ascending."""
        scored = self.history.scored
        if self.generational:
            scored = scored[scored < self._generation * self.population_size]
        return scored[scored >= self._begun]

    def _oldest(self, run: npt.NDArray[np.intp]) -> int:
        """Returns the first key of a run that is not too old to breed."""
        return int(run[len(run) - int(self.lifetime)]) if len(run) > self.lifetime else 0

    def _begin_anew_where_stuck(self) -> None:
        run = self._run()
        ranked = best_first(run, self.history.scores)
        if not self.elites and len(run) and ranked[0] < self._oldest(run):
            self._begun = len(self.history)

    @property
    def _generation(self) -> int:
        """The number of the generation that is bred now; that of the beginning is 0."""
        return len(self.history) // self.population_size

    def _awaiting_generation(self) -> bool:
        """Whether the generation that would breed is not known yet."""
        pending = self.history.pending
        return len(pending) > 0 and bool(pending[0] < self._generation * self.population_size)

    def _learn(self, entry: Entry) -> None:
        self._begin_anew_where_stuck()
        self._results += 1
        if self._results % self.population_size == 0 and len(self.history.scored):
            generation = self._results // self.population_size
            members = self._population()
            scores = self.history.scores[members].tolist()
            self._record(
                "generation",
                {"number": generation, "members": members.tolist(), "scores": scores},
            )

    # ------------------------------------------------------------------ state

    def _private_state(self) -> dict[str, Any]:
        return {
            "sobol": self._design.seed,
            "results": self._results,
            "begun": self._begun,
        }

    def _restore_private(self, state: dict[str, Any]) -> None:
        self._design = InitialDesign(self.population_size, state["sobol"])
        self._results, self._begun = state["results"], state["begun"]

    def _space_grew(self) -> None:
        self._genes = Genes.of(self.space)

    def _check(self) -> None:
        """Raises an ArgumentError for an argument that breaks its rule."""
        size, lifetime = self.population_size, self.lifetime
        if not lifetime >= size:
            raise ArgumentError(
                f"`lifetime` must be at least the population's size, {size}. "
                f"Received: lifetime={lifetime}."
            )


def _operator(
    what: str, given: str | Operator, known: Mapping[str, Operator], kind: type[Any]
) -> Operator:
    """Returns an operator that was given by name or as it is."""
    if not isinstance(given, str):
        if isinstance(given, kind):
            own: Operator = given
            return own
    elif given in known:
        return known[given]
    raise ArgumentError(
        f"`{what}` must be one of {sorted(known)} or a `{kind.__name__}` of "
        f"`tfhpo.strategies.evolution`. Received: {given!r}."
    )
