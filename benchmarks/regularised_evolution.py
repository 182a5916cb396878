"""Regularised evolution as published, a rival of the genetic algorithm in the regret benchmark.

Each child is the best of a few that are drawn from the population, with one gene drawn anew; it
enters the population, and the oldest leaves it. The genes are the parameters that the parent uses;
what becomes active by the change is drawn. Numbers, which the original did not have, are drawn
anew like choices. A child may repeat a trial, as in the original.

Source:
    Real, Aggarwal, Huang and Le, "Regularized Evolution for Image Classifier Architecture Search",
    AAAI (2019).
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import numpy as np

from benchmarks.peers import Trials
from benchmarks.problems import Problem
from tfhpo.space import Point, Space

# P and S as published, and the share of the budget that P is where it is scaled.
_POPULATION, _SAMPLE = 100, 25
_SHARE, _SMALLEST = 0.2, 10


class _Member(NamedTuple):
    point: Point
    score: float


def regularised_evolution(
    problem: Problem, seed: int, trials: int, noise: np.random.Generator, *, scaled: bool = False
) -> Trials:
    """Yields the trials of regularised evolution, with P = 100 and S = 25.

    Args:
        problem: What to search.
        seed: Of the search.
        trials: How many.
        noise: The problem's noise.
        scaled: Whether P follows the budget: a fifth of it, within 10 and 100, and S = P / 4.
    """
    rng, space = np.random.default_rng(seed), problem.space
    size = min(max(round(_SHARE * trials), _SMALLEST), _POPULATION) if scaled else _POPULATION
    sample = max(round(size * _SAMPLE / _POPULATION), 2)
    population: deque[_Member] = deque(maxlen=size)
    for number in range(trials):
        if number < size:
            point = space.draw(rng.random(len(space)))
        else:
            drawn = rng.choice(len(population), size=sample, replace=False)
            parent = min((population[i] for i in drawn), key=lambda member: member.score)
            point = _mutant(parent.point, space, rng)
        values = space.decode(*point)
        score = problem.objective(values, noise)
        population.append(_Member(point, score if math.isfinite(score) else math.inf))
        yield values, score


def _mutant(parent: Point, space: Space, rng: np.random.Generator) -> Point:
    """Returns a parent with one gene that it uses drawn anew, another value than it has."""
    fresh = space.even_places(rng.random((1, len(space))))[0]
    x = np.where(parent.active, parent.x, fresh)
    sizes = [parameter.size for parameter in space.parameters]
    column = int(rng.choice([i for i in np.flatnonzero(parent.active) if sizes[i] != 1]))
    domain = space.parameters[column].domain
    while domain.from_unit(x[column]) == domain.from_unit(float(parent.x[column])):
        x[column] = domain.draw(float(rng.random()))
    return space.point(x)
