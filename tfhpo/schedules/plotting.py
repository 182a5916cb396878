"""The two pictures: schedules of one's own, and the page of all families."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfhpo import arguments
from tfhpo.schedules import checks
from tfhpo.schedules.curves import curves
from tfhpo.schedules.families import families

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from matplotlib.figure import Figure


def plot(
    schedules: Any,
    total_steps: int,
    *,
    steps_per_epoch: int | None = None,
    title: str | None = None,
    log: bool = False,
    path: str | os.PathLike[str] | None = None,
) -> Figure:
    """Draws the learning rate over a training.

    Args:
        schedules: A Keras learning-rate schedule, a list of such, or a mapping of labels to such,
            drawn over one another; 60 at most.
        total_steps: The training length, in steps (batches), 1 or more. Of more than 2,000 steps
            the lowest and the highest rate in each of 1,000 intervals are drawn. Schedules that are
            not tfhpo's need not take many steps at once, and are asked for 2,000 of theirs only.
        steps_per_epoch: The steps of an epoch, 1 or more, for an axis in epochs; by default the
            axis counts steps.
        title: Above the picture; by default the class of a lone schedule.
        log: Whether the rates stand on a logarithmic axis.
        path: Where to save the picture, its type told by the ending; not saved by default.

    Returns:
        The figure, which a notebook shows.

    Raises:
        ArgumentError: If an argument breaks its rule.

    Example:
        >>> from tfhpo import schedules
        >>> rates = {
        ...     "cosine": schedules.CosineDecay(0.1, decay_steps=500),
        ...     "one cycle": schedules.OneCycle(0.1, total_steps=500),
        ... }
        >>> figure = schedules.plot(rates, 500, steps_per_epoch=100)
        >>> [line.get_label() for line in figure.axes[0].lines]
        ['cosine', 'one cycle']
    """
    if steps_per_epoch is not None:
        steps_per_epoch = checks.whole("steps_per_epoch", steps_per_epoch, least=1)
    log = arguments.flag("log", log)
    found = curves(schedules, total_steps)
    from tfhpo.schedules import picture

    figure = picture.draw_curves(found, steps_per_epoch, title, log=log)
    if path is not None:
        picture.save(figure, path)
    return figure


def gallery(
    total_steps: int = 1000,
    learning_rate: float = 0.1,
    *,
    kinds: str | Sequence[str] | None = None,
    path: str | os.PathLike[str] | None = None,
) -> Figure:
    """Draws all families of schedules on one page, with the options that shape each.

    Args:
        total_steps: The training length, in steps (batches), 20 or more.
        learning_rate: The highest rate, above 0.
        kinds: Which family, or a list of several: "polynomial", "cosine_restarts", "warm_up", ...;
            all by default.
        path: Where to save the picture, its type told by the ending; not saved by default.

    Returns:
        The figure, which a notebook shows.

    Raises:
        ArgumentError: If an argument breaks its rule.

    Example:
        >>> from tfhpo import schedules
        >>> figure = schedules.gallery(kinds=["cosine", "one_cycle"])
        >>> [axes.get_title(loc="left") for axes in figure.axes]
        ['CosineDecay', 'OneCycle']
    """
    found = families(total_steps, learning_rate, kinds)
    from tfhpo.schedules import picture

    figure = picture.draw_families(found, total_steps, learning_rate)
    if path is not None:
        picture.save(figure, path)
    return figure
