"""`tfhpo launch`: a script as a chief and its workers, on this machine."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tfhpo.cli import places
from tfhpo.cli.places import CpusOption, GpusOption
from tfhpo.environment import HELD_PORT
from tfhpo.errors import ArgumentError

if TYPE_CHECKING:
    from tfhpo.execution.resources import Slot

#: For the command itself: what follows the script is the script's.
SETTINGS = {"allow_interspersed_args": False}
# Nothing on another machine can reach it.
_LOOPBACK = "127.0.0.1"


def launch(
    script: Annotated[
        Path, typer.Argument(help="A Python script that searches with a tuner.", dir_okay=False)
    ],
    arguments: Annotated[list[str] | None, typer.Argument(help="Its own arguments.")] = None,
    workers: Annotated[
        str, typer.Option(help="How many workers; auto for one per GPU, or processor core.")
    ] = "auto",
    gpus_per_trial: GpusOption = None,
    cpus_per_trial: CpusOption = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="The chief's port on 127.0.0.1; by default a free one"),
    ] = None,
    max_restarts: Annotated[
        int, typer.Option(min=0, help="How often each worker that a signal kills is started again.")
    ] = 3,
) -> None:
    """Run a script as a chief and several workers, each a process on this machine.

    All run the same script, under KerasTuner's environment variables: KERASTUNER_TUNER_ID,
    KERASTUNER_ORACLE_IP and KERASTUNER_ORACLE_PORT. Their output comes here, each line behind the
    name of its process. A worker that a signal kills is started again, and its trial is repeated;
    where the chief fails, or no worker is left, all are ended. Workers that still run 60 s after
    the chief's end are ended, too: what takes long after the search, such as refit_best(), is for
    a program of its own. The exit status is 0 if the chief ended well, and every worker that was
    not replaced; 124 if workers were late.
    """
    from tfhpo.execution import check_has_workers

    check_has_workers("`tfhpo launch` needs")
    # It names signals that Windows lacks, where all other commands work.
    from tfhpo.cli.launching import Launch

    if not script.is_file():
        raise ArgumentError(f"A script to launch is a file. Received: {str(script)!r}.")
    command = [sys.executable, str(script), *(arguments or ())]
    slots = _slots(workers, gpus_per_trial, cpus_per_trial)
    with _held_port(port or 0) as number:
        address = {"KERASTUNER_ORACLE_IP": _LOOPBACK, "KERASTUNER_ORACLE_PORT": str(number)}
        environments = {
            f"worker{index}": {**address, **slot.env} for index, slot in enumerate(slots)
        }
        # The chief trains nothing: it must not take a GPU's memory from a worker.
        chief = {**address, HELD_PORT: str(number), "CUDA_VISIBLE_DEVICES": "-1"}
        status = Launch(command, {"chief": chief, **environments}, max_restarts).run()
    if status:
        raise typer.Exit(status)


def _slots(workers: str, gpus: float | None, cpus: float | None) -> list[Slot]:
    from tfhpo.execution.names import Names
    from tfhpo.execution.resources import slots

    count = places.workers(workers)
    names = Names(gpus_per_task="--gpus-per-trial", cpus_per_task="--cpus-per-trial")
    return slots("auto" if count is None else count, gpus, cpus, names=names)


@contextlib.contextmanager
def _held_port(wanted: int) -> Iterator[int]:
    """Keeps a port for the chief: nobody else can take it before the chief does, or in its stead.

    The port is bound and never listened at, so no call comes here. Only a process of the same user
    that asks for a shared port can bind it, too, which the chief does.

    Args:
        wanted: Which port, 0 for any that is free.

    Raises:
        ArgumentError: If another program has it.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            held.bind((_LOOPBACK, wanted))
        except OSError as error:
            raise ArgumentError(
                f"The chief needs a port of {_LOOPBACK} that is free. Received: {wanted} ({error})."
            ) from error
        yield held.getsockname()[1]
