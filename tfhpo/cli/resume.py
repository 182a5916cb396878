"""`tfhpo resume`: go on with a search of `tfhpo tune`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from tfhpo.cli import places, searching
from tfhpo.cli import request as requests
from tfhpo.cli.places import (
    CpusOption,
    GpusOption,
    IsolateOption,
    RayOption,
    TimeoutOption,
    WorkersOption,
)


def resume(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The study's folder.")],
    max_trials: Annotated[
        int | None,
        typer.Option(min=1, help="Trials at most, those done included; as before by default."),
    ] = None,
    max_time: Annotated[
        float | None, typer.Option(help="Seconds that this run may take at most.")
    ] = None,
    target: Annotated[float | None, typer.Option(help="A score that is good enough.")] = None,
    patience: Annotated[
        int | None, typer.Option(min=1, help="Trials without a better score to end after.")
    ] = None,
    workers: WorkersOption = None,
    isolate: IsolateOption = None,
    gpus_per_trial: GpusOption = None,
    cpus_per_trial: CpusOption = None,
    trial_timeout: TimeoutOption = None,
    ray_address: RayOption = None,
) -> None:
    """Go on with a search that `tfhpo tune` began, with its arguments or others of these."""
    folder = folder.resolve()
    request = requests.load(folder)
    given: dict[str, Any] = {
        "max_trials": max_trials,
        "max_time": max_time,
        "target": target,
        "patience": patience,
        "workers": places.workers(workers),
        "isolate": isolate,
        "gpus_per_trial": gpus_per_trial,
        "cpus_per_trial": cpus_per_trial,
        "trial_timeout": trial_timeout,
        "ray_address": ray_address,
    }
    changes = {name: value for name, value in given.items() if value is not None}
    request = replace(request, **changes)
    searching.check(request)
    searching.run(request, folder)
