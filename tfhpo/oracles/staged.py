"""The oracle of staged search."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

from tfhpo.declaring import Role
from tfhpo.errors import ArgumentError, SpaceError
from tfhpo.oracles.conversion import check_names
from tfhpo.oracles.strategy_oracle import StrategyOracle
from tfhpo.strategies import Stage, Staged, Strategy
from tfhpo.strategies.stages import resolved

_USUAL_TRIALS = 30
# Stands for the stages until the roles of the parameters are known: there are two at least.
_UNKNOWN = (Stage(("?",)), Stage())


class StagedOracle(StrategyOracle):
    """Tunes one group of parameters after another; `tfhpo.strategies.Staged` tells how.

    Without `stages` the groups follow from the roles that parameters of `tfhpo.hp` have: learning
    rate and loss; batch size and momentum; and the rest, parameters without a role included. A
    group that has no parameter is left out. Roles are known to `tfhpo.StagedSearch`, which looks at
    the builds; any other tuner needs `stages`.

    A search that goes on may have more trials than it was planned for: once the stages have had
    theirs, all parameters are tuned together.

    Args:
        objective: A metric's name, a `keras_tuner.Objective`, or a list of these.
        max_trials: How many trials to run at most. Default 30; where every stage has trials of its
            own, their sum, and nothing else.
        stages: Two or more, in their order: lists of parameters' names or patterns of names, which
            share `max_trials` equally, or `tfhpo.Stage`s, which may have trials, a strategy and
            options of their own. Parameters that are in none belong to the last one, which may be
            an empty list. Or a dictionary that gives groups by roles such a stage, without names:
            `{tfhpo.hp.Role.OTHER: tfhpo.Stage(trials=20, strategy="tpe")}`.
        strategy: Who proposes in a stage without a strategy of its own. Default "bayesian".
        **kwargs: The further arguments of `StrategyOracle`.

    Attributes:
        roles: The roles of parameters, by name, for a search without `stages`; a tuner's to set.

    Raises:
        ArgumentError: If the stages or the trials break a rule. Names that the space does not have,
            and roles that make no two groups, are refused when the search begins, before any
            training.
    """

    def __init__(
        self,
        objective: Any = None,
        max_trials: int | None = None,
        *,
        stages: Sequence[Any] | Mapping[Role, Stage] | None = None,
        strategy: str | type[Strategy] = "bayesian",
        **kwargs: Any,
    ) -> None:
        self.roles: Mapping[str, Role] = {}
        self._of_roles = _by_role(stages) if isinstance(stages, Mapping) else {}
        self._awaits_roles = stages is None or isinstance(stages, Mapping)
        chosen = _UNKNOWN if self._awaits_roles else _as_stages(stages)
        counted: Sequence[Stage] = chosen
        if self._awaits_roles:
            # A group that is not mentioned shares what the others leave.
            left = len(self._of_roles) < len(Role)
            counted = [*self._of_roles.values(), *([Stage()] if left else [])]
        super().__init__(
            Staged,
            objective,
            _all_trials(counted, max_trials),
            options={"stages": chosen, "strategy": strategy},
            **kwargs,
        )

    def open(self) -> None:
        with self._lock:
            if self._session is None:
                self._settle_stages()
            super().open()

    def _settle_stages(self) -> None:
        """Finds the stages where they were not given, once, and compares them with the space."""
        space = self._plan.space(self.hyperparameters)
        if self._awaits_roles:
            stages = stages_of(self.roles, space.names, self._of_roles)
            # What appears in mid-search has roles, too, and must not change the stages.
            self._awaits_roles = False
        else:
            stages = resolved(self._plan.options["stages"], space.names)
        self._plan = replace(self._plan, options={**self._plan.options, "stages": stages})
        named = [name for stage in stages for name in stage.parameters]
        _check_patterns(named, space.names)
        check_names("stages", named, space)


def _check_patterns(named: Sequence[str], known: Sequence[str]) -> None:
    """Refuses patterns that other stages have left nothing for.

    Raises:
        SpaceError: If there is one.
    """
    for pattern in set(named).difference(known):
        matching = sorted({name for name in known if fnmatchcase(name, pattern)})
        if matching:
            raise SpaceError(
                "A pattern in `stages` must match a parameter that no other stage has. "
                f"Received: {pattern!r}, of whose {matching} none is left."
            )


def stages_of(
    roles: Mapping[str, Role], names: Collection[str], given: Mapping[Role, Stage] | None = None
) -> tuple[Stage, ...]:
    """Returns the stages in the order of importance.

    Args:
        roles: Name to role; names that the space does not have do not count.
        names: Those that it has.
        given: What stages of roles are to be like; the others have a share of the trials.

    Raises:
        ArgumentError: If there are not two groups, or none for a stage that is given.
    """
    given = given or {}
    groups: dict[Role, list[str]] = {}
    for name in sorted(set(names)):
        groups.setdefault(roles.get(name, Role.OTHER), []).append(name)
    if len(groups) < 2:
        raise ArgumentError(
            "The stages follow from the roles of parameters that `tfhpo.hp` makes (learning rate "
            "and loss; batch size and momentum; the rest), and need parameters of two of these. "
            f"Received: {sorted(set(names))}, all of one. Give `stages`, such as "
            "[['learning_rate'], []], where an empty list is the rest."
        )
    missing = [role.name for role in given if role not in groups]
    if missing:
        raise ArgumentError(
            "A stage of a role needs parameters of it, which functions of `tfhpo.hp` make. "
            f"Received: stages for {', '.join(missing)}, parameters for "
            f"{', '.join(role.name for role in sorted(groups))}."
        )
    return tuple(
        # Nobody has to name the rest, so that what appears later belongs to it.
        replace(
            given.get(role, Stage()),
            parameters=() if role is Role.OTHER else tuple(groups[role]),
        )
        for role in sorted(groups)
    )


def _by_role(given: Mapping[Any, Any]) -> dict[Role, Stage]:
    for role, stage in given.items():
        if not isinstance(role, Role) or not isinstance(stage, Stage) or stage.parameters:
            raise ArgumentError(
                "A dictionary of `stages` maps tfhpo.hp.Role to tfhpo.Stage without parameters, "
                f"which follow from the role. Received: {role!r}: {stage!r}."
            )
    return dict(given)


def _as_stages(given: Any) -> tuple[Stage, ...]:
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise ArgumentError(
            "`stages` must be a list of lists of parameters' names, or of `tfhpo.Stage`s. "
            f"Received: {given!r}."
        )
    return tuple(one if isinstance(one, Stage) else Stage(one) for one in given)


def _all_trials(stages: Sequence[Stage], max_trials: int | None) -> int | None:
    """Returns how many trials the search has."""
    given = [stage.trials for stage in stages if stage.trials is not None]
    if not given:
        return _USUAL_TRIALS if max_trials is None else max_trials
    if len(given) < len(stages):
        if max_trials is None:
            raise ArgumentError(
                "`max_trials` must be given where only some of the stages have trials of their "
                f"own. Received: {len(given)} of {len(stages)} stages with trials."
            )
        return max_trials
    if max_trials not in (None, sum(given)):
        raise ArgumentError(
            "`max_trials` is the sum of the stages' trials, and may be left out. "
            f"Received: max_trials={max_trials!r}, stages of {given} trials."
        )
    return sum(given)
