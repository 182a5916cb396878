"""Searches of many fidelities to test with, and what can be said of any of them."""

import itertools
import math

import numpy as np
from conformance import Search

from tfhpo.space import FloatRange, Levels, Parameter, Space, Steps


def epochs(*values):
    return Parameter("epochs", Levels(values, ordered=True))


def line(*values, size=100):
    """One parameter of integers from 0, and epochs; a grid proposes 0, 1, 2, ..."""
    return Space([Parameter("x", Steps(0, size - 1)), epochs(*values)])


def plane(*values):
    """Two continuous parameters, and epochs between them."""
    unit = FloatRange(0.0, 1.0)
    return Space([Parameter("a", unit), epochs(*values), Parameter("b", unit)])


def search(strategy, space, seed=0, **options):
    made = strategy(space, np.random.default_rng(seed), fidelity="epochs", **options)
    return Search(made, fidelity="epochs")


def losses(table):
    """A score for values of `line`: (x, epochs) to the score, others fail."""
    return lambda values: table.get((values["x"], values["epochs"]), math.nan)


def learning(values):
    """A loss that falls with the epochs, and crosses: larger `a` learns more slowly."""
    a, b = values["a"], values["b"]
    return (a - 0.8) ** 2 + (b - 0.3) ** 2 + a / values["epochs"]


def ran(found, *names):
    """The values of all trials in order."""
    return [tuple(values[name] for name in names) for values in found.used.values()]


def climbs(found):
    """The keys of the trials of each configuration in order."""
    space = found.space
    keys = {}
    for key, values in found.used.items():
        rest = tuple(values.get(name) for name in space.names if name != found.fidelity)
        keys.setdefault(rest, []).append(key)
    return list(keys.values())


def check_climbs(found):
    """Each configuration goes up rung by rung, and only after a success."""
    history, values = found.strategy.history, found.space.parameters
    domain = next(one.domain for one in values if one.name == found.fidelity)
    for keys in climbs(found):
        rungs = [domain.values.index(found.used[key][found.fidelity]) for key in keys]
        assert all(above == below + 1 for below, above in itertools.pairwise(rungs))
        assert not np.isnan(history.scores[keys[:-1]]).any()


def run_in_disorder(found, steps, seed, score=learning):
    """Asks and tells at random, out of order, where a few trials fail.

    Yields what is awaited after each time that it asked, and after each time that it told.
    """
    rng, waiting = np.random.default_rng(seed), []
    for _ in range(steps):
        waiting += found.ask(int(rng.integers(1, 4)))
        yield waiting
        for _ in range(int(rng.integers(0, 4))):
            if waiting:
                suggestion = waiting.pop(int(rng.integers(len(waiting))))
                values = found.used[suggestion.key]
                found.tell(suggestion, math.nan if rng.random() < 0.1 else score(values))
        yield waiting
