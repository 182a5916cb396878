"""The stages of a staged search: who is tuned when, how, and for how many trials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from itertools import accumulate
from typing import Any

import numpy as np

from tfhpo.arguments import integer
from tfhpo.errors import ArgumentError
from tfhpo.space import Levels, Parameter, Space
from tfhpo.strategies.proposers import proposer_class
from tfhpo.strategies.strategy import Strategy


@dataclass(frozen=True)
class Stage:
    """One stage of a staged search.

        Stage(["learning_rate", "label_smoothing"], trials=10)
        Stage(["units", "dropout*"], trials=20, strategy="tpe", options={"good_share": 0.2})

    Parameters that no stage names are tuned in the last one. Until its stage a parameter is held at
    its default, which KerasTuner does not tell from none where it is the smallest value, the first
    choice or False; without one at the middle of its range (its distribution's median) or of its
    ordered choices, else at the first choice. Once there are results it is held at its value in the
    best of them.

    Args:
        parameters: What is tuned: names, and patterns such as "*_learning_rate" or "adam_*" (`*`
            any text, `?` any letter, `[ab]` one of these), which stand for the parameters that
            match when the search begins and that no other stage names or has matched before. None
            at all in the last stage means whatever no other stage names.
        trials: How many trials the stage has, at least 1; None (default) for an equal share of what
            the other stages leave of the budget.
        strategy: Who proposes its configurations: "bayesian", "tpe", "random", "grid",
            "elastic-grid", "genetic", "policy-gradient", or a class of strategies; None (default)
            for that of the search.
        options: Further arguments of the strategy, by name.

    Raises:
        ArgumentError: If an argument breaks its rule.
    """

    parameters: tuple[str, ...] = ()
    trials: int | None = None
    strategy: str | type[Strategy] | None = None
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", _names(self.parameters))
        if self.trials is not None:
            trials = integer("trials", self.trials, 1, also=", or None for a share of the budget")
            object.__setattr__(self, "trials", trials)
        if not isinstance(self.options, Mapping):
            raise ArgumentError(
                f"`options` of a stage must be a dictionary. Received: {self.options!r}."
            )
        object.__setattr__(self, "options", dict(self.options))
        if self.strategy is not None:
            self.proposer(self.strategy)

    def proposer(self, usual: str | type[Strategy]) -> type[Strategy]:
        """Returns the class of its strategy.

        Args:
            usual: The strategy of a stage that names none.

        Raises:
            ArgumentError: If there is no such strategy, or it does not take the options.
        """
        chosen = usual if self.strategy is None else self.strategy
        made = proposer_class(chosen, self.options, argument="strategy", options_argument="options")
        # A stand-in space tells a wrong value at once, before the stage's own is known.
        stand_in = Space([Parameter("any", Levels((0, 1)))])
        try:
            made(stand_in, np.random.default_rng(0), **self.options)
        except TypeError as error:
            raise ArgumentError(
                f"The strategy {made.name!r} cannot use the options {dict(self.options)}: {error}."
            ) from error
        return made


def resolved(stages: Sequence[Stage], known: Sequence[str]) -> tuple[Stage, ...]:
    """Returns the stages with the names that their patterns stand for.

    What is known letter by letter is a name, and a pattern that nothing is left for is kept.

    Args:
        stages: The stages, in their order.
        known: The names of the parameters.
    """
    taken = {name for stage in stages for name in stage.parameters}
    found = []
    for stage in stages:
        names: list[str] = []
        for given in stage.parameters:
            # Several parameters may share a name.
            matching = (name for name in dict.fromkeys(known) if fnmatchcase(name, given))
            left = [name for name in matching if name not in taken]
            is_pattern = given not in known and left
            names += left if is_pattern else [given]
            taken.update(left if is_pattern else ())
        found.append(replace(stage, parameters=tuple(names)))
    return tuple(found)


def check_stages(
    stages: Sequence[Stage], strategy: str | type[Strategy], budget: int | None
) -> None:
    """Refuses stages that do not fit together.

    Args:
        stages: The stages, in their order.
        strategy: That of a stage without one.
        budget: How many trials are planned, or None.

    Raises:
        ArgumentError: If there are fewer than two, a parameter is in two of them, one that is not
            the last has none, or the budget is not enough.
    """
    if len(stages) < 2 or not all(isinstance(stage, Stage) for stage in stages):
        raise ArgumentError(
            "A staged search needs two stages or more, each a `Stage`: where there is one, its "
            f"strategy alone does the same. Received: {stages!r}."
        )
    named: dict[str, int] = {}
    for number, stage in enumerate(stages):
        stage.proposer(strategy)
        if not stage.parameters and number < len(stages) - 1:
            raise ArgumentError(
                "Every stage but the last, which may take all the rest, must name parameters. "
                f"Received: stage {number} without any."
            )
        for name in stage.parameters:
            if named.setdefault(name, number) != number:
                raise ArgumentError(
                    "A parameter is tuned in one stage. "
                    f"Received: {name!r} in the stages {named[name]} and {number}."
                )
    shares(stages, budget)


def shares(stages: Sequence[Stage], budget: int | None, spent: int = 0) -> list[int]:
    """Returns how many trials each stage has.

    Stages without a number of their own share what is left equally, and the earlier ones get what
    does not divide: groups are small where they matter most, so that an equal share means more
    trials for each parameter there.

    Args:
        stages: The stages.
        budget: How many trials are planned, or None where nobody knows.
        spent: How many of these were used before the first stage, by what came from elsewhere.

    Raises:
        ArgumentError: If the budget is unknown where it is to be shared, or is not enough for one
            trial a stage from the outset.
    """
    sharing = sum(stage.trials is None for stage in stages)
    fixed = sum(stage.trials or 0 for stage in stages)
    if sharing and budget is None:
        raise ArgumentError(
            "Stages need `trials` of their own where there is no budget to share. "
            f"Received: {sharing} of {len(stages)} stages without."
        )
    left = (budget or 0) - fixed
    if sharing and left < sharing:
        raise ArgumentError(
            f"The stages need at least {fixed + sharing} trials, one for each that shares what the "
            f"others leave. Received: a budget of {budget} trials."
        )
    # What came from elsewhere may have used up all but the one that each stage needs.
    share, rest = divmod(max(left - spent, sharing), sharing) if sharing else (0, 0)
    extra = iter([1] * rest)
    return [share + next(extra, 0) if stage.trials is None else stage.trials for stage in stages]


def ends(stages: Sequence[Stage], budget: int | None, spent: int) -> list[int]:
    """Returns how many trials there are in all when each stage ends.

    Args:
        stages: The stages.
        budget: How many trials are planned, or None where nobody knows.
        spent: How many trials there are before the first stage.
    """
    return list(accumulate(shares(stages, budget, spent), initial=spent))[1:]


def _names(given: Iterable[str]) -> tuple[str, ...]:
    """Returns the names of a stage."""
    names = [] if isinstance(given, str) or not isinstance(given, Iterable) else list(given)
    if (not names and given != () and given != []) or not all(isinstance(n, str) for n in names):
        raise ArgumentError(
            "`parameters` of a stage must be a list of names or patterns, such as "
            "['learning_rate', 'adam_*']. "
            f"Received: {given!r}."
        )
    if len(set(names)) < len(names):
        raise ArgumentError(f"A stage names each parameter once. Received: {names}.")
    return tuple(names)
