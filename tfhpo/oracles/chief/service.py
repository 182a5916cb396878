"""What the chief answers: KerasTuner's service, with leases."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from keras_tuner.engine import trial as kt_trial
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_chief import OracleServicer

from tfhpo.errors import ArgumentError, TfhpoError, TrialTakenError
from tfhpo.oracles.chief import messages, protocol
from tfhpo.oracles.chief.attendance import Attendance
from tfhpo.oracles.chief.messages import RefusedError
from tfhpo.oracles.chief.protocol import Sender, sender_of
from tfhpo.oracles.strategy_oracle import StrategyOracle


class ChiefService(OracleServicer):  # type: ignore[misc]
    """Answers the workers, in threads of the server.

    What is wrong with a worker's message is told to that worker, and the search goes on. An error
    of the oracle ends it: it is kept for the chief's own thread, and told to each worker that asks
    for anything from then on.

    Args:
        oracle: The oracle, whose study is open.
        attendance: The workers.

    Attributes:
        error: What has ended the search, None as long as nothing has.
        changed: Set when somebody has spoken.
    """

    def __init__(self, oracle: StrategyOracle, attendance: Attendance) -> None:
        super().__init__(oracle)
        self._attendance = attendance
        self.error: BaseException | None = None
        self.changed = threading.Event()

    # The names are those of KerasTuner's service.

    def GetSpace(self, request: Any, context: Any) -> Any:
        with self._answering(context):
            return super().GetSpace(request, context)

    def UpdateSpace(self, request: Any, context: Any) -> Any:
        with self._answering(context), self.oracle.lock:
            messages.check_space(request, self.oracle)
            return super().UpdateSpace(request, context)

    def CreateTrial(self, request: Any, context: Any) -> Any:
        with self._answering(context) as sender:
            messages.check_name(request, sender)
            answer = super().CreateTrial(request, context)
            status = kt_trial.TrialStatus.from_proto(answer.trial.status)
            if self.oracle.failure is not None:
                raise self.oracle.failure
            if status == kt_trial.TrialStatus.STOPPED:
                self._attendance.dismiss(sender.tuner_id)
            else:
                self._attendance.resume(sender.tuner_id)
            return answer

    def UpdateTrial(self, request: Any, context: Any) -> Any:
        with self._answering(context) as sender:
            if sender.leaves:
                self._part(sender)
                return _told(kt_trial.TrialStatus.STOPPED)
            if not request.metrics:
                # A sign of life, which waits for no calculation.
                self._check_holds(sender, request.trial_id)
                return _told(kt_trial.TrialStatus.RUNNING)
            with self._holding(sender, request.trial_id):
                messages.check_metrics(request, self.oracle)
                return super().UpdateTrial(request, context)

    def EndTrial(self, request: Any, context: Any) -> Any:
        with self._answering(context) as sender:
            with self._holding(sender, request.trial.trial_id):
                messages.check_end(request, self.oracle)
                answer = super().EndTrial(request, context)
            if self.oracle.failure is not None:
                # The trial is recorded; the search is given up.
                raise self.oracle.failure
            return answer

    def GetTrial(self, request: Any, context: Any) -> Any:
        with self._answering(context), self.oracle.lock:
            messages.check_known(request, self.oracle)
            return super().GetTrial(request, context)

    def GetBestTrials(self, request: Any, context: Any) -> Any:
        with self._answering(context):
            return super().GetBestTrials(request, context)

    # ------------------------------------------------------------------ parts

    @contextlib.contextmanager
    def _answering(self, context: Any) -> Iterator[Sender]:
        """Hears who speaks, and turns what is raised into an answer."""
        sender = _sender(context)
        try:
            if self.error is None:
                self._receive(sender)
                yield sender
        except TrialTakenError as error:
            context.abort(protocol.TAKEN, str(error))
        except RefusedError as error:
            context.abort(protocol.REFUSED, str(error))
        except Exception as error:  # noqa: BLE001 - kept for the chief's thread, which raises it
            self.error = self.error or error
        finally:
            self.changed.set()
        if self.error is not None:
            self._attendance.leave(sender.tuner_id, "error")
            context.abort(protocol.ENDED, _text(self.error))

    def _receive(self, sender: Sender) -> None:
        try:
            has_replaced = self._attendance.hear(sender)
        except ArgumentError as error:
            raise RefusedError(error) from error
        self.oracle.leases.hear(sender.tuner_id)
        if has_replaced:
            self.oracle.release(sender.tuner_id, "was started again")

    def _part(self, sender: Sender) -> None:
        """Lets a worker go; a trial that it has not ended is another's."""
        self._attendance.leave(sender.tuner_id, sender.leaves)
        is_loss = sender.leaves == "error"
        self.oracle.release(sender.tuner_id, f"has left ({sender.leaves})", is_loss=is_loss)

    @contextlib.contextmanager
    def _holding(self, sender: Sender, trial_id: str) -> Iterator[None]:
        """Leaves a trial to its worker for as long as what it says of it is done."""
        with self.oracle.lock:
            self._check_holds(sender, trial_id)
            yield

    def _check_holds(self, sender: Sender, trial_id: str) -> None:
        if not self.oracle.leases.holds(sender.tuner_id, trial_id, sender.repeat):
            raise TrialTakenError(
                f"Trial {trial_id} is no longer that of {sender.tuner_id!r}: the chief had not "
                f"heard of it for {self.oracle.leases.seconds:g} s, or has begun anew."
            )


def _sender(context: Any) -> Sender:
    try:
        sender = sender_of(context.invocation_metadata())
    except ValueError as error:
        context.abort(protocol.REFUSED, f"A worker tells who it is and what it has. ({error})")
    return sender or context.abort(
        protocol.REFUSED, "The chief runs tfhpo's tuner: its workers must run it, too."
    )


def _told(status: str) -> Any:
    """Returns a short answer: nothing but a status."""
    trial = protos.get_proto().Trial(status=kt_trial.TrialStatus.to_proto(status))
    return protos.get_service().UpdateTrialResponse(trial=trial)


def _text(error: BaseException) -> str:
    return str(error) if isinstance(error, TfhpoError) else f"{type(error).__name__}: {error}"
