"""The results of a search as tables: first plain rows, then the drawing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Union, cast

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tfhpo.errors import ArgumentError
from tfhpo.reporting.wording import ABSENT, count, duration, short
from tfhpo.study.outcomes import cause_of, failed, ranked, seconds_of
from tfhpo.study.records import TrialStatus
from tfhpo.study.snapshot import StudyRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tfhpo.study.records import TrialRecord, Value

#: A study, or some trials of one.
Trials = Union[StudyRecord, "Iterable[TrialRecord]"]

# Spaces between two columns.
_GAP = 2
# Broken to fewer characters than this, running text would be shredded.
_TEXT_WIDTH = 20
_WORDS = {
    TrialStatus.COMPLETED: "completed",
    TrialStatus.PRUNED: "pruned",
    TrialStatus.FAILED: "failed",
    TrialStatus.INVALID: "to be repeated",
    TrialStatus.RUNNING: "not ended",
}


@dataclass(frozen=True)
class ResultRow:
    """One trial of a results table.

    Attributes:
        number: The trial's number.
        score: Its score.
        epoch: The epoch of the score, from 1; None if unknown.
        values: Its active hyperparameters by name.
        seconds: How long it took; None if unknown.
    """

    number: int
    score: float
    epoch: int | None
    values: dict[str, Value]
    seconds: float | None


@dataclass(frozen=True)
class FailureRow:
    """One trial of a table of failures.

    Attributes:
        number: The trial's number.
        cause: Why it failed, in one line.
        values: Its active hyperparameters by name.
    """

    number: int
    cause: str
    values: dict[str, Value]


def result_rows(trials: Iterable[TrialRecord], direction: str, top: int = 10) -> list[ResultRow]:
    """Returns the best completed trials, the best first.

    Args:
        trials: The trials, in any order.
        direction: "min" or "max".
        top: How many at most.

    Raises:
        ArgumentError: `top` is below 1, or the direction is neither.
    """
    _check_top(top)
    return [
        ResultRow(
            trial.number,
            cast("float", trial.score),
            None if trial.best_step is None else trial.best_step + 1,
            trial.values,
            seconds_of(trial),
        )
        for trial in ranked(trials, direction)[:top]
    ]


def failure_rows(trials: Iterable[TrialRecord], top: int = 10) -> list[FailureRow]:
    """Returns the last failed trials, in their order.

    Args:
        trials: The trials, in the order of their numbers.
        top: How many at most.

    Raises:
        ArgumentError: `top` is below 1.
    """
    _check_top(top)
    return [
        FailureRow(trial.number, cause_of(trial.message), trial.values)
        for trial in failed(trials)[-top:]
    ]


def results_table(
    trials: Trials,
    objective: str | None = None,
    direction: str | None = None,
    top: int = 10,
    *,
    width: int | None = None,
) -> Table:
    """Returns the best trials as a table, with a column for each hyperparameter.

    Args:
        trials: A study, or trials.
        objective: Name of the metric; that of the study by default.
        direction: "min" or "max"; that of the study by default.
        top: How many trials at most.
        width: Characters on a line. Where the columns do not fit, one column holds all values.

    Raises:
        ArgumentError: `top` is below 1, the direction is neither, or one of the two is missing
            and there is no study to take it from.
    """
    records, objective, direction = _resolve(trials, objective, direction)
    rows = result_rows(records, direction, top)
    trial = _Column("trial", [str(row.number) for row in rows])
    score = _Column(objective, [short(row.score) for row in rows], style="bold")
    epoch = _Column("epoch", [short(row.epoch) for row in rows])
    seconds = [ABSENT if row.seconds is None else duration(row.seconds) for row in rows]
    time = _Column("time", seconds, style="dim")
    values = [row.values for row in rows]
    joined = _joined_column(values)
    layouts = [
        [trial, score, epoch, time, *_value_columns(values)],
        [trial, score, epoch, time, joined],
        [trial, score, joined],
    ]
    return _draw(_first_fit(layouts, width), title=_title(records), style="bold")


def failures_table(trials: Trials, top: int = 10, *, width: int | None = None) -> Table:
    """Returns the last failed trials as a table, with the cause of each.

    Args:
        trials: A study, or trials in the order of their numbers.
        top: How many trials at most.
        width: Characters on a line. Where the values do not fit beside the cause, they are left
            out.

    Raises:
        ArgumentError: `top` is below 1.
    """
    records = trials.trials if isinstance(trials, StudyRecord) else tuple(trials)
    rows = failure_rows(records, top)
    trial = _Column("trial", [str(row.number) for row in rows])
    why = _Column("cause", [row.cause for row in rows], is_text=True)
    # Beside a column for each value, a cause would be squeezed into a ribbon.
    values = _joined_column([row.values for row in rows])
    layouts = [[trial, why, values], [trial, why]]
    return _draw(_first_fit(layouts, width), title="Failed trials", style="bold red")


def print_results(
    trials: Trials,
    objective: str | None = None,
    direction: str | None = None,
    top: int = 10,
    *,
    console: Console | None = None,
) -> None:
    """Prints the best trials, and below them the failed ones with their causes.

    Args:
        trials: A study, or trials in the order of their numbers.
        objective: Name of the metric; that of the study by default.
        direction: "min" or "max"; that of the study by default.
        top: How many trials of each sort at most.
        console: Where to print; standard output by default.

    Raises:
        ArgumentError: As in `results_table`.
    """
    console = console or Console()
    records, objective, direction = _resolve(trials, objective, direction)
    console.print(results_table(records, objective, direction, top, width=console.width))
    if failed(records):
        console.print(failures_table(records, top, width=console.width))


# --- parts ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Column:
    """A column of texts; running text may be broken into lines, anything else may not."""

    header: str
    cells: list[str]
    style: str = ""
    is_text: bool = False

    def width(self) -> int:
        """Returns the fewest characters that the column can do with, the gap after it included."""
        if self.is_text:
            return _TEXT_WIDTH + _GAP
        return max(map(cell_len, (self.header, *self.cells))) + _GAP


def _value_columns(values: Sequence[Mapping[str, Value]]) -> list[_Column]:
    """Returns a column for each hyperparameter; an inactive one is a dash."""
    names = dict.fromkeys(name for row in values for name in row)
    return [_Column(name, [short(row.get(name)) for row in values], style="cyan") for name in names]


def _joined_column(values: Sequence[Mapping[str, Value]]) -> _Column:
    """Returns one column that holds all hyperparameters."""
    cells = [", ".join(f"{name}={short(value)}" for name, value in row.items()) for row in values]
    return _Column("values", cells, style="cyan", is_text=True)


def _first_fit(layouts: Sequence[list[_Column]], width: int | None) -> list[_Column]:
    """Returns the first layout that fits, or the last one."""
    for columns in layouts:
        if width is None or sum(column.width() for column in columns) - _GAP <= width:
            return columns
    return layouts[-1]


def _draw(columns: Sequence[_Column], *, title: str, style: str) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style=style,
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, _GAP - 1, 0, 0),  # rich itself adds a space between two columns
    )
    # As texts, since a name may hold square brackets, which are markup in strings.
    for column in columns:
        header, style = Text(column.header), column.style
        if column.is_text:
            table.add_column(header, style=style, min_width=_TEXT_WIDTH, overflow="fold")
        else:
            table.add_column(header, style=style, justify="right", no_wrap=True)
    for cells in zip(*(column.cells for column in columns), strict=True):
        table.add_row(*map(Text, cells))
    return table


def _title(trials: Sequence[TrialRecord]) -> str:
    """Returns how many trials there are, and what became of them."""
    counts = Counter(trial.status for trial in trials)
    parts = [f"{counts[status]} {word}" for status, word in _WORDS.items() if counts[status]]
    return f"{count(len(trials), 'trial')}: {', '.join(parts)}" if parts else "No trials yet"


def _resolve(
    trials: Trials, objective: str | None, direction: str | None
) -> tuple[tuple[TrialRecord, ...], str, str]:
    if isinstance(trials, StudyRecord):
        header = trials.header
        return trials.trials, objective or header.objective, direction or header.direction
    if objective is None or direction is None:
        raise ArgumentError(
            "Trials without their study need `objective` and `direction`. "
            f"Received: objective={objective!r}, direction={direction!r}."
        )
    return tuple(trials), objective, direction


def _check_top(top: int) -> None:
    if top < 1:
        raise ArgumentError(f"`top` must be at least 1. Received: top={top!r}.")
