"""Regret of the strategies, beside those of other libraries: prints a table in Markdown.

    python -m benchmarks.regret --seeds 20 --jobs 2
    python -m benchmarks.regret --seeds 20 --contenders bayesian SMAC3 HEBO --keep runs

With `--keep`, every search that ends leaves its curve in a folder, and one whose curve lies there
is not run again. So slow contenders can be measured in several sittings, by several processes at
once, and from the virtual environments that their packages need; the table can then be printed
from any. Kept curves know nothing of the code: remove those of a contender or problem that changed.

Some contenders plan with the number of trials: to compare these at several, run it once for each.

Every contender searches every problem under the same seeds. After each checkpoint we take the
point whose *observed* score is best so far and ask the problem for its true mean: a search that
was lucky in its noise gains nothing. Figures are averaged over the seeds, then over the problems
of a family, then over the families.
"""

from __future__ import annotations

import argparse
import math
import os
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmarks import peers
from benchmarks.peers import Trials
from benchmarks.problems import Problem, default_names, problem
from benchmarks.regularised_evolution import regularised_evolution
from tfhpo.space import FloatArray
from tfhpo.strategies import (
    TPE,
    BayesianOptimization,
    ElasticGrid,
    GeneticAlgorithm,
    GridSearch,
    PolicyGradient,
    RandomSearch,
    Result,
    Strategy,
)

CHECKPOINTS = (30, 50, 60, 120)
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
Contender = Callable[[Problem, int, int, np.random.Generator], Trials]


class Run(NamedTuple):
    """One search: a contender on a problem under a seed."""

    contender: str
    problem: str
    seed: int


# ---------------------------------------------------------------- contenders


def ours(
    strategy: type[Strategy],
    problem: Problem,
    seed: int,
    trials: int,
    noise: np.random.Generator,
    **options: Any,
) -> Trials:
    """Yields the trials of one of tfhpo's strategies, which may be given further arguments."""
    search = strategy(problem.space, np.random.default_rng(seed), budget=trials, **options)
    for _ in range(trials):
        for key, point in search.suggest():
            values = problem.space.decode(*point)
            score = problem.objective(values, noise)
            search.observe([Result(key, point, score)])
            yield values, score


CONTENDERS: dict[str, Contender] = {
    "bayesian": partial(ours, BayesianOptimization),
    "tpe": partial(ours, TPE),
    "elastic grid": partial(ours, ElasticGrid),
    "random": partial(ours, RandomSearch),
    "grid": partial(ours, GridSearch),
    "Optuna TPE": partial(peers.optuna_sampler, "TPESampler"),
    "Optuna GP": partial(peers.optuna_sampler, "GPSampler"),
    "KerasTuner Bayesian": peers.keras_tuner_bayesian,
    "SMAC3": peers.smac3,
    "HEBO": peers.hebo,
    "Ax": peers.ax,
    "genetic": partial(ours, GeneticAlgorithm),
    "policy gradient": partial(ours, PolicyGradient),
    "regularised evolution": regularised_evolution,
    "regularised evolution, scaled": partial(regularised_evolution, scaled=True),
    "CatCMAwM": peers.cat_cma,
    "SciPy DE": peers.scipy_differential_evolution,
    "Optuna NSGA-II": partial(peers.optuna_sampler, "NSGAIISampler"),
}
# The quick ones: a search of the others takes minutes.
_DEFAULT = ["bayesian", "tpe", "elastic grid", "random", "grid", "Optuna TPE"]


# ---------------------------------------------------------------- measuring


def curve(run: Run, trials: int, contenders: Mapping[str, Contender] = CONTENDERS) -> FloatArray:
    """Returns the regret after each trial, `trials`; 1 until the first success."""
    asked = problem(run.problem)
    # The same noise stream for every contender, whatever its own seed draws.
    noise = np.random.default_rng([run.seed, zlib.crc32(run.problem.encode())])
    best, regret = math.inf, 1.0
    regrets = np.empty(trials)
    done = 0
    for values, score in contenders[run.contender](asked, run.seed, trials, noise):
        if score < best:
            best, regret = score, asked.regret(values)
        regrets[done] = regret
        done += 1
    # A search that finished early stays where it is.
    regrets[done:] = regret
    return regrets


def _kept_file(run: Run, trials: int, folder: Path) -> Path:
    contender = run.contender.lower().replace(" ", "_")
    return folder / contender / run.problem / f"seed_{run.seed}_trials_{trials}.npy"


def kept_curve(run: Run, trials: int, folder: Path) -> FloatArray | None:
    """Returns the curve of a run that is kept in a folder, or None.

    A search may plan with its budget, so of several curves that are long enough the shortest is
    taken, and cut.
    """
    files = _kept_file(run, trials, folder).parent.glob(f"seed_{run.seed}_trials_*.npy")
    lengths = [int(file.stem.rpartition("_")[2]) for file in files]
    enough = [length for length in lengths if length >= trials]
    if not enough:
        return None
    kept: FloatArray = np.load(_kept_file(run, min(enough), folder), allow_pickle=False)
    return kept[:trials]


def keep(run: Run, regrets: FloatArray, folder: Path) -> None:
    """Writes a run's curve into a folder, at once and whole: others may be reading."""
    file = _kept_file(run, len(regrets), folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{file.stem}.{os.getpid()}")
    with beside.open("wb") as stream:
        np.save(stream, regrets, allow_pickle=False)
    beside.replace(file)


def curve_through(
    run: Run,
    trials: int,
    folder: Path | None,
    contenders: Mapping[str, Contender] = CONTENDERS,
) -> FloatArray:
    """Returns a run's curve: the kept one where a folder holds it, else measured and kept there."""
    if folder is None:
        return curve(run, trials, contenders)
    kept = kept_curve(run, trials, folder)
    if kept is None:
        kept = curve(run, trials, contenders)
        keep(run, kept, folder)
    return kept


def measure(
    runs: list[Run],
    trials: int,
    jobs: int,
    folder: Path | None = None,
    contenders: Mapping[str, Contender] = CONTENDERS,
) -> dict[Run, FloatArray]:
    """Returns the curve of every run, of so many trials, measured in `jobs` processes.

    Args:
        runs: The searches.
        trials: The length of each.
        jobs: The number of processes.
        folder: Where curves are kept and looked for; by default none are.
        contenders: Who searches, by the names in the runs.
    """
    one = partial(curve_through, trials=trials, folder=folder, contenders=contenders)
    # One thread each: small matrices gain nothing from more, and lose much to a crowded machine.
    # The variables are for what a contender loads later, the limits for what is loaded already.
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    with ProcessPoolExecutor(jobs, initializer=threadpool_limits, initargs=(1,)) as pool:
        return dict(zip(runs, pool.map(one, runs), strict=True))


# ---------------------------------------------------------------- the table


class Cell(NamedTuple):
    """A mean and its standard error over the seeds, NaN of a single one."""

    mean: float
    error: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} ± {self.error:.3f}"


def cell(values: FloatArray) -> Cell:
    """Returns the mean of a figure of each seed, and its standard error."""
    error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return Cell(float(values.mean()), float(error))


def by_seed(
    curves: Mapping[Run, FloatArray], contender: str, problems: Iterable[str], trials: int
) -> FloatArray:
    """Returns the regret of each seed after so many trials, over problems and families.

    Problems weigh the same within their family, and families the same as one another.
    """
    families: dict[str, list[str]] = {}
    for name in problems:
        families.setdefault(problem(name).family, []).append(name)
    seeds = sorted({run.seed for run in curves})
    table = [
        [
            np.mean([curves[Run(contender, name, seed)][trials - 1] for name in names])
            for seed in seeds
        ]
        for names in families.values()
    ]
    means: FloatArray = np.mean(table, axis=0)
    return means


def summarise(
    curves: Mapping[Run, FloatArray], contender: str, problems: Iterable[str], trials: int
) -> Cell:
    """Returns the regret after so many trials: over problems, families and seeds."""
    return cell(by_seed(curves, contender, problems, trials))


def mean_rank(
    curves: Mapping[Run, FloatArray],
    contender: str,
    rivals: list[str],
    names: list[str],
    trials: int,
) -> float:
    """Returns the mean rank among the rivals over problems and seeds, 1 at best; ties share."""
    ranks = []
    for name, seed in product(names, sorted({run.seed for run in curves})):
        mine = curves[Run(contender, name, seed)][trials - 1]
        theirs = np.array([curves[Run(rival, name, seed)][trials - 1] for rival in rivals])
        ranks.append(1 + np.sum(theirs < mine) + (np.sum(theirs == mine) - 1) / 2)
    return float(np.mean(ranks))


def row(cells: Iterable[object]) -> str:
    """Returns a row of a Markdown table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def markdown(
    curves: Mapping[Run, FloatArray],
    contenders: list[str],
    names: list[str],
    checkpoints: Sequence[int],
) -> str:
    """Returns the table: a block per family and one for all, a row per checkpoint."""
    lines = [row(["problems", "trials", *contenders]), row(["---"] * (2 + len(contenders)))]
    for title, members in groups_of(names).items():
        for trials in checkpoints:
            cells = [summarise(curves, contender, members, trials) for contender in contenders]
            least = min(one.mean for one in cells)
            shown = [f"**{one}**" if one.mean == least else str(one) for one in cells]
            lines.append(row([title, trials, *shown]))
    for trials in checkpoints:
        ranks = [mean_rank(curves, one, contenders, names, trials) for one in contenders]
        lines.append(row(["mean rank", trials, *(f"{rank:.2f}" for rank in ranks)]))
    return "\n".join(lines)


def groups_of(names: list[str]) -> dict[str, list[str]]:
    """Returns the problems of each block of the table."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(problem(name).family, []).append(name)
    chosen_on = [name for name in names if not problem(name).held_out]
    held_out = [name for name in names if problem(name).held_out]
    groups |= {"chosen on": chosen_on, "held out": held_out, "all": names}
    return {title: members for title, members in groups.items() if members}


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--problems", nargs="*", help="names; all but the live ones by default")
    parser.add_argument("--contenders", nargs="*", choices=CONTENDERS, default=_DEFAULT)
    parser.add_argument("--checkpoints", nargs="*", type=int, default=CHECKPOINTS)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where curves are kept")
    arguments = parser.parse_args()
    names = arguments.problems or default_names()
    for name in names:
        problem(name)  # caches what is slow to find, before the processes part
    runs = [Run(*run) for run in product(arguments.contenders, names, range(arguments.seeds))]
    curves = measure(runs, max(arguments.checkpoints), arguments.jobs, arguments.keep)
    print(markdown(curves, arguments.contenders, names, arguments.checkpoints))


if __name__ == "__main__":
    main()
