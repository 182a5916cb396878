"""The chief's and its workers' parts of a search under KerasTuner's environment variables."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import keras_tuner

from tfhpo.oracles import StrategyOracle
from tfhpo.reporting import Progress, print_summary
from tfhpo.study import TrialRecord
from tfhpo.tuners.search_loop import why_stopped

if TYPE_CHECKING:
    from tfhpo.oracles.chief import ChiefClient


def client_of(oracle: StrategyOracle, tuner_id: str) -> ChiefClient:
    """Returns the chief's oracle as a worker calls it, in place of KerasTuner's own client.

    Args:
        oracle: The worker's own oracle.
        tuner_id: The worker's name.
    """
    # It loads gRPC, which needs a while.
    from tfhpo.oracles.chief import ChiefClient

    return ChiefClient(oracle, tuner_id)


def serve(oracle: keras_tuner.Oracle, *, sums_up: bool) -> str | None:
    """Answers the workers until the search is done; this process is the chief.

    Args:
        oracle: The oracle; the study of one of ours is open.
        sums_up: Whether to print in the end what the workers have found, with an oracle of ours.

    Returns:
        Why the search has ended; None with one of KerasTuner's own oracles, whose chief tells of
        no end but Ctrl-C.

    Raises:
        TfhpoError: As `tfhpo.oracles.chief.serve`.
    """
    is_told = sums_up and isinstance(oracle, StrategyOracle)
    with _summing_up(oracle) if is_told else contextlib.nullcontext():
        try:
            return _serve(oracle)
        except KeyboardInterrupt:
            return "interrupted"


def _serve(oracle: keras_tuner.Oracle) -> str | None:
    if isinstance(oracle, StrategyOracle):
        from tfhpo.oracles import chief

        return chief.serve(oracle) or why_stopped(oracle, is_worker=False)
    from keras_tuner.src.distribute import oracle_chief

    oracle_chief.start_server(oracle)
    return None


@contextlib.contextmanager
def _summing_up(oracle: StrategyOracle) -> Iterator[None]:
    """Says in the end what the workers have found, of which each knows its own part only.

    A chief that could not begin, or to whom nobody came, has an error to tell, and no summary.
    """
    former, began = _ended(oracle), time.monotonic()
    has_failed = True
    try:
        yield
        has_failed = False
    finally:
        objective = oracle.objective
        before = Progress(objective.name, objective.direction).after(former.values())
        # Not by their order: a study that is opened anew in between tells it by their numbers.
        since = [trial for trial_id, trial in _ended(oracle).items() if trial_id not in former]
        if former or since or not has_failed:
            print_summary(before, since, time.monotonic() - began)


def _ended(oracle: StrategyOracle) -> dict[str, TrialRecord]:
    return {trial_id: oracle.trial_record(trial_id) for trial_id in oracle.end_order}
