"""Trials a minute with one worker and with two, beside KerasTuner, Optuna and Ray Tune.

    python -m benchmarks.workers --trials 24 --rounds 3

Everyone runs the same trials, a grid: a small convolutional network on 10,000 images of MNIST, for
three epochs. Each search is a program of its own, timed from its start to its end, imports and the
start of its workers included, since users wait for these too. Each worker has one thread. In each
round everyone takes a turn, so that a machine that is slow for a while is slow for all; the table
shows the median of the rounds, and the least and the most.

KerasTuner's two workers are those of its chief and worker variables, the chief a third process.
Optuna's are two processes of joblib that share an SQLite storage. Ray Tune's run on a cluster that
it starts on this machine.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.problems import data_folder

FILTERS, RATES = [4, 8, 12, 16], [3e-4, 1e-3, 2e-3, 3e-3, 5e-3, 1e-2]
EPOCHS, _IMAGES, _HELD_OUT = 3, 10_000, 2_000


@cache
def images() -> tuple[Any, Any, Any]:
    """Returns images and digits to train on, and a pair of these that validates."""
    with np.load(data_folder() / "mnist.npz") as mnist:
        x = mnist["x_train"][: _IMAGES + _HELD_OUT, ..., None].astype(np.float32) / 255.0
        y = mnist["y_train"][: _IMAGES + _HELD_OUT].astype(np.int64)
    return x[:_IMAGES], y[:_IMAGES], (x[_IMAGES:], y[_IMAGES:])


def network(filters: int, rate: float) -> Any:
    """Returns the compiled network."""
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(filters, 5, 2, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(rate), loss, metrics=["accuracy"], jit_compile=False)
    return model


def build(hp: Any) -> Any:
    """The network as KerasTuner's function."""
    return network(hp.Choice("filters", FILTERS), hp.Choice("rate", RATES))


def trained(filters: int, rate: float) -> float:
    """Returns the validation accuracy of a training, for tuners that know no Keras."""
    import keras

    keras.backend.clear_session()
    x, y, held_out = images()
    model = network(filters, rate)
    history = model.fit(x, y, validation_data=held_out, epochs=EPOCHS, batch_size=64, verbose=0)
    return float(history.history["val_accuracy"][-1])


# ---------------------------------------------------------------- the searches


def with_tfhpo(folder: str, trials: int, workers: int, **settings: Any) -> None:
    """Searches with tfhpo's grid."""
    import tfhpo

    tuner = tfhpo.GridSearch(
        build, "val_accuracy", trials, directory=folder, workers=workers, **settings
    )
    x, y, held_out = images()
    tuner.search(x, y, validation_data=held_out, epochs=EPOCHS, batch_size=64, verbose=0)
    _check(len(tuner.study().completed), trials)


def with_keras_tuner(folder: str, trials: int, workers: int) -> None:
    """Searches with KerasTuner's grid; with several workers, in a program each and the chief's."""
    if workers == 1:
        _keras_tuner(folder, trials)
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    names = ["chief", *(f"worker{number}" for number in range(workers))]
    programs = [
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.workers", "--part", folder, "--trials", str(trials)],
            env={
                **os.environ,
                "KERASTUNER_TUNER_ID": name,
                "KERASTUNER_ORACLE_IP": "127.0.0.1",
                "KERASTUNER_ORACLE_PORT": port,
            },
            stdout=subprocess.DEVNULL,
        )
        for name in names
    ]
    statuses = [program.wait() for program in programs]
    if any(statuses):
        raise SystemExit(f"KerasTuner's chief and workers ended with {statuses}")


def _keras_tuner(folder: str, trials: int) -> None:
    import keras_tuner

    tuner = keras_tuner.GridSearch(build, "val_accuracy", trials, directory=folder)
    x, y, held_out = images()
    tuner.search(x, y, validation_data=held_out, epochs=EPOCHS, batch_size=64, verbose=0)


def with_optuna(folder: str, trials: int, workers: int) -> None:
    """Searches with Optuna's grid, in processes of joblib."""
    import joblib
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    place = f"sqlite:///{folder}/optuna.db"
    sampler = _optuna_sampler()
    optuna.create_study(study_name="grid", storage=place, direction="maximize", sampler=sampler)
    if workers == 1:
        _optuna_part(place, trials)
    else:
        # By the name of its module: what the main program caches cannot be carried by value.
        from benchmarks.workers import _optuna_part as part

        parts = [joblib.delayed(part)(place, trials // workers) for _ in range(workers)]
        joblib.Parallel(n_jobs=workers)(parts)
    _check(len(optuna.load_study(study_name="grid", storage=place).trials), trials)


def _optuna_sampler() -> Any:
    import optuna

    return optuna.samplers.GridSampler({"filters": FILTERS, "rate": RATES}, seed=0)


def _optuna_part(place: str, trials: int) -> None:
    import optuna

    study = optuna.load_study(study_name="grid", storage=place, sampler=_optuna_sampler())
    study.optimize(
        lambda trial: trained(
            trial.suggest_categorical("filters", FILTERS), trial.suggest_categorical("rate", RATES)
        ),
        n_trials=trials,
    )


def with_ray_tune(folder: str, trials: int, workers: int) -> None:
    """Searches with Ray Tune's grid."""
    import ray
    from ray import tune

    # By the name of its module, as for joblib.
    from benchmarks.workers import trained as training

    ray.init(num_cpus=workers, include_dashboard=False, log_to_driver=False)
    tuner = tune.Tuner(
        lambda config: {"accuracy": training(config["filters"], config["rate"])},
        param_space={"filters": tune.grid_search(FILTERS), "rate": tune.grid_search(RATES)},
        run_config=tune.RunConfig(storage_path=folder, verbose=0),
    )
    _check(len(tuner.fit()), trials)


def _check(found: int, trials: int) -> None:
    if found != trials:
        raise SystemExit(f"{found} trials were run, not {trials}")


SEARCHES: dict[str, Callable[[str, int, int], None]] = {
    "tfhpo": with_tfhpo,
    "tfhpo, isolated": lambda *given: with_tfhpo(*given, isolate=True),
    "KerasTuner": with_keras_tuner,
    "Optuna with joblib": with_optuna,
    "Ray Tune": with_ray_tune,
}


def main() -> None:
    """Times every search and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trials", type=int, default=len(FILTERS) * len(RATES))
    parser.add_argument("--workers", nargs="*", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", nargs="*", choices=SEARCHES, default=list(SEARCHES))
    parser.add_argument("--run", nargs=3, metavar=("SEARCH", "FOLDER", "WORKERS"))
    parser.add_argument("--part", metavar="FOLDER")
    arguments = parser.parse_args()
    if arguments.part:
        _keras_tuner(arguments.part, arguments.trials)
    elif arguments.run:
        name, folder, workers = arguments.run
        SEARCHES[name](folder, arguments.trials, int(workers))
    else:
        _table(arguments.only, arguments.workers, arguments.trials, arguments.rounds)


def _table(names: list[str], workers: list[int], trials: int, rounds: int) -> None:
    rates: dict[tuple[str, int], list[float]] = defaultdict(list)
    for _, name, count in product(range(rounds), names, workers):
        rates[name, count].append(60 * trials / _timed(name, count, trials))
        print(f"{name}, {count} at a time: {rates[name, count][-1]:.1f}", file=sys.stderr)
    print(f"| trials a minute, of {trials} | {' | '.join(f'{n} at a time' for n in workers)} |")
    print(f"|---|{'---:|' * len(workers)}")
    for name in names:
        print(f"| {name} | {' | '.join(_cell(rates[name, count]) for count in workers)} |")


def _cell(rates: list[float]) -> str:
    spread = f" ({min(rates):.1f} to {max(rates):.1f})" if len(rates) > 1 else ""
    return f"{median(rates):.1f}{spread}"


def _timed(name: str, workers: int, trials: int) -> float:
    """Returns how long a search takes as a program of its own, in seconds."""
    threads = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "search").mkdir()
        began = time.perf_counter()
        subprocess.run(
            [
                sys.executable,
                *("-m", "benchmarks.workers", "--trials", str(trials)),
                *("--run", name, f"{folder}/search", str(workers)),
            ],
            env={
                **os.environ,
                "PYTHONPATH": str(Path.cwd()),
                "TF_CPP_MIN_LOG_LEVEL": "3",
                **dict.fromkeys(threads, "1"),
            },
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return time.perf_counter() - began


if __name__ == "__main__":
    main()
