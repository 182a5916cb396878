"""`tfhpo export`: a study as a file for other programs."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer


class Format(str, Enum):
    """The kinds of file."""

    CSV = "csv"
    JSON = "json"


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The study's folder, or its file.")],
    to: Annotated[Format, typer.Option(help="csv: a row per trial; json: all of the study.")],
    out: Annotated[
        Path | None,
        typer.Option(help="The file to write; by default study.csv or study.json in DIR."),
    ] = None,
) -> None:
    """Write a study as CSV or JSON."""
    from tfhpo.study import read_study, to_csv, to_json

    study = read_study(folder)
    path = out or study.path.with_suffix(f".{to.value}")
    (to_csv if to is Format.CSV else to_json)(study, path)
    typer.echo(path)
