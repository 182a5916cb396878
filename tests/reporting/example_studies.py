"""Studies for the reports: hand-made trials, and a real search of the elastic grid."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from tfhpo.space import Condition, FloatRange, Levels, Parameter, Space, Steps
from tfhpo.strategies import Result
from tfhpo.strategies.elastic_grid import ElasticGrid
from tfhpo.study import Event, StudyHeader, StudyRecord, TrialRecord, TrialStatus

SPACE = Space(
    [
        Parameter("units", Levels((128, 256, 512), ordered=True)),
        Parameter("dropout", Steps(0.1, 0.3, 0.1)),
        Parameter("rate", FloatRange(1e-4, 1e-1, "log")),
        Parameter("momentum", FloatRange(0.5, 0.99, "reverse_log")),
        Parameter("optimizer", Levels(("adam", "sgd", "nadam"))),
        Parameter("decay", FloatRange(0.0, 1.0), (Condition("optimizer", ("sgd",)),)),
    ]
)


def completed(number, score, *, seconds=2.0, step=1, **values):
    """A trial that ran to its end."""
    return TrialRecord(
        number,
        f"{number:04d}",
        TrialStatus.COMPLETED,
        values,
        score=score,
        best_step=step,
        started=1000.0,
        ended=1000.0 + seconds,
    )


def failed(number, message="ValueError: too wide", **values):
    """A trial that failed for good."""
    return TrialRecord(number, f"{number:04d}", TrialStatus.FAILED, values, message=message)


def study_of(trials, *, direction="max", events=(), space=SPACE, settings=None):
    """A study of hand-made trials."""
    return StudyRecord(
        path=Path("study.sqlite"),
        header=StudyHeader(
            "val_accuracy",
            direction,
            space.config(),
            settings or {"strategy": ElasticGrid.name},
            "0",
        ),
        trials=tuple(trials),
        events=tuple(events),
        space=space.config(),
        reports={},
    )


def elastic_study(trials=40, *, direction="max", space=SPACE):
    """What a search of the elastic grid leaves behind; rates above 0.08 diverge."""
    strategy = ElasticGrid(space, np.random.default_rng(3), budget=trials)
    records, events = [], []

    def record(after_trial):
        for event in strategy.take_events():
            events.append(Event(len(events), after_trial, event.kind, event.data))

    for number in range(trials):
        (suggestion,) = strategy.suggest()
        record(number)
        values = space.decode(suggestion.point.x, suggestion.point.active)
        loss = _loss(values)
        strategy.observe([Result(suggestion.key, suggestion.point, loss)])
        score = -loss if direction == "max" else loss
        records.append(
            completed(number, score, **values)
            if math.isfinite(loss)
            else failed(number, "diverged", **values)
        )
        record(number + 1)
    return study_of(records, direction=direction, events=events, space=space)


def _loss(values):
    if values["rate"] > 0.08:
        return math.nan
    far = abs(math.log10(values["rate"]) + 2.3) + abs(values["momentum"] - 0.9)
    return far + (values["optimizer"] == "sgd") + values["dropout"] + 100 / values["units"]
