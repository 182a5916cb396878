"""The progress of a search on one line: trials done, best so far, what runs, time left."""

from __future__ import annotations

import textwrap
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from tfhpo.reporting.live import PatientConsole, line_for
from tfhpo.reporting.wording import count, duration, short, stopwatch
from tfhpo.study.outcomes import cause_of, failed, place_of, ranked, sign_of
from tfhpo.study.records import TrialStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from tfhpo.space import Space
    from tfhpo.study.records import TrialRecord

_BAR = 12
# Characters of a cause in the summary.
_CAUSE = 120
# A cause on a line of its own; the whole is in the study.
_LONGEST = 1000
_OPEN = (TrialStatus.RUNNING, TrialStatus.INVALID)


@dataclass(frozen=True)
class Progress:
    """How far a search is, at one moment; times are seconds on the clock of the caller.

    It never changes, so that the thread that draws the line needs no lock.

    Attributes:
        objective: Name of the metric to optimise.
        direction: "min" or "max".
        max_trials: How many trials are planned, those of former runs included; None if open.
        max_time: Seconds that this run may take; None if open.
        done: How many trials have ended, those of former runs included.
        done_here: How many of them ended in this run.
        failed: How many of all failed.
        pruned: How many of all were stopped early.
        best: The best completed trial, if there is one.
        running: The running trials by number, with the epochs that each has ended.
        began: When this run began.
        last_end: When its last trial ended, or the run began.
        former_pace: Seconds per trial in former runs, if there were any.
        cause: Why the last failed trial failed, if one did.
        worker: The worker whose part of the search this is; None for all of it.
    """

    objective: str
    direction: str
    max_trials: int | None = None
    max_time: float | None = None
    done: int = 0
    done_here: int = 0
    failed: int = 0
    pruned: int = 0
    best: TrialRecord | None = None
    running: Mapping[int, int] = field(default_factory=dict)
    began: float = 0.0
    last_end: float = 0.0
    former_pace: float | None = None
    cause: str | None = None
    worker: str | None = None

    def after(self, trials: Iterable[TrialRecord]) -> Progress:
        """Returns the progress with the trials of former runs counted in."""
        ended = [trial for trial in trials if trial.status not in _OPEN]
        times = [
            t.ended - t.started for t in ended if t.started is not None and t.ended is not None
        ]
        return replace(
            self,
            done=len(ended),
            failed=len(failed(ended)),
            pruned=sum(trial.status is TrialStatus.PRUNED for trial in ended),
            cause=next((cause_of(one.message) for one in reversed(failed(ended))), None),
            best=next(iter(ranked(ended, self.direction)), None),
            former_pace=sum(times) / len(times) if times else None,
        )

    def begun(self, now: float) -> Progress:
        """Returns the progress with the clock of this run started."""
        return replace(self, began=now, last_end=now)

    def at_epoch(self, number: int, epochs: int) -> Progress:
        """Returns the progress with a trial running that has ended so many epochs."""
        return replace(self, running={**self.running, number: epochs})

    def with_end(self, trial: TrialRecord, now: float) -> Progress:
        """Returns the progress after a trial's end; one that will be repeated has not ended."""
        running = {number: at for number, at in self.running.items() if number != trial.number}
        if trial.status in _OPEN:
            return replace(self, running=running)
        contenders = (trial,) if self.best is None else (self.best, trial)
        return replace(
            self,
            running=running,
            done=self.done + 1,
            done_here=self.done_here + 1,
            failed=self.failed + (trial.status is TrialStatus.FAILED),
            pruned=self.pruned + (trial.status is TrialStatus.PRUNED),
            cause=cause_of(trial.message) if trial.status is TrialStatus.FAILED else self.cause,
            best=next(iter(ranked(contenders, self.direction)), None),
            last_end=now,
        )

    def seconds_left(self, now: float) -> float | None:
        """Returns how long this run will still take, None while nothing tells.

        The trials left are taken at the pace of this run (or, before its first trial ends, of the
        former ones), and the wall-clock budget caps it.
        """
        guesses = []
        pace = self._pace()
        if self.max_trials is not None and pace is not None:
            trials_left = max(self.max_trials - self.done, 0)
            guesses.append(max(trials_left * pace - (now - self.last_end), 0.0))
        if self.max_time is not None:
            guesses.append(max(self.max_time - (now - self.began), 0.0))
        return min(guesses, default=None)

    def _pace(self) -> float | None:
        """Returns the seconds per trial; trials that run side by side make it shorter."""
        if self.done_here:
            return (self.last_end - self.began) / self.done_here
        return self.former_pace


def progress_text(progress: Progress, now: float, width: int, *, ascii_only: bool = False) -> Text:
    """Returns the progress as one line.

    Args:
        progress: What to tell.
        now: The present time.
        width: Characters on the line; the least important parts are left out until it fits.
        ascii_only: Whether the output can show ASCII characters only.
    """
    parts = _parts(progress, now, ascii_only=ascii_only)
    while len(parts) > 1 and len(_joined(parts)) > width:
        parts.remove(max(parts, key=lambda part: part[0]))
    line = _joined(parts)
    line.no_wrap, line.overflow = True, "ellipsis"
    return line


def _joined(parts: Sequence[tuple[int, Text]]) -> Text:
    return Text("  ").join(text for _, text in parts)


def _parts(progress: Progress, now: float, *, ascii_only: bool) -> list[tuple[int, Text]]:
    """Returns the parts in the order of the line, each with its rank: 0 is never left out."""
    done, total = progress.done, progress.max_trials
    parts = [(0, Text(f"{done}/{total} trials" if total else count(done, "trial"), "bold"))]
    if total and not ascii_only:
        parts.insert(0, (5, _bar(done / total)))
    best = progress.best
    if best is not None:
        text = Text(f"best {progress.objective} ")
        text.append(short(best.score), "bold green").append(f" (trial {best.number})", "dim")
        parts.append((1, text))
    if progress.failed:
        parts.append((3, Text(f"{progress.failed} failed", "red")))
    if progress.pruned:
        parts.append((5, Text(f"{progress.pruned} pruned", "yellow")))
    if progress.running:
        parts.append((4, Text(_running(progress.running), "cyan")))
    parts.append((6, Text(stopwatch(now - progress.began), "dim")))
    left = progress.seconds_left(now)
    if left is not None:
        parts.append((2, Text(f"{stopwatch(left)} left")))
    return parts


def _bar(share: float) -> Text:
    full = round(min(max(share, 0.0), 1.0) * _BAR)
    return Text("━" * full, "green").append("─" * (_BAR - full), "bright_black")


def _running(running: Mapping[int, int]) -> str:
    if len(running) > 1:
        return f"{len(running)} trials running"
    number, epochs = next(iter(running.items()))
    return f"trial {number} epoch {epochs + 1}"


def print_summary(before: Progress, trials: Iterable[TrialRecord], seconds: float) -> None:
    """Prints what is left to say of a search whose trials ran elsewhere.

    Args:
        before: How far it was.
        trials: Those that have ended since.
        seconds: How long it took.
    """
    progress = before.begun(0.0)
    for trial in trials:
        progress = progress.with_end(trial, seconds)
    PatientConsole().print(summary_text(progress, seconds))


def summary_text(progress: Progress, now: float) -> Text:
    """Returns what is left to say when the search has ended."""
    took = duration(now - progress.began)
    if progress.worker is not None:
        text = Text(f"{progress.worker} has run {count(progress.done, 'trial')} in {took}")
    elif progress.done_here == progress.done:
        text = Text(f"{count(progress.done, 'trial')} in {took}")
    else:
        trials = count(progress.done, "trial")
        text = Text(f"{trials}, {progress.done_here} of them in this run of {took}")
    if progress.failed:
        text.append(f", {progress.failed} failed", "red")
    if progress.pruned:
        text.append(f", {progress.pruned} pruned", "yellow")
    best = progress.best
    if best is None:
        why = ""
        if progress.cause is not None:
            why = f", the last one for: {textwrap.shorten(progress.cause, _CAUSE)}"
        return text.append(f"; none completed{why}")
    whose = "best" if progress.worker is None else "its best"
    return text.append(f"; {whose} {progress.objective} {short(best.score)} in trial {best.number}")


class ProgressLine:
    """A listener of the tuner that keeps one live line.

    In a terminal and in a notebook the line is rewritten in place; anywhere else it is printed
    every half minute, and the summary at the end. Every attempt that fails leaves a line of its
    own, with its cause; so does a search that goes on, at its beginning.

    Args:
        objective: Name of the metric to optimise.
        direction: "min" or "max".
        max_trials: How many trials are planned, those of former runs included; None if open.
        max_time: Seconds that this run may take; None if open.
        done: The trials of former runs of the same study.
        retries: How often a failed trial is run again.
        worker: The worker whose part of a search this is, which the summary then says; None for all
            of it.
        console: Where to draw; standard output by default.
        clock: Returns the time in seconds; only differences count.

    Raises:
        ArgumentError: The direction is neither "min" nor "max".
    """

    def __init__(
        self,
        objective: str,
        direction: str,
        *,
        max_trials: int | None = None,
        max_time: float | None = None,
        done: Iterable[TrialRecord] = (),
        retries: int = 0,
        worker: str | None = None,
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        sign_of(direction)
        self._clock = clock
        self._attempts = retries + 1
        self._console = console or PatientConsole()
        whole = Progress(objective, direction, max_trials, max_time).after(done)
        self.progress = replace(whole, worker=worker)
        self._line = line_for(self._console, self._draw)

    def on_search_begin(
        self, space: Space, objective: str, direction: str, metrics: Sequence[str]
    ) -> None:
        """Shows the line and starts its clock."""
        self.progress = self.progress.begun(self._clock())
        self._line.open()
        if self.progress.done:
            self._line.note(Text(f"Going on after {count(self.progress.done, 'trial')}."))

    def on_trial_begin(self, trial: TrialRecord) -> None:
        """Shows which trial runs."""
        self.progress = self.progress.at_epoch(trial.number, 0)
        self._line.refresh()

    def on_space_growth(self, space: Space) -> None:
        """Changes nothing: the line shows no parameters."""

    def on_execution_begin(self, trial: TrialRecord, execution: int) -> None:
        """Counts the epochs from the start again."""
        self.progress = self.progress.at_epoch(trial.number, 0)
        self._line.refresh()

    def on_epoch_end(
        self, trial: TrialRecord, execution: int, epoch: int, metrics: Mapping[str, float]
    ) -> None:
        """Shows the next epoch."""
        self.progress = self.progress.at_epoch(trial.number, epoch + 1)
        self._line.refresh()

    def on_execution_end(
        self, trial: TrialRecord, execution: int, status: str, score: float | None
    ) -> None:
        """Takes no notice: the trial's end follows."""

    def on_trial_end(self, trial: TrialRecord) -> None:
        """Counts the trial and tells its failure, if it failed."""
        self.progress = self.progress.with_end(trial, self._clock())
        if trial.status in (TrialStatus.FAILED, TrialStatus.INVALID):
            self._line.note(_failure(trial, self._attempts))
        self._line.refresh()

    def on_search_end(self, space: Space) -> None:
        """Takes the line away, gives the cursor back and prints the summary; safe to call twice.

        A search that ends before its first trial begins has an error to tell, and no summary.
        """
        told = self.progress.done or self.progress.running or self.progress.worker
        self._line.close(summary_text(self.progress, self._clock()) if told else None)

    def _draw(self, width: int) -> Text:
        ascii_only = self._console.options.ascii_only
        return progress_text(self.progress, self._clock(), width, ascii_only=ascii_only)


def _failure(trial: TrialRecord, attempts: int) -> Text:
    """Returns the line of an attempt that failed; its cause stands last, for it may be cut."""
    # It is the user who says how often, and where they never do there is one attempt.
    which = "" if attempts == 1 else f" in attempt {trial.attempt + 1} of {attempts}"
    again = ", to be repeated" if trial.status is TrialStatus.INVALID else ""
    place = place_of(trial.message)
    where = "" if place is None else f" at {place}"
    told = Text().append(f"Trial {trial.number} failed{where}{which}{again}: ", "red")
    cause = cause_of(trial.message)
    return told.append(cause if len(cause) <= _LONGEST else f"{cause[:_LONGEST]} [...]")
