"""The oracle on the chief, as a worker of tfhpo calls it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import grpc
import keras_tuner
from keras_tuner.engine import trial as kt_trial
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_client import OracleClient

from tfhpo.oracles import wire
from tfhpo.oracles.chief import protocol
from tfhpo.oracles.chief.calls import Calls
from tfhpo.oracles.chief.heartbeat import Heartbeat
from tfhpo.oracles.strategy_oracle import StrategyOracle

_OPTIONS = (
    # KerasTuner's workers ask again after two minutes where the chief was not there yet.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # gRPC would ask the proxy of `http_proxy` for the chief, even for one on this machine.
    ("grpc.enable_http_proxy", 0),
    # A machine that vanishes closes no connection.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 20_000),
)


class ChiefClient(OracleClient):  # type: ignore[misc]
    """KerasTuner's client, which gives signs of life while a trial runs, and says goodbye.

    Args:
        oracle: The worker's own oracle, of which only the settings are used during the search.
        tuner_id: The worker's name.
    """

    def __init__(self, oracle: StrategyOracle, tuner_id: str) -> None:
        super().__init__(oracle)
        address = protocol.address()
        sender = protocol.Sender(tuner_id, uuid.uuid4().hex)
        channel = grpc.insecure_channel(address, options=_OPTIONS)
        self.stub = Calls(protos.get_service_grpc().OracleStub(channel), sender, address)
        self._heartbeat = Heartbeat(self._beat, protocol.beat_seconds(oracle.leases.seconds))
        self._has_left = False
        self._space: keras_tuner.HyperParameters | None = None

    def get_space(self) -> keras_tuner.HyperParameters:
        """Returns the space; after the search, when the chief may be gone, as it was known last.

        Raises:
            ChiefError: If the chief is gone, or has ended the search.
        """
        if self._space is None or not self._has_left:
            self._space = super().get_space()
        return self._space

    def create_trial(self, tuner_id: str) -> kt_trial.Trial:
        """Returns the next trial, as `StrategyOracle.create_trial` does.

        Raises:
            ChiefError: If the chief is gone, or has ended the search.
        """
        self._has_left = False
        trial = super().create_trial(tuner_id)
        if trial.status == kt_trial.TrialStatus.RUNNING:
            notes = wire.received(trial.hyperparameters).notes
            self.stub.repeats[trial.trial_id] = notes["repeat"]
            self._heartbeat.start(trial.trial_id)
        return trial

    def update_trial(
        self, trial_id: str, metrics: Mapping[str, float], step: int = 0
    ) -> kt_trial.Trial:
        """Tells metrics of a trial.

        Raises:
            TrialTakenError: If it is another worker's by now.
            ChiefError: If the chief is gone, or has ended the search.
        """
        return super().update_trial(trial_id, metrics, step=step)

    def end_trial(self, trial: kt_trial.Trial) -> None:
        """Ends an attempt at a trial.

        Raises:
            TrialTakenError: If it is another worker's by now.
            ChiefError: If the chief is gone, or has ended the search.
        """
        self._heartbeat.stop()
        super().end_trial(trial)

    def get_best_trials(self, num_trials: int = 1) -> list[kt_trial.Trial]:
        """Returns the best trials; after the search, when the chief may be gone, from its study.

        Args:
            num_trials: How many at most.
        """
        if self._has_left:
            # Read anew: other workers may go on.
            self._oracle.forget()
            return list(self._oracle.get_best_trials(num_trials))
        return list(super().get_best_trials(num_trials))

    def leave(self, reason: str | None) -> None:
        """Says goodbye to the chief; a trial that this worker still has goes to another.

        Args:
            reason: Why the search has ended here, None after an error.
        """
        self._heartbeat.stop()
        self._has_left = True
        self.stub.say_goodbye(protos.get_service().UpdateTrialRequest(), reason or "error")

    def _beat(self, trial_id: str) -> None:
        self.stub.beat(protos.get_service().UpdateTrialRequest(trial_id=trial_id))
