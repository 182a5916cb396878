"""An open study and the strategy that it records, moved on together one transaction at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from tfhpo.errors import SpaceError
from tfhpo.oracles.runs import Run
from tfhpo.space import Parameter, Point, Space, Value
from tfhpo.strategies import Result, Strategy
from tfhpo.study import Event, Report, Study, TrialStatus

_CANNOT_REPEAT = "The trial was interrupted, and does not fit the space of the extended study."


class Session:
    """What an oracle holds from opening its study to closing it.

    Args:
        study: The study, open for writing.
        strategy: What proposes the trials.
        seed: The seed of the search.
        sign: -1 where the objective is maximised, else 1: strategies minimise.
    """

    def __init__(self, study: Study, strategy: Strategy, *, seed: int, sign: float) -> None:
        self.strategy = strategy
        self._study = study
        self._seed = seed
        self._sign = sign
        self._next_event = len(study.events())

    # ------------------------------------------------------------------ taking up a study

    def resume(self, runs: Iterable[Run]) -> None:
        """Goes on exactly where the study stopped.

        Args:
            runs: All trials of the study.
        """
        known = sorted((run for run in runs if run.key is not None), key=_key)
        state = self._study.load_state()
        if state is not None:
            self.strategy.restore(state["strategy"], [run.entry(self._sign) for run in known])

    def take_over(self, runs: Iterable[Run]) -> None:
        """Tells a new strategy the past trials of a study that had another space or settings.

        Args:
            runs: All trials of the study, placed in the new space by `place_anew`. One that was
                interrupted and does not fit can never be repeated: it is ended as failed.
        """
        for run in runs:
            if run.key is not None:
                self.strategy.hold(run.point)
                if run.ended:
                    self._teach(run)
            elif not run.ended:
                run.trial.status = TrialStatus.FAILED.value
                run.trial.message = _CANNOT_REPEAT
                self._study.finish(run.record(self._seed, ended=True), self._state())

    def save_space(self, config: dict[str, Any]) -> None:
        """Records the current space, and the strategy's state with it."""
        self._study.save_state(self._state(), config)

    # ------------------------------------------------------------------ one step of the search

    def start(self, run: Run, trials: int) -> None:
        """Records that an attempt at a trial begins.

        Args:
            run: The trial.
            trials: How many trials were started so far.
        """
        record = run.record(self._seed, ended=False)
        self._study.start(record, self._state(), self._events(trials))

    def report(self, run: Run, execution: int, step: int, metrics: Mapping[str, float]) -> None:
        """Records the metrics of an epoch."""
        plain = {name: float(value) for name, value in metrics.items()}
        self._study.report(Report(run.number, run.attempt, execution, step, plain))

    def finish(self, run: Run, trials: int) -> None:
        """Records the end of an attempt; the end of the trial teaches the strategy."""
        if run.ended and run.key is not None:
            self._teach(run)
        record = run.record(self._seed, ended=True)
        self._study.finish(record, self._state(), self._events(trials))

    def grow(self, space: Space, config: dict[str, Any]) -> None:
        """Lets the strategy go on in a space with further columns."""
        self.strategy.extend(space)
        self.save_space(config)

    def close(self) -> None:
        """Closes the study."""
        self._study.close()

    # ------------------------------------------------------------------ parts

    def _teach(self, run: Run) -> None:
        entry = run.entry(self._sign)
        self.strategy.observe([Result(entry.key, entry.point, entry.score)])

    def _state(self) -> dict[str, Any]:
        return {"strategy": self.strategy.state()}

    def _events(self, trials: int) -> list[Event]:
        events = [
            Event(self._next_event + offset, trials, event.kind, event.data)
            for offset, event in enumerate(self.strategy.take_events())
        ]
        self._next_event += len(events)
        return events


def place_anew(runs: Iterable[Run], before: Space | None, space: Space) -> list[int | None]:
    """Gives past trials their keys and points in another space, in their order.

    A trial fits when the new space has a place for all of its values, and the trial has a value
    for all that the new space asks for and the old one did not: what a build of the time could not
    read is not known, whereas what it could and did not read made no difference.

    Args:
        runs: All trials of the study; one that does not fit is left without a key.
        before: The space until now; None where it is not known, so that a trial fits only where
            it has a value for all that the new space asks for.
        space: The new space.

    Returns:
        Each trial's key.
    """
    keys: list[int | None] = []
    known = {parameter.key for parameter in before.parameters} if before else set()
    for run in runs:
        values = _used_values(run)
        if before is not None:
            # What was never searched (`tune_new_entries=False`) is in neither space.
            searched = {*before.names, *space.names}
            values = {name: values[name] for name in values if name in searched}
        missing = any(
            one.key not in known and one.name not in values and _asked_for(one, values)
            for one in space.parameters
        )
        fits = not missing and _can_encode(values, space)
        keys.append(sum(key is not None for key in keys) if fits else None)
    place_again(runs, keys, space)
    return keys


def place_again(runs: Iterable[Run], keys: Iterable[int | None], space: Space) -> None:
    """Gives past trials the keys that `place_anew` gave them, and their points.

    Args:
        runs: All trials of the study, of which the first ones were placed anew.
        keys: Their keys.
        space: The space, which may have grown since.
    """
    nowhere = Point(np.zeros(len(space)), np.zeros(len(space), dtype=bool))
    for run, key in zip(runs, keys, strict=False):
        used = _used_values(run)
        run.key, run.point = key, nowhere
        if key is not None:
            run.point = space.encode({name: used[name] for name in used if name in space.names})


def _used_values(run: Run) -> Mapping[str, Value]:
    values: Mapping[str, Value] = run.trial.hyperparameters.values
    return values if run.ended else run.values


def _asked_for(parameter: Parameter, values: Mapping[str, Value]) -> bool:
    return all(values.get(one.parent) in one.values for one in parameter.conditions)


def _can_encode(values: Mapping[str, Value], space: Space) -> bool:
    try:
        space.encode(values)
    except SpaceError:
        return False
    return True


def _key(run: Run) -> int:
    return -1 if run.key is None else run.key
