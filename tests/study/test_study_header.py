"""A study goes on only with the search it was made for, unless told to extend."""

from __future__ import annotations

import dataclasses
import math
import shutil

import pytest

from tfhpo.errors import StudyMismatchError
from tfhpo.study import Study, header_differences, read_study


def _wider(header):
    space = {"rate": {**header.space["rate"], "high": 1.0}, "units": {"kind": "int"}}
    return dataclasses.replace(header, space=space, settings={"strategy": "random", "seed": 1})


def test_another_search_is_refused_and_every_difference_told(path, header, running):
    with Study.open(path, header) as study:
        study.start(running(0), {"n": 1})
    before = path.read_bytes()
    with pytest.raises(StudyMismatchError) as caught:
        Study.open(path, _wider(header))
    lines = [line.strip() for line in str(caught.value).splitlines()]
    assert str(path) in lines[0]
    assert lines[1:] == [
        "settings.seed: 0 in the study, 1 now",
        "space.rate.high: 0.1 in the study, 1.0 now",
        "space.units: absent in the study, {'kind': 'int'} now",
    ]
    assert path.read_bytes() == before
    assert len(list(path.parent.iterdir())) == 2


def test_of_many_differences_some_are_told(path, header):
    Study.open(path, header).close()
    other = dataclasses.replace(header, settings={f"{number:02}": 1 for number in range(30)})
    with pytest.raises(StudyMismatchError) as caught:
        Study.open(path, other)
    lines = [line.strip() for line in str(caught.value).splitlines()]
    told = len(header_differences(header, other))
    assert len(lines) == 14
    assert lines[-1] == f"... and {told - 12} more"


def test_extending_takes_the_new_header_and_keeps_the_trials(path, header, running):
    with Study.open(path, header) as study:
        study.start(running(0), {"n": 1})
    with Study.open(path, _wider(header), extend=True) as study:
        assert study.header == _wider(header)
        assert study.space() == _wider(header).space
        assert study.load_state() == {"n": 1}
    record = read_study(path)
    assert record.header == _wider(header)
    assert record.space == _wider(header).space
    assert record.trials == (running(0),)


def test_extending_to_the_same_search_changes_nothing(path, header):
    with Study.open(path, header) as study:
        study.save_state({}, {"grown": True})
    later = dataclasses.replace(header, version="9.9")
    with Study.open(path, later, extend=True) as study:
        assert study.header == header
        assert study.space() == {"grown": True}


def test_the_given_function_decides_what_differs(path, header):
    asked = []

    def differences(stored, now):
        asked.append((stored, now))
        return []

    Study.open(path, header).close()
    with Study.open(path, _wider(header), differences=differences) as study:
        assert study.header == header
    assert asked == [(header, _wider(header))]


@pytest.mark.parametrize(
    ("stored", "now", "lines"),
    [
        ({"a": 1}, {"a": True}, ["settings.a: 1 in the study, True now"]),
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": math.nan}, {"a": math.nan}, []),
        ({"a": [1, math.nan]}, {"a": (1, math.nan)}, []),
        (
            {"a": [1, {"b": 2}]},
            {"a": [1, {"b": 3}]},
            ["settings.a: [1, {'b': 2}] in the study, [1, {'b': 3}] now"],
        ),
        ({"a": None}, {}, ["settings.a: None in the study, absent now"]),
        ({"a": {}}, {"a": 2}, ["settings.a: {} in the study, 2 now"]),
    ],
)
def test_differences(header, stored, now, lines):
    old = dataclasses.replace(header, settings=stored)
    new = dataclasses.replace(header, settings=now, version="another")
    assert header_differences(old, new) == lines


def test_a_header_that_went_through_the_file_has_no_differences(path, header):
    settings = {"levels": 5, "alpha": 0.5, "pair": [1, 2], "nothing": None, "limit": math.inf}
    header = dataclasses.replace(header, settings=settings)
    Study.open(path, header).close()
    assert header_differences(read_study(path).header, header) == []


def test_a_header_that_only_the_write_ahead_log_holds_counts(path, header, tmp_path):
    killed = tmp_path / "killed" / path.name
    killed.parent.mkdir()
    Study.open(path, header).close()
    with Study.open(path, _wider(header), extend=True):
        for name in (path.name, f"{path.name}-wal"):
            shutil.copy(path.with_name(name), killed.with_name(name))
    with Study.open(killed, _wider(header)) as study:
        assert study.header == _wider(header)
