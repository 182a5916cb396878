"""A process that is killed at any moment loses nothing that it was told is recorded."""

from __future__ import annotations

import contextlib
import random
import select
import signal
import sqlite3
import sys

import pytest

from tfhpo.study import Study, TrialStatus, read_study

_KILLS = 60
_EPOCHS = 3

# Tells each write once it is acknowledged. What a killed one left running runs again.
_CHILD = """
with Study.open(sys.argv[1], HEADER) as study:
    state = study.load_state() or {"started": 0, "ended": 0}
    left = [trial for trial in study.trials() if trial.status == "RUNNING"]
    number = len(study.trials())
    while True:
        if left:
            trial = left.pop()
            current, repeat = trial.number, trial.interruptions + 1
        else:
            current, repeat, number = number, 0, number + 1
            state["started"] += 1
        study.start(running(current, interruptions=repeat), state)
        tell("start", current, repeat)
        for step in range(3):
            study.report(Report(current, repeat, 0, step, {"loss": current + step / 8}))
            tell("report", current, repeat, step)
        state["ended"] += 1
        study.finish(completed(current, score=current / 8, interruptions=repeat), state,
                     [Event(current, state["started"], "end", {"repeat": repeat})])
        tell("finish", current, repeat)
"""


def _acknowledged(process, chance):
    """Kills the child at a random moment; returns all it said before."""
    lines = []
    if chance.random() < 0.2:  # While it is starting, opening or recovering.
        select.select([process.stdout], [], [], chance.uniform(0.0, 0.15))
    else:
        wanted = chance.randrange(1, 60)
        while len(lines) < wanted and (line := process.stdout.readline()):
            lines.append(line)
        # Anywhere between two acknowledgements, not just after one.
        select.select([], [], [], chance.uniform(0.0, 0.001))
    process.kill()
    # The last line may be cut off; a cut-off one was not acknowledged.
    told = "".join(lines) + process.stdout.read()
    assert process.wait() == -signal.SIGKILL, process.stderr.read()
    return [line.split() for line in told.split("\n")[:-1]]


def _check(path, acknowledged):
    if not path.exists():
        assert not acknowledged
        return
    record = read_study(path)
    trials = {trial.number: trial for trial in record.trials}
    assert list(trials) == list(range(len(trials)))
    steps = {
        (number, report.repeat, report.step)
        for number, reports in record.reports.items()
        for report in reports
    }
    for kind, number, repeat, *step in acknowledged:
        trial = trials[int(number)]
        assert trial.interruptions >= int(repeat)
        if kind == "finish":
            assert (trial.status, trial.interruptions) == (TrialStatus.COMPLETED, int(repeat))
        if kind == "report" and trial.interruptions == int(repeat):
            assert (trial.number, trial.interruptions, int(step[0])) in steps
    for trial in record.completed:
        losses = [report.metrics["loss"] for report in record.reports[trial.number]]
        assert losses == [trial.number + step / 8 for step in range(_EPOCHS)]
        assert trial.score == trial.number / 8
    # Nothing is counted twice: a trial's end, its event and the state are one write.
    assert [event.sequence for event in record.events] == [t.number for t in record.completed]


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and select on pipes are of POSIX")
def test_sixty_kills_lose_nothing(python, path, header):
    chance = random.Random(20)
    acknowledged = []
    for _ in range(_KILLS):
        acknowledged += _acknowledged(python(_CHILD, path), chance)
        _check(path, acknowledged)

    with Study.open(path, header) as study:
        state = study.load_state()
        ended = [trial for trial in study.trials() if trial.status is TrialStatus.COMPLETED]
        assert state == {"started": len(study.trials()), "ended": len(ended)}
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert len(ended) > _KILLS
