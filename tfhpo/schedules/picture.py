"""Drawing curves; imported only where something is drawn, since matplotlib takes long to load."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from tfhpo.errors import ArgumentError

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from tfhpo.schedules.curves import Curve
    from tfhpo.schedules.families import Family

_DOTS_PER_INCH = 120
#: Told apart by eyes of all kinds, after Okabe and Ito, and dark enough for small letters.
_COLOURS = ("#0b5394", "#d55e00", "#00875f", "#b0578d", "#56b4e9", "#e69f00")
_QUIET = "0.45"


class Picture(Figure):
    """A figure that belongs to its caller alone, and is shown where it is a notebook cell's value.

    A notebook shows an ordinary figure only after pyplot was imported.
    """

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()


def draw_curves(
    curves: Sequence[Curve], steps_per_epoch: int | None, title: str | None, *, log: bool
) -> Picture:
    """Draws curves over one another.

    Args:
        curves: At least one.
        steps_per_epoch: The training steps of an epoch, for an axis in epochs; None for steps.
        title: Above the picture; by default the label of a lone curve.
        log: Whether the rates stand on a logarithmic axis.
    """
    figure = _canvas(8.0, 4.0)
    axes = figure.subplots()
    for curve, colour in zip(curves, _colours(len(curves)), strict=True):
        axes.plot(
            curve.steps / (steps_per_epoch or 1),
            curve.rates,
            color=colour,
            linewidth=1.4,
            label=curve.label,
        )
    axes.set(xlabel="epoch" if steps_per_epoch else "training step", ylabel="learning rate")
    axes.set_title(title or (curves[0].label if len(curves) == 1 else ""), loc="left")
    if log:
        axes.set_yscale("log")
    axes.margins(x=0.0)
    _quieten(axes)
    if len(curves) > 1:
        axes.legend(frameon=False)
    return figure


def draw_families(families: Sequence[Family], total_steps: int, learning_rate: float) -> Picture:
    """Draws a page of panels, one per family, all on the same axes.

    Args:
        families: At least one.
        total_steps: Where the axes of the steps end.
        learning_rate: The highest rate, of the axes of the rates.
    """
    columns = min(4, len(families))
    rows = -(-len(families) // columns)
    figure = _canvas(2.35 * columns + 0.4, 1.95 * rows + 0.3)
    panels = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    for axes, family in zip(panels, families, strict=False):
        _draw_family(axes, family)
    for axes in panels[len(families) :]:
        axes.remove()
    for axes in panels[len(families) - columns : len(families)]:
        # The lowest of its column, though not in the lowest row where that has gaps.
        axes.tick_params(labelbottom=True)
    first = panels[0]
    # Above the highest rate there is room for the labels.
    first.set(xlim=(0, total_steps), ylim=(-0.03 * learning_rate, 1.5 * learning_rate))
    first.set_xticks([0, total_steps / 2, total_steps], ["0", "", f"{total_steps:,}"])
    first.set_yticks([0, learning_rate / 2, learning_rate], ["0", "", f"{learning_rate:g}"])
    figure.supxlabel("training step", fontsize=9.5, color=_QUIET)
    figure.supylabel("learning rate", fontsize=9.5, color=_QUIET)
    return figure


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Writes a figure; a missing folder is made.

    Args:
        figure: What to write.
        path: Where; its ending tells the type.

    Raises:
        ArgumentError: If the ending tells no type of picture, or the file cannot be written.
    """
    kinds = sorted(figure.canvas.get_supported_filetypes())
    if Path(path).suffix.removeprefix(".").lower() not in kinds:
        raise ArgumentError(f"`path` must end in one of {kinds}. Received: path={str(path)!r}.")
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    except OSError as error:
        raise ArgumentError(
            "`path` must be a file that can be written. "
            f"Received: path={str(path)!r} ({error.strerror or error})."
        ) from error


def _canvas(width: float, height: float) -> Picture:
    return Picture(figsize=(width, height), dpi=_DOTS_PER_INCH, layout="constrained")


def _draw_family(axes: Axes, family: Family) -> None:
    for curve, colour in zip(family.curves, _COLOURS, strict=False):
        width = 0.7 if family.kind == "noisy_linear_cosine" else 1.6
        axes.plot(curve.steps, curve.rates, color=colour, linewidth=width, label=curve.label)
    axes.set_title(family.title, loc="left", fontsize=9.5, fontweight="bold", pad=4)
    _quieten(axes)
    if family.curves[0].label:
        axes.legend(
            loc="upper right",
            fontsize=8.5,
            frameon=False,
            labelcolor="linecolor",
            handlelength=0,
            handletextpad=0,
            labelspacing=0.1,
            borderaxespad=0.1,
        )


def _colours(count: int) -> list[Any]:
    """Returns as many colours as there are curves: chosen ones, or evenly from a map."""
    if count <= len(_COLOURS):
        return list(_COLOURS[:count])
    from matplotlib import colormaps

    return [colormaps["viridis"](index / (count - 1)) for index in range(count)]


def _quieten(axes: Axes) -> None:
    """Leaves the curves the only dark thing."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("0.7")
    axes.tick_params(colors=_QUIET, labelsize=8.5, length=2.5)
    axes.grid(color="0.93", linewidth=0.8)
    axes.set_axisbelow(True)
