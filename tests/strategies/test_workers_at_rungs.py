"""Many workers on a strategy over rungs: trials take their time, and nobody's are in vain."""

import heapq
import math

import numpy as np
import pytest

from tfhpo.space import FloatRange, Levels, Parameter, Space
from tfhpo.strategies import ASHA, Hyperband, Result, SuccessiveHalving
from tfhpo.strategies.hyperband import trials_of_a_round

RUNGS = (1, 3, 9, 27)
SPACE = Space(
    [Parameter("epochs", Levels(RUNGS, ordered=True)), Parameter("x", FloatRange(0.0, 1.0))]
)


def simulated(strategy, workers, trials):
    """Runs trials that take as long as their epochs; returns the epochs of each."""
    done, busy, now = [], [], 0.0
    while len(done) < trials:
        while len(busy) < workers and len(done) < trials:
            suggested = strategy.suggest()
            if not suggested:
                break
            ((key, point),) = suggested
            values = SPACE.decode(*point)
            done.append(values["epochs"])
            heapq.heappush(busy, (now + values["epochs"], key, point, values["x"]))
        assert busy, "it waits for nothing"
        now, key, point, score = heapq.heappop(busy)
        strategy.observe([Result(key, point, score)])
    return done


@pytest.mark.parametrize("workers", [1, 2, 8, 16])
def test_a_budget_of_one_bracket_is_spent_on_it(workers):
    budget = 27 + 9 + 3 + 1
    search = SuccessiveHalving(SPACE, np.random.default_rng(0), fidelity="epochs", budget=budget)
    done = simulated(search, workers, budget)
    assert [done.count(level) for level in RUNGS] == [27, 9, 3, 1]


@pytest.mark.parametrize("workers", [1, 2, 8])
def test_a_budget_of_one_round_gets_to_the_top_in_each_bracket(workers):
    budget = trials_of_a_round(len(RUNGS), 3)
    search = Hyperband(SPACE, np.random.default_rng(0), fidelity="epochs", budget=budget)
    done = simulated(search, workers, budget)
    assert done.count(27) >= len(RUNGS)


@pytest.mark.parametrize("strategy", [Hyperband, SuccessiveHalving, ASHA])
def test_without_a_budget_no_worker_waits(strategy):
    search = strategy(SPACE, np.random.default_rng(0), fidelity="epochs")
    assert len(search.suggest(200)) == 200


@pytest.mark.parametrize("strategy", [Hyperband, SuccessiveHalving, ASHA])
def test_a_good_point_that_was_held_gets_to_the_top(strategy):
    search = strategy(SPACE, np.random.default_rng(0), fidelity="epochs")
    held = SPACE.encode({"epochs": 1, "x": 0.125})
    key = search.hold(held)
    search.observe([Result(key, held, -100.0)])
    for _ in range(60):
        for suggestion in search.suggest():
            values = SPACE.decode(*suggestion.point)
            score = -100.0 if math.isclose(values["x"], 0.125) else values["x"]
            search.observe([Result(suggestion.key, suggestion.point, score)])
    best = {
        SPACE.decode(*search.history.entry(key).point)["epochs"]
        for key in search.history.completed
        if search.history.scores[key] == -100.0
    }
    assert best == set(RUNGS)
