"""What each choice inside an engine is worth: the engine as it is, beside variants of it.

    python -m benchmarks.ablation --engine tpe --seeds 10 --trials 50 --jobs 1
    python -m benchmarks.ablation --engine bayesian --variants ei "margin 0" --keep runs

A variant is the engine with other arguments, or with constants and functions of its modules
replaced. All search the same problems under the same seeds and noise (`benchmarks/regret.py`), so
each seed gives one difference to the engine as it is; the table has the mean of these with its
standard error, on the problems that constants are chosen on and on those held out. A negative
difference speaks for the variant; random numbers alone make differences of one or two errors.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from scipy import optimize, stats

from benchmarks.peers import Trials
from benchmarks.problems import Problem, default_names, problem
from benchmarks.regret import (
    Contender,
    Run,
    by_seed,
    cell,
    groups_of,
    measure,
    ours,
    row,
    summarise,
)
from tfhpo.space import FloatArray, Point, Space
from tfhpo.strategies import TPE, BayesianOptimization, History, Strategy
from tfhpo.strategies.initial import InitialDesign
from tfhpo.surrogates.acquisitions import Acquisition, ConfidenceBound
from tfhpo.surrogates.feasibility import LABEL_PRIORS
from tfhpo.surrogates.gaussian_process import (
    GaussianProcess,
    Hyperparameters,
    Priors,
    fitted,
    most_probable,
)
from tfhpo.surrogates.kernels import Columns, Encoded
from tfhpo.surrogates.warping import standardised

CHECKPOINTS = (20, 50, 100)
# Not those that a variant may have put in their place.
_SOBOL_POINT, _ACQUIRE = InitialDesign.point, BayesianOptimization._acquire


@dataclass(frozen=True)
class Variant:
    """An engine that differs from what it is.

    Attributes:
        options: Arguments of the strategy.
        replaced: What stands in for names of tfhpo's modules and classes.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    replaced: Mapping[str, Any] = field(default_factory=dict)


def varied(
    strategy: type[Strategy],
    variant: Variant,
    problem: Problem,
    seed: int,
    trials: int,
    noise: np.random.Generator,
) -> Trials:
    """Yields the trials of a variant of one of tfhpo's strategies."""
    with ExitStack() as stack:
        for name, value in variant.replaced.items():
            stack.enter_context(mock.patch(f"tfhpo.{name}", value))
        yield from ours(strategy, problem, seed, trials, noise, **variant.options)


# ---------------------------------------------------------------- variants


def _random_point(
    self: InitialDesign, space: Space, number: int, *, doubted: bool = False
) -> Point:
    """Returns the defaults, and then random points."""
    if number == 0:
        return _SOBOL_POINT(self, space, number, doubted=doubted)
    return space.draw(np.random.default_rng([self.seed, number]).random(len(space)))


def _without_defaults(
    self: InitialDesign, space: Space, number: int, *, doubted: bool = False
) -> Point:
    """Returns the points of the sequence but its first, the defaults."""
    return _SOBOL_POINT(self, space, number + 1, doubted=doubted)


def _power_transformed(scores: FloatArray) -> FloatArray:
    """Returns scores by Yeo and Johnson's transform, with the power that makes them most normal."""
    y = standardised(scores)
    if len(y) < 3 or np.ptp(y) == 0.0:
        return y
    # Beyond these powers the transform of an outlier overflows.
    found = optimize.minimize_scalar(
        lambda power: -stats.yeojohnson_llf(power, y), bounds=(-4.0, 4.0), method="bounded"
    )
    return standardised(stats.yeojohnson(y, found.x))


def _fitted_from_two_starts(
    columns: Columns,
    points: Encoded,
    outputs: FloatArray,
    start: Hyperparameters | None,
    kernel: str,
    steps: int,
    priors: Priors | None,
) -> Hyperparameters:
    """Returns the more probable of a fit from where the last one ended, and one from much noise."""
    if priors is LABEL_PRIORS:
        # Where trials fail there is no noise of scores.
        return fitted(columns, points, outputs, start, kernel, steps, priors)
    first = start or Hyperparameters.typical(columns, priors)
    starts = [first, Hyperparameters.noisy(columns, priors)]
    return most_probable(columns, points, outputs, starts, kernel, priors)


def _in_turns(
    self: BayesianOptimization, model: GaussianProcess, best: FloatArray, tried: Encoded
) -> Acquisition:
    """Returns UCB after every second result, else what the engine takes."""
    if best.ndim == 0 and len(self.history.known) % 2 == 0:
        return ConfidenceBound(self.beta)
    return _ACQUIRE(self, model, best, tried)


def _never(history: History) -> bool:
    """Returns that no point is for a branch, whatever lacks trials."""
    del history
    return False


def _set(name: str, value: Any) -> Variant:
    return Variant(replaced={name: value})


def _with(**options: Any) -> Variant:
    return Variant(options)


DESIGNS = {
    **{f"{n} initial points": _with(num_initial_points=n) for n in (2, 3, 8, 10)},
    "random initial points": _set("strategies.initial.InitialDesign.point", _random_point),
    "no defaults first": _set("strategies.initial.InitialDesign.point", _without_defaults),
}
VARIANTS: dict[str, dict[str, Variant]] = {
    "tpe": {
        "uniform weight 0.5": _set("strategies.tpe._UNIFORM", 0.5),
        "uniform weight 2": _set("strategies.tpe._UNIFORM", 2.0),
        "bandwidth 0.5": _with(bandwidth=0.5),
        "bandwidth 2": _with(bandwidth=2.0),
        "bandwidths by n^-0.1": _set("surrogates.parzen._SHRINKING", 0.1),
        "bandwidths by n^-0.4": _set("surrogates.parzen._SHRINKING", 0.4),
        "a quarter of a cell at least": _set("surrogates.parzen._CELLS", 0.25),
        "a cell at least": _set("surrogates.parzen._CELLS", 1.0),
        "least bandwidth 0.01": _set("strategies.tpe._LEAST", 0.01),
        "least bandwidth 0.04": _set("strategies.tpe._LEAST", 0.04),
        "half a place in the middle": _set("surrogates.parzen._MIDDLE", 0.5),
        "two places in the middle": _set("surrogates.parzen._MIDDLE", 2.0),
        "spread 0.05": _set("strategies.tpe._SPREAD", 0.05),
        "spread 0.2": _set("strategies.tpe._SPREAD", 0.2),
        "good share 0.1": _with(good_share=0.1),
        "good share 0.25": _with(good_share=0.25),
        "1 good point at least": _set("strategies.tpe._FEWEST", 1),
        "4 good points at least": _set("strategies.tpe._FEWEST", 4),
        "24 candidates": _with(num_candidates=24),
        "64 candidates": _with(num_candidates=64),
        "256 candidates": _with(num_candidates=256),
        **DESIGNS,
    },
    "bayesian": {
        **{name: _with(acquisition=name) for name in ("ei", "pi", "ucb", "mes")},
        "ucb in turns": _set("strategies.bayesian.BayesianOptimization._acquire", _in_turns),
        "without branches": _set("strategies.branches.Branches.due", _never),
        "every second point in a branch": _set("strategies.branches._EVERY", 2),
        "every fourth point in a branch": _set("strategies.branches._EVERY", 4),
        "squared exponential kernel": _with(kernel="squared_exponential"),
        **{f"margin {margin:g}": _with(margin=margin) for margin in (0.0, 1.0)},
        "scores standardised only": _set("strategies.bayesian.half_ranked", standardised),
        "scores by Yeo-Johnson": _set("strategies.bayesian.half_ranked", _power_transformed),
        "fits from two starts": _set("surrogates.refitting.fitted", _fitted_from_two_starts),
        **DESIGNS,
    },
}
ENGINES: dict[str, type[Strategy]] = {"tpe": TPE, "bayesian": BayesianOptimization}


def contenders(engine: str, variants: Sequence[str]) -> dict[str, Contender]:
    """Returns the engine as it is, under its own name, and variants of it, under both names."""
    strategy = ENGINES[engine]
    found: dict[str, Contender] = {engine: partial(ours, strategy)}
    for name in variants:
        found[f"{engine}, {name}"] = partial(varied, strategy, VARIANTS[engine][name])
    return found


# ---------------------------------------------------------------- the table


def markdown(
    curves: dict[Run, FloatArray], names: list[str], rivals: Sequence[str], checkpoints: list[int]
) -> str:
    """Returns the table: a row for the engine as it is, the first of the rivals, and each variant.

    Args:
        curves: What `measure` returned.
        names: The problems.
        rivals: The engine and its variants.
        checkpoints: After how many trials.
    """
    groups = groups_of(names)
    asked = [title for title in ("chosen on", "held out") if title in groups]
    heads = ["variant"]
    for trials in checkpoints:
        heads += [f"after {trials}", *(f"difference, {title}" for title in asked)]
    lines = [row(heads), row(["---"] + ["---:"] * (len(heads) - 1))]
    for rival in rivals:
        cells = []
        for trials in checkpoints:
            cells.append(str(summarise(curves, rival, names, trials)))
            cells += [_difference(curves, rival, rivals[0], groups[one], trials) for one in asked]
        lines.append(row([rival.partition(", ")[2] or "as it is", *cells]))
    return "\n".join(lines)


def _difference(
    curves: dict[Run, FloatArray], rival: str, engine: str, names: list[str], trials: int
) -> str:
    """Returns the mean paired difference to the engine as it is, and its error over the seeds."""
    if rival == engine:
        return ""
    theirs, own = (by_seed(curves, one, names, trials) for one in (rival, engine))
    mean, error = cell(theirs - own)
    return f"{mean:+.3f} ± {error:.3f}"


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--engine", choices=ENGINES, default="tpe")
    parser.add_argument("--variants", nargs="*", help="names; all of the engine's by default")
    parser.add_argument("--problems", nargs="*", help="names; all but the live ones by default")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where curves are kept")
    arguments = parser.parse_args()
    known = VARIANTS[arguments.engine]
    unknown = set(arguments.variants or ()).difference(known)
    if unknown:
        parser.error(f"variants of {arguments.engine}: {', '.join(known)}. Received: {unknown}.")
    names = arguments.problems or default_names()
    for name in names:
        problem(name)  # caches what is slow to find, before the processes part
    rivals = contenders(arguments.engine, arguments.variants or list(known))
    runs = [Run(*run) for run in product(rivals, names, range(arguments.seeds))]
    curves = measure(runs, arguments.trials, arguments.jobs, arguments.keep, rivals)
    reached = [trials for trials in CHECKPOINTS if trials <= arguments.trials]
    print(markdown(curves, names, list(rivals), reached or [arguments.trials]))


if __name__ == "__main__":
    main()
