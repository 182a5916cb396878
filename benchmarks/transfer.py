"""What former studies are worth: prints regret with and without them, in Markdown.

    python -m benchmarks.transfer --seeds 10

A *former study* is a search of one problem; the search that is measured is that of another one of
the same family: training on another data set. Each strategy searches

- *alone*: as if there had been no former study;
- *best 3*: the best three configurations of the former study are tried first, and that is all;
- *warm*: the former study is told by `Strategy.warm_start`.

Optuna's TPE is told of the former study as its users do it, by adding its trials to the new study:
the scores of the two lie on one scale then, which they do not really share.

The former studies are (`SOURCES`)

- random 50, random 200: so many trials of random search;
- bayesian 50: 50 trials of `BayesianOptimization`;
- misleading: 50 trials of random search, whose scores are negated;
- other space: 200 trials of random search in a space that has one parameter more, lacks one, and
  has another range of a third.

The last one is measured on the tables alone. Regret is that of `benchmarks/regret.py`, averaged
over the pairs of a family, then over the families; standard errors are those over the seeds.
"""

from __future__ import annotations

import argparse
import math
import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache, partial
from itertools import permutations, product
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from benchmarks import peers
from benchmarks.problems import Problem, Values, problem
from tfhpo.space import FloatArray, Levels, Parameter, Point, Space, Value
from tfhpo.strategies import (
    TPE,
    BayesianOptimization,
    ElasticGrid,
    Former,
    GeneticAlgorithm,
    RandomSearch,
    Result,
    Strategy,
)

CHECKPOINTS = (5, 10, 20)
_BEST = 3
_MLP = ("mlp_australian", "mlp_car", "mlp_phoneme")
_FCNET = ("fcnet_protein_structure", "fcnet_naval_propulsion")
_XGBOOST = ("12", "37", "1485", "41143"), ("1063", "40981", "3", "1468", "23381", "41161")
Pair = tuple[str, str]


def _pairs() -> list[Pair]:
    """Returns the pairs: all of the tables, and for each data set of the surrogate the next one."""
    tables = [pair for family in (_MLP, _FCNET) for pair in permutations(family, 2)]
    rings = [
        (one, other)
        for ring in _XGBOOST
        for one, other in zip(ring, ring[1:] + ring[:1], strict=True)
    ]
    return tables + [(f"xgboost_{one}", f"xgboost_{other}") for one, other in rings]


# From one problem to another. Constants were chosen on those whose target is not held out.
PAIRS = _pairs()
_STRATEGIES: dict[str, type[Strategy]] = {
    "bayesian": BayesianOptimization,
    "tpe": TPE,
    "genetic": GeneticAlgorithm,
    "elastic grid": ElasticGrid,
    "random": RandomSearch,
}
OPTUNA = "Optuna TPE"
WAYS = ("alone", "best 3", "warm")

Trial = tuple[Values, float]


class Source(NamedTuple):
    """How a former study comes about.

    Attributes:
        strategy: What searches.
        trials: How many trials it has.
        sign: What its scores are multiplied by.
        elsewhere: Whether its space differs from that of the new search.
    """

    strategy: type[Strategy]
    trials: int
    sign: float = 1.0
    elsewhere: bool = False


SOURCES = {
    "random 50": Source(RandomSearch, 50),
    "random 200": Source(RandomSearch, 200),
    "bayesian 50": Source(BayesianOptimization, 50),
    "misleading": Source(RandomSearch, 50, sign=-1.0),
    "other space": Source(RandomSearch, 200, elsewhere=True),
}


class Run(NamedTuple):
    """One search: with a strategy in a way, of a pair's target under a seed.

    A search alone has no source, and the pair's first member is empty.
    """

    strategy: str
    way: str
    source: str
    pair: Pair
    elsewhere: bool
    seed: int


# ---------------------------------------------------------------- other spaces

# Of each family: what the former study keeps fixed, what the new one does, and whose upper half of
# values only the former one may take.
_DIFFERENCES: dict[str, tuple[dict[str, Value], dict[str, Value], str]] = {
    "mlp": ({"width": 161}, {"alpha": 0.00027825593}, "batch_size"),
    "fcnet": ({"n_units_2": 128}, {"dropout_2": 0.0}, "n_units_1"),
}


@cache
def narrowed(name: str, *, former: bool) -> Problem:
    """Returns a table's problem in the space of the former study, or in that of the new one."""
    whole = problem(name)
    fixed_then, fixed_now, halved = _DIFFERENCES[whole.family]
    fixed = fixed_then if former else fixed_now
    space = Space(
        parameter if former or parameter.name != halved else _lower_half(parameter)
        for parameter in whole.space.parameters
        if parameter.name not in fixed
    )

    def full(values: Values) -> dict[str, Value]:
        return {**values, **fixed}

    means = [whole.mean(full(space.decode(*point))) for point in space.lattice(2)]
    return replace(
        whole,
        space=space,
        objective=lambda values, noise: whole.objective(full(values), noise),
        mean=lambda values: whole.mean(full(values)),
        best=min(means),
        median=float(np.median(means)),
    )


def _lower_half(parameter: Parameter) -> Parameter:
    values = _listed(parameter)
    return Parameter(parameter.name, Levels(values[: (len(values) + 1) // 2], ordered=True))


def _asked(name: str, *, elsewhere: bool, former: bool) -> Problem:
    return narrowed(name, former=former) if elsewhere else problem(name)


def told_in(space: Space, trials: Sequence[Trial]) -> Former:
    """Returns what trials of another space say of this one, whose parameters have no conditions.

    Trials with a value that the space does not have are left out.
    """
    rows = [(_placed(space, values), score) for values, score in trials if _fits(space, values)]
    points, scores = zip(*rows, strict=True)
    x, active = (np.stack(one) for one in zip(*points, strict=True))
    return Former(Point(x, active), np.array(scores))


def _fits(space: Space, values: Values) -> bool:
    lists = {one.name: _listed(one) for one in space.parameters}
    return all(value in (lists.get(name) or (value,)) for name, value in values.items())


def _listed(parameter: Parameter) -> tuple[Value, ...]:
    """Returns the values of a list; none of a range, which is the same in all our problems."""
    return parameter.domain.values if isinstance(parameter.domain, Levels) else ()


def _placed(space: Space, values: Values) -> Point:
    active = np.array([one.name in values for one in space.parameters], dtype=bool)
    places = [
        one.domain.to_unit(values[one.name]) if one.name in values else 0.0
        for one in space.parameters
    ]
    return Point(np.array(places), active)


# ---------------------------------------------------------------- searches


def _trials(
    search: Strategy, asked: Problem, trials: int, noise: np.random.Generator
) -> Iterator[Trial]:
    """Yields what a strategy tries from now on."""
    for _ in range(trials):
        for key, point in search.suggest():
            values = asked.space.decode(*point)
            score = asked.objective(values, noise)
            search.observe([Result(key, point, score)])
            yield values, score


@cache
def former_study(source: str, name: str, seed: int) -> tuple[Trial, ...]:
    """Returns the trials of a former study that ended with a score."""
    how = SOURCES[source]
    asked = _asked(name, elsewhere=how.elsewhere, former=True)
    search = how.strategy(asked.space, np.random.default_rng([seed, 1]), budget=how.trials)
    noise = np.random.default_rng([seed, 2])
    done = _trials(search, asked, how.trials, noise)
    return tuple((values, how.sign * score) for values, score in done if math.isfinite(score))


def _ours(
    strategy: type[Strategy], run: Run, asked: Problem, trials: int, noise: np.random.Generator
) -> Iterator[Trial]:
    search = strategy(asked.space, np.random.default_rng(run.seed), budget=trials)
    if run.way == "warm":
        search.warm_start([told_in(asked.space, former_study(run.source, run.pair[0], run.seed))])
    if run.way == "best 3":
        for point in _best(run, asked.space):
            values = asked.space.decode(*point)
            score = asked.objective(values, noise)
            search.observe([Result(search.hold(point), point, score)])
            yield values, score
            trials -= 1
    yield from _trials(search, asked, trials, noise)


def _best(run: Run, space: Space) -> list[Point]:
    """Returns the best different points of a run's former study."""
    study = told_in(space, former_study(run.source, run.pair[0], run.seed))
    points: list[Point] = []
    for row in study.ranked:
        point = space.point(np.where(study.points.active[row], study.points.x[row], 0.5))
        if not any(np.array_equal(point.x, other.x) for other in points):
            points.append(point)
    return points[:_BEST]


def _optunas(run: Run, asked: Problem, trials: int, noise: np.random.Generator) -> Iterator[Trial]:
    told = former_study(run.source, run.pair[0], run.seed) if run.way == "warm" else ()
    return peers.optuna_sampler("TPESampler", asked, run.seed, trials, noise, told=told)


def curve(run: Run, trials: int) -> FloatArray:
    """Returns the regret after each trial, `trials`; 1 until the first success."""
    asked = _asked(run.pair[1], elsewhere=run.elsewhere, former=False)
    noise = np.random.default_rng([run.seed, zlib.crc32(run.pair[1].encode())])
    search = _optunas if run.strategy == OPTUNA else partial(_ours, _STRATEGIES[run.strategy])
    best, regret = math.inf, 1.0
    regrets = []
    for values, score in search(run, asked, trials, noise):
        if score < best:
            best, regret = score, asked.regret(values)
        regrets.append(regret)
    return np.array(regrets)


# ---------------------------------------------------------------- the table


def runs_of(
    strategies: Sequence[str], sources: Sequence[str], pairs: Sequence[Pair], seeds: int
) -> list[Run]:
    """Returns all searches that a table needs; those alone once for all sources."""
    runs: dict[Run, None] = {}
    for strategy, way, source, seed in product(strategies, WAYS, sources, range(seeds)):
        if _sensible(strategy, way, source):
            for pair in _served(source, pairs):
                runs[_run(strategy, way, source, pair, seed)] = None
    return list(runs)


def _served(source: str, pairs: Sequence[Pair]) -> list[Pair]:
    """Returns the pairs that a source is measured on."""
    known = _DIFFERENCES if SOURCES[source].elsewhere else None
    return [pair for pair in pairs if known is None or problem(pair[1]).family in known]


def _run(strategy: str, way: str, source: str, pair: Pair, seed: int) -> Run:
    elsewhere = SOURCES[source].elsewhere
    if way == "alone":
        return Run(strategy, way, "", ("", pair[1]), elsewhere, seed)
    return Run(strategy, way, source, pair, elsewhere, seed)


def _sensible(strategy: str, way: str, source: str) -> bool:
    """Whether a strategy can search in this way."""
    if strategy == OPTUNA:
        return way == "alone" or (way == "warm" and not SOURCES[source].elsewhere)
    return True


def measure(runs: Sequence[Run], trials: int, jobs: int) -> dict[Run, FloatArray]:
    """Returns the curve of every run, measured in `jobs` processes of one thread each."""
    one: Callable[[Run], FloatArray] = partial(curve, trials=trials)
    if jobs == 1:
        with threadpool_limits(1):
            return {run: one(run) for run in runs}
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))
    with ProcessPoolExecutor(jobs, initializer=threadpool_limits, initargs=(1,)) as pool:
        return dict(zip(runs, pool.map(one, runs, chunksize=8), strict=True))


def markdown(
    curves: Mapping[Run, FloatArray],
    strategies: Sequence[str],
    sources: Sequence[str],
    pairs: Sequence[Pair],
    seeds: int,
) -> str:
    """Returns the table: a row for each source and strategy, columns for the ways."""
    heads = [f"{way}, {trials}" for trials, way in product(CHECKPOINTS, WAYS)]
    lines = [_row(["former study", "strategy", *heads]), _row(["---"] * (2 + len(heads)))]
    for source, strategy in product(sources, strategies):
        cells = [
            _cell(curves, partial(_run, strategy, way, source), _served(source, pairs), seeds, at)
            if _sensible(strategy, way, source)
            else ""
            for at, way in product(CHECKPOINTS, WAYS)
        ]
        lines.append(_row([source, strategy, *cells]))
    return "\n".join(lines)


def _cell(
    curves: Mapping[Run, FloatArray],
    run: Callable[[Pair, int], Run],
    pairs: Sequence[Pair],
    seeds: int,
    trials: int,
) -> str:
    """Returns the regret after so many trials: over pairs, families and seeds, as elsewhere."""
    families: dict[str, list[Pair]] = {}
    for pair in pairs:
        families.setdefault(problem(pair[1]).family, []).append(pair)
    per_seed = np.mean(
        [
            [np.mean([curves[run(pair, seed)][trials - 1] for pair in family])
             for family in families.values()]
            for seed in range(seeds)
        ],
        axis=1,
    )  # fmt: skip
    error = per_seed.std(ddof=1) / math.sqrt(seeds) if seeds > 1 else math.nan
    return f"{per_seed.mean():.3f} ± {error:.3f}"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--strategies", nargs="+", default=[*_STRATEGIES, OPTUNA])
    parser.add_argument("--sources", nargs="+", default=list(SOURCES), choices=SOURCES)
    parser.add_argument("--held-out", action="store_true", help="of the pairs with such a target")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    strategies, sources, seeds = arguments.strategies, arguments.sources, arguments.seeds
    pairs = [pair for pair in PAIRS if not arguments.held_out or problem(pair[1]).held_out]
    curves = measure(runs_of(strategies, sources, pairs, seeds), max(CHECKPOINTS), arguments.jobs)
    print(markdown(curves, strategies, sources, pairs, seeds))


if __name__ == "__main__":
    main()
