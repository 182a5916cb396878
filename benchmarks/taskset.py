"""Trainings whose every epoch was recorded beforehand: the curves of TaskSet.

Each table holds 1,000 settings of Adam on one recurrent text classifier, with the validation loss
before training and after each of 50 epochs (of 200 steps of the optimiser). A search proposes any
point of the space and is given a setting near to it, so all searches try the same 1,000.

Source:
    Metz et al., "Using a Thousand Optimization Tasks to Learn Hyperparameter Search Strategies",
    arXiv 2002.11887 (2020).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from benchmarks.problems import data_folder
from tfhpo.space import FloatArray, FloatRange, Parameter, Space

# File name, without its ending, to whether it is held out.
TASKS = {
    "taskset_patch128_LSTM128_bs64": False,
    "taskset_patch32_GRU64_avg_bs128": False,
    "taskset_patch32_LSTM128_bs128": True,
    "taskset_patch32_VRNN64_tanh_avg_bs128": True,
}
EPOCHS = 50
# As the settings were drawn. The betas are given by what they lack to 1.
_RANGES = {
    "learning_rate": (1e-8, 10.0),
    "one_minus_beta1": (1e-4, 1.0),
    "one_minus_beta2": (1e-6, 1.0),
    "epsilon": (1e-10, 1e3),
    "l1": (1e-8, 10.0),
    "l2": (1e-8, 10.0),
    "linear_decay": (1e-7, 1e-4),
    "exponential_decay": (1e-6, 1e-3),
}
_BETAS = slice(1, 3)


@dataclass(frozen=True)
class Task:
    """Settings with their curves.

    Attributes:
        name: The name of its table.
        space: What to search.
        held_out: Whether it was kept away from the choice of any default.
        places: Where the settings lie in the unit cube, `n x 8`.
        curves: The validation loss after each epoch, `n x 50`; NaN once the training diverged.
        best: The lowest loss of all curves.
        median: The median over the settings of the lowest loss of each; one that diverged at once
            is the worst.
    """

    name: str
    space: Space
    held_out: bool
    places: FloatArray
    curves: FloatArray
    best: float
    median: float

    def curve(self, setting: int) -> list[float]:
        """Returns the losses of a setting; one that diverges is given up at its first NaN."""
        losses = self.curves[setting]
        diverged = np.flatnonzero(np.isnan(losses))
        return [float(loss) for loss in losses[: diverged[0] + 1 if len(diverged) else None]]

    def regret(self, losses: FloatArray) -> FloatArray:
        """Returns the normalised regret of losses, any shape: 0 at best, 1 at the median."""
        return (losses - self.best) / (self.median - self.best)


class Table:
    """The settings of a task as one search goes through them.

    A proposal is given the nearest setting that no other one has been given: else a search that
    stays around its best would train the same setting again and again.

    Args:
        asked: The task.
    """

    def __init__(self, asked: Task) -> None:
        self._asked = asked
        self._left = np.ones(len(asked.places), dtype=bool)

    def curve(self, x: FloatArray) -> list[float]:
        """Returns the curve of the setting nearest to a place, `8`, and crosses that off."""
        if not self._left.any():
            self._left[:] = True
        left = np.flatnonzero(self._left)
        setting = left[np.argmin(np.sum((self._asked.places[left] - x) ** 2, axis=1))]
        self._left[setting] = False
        return self._asked.curve(int(setting))


@cache
def task(name: str) -> Task:
    """Returns a task by its name."""
    with np.load(data_folder() / f"{name}.npz", allow_pickle=False) as file:
        settings = file["settings"].astype(np.float64)
        curves = file["valid"].astype(np.float64)[:, 1:]
    settings[:, _BETAS] = 1.0 - settings[:, _BETAS]
    space = Space(Parameter(one, FloatRange(*ends, "log")) for one, ends in _RANGES.items())
    ends = np.log(list(_RANGES.values()))
    places = (np.log(settings) - ends[:, 0]) / (ends[:, 1] - ends[:, 0])
    lowest = np.nan_to_num(np.fmin.reduce(curves, axis=1), nan=np.inf)
    return Task(
        name=name,
        space=space,
        held_out=TASKS[name],
        places=np.clip(places, 0.0, 1.0),
        curves=curves,
        best=float(lowest.min()),
        median=float(np.median(lowest)),
    )


def present() -> list[str]:
    """Returns the names of the tasks whose tables lie in the data folder."""
    folder = data_folder()
    return [name for name in TASKS if (folder / f"{name}.npz").is_file()]
