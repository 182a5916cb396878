"""`tfhpo schedules`: all learning-rate schedules, as a picture and as numbers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table

from tfhpo.cli.screen import console, show_hints

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfhpo.schedules.families import Family

#: Named here because the help of a command must not wait for Keras.
KINDS = (
    "constant, piecewise_constant, exponential, natural_exponential, inverse_time, polynomial, "
    "cosine, cosine_restarts, linear_cosine, noisy_linear_cosine, warm_up, triangular, one_cycle"
)
#: Where in the training the rates are told, in percent of its steps.
PLACES = (0, 25, 50, 75, 100)


def schedules(
    output: Annotated[
        Path, typer.Option(help="The picture to write; its ending tells the type.")
    ] = Path("schedules.png"),
    total_steps: Annotated[
        int,
        typer.Option(metavar="N", help="The training length, in steps (batches), at least 20."),
    ] = 1000,
    learning_rate: Annotated[float, typer.Option(metavar="R", help="The highest rate.")] = 0.1,
    kind: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help=f"Only this family, of {KINDS}. Repeatable."),
    ] = None,
) -> None:
    """Draw all learning-rate schedules, and print their rates during a training."""
    # Keras is about to load; TensorFlow's own words would stand before the table.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from tfhpo.schedules import picture
    from tfhpo.schedules.families import families

    # Computed once, for the picture and the table.
    found = families(total_steps, learning_rate, kind)
    picture.save(picture.draw_families(found, total_steps, learning_rate), output)
    console().print(_table(found))
    show_hints([("The picture", str(output))])


def _table(families: Sequence[Family]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column("kind")
    table.add_column("option")
    for place in PLACES:
        table.add_column(f"{place} %", justify="right")
    told = None
    for family in families:
        for curve in family.curves:
            # Each kind is named once, before its options.
            name = "" if family.kind == told else family.kind
            told = family.kind
            rates = (curve.rates[place * (len(curve.rates) - 1) // 100] for place in PLACES)
            table.add_row(name, curve.label, *(f"{rate:.2g}" for rate in rates))
    return table
