"""The options that say where trials run, the same for `tfhpo tune` and `tfhpo resume`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tfhpo.execution import Workers

WorkersOption = Annotated[
    str | None,
    typer.Option(
        help="How many trials run at a time, each in a process of its own; auto for one per GPU, "
        "or processor core."
    ),
]
IsolateOption = Annotated[
    bool | None,
    typer.Option("--isolate", help="Run the trials of a single worker in another process, too."),
]
GpusOption = Annotated[
    float | None, typer.Option(help="How many GPUs each worker gets; 0.5 for half of one.")
]
CpusOption = Annotated[
    float | None,
    typer.Option(
        help="How many processor cores each worker gets; by default an equal share, on Ray 1."
    ),
]
TimeoutOption = Annotated[
    float | None, typer.Option(help="Seconds after which a trial is ended, and has failed.")
]
RayOption = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS", help="Run the trials on this Ray cluster; auto for the nearest."
    ),
]


def workers(given: str | None) -> Workers | None:
    """Returns the number of workers; what is none is told as the search is checked."""
    try:
        return None if given is None else int(given)
    except ValueError:
        return given  # type: ignore[return-value]
