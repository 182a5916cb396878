"""How the population of a genetic algorithm got better: the data, then the picture."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from tfhpo.errors import ArgumentError
from tfhpo.reporting.figures import canvas, finish, whole_numbers
from tfhpo.reporting.wording import short
from tfhpo.strategies import GeneticAlgorithm
from tfhpo.study.outcomes import sign_of

if TYPE_CHECKING:
    import os

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from tfhpo.study.snapshot import StudyRecord

# The kind of the events that the genetic algorithm records (`tfhpo.strategies.GeneticAlgorithm`).
_GENERATION = "generation"


@dataclass(frozen=True)
class Generation:
    """The population at one moment.

    Attributes:
        number: Which one, from 1.
        trials: How many trials had been started by then.
        scores: The members' scores, the best first.
    """

    number: int
    trials: int
    scores: tuple[float, ...]


@dataclass(frozen=True)
class PopulationData:
    """The populations of a whole search.

    Attributes:
        objective: Name of the metric.
        direction: "min" or "max".
        generations: The populations, the oldest first.
    """

    objective: str
    direction: str
    generations: tuple[Generation, ...]


def population_data(study: StudyRecord) -> PopulationData:
    """Returns how the population of a genetic algorithm's study got better.

    Args:
        study: The study, from `read_study`.

    Raises:
        ArgumentError: Another strategy made the study.
    """
    header = study.header
    events = [event for event in study.events if event.kind == _GENERATION]
    strategy = header.settings.get("strategy")
    if not events and strategy != GeneticAlgorithm.name:
        raise ArgumentError(
            "Only a study of the genetic algorithm has a population. "
            f"Received: {study.path}, a study of the strategy {strategy!r}."
        )
    sign = sign_of(header.direction)
    generations = tuple(
        Generation(
            event.data["number"],
            event.after_trial,
            # Strategies minimise.
            tuple(sign * score for score in event.data["scores"]),
        )
        for event in events
    )
    return PopulationData(header.objective, header.direction, generations)


def plot_population(
    data: PopulationData,
    path: str | os.PathLike[str] | None = None,
    *,
    axes: Axes | None = None,
) -> Figure:
    """Draws the scores of every generation's members, their median and the best of them.

    Args:
        data: What `population_data` returned.
        path: Where to save the picture, its type told by the ending; not saved by default.
        axes: Where to draw; a new figure by default.

    Returns:
        The figure drawn on.
    """
    axes = axes or canvas(width=8.0, height=4.0).subplots()
    numbers = [one.number for one in data.generations for _ in one.scores]
    scores = [score for one in data.generations for score in one.scores]
    axes.plot(numbers, scores, "o", color="0.6", markersize=4, alpha=0.6, label="member")
    generations = [one.number for one in data.generations]
    medians = [median(one.scores) for one in data.generations]
    best = [one.scores[0] for one in data.generations]
    axes.plot(generations, medians, color="C1", linewidth=2, label="median")
    axes.plot(generations, best, color="C0", linewidth=2, label="best")
    title = f"best {data.objective}: {short(best[-1])}" if best else "no generation yet"
    axes.set(xlabel="generation", ylabel=data.objective, title=title)
    whole_numbers(axes.xaxis)
    axes.legend(loc="best", frameon=False)
    return finish(axes.figure.figure, path)
