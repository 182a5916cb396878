"""An open study and the strategy that it records, moved on together one transaction at a time."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from tfhpo.errors import StudyDamagedError
from tfhpo.oracles.pruning import Pruning
from tfhpo.oracles.queue import Queue
from tfhpo.oracles.runs import MAX_LOSSES, Run
from tfhpo.space import Point, Space, Value
from tfhpo.strategies import Outcome, Result, Strategy
from tfhpo.study import Event, Report, Study, TrialStatus

_LOG = logging.getLogger(__name__)
_CANNOT_REPEAT = "The trial was interrupted, and does not fit the space of the extended study."
_REPEATED = "Trial %s ran when the program ended (%s of %s times that it may): it is repeated."


class Proposal(NamedTuple):
    """A configuration to try.

    Attributes:
        key: The strategy's key of it.
        point: Where it lies.
        values: Its values by name.
    """

    key: int
    point: Point
    values: dict[str, Value]


class Session:
    """What an oracle holds from opening its study to closing it.

    Args:
        study: The study, open for writing.
        strategy: What proposes the trials.
        pruning: What stops trials early.
        seed: The seed of the search.
        sign: -1 where the objective is maximised, else 1: strategies minimise.
    """

    def __init__(
        self, study: Study, strategy: Strategy, pruning: Pruning, *, seed: int, sign: float
    ) -> None:
        self.strategy = strategy
        self._study = study
        self._pruning = pruning
        self._seed = seed
        self._sign = sign
        self._next_event = len(study.events())
        self._queue = Queue()
        self._threads = ThreadpoolController()

    def suggest(self) -> Proposal | None:
        """Returns what the user queued, then the strategy's next point, None where it has none now.

        Its matrices are small: a second thread for them takes longer to wake than it saves, and on
        two cores doubles the time of a suggestion.
        """
        space = self.strategy.space
        queued = self._queue.take(space, self.strategy.history.tried)
        if queued is not None:
            point, values = queued
            return Proposal(self.strategy.hold(point), point, values)
        with self._threads.limit(limits=1, user_api="blas"):
            suggestions = self.strategy.suggest(1)
        return next((Proposal(*one, space.decode(one.point.x)) for one in suggestions), None)

    @property
    def queued(self) -> int:
        """How many configurations wait to be tried."""
        return self._queue.untried(self.strategy.space, self.strategy.history.tried)

    def enqueue(self, configurations: Iterable[Mapping[str, Value]]) -> None:
        """Queues configurations; one that repeats a trial will be left out when its turn comes."""
        given = list(configurations)
        for values in given:
            self._queue.add(values)
        if given:
            self._study.save_state(self._state())

    # ------------------------------------------------------------------ taking up a study

    def resume(self, runs: Iterable[Run]) -> None:
        """Goes on exactly where the study stopped.

        Args:
            runs: All trials of the study.
        """
        known = sorted((run for run in runs if run.key is not None), key=_key)
        if [run.key for run in known] != list(range(len(known))):
            raise StudyDamagedError(
                f"The study {self._study.path} lacks trials that its search had made: it was "
                f"changed by hand. Found those of keys {[run.key for run in known]}."
            )
        state = self._study.load_state()
        if state is not None:
            self.strategy.restore(state["strategy"], [run.entry(self._sign) for run in known])
            # Studies that are older than the queue have none.
            self._queue = Queue(state.get("queue", ()))

    def take_over(self, runs: Iterable[Run]) -> None:
        """Tells a new strategy the past trials of a study that had another space or settings.

        Args:
            runs: All trials of the study, placed in the new space by `placement`. One that was
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
        self._queue = Queue((self._study.load_state() or {}).get("queue", ()))
        for values in self._queue.drop_misfits(self.strategy.space):
            warnings.warn(
                f"The queued configuration {values} does not fit the extended space: it is dropped",
                stacklevel=2,
            )

    def lose_driver(self, runs: Iterable[Run], *, can_isolate: bool) -> None:
        """Counts the end of the former driver against the trials that ran in its process.

        Args:
            runs: All trials of the study.
            can_isolate: Whether they could run in processes of their own.
        """
        known = list(runs)
        for run in known:
            if run.trial.status != TrialStatus.RUNNING.value or not run.in_driver:
                continue
            run.lose_driver(can_isolate=can_isolate)
            if run.ended:
                _LOG.warning("Trial %s is given up: %s", run.trial.trial_id, run.trial.message)
                run.settle(self.strategy.space)
                self.finish(run, len(known))
            else:
                _LOG.warning(_REPEATED, run.trial.trial_id, run.losses, MAX_LOSSES)
                # Written at once: what ends this program before the trial runs is not its doing.
                self._study.start(run.record(self._seed, ended=False), self._state())

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
        self._pruning.begin(run)
        record = run.record(self._seed, ended=False)
        self._study.start(record, self._state(), self._events(trials))

    def report(
        self, run: Run, execution: int, step: int, metrics: Mapping[str, float], *, last: bool
    ) -> bool:
        """Records the metrics of an epoch, and returns whether the trial should go on."""
        plain = {name: float(value) for name, value in metrics.items()}
        report = Report(run.number, run.repeat, execution, step, plain)
        self._study.report(report)
        return self._pruning.report(report, run, last=last)

    def origin(self, run: Run) -> int | None:
        """Returns the key of the trial that another goes on from, None where it starts afresh."""
        return None if run.key is None else self.strategy.origin(run.key)

    def judge(self, run: Run) -> None:
        """Tells a trial that came to its end from one that was told to stop before it."""
        self._pruning.judge(run)

    def finish(self, run: Run, trials: int) -> None:
        """Records the end of an attempt; the end of the trial teaches the strategy."""
        self._pruning.end(run)
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
        pruned = entry.outcome == Outcome.PRUNED
        self.strategy.observe([Result(entry.key, entry.point, entry.score, pruned)])

    def _state(self) -> dict[str, Any]:
        return {"strategy": self.strategy.state(), "queue": self._queue.config()}

    def _events(self, trials: int) -> list[Event]:
        events = [
            Event(self._next_event + offset, trials, event.kind, event.data)
            for offset, event in enumerate(self.strategy.take_events())
        ]
        self._next_event += len(events)
        return events


def _key(run: Run) -> int:
    return -1 if run.key is None else run.key
