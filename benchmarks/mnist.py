"""Epochs on MNIST until a search has the accuracy that 40 full trainings find.

    python -m benchmarks.mnist --seeds 5 --keep curves

A small convolutional network learns from 8,000 images of the training set, and 2,000 others
validate it, for up to nine epochs. Under each seed, 40 random configurations are trained in full:
360 epochs, and their best validation accuracy is the target. Then every contender, on the same
seed, trains until it has reached the target or has spent 360 epochs too. With a pruner and random
search it meets the very same configurations in the same order. A strategy over rungs is charged for
the epochs that are missing where a configuration goes on.

Training on one thread is a function of the configuration and the seed, so an epoch that one
contender has trained need not be trained again for another: the curves are kept (with `--keep`, on
disk), and only the counting differs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.problems import Values, data_folder
from tfhpo.pruners import make_pruner
from tfhpo.space import Condition, FloatRange, IntegerRange, Levels, Parameter, Space, Steps
from tfhpo.strategies import STRATEGIES, MultiFidelity, Result, Strategy

EPOCHS = 9
TRIALS = 40
BUDGET = EPOCHS * TRIALS
_TRAINED_ON, _VALIDATED_ON = 8_000, 2_000
SPACE = Space(
    [
        Parameter("filters", IntegerRange(2, 12)),
        Parameter("kernel", Steps(2, 5)),
        Parameter("units", IntegerRange(8, 64)),
        Parameter("dropout", FloatRange(0.0, 0.6)),
        Parameter("batch", Steps(32, 256, 2, "log")),
        Parameter("activation", Levels(("relu", "tanh", "elu"))),
        Parameter("optimizer", Levels(("sgd", "adam", "rmsprop"))),
        Parameter("rate", FloatRange(1e-5, 1.0, "log")),
        Parameter("momentum", FloatRange(0.0, 0.99), (Condition("optimizer", ("sgd",)),)),
    ]
)
_STAGES = (1, 3, EPOCHS)
_RUNGS = Parameter("epochs", Levels(_STAGES, ordered=True))

# ---------------------------------------------------------------- training


@dataclass(frozen=True)
class Trainings:
    """Learning curves, trained when they are first asked for.

    Args:
        seed: Of the training.
        folder: Where curves are kept.
    """

    seed: int
    folder: Path

    def curve(self, values: Values, epochs: int) -> list[float]:
        """Returns the validation error after each of the first epochs, a share of the images."""
        text = json.dumps([self.seed, sorted(values.items())])
        file = self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"
        known: list[float] = json.loads(file.read_text()) if file.exists() else []
        if len(known) < epochs:
            known = _train(values, self.seed, epochs)
            file.parent.mkdir(parents=True, exist_ok=True)
            beside = file.with_suffix(f".{os.getpid()}")
            beside.write_text(json.dumps(known))
            beside.replace(file)
        return known[:epochs]


def _train(values: Values, seed: int, epochs: int) -> list[float]:
    keras, (images, digits) = _keras(), _images()
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(values["filters"], values["kernel"], 2, activation=values["activation"]),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(values["dropout"]),
            layers.Dense(values["units"], activation=values["activation"]),
            layers.Dense(10),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(_optimizer(keras, values), loss, metrics=["accuracy"], jit_compile=False)
    kept, held = slice(_TRAINED_ON), slice(_TRAINED_ON, None)
    history = model.fit(
        images[kept],
        digits[kept],
        validation_data=(images[held], digits[held]),
        epochs=epochs,
        batch_size=int(values["batch"]),
        verbose=0,
    )
    return [1.0 - accuracy for accuracy in history.history["val_accuracy"]]


def _optimizer(keras: Any, values: Values) -> Any:
    if values["optimizer"] == "sgd":
        return keras.optimizers.SGD(values["rate"], momentum=values["momentum"])
    kinds = {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop}
    return kinds[str(values["optimizer"])](values["rate"])


@lru_cache(maxsize=1)
def _keras() -> Any:
    """Returns Keras on one thread of the CPU, where the order of every sum is the same."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import tensorflow as tf

    tf.config.set_visible_devices([], "GPU")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    return keras


@lru_cache(maxsize=1)
def _images() -> tuple[Any, Any]:
    """Returns images, `10000 x 28 x 28 x 1` from 0 to 1, and their digits, `10000`."""
    with np.load(data_folder() / "mnist.npz") as mnist:
        some = slice(_TRAINED_ON + _VALIDATED_ON)
        images, digits = mnist["x_train"][some], mnist["y_train"][some]
    return images[..., None].astype(np.float32) / 255.0, digits.astype(np.int64)


# ---------------------------------------------------------------- searching

#: Yields the best error so far after each epoch that was spent.
Search = Callable[[Trainings], Iterator[float]]


def pruned(strategy: str, pruner: str | None) -> Search:
    """Returns a search by full trainings, which a pruner may stop early."""

    def search(trainings: Trainings) -> Iterator[float]:
        proposer = _made(strategy, SPACE, trainings.seed)
        judge = make_pruner(pruner)
        best = math.inf
        for number in range(10**6):
            ((key, point),) = proposer.suggest()
            values, reached = SPACE.decode(*point), math.inf
            for epoch in range(EPOCHS):
                # As many epochs as may be needed, so that little is trained for nothing.
                stage = min(rung for rung in _STAGES if rung > epoch)
                error = trainings.curve(values, stage)[epoch]
                best, reached = min(best, error), min(reached, error)
                yield best
                if judge and not judge.report(number, error, step=epoch) and epoch + 1 < EPOCHS:
                    told = Result(key, point, judge.expected_end(number), pruned=True)
                    break
            else:
                told = Result(key, point, reached)
                if judge:
                    judge.end(number)
            proposer.observe([told])

    return search


def over_rungs(scheduler: str, proposer: str) -> Search:
    """Returns a search by a multi-fidelity strategy whose trials go on from one another."""

    def search(trainings: Trainings) -> Iterator[float]:
        space = Space([_RUNGS, *SPACE.parameters])
        strategy = _made(scheduler, space, trainings.seed, fidelity="epochs", proposer=proposer)
        best = math.inf
        while True:
            ((key, point),) = strategy.suggest()
            values = space.decode(*point)
            epochs = int(values.pop("epochs"))
            origin = _origin(strategy, key)
            former = 0 if origin is None else _epochs(strategy, origin)
            curve = trainings.curve(values, epochs)
            for error in curve[former:]:
                best = min(best, error)
                yield best
            strategy.observe([Result(key, point, min(curve))])

    return search


def _made(name: str, space: Space, seed: int, **options: Any) -> Strategy:
    return STRATEGIES[name](space, np.random.default_rng(seed), budget=TRIALS, **options)


def _origin(strategy: Strategy, key: int) -> int | None:
    return strategy.origin(key) if isinstance(strategy, MultiFidelity) else None


def _epochs(strategy: Strategy, key: int) -> int:
    point = strategy.history.entry(key).point
    return int(strategy.space.decode(*point)["epochs"])


CONTENDERS: dict[str, Search] = {
    "random": pruned("random", None),
    "random, median": pruned("random", "median"),
    "random, asha pruner": pruned("random", "asha"),
    "tpe, asha pruner": pruned("tpe", "asha"),
    "bayesian, median": pruned("bayesian", "median"),
    "bayesian, asha pruner": pruned("bayesian", "asha"),
    "asha over random": over_rungs("asha", "random"),
    "asha over bayesian": over_rungs("asha", "bayesian"),
    "hyperband over random": over_rungs("hyperband", "random"),
    "hyperband over bayesian": over_rungs("hyperband", "bayesian"),
}


# ---------------------------------------------------------------- the table


def target(trainings: Trainings) -> float:
    """Returns the lowest error that 40 full trainings of random configurations find."""
    search = pruned("random", None)(trainings)
    return [next(search) for _ in range(BUDGET)][-1]


def epochs_until(search: Search, trainings: Trainings, goal: float) -> int | None:
    """Returns how many epochs a search spends until it has the error, None beyond the budget."""
    for spent, best in zip(range(1, BUDGET + 1), search(trainings), strict=False):
        if best <= goal:
            return spent
    return None


def main() -> None:
    """Trains, counts and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--contenders", nargs="*", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--keep", type=Path, default=Path("mnist-curves"), metavar="FOLDER")
    arguments = parser.parse_args()
    trainings = [Trainings(seed, arguments.keep) for seed in range(arguments.seeds)]
    goals = [target(one) for one in trainings]
    accuracies = ", ".join(f"{1 - goal:.4f}" for goal in goals)
    print(f"Accuracies to reach: {accuracies}; 40 full trainings are {BUDGET} epochs.\n")
    print("| search | epochs until then, by seed | mean | share |\n|---|---|---:|---:|")
    for name in arguments.contenders:
        counts = [
            epochs_until(CONTENDERS[name], one, goal)
            for one, goal in zip(trainings, goals, strict=True)
        ]
        shown = ", ".join(f"over {BUDGET}" if count is None else str(count) for count in counts)
        mean = float(np.mean([BUDGET if count is None else count for count in counts]))
        least = "at least " if None in counts else ""
        print(f"| {name} | {shown} | {least}{mean:.0f} | {mean / BUDGET:.2f} |", flush=True)


if __name__ == "__main__":
    main()
