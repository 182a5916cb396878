"""What a search's training process holds after 20, 50, 100 and 200 small trials, in MiB.

    python -m benchmarks.memory --trials 200

Every search trains the same kind of network, of different widths, on made-up data. The resident
memory of the process that trains is written down at the end of each training. tfhpo's isolated
trials run in processes that are replaced after 50 trials here (by default after 100), so what they
hold goes up and down again; the highest value so far is in brackets.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

COUNTS = (20, 50, 100, 200)
_PER_PROCESS = 50


def build(hp: Any) -> Any:
    """A small convolutional network."""
    import keras

    layers = [
        keras.Input((16, 16, 1)),
        keras.layers.Conv2D(hp.Int("filters", 4, 32), 3, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(hp.Int("units", 8, 128), activation="relu"),
        keras.layers.Dense(10),
    ]
    model = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"], jit_compile=False)
    return model


def recorder(path: Path) -> Any:
    """Returns a callback that writes down the memory at the end of each training."""
    import keras

    class Recorder(keras.callbacks.Callback):  # type: ignore[misc]
        """Appends a line of MiB."""

        def on_train_end(self, logs: Any = None) -> None:
            import psutil

            held = psutil.Process().memory_info().rss / 2**20
            with path.open("a") as file:
                file.write(f"{held:.0f}\n")

    return Recorder()


def search(tuner: Any, path: Path) -> None:
    """Runs the search."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(256, 16, 16, 1)).astype(np.float32)
    y = rng.integers(0, 10, size=256)
    tuner.search(x, y, validation_split=0.25, epochs=1, verbose=0, callbacks=[recorder(path)])


def with_keras_tuner(folder: str, trials: int) -> Any:
    """Returns KerasTuner's random search."""
    import keras_tuner

    return keras_tuner.RandomSearch(build, "val_accuracy", trials, seed=0, directory=folder)


def with_tfhpo(folder: str, trials: int, **settings: Any) -> Any:
    """Returns tfhpo's random search."""
    import tfhpo

    return tfhpo.RandomSearch(build, "val_accuracy", trials, seed=0, directory=folder, **settings)


SEARCHES: dict[str, Callable[[str, int], Any]] = {
    "KerasTuner": with_keras_tuner,
    "tfhpo, in one process": with_tfhpo,
    "tfhpo, isolated": lambda *given: with_tfhpo(
        *given, isolate=True, trials_per_process=_PER_PROCESS
    ),
}


def main() -> None:
    """Searches and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trials", type=int, default=COUNTS[-1])
    parser.add_argument("--run", nargs=2, metavar=("SEARCH", "FOLDER"))
    arguments = parser.parse_args()
    if arguments.run:
        name, folder = arguments.run
        search(SEARCHES[name](folder, arguments.trials), Path(folder, "memory"))
        return
    counts = [count for count in COUNTS if count <= arguments.trials]
    print(f"| MiB after | {' | '.join(str(count) for count in counts)} |")
    print(f"|---|{'---:|' * len(counts)}")
    for name in SEARCHES:
        held = _held(name, arguments.trials)
        cells = [f"{held[count - 1]:.0f} ({max(held[:count]):.0f})" for count in counts]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def _held(name: str, trials: int) -> list[float]:
    """Returns the memory after each trial of a search that is a program of its own."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [
                sys.executable,
                *("-m", "benchmarks.memory", "--trials", str(trials), "--run", name, folder),
            ],
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
            stdout=subprocess.DEVNULL,
            check=True,
        )
        return [float(line) for line in Path(folder, "memory").read_text().split()]


if __name__ == "__main__":
    main()
