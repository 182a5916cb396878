"""The chief: it serves until the search is done, has failed, or has nobody left to do it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from keras_tuner.src import protos

from tfhpo.errors import ArgumentError, ChiefError
from tfhpo.oracles.chief import protocol
from tfhpo.oracles.chief.attendance import Attendance, State
from tfhpo.oracles.chief.service import ChiefService
from tfhpo.oracles.strategy_oracle import StrategyOracle

_LOG = logging.getLogger(__name__)
# At most; each begins when it is needed. Calls wait for one another at the oracle, one of each
# worker perhaps, and a sign of life must find a thread nevertheless.
_THREADS = 2048
# How often the chief looks at the clock, in seconds.
_LOOK_SECONDS = 1.0
# How long a chief that gives up stays to tell its workers: each speaks more often.
_LAST_WORDS_SECONDS = 1.5 * protocol.BEAT_SECONDS
_OPTIONS = (
    # Workers ask for signs of life, too: of a chief whose machine has vanished.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
)


def serve(oracle: StrategyOracle, attendance: Attendance | None = None) -> str | None:
    """Serves an oracle to the workers, at the address of KerasTuner's variables.

    It returns once the search is done and every worker knows or is gone. No port but that one is
    opened.

    Args:
        oracle: The oracle, whose study is open.
        attendance: The workers, by default none yet; a test gives its own patience.

    Returns:
        The budget for which the workers left, None where the oracle ended the search.

    Raises:
        ArgumentError: The address cannot be used.
        ChiefError: There has been no worker for too long.
        TfhpoError: Whatever the oracle has raised, which the workers are told.
    """
    leases = oracle.leases
    attendance = Attendance(leases.seconds, leases.clock) if attendance is None else attendance
    service = ChiefService(oracle, attendance)
    server = _server(service)
    try:
        _serve(service, attendance, leases.clock)
    finally:
        # Calls that are being answered are let to the end.
        server.stop(grace=_LOOK_SECONDS).wait()
    return attendance.budget


def _server(service: ChiefService) -> Any:
    # A port that anybody may share, a second chief would share, and get some of the calls.
    sharing = ("grpc.so_reuseport", int(protocol.is_port_held()))
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=(*_OPTIONS, sharing))
    protos.get_service_grpc().add_OracleServicer_to_server(service, server)
    address = protocol.address()
    try:
        # KerasTuner's protocol has neither encryption nor passwords.
        bound = server.add_insecure_port(address)
    except RuntimeError:
        bound = 0
    if not bound:
        raise ArgumentError(
            "KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT name an address of the chief's "
            f"machine and a port of it that is free. Received: {address}."
        )
    server.start()
    return server


def _serve(service: ChiefService, attendance: Attendance, clock: Callable[[], float]) -> None:
    was_waiting = True
    while service.error is None and (state := attendance.state()) is not State.DONE:
        if state is State.ABANDONED:
            raise ChiefError(_nobody(attendance))
        if state is State.WAITING and not was_waiting:
            _LOG.warning("All workers are gone before the search is done: waiting for others.")
        was_waiting = state is State.WAITING
        _wait(service)
    if service.error is not None:
        until = clock() + _LAST_WORDS_SECONDS
        while attendance.living() and clock() < until:
            _wait(service)
        raise service.error


def _wait(service: ChiefService) -> None:
    service.changed.wait(_LOOK_SECONDS)
    service.changed.clear()


def _nobody(attendance: Attendance) -> str:
    who = (
        f"all of its {attendance.size} workers are gone"
        if attendance.size
        else "no worker has ever come"
    )
    return (
        f"A chief needs workers, and {who}. What was found is in the study: run the same again to "
        f"go on. It was waiting at {protocol.address()}."
    )
