"""Collects what an engine tells, and waits for processes to end without sleeping."""

import os
import time
from multiprocessing.connection import wait
from pathlib import Path
from types import SimpleNamespace

import pytest

from tfhpo.execution import Task

# Far more than anything here takes: a test that waits so long has failed.
PATIENCE_SECONDS = 60


class Driver:
    """Runs tasks on an engine and keeps all that it tells, in order."""

    def __init__(self, answer=lambda key, *message: None):
        self.reports, self.outcomes, self.log = [], {}, []
        self._answer = answer

    def run(self, engine, function, payloads=(), tasks=None):
        """Runs a task per payload, named by its place; or the tasks of an iterator."""
        if tasks is None:
            tasks = (Task(str(place), payload) for place, payload in enumerate(payloads))
        engine.run(function, iter(tasks), self.on_report, self.on_end)
        return list(self.outcomes.values())

    def on_report(self, key, *message):
        self.reports.append((key, *message))
        self.log.append(("report", key))
        return self._answer(key, *message)

    def on_end(self, task, outcome):
        assert task.key not in self.outcomes
        self.outcomes[task.key] = outcome
        self.log.append(("end", task.key))

    def values(self):
        return {key: outcome.value for key, outcome in self.outcomes.items()}

    def failures(self):
        return {key: outcome.failure for key, outcome in self.outcomes.items() if outcome.failure}


class Holders:
    """A named pipe: processes hold it while they live, and the test hears the last one end."""

    def __init__(self, path):
        self.path = str(path)
        os.mkfifo(self.path)
        self._end = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)

    def wait_for(self, count):
        """Waits until so many bytes have come, one from each holder."""
        for _ in range(count):
            assert wait([self._end], PATIENCE_SECONDS), "a holder did not come"
            assert os.read(self._end, 1)

    def wait_for_none(self):
        """Waits until the last holder has ended."""
        assert wait([self._end], PATIENCE_SECONDS), "a process is left"
        assert os.read(self._end, 1) == b""

    def close(self):
        os.close(self._end)


@pytest.fixture
def holders(tmp_path):
    made = Holders(tmp_path / "holders")
    yield made
    made.close()


class Clock:
    """The driver's clock, put forward by a test, so that nothing depends on how fast it runs."""

    def __init__(self):
        self._ahead = 0.0

    def monotonic(self):
        return time.monotonic() + self._ahead

    def pass_by(self, seconds):
        self._ahead += seconds


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    for module in ("local", "local_worker", "worker"):
        shown = SimpleNamespace(monotonic=made.monotonic)
        monkeypatch.setattr(f"tfhpo.execution.{module}.time", shown)
    return made


@pytest.fixture
def make_driver():
    return Driver


@pytest.fixture
def root():
    """The folder that holds the package under test."""
    return str(Path(__file__).parents[2])
