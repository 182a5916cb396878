"""How long a strategy takes for its next point, and how much memory, by the number of trials known.

Each subject, at each number of trials, runs in a process of its own: it is told that many random
trials of eight mixed parameters, two of them conditional, and then suggests and learns more, of
which a cell tells the mean time, the longest in brackets, and the peak memory. tfhpo's strategies
fit their hyperparameters again when the results have grown by a twentieth, so the trials that are
measured are one more than that, at least ten: a fit counts as often as it happens, and the longest
suggestion is one with a fit. Peers get ten: they fit for each point, SMAC3 for each eighth. tfhpo's
strategies run on one BLAS thread, as its oracles run them, the others as they come. The first
suggestion after the bulk is not counted: it does what a search that grew trial by trial did long
before.

    python -m benchmarks.suggestion_time
    python -m benchmarks.suggestion_time --subjects bayesian tpe --counts 100 1000
    python -m benchmarks.suggestion_time --limit 240 --subjects bayesian "Optuna GP" SMAC3 HEBO

Times are those of the wall's clock, which is what a worker waits; with `--clock processor`, seconds
of the process's own computing on all its threads, which other work on the machine stretches less.

SMAC3 and HEBO, which take their time over each, make the trials that they know themselves. A cell
that is not done within `--limit` seconds says so, and greater counts of its subject are left out.
"""

from __future__ import annotations

import argparse
import atexit
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

from benchmarks import peers
from benchmarks.many_workers import CLOCKS
from benchmarks.peers import suggest_to_optuna
from benchmarks.problems import Problem, Values
from tfhpo.space import Condition, FloatRange, IntegerRange, Levels, Parameter, Space, Steps
from tfhpo.strategies import TPE, BayesianOptimization, ElasticGrid, RandomSearch, Result

# Suggestions that are measured at least, and the share of new results after which ours fit their
# hyperparameters again (`tfhpo/surrogates/refitting.py`).
FEWEST, _GROWTH = 10, 0.05
COUNTS = (50, 100, 200, 500, 1_000, 10_000)
SPACE = Space(
    [
        Parameter("rate", FloatRange(1e-5, 1e-1, "log")),
        Parameter("dropout", FloatRange(0.0, 0.6)),
        Parameter("units", IntegerRange(16, 1024)),
        Parameter("layers", Steps(1, 6)),
        Parameter("activation", Levels(("relu", "tanh", "elu", "gelu"))),
        Parameter("optimizer", Levels(("sgd", "adam", "rmsprop"))),
        Parameter("momentum", FloatRange(0.0, 0.99), (Condition("optimizer", ("sgd",)),)),
        Parameter("beta", FloatRange(0.5, 0.999), (Condition("optimizer", ("adam",)),)),
    ]
)


def loss(values: Mapping[str, Any], rng: np.random.Generator) -> float:
    """Something smooth with a little noise."""
    score = (math.log10(values["rate"]) + 3) ** 2 + (values["dropout"] - 0.2) ** 2
    score += (math.log10(values["units"]) - 2.3) ** 2 + 0.05 * (values["layers"] - 3) ** 2
    score += {"relu": 0.1, "tanh": 0.3, "elu": 0.0, "gelu": 0.2}[values["activation"]]
    score += (values.get("momentum", 0.8) - 0.9) ** 2 + (values.get("beta", 0.8) - 0.9) ** 2
    return float(score + 0.02 * rng.standard_normal())


# ---------------------------------------------------------------- subjects

#: Suggests a point and learns its result.
Step = Callable[[], None]


def ours(
    strategy: Any,
    count: int,
    rng: np.random.Generator,
    *,
    pending: int = 0,
    failing: float = 0.0,
) -> Step:
    """Returns a step of one of tfhpo's strategies that knows so many trials.

    Args:
        strategy: Makes the strategy.
        count: How many trials it knows.
        rng: Where they and their noise come from.
        pending: How many others are awaited.
        failing: The share of the known trials that failed.
    """
    search = strategy(SPACE, np.random.default_rng(0))
    for p in rng.random((count, len(SPACE))):
        point = SPACE.draw(p)
        score = math.nan if rng.random() < failing else loss(SPACE.decode(*point), rng)
        search.observe([Result(search.hold(point), point, score)])
    for p in rng.random((pending, len(SPACE))):
        search.hold(SPACE.draw(p))

    threads = ThreadpoolController()

    def step() -> None:
        with threads.limit(limits=1, user_api="blas"):
            ((key, point),) = search.suggest()
        search.observe([Result(key, point, loss(SPACE.decode(*point), rng))])

    return step


def optuna_sampler(name: str, count: int, rng: np.random.Generator) -> Step:
    """Returns a step of one of Optuna's samplers that knows so many trials."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))

    def step() -> None:
        trial = study.ask()
        study.tell(trial, loss(suggest_to_optuna(trial, SPACE), rng))

    for _ in range(count):
        step()
    study.sampler = getattr(optuna.samplers, name)(seed=0)
    return step


def keras_tuner_oracle(count: int, rng: np.random.Generator) -> Step:
    """Returns a step of KerasTuner's BayesianOptimizationOracle that knows so many trials."""
    import keras_tuner as kt

    hp = kt.HyperParameters()
    hp.Float("rate", 1e-5, 1e-1, sampling="log")
    hp.Float("dropout", 0.0, 0.6)
    hp.Int("units", 16, 1024, sampling="log")
    hp.Int("layers", 1, 6)
    hp.Choice("activation", ["relu", "tanh", "elu", "gelu"])
    hp.Choice("optimizer", ["sgd", "adam", "rmsprop"])
    hp.Float("momentum", 0.0, 0.99, parent_name="optimizer", parent_values=["sgd"])
    hp.Float("beta", 0.5, 0.999, parent_name="optimizer", parent_values=["adam"])
    oracle = kt.oracles.BayesianOptimizationOracle(
        kt.Objective("loss", "min"), 10**6, num_initial_points=count, seed=1, hyperparameters=hp
    )
    oracle.verbose = 0
    folder = tempfile.TemporaryDirectory()
    oracle._set_project_dir(folder.name, "search")

    def step() -> None:
        trial = oracle.create_trial("tuner0")
        oracle.update_trial(trial.trial_id, {"loss": loss(trial.hyperparameters.values, rng)})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)

    for _ in range(count):
        step()
    atexit.register(folder.cleanup)
    return step


def grown(contender: Callable[..., peers.Trials], count: int, rng: np.random.Generator) -> Step:
    """Returns a step of a contender of the regret benchmark that has made so many trials itself."""
    nothing = float("nan")
    problem = Problem("timing", "timing", SPACE, loss, _no_mean, best=nothing, median=nothing)
    trials = contender(problem, 0, count + 1 + FEWEST, rng)

    def step() -> None:
        next(trials)

    for _ in range(count):
        step()
    return step


def _no_mean(values: Values) -> float:
    raise NotImplementedError("Only the time of a suggestion is asked for.")


Subjects = dict[str, Callable[[int, np.random.Generator], Step]]
OURS: Subjects = {
    "bayesian": lambda count, rng: ours(BayesianOptimization, count, rng),
    "bayesian, 16 pending": lambda count, rng: ours(BayesianOptimization, count, rng, pending=16),
    "bayesian, a fifth failed": lambda count, rng: ours(
        BayesianOptimization, count, rng, failing=0.2
    ),
    "tpe": lambda count, rng: ours(TPE, count, rng),
    # By itself it would end once it has settled.
    "elastic grid": lambda count, rng: ours(partial(ElasticGrid, resolution=0.0), count, rng),
    "random": lambda count, rng: ours(RandomSearch, count, rng),
}
PEERS: Subjects = {
    "Optuna TPE": lambda count, rng: optuna_sampler("TPESampler", count, rng),
    "Optuna GP": lambda count, rng: optuna_sampler("GPSampler", count, rng),
    "KerasTuner": keras_tuner_oracle,
    "SMAC3": lambda count, rng: grown(peers.smac3, count, rng),
    "HEBO": lambda count, rng: grown(peers.hebo, count, rng),
    "Ax": lambda count, rng: grown(peers.ax, count, rng),
}
SUBJECTS = OURS | PEERS
_DEFAULT = [
    "bayesian",
    "bayesian, 16 pending",
    "bayesian, a fifth failed",
    "tpe",
    "elastic grid",
    "random",
    "Optuna TPE",
]


# ---------------------------------------------------------------- measuring


class Cost(NamedTuple):
    """What suggestions cost.

    Attributes:
        mean: Milliseconds of one on average.
        longest: Milliseconds of the longest.
        peak: The most memory that the process held, in MiB.
    """

    mean: float
    longest: float
    peak: float

    def __str__(self) -> str:
        return f"{self.mean:.1f} ms ({self.longest:.0f}), {self.peak:.0f} MiB"


def measured(subject: str, count: int) -> int:
    """Returns how many suggestions are measured after so many trials: all from fit to fit."""
    return max(FEWEST, math.ceil(_GROWTH * count) + 1) if subject in OURS else FEWEST


def milliseconds(step: Step, steps: int, clock: Callable[[], float]) -> list[float]:
    """Returns what each of some steps takes, by a clock that tells seconds."""
    moments = [clock()]
    for _ in range(steps):
        step()
        moments.append(clock())
    return [1e3 * (end - begin) for begin, end in pairwise(moments)]


def cost(subject: str, count: int, clock: str) -> Cost:
    """Returns what a suggestion takes by one of `CLOCKS`, and what this process held for it."""
    step = SUBJECTS[subject](count, np.random.default_rng(count))
    step()
    each = milliseconds(step, measured(subject, count), CLOCKS[clock])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return Cost(sum(each) / len(each), max(each), peak)


def cost_alone(subject: str, count: int, clock: str, limit: float | None) -> Cost | None:
    """Returns what `cost` returns in a process of its own; None past the limit."""
    command = [sys.executable, "-m", "benchmarks.suggestion_time", "--clock", clock]
    command += ["--alone", subject, str(count)]
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return None
    return Cost(*json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Measures what was asked for and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--subjects", nargs="*", choices=SUBJECTS, default=_DEFAULT)
    parser.add_argument("--counts", nargs="*", type=int, default=COUNTS)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--limit", type=float, help="seconds that a cell may take")
    parser.add_argument("--alone", nargs=2, help="one subject and count, its costs as JSON")
    arguments = parser.parse_args()
    if arguments.alone:
        subject, count = arguments.alone
        print(json.dumps(cost(subject, int(count), arguments.clock)))
        return
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} at the start, the {arguments.clock} clock\n")
    print("| trials known | " + " | ".join(arguments.subjects) + " |")
    print("|---:|" + "---:|" * len(arguments.subjects))
    slow: set[str] = set()
    for count in arguments.counts:
        cells = []
        for subject in arguments.subjects:
            if subject in slow:
                cells.append("left out")
                continue
            found = cost_alone(subject, count, arguments.clock, arguments.limit)
            cells.append(f"over {arguments.limit:.0f} s in all" if found is None else str(found))
            if found is None:
                slow.add(subject)
        print(f"| {count:,} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
