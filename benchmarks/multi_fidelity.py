"""Regret against the epochs spent, of searches that stop trials early: a table in Markdown.

    python -m benchmarks.multi_fidelity --seeds 20
    python -m benchmarks.multi_fidelity --contenders "random, none" "random, asha" "asha of random"

A simulated trial reads its curve epoch by epoch and pays for each; a search goes on until its
epochs are spent, however many trials that makes. Its regret is that of the lowest loss that any
trial has reached, as each epoch may leave a checkpoint.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmarks.peers import suggest_to_optuna
from benchmarks.problems import data_folder
from benchmarks.regret import Cell
from benchmarks.taskset import EPOCHS, TASKS, Table, Task, present, task
from tfhpo.pruners import make_pruner
from tfhpo.space import FloatArray, Levels, Parameter, Space
from tfhpo.strategies import (
    ASHA,
    TPE,
    BayesianOptimization,
    Hyperband,
    MultiFidelity,
    RandomSearch,
    Result,
    Strategy,
    SuccessiveHalving,
    rungs,
)

# In full trainings.
BUDGETS = (5, 10, 20)
#: The loss of each epoch that is paid for, without end.
Epochs = Iterator[float]
Contender = Callable[[Task, int], Epochs]

# ---------------------------------------------------------------- contenders


def ours(proposer: type[Strategy], stopping: str | None, asked: Task, seed: int) -> Epochs:
    """Yields the epochs of one of tfhpo's strategies beside one of its pruners, or none."""
    search = proposer(asked.space, np.random.default_rng(seed))
    pruner, table = make_pruner(stopping), Table(asked)
    for trial in itertools.count():
        (key, point), *_ = search.suggest()
        score, stopped = math.nan, False
        for step, loss in enumerate(table.curve(point.x)):
            yield loss
            score = float(np.fmin(score, loss))
            if pruner is not None and not pruner.report(trial, loss, step=step):
                score, stopped = pruner.expected_end(trial), True
                break
        if pruner is not None and not stopped:
            pruner.end(trial)
        search.observe([Result(key, point, score, stopped)])


def by_rungs(strategy: type[MultiFidelity], proposer: str, asked: Task, seed: int) -> Epochs:
    """Yields the epochs of a strategy that begins many trainings and promotes the best of them.

    A promoted one goes on from its checkpoint, so only the further epochs are paid for.
    """
    rung = Parameter("epochs", Levels(tuple(rungs(1, EPOCHS)), ordered=True))
    space = Space([*asked.space.parameters, rung])
    search = strategy(space, np.random.default_rng(seed), fidelity="epochs", proposer=proposer)
    table = Table(asked)
    curves: dict[bytes, list[float]] = {}
    had: Counter[bytes] = Counter()
    while True:
        (key, point), *_ = search.suggest()
        place, epochs = point.x[:-1], int(space.decode(*point)["epochs"])
        name = place.tobytes()
        if name not in curves:
            curves[name] = table.curve(place)
        losses = curves[name][:epochs]
        yield from losses[had[name] :]
        had[name] = epochs
        search.observe([Result(key, point, float(np.fmin.reduce(losses)))])


def with_optuna(sampler: str, pruner: str, asked: Task, seed: int) -> Epochs:
    """Yields the epochs of one of Optuna's samplers beside one of its pruners, as they come."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        sampler=getattr(optuna.samplers, sampler)(seed=seed),
        pruner=getattr(optuna.pruners, pruner)(),
    )
    state, table = optuna.trial.TrialState, Table(asked)
    while True:
        trial = study.ask()
        point = asked.space.encode(suggest_to_optuna(trial, asked.space))
        score, outcome = math.nan, state.COMPLETE
        for step, loss in enumerate(table.curve(point.x)):
            yield loss
            score = float(np.fmin(score, loss))
            if math.isnan(loss):
                break
            trial.report(loss, step)
            if trial.should_prune():
                outcome = state.PRUNED
                break
        if math.isnan(score):
            outcome = state.FAIL
        study.tell(trial, score if outcome is state.COMPLETE else None, state=outcome)


PRUNED: dict[str, Contender] = {
    f"{proposer.name}, {stopping or 'none'}": partial(ours, proposer, stopping)
    for proposer in (RandomSearch, TPE, BayesianOptimization)
    for stopping in (None, "median", "asha")
}
PROMOTED: dict[str, Contender] = {
    f"{strategy.name} of {proposer}": partial(by_rungs, strategy, proposer)
    for strategy in (SuccessiveHalving, Hyperband, ASHA)
    for proposer in ("random", "tpe")
}
PEERS: dict[str, Contender] = {
    f"Optuna {name}, {stopping}": partial(with_optuna, sampler, pruner)
    for name, sampler in (("random", "RandomSampler"), ("TPE", "TPESampler"))
    for stopping, pruner in (
        ("none", "NopPruner"),
        ("median", "MedianPruner"),
        ("halving", "SuccessiveHalvingPruner"),
        ("Hyperband", "HyperbandPruner"),
    )
}
CONTENDERS = {**PRUNED, **PROMOTED, **PEERS}
# The Gaussian process takes seconds for the hundreds of trials that a pruner leaves time for.
_DEFAULT = [name for name in CONTENDERS if not name.startswith(BayesianOptimization.name)]

# ---------------------------------------------------------------- measuring


class Run(NamedTuple):
    """One search: a contender on a task under a seed."""

    contender: str
    task: str
    seed: int


def curve(run: Run, epochs: int) -> FloatArray:
    """Returns the regret after each epoch paid for, `epochs`."""
    asked = task(run.task)
    spent = itertools.islice(CONTENDERS[run.contender](asked, run.seed), epochs)
    losses = np.fromiter(spent, dtype=np.float64, count=epochs)
    return asked.regret(np.fmin.accumulate(losses))


def measure(runs: Sequence[Run], epochs: int, jobs: int) -> dict[Run, FloatArray]:
    """Returns the curve of every run, measured in `jobs` processes of one thread each."""
    with ProcessPoolExecutor(jobs, initializer=threadpool_limits, initargs=(1,)) as pool:
        return dict(zip(runs, pool.map(partial(curve, epochs=epochs), runs), strict=True))


# ---------------------------------------------------------------- the table


def summarise(
    curves: dict[Run, FloatArray], contender: str, names: Sequence[str], epochs: int
) -> Cell:
    """Returns the regret after so many epochs, over tasks and seeds."""
    seeds = sorted({run.seed for run in curves})
    table = [[curves[Run(contender, name, seed)][epochs - 1] for seed in seeds] for name in names]
    per_seed = np.mean(table, axis=0)
    error = per_seed.std(ddof=1) / math.sqrt(len(seeds)) if len(seeds) > 1 else math.nan
    return Cell(float(per_seed.mean()), float(error))


def markdown(
    curves: dict[Run, FloatArray],
    contenders: Sequence[str],
    names: Sequence[str],
    budgets: Sequence[int],
) -> str:
    """Returns the table: a row per contender, a column per budget on each group of tasks."""
    groups = {
        "chosen on": [name for name in names if not TASKS[name]],
        "held out": [name for name in names if TASKS[name]],
    }
    columns = [
        (title, members, budget)
        for title, members in groups.items()
        if members
        for budget in budgets
    ]
    cells = {
        (contender, title, budget): summarise(curves, contender, members, budget * EPOCHS)
        for contender in contenders
        for title, members, budget in columns
    }
    least = [
        min(cells[one, title, budget].mean for one in contenders) for title, _, budget in columns
    ]
    lines = [
        _row(["full trainings paid for", *(f"{title}, {budget}" for title, _, budget in columns)]),
        _row(["---", *("---:" for _ in columns)]),
    ]
    for contender in contenders:
        row = [cells[contender, title, budget] for title, _, budget in columns]
        least = [
            min(cells[one, title, budget].mean for one in contenders)
            for title, _, budget in columns
        ]
        shown = [
            f"**{cell}**" if cell.mean == low else str(cell)
            for cell, low in zip(row, least, strict=True)
        ]
        lines.append(_row([contender, *shown]))
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--tasks", nargs="*", choices=TASKS, help="those present by default")
    parser.add_argument("--contenders", nargs="*", choices=CONTENDERS, default=_DEFAULT)
    parser.add_argument("--budgets", nargs="*", type=int, default=BUDGETS)
    arguments = parser.parse_args()
    names = arguments.tasks or present()
    if not names:
        parser.error(f"There are no tables of TaskSet in {data_folder()}: set TFHPO_DATA.")
    runs = [
        Run(*run) for run in itertools.product(arguments.contenders, names, range(arguments.seeds))
    ]
    curves = measure(runs, max(arguments.budgets) * EPOCHS, arguments.jobs)
    print(markdown(curves, arguments.contenders, names, arguments.budgets))


if __name__ == "__main__":
    main()
