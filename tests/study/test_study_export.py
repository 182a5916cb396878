"""Exports say what the study says."""

from __future__ import annotations

import csv
import json
import math

import pytest

from tfhpo.errors import StudyWriteError
from tfhpo.study import Event, Report, Study, TrialStatus, read_study, to_csv, to_json, trial_table


@pytest.fixture
def record(path, header, running, completed):
    odd = {"rate": 0.5, "score": 3, "text": 'a, "b"\nc', "größe": True}
    with Study.open(path, header) as study:
        study.start(running(0), {}, [Event(0, 0, "round", {"best": math.inf})])
        study.report(Report(0, 0, 0, 0, {"loss": math.nan}))
        study.finish(completed(0, math.nan), {})
        study.start(running(1, values=odd), {})
        study.finish(completed(1, 0.1 + 0.2, values=odd), {})
        study.start(running(2, values={}), {})
        study.finish(running(2, values={}, status=TrialStatus.FAILED, message="no memory"), {})
    return read_study(path)


def test_csv_holds_every_trial_in_readable_columns(record, tmp_path):
    to_csv(record, tmp_path / "trials.csv")
    with (tmp_path / "trials.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:4] == ["number", "status", "score", "values.rate"]
    assert [row["number"] for row in rows] == ["0", "1", "2"]
    assert [row["score"] for row in rows] == ["nan", repr(0.1 + 0.2), ""]
    # A hyperparameter, a metric and a fixed column of one name stay apart.
    assert (rows[0]["values.rate"], rows[0]["metrics.rate"]) == ("0.01", "0.1")
    assert (rows[1]["score"], rows[1]["values.score"]) == (repr(0.1 + 0.2), "3")
    assert rows[1]["values.text"] == 'a, "b"\nc'
    assert rows[1]["values.größe"] == "True"
    assert rows[2]["message"] == "no memory"


def test_columns_never_collide(record):
    columns, rows = trial_table(record.trials)
    assert len(set(columns)) == len(columns)
    assert {len(row) for row in rows} == {len(columns)}


def test_json_holds_the_whole_study_strictly(record, header, tmp_path):
    def refuse(constant):
        raise AssertionError(constant)

    to_json(record, tmp_path / "study.json")
    text = (tmp_path / "study.json").read_text(encoding="utf-8")
    study = json.loads(text, parse_constant=refuse)
    assert study["header"]["settings"] == header.settings
    assert study["space"] == header.space
    assert study["events"][0]["data"] == {"best": "Infinity"}
    first, second, third = study["trials"]
    assert first["score"] == "NaN"
    assert first["reports"] == [{"execution": 0, "step": 0, "metrics": {"loss": "NaN"}}]
    assert second["score"] == 0.1 + 0.2
    assert second["values"] == record.trials[1].values
    assert second["status"] == "COMPLETED"
    assert second["point"] == {"x": [0.5, 0.25]}
    assert third["score"] is None


@pytest.mark.parametrize("export", [to_csv, to_json])
def test_an_export_replaces_the_former_one_or_leaves_it(record, tmp_path, export, monkeypatch):
    target = tmp_path / "exports.d"
    target.write_text("former")
    with monkeypatch.context() as patch:
        patch.setattr("tfhpo.study.export.Path.replace", _disk_full)
        with pytest.raises(StudyWriteError, match=f"Cannot write {target}: .*No space"):
            export(record, target)
    assert target.read_text() == "former"
    export(record, target)
    assert target.read_text() != "former"
    assert not list(tmp_path.glob("*.new"))


@pytest.mark.parametrize("export", [to_csv, to_json])
def test_an_export_into_nowhere(record, tmp_path, export):
    with pytest.raises(StudyWriteError, match="nowhere"):
        export(record, tmp_path / "nowhere" / "file")


def _disk_full(self, target):
    raise OSError(28, "No space left on device")
