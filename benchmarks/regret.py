"""Regret of the strategies, beside Optuna's TPE: prints a table in Markdown.

    python -m benchmarks.regret --seeds 20 --jobs 2

Every contender searches every problem under the same seeds. After each checkpoint we take the
point whose *observed* score is best so far and ask the problem for its true mean: a search that
was lucky in its noise gains nothing. Figures are averaged over the seeds, then over the problems
of a family, then over the families.
"""

from __future__ import annotations

import argparse
import math
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.problems import Problem, Values, factories, problem
from tfhpo.errors import MissingExtraError
from tfhpo.space import FloatArray, FloatRange, Parameter, Space
from tfhpo.space.domains import IntegerRange, Kind
from tfhpo.strategies import (
    TPE,
    BayesianOptimization,
    ElasticGrid,
    GridSearch,
    RandomSearch,
    Result,
    Strategy,
)

CHECKPOINTS = (30, 50, 60, 120)
Trials = Iterator[tuple[Values, float]]
Contender = Callable[[Problem, int, int, np.random.Generator], Trials]


class Run(NamedTuple):
    """One search: a contender on a problem under a seed."""

    contender: str
    problem: str
    seed: int


# ---------------------------------------------------------------- contenders


def ours(
    strategy: type[Strategy], problem: Problem, seed: int, trials: int, noise: np.random.Generator
) -> Trials:
    """Yields the trials of one of tfhpo's strategies."""
    search = strategy(problem.space, np.random.default_rng(seed), budget=trials)
    for _ in range(trials):
        for key, point in search.suggest():
            values = problem.space.decode(*point)
            score = problem.objective(values, noise)
            search.observe([Result(key, point, score)])
            yield values, score


def tpe(problem: Problem, seed: int, trials: int, noise: np.random.Generator) -> Trials:
    """Yields the trials of Optuna's TPESampler as it comes."""
    yield from _optuna("TPESampler", problem, seed, trials, noise)


def _optuna(
    sampler: str, problem: Problem, seed: int, trials: int, noise: np.random.Generator
) -> Trials:
    try:
        import optuna
    except ImportError as error:
        raise MissingExtraError.of("optuna", "benchmark", "An Optuna contender") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=getattr(optuna.samplers, sampler)(seed=seed))
    for _ in range(trials):
        trial = study.ask()
        values = suggest_to_optuna(trial, problem.space)
        score = problem.objective(values, noise)
        failed = not math.isfinite(score)
        state = optuna.trial.TrialState.FAIL if failed else optuna.trial.TrialState.COMPLETE
        study.tell(trial, None if failed else score, state=state)
        yield values, score


def suggest_to_optuna(trial: Any, space: Space) -> dict[str, Any]:
    """Returns a trial's values, asked for as Optuna's users write them: parents first."""
    x = np.zeros(len(space))
    for column, parameter in enumerate(space.parameters):
        if space.active(x)[column]:
            x[column] = parameter.domain.to_unit(_ask_parameter(trial, parameter))
    return space.decode(x)


def _ask_parameter(trial: Any, parameter: Parameter) -> Any:
    domain, name = parameter.domain, parameter.name
    if isinstance(domain, FloatRange):
        return trial.suggest_float(name, domain.low, domain.high, log=domain.scale == "log")
    if isinstance(domain, IntegerRange):
        return trial.suggest_int(name, domain.low, domain.high, log=domain.scale == "log")
    values = [domain.from_unit(domain.unit_of_index(i)) for i in range(domain.size or 0)]
    if domain.kind is Kind.CATEGORICAL:
        return trial.suggest_categorical(name, values)
    # Optuna has no ordered lists: its users give the index.
    return values[trial.suggest_int(name, 0, len(values) - 1)]


def gp(problem: Problem, seed: int, trials: int, noise: np.random.Generator) -> Trials:
    """Yields the trials of Optuna's GPSampler as it comes; it needs torch."""
    yield from _optuna("GPSampler", problem, seed, trials, noise)


CONTENDERS: dict[str, Contender] = {
    "bayesian": partial(ours, BayesianOptimization),
    "tpe": partial(ours, TPE),
    "elastic grid": partial(ours, ElasticGrid),
    "random": partial(ours, RandomSearch),
    "grid": partial(ours, GridSearch),
    "Optuna TPE": tpe,
    "Optuna GP": gp,
}
# What the published tables compare.
_DEFAULT = [name for name in CONTENDERS if name != "Optuna GP"]


# ---------------------------------------------------------------- measuring


def curve(run: Run, trials: int) -> FloatArray:
    """Returns the regret after each trial, `trials`; 1 until the first success."""
    asked = problem(run.problem)
    # The same noise stream for every contender, whatever its own seed draws.
    noise = np.random.default_rng([run.seed, zlib.crc32(run.problem.encode())])
    best, regret = math.inf, 1.0
    regrets = np.empty(trials)
    done = 0
    for values, score in CONTENDERS[run.contender](asked, run.seed, trials, noise):
        if score < best:
            best, regret = score, asked.regret(values)
        regrets[done] = regret
        done += 1
    # A search that finished early stays where it is.
    regrets[done:] = regret
    return regrets


def measure(runs: list[Run], trials: int, jobs: int) -> dict[Run, FloatArray]:
    """Returns the curve of every run, of so many trials, measured in `jobs` processes."""
    # One thread each: small matrices gain nothing from more, and lose much to a crowded machine.
    with ProcessPoolExecutor(jobs, initializer=threadpool_limits, initargs=(1,)) as pool:
        curves = pool.map(partial(curve, trials=trials), runs, chunksize=4)
        return dict(zip(runs, curves, strict=True))


# ---------------------------------------------------------------- the table


class Cell(NamedTuple):
    """A mean and its standard error over the seeds."""

    mean: float
    error: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} ± {self.error:.3f}"


def summarise(
    curves: dict[Run, FloatArray], contender: str, problems: Iterable[str], trials: int
) -> Cell:
    """Returns the regret after so many trials: over problems, families and seeds.

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
    per_seed = np.mean(table, axis=0)
    return Cell(float(per_seed.mean()), float(per_seed.std(ddof=1) / math.sqrt(len(seeds))))


def mean_rank(
    curves: dict[Run, FloatArray], contender: str, rivals: list[str], names: list[str], trials: int
) -> float:
    """Returns the mean rank among the rivals over problems and seeds, 1 at best; ties share."""
    ranks = []
    for name, seed in product(names, sorted({run.seed for run in curves})):
        mine = curves[Run(contender, name, seed)][trials - 1]
        theirs = np.array([curves[Run(rival, name, seed)][trials - 1] for rival in rivals])
        ranks.append(1 + np.sum(theirs < mine) + (np.sum(theirs == mine) - 1) / 2)
    return float(np.mean(ranks))


def _row(cells: Iterable[object]) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def markdown(
    curves: dict[Run, FloatArray],
    contenders: list[str],
    names: list[str],
    checkpoints: Sequence[int],
) -> str:
    """Returns the table: a block per family and one for all, a row per checkpoint."""
    lines = [_row(["problems", "trials", *contenders]), _row(["---"] * (2 + len(contenders)))]
    for title, members in _groups(names).items():
        for trials in checkpoints:
            cells = [summarise(curves, contender, members, trials) for contender in contenders]
            least = min(cell.mean for cell in cells)
            shown = [f"**{cell}**" if cell.mean == least else str(cell) for cell in cells]
            lines.append(_row([title, trials, *shown]))
    for trials in checkpoints:
        ranks = [mean_rank(curves, one, contenders, names, trials) for one in contenders]
        lines.append(_row(["mean rank", trials, *(f"{rank:.2f}" for rank in ranks)]))
    return "\n".join(lines)


def _groups(names: list[str]) -> dict[str, list[str]]:
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
    parser.add_argument("--problems", nargs="*", help="names; all by default")
    parser.add_argument("--contenders", nargs="*", choices=CONTENDERS, default=_DEFAULT)
    parser.add_argument("--checkpoints", nargs="*", type=int, default=CHECKPOINTS)
    arguments = parser.parse_args()
    names = arguments.problems or list(factories())
    for name in names:
        problem(name)  # caches what is slow to find, before the processes part
    runs = [Run(*run) for run in product(arguments.contenders, names, range(arguments.seeds))]
    curves = measure(runs, max(arguments.checkpoints), arguments.jobs)
    print(markdown(curves, arguments.contenders, names, arguments.checkpoints))


if __name__ == "__main__":
    main()
