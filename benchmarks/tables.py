"""Problems whose every configuration was trained beforehand: FCNet, HPOBench MLP, NAS-Bench-201.

A table holds several repeats of each training. A search sees one of them, drawn at random, as it
would if it trained the network itself; regret is measured on the mean over the repeats.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.problems import Problem, Values
from tfhpo.space import Levels, Parameter, Space

# File name, without its ending, to family and whether it is held out.
TABLES = {
    "fcnet_protein_structure": ("fcnet", False),
    "fcnet_naval_propulsion": ("fcnet", True),
    "mlp_australian": ("mlp", False),
    "mlp_car": ("mlp", False),
    "mlp_phoneme": ("mlp", True),
    "nas201_cifar10": ("nas-bench-201", False),
}


def factories(folder: Path) -> dict[str, Callable[[], Problem]]:
    """Returns how to make each table that lies in the folder, by name."""
    return {
        name: partial(table, folder / f"{name}.npz", family, held_out=held_out)
        for name, (family, held_out) in TABLES.items()
        if (folder / f"{name}.npz").is_file()
    }


def table(path: Path, family: str, *, held_out: bool) -> Problem:
    """Returns the problem of one table."""
    with np.load(path, allow_pickle=False) as file:
        lists = json.loads(str(file["space"]))
        sign = -1.0 if str(file["direction"]) == "maximize" else 1.0
        repeats = sign * file["values"].astype(np.float64)
    # Lists of numbers are ordered, as anybody would declare them; others are categories.
    space = Space(
        Parameter(name, Levels(tuple(values), ordered=not isinstance(values[0], str)))
        for name, values in lists.items()
    )
    index = {name: {value: i for i, value in enumerate(lists[name])} for name in lists}
    means = np.nanmean(repeats, axis=-1)

    def cell(values: Values) -> tuple[int, ...]:
        return tuple(index[name][values[name]] for name in index)

    def objective(values: Values, rng: np.random.Generator) -> float:
        trained = repeats[cell(values)]
        trained = trained[~np.isnan(trained)]
        return float(trained[rng.integers(len(trained))]) if len(trained) else float("nan")

    def mean(values: Values) -> float:
        return float(means[cell(values)])

    best, median = float(means.min()), float(np.median(means))
    return Problem(path.stem, family, space, objective, mean, best, median, held_out)
