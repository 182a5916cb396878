"""`tfhpo demo`: the whole of tfhpo on a small problem, in about a minute."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tfhpo.cli import kept
from tfhpo.cli.screen import console, show_hints
from tfhpo.cli.searching import stop_interrupted, when_begun
from tfhpo.study import json_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tfhpo.cli.demo_data import Images
    from tfhpo.tuners import SearchListener

_FILE, _LOGS, _PICTURE = "demo.json", "logs", "ranges.png"


def demo(
    data: Annotated[
        Path | None,
        typer.Option(
            help="An .npz file with x_train, y_train, x_test and y_test, as Keras's MNIST has; "
            "by default scikit-learn's handwritten digits."
        ),
    ] = None,
    max_trials: Annotated[int, typer.Option(min=1, help="Trials at most.")] = 20,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of each trial.")] = 5,
    directory: Annotated[
        Path, typer.Option(help="Where to write the study, the logs and the picture.")
    ] = Path("tfhpo-demo"),
    seed: Annotated[int, typer.Option(min=0, help="Makes the search repeatable.")] = 0,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Discard a former demo in the folder.")
    ] = False,
) -> None:
    """Tune a small convolutional network on handwritten digits with the elastic grid.

    Interrupted, the same command goes on where it was.
    """
    from tfhpo.cli import demo_data

    images = demo_data.digits(seed) if data is None else demo_data.from_file(data, seed)
    request = {
        "data": None if data is None else str(data.resolve()),
        "epochs": epochs,
        "seed": seed,
    }
    if not overwrite:
        advice = "Give this one a --directory of its own, or discard that one by --overwrite."
        kept.check_same(directory / _FILE, request, advice)
    console().print(_introduction(images, max_trials, epochs))
    begun = when_begun(lambda: json_file.write(directory / _FILE, request))
    tuner = _tuner(images, max_trials, directory, seed, overwrite=overwrite, listeners=[begun])
    tuner.search(*images.train, validation_data=images.validation, epochs=epochs)
    if tuner.stop_reason == "interrupted":
        stop_interrupted(_command(data, max_trials, epochs, directory, seed))
    _report(tuner, images, directory)


def _introduction(images: Images, max_trials: int, epochs: int) -> str:
    height, width, _ = images.shape
    return (
        f"Tuning a convolutional network on {images.name}: {len(images.train[0])} images of "
        f"{height} x {width} to train on, {len(images.validation[0])} to choose by, "
        f"{len(images.test[0])} for the test. At most {max_trials} trials of {epochs} epochs."
    )


def _tuner(
    images: Images,
    max_trials: int,
    folder: Path,
    seed: int,
    *,
    overwrite: bool,
    listeners: Sequence[SearchListener],
) -> Any:
    from tfhpo.cli.demo_model import builder
    from tfhpo.tuners import ElasticGridSearch

    return ElasticGridSearch(
        builder(images.shape, images.classes),
        objective="val_accuracy",
        max_trials=max_trials,
        seed=seed,
        directory=str(folder.resolve().parent),
        project_name=folder.resolve().name,
        overwrite=overwrite,
        logdir=folder / _LOGS,
        listeners=listeners,
    )


def _command(data: Path | None, max_trials: int, epochs: int, directory: Path, seed: int) -> str:
    """Returns the command that goes on with this demo."""
    command = ["tfhpo", "demo"] + ([] if data is None else ["--data", str(data)])
    command += ["--max-trials", str(max_trials), "--epochs", str(epochs)]
    return shlex.join([*command, "--directory", str(directory), "--seed", str(seed)])


def _report(tuner: Any, images: Images, folder: Path) -> None:
    """Prints the table and the test accuracy, draws the ranges, and says where all of it is."""
    from tfhpo.reporting import plot_ranges, print_results, ranges_data

    study = tuner.study()
    print_results(study, console=console())
    plot_ranges(ranges_data(study), folder / _PICTURE)
    best = study.best()
    if best:
        accuracy = tuner.get_best_models()[0].evaluate(*images.test, verbose=0, return_dict=True)
        console().print(
            f"\nThe best model, of trial {best[0].number}, has a test accuracy of "
            f"[bold green]{accuracy['accuracy']:.2%}[/]."
        )
    hints = [
        ("Table", shlex.join(["tfhpo", "show", str(folder)])),
        ("TensorBoard", shlex.join(["tensorboard", "--logdir", str(folder / _LOGS)])),
        ("Study", str(study.path)),
        ("Ranges", str(folder / _PICTURE)),
    ]
    show_hints(hints)
