"""What a trial costs on top of the same `fit` alone: tfhpo, tfhpo with logdir, and KerasTuner.

`bare fit` is what one would write without a tuner: seed, build, compile, fit, in a loop. All
subjects train the same models, of which only the learning rate is searched, each search in a
process of its own. They take turns in a changing order, so that a load that comes and goes meets
all alike. What counts is the time between the end of a search's first trial and the end of its
last, by the trials in between; what comes before is told apart. The table gives the median over
the rounds, and as the overhead the median of the ratios to the bare fit of the same round: of the
time on the clock, and of the processor's time, which other programs disturb less.

    python benchmarks/trial_overhead.py
    python benchmarks/trial_overhead.py --model dense --trials 10 --rounds 5
    python benchmarks/trial_overhead.py --memory            # resident memory over 60 trials
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import keras_tuner as kt
import numpy as np

import tfhpo

EPOCHS = 5

Build = Callable[[kt.HyperParameters], keras.Model]


class Problem(NamedTuple):
    """A model and the size of its data: images of 28 x 28, or rows of 20 numbers."""

    title: str
    build: Build
    rows: int
    shape: tuple[int, ...]


def compiled(hp: kt.HyperParameters, layers: list[keras.layers.Layer]) -> keras.Model:
    """Returns a classifier of ten classes."""
    model = keras.Sequential([*layers, keras.layers.Dense(10)])
    model.compile(
        keras.optimizers.Adam(hp.Float("learning_rate", 1e-3, 1e-2, sampling="log")),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def dense(hp: kt.HyperParameters) -> keras.Model:
    """Two hidden layers."""
    hidden = [keras.layers.Dense(64, "relu") for _ in range(2)]
    return compiled(hp, [keras.Input((20,)), *hidden])


def small_cnn(hp: kt.HyperParameters) -> keras.Model:
    """One convolution, as in the demo."""
    return compiled(
        hp,
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(128, "relu"),
        ],
    )


def larger_cnn(hp: kt.HyperParameters) -> keras.Model:
    """Four convolutions in two blocks."""
    blocks = []
    for filters in (32, 64):
        blocks += [
            keras.layers.Conv2D(filters, 3, activation="relu", padding="same"),
            keras.layers.Conv2D(filters, 3, activation="relu", padding="same"),
            keras.layers.MaxPooling2D(),
        ]
    head = [keras.layers.Flatten(), keras.layers.Dense(128, "relu"), keras.layers.Dropout(0.3)]
    return compiled(hp, [keras.Input((28, 28, 1)), *blocks, *head])


PROBLEMS = {
    "dense": Problem("dense 20-64-64-10, 4,000 rows", dense, 4_000, (20,)),
    "small": Problem("CNN of one convolution, 4,000 images", small_cnn, 4_000, (28, 28, 1)),
    "larger": Problem("CNN of four convolutions, 1,000 images", larger_cnn, 1_000, (28, 28, 1)),
}


def fit_arguments(problem: Problem) -> dict[str, Any]:
    """Returns random data, labels that can be learnt, and the settings of `fit`."""
    rng = np.random.default_rng(0)
    x = rng.random((problem.rows, *problem.shape), dtype=np.float32)
    y = (10 * x.reshape(len(x), -1)[:, 0]).astype("int32")
    held_out = len(x) // 5
    return {
        "x": x[held_out:],
        "y": y[held_out:],
        "validation_data": (x[:held_out], y[:held_out]),
        "epochs": EPOCHS,
        "batch_size": 64,
        "verbose": 0,
    }


# ---------------------------------------------------------------- subjects

#: Called at the end of every trial.
Note = Callable[[], None]


def bare(problem: Problem, trials: int, fit: dict[str, Any], _: Path, note: Note) -> None:
    """Trains configurations drawn at random in a plain loop, each with its seed."""
    hp = kt.HyperParameters()
    problem.build(hp)
    for number in range(trials):
        keras.utils.set_random_seed(number)
        for parameter in hp.space:
            hp.values[parameter.name] = parameter.random_sample(number)
        problem.build(hp).fit(**fit)
        note()


def tuner(kind: type[kt.Tuner], **settings: Any) -> Callable[..., None]:
    """Returns the search by a tuner."""

    def search(
        problem: Problem, trials: int, fit: dict[str, Any], folder: Path, note: Note
    ) -> None:
        class Noting(kind):  # type: ignore[misc, valid-type]
            def on_trial_end(self, trial: Any) -> None:
                super().on_trial_end(trial)
                note()

        chosen = {name: folder / value for name, value in settings.items()}
        noting = Noting(problem.build, "val_loss", trials, seed=1, directory=folder, **chosen)
        noting.search(**fit)

    return search


SUBJECTS = {
    "bare fit": bare,
    "tfhpo": tuner(tfhpo.RandomSearch),
    "tfhpo, logdir": tuner(tfhpo.RandomSearch, logdir="logs"),
    "KerasTuner": tuner(kt.RandomSearch),
}


# ---------------------------------------------------------------- measuring


class Cost(NamedTuple):
    """Seconds per trial, on the clock and of the processor; and once, before the second trial."""

    clock: float
    processor: float
    once: float


def cost(subject: str, problem: Problem, trials: int, fit: dict[str, Any]) -> Cost:
    """Returns what a search by one subject costs in this process, which has not searched before."""
    bare(problem, 1, fit, Path(), lambda: None)  # TensorFlow's first use is nobody's cost.
    ends: list[tuple[float, float]] = []

    def note() -> None:
        ends.append((time.perf_counter(), time.process_time()))

    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        SUBJECTS[subject](problem, trials, fit, Path(folder), note)
    differences = np.subtract(ends[-1], ends[0])
    clock, processor = (float(one) / (trials - 1) for one in differences)
    return Cost(clock, processor, ends[0][0] - began - clock)


def cost_alone(subject: str, model: str, trials: int) -> Cost:
    """Returns what `cost` returns in a process of its own.

    TensorFlow never frees all that it has traced, so one subject's search would slow the next.
    """
    command = [sys.executable, __file__, "--alone", subject, "--model", model]
    done = subprocess.run(
        [*command, "--trials", str(trials)], capture_output=True, text=True, check=True
    )
    return Cost(*json.loads(done.stdout.splitlines()[-1]))


def rounds_of(model: str, trials: int, rounds: int) -> Iterator[dict[str, Cost]]:
    """Yields the costs of every subject, round by round."""
    names = list(SUBJECTS)
    for number in range(rounds):
        turned = names[number % len(names) :] + names[: number % len(names)]
        yield {name: cost_alone(name, model, trials) for name in turned}


def row(problem: Problem, found: list[dict[str, Cost]]) -> str:
    """Returns the table's row: seconds per trial, and what each subject adds to the bare fit."""
    cells = [problem.title]
    for name in SUBJECTS:
        cell = f"{statistics.median(one[name].clock for one in found):.2f} s"
        if name != "bare fit":
            clock = statistics.median(one[name].clock / one["bare fit"].clock for one in found)
            processor = statistics.median(
                one[name].processor / one["bare fit"].processor for one in found
            )
            once = statistics.median(one[name].once for one in found)
            cell += f", {100 * (clock - 1):+.0f} % ({100 * (processor - 1):+.0f} %), {once:.1f} s"
        cells.append(cell)
    return f"| {' | '.join(cells)} |"


def resident_megabytes() -> float:
    """Returns the resident memory of this process (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 2**20


def memory(trials: int) -> None:
    """Prints the resident memory in a search of one-epoch trials of the small CNN."""
    problem = PROBLEMS["small"]
    fit = {**fit_arguments(problem), "epochs": 1}

    class Watch(tfhpo.tuners.SearchListener):
        began = time.perf_counter()

        def on_trial_end(self, trial: Any) -> None:
            if (trial.number + 1) % 10 == 0:
                now = time.perf_counter()
                print(
                    f"| {trial.number + 1} | {resident_megabytes():.0f} MiB "
                    f"| {(now - self.began) / 10:.2f} s |",
                    flush=True,
                )
                self.began = now

    print("| trials | resident memory | time of a trial |\n|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        tuner = tfhpo.RandomSearch(
            problem.build, "val_loss", trials, seed=0, directory=folder, listeners=[Watch()]
        )
        tuner.search(**fit)


def main() -> None:
    """Measures what was asked for and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=PROBLEMS, action="append", help="measure this one only")
    parser.add_argument("--trials", type=int, default=8, help="trials per search")
    parser.add_argument("--rounds", type=int, default=4, help="searches per subject")
    parser.add_argument("--alone", choices=SUBJECTS, help="one search, its costs as JSON")
    parser.add_argument("--memory", action="store_true", help="watch the memory of 60 trials")
    arguments = parser.parse_args()
    logging.getLogger("tensorflow").setLevel(logging.ERROR)

    models = arguments.model or list(PROBLEMS)
    if arguments.alone:
        problem = PROBLEMS[models[0]]
        print(json.dumps(cost(arguments.alone, problem, arguments.trials, fit_arguments(problem))))
        return
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, Keras {keras.__version__}, ", end="")
    print(f"{os.cpu_count()} cores, load {load:.1f} at the start\n")
    if arguments.memory:
        memory(60)
        return
    print(f"| {EPOCHS} epochs | " + " | ".join(SUBJECTS) + " |")
    print("|---|" + "---:|" * len(SUBJECTS))
    for model in models:
        found = list(rounds_of(model, arguments.trials, arguments.rounds))
        print(row(PROBLEMS[model], found), flush=True)


if __name__ == "__main__":
    main()
