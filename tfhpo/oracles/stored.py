"""What a study on disk holds of an oracle: its hyperparameters and its trials, there and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras_tuner

from tfhpo.oracles.former import FormerStudy, encoded
from tfhpo.oracles.hyperparameters import TrackedHyperParameters
from tfhpo.oracles.placement import place_again, place_anew
from tfhpo.oracles.plan import Plan
from tfhpo.oracles.pruning import Pruning
from tfhpo.oracles.runs import Run, run_from_record
from tfhpo.oracles.session import Session
from tfhpo.pruners import make_pruner
from tfhpo.space import Space
from tfhpo.study import Study, StudyRecord

# What the study's space holds beside the encoded parameters: KerasTuner's own description of them,
# and the heritage. A trial that has ended is never written again, so its record tells its key and
# point of before.
_DECLARED = "keras_tuner"
_PLACED = "placed_anew"
_FORMER = "former"


@dataclass(frozen=True)
class Heritage:
    """What a search knew before its first trial.

    Attributes:
        placed: The keys of the trials that are older than an extension of the study.
        former: The former studies.
    """

    placed: Sequence[int | None] = ()
    former: Sequence[FormerStudy] = ()


def space_config(
    plan: Plan, hyperparameters: keras_tuner.HyperParameters, heritage: Heritage
) -> dict[str, Any]:
    """Returns what the study keeps of the space.

    Args:
        plan: The settings of the search.
        hyperparameters: The space.
        heritage: What the search knew before its first trial.
    """
    return {
        **plan.space(hyperparameters).config(),
        _DECLARED: hyperparameters.get_config()["space"],
        _PLACED: list(heritage.placed),
        _FORMER: [study.config() for study in heritage.former],
    }


def stored_hyperparameters(known: StudyRecord) -> keras_tuner.HyperParameters:
    """Returns the parameters that the study's builds have declared."""
    return keras_tuner.HyperParameters.from_config(
        {"space": known.space.get(_DECLARED, []), "values": {}}
    )


def merge_stored(hyperparameters: keras_tuner.HyperParameters, known: StudyRecord) -> None:
    """Takes in the parameters of a study, in its order: so are the columns of its points.

    Args:
        hyperparameters: The declared space; it is changed.
        known: The study.
    """
    stored = stored_hyperparameters(known).space
    mine = {_identity(hp): hp for hp in hyperparameters.space}
    ordered = {_identity(hp): mine.get(_identity(hp), hp) for hp in stored}
    hyperparameters._space.clear()
    hyperparameters._hps.clear()
    hyperparameters.merge([*{**ordered, **mine}.values()])


def stored_runs(
    plan: Plan,
    known: StudyRecord,
    hyperparameters: keras_tuner.HyperParameters,
    overridden: Iterable[str],
) -> list[Run]:
    """Returns the trials of a study, with hyperparameters of the given space."""
    space = plan.space(hyperparameters)
    return [
        run_from_record(
            record,
            TrackedHyperParameters.tracking(hyperparameters, {}, overridden),
            space,
            plan.objective.direction,
        )
        for record in known.trials
    ]


def take_up(
    plan: Plan,
    study: Study,
    known: StudyRecord | None,
    hyperparameters: keras_tuner.HyperParameters,
    overridden: Iterable[str],
    seed: int,
    former: Sequence[FormerStudy] = (),
) -> tuple[Session, list[Run], Heritage]:
    """Goes on with a study, or begins one: a new one, or one of another search's trials.

    Args:
        plan: The settings of the search.
        study: The study, open for writing.
        known: What it held when it was opened; None for a new one.
        hyperparameters: The declared space; the study's is merged into it where they agree.
        overridden: The names that the user registered in advance.
        seed: The seed of the search.
        former: The former studies that a search begins with; one that goes on has kept its own.

    Returns:
        The session, the trials of the study, and what the search knew before its first.
    """
    # The space that `space_config` made; before that, a kill left no more than a header.
    begun = known is not None and _DECLARED in known.space
    if known is not None and begun and known.header.space == study.header.space:
        merge_stored(hyperparameters, known)
    space = plan.space(hyperparameters)
    runs = [] if known is None else stored_runs(plan, known, hyperparameters, overridden)
    resumed = known is not None and begun and known.header == study.header
    heritage = _kept_heritage(known) if known and resumed else Heritage((), former)
    heritage = replace(heritage, former=[one.told_in(space) for one in heritage.former])
    strategy = plan.strategy(space, seed, trials=len(runs))
    strategy.warm_start(encoded(heritage.former, space, plan.fidelity))
    pruning = Pruning(make_pruner(plan.pruner), plan.objective, plan.fidelity)
    pruning.recall(runs, known.reports if known else {})
    session = Session(study, strategy, pruning, seed=seed, sign=plan.sign)
    if resumed:
        place_again(runs, heritage.placed, space)
        session.resume(runs)
    else:
        before = Space.from_config(known.space) if known is not None and begun else None
        heritage = replace(heritage, placed=place_anew(runs, before, space))
        session.take_over(runs)
        session.save_space(space_config(plan, hyperparameters, heritage))
    return session, runs, heritage


def _kept_heritage(known: StudyRecord) -> Heritage:
    # Studies that are older than warm starts have none.
    former = [FormerStudy.from_config(config) for config in known.space.get(_FORMER, ())]
    return Heritage(known.space[_PLACED], former)


def _identity(hp: Any) -> tuple[str, str]:
    """Returns what KerasTuner tells a parameter by: its name and its conditions."""
    return hp.name, str([condition.get_config() for condition in hp.conditions])
