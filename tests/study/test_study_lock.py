"""One writer at a time, whoever it is and however it ends."""

from __future__ import annotations

import os

import pytest

from tfhpo.errors import StudyLockedError, StudyMismatchError
from tfhpo.study import Study, StudyHeader, read_study

_HOLD = """
study = Study.open(sys.argv[1], HEADER)
study.start(running(0), {})
tell("open")
sys.stdin.read()
study.close()
tell("closed")
"""


def test_a_second_process_is_kept_out_and_told_by_whom(python, path, header):
    holder = python(_HOLD, path)
    assert holder.stdout.readline() == "open\n"
    with pytest.raises(StudyLockedError, match=rf"process {holder.pid} on \S+"):
        Study.open(path, header)
    assert len(read_study(path).trials) == 1
    out, err = holder.communicate(timeout=60)
    assert (out, err) == ("closed\n", "")
    with Study.open(path, header) as study:
        assert len(study.trials()) == 1


def test_a_killed_holder_does_not_block(python, path, header, completed):
    holder = python(_HOLD, path)
    assert holder.stdout.readline() == "open\n"
    holder.kill()
    holder.wait()
    with Study.open(path, header) as study:
        study.finish(completed(0), {})


def test_the_same_process_is_kept_out_too(path, header, running):
    with Study.open(path, header) as study:
        with pytest.raises(StudyLockedError, match=rf"this process \({os.getpid()} on"):
            Study.open(path, header)
        read_study(path)
        with pytest.raises(StudyLockedError):
            Study.open(path, header)
        study.start(running(0), {})
    Study.open(path, header).close()


def test_reading_in_the_writers_process_keeps_others_out(output_of, path, header):
    # A file that is opened beside SQLite and closed again would drop the process's locks.
    attempt = """
try:
    Study.open(sys.argv[1], HEADER)
except StudyLockedError:
    tell("kept out")
"""
    with Study.open(path, header):
        read_study(path)
        assert output_of(attempt, path) == "kept out\n"


def test_a_failed_opening_lets_go(path, header):
    Study.open(path, header).close()
    with pytest.raises(StudyMismatchError):
        Study.open(path, StudyHeader("accuracy", "max", {}, {}, "0"))
    path.write_bytes(b"")
    with pytest.raises(Exception, match="damaged"):
        Study.open(path, header)
    path.unlink()
    Study.open(path, header).close()


def test_a_lock_without_a_study_is_refused_without_a_name(path, header):
    with Study.open(path, header):
        path.rename(path.with_name("elsewhere"))
        with pytest.raises(StudyLockedError, match="Another process is writing"):
            Study.open(path, header)
        path.with_name("elsewhere").rename(path)


def test_two_studies_in_one_folder_do_not_meet(tmp_path, header):
    with Study.open(tmp_path / "a.sqlite", header), Study.open(tmp_path / "a.lock", header):
        pass


def test_a_link_to_a_study_is_the_same_study(tmp_path, path, header):
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.sqlite"
    with Study.open(path, header):
        link.symlink_to(path)
        with pytest.raises(StudyLockedError, match="this process"):
            Study.open(link, header)
