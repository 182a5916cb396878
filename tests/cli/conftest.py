"""A finished study for the commands that read one, and a path for modules of each test's own."""

import sys

import pytest

from tfhpo.space import FloatRange, Parameter, Space
from tfhpo.study import Study, StudyHeader, TrialRecord, TrialStatus


@pytest.fixture
def finished(tmp_path):
    """The folder of a study of three trials, one of which failed."""
    folder = tmp_path / "finished"
    folder.mkdir()
    space = Space([Parameter("rate", FloatRange(0.0, 1.0))]).config()
    header = StudyHeader("val_accuracy", "max", space, {"strategy": "random"}, "0")
    study = Study.open(folder / "study.sqlite", header)
    for number, score in enumerate([0.5, 0.875, None]):
        begun = TrialRecord(number, f"{number:04d}", TrialStatus.RUNNING, {"rate": number / 10})
        study.start(begun, {})
        status = TrialStatus.FAILED if score is None else TrialStatus.COMPLETED
        message = "ValueError: too wide" if score is None else None
        study.finish(
            TrialRecord(number, begun.trial_id, status, begun.values, score=score, message=message),
            {},
        )
    study.close()
    return folder


@pytest.fixture(autouse=True)
def _own_path(monkeypatch):
    """Forgets the folders of user files that a command put on the path."""
    monkeypatch.setattr(sys, "path", [*sys.path])
