"""Score by trial and the best so far: the data, then the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfhpo.reporting.figures import canvas, finish, whole_numbers
from tfhpo.reporting.wording import short
from tfhpo.study.outcomes import sign_of
from tfhpo.study.records import TrialStatus

if TYPE_CHECKING:
    import os

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tfhpo.study.snapshot import StudyRecord

_NAN = float("nan")


@dataclass(frozen=True)
class HistoryData:
    """How a search went.

    Attributes:
        objective: Name of the metric.
        direction: "min" or "max".
        numbers: The numbers of the trials that ended, ascending, `n`.
        scores: The score of each; NaN where a trial did not complete, `n`.
        best: The best score up to each trial; NaN before the first one completed, `n`.
        failed: The numbers of the failed trials.
        pruned: The numbers of the pruned trials, and what each had when it was stopped.
    """

    objective: str
    direction: str
    numbers: tuple[int, ...]
    scores: tuple[float, ...]
    best: tuple[float, ...]
    failed: tuple[int, ...]
    pruned: tuple[tuple[int, float], ...] = ()


def history_data(study: StudyRecord) -> HistoryData:
    """Returns how the search of a study went."""
    header = study.header
    ended = [t for t in study.trials if t.status not in (TrialStatus.RUNNING, TrialStatus.INVALID)]
    scores = tuple(
        t.score if t.status is TrialStatus.COMPLETED and t.score is not None else _NAN
        for t in ended
    )
    return HistoryData(
        objective=header.objective,
        direction=header.direction,
        numbers=tuple(trial.number for trial in ended),
        scores=scores,
        best=_running_best(scores, sign_of(header.direction)),
        failed=tuple(trial.number for trial in ended if trial.status is TrialStatus.FAILED),
        pruned=tuple(
            (trial.number, trial.score)
            for trial in ended
            if trial.status is TrialStatus.PRUNED and trial.score is not None
        ),
    )


def _running_best(scores: tuple[float, ...], sign: float) -> tuple[float, ...]:
    best, found = _NAN, []
    for score in scores:
        if math.isnan(best) or sign * score < sign * best:
            best = score
        found.append(best)
    return tuple(found)


def plot_history(
    data: HistoryData,
    path: str | os.PathLike[str] | None = None,
    *,
    axes: Axes | None = None,
) -> Figure:
    """Draws the score of every trial and the best so far.

    Args:
        data: What `history_data` returned.
        path: Where to save the picture, its type told by the ending; not saved by default.
        axes: Where to draw; a new figure by default.

    Returns:
        The figure drawn on.
    """
    axes = axes or canvas(width=8.0, height=4.0).subplots()
    axes.plot(data.numbers, data.scores, "o", color="0.6", markersize=4, label="trial")
    axes.step(data.numbers, data.best, where="post", color="C0", linewidth=2, label="best so far")
    if data.pruned:
        numbers, bounds = zip(*data.pruned, strict=True)
        axes.plot(numbers, bounds, "o", color="0.6", markersize=3, fillstyle="none", label="pruned")
    if data.failed:
        # On the lower edge, since a failed trial has no height of its own.
        axes.plot(
            data.failed,
            [0.0] * len(data.failed),
            "x",
            color="C3",
            clip_on=False,
            transform=axes.get_xaxis_transform(),
            label="failed",
        )
    known = [score for score in data.best if not math.isnan(score)]
    title = f"best {data.objective}: {short(known[-1])}" if known else "no trial completed yet"
    axes.set(xlabel="trial", ylabel=data.objective, title=title)
    whole_numbers(axes.xaxis)
    axes.legend(loc="best", frameon=False)
    return finish(axes.figure.figure, path)
