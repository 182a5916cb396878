"""A tuner in another process: it trains trials there, and asks its driver about all else.

The driver's process holds the oracle, the study and all listeners. What a trial needs of them while
it is trained goes over a *wire*: the name of a question and its arguments, and the answer back. So
the same code trains a trial here and there.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from keras_tuner.engine import trial as kt_trial
from keras_tuner.src.engine import hypermodel as kt_hypermodel

from tfhpo.execution import InParts, Part
from tfhpo.oracles.links import OracleLink
from tfhpo.space import Space
from tfhpo.study import TrialRecord
from tfhpo.study.outcomes import cause_of
from tfhpo.tuners.keras_settings import KerasSettings
from tfhpo.tuners.listeners import ExecutionStatus, SearchListener
from tfhpo.tuners.quiet import without_retracing_warnings

# How `fit` calls its first positional arguments.
_POSITIONS = (("x", "1st"), ("y", "2nd"), ("batch_size", "3rd"))
_DATA = frozenset({"x", "y", "validation_data", "sample_weight"})
_OF_DATA = (
    "Give a function that makes it (`search(make_data)`), arrays or a keras.utils.PyDataset, or "
    "search without workers, in this process."
)
_OF_OTHERS = (
    "Make it inside the function that needs it, give what it is made from (arrays, paths, "
    "numbers), or search without workers, in this process."
)
# What else a tuner is given that goes along.
_SETTINGS = ("optimizer", "loss", "metrics", "distribution_strategy")

#: Questions by name, as the driver answers them.
Answers = Mapping[str, Callable[..., Any]]


class Attempt(NamedTuple):
    """What became of one attempt at a trial.

    Attributes:
        trial: The trial, with its status, the cause of a failure, and what its build has read.
        reported: Whether the training told of its epochs.
        kept: Whether its weights were written.
        warned: The warnings of another process, with their categories.
    """

    trial: kt_trial.Trial
    reported: bool
    kept: bool
    warned: tuple[tuple[str, type[Warning]], ...] = ()


def failure_of(attempt: Attempt) -> str | None:
    """Returns why an attempt has failed, None where it has not."""
    failed = attempt.trial.status != kt_trial.TrialStatus.COMPLETED
    return cause_of(attempt.trial.message) if failed else None


class Wire:
    """The way to the driver, which is open while a trial runs."""

    def __init__(self) -> None:
        self._report: Callable[..., Any] | None = None

    def open(self, report: Callable[..., Any]) -> None:
        """Sends the questions that follow through a function."""
        self._report = report

    def ask(self, question: str, *args: Any, **kwargs: Any) -> Any:
        """Returns the driver's answer."""
        if self._report is None:
            raise RuntimeError(f"Nothing can be asked before a trial runs. Received: {question!r}.")
        return self._report(question, args, kwargs)


class DistantOracle:
    """What a tuner asks of its oracle while it trains a trial.

    Args:
        objective: What is optimised.
        wire: The way to the oracle.
    """

    def __init__(self, objective: Any, wire: Wire) -> None:
        self.objective = objective
        self._wire = wire

    def update_trial(self, trial_id: str, metrics: Mapping[str, float], step: int = 0) -> None:
        """Tells the result of a trial."""
        self._wire.ask("update_trial", trial_id, metrics, step=step)


class DistantLink(OracleLink):
    """The driver's link to its oracle, from another process.

    Args:
        wire: The way to it.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    @property
    def space(self) -> Space:
        space: Space = self._wire.ask("space")
        return space

    def open(self, *, in_driver: bool = False, can_isolate: bool = True) -> None:
        """Does nothing: the driver has the study."""

    def close(self) -> None:
        """Does nothing: the driver has the study."""

    def begin(self, trial: kt_trial.Trial, tuner_id: str) -> None:
        """Does nothing: the driver has begun it."""

    def start_clock(self, trial: kt_trial.Trial) -> None:
        # The driver's clock counts: that of another machine may go wrong.
        self._wire.ask("start_clock", trial)

    def learn_space(self, trial: kt_trial.Trial) -> None:
        self._wire.ask("learn_space", trial)

    def report(
        self,
        trial: kt_trial.Trial,
        metrics: Mapping[str, float],
        step: int,
        execution: int,
        *,
        last: bool,
    ) -> bool:
        return bool(self._wire.ask("report", trial, metrics, step, execution, last=last))

    def finish(self, trial: kt_trial.Trial) -> None:
        """Does nothing: the driver ends it."""

    def record(self, trial: kt_trial.Trial) -> TrialRecord:
        record: TrialRecord = self._wire.ask("record", trial)
        return record

    def best_trials(self, count: int) -> list[kt_trial.Trial]:
        best: list[kt_trial.Trial] = self._wire.ask("best_trials", count)
        return best

    def seed(self, trial: kt_trial.Trial) -> int:
        return int(self._wire.ask("seed", trial))


class DistantListener(SearchListener):
    """Passes on to the driver's listeners what only the training process knows.

    Args:
        wire: The way to them.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def on_space_growth(self, space: Space) -> None:
        self._wire.ask("on_space_growth", space)

    def on_execution_begin(self, trial: TrialRecord, execution: int) -> None:
        self._wire.ask("on_execution_begin", trial, execution)

    def on_epoch_end(
        self, trial: TrialRecord, execution: int, epoch: int, metrics: Mapping[str, float]
    ) -> None:
        self._wire.ask("on_epoch_end", trial, execution, epoch, metrics)

    def on_execution_end(
        self, trial: TrialRecord, execution: int, status: ExecutionStatus, score: float | None
    ) -> None:
        self._wire.ask("on_execution_end", trial, execution, status, score)


class Driver(NamedTuple):
    """What a training tells and asks of the process that holds the study.

    Attributes:
        link: The oracle.
        told: Who hears of the training.
        update_trial: Takes the result of a trial, and returns whether it counts: a worker's does
            not where the trial was taken from it.
    """

    link: OracleLink
    told: SearchListener
    update_trial: Callable[..., bool]

    @classmethod
    def at_end_of(cls, wire: Wire) -> Driver:
        """Returns the driver at the other end of a wire, which may lie in the same process.

        What fails there is the search's and not the trial's: the engine, which carries what is
        asked, ends the search with it, whatever becomes of the error in the training.
        """
        answer = functools.partial(wire.ask, "update_trial")
        return cls(DistantLink(wire), DistantListener(wire), answer)


def answers_of(
    link: OracleLink,
    told: SearchListener,
    update_trial: Callable[..., bool],
) -> Answers:
    """Returns what the driver answers.

    Args:
        link: Its link to the oracle.
        told: Its listeners.
        update_trial: As of `Driver`.
    """
    return {
        "space": lambda: link.space,
        "start_clock": link.start_clock,
        "learn_space": link.learn_space,
        "report": link.report,
        "record": link.record,
        "seed": link.seed,
        "on_space_growth": told.on_space_growth,
        "on_execution_begin": told.on_execution_begin,
        "on_epoch_end": told.on_epoch_end,
        "on_execution_end": told.on_execution_end,
        "update_trial": update_trial,
        "best_trials": link.best_trials,
    }


class DistantTraining(InParts):
    """What a worker calls for each trial, under Keras's settings of the process that makes it.

    Args:
        attempt: Runs an attempt at a trial, given the arguments of `fit` too; a method of a tuner
            that asks through the wire.
        wire: The way to the driver.
        fit_args: Positional arguments of `fit`.
        fit_kwargs: Its keyword arguments.
    """

    def __init__(
        self,
        attempt: Callable[..., Attempt],
        wire: Wire,
        fit_args: tuple[Any, ...],
        fit_kwargs: Mapping[str, Any],
    ) -> None:
        self._attempt = attempt
        self._wire = wire
        self._fit = fit_args, dict(fit_kwargs)
        self._settings = KerasSettings.here()

    def parts(self) -> Iterator[Part]:
        args, kwargs = self._fit
        tuner = getattr(self._attempt, "__self__", self._attempt)
        yield from _model_parts(getattr(tuner, "hypermodel", None))
        for index, value in enumerate(args):
            yield _positional(index, value)
        for name, value in kwargs.items():
            yield Part(name, value, way_out=_way_out(name))
        for name in _SETTINGS:
            yield Part(name, getattr(tuner, name, None), way_out=_OF_OTHERS)
        yield Part(type(tuner).__name__, tuner, way_out=_OF_OTHERS)

    def __call__(self, trial: kt_trial.Trial, report: Callable[..., Any]) -> Attempt:
        self._wire.open(report)
        self._settings.apply()
        args, kwargs = self._fit
        with without_retracing_warnings(), warnings.catch_warnings(record=True) as caught:
            attempt = self._attempt(trial, *args, **kwargs)
        warned = dict.fromkeys((str(one.message), one.category) for one in caught)
        return attempt._replace(warned=tuple(warned))


def _model_parts(hypermodel: Any) -> Iterator[Part]:
    """Yields a function that builds the model by its own name, then the hypermodel."""
    if type(hypermodel) is kt_hypermodel.DefaultHyperModel:
        build = hypermodel.build
        yield Part(getattr(build, "__name__", "hypermodel"), build, way_out=_OF_OTHERS)
    yield Part("hypermodel", hypermodel, way_out=_OF_OTHERS)


def _positional(index: int, value: Any) -> Part:
    if index >= len(_POSITIONS):
        return Part(f"argument {index + 1} of search", value, way_out=_OF_DATA)
    name, place = _POSITIONS[index]
    return Part(name, value, f" (the {place} argument of `search`)", _way_out(name))


def _way_out(name: str) -> str:
    return _OF_DATA if name in _DATA else _OF_OTHERS
