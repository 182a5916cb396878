"""Conditions that nobody declared, as the trials show them.

A build may ask for a parameter behind a plain `if`, or in a loop that another parameter sets the
length of. Nothing says so in the space, where it seems to count always; but the trials that did
not ask for it tell. A model that went by the space would look for points at places that their
trials never have, and never find that what it learnt of one is known of all of them.

Notation:
    n       the number of trials with a score that could have used a column
    m       of another column, its *parent*: how many different values they had
    r       the runs of values, in their order, whose trials all used the column or all did not

A parent explains the use of a column if all trials with the same value agree in it, and none used
the column without the parent. Explanations are compared by how many bits it takes to write them
down: m where values have no order (used or not, for each), and 1 + log2 C(m - 1, r - 1) where they
have (where the runs begin, and whether the first is one of use: `layers >= 3` is two runs, however
many values there are). Only those count that are shorter than the n bits of a list of the trials.
Of several, that of the parent that explains most columns is believed, and then the shortest, until
a trial contradicts it. A value that no trial had goes by its nearest neighbour; one without order,
or in the middle, is taken for one of use. So a column that no trial used belongs to a choice that
was never made, if there is any. Names that stand for several columns are passed over, and parents
of more than 100 values, so that a threshold of a continuous parameter is not found.

Source:
    The shortest description: Rissanen, "Modeling by Shortest Data Description", Automatica 14
    (1978).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from tfhpo.space import BoolArray, Condition, Domain, FloatArray, Kind, Space, Value
from tfhpo.strategies.candidates import evenly
from tfhpo.strategies.history import History

# Trials that are looked at, at most.
_MOST_TRIALS = 500
# Parents of more values are passed over.
_MOST_VALUES = 100


class _Explanation(NamedTuple):
    """What a parent says of the use of a column.

    Attributes:
        bits: How long it is.
        parent: The parent's column.
        seen: Where the values lie that trials had of it, `m`, ascending.
        of_use: Which of them are of use, `m`.
    """

    bits: float
    parent: int
    seen: FloatArray
    of_use: BoolArray

    def condition(self, space: Space) -> Condition:
        """Returns when the column is used."""
        parent = space.parameters[self.parent]
        return Condition(parent.name, _values(parent.domain, self.seen, self.of_use))


def undeclared(space: Space, history: History) -> dict[int, Condition]:
    """Returns the conditions that trials with a score imply beyond the declared ones, by column.

    Args:
        space: The space as it is declared.
        history: What trials used; failed ones may have ended before they asked for everything.
    """
    some = evenly(history.scored, _MOST_TRIALS)
    x, active = history.x[some], history.active[some]
    several = {column: _explanations(space, column, x, active) for column in range(len(space))}
    explained = Counter(one.parent for found in several.values() for one in found)
    chosen = {
        column: min(found, key=lambda one: (-explained[one.parent], one.bits)).condition(space)
        for column, found in several.items()
        if found
    }
    every = history.scored
    return {
        column: condition
        for column, condition in chosen.items()
        if not _contradicted(space, column, condition, history.x[every], history.active[every])
    }


def conditioned(space: Space, conditions: Mapping[int, Condition]) -> Space:
    """Returns a space with further conditions, by column; itself where there are none."""
    if not conditions:
        return space
    return Space(
        replace(parameter, conditions=(*parameter.conditions, conditions[column]))
        if column in conditions
        else parameter
        for column, parameter in enumerate(space.parameters)
    )


def _could_use(space: Space, column: int, x: FloatArray, active: BoolArray) -> BoolArray:
    """Returns which trials the declared conditions let use a column, `n`."""
    could = np.ones(len(x), dtype=bool)
    for condition in space.parameters[column].conditions:
        could &= space.met_by(condition, x, active)
    return could


def _contradicted(
    space: Space, column: int, condition: Condition, x: FloatArray, active: BoolArray
) -> bool:
    """Whether any trial that could use a column did so against a condition, or not under it."""
    could = _could_use(space, column, x, active)
    return bool((could & (active[:, column] != space.met_by(condition, x, active))).any())


def _explanations(
    space: Space, column: int, x: FloatArray, active: BoolArray
) -> list[_Explanation]:
    """Returns what parents say of the use of a column, if there are trials that do not use it."""
    could, names = _could_use(space, column, x, active), space.names
    x, active = x[could], active[could]
    used = active[:, column]
    if used.all() or names.count(space.parameters[column].name) > 1:
        return []
    found = []
    for parent, parameter in enumerate(space.parameters[:column]):
        domain, with_parent = parameter.domain, active[:, parent]
        if not domain.size or domain.size > _MOST_VALUES or names.count(parameter.name) > 1:
            continue
        seen = np.unique(x[with_parent, parent])
        untried = len(seen) < domain.size and domain.kind is Kind.CATEGORICAL
        if not len(seen) or not (used.any() or untried):
            continue
        of_use, of_none = (np.isin(seen, x[with_parent & one, parent]) for one in (used, ~used))
        if (used & ~with_parent).any() or (of_use & of_none).any():
            continue
        bits = _bits(domain, of_use)
        if bits < len(used):
            found.append(_Explanation(bits, parent, seen, of_use))
    return found


def _bits(domain: Domain, of_use: BoolArray) -> float:
    """Returns how long an explanation is, given which of the values that trials had are of use."""
    m = len(of_use)
    if domain.kind is Kind.CATEGORICAL:
        return float(m)
    boundaries = int(np.sum(of_use[1:] != of_use[:-1]))
    return 1.0 + math.log2(math.comb(m - 1, boundaries))


def _values(domain: Domain, seen: FloatArray, of_use: BoolArray) -> tuple[Value, ...]:
    """Returns the values of use, those that no trial had among them."""
    places = domain.places()
    if domain.kind is Kind.CATEGORICAL:
        kept = ~np.isin(places, seen[~of_use])
    else:
        kept = _distances(places, seen[of_use]) <= _distances(places, seen[~of_use])
    return tuple(domain.from_unit(float(place)) for place in places[kept])


def _distances(places: FloatArray, seen: FloatArray) -> FloatArray:
    """Returns how far each place is from the nearest of others; of none, further than any."""
    distances: FloatArray = np.abs(places[:, None] - seen).min(axis=1, initial=2.0)
    return distances
