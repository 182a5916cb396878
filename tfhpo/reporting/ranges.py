"""How the ranges of the elastic grid breathed: plain data, which `ranges_plot` draws."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tfhpo.errors import ArgumentError, SpaceError
from tfhpo.space import FloatRange, IntegerRange, Kind, Levels, Parameter, Space, Steps, Value
from tfhpo.strategies import ElasticGrid
from tfhpo.study.outcomes import failed, ranked
from tfhpo.study.records import TrialStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfhpo.study.records import TrialRecord
    from tfhpo.study.snapshot import StudyRecord

# The kinds of the events that the elastic grid records (`tfhpo.strategies.ElasticGrid`).
_ROUND, _OPENING = "round", "opening"


@dataclass(frozen=True)
class RoundRange:
    """What one round searched of one parameter.

    Attributes:
        first: Number of the round's first trial.
        end: Number of the first trial after it.
        kept: Whether the round improved the incumbent, so that its ranges were kept; None of a
            round that is not closed yet.
        low: The lower end of the range; the first of `choices` where there are any.
        high: The upper end.
        active: The choices that were searched; None for a parameter on an axis of numbers.
    """

    first: int
    end: int
    kept: bool | None
    low: Value
    high: Value
    active: tuple[Value, ...] | None


@dataclass(frozen=True)
class ParameterRanges:
    """One parameter: its values, its range in every round, and where the trials were.

    Attributes:
        name: The name, with the conditions where several parameters share the name.
        choices: All values of a parameter given as a list, in order; None for numbers on an axis.
        low: The smallest number; None where there are choices.
        high: The largest number; None where there are choices.
        scale: "linear", "log" or "reverse_log", of the axis of numbers.
        rounds: The ranges, the oldest first.
        values: The value of each trial, by the trial's number; absent where it was inactive.
    """

    name: str
    choices: tuple[Value, ...] | None
    low: float | None
    high: float | None
    scale: str
    rounds: tuple[RoundRange, ...]
    values: dict[int, Value]


@dataclass(frozen=True)
class RangesData:
    """The ranges of all parameters over a whole search.

    Attributes:
        objective: Name of the metric.
        direction: "min" or "max".
        trials: How many trials the study holds.
        parameters: The parameters, in the order of the space's columns.
        scores: The finite score of each completed trial, by the trial's number.
        failed: The numbers of the failed trials.
        best: The number of the best trial; None before one completed.
    """

    objective: str
    direction: str
    trials: int
    parameters: tuple[ParameterRanges, ...]
    scores: dict[int, float]
    failed: frozenset[int]
    best: int | None


def ranges_data(study: StudyRecord) -> RangesData:
    """Returns how the ranges of an elastic grid's study breathed.

    A round that searched values which a later, changed space no longer holds has no range of that
    parameter.

    Args:
        study: The study, from `read_study`.

    Raises:
        ArgumentError: Another strategy made the study.
    """
    strategy = study.header.settings.get("strategy")
    rounds = _rounds(study)
    if not rounds and strategy != ElasticGrid.name:
        raise ArgumentError(
            "Only a study of the elastic grid has ranges. "
            f"Received: {study.path}, a study of the strategy {strategy!r}."
        )
    space = Space.from_config(study.space)
    places = _columns_used(space, study.trials)
    parameters = tuple(
        _parameter_ranges(
            _label(space, column),
            parameter,
            tuple(
                found for one in rounds if (found := _round_range(space, column, one)) is not None
            ),
            {
                number: values[parameter.name]
                for number, (values, active) in places.items()
                if column in active
            },
        )
        for column, parameter in enumerate(space.parameters)
    )
    best = next(iter(ranked(study.trials, study.header.direction)), None)
    return RangesData(
        objective=study.header.objective,
        direction=study.header.direction,
        trials=len(study.trials),
        parameters=parameters,
        scores=_scores(study.trials),
        failed=frozenset(trial.number for trial in failed(study.trials)),
        best=None if best is None else best.number,
    )


def _columns_used(
    space: Space, trials: Sequence[TrialRecord]
) -> dict[int, tuple[dict[str, Value], frozenset[int]]]:
    """Returns the values and the active columns of each trial, by its number.

    A trial of before the space was changed may lie outside of it; it has no place in the picture.
    """
    used = {}
    for trial in trials:
        values = {name: trial.values[name] for name in space.names if name in trial.values}
        try:
            active = space.encode(values).active
        except SpaceError:
            continue
        used[trial.number] = values, frozenset(np.flatnonzero(active).tolist())
    return used


def _parameter_ranges(
    name: str,
    parameter: Parameter,
    rounds: tuple[RoundRange, ...],
    values: dict[int, Value],
) -> ParameterRanges:
    domain = parameter.domain
    if isinstance(domain, (FloatRange, IntegerRange, Steps)):
        return ParameterRanges(name, None, domain.low, domain.high, domain.scale, rounds, values)
    return ParameterRanges(name, _choices(parameter), None, None, "linear", rounds, values)


@dataclass(frozen=True)
class _Round:
    """A round as it was recorded.

    Attributes:
        first: Number of its first trial.
        end: Number of the first trial after it.
        kept: Whether it was kept; None while it is open.
        columns: What the strategy told of each column.
    """

    first: int
    end: int
    kept: bool | None
    columns: list[dict[str, Any]]


def _rounds(study: StudyRecord) -> list[_Round]:
    """Returns the rounds, the open one last.

    A round reaches from the trials begun before it to those begun when it closed.
    """
    rounds, first = [], 0
    opening = None
    for event in study.events:
        if event.kind == _ROUND:
            kept, columns = event.data["kept"], event.data["columns"]
            rounds.append(_Round(first, event.after_trial, kept, columns))
            first, opening = event.after_trial, None
        elif event.kind == _OPENING:
            opening = event
    # Another strategy may have gone on with the study.
    if opening is not None and study.header.settings.get("strategy") == ElasticGrid.name:
        columns = opening.data["columns"]
        rounds.append(_Round(opening.after_trial, len(study.trials), None, columns))
    return rounds


def _round_range(space: Space, column: int, one: _Round) -> RoundRange | None:
    """Returns what a round searched of a column; None where the space was another at the time."""
    parameter, told = space.parameters[column], _told_of(space, column, one.columns)
    if told is None and one.kept is None:
        # It came in the middle of the open round.
        told = _whole(parameter)
    if told is None or one.first == one.end:
        return None
    low, high, active = told["low_value"], told["high_value"], told["active"]
    is_set = parameter.domain.kind is Kind.CATEGORICAL
    if is_set != (active is not None) or not _holds(parameter, [low, high, *(active or ())]):
        return None
    if is_set:
        active = tuple(active)
    elif isinstance(parameter.domain, Levels):
        # An ordered list has a range like numbers: every value between its two ends.
        choices = _choices(parameter)
        active = choices[choices.index(low) : choices.index(high) + 1]
    return RoundRange(one.first, one.end, one.kept, low, high, active)


def _whole(parameter: Parameter) -> dict[str, Any]:
    """Returns what the strategy would tell of a column that is searched as a whole."""
    domain = parameter.domain
    is_set = domain.kind is Kind.CATEGORICAL
    return {
        "low_value": domain.from_unit(0.0),
        "high_value": domain.from_unit(1.0),
        "active": list(_choices(parameter)) if is_set else None,
    }


def _told_of(space: Space, column: int, columns: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Returns what a round recorded of the parameter that the space has in this column now.

    A changed space may have it in another column. Only where several parameters share the name,
    the column tells which one is meant.
    """
    name = space.parameters[column].name
    named = [told for told in columns if told["name"] == name]
    if space.names.count(name) > 1 or len(named) > 1:
        named = [told for told in named if told["column"] == column]
    return named[0] if named else None


def _holds(parameter: Parameter, values: Sequence[Value]) -> bool:
    """Whether all of these are values of a parameter."""
    try:
        for value in values:
            parameter.domain.to_unit(value)
    except SpaceError:
        return False
    return True


def _choices(parameter: Parameter) -> tuple[Value, ...]:
    domain = parameter.domain
    return tuple(domain.from_unit(domain.unit_of_index(i)) for i in range(parameter.size or 0))


def _label(space: Space, column: int) -> str:
    parameter = space.parameters[column]
    if space.names.count(parameter.name) == 1:
        return parameter.name
    return f"{parameter.name} ({' and '.join(map(str, parameter.conditions))})"


def _scores(trials: Sequence[TrialRecord]) -> dict[int, float]:
    return {
        trial.number: trial.score
        for trial in trials
        if trial.status is TrialStatus.COMPLETED
        and trial.score is not None
        and math.isfinite(trial.score)
    }
