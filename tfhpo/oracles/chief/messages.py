"""What workers tell, looked at before the oracle acts on it.

What is wrong with a message is told to its sender alone. So everything that a message can be wrong
in is found here, before anything has changed; what the oracle raises after that is its own fault.
A space that the search cannot take is no fault of the message: every worker's build would ask for
it. The SpaceError that says so goes on, and ends the search.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras_tuner
from keras_tuner.engine import trial as kt_trial

from tfhpo.errors import ArgumentError, SpaceError, TfhpoError
from tfhpo.oracles import wire
from tfhpo.oracles.chief.protocol import Sender
from tfhpo.oracles.strategy_oracle import StrategyOracle
from tfhpo.study.encoding import encode

# How a worker says that an attempt has ended; only the chief calls a trial pruned.
_ENDS = (
    kt_trial.TrialStatus.COMPLETED,
    kt_trial.TrialStatus.INVALID,
    kt_trial.TrialStatus.FAILED,
)
# The study counts in 64 bits, and no search needs more than these.
_MOST = 2**31 - 1


class RefusedError(Exception):
    """A message breaks a rule; the search goes on."""


@contextlib.contextmanager
def _refusing(but: type[Exception] | tuple[()] = ()) -> Iterator[None]:
    """Refuses a message, whatever it is that looking at it raises.

    Args:
        but: An error that is not about the message, and is raised as it is.
    """
    try:
        yield
    except but:
        raise
    except TfhpoError as error:
        raise RefusedError(str(error)) from error
    except Exception as error:  # A message may hold anything, and nothing has changed yet.
        raise RefusedError(
            f"The chief cannot read what was sent ({type(error).__name__}: {error})."
        ) from error


def check_name(request: Any, sender: Sender) -> None:
    """Refuses a worker that asks for a trial in another one's name."""
    if request.tuner_id != sender.tuner_id:
        raise RefusedError(
            f"A worker asks for its own trials. Received: {request.tuner_id!r} from "
            f"{sender.tuner_id!r}."
        )


def check_known(request: Any, oracle: StrategyOracle) -> None:
    """Refuses to speak of a trial that the search does not have."""
    if request.trial_id not in oracle.trials:
        raise RefusedError(
            f"The search has {len(oracle.trials)} trials. Received: {request.trial_id!r}."
        )


def check_space(request: Any, oracle: StrategyOracle) -> None:
    """Refuses parameters that cannot be read.

    Raises:
        SpaceError: If the search cannot take in what a build has asked for.
    """
    with _refusing(but=SpaceError):
        told = keras_tuner.HyperParameters.from_proto(request.hyperparameters)
        encode(oracle.space_with(told).config(), "The parameters of a build")


def check_metrics(request: Any, oracle: StrategyOracle) -> None:
    """Refuses metrics of an epoch that cannot be, or a result without the objective."""
    with _refusing():
        report = wire.read_report(request.metrics)
        execution = 0 if report is None else report.execution
        if not (0 <= request.step <= _MOST and execution <= _MOST):
            raise ArgumentError(
                f"Epochs and executions are counted from 0, to {_MOST} at most. "
                f"Received: epoch {request.step} of execution {execution}."
            )
        if report is None:
            oracle.check_objective_found(request.metrics)


def check_end(request: Any, oracle: StrategyOracle) -> None:
    """Refuses the end of an attempt that cannot be recorded.

    Raises:
        SpaceError: If the search cannot take in what the build has asked for.
    """
    with _refusing(but=SpaceError):
        trial = kt_trial.Trial.from_proto(request.trial)
        if trial.status not in _ENDS:
            raise ArgumentError(
                f"An attempt ends as one of {', '.join(_ENDS)}. Received: {trial.status}."
            )
        told, notes = wire.received(trial.hyperparameters)
        message = notes.get("message")
        if not isinstance(message, (str, type(None))):
            raise ArgumentError(f"The cause of a failure is a text. Received: {message!r}.")
        encode([told.values, message], "What is told of a trial")
        space = oracle.space_with(told)
    if trial.status == kt_trial.TrialStatus.COMPLETED:
        with _refusing():
            # The suggestion's own values are not taken from the worker.
            used = {**told.values, **oracle.suggested_values(trial.trial_id)}
            space.encode({name: used[name] for name in told.values if name in space.names})
