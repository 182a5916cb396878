"""Problems that really train: an SVM, gradient boosting, and a small Keras CNN.

A score is the cross-validated error or loss, or the validation loss, under fixed splits and seeds:
the same configuration always scores the same, so the score is its own mean.

The best score is not known. It is taken to be the lowest of a random sample and of a short local
search from there, so a search may well beat it; its regret is then 0.

These problems take minutes where the others take seconds, so they are only run when named.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import random
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmarks.landmarks import child, landmarks
from benchmarks.problems import Problem, Values
from tfhpo.space import Condition, FloatRange, IntegerRange, Levels, Parameter, Space, Steps

_PARENTS = 5


def factories(folder: Path) -> dict[str, Callable[[], Problem]]:
    """Returns how to make each problem whose libraries are present, by name; they need no files."""
    del folder
    return {
        name: partial(_problem, name)
        for name, live in LIVE.items()
        if all(find_spec(library) for library in live.libraries)
    }


def _problem(name: str) -> Problem:
    live = LIVE[name]
    best, median = landmarks(name, partial(_find_landmarks_apart, name))

    def objective(values: Values, rng: np.random.Generator) -> float:
        del rng
        return live.score(values)

    return Problem(name, "live", live.space, objective, live.score, best, median, held_out=True)


# ---------------------------------------------------------------- landmarks


def _find_landmarks_apart(name: str) -> tuple[float, float]:
    """Returns the best and the median score, found in a process of its own.

    The caller may go on to fork, which does not work once TensorFlow has started its threads.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, threadpool_limits, (1,)) as pool:
        return pool.submit(_find_landmarks, name).result()


def _find_landmarks(name: str) -> tuple[float, float]:
    """Searches by a random sample, then moves its best points, one step after the other."""
    live, rng = LIVE[name], np.random.default_rng(0)
    points = [live.space.draw(rng.random(len(live.space))) for _ in range(live.samples)]
    scores = [_score(live, live.space.decode(*point)) for point in points]
    median = float(np.median(scores))
    for width in np.geomspace(0.3, 0.01, live.refinements):
        parents = [points[i] for i in np.argsort(scores)[:_PARENTS]]
        points.append(child(parents, width, live.space, rng))
        scores.append(_score(live, live.space.decode(*points[-1])))
    return min(scores), median


def _score(live: Live, values: Values) -> float:
    """Returns the score, infinite where the trial failed."""
    score = live.score(values)
    return score if math.isfinite(score) else math.inf


# ---------------------------------------------------------------- an SVM

_KERNELS = ("linear", "rbf", "poly", "sigmoid")

SVM = Space(
    [
        Parameter("kernel", Levels(_KERNELS)),
        Parameter("C", FloatRange(1e-1, 1e3, "log")),
        Parameter("gamma", FloatRange(1e-4, 1.0, "log"), (Condition("kernel", _KERNELS[1:]),)),
        Parameter("degree", Steps(2, 5), (Condition("kernel", ("poly",)),)),
        Parameter("coef0", FloatRange(0.0, 1.0), (Condition("kernel", ("poly", "sigmoid")),)),
        Parameter("scaling", Levels(("none", "standard", "range", "length"))),
    ]
)
_ROWS = 600


def svm(values: Values) -> float:
    """Returns the error, in [0, 1], of a support vector classifier on a third of the digits."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, Normalizer, StandardScaler
    from sklearn.svm import SVC

    scalers = {"standard": StandardScaler, "range": MinMaxScaler, "length": Normalizer}
    chosen = dict(values)
    scaling = str(chosen.pop("scaling"))
    scaler = scalers[scaling]() if scaling in scalers else "passthrough"
    # Few kernels of this space need more steps than that; those that do are no good.
    model = make_pipeline(scaler, SVC(**chosen, max_iter=10_000))
    images, digits = _digits()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        scores = cross_val_score(model, images[:_ROWS], digits[:_ROWS], cv=_folds())
    return 1.0 - float(scores.mean())


# ---------------------------------------------------------------- gradient boosting

BOOSTING = Space(
    [
        Parameter("learning_rate", FloatRange(1e-2, 1.0, "log")),
        Parameter("n_estimators", IntegerRange(5, 120)),
        Parameter("max_depth", Steps(1, 8)),
        Parameter("min_samples_leaf", IntegerRange(1, 100)),
        Parameter("subsample", FloatRange(0.2, 1.0)),
        Parameter("max_features", FloatRange(0.05, 1.0)),
        Parameter("loss", Levels(("log_loss", "exponential"))),
    ]
)


def boosting(values: Values) -> float:
    """Returns the log loss, in nats, of gradient boosted trees on the breast cancer data."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.model_selection import cross_val_score

    features, benign = load_breast_cancer(return_X_y=True)
    model = GradientBoostingClassifier(**values, random_state=0)
    scores = cross_val_score(model, features, benign, cv=_folds(), scoring="neg_log_loss")
    return -float(scores.mean())


# ---------------------------------------------------------------- a convolutional network


def _under(kind: str) -> tuple[Condition, ...]:
    return (Condition("optimizer", (kind,)),)


CNN = Space(
    [
        Parameter("convolutions", Steps(1, 3)),
        Parameter("filters", IntegerRange(4, 32)),
        Parameter("kernel", Steps(2, 5)),
        Parameter("units", IntegerRange(8, 128)),
        Parameter("dropout", Steps(0.0, 0.6, 0.1)),
        Parameter("activation", Levels(("relu", "tanh", "elu", "gelu"))),
        Parameter("batch", Steps(16, 256, 2, "log")),
        Parameter("optimizer", Levels(("sgd", "adam", "rmsprop"))),
        Parameter("sgd_rate", FloatRange(1e-3, 1.0, "log"), _under("sgd")),
        Parameter("momentum", FloatRange(0.0, 0.99), _under("sgd")),
        Parameter("adam_rate", FloatRange(1e-4, 1e-1, "log"), _under("adam")),
        Parameter("rmsprop_rate", FloatRange(1e-4, 1e-1, "log"), _under("rmsprop")),
    ]
)
_TRAINED_ON, _EPOCHS = 1_200, 3


def cnn(values: Values) -> float:
    """Returns the validation loss, in nats, of a network on the digits; NaN where it diverged."""
    keras = _keras()
    with _seeded(keras):
        reached = _validation_loss(keras, values)
    return reached if math.isfinite(reached) else math.nan


def _validation_loss(keras: Any, values: Values) -> float:
    keras.backend.clear_session()
    images, digits = _digits()
    images = images.reshape(-1, 8, 8, 1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model = _network(keras, values)
    model.compile(_optimizer(keras, values), loss, jit_compile=False)
    model.fit(
        images[:_TRAINED_ON],
        digits[:_TRAINED_ON],
        batch_size=int(values["batch"]),
        epochs=_EPOCHS,
        verbose=0,
    )
    # One plain call: `evaluate` would trace the network a second time.
    return float(loss(digits[_TRAINED_ON:], model(images[_TRAINED_ON:], training=False)))


def _network(keras: Any, values: Values) -> Any:
    layers, activation = keras.layers, values["activation"]
    filters, kernel = values["filters"], values["kernel"]
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Rescaling(1 / 16),
            *(
                layers.Conv2D(filters, kernel, padding="same", activation=activation)
                for _ in range(int(values["convolutions"]))
            ),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(values["dropout"]),
            layers.Dense(values["units"], activation=activation),
            layers.Dense(10),
        ]
    )


def _optimizer(keras: Any, values: Values) -> Any:
    kind = str(values["optimizer"])
    rate = values[f"{kind}_rate"]
    if kind == "sgd":
        return keras.optimizers.SGD(rate, momentum=values["momentum"])
    return {"adam": keras.optimizers.Adam, "rmsprop": keras.optimizers.RMSprop}[kind](rate)


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


@contextmanager
def _seeded(keras: Any) -> Iterator[None]:
    """Seeds all that training draws from, and gives the global generators back as they were.

    A contender may draw from them too: seeded by every trial, it would repeat itself.
    """
    python, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002 - Keras seeds it
    keras.utils.set_random_seed(0)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(legacy)  # noqa: NPY002


# ---------------------------------------------------------------- data


@lru_cache(maxsize=1)
def _digits() -> tuple[Any, Any]:
    """Returns the images, `1797 x 64` from 0 to 16, and their digits, `1797`, shuffled."""
    from sklearn.datasets import load_digits

    images, digits = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(digits))
    return images[order].astype(np.float32), digits[order]


def _folds() -> Any:
    from sklearn.model_selection import StratifiedKFold

    return StratifiedKFold(3, shuffle=True, random_state=0)


class Live(NamedTuple):
    """What a problem trains, and how long to search for its landmarks."""

    space: Space
    score: Callable[[Values], float]
    libraries: tuple[str, ...]
    samples: int
    refinements: int


LIVE = {
    "live_svm": Live(SVM, svm, ("sklearn",), 300, 100),
    "live_boosting": Live(BOOSTING, boosting, ("sklearn",), 60, 100),
    "live_cnn": Live(CNN, cnn, ("sklearn", "keras", "tensorflow"), 40, 60),
}
