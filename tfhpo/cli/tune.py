"""`tfhpo tune`: a search over a user's own model."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from tfhpo.cli import places, searching, targets
from tfhpo.cli import request as requests
from tfhpo.cli.places import (
    CpusOption,
    GpusOption,
    IsolateOption,
    RayOption,
    TimeoutOption,
    WorkersOption,
)
from tfhpo.cli.request import TuneRequest
from tfhpo.errors import ArgumentError


class Direction(str, Enum):
    """Whether lower or higher scores are better."""

    MIN = "min"
    MAX = "max"


def tune(
    build: Annotated[
        str, typer.Argument(help="The build function, FILE.py:FUNCTION or module:FUNCTION.")
    ],
    data: Annotated[
        str,
        typer.Option(
            help="A function that returns (x, y), (x_val, y_val); or x, y, of which the last "
            "fifth validates; or two tf.data.Datasets."
        ),
    ],
    strategy: Annotated[
        str,
        typer.Option(
            help="elastic-grid, bayesian, tpe, genetic, policy-gradient, random, grid, hyperband, "
            "asha or successive-halving; or staged, for parameters of tfhpo.hp."
        ),
    ] = "elastic-grid",
    pruner: Annotated[
        str | None, typer.Option(help="Stop hopeless trials early: median or asha.")
    ] = None,
    max_trials: Annotated[int, typer.Option(min=1, help="Trials at most.")] = 60,
    epochs: Annotated[
        int, typer.Option(min=1, help="Epochs of each trial, or of the highest rung.")
    ] = 5,
    objective: Annotated[str, typer.Option(help="The metric to optimise.")] = "val_accuracy",
    direction: Annotated[
        Direction | None,
        typer.Option(help="Needed only for a metric that Keras does not know."),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Batch size; by default that of Keras.")
    ] = None,
    directory: Annotated[
        Path, typer.Option(help="The folder of all studies.", file_okay=False)
    ] = Path("tfhpo-studies"),
    project_name: Annotated[
        str | None,
        typer.Option(help="The study's folder in it; by default the name of the model's file."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Makes the search repeatable.")] = None,
    logdir: Annotated[
        Path | None,
        typer.Option(help="TensorBoard's logs; by default `logs` in the study's folder."),
    ] = None,
    max_time: Annotated[float | None, typer.Option(help="Seconds to search at most.")] = None,
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
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Discard a former study in the folder.")
    ] = False,
) -> None:
    """Tune the hyperparameters of a Keras model.

    The search is kept in DIRECTORY/PROJECT_NAME. Run again, the same command goes on where it was.
    """
    project = project_name or _project_of(build)
    if project == ".." or Path(project).name != project:
        raise ArgumentError(
            "--project-name is the name of one folder, which --directory holds. "
            f"Received: {project!r}."
        )
    folder = (directory / project).resolve()
    request = TuneRequest(
        build=targets.absolute(build),
        data=targets.absolute(data),
        strategy=strategy,
        pruner=pruner,
        objective=objective,
        direction=None if direction is None else direction.value,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        max_trials=max_trials,
        max_time=max_time,
        target=target,
        patience=patience,
        logdir=str((logdir or folder / "logs").resolve()),
        workers=places.workers(workers),
        isolate=bool(isolate),
        gpus_per_trial=gpus_per_trial,
        cpus_per_trial=cpus_per_trial,
        trial_timeout=trial_timeout,
        ray_address=ray_address,
    )
    searching.check(request)
    if not overwrite:
        requests.check_same(request, folder)
    searching.run(request, folder, overwrite=overwrite)


def _project_of(build: str) -> str:
    place, _ = targets.split(build)
    return Path(place).stem if place.endswith(".py") else place
