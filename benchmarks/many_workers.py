"""What an oracle is to 10, 100 and 1,000 workers: trials a second, waiting, regret by the clock.

    python -m benchmarks.many_workers --workers 10 100 1000 --rounds 20 --limit 3000

Nothing is trained and nobody sleeps. The oracle is the real one, with its study on disk, and what
it takes to end a trial and to hand out the next is measured: on the wall's clock, or by `--clock
processor` in seconds of this process's own computing, which other work on the machine stretches
less, and which leave the disk out. The workers' clock is simulated.
Trials take 60 seconds on average, drawn from a log-normal distribution with a standard deviation of
half of that. There is one oracle, so a worker that comes while others are served stands in line: it
*waits* from the end of its trial to the beginning of the next. All workers come at once at the
beginning; that first line is told apart.

The problem is `network` of `benchmarks/functions.py`. For ASHA a trial has up to nine epochs, each
a ninth of the time, at first with a score that is too high by what further epochs take away; a
trial that goes on from another takes the time of the epochs that are missing.

A row tells the trials that were run, how many the oracle could hand out in a second at the end of
the run, the mean and the longest wait as a share of a trial's 60 seconds, and the mean regret of
the best trial so far at five and ten minutes of the workers' clock, over the seeds. Where each
worker has one trial, nobody waits after the first line, and a dash stands for the waits.
"""

from __future__ import annotations

import argparse
import heapq
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.problems import problem

MEAN_SECONDS, _SPREAD = 60.0, 0.5
MOMENTS = (300.0, 600.0)
CLOCKS: dict[str, Callable[[], float]] = {
    "wall": time.perf_counter,
    "processor": time.process_time,
}
_EPOCHS = 9
# What an epoch is short of the ninth, in units of the problem's median.
_SHORT = 0.5


@dataclass
class Fleet:
    """What became of a simulation.

    Attributes:
        first: The waits at the beginning, in seconds.
        waits: Those after it.
        service: What each trial took the oracle, in seconds.
        found: Moments of the workers' clock, with the regret of a trial that ended then.
    """

    first: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    service: list[float] = field(default_factory=list)
    found: list[tuple[float, float]] = field(default_factory=list)

    def regret_at(self, moment: float) -> float:
        """Returns the regret of the best trial that had ended."""
        return min((regret for when, regret in self.found if when <= moment), default=1.0)


def simulate(
    make: Callable[..., Any],
    workers: int,
    trials: int,
    seed: int,
    clock: Callable[[], float] = time.perf_counter,
) -> Fleet:
    """Lets an oracle serve workers.

    Args:
        make: Makes the oracle.
        workers: How many work at a time.
        trials: How many trials there are in all.
        seed: Of the search, the noise and the durations.
        clock: Tells the seconds that the oracle takes, from any point on.
    """
    import keras_tuner as kt

    with tempfile.TemporaryDirectory() as folder:
        oracle = make(
            objective=kt.Objective("score", "min"),
            max_trials=trials,
            hyperparameters=_hyperparameters(),
            seed=seed,
        )
        oracle._set_project_dir(folder, "simulated")
        fleet = _served(oracle, workers, np.random.default_rng(seed), clock)
        oracle.close()
    return fleet


def _served(
    oracle: Any, workers: int, rng: np.random.Generator, clock: Callable[[], float]
) -> Fleet:
    """Returns what became of workers that an oracle served until it had no more for them."""
    fleet = Fleet()
    # When the oracle is free again, and the trials that run, by their ends.
    free, running = 0.0, [(0.0, number, None) for number in range(workers)]
    # Workers, and since when they wait.
    idle: list[tuple[int, float]] = []
    while running:
        now, worker, trial = heapq.heappop(running)
        began = clock()
        if trial is not None:
            fleet.found.append((now, _ended(oracle, trial, rng)))
        # Whoever had nothing to do asks again now.
        asking, idle = [(worker, now), *idle], []
        for one, since in asking:
            following = oracle.create_trial(f"worker{one}")
            spent = clock() - began
            began += spent
            free = max(free, now) + spent
            if following.status == "IDLE":
                idle.append((one, since))
            elif following.status == "RUNNING":
                fleet.service.append(spent)
                (fleet.waits if since else fleet.first).append(free - since)
                heapq.heappush(running, (free + _seconds(following, rng), one, following))
    return fleet


def _ended(oracle: Any, trial: Any, rng: np.random.Generator) -> float:
    """Tells the oracle a trial's result, and returns its regret."""
    score, regret = _result(trial, rng)
    oracle.update_trial(trial.trial_id, {"score": score})
    trial.status = "COMPLETED"
    oracle.end_trial(trial)
    return regret


def _seconds(trial: Any, rng: np.random.Generator) -> float:
    """Returns how long a trial takes."""
    sigma = float(np.sqrt(np.log1p(_SPREAD**2)))
    drawn = float(rng.lognormal(np.log(MEAN_SECONDS) - sigma**2 / 2, sigma))
    epochs = trial.hyperparameters.values.get("epochs", _EPOCHS)
    former = epochs // 3 if trial.hyperparameters.notes.get("goes_on_from") else 0
    return drawn * (epochs - former) / _EPOCHS


def _result(trial: Any, rng: np.random.Generator) -> tuple[float, float]:
    """Returns what a trial measures, and its regret."""
    network = problem("network")
    values = dict(trial.hyperparameters.values)
    # A simulated build reads everything.
    trial.hyperparameters.read |= set(values)
    epochs = values.pop("epochs", _EPOCHS)
    short = _SHORT * network.median * (1 / epochs - 1 / _EPOCHS)
    return network.objective(values, rng) + short, network.regret(values)


def _hyperparameters() -> Any:
    import keras_tuner as kt

    hp = kt.HyperParameters()
    hp.Choice("activation", ["relu", "tanh", "elu", "sigmoid"])
    hp.Float("rate", 1e-5, 1e-1, sampling="log")
    hp.Int("units", 16, 1024)
    hp.Float("dropout", 0.0, 0.6, step=0.1)
    hp.Boolean("augment")
    return hp


def _oracles() -> dict[str, Callable[..., Any]]:
    from tfhpo import oracles

    def asha(**arguments: Any) -> Any:
        return oracles.HyperbandOracle(
            scheduler="asha", max_epochs=_EPOCHS, proposer="random", **arguments
        )

    return {
        "elastic grid": oracles.ElasticGridOracle,
        "genetic": oracles.GeneticOracle,
        "bayesian": oracles.BayesianOracle,
        "asha": asha,
        "random": oracles.RandomOracle,
    }


def main() -> None:
    """Simulates and prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--workers", nargs="*", type=int, default=[10, 100, 1000])
    parser.add_argument("--rounds", type=int, default=20, help="trials for each worker")
    parser.add_argument("--limit", type=int, default=3000, help="trials at most")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--oracles", nargs="*", default=list(_oracles()))
    arguments = parser.parse_args()
    titles = ("oracle", "workers", "trials", "a second", "first wait", "mean wait", "longest wait")
    print(f"| {' | '.join(titles)} | 5 min | 10 min |")
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for name in arguments.oracles:
        for workers in arguments.workers:
            trials = min(arguments.rounds * workers, arguments.limit)
            fleets = [
                simulate(_oracles()[name], workers, trials, seed, CLOCKS[arguments.clock])
                for seed in range(arguments.seeds)
            ]
            print(f"| {name} | {workers} | {trials} | {_row(fleets)} |", flush=True)


def _row(fleets: list[Fleet]) -> str:
    last = [one for fleet in fleets for one in fleet.service[-max(1, len(fleet.service) // 10) :]]
    waits = np.concatenate([fleet.waits for fleet in fleets]) / MEAN_SECONDS
    first = max(max(fleet.first) for fleet in fleets)
    regrets = [np.mean([fleet.regret_at(moment) for fleet in fleets]) for moment in MOMENTS]
    cells = [
        f"{1 / np.mean(last):.0f}",
        f"{first:.1f} s",
        *((f"{waits.mean():.3%}", f"{waits.max():.2%}") if len(waits) else ("-", "-")),
        *(f"{regret:.3f}" for regret in regrets),
    ]
    return " | ".join(cells)


if __name__ == "__main__":
    main()
