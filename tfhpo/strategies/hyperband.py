"""Hyperband over any proposer."""

from __future__ import annotations

from typing import ClassVar

from tfhpo.strategies.brackets import Halving, sizes


def trials_of_a_round(rungs: int, factor: int) -> int:
    """Returns how many trials all brackets of Hyperband take together, once each.

    Args:
        rungs: K.
        factor: eta.
    """
    plans = (_bracket(s, rungs, factor) for s in range(rungs))
    return sum(sum(sizes(count, rungs - first, factor)) for first, count in plans)


def _bracket(s: int, rungs: int, factor: int) -> tuple[int, int]:
    """Returns the first rung of the bracket s, and how many configurations begin there."""
    return rungs - 1 - s, factor**s * (rungs // (s + 1))


class Hyperband(Halving):
    """Hyperband: brackets of successive halving, from the boldest to the most careful.

    With `K` rungs, s = K - 1, ..., 0 says how often a bracket is halved. It begins at the rung
    K - 1 - s with

        n = factor ** s * (K // (s + 1))

    configurations, and all brackets cost about the same where the rungs are a factor apart. Whether
    low rungs tell the best configurations early is thus not presumed: the last bracket tries all of
    its configurations at the highest rung. After it the first one follows again. For K = 5 and
    factor 3, as in the paper's table:

        s       n at each rung, from the bracket's first one
        4       81, 27, 9, 3, 1
        3       27, 9, 3, 1
        2       9, 3, 1
        1       6, 2
        0       5

    (The formula of the paper's algorithm rounds up K / (s + 1) factor ** s instead, which makes
    brackets of 34, 15 and 8.) With many workers the next bracket begins before the last is over, so
    that none ever waits.

    A budget changes nothing: one that is smaller than a round of all brackets, 187 trials in the
    table, spends itself in the bold ones first. `SuccessiveHalving` fits its brackets to a budget.

    How proposers are told of it, what becomes of failures, and of points that were held for someone
    else, is the same for all multi-fidelity strategies: see `MultiFidelity` and `Halving`.

    Every rung that is complete is recorded as an event of the kind "rung": the number of its
    `bracket`, the value of the `rung`, the keys of its `trials`, and those of the `promoted` ones.

    Args:
        space: What to search, with the fidelity among its columns; its values in order are the
            rungs (`rungs` gives values that are a factor apart).
        rng: The only source of randomness.
        fidelity: The name of the fidelity: an ordered, finite parameter without conditions, on
            which no other one depends.
        proposer: Who proposes configurations, by its name or class. Default "random".
        proposer_options: Further arguments of the proposer.
        factor: eta, an integer and at least 2. Default 3.
        budget: How many trials are planned, each rung of a configuration counted, or None where
            nobody knows.

    Raises:
        ArgumentError: If the space lacks the fidelity or anything beside it, or an argument breaks
            its rule.

    Source:
        Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar, "Hyperband: A Novel Bandit-Based Approach
        to Hyperparameter Optimization", JMLR 18 (2018). With a model as the proposer: Falkner,
        Klein and Hutter, "BOHB: Robust and Efficient Hyperparameter Optimization at Scale", ICML
        (2018).
    """

    name: ClassVar[str] = "hyperband"

    def _plan(self, number: int) -> tuple[int, int]:
        rungs = len(self.fidelity)
        return _bracket(rungs - 1 - number % rungs, rungs, self.factor)
