"""Tasks in this process, one after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from tfhpo.execution.engine import END, PAUSE, Engine, Failure, Function, Outcome, Task

_NAME = "this process"


class InProcess(Engine):
    """Runs tasks in the caller's process and thread. What kills one kills all."""

    def run(
        self,
        function: Function,
        tasks: Iterator[Task | None],
        on_report: Callable[..., Any],
        on_end: Callable[[Task, Outcome], None],
    ) -> None:
        while (task := next(tasks, END)) is not END:
            if task is None:
                time.sleep(PAUSE)
            else:
                on_end(task, _attempt(function, task, on_report))


def _attempt(function: Function, task: Task, on_report: Callable[..., Any]) -> Outcome:
    reporter = _Reporter(task.key, on_report)
    try:
        value = function(task.payload, reporter)
    except Exception as error:  # noqa: BLE001 - whatever the function raises ends its task alone
        reporter.raise_again()
        return Outcome(failure=Failure.of(error), worker=_NAME)
    reporter.raise_again()
    return Outcome(value, worker=_NAME)


class _Reporter:
    """Passes reports on. What the driver raises ends the run, even where the function caught it."""

    def __init__(self, key: str, on_report: Callable[..., Any]) -> None:
        self._key, self._on_report = key, on_report
        self._raised: BaseException | None = None

    def __call__(self, *message: Any) -> Any:
        self.raise_again()
        try:
            return self._on_report(self._key, *message)
        except BaseException as error:
            self._raised = error
            raise

    def raise_again(self) -> None:
        if self._raised is not None:
            raise self._raised
