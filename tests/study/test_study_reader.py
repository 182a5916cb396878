"""Reading a study, whole and at any time."""

from __future__ import annotations

import math
import sys

import pytest

from tfhpo.errors import ArgumentError, MissingExtraError, StudyError
from tfhpo.study import (
    STUDY_FILE,
    Event,
    Report,
    Study,
    StudyHeader,
    TrialStatus,
    read_study,
)


@pytest.fixture
def scored(path, running, completed):
    """Reads a study of completed trials with the given scores."""

    def make(*scores, direction="min"):
        with Study.open(path, StudyHeader("val_loss", direction, {}, {}, "0")) as study:
            for number, score in enumerate(scores):
                study.start(running(number), {})
                study.finish(completed(number, score), {})
        return read_study(path)

    return make


def test_the_file_and_its_folder_are_the_same_study(path, header, running, completed):
    event = Event(0, 0, "round", {"n": 1})
    report = Report(0, 0, 0, 0, {"loss": 1.0})
    with Study.open(path, header) as study:
        study.start(running(0), {}, [event])
        study.report(report)
        study.save_state({}, {"grown": True})
    record = read_study(path)
    assert record == read_study(path.parent) == read_study(str(path))
    assert record.path == path
    assert record.header == header
    assert record.trials == (running(0),)
    assert record.events == (event,)
    assert record.space == {"grown": True}
    assert record.reports == {0: (report,)}


def test_an_absent_study(tmp_path):
    for place in (tmp_path, tmp_path / "study.sqlite", tmp_path / "nowhere" / "at all"):
        with pytest.raises(StudyError, match="There is no study at"):
            read_study(place)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_studies_names_them(tmp_path, header):
    for name in ("mnist", "digits"):
        Study.open(tmp_path / name / STUDY_FILE, header).close()
    with pytest.raises(StudyError, match=r"no study at .*that hold one: digits, mnist\.$"):
        read_study(tmp_path)


def test_a_project_of_keras_tuners_is_told(tmp_path):
    (tmp_path / "oracle.json").touch()
    with pytest.raises(StudyError, match=r"is a project of KerasTuner's; `enqueue` takes"):
        read_study(tmp_path)


def test_a_living_study_is_read_as_far_as_it_was_recorded(python, path):
    writer = python(
        """
with Study.open(sys.argv[1], HEADER) as study:
    tell("open")
    for number, line in enumerate(sys.stdin):
        study.start(running(number), {"n": number})
        study.report(Report(number, 0, 0, 0, {"loss": 1.0}))
        study.finish(completed(number), {"n": number})
        tell(number)
""",
        path,
    )
    assert writer.stdout.readline() == "open\n"
    assert read_study(path).trials == ()
    for number in range(5):
        writer.stdin.write("next\n")
        writer.stdin.flush()
        assert writer.stdout.readline() == f"{number}\n"
        record = read_study(path)
        assert len(record.completed) == len(record.reports) == number + 1
    _, err = writer.communicate(timeout=60)
    assert (writer.returncode, err) == (0, "")


def test_every_moment_of_a_busy_study_is_consistent(python, path):
    # Whoever reads sees an ended trial with all of its reports, never a part.
    writer = python(
        """
with Study.open(sys.argv[1], HEADER) as study:
    tell("open")
    for number in range(400):
        study.start(running(number), {})
        for step in range(3):
            study.report(Report(number, 0, 0, step, {"loss": 1.0, "acc": 0.5}))
        study.finish(completed(number), {}, [Event(number, number + 1, "end", {})])
""",
        path,
    )
    assert writer.stdout.readline() == "open\n"
    seen = 0
    while seen < 400:
        running = writer.poll() is None
        record = read_study(path)
        ended = len(record.completed)
        assert ended >= seen
        assert len(record.events) == ended
        assert len(record.trials) - ended in (0, 1)
        assert all(len(record.reports[trial.number]) == 3 for trial in record.completed)
        seen = ended
        assert running or seen == 400


def test_the_best_follow_the_direction_and_the_earlier_of_equals_comes_first(scored, path):
    record = scored(0.5, math.nan, 0.25, math.inf, 0.25, -math.inf)
    assert [trial.number for trial in record.best()] == [5]
    assert [trial.number for trial in record.best(99)] == [5, 2, 4, 0, 3]
    path.unlink()
    record = scored(0.5, math.nan, 0.25, 0.5, direction="max")
    assert [trial.number for trial in record.best(3)] == [0, 3, 2]
    with pytest.raises(ArgumentError, match="n=0"):
        record.best(0)


def test_only_completed_trials_are_best(path, header, running, completed):
    with Study.open(path, header) as study:
        for number, status in enumerate(TrialStatus):
            study.start(running(number), {})
            if status is not TrialStatus.RUNNING:
                study.finish(completed(number, -1.0 * number, status=status), {})
    record = read_study(path)
    assert [trial.status for trial in record.completed] == [TrialStatus.COMPLETED]
    assert record.best(5) == record.completed
    assert [str(trial.status) for trial in record.trials] == [s.value for s in TrialStatus]


def test_no_best_without_a_score(scored):
    assert scored(math.nan).best() == ()


def test_the_data_frame_has_a_row_per_trial(path, header, running, completed):
    pytest.importorskip("pandas")
    with Study.open(path, header) as study:
        study.start(running(0), {})
        study.finish(completed(0), {})
        study.start(running(1, values={"depth": 3}), {})
    frame = read_study(path).to_dataframe()
    assert list(frame["number"]) == [0, 1]
    assert list(frame["status"]) == ["COMPLETED", "RUNNING"]
    assert frame["values.rate"][0] == 0.01
    assert frame["metrics.rate"][0] == 0.1
    assert math.isnan(frame["values.rate"][1])
    assert frame["values.depth"][1] == 3
    assert math.isnan(frame["score"][1])


def test_the_data_frame_of_an_empty_study_has_its_columns(scored):
    pytest.importorskip("pandas")
    frame = scored().to_dataframe()
    assert len(frame) == 0
    assert {"number", "status", "score"} <= set(frame.columns)


def test_without_pandas_the_extra_is_named(scored, monkeypatch):
    record = scored(0.5)
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtraError, match=r"tfhpo\[pandas\]"):
        record.to_dataframe()
