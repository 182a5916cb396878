"""Running the search that `tfhpo tune` and `tfhpo resume` ask for."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from tfhpo.cli import request as requests
from tfhpo.cli.data import fit_data
from tfhpo.cli.screen import console, show_hints
from tfhpo.cli.targets import load
from tfhpo.errors import ArgumentError, ObjectiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tfhpo.cli.data import FitData
    from tfhpo.cli.request import TuneRequest
    from tfhpo.tuners import SearchListener

#: Exit status of a program that Ctrl-C ended.
INTERRUPTED = 130


def check(request: TuneRequest) -> None:
    """Refuses functions, a strategy or a budget that there cannot be.

    Raises:
        ArgumentError: One of them is not there, or breaks its rule.
    """
    from tfhpo.pruners import make_pruner
    from tfhpo.strategies import check_name

    # Before the user's own files are loaded, which takes seconds where they import Keras.
    check_name(request.strategy)
    make_pruner(request.pruner)
    load(request.build)
    load(request.data)
    from tfhpo.tuners.budget import Budget
    from tfhpo.tuners.engines import Engines

    Budget(request.max_time, request.target, request.patience)
    Engines(**_places(request)).make()


def run(request: TuneRequest, folder: Path, *, overwrite: bool = False) -> None:
    """Searches, and prints the results.

    Args:
        request: What to search.
        folder: The study's folder; the search goes on where the study in it ends.
        overwrite: Whether to discard that study instead.

    Raises:
        TfhpoError: An argument breaks its rule, or the study cannot be used.
    """
    from tfhpo.tuners.engines import Engines

    build = load(request.build)
    data = fit_data(load(request.data)())
    _check_batches(request, data)
    begun = when_begun(lambda: requests.save(request, folder))
    tuner = _tuner(build, request, folder, overwrite=overwrite, listeners=[begun])
    arguments = {**data.arguments}
    if not request.has_rungs:
        arguments["epochs"] = request.epochs
    if request.batch_size is not None:
        arguments["batch_size"] = request.batch_size
    if data.is_dataset:
        # Keras warns of shuffling what it cannot shuffle.
        arguments["shuffle"] = False
    if data.is_dataset and Engines(**_places(request)).elsewhere:
        # A data set cannot be carried to another process; what makes it can.
        made = _remade(request.data)
        arguments["validation_data"] = lambda: made().arguments["validation_data"]
        tuner.search(lambda: made().x, **arguments)
    elif data.is_dataset:
        tuner.search(data.x, **arguments)
    else:
        tuner.search(data.x, data.y, **arguments)
    if tuner.stop_reason == "interrupted":
        stop_interrupted(shlex.join(["tfhpo", "resume", str(folder)]))
    _report(tuner.study(), request, folder)


def _remade(target: str) -> Callable[[], FitData]:
    """Returns a function that makes the data anew."""
    return lambda: fit_data(load(target)())


def stop_interrupted(command: str) -> NoReturn:
    """Ends the program after Ctrl-C.

    Args:
        command: What goes on with the search.
    """
    show_hints([("Go on", command)])
    raise typer.Exit(INTERRUPTED)


def _check_batches(request: TuneRequest, data: FitData) -> None:
    if data.is_dataset and request.batch_size is not None:
        raise ArgumentError(
            "--batch-size is for arrays; a data set brings its own batches. "
            f"Received: --batch-size {request.batch_size} with data sets."
        )


def when_begun(write: Callable[[], None]) -> SearchListener:
    """Returns a listener that does something once the search has begun.

    Until then it may be refused, and what is in the folder must stay as it was.

    Args:
        write: What to do.
    """
    from tfhpo.tuners import SearchListener

    class WhenBegun(SearchListener):
        def on_search_begin(self, *told: Any) -> None:
            write()

    return WhenBegun()


def _tuner(
    build: Any,
    request: TuneRequest,
    folder: Path,
    *,
    overwrite: bool,
    listeners: Sequence[SearchListener],
) -> Any:
    from tfhpo.tuners import tuner_for

    rungs = {"max_epochs": request.epochs} if request.has_rungs else {}
    try:
        return tuner_for(request.strategy)(
            build,
            objective=_objective(request),
            max_trials=request.max_trials,
            seed=request.seed,
            directory=str(folder.parent),
            project_name=folder.name,
            overwrite=overwrite,
            logdir=request.logdir,
            max_time=request.max_time,
            target=request.target,
            patience=request.patience,
            listeners=listeners,
            pruner=request.pruner,
            **_places(request),
            **rungs,
        )
    except ObjectiveError as error:
        if request.direction is not None:
            raise
        raise ObjectiveError(f"{error} On the command line: --direction max, or min.") from error


def _places(request: TuneRequest) -> dict[str, Any]:
    """Returns the arguments of a tuner that say where its trials run."""
    return {
        "workers": request.workers,
        "isolate": request.isolate,
        "gpus_per_trial": request.gpus_per_trial,
        "cpus_per_trial": request.cpus_per_trial,
        "trial_timeout": request.trial_timeout,
        "engine": "processes" if request.ray_address is None else "ray",
        "ray_address": request.ray_address,
    }


def _objective(request: TuneRequest) -> Any:
    if request.direction is None:
        return request.objective
    import keras_tuner

    return keras_tuner.Objective(request.objective, request.direction)


def _report(study: Any, request: TuneRequest, folder: Path) -> None:
    from tfhpo.reporting import print_results

    print_results(study, console=console())
    trials = 2 * max(request.max_trials, len(study.trials))
    more = ["tfhpo", "resume", str(folder), "--max-trials", str(trials)]
    show_hints(
        [
            ("Show again", shlex.join(["tfhpo", "show", str(folder)])),
            ("More trials", shlex.join(more)),
            ("TensorBoard", shlex.join(["tensorboard", "--logdir", str(request.logdir)])),
        ]
    )
