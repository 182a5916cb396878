"""`tfhpo show`: the results of a study."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def show(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The study's folder, or its file.")],
    top: Annotated[int, typer.Option(min=1, help="Trials to show at most.")] = 10,
    failed: Annotated[
        bool, typer.Option("--failed", help="Show only the failed trials and their causes.")
    ] = False,
) -> None:
    """Show the best trials of a study, and the failed ones."""
    from tfhpo.cli.screen import console
    from tfhpo.reporting import failures_table, print_results
    from tfhpo.study import read_study
    from tfhpo.study.outcomes import failed as failed_of

    study = read_study(folder)
    out = console()
    if not failed:
        print_results(study, top=top, console=out)
    elif failed_of(study.trials):
        out.print(failures_table(study, top, width=out.width))
    else:
        out.print(f"None of {len(study.trials)} trials failed.")
