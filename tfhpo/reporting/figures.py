"""Figures without pyplot: nothing is kept between two pictures, and no window system is needed.

matplotlib is imported where something is drawn, so that reading the data stays cheap.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

_DOTS_PER_INCH = 120


def canvas(width: float, height: float) -> Figure:
    """Returns an empty figure that belongs to the caller alone.

    Args:
        width: In inches.
        height: In inches.
    """
    from tfhpo.reporting.picture import Picture

    return Picture(figsize=(width, height), dpi=_DOTS_PER_INCH, layout="constrained")


def finish(figure: Figure, path: str | os.PathLike[str] | None) -> Figure:
    """Saves a figure where there is a path for it, and returns it.

    Args:
        figure: What to save.
        path: Where; its ending tells the type. Its folder is made where it is missing.
    """
    if path is not None:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    return figure


def whole_numbers(axis: Axis) -> None:
    """Puts the ticks of a linear axis at whole numbers only, as trials are counted."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True))
