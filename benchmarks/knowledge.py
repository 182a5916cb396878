"""What schedules, recommended ranges and stages bring on MNIST: test accuracy, with its spread.

    python -m benchmarks.knowledge --seeds 3 --keep knowledge

A small convolutional network learns from 10,000 images of the training set for five epochs; 2,000
others of it validate. Each search has 30 trials of Bayesian optimisation on the validation
accuracy. What is reported is the accuracy on the test set's 10,000 images of the best trial's
network, with the weights of its best epoch: a number that the search has not seen.

Three questions, two searches each; all searches of a seed share it.

- A tunable *schedule* against a tunable *constant* rate: Adam's, in its recommended range. Nothing
  else is tuned.
- *Recommended* ranges against *wide* ones: the constant rate again, in 1e-6 to 1.
- *Staged* against *joint*: the optimiser with its rate and momentum, the batch size, dropout,
  weight decay, and the network's width; 30 trials in all, either way.

Results are kept (with `--keep`) and not computed again.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.problems import data_folder

TRIALS, EPOCHS, BATCH = 30, 5, 64
_TRAINED_ON, _VALIDATED_ON = 10_000, 2_000


@functools.cache
def images() -> dict[str, tuple[Any, Any]]:
    """Returns images, `n x 28 x 28 x 1` in 0 to 1, and digits: to train, validate and test."""
    with np.load(data_folder() / "mnist.npz") as mnist:
        stop = _TRAINED_ON + _VALIDATED_ON
        parts = {
            "training": (mnist["x_train"][:_TRAINED_ON], mnist["y_train"][:_TRAINED_ON]),
            "validation": (mnist["x_train"][_TRAINED_ON:stop], mnist["y_train"][_TRAINED_ON:stop]),
            "test": (mnist["x_test"], mnist["y_test"]),
        }
    return {
        name: (x[..., None].astype(np.float32) / 255.0, y.astype(np.int64))
        for name, (x, y) in parts.items()
    }


# ---------------------------------------------------------------- the networks


def network(optimizer: Any, *, filters: int = 8, units: int = 32, dropout: float = 0.0) -> Any:
    """Returns the compiled network."""
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(filters, 5, 2, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(units, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=False)
    return model


def constant(hp: Any) -> Any:
    """Adam at a constant rate of the recommended range."""
    import keras

    from tfhpo.hp import learning_rate

    return network(keras.optimizers.Adam(learning_rate(hp, "adam")))


def wide(hp: Any) -> Any:
    """Adam at a constant rate of a wide range."""
    import keras

    return network(keras.optimizers.Adam(hp.Float("learning_rate", 1e-6, 1.0, sampling="log")))


def scheduled(hp: Any) -> Any:
    """Adam whose rate follows a tunable schedule, from the recommended range."""
    import keras

    from tfhpo import schedules
    from tfhpo.hp import learning_rate

    rate = schedules.tunable(
        hp,
        learning_rate=learning_rate(hp, "adam"),
        epochs=EPOCHS,
        samples=_TRAINED_ON,
        batch_size=BATCH,
    )
    return network(keras.optimizers.Adam(rate))


def everything(hp: Any) -> Any:
    """All that a user may want to tune of this network."""
    import tfhpo.hp

    optimizer = tfhpo.hp.optimizer(hp, weight_decay=True)
    return network(
        optimizer,
        filters=hp.Int("filters", 4, 16, step=2, sampling="log"),
        units=hp.Int("units", 16, 128, step=2, sampling="log"),
        dropout=tfhpo.hp.dropout(hp),
    )


def batch_size(hp: Any) -> int:
    """A tunable batch size."""
    import tfhpo.hp

    return tfhpo.hp.batch_size(hp, minimum=16, maximum=256)


# ---------------------------------------------------------------- the searches


def search(build: Callable[[Any], Any], batch: Any, tuner: str, seed: int) -> dict[str, Any]:
    """Runs a search and returns the accuracies of its best trial's network."""
    import keras

    import tfhpo

    _one_thread()
    x, y = images()["training"]
    with tempfile.TemporaryDirectory() as folder:
        made = getattr(tfhpo, tuner)(
            build, "val_accuracy", max_trials=TRIALS, seed=seed, directory=folder
        )
        made.search(
            x,
            y,
            validation_data=images()["validation"],
            epochs=EPOCHS,
            batch_size=batch,
            verbose=0,
        )
        best = made.oracle.get_best_trials(1)[0]
        _, accuracy = made.get_best_models()[0].evaluate(*images()["test"], verbose=0)
        scores = [trial.score for trial in made.study().trials]
    keras.backend.clear_session()
    return {
        "test": float(accuracy),
        "validation": float(best.score),
        "scores": scores,
        "values": best.hyperparameters.values,
    }


@functools.cache
def _one_thread() -> None:
    """Keeps TensorFlow to one thread of the CPU, where the order of every sum is the same."""
    import tensorflow as tf

    tf.config.set_visible_devices([], "GPU")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


SEARCHES: dict[str, Callable[[int], dict[str, Any]]] = {
    "constant rate, recommended range": functools.partial(
        search, constant, BATCH, "BayesianOptimization"
    ),
    "constant rate, 1e-6 to 1": functools.partial(search, wide, BATCH, "BayesianOptimization"),
    "tunable schedule, recommended range": functools.partial(
        search, scheduled, BATCH, "BayesianOptimization"
    ),
    "everything, joint": functools.partial(search, everything, batch_size, "BayesianOptimization"),
    "everything, staged": functools.partial(search, everything, batch_size, "StagedSearch"),
}


def main() -> None:
    """Searches and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--searches", nargs="*", choices=SEARCHES, default=list(SEARCHES))
    parser.add_argument("--keep", type=Path, default=Path("knowledge"), metavar="FOLDER")
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in arguments.searches}
    for seed in range(arguments.seeds):
        for name in arguments.searches:
            found[name].append(_kept(arguments.keep, name, seed))
    print("| search | test accuracy by seed | mean | spread | validation | after 10 trials |")
    print("|---|---|---:|---:|---:|---:|")
    for name, results in found.items():
        print(f"| {name} | {_row(results)} |")


def _kept(folder: Path, name: str, seed: int) -> dict[str, Any]:
    """Returns a search's result, from the folder where it is there."""
    file = folder / f"{name.replace(' ', '_').replace(',', '')}_{seed}.json"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        result = SEARCHES[name](seed)
        unfinished = file.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(result))
        unfinished.replace(file)
    known: dict[str, Any] = json.loads(file.read_text())
    return known


def _row(results: list[dict[str, Any]]) -> str:
    tests = [100 * one["test"] for one in results]
    early = [100 * max(score or 0.0 for score in one["scores"][:10]) for one in results]
    validation = [100 * one["validation"] for one in results]
    cells = [
        ", ".join(f"{one:.2f}" for one in tests),
        f"{np.mean(tests):.2f}",
        f"{np.std(tests, ddof=1):.2f}" if len(tests) > 1 else "-",
        f"{np.mean(validation):.2f}",
        f"{np.mean(early):.2f}",
    ]
    return " | ".join(cells)


if __name__ == "__main__":
    main()
