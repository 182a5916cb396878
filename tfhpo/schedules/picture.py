"""Drawing curves; imported only where something is drawn, since matplotlib takes long to load."""

from __future__ import annotations

import io
import textwrap
from dataclasses import dataclass
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
_DASHES = ("-", "--", "-.", ":")
#: More curves than this are no picture.
MOST_CURVES = 60
# In letters of the title, and of the legend with its handles.
_TITLE_WIDTH, _LABEL_WIDTH, _LEGEND_WIDTH, _HANDLE_WIDTH = 75, 50, 110, 8
# In inches.
_WIDTH, _HEIGHT, _TITLE_LINE, _LEGEND_LINE = 8.0, 4.0, 0.22, 0.18


class Picture(Figure):
    """A figure that belongs to its caller alone, and is shown where it is a notebook cell's value.

    A notebook shows an ordinary figure only after pyplot was imported.
    """

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()


@dataclass(frozen=True)
class _Words:
    """What is written around curves, in lines that fit the picture.

    Attributes:
        title: Above the axes.
        labels: Of the curves.
        columns: Of a legend below the axes.
        below: Whether the legend stands there: in the axes it would cover the curves.
        height: What all this adds to the picture, in inches.
    """

    title: str
    labels: list[str]
    columns: int
    below: bool
    height: float

    @classmethod
    def of(cls, curves: Sequence[Curve], title: str | None) -> _Words:
        """Returns the words of some curves, under a title or that of a lone curve."""
        chosen = title or (curves[0].label if len(curves) == 1 else "")
        heading = textwrap.wrap(chosen, _TITLE_WIDTH)
        labels = [textwrap.wrap(curve.label, _LABEL_WIDTH) for curve in curves]
        letters = max((len(line) for label in labels for line in label), default=0)
        columns = max(1, _LEGEND_WIDTH // (_HANDLE_WIDTH + letters))
        # A row of the legend is as high as its highest label: at most so many lines.
        highest = sorted((max(1, len(label)) for label in labels), reverse=True)
        lines = sum(highest[::columns])
        below = len(curves) > len(_COLOURS) or (len(curves) > 1 and highest[0] > 1)
        height = _TITLE_LINE * max(0, len(heading) - 1) + (_LEGEND_LINE * lines if below else 0.0)
        return cls("\n".join(heading), ["\n".join(one) for one in labels], columns, below, height)


def draw_curves(
    curves: Sequence[Curve], steps_per_epoch: int | None, title: str | None, *, log: bool
) -> Picture:
    """Draws curves over one another.

    Args:
        curves: At least one.
        steps_per_epoch: The training steps of an epoch, for an axis in epochs; None for steps.
        title: Above the picture; by default the label of a lone curve.
        log: Whether the rates stand on a logarithmic axis.

    Raises:
        ArgumentError: If there are more curves than a picture can show.
    """
    if len(curves) > MOST_CURVES:
        raise ArgumentError(
            f"A picture shows {MOST_CURVES} schedules at most. Received: {len(curves)}."
        )
    words = _Words.of(curves, title)
    figure = _canvas(_WIDTH, _HEIGHT + words.height)
    axes = figure.subplots()
    many = len(curves) > len(_COLOURS)
    for number, (curve, colour) in enumerate(zip(curves, _colours(len(curves)), strict=True)):
        axes.plot(
            curve.steps / (steps_per_epoch or 1),
            curve.rates,
            color=colour,
            linestyle=_DASHES[number % len(_DASHES)] if many else "-",
            linewidth=1.4,
            label=words.labels[number],
        )
    axes.set(xlabel="epoch" if steps_per_epoch else "training step", ylabel="learning rate")
    axes.set_title(words.title, loc="left")
    if log:
        axes.set_yscale("log")
    axes.margins(x=0.0)
    _quieten(axes)
    if words.below:
        figure.legend(loc="outside lower left", ncols=words.columns, frameon=False, fontsize=8.5)
    elif len(curves) > 1:
        # Read even where it stands on cycles too many to tell apart.
        axes.legend(framealpha=0.8, edgecolor="none")
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
        ArgumentError: If the path is a folder, its ending tells no type of picture, or the file
            cannot be written.
    """
    if Path(path).is_dir():
        raise ArgumentError(f"`path` must be a file. Received: path={str(path)!r}, a folder.")
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

    # The palest end of the map is not seen on white.
    return [colormaps["viridis"](0.9 * index / (count - 1)) for index in range(count)]


def _quieten(axes: Axes) -> None:
    """Leaves the curves the only dark thing."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("0.7")
    axes.tick_params(colors=_QUIET, labelsize=8.5, length=2.5)
    axes.grid(color="0.93", linewidth=0.8)
    axes.set_axisbelow(True)
