"""The picture of the ranges breathing: a panel for each parameter, trials from left to right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tfhpo.reporting.figures import canvas, finish, whole_numbers
from tfhpo.reporting.wording import short

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    from tfhpo.reporting.ranges import ParameterRanges, RangesData, RoundRange
    from tfhpo.space import Value

# Inches.
_WIDTH, _PANEL, _MARGIN = 9.0, 1.8, 0.9
# Half the height of a choice's row.
_ROW = 0.4
# The share of the worst scores that all take the last colour: a few failures of a loss can be
# thousands of times worse than the rest, which would then be of one colour.
_WORST = 10
# How far an axis goes beyond its values, as a share of them.
_BEYOND = 0.06
_TINY = 1e-300
_BEST, _FAILED = "gold", "#c0392b"


def plot_ranges(
    data: RangesData,
    path: str | os.PathLike[str] | None = None,
    *,
    figure: Figure | None = None,
) -> Figure:
    """Draws the range of every parameter in every round, and the trials in them.

    Bands are the ranges (cells, for a parameter given as a list); a round that was discarded is
    hatched and pale, one that is not closed yet is only outlined. Dots are trials, the darker the
    better; the star is the best of all.

    Args:
        data: What `ranges_data` returned.
        path: Where to save the picture, its type told by the ending; not saved by default.
        figure: An empty figure to draw on; a new one by default.

    Returns:
        The figure drawn on.
    """
    count = len(data.parameters)
    figure = figure or canvas(_WIDTH, _MARGIN + _PANEL * count)
    panels = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    norm = _norm(data)
    for axes, parameter in zip(panels, data.parameters, strict=True):
        _prepare(axes, parameter, data.trials)
        for one in parameter.rounds:
            _draw_round(axes, parameter, one)
        _draw_trials(axes, parameter, data, norm)
    panels[-1].set_xlabel("trial")
    whole_numbers(panels[-1].xaxis)
    figure.suptitle(_title(data))
    _add_keys(figure, panels, data, norm)
    return finish(figure, path)


def _title(data: RangesData) -> str:
    if data.best is None:
        return "Ranges of the elastic grid"
    score = short(data.scores.get(data.best))
    return f"Ranges of the elastic grid: best {data.objective} {score} in trial {data.best}"


# --- axes ---------------------------------------------------------------------------------------


def _prepare(axes: Axes, parameter: ParameterRanges, trials: int) -> None:
    axes.set_xlim(-0.5, max(trials, 1) - 0.5)
    axes.set_title(parameter.name, loc="left", fontsize="medium", parse_math=False)
    if parameter.choices is not None:
        axes.set_ylim(-0.6, len(parameter.choices) - 0.4)
        axes.set_yticks(range(len(parameter.choices)), [short(v) for v in parameter.choices])
        return
    if parameter.low is not None and parameter.high is not None:
        _scale(axes, parameter.low, parameter.high, parameter.scale)


def _scale(axes: Axes, low: float, high: float, scale: str) -> None:
    """Sets the scale of an axis of numbers, and its limits a little beyond the values."""
    if scale == "log":
        axes.set_yscale("log")
        margin = (high / low) ** _BEYOND if high > low else 2.0
        axes.set_ylim(low / margin, high * margin)
        return
    margin = _BEYOND * (high - low) or 0.5
    if scale == "reverse_log":
        # log, mirrored: dense near the top.
        total = low + high
        axes.set_yscale(
            "function",
            functions=(
                lambda v: -np.log(np.maximum(total - np.asarray(v, float), _TINY)),
                lambda t: total - np.exp(-np.asarray(t, float)),
            ),
        )
        axes.set_ylim(low - margin, total - low / (high / low) ** _BEYOND)
        return
    axes.set_ylim(low - margin, high + margin)


def _height(parameter: ParameterRanges) -> Callable[[Value], float]:
    """Returns where a value lies on the vertical axis."""
    if parameter.choices is None:
        return float
    return list(parameter.choices).index


# --- what is drawn on them ----------------------------------------------------------------------


def _draw_round(axes: Axes, parameter: ParameterRanges, one: RoundRange) -> None:
    height = _height(parameter)
    if one.active is None:
        bands = [(height(one.low), height(one.high))]
    else:
        rows = [height(value) for value in one.active]
        bands = [(row - _ROW, row + _ROW) for row in rows]
    left, right = one.first - 0.5, one.end - 0.5
    for low, high in bands:
        axes.fill_between([left, right], low, high, **_style(kept=one.kept))


def _style(*, kept: bool | None) -> dict[str, Any]:
    if kept is None:
        return {"facecolor": "#e6f0f9", "edgecolor": "#6b9bc9", "linewidth": 0.8, "linestyle": ":"}
    if kept:
        return {"facecolor": "#a9c9e8", "edgecolor": "#6b9bc9", "linewidth": 0.8}
    return {"facecolor": "#f1f4f7", "edgecolor": "#c3ccd5", "linewidth": 0.8, "hatch": "////"}


def _draw_trials(axes: Axes, parameter: ParameterRanges, data: RangesData, norm: Normalize) -> None:
    height = _height(parameter)
    scored = [number for number in parameter.values if number in data.scores]
    lost = [number for number in parameter.values if number in data.failed]
    axes.scatter(
        scored,
        [height(parameter.values[number]) for number in scored],
        c=[data.scores[number] for number in scored],
        norm=norm,
        cmap=_colours(data),
        edgecolors="white",
        linewidths=0.5,
        zorder=3,
    )
    axes.scatter(
        lost, [height(parameter.values[number]) for number in lost], c=_FAILED, marker="x", zorder=3
    )
    if data.best in parameter.values:
        place = height(parameter.values[data.best])
        axes.scatter(data.best, place, s=180, marker="*", c=_BEST, edgecolors="black", zorder=4)


def _colours(data: RangesData) -> str:
    return "viridis_r" if data.direction == "max" else "viridis"


def _norm(data: RangesData) -> Normalize:
    from matplotlib.colors import Normalize

    scores = np.array(list(data.scores.values()) or [0.0])
    if data.direction == "max":
        return Normalize(np.percentile(scores, _WORST), scores.max(), clip=True)
    return Normalize(scores.min(), np.percentile(scores, 100 - _WORST), clip=True)


def _add_keys(figure: Figure, panels: Any, data: RangesData, norm: Normalize) -> None:
    """Adds the colour bar and the legend."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    figure.colorbar(
        ScalarMappable(norm, _colours(data)),
        ax=list(panels),
        label=data.objective,
        extend="min" if data.direction == "max" else "max",
    )
    star: dict[str, Any] = {
        "marker": "*",
        "markersize": 13,
        "color": _BEST,
        "markeredgecolor": "black",
    }
    handles = [
        Patch(label="range, kept", **_style(kept=True)),
        Patch(label="range, discarded", **_style(kept=False)),
        Line2D([], [], linestyle="", label="best trial", **star),
    ]
    if any(one.kept is None for parameter in data.parameters for one in parameter.rounds):
        handles.insert(2, Patch(label="range, open", **_style(kept=None)))
    if data.failed:
        handles.append(Line2D([], [], linestyle="", marker="x", color=_FAILED, label="failed"))
    figure.legend(handles=handles, loc="outside lower center", ncols=5, frameon=False)
