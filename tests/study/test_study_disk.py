"""Disks and folders that refuse: a clear error, and what was recorded stays readable."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tfhpo.errors import StudyError, StudyWriteError
from tfhpo.study import STUDY_FILE, Study, read_study

posix = pytest.mark.skipif(os.name != "posix", reason="limits and permissions of POSIX")


@pytest.fixture
def open_folder():
    """A folder that an unprivileged process can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@posix
def test_a_full_disk_loses_nothing_that_was_recorded(output_of, path):
    # The kernel refuses to let any file grow past the limit, as a full disk would.
    told = output_of(
        """
import resource
path = sys.argv[1]
study = Study.open(path, HEADER)
recorded = 0

def record(limit):
    global recorded
    while recorded < limit:
        study.start(running(recorded), {"n": recorded, "rng": [0] * 100})
        study.finish(completed(recorded), {"n": recorded, "rng": [1] * 100})
        recorded += 1

record(10)
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
try:
    record(100_000)
except StudyWriteError as error:
    tell("refused:", error)
trials = study.trials()
tell("readable", len([t for t in trials if t.status == "COMPLETED"]) == recorded >= 10)
tell("seen", sum(t.status == "COMPLETED" for t in read_study(path).trials) == recorded)
study.close()
tell("still", sum(t.status == "COMPLETED" for t in read_study(path).trials) == recorded)
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
study = Study.open(path, HEADER)
before = recorded
record(before + 10)
study.close()
tell("goes on", recorded == before + 10, before)
""",
        path,
    ).splitlines()
    assert told[0].startswith(f"refused: Cannot write {path}:")
    assert told[1:4] == ["readable True", "seen True", "still True"]
    assert told[4].startswith("goes on True")
    recorded = int(told[4].split()[-1]) + 10
    assert [trial.number for trial in read_study(path).trials] == list(range(recorded))


@posix
def test_a_full_disk_at_the_very_beginning_leaves_no_study(output_of, path):
    told = output_of(
        """
import resource
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
try:
    Study.open(sys.argv[1], HEADER)
except StudyWriteError as error:
    tell("refused:", error)
tell(sorted(os.listdir(os.path.dirname(sys.argv[1]))))
""",
        path,
    ).splitlines()
    assert told[0].startswith(f"refused: Cannot write {path}:")
    assert told[1] == f"['{path.name}.lock']"


@posix
def test_a_folder_without_write_permission(output_of, open_folder, header, running):
    path = open_folder / STUDY_FILE
    with Study.open(path, header) as study:
        study.start(running(0), {})
    path.with_name(f"{path.name}.lock").unlink()
    contents = path.read_bytes()
    path.chmod(0o444)
    open_folder.chmod(0o555)
    told = output_of(
        """
unprivileged()
for name in ("study.sqlite", "new.sqlite", "below/study.sqlite"):
    try:
        Study.open(os.path.join(sys.argv[1], name), HEADER)
    except StudyWriteError as error:
        tell(error)
tell(len(read_study(sys.argv[1]).trials), "read")
""",
        open_folder,
    ).splitlines()
    assert len(told) == 4
    for line, name in zip(told, (STUDY_FILE, "new.sqlite", "below/study.sqlite"), strict=False):
        assert line.startswith(f"Cannot write {open_folder / name}: no permission for ")
        assert str(open_folder) in line.split("no permission")[1]
    assert told[3] == "1 read"
    assert path.read_bytes() == contents
    assert [file.name for file in open_folder.iterdir()] == [STUDY_FILE]


@posix
def test_a_study_without_read_permission(output_of, open_folder, header):
    path = open_folder / STUDY_FILE
    Study.open(path, header).close()
    path.chmod(0o000)
    told = output_of(
        """
unprivileged()
try:
    read_study(sys.argv[1])
except StudyError as error:
    tell(error)
""",
        path,
    )
    assert told == f"Cannot read {path}: no permission for {path}.\n"


@posix
def test_a_killed_study_in_a_folder_without_write_permission(
    output_of, open_folder, path, header, running
):
    with Study.open(path, header) as study:
        study.start(running(0), {})
        for name in (path.name, f"{path.name}-wal"):
            shutil.copy(path.with_name(name), open_folder / name)
    open_folder.chmod(0o555)
    told = output_of(
        """
unprivileged()
tell(len(read_study(sys.argv[1]).trials), "read")
""",
        open_folder,
    )
    assert told == "1 read\n"
    assert sorted(file.name for file in open_folder.iterdir()) == [STUDY_FILE, f"{STUDY_FILE}-wal"]


def test_a_folder_in_the_place_of_the_file(path, header):
    path.mkdir()
    with pytest.raises(StudyWriteError, match="it is a folder, where a file must be"):
        Study.open(path, header)
    with pytest.raises(StudyError, match="There is no study"):
        read_study(path)


def test_a_file_in_the_place_of_a_folder(tmp_path, header):
    file = tmp_path / "runs"
    file.write_text("notes")
    for place in (file / STUDY_FILE, file / "deeper" / STUDY_FILE):
        with pytest.raises(StudyWriteError, match=f"{file} is a file, where a folder must be"):
            Study.open(place, header)
        with pytest.raises(StudyError, match="There is no study"):
            read_study(place)
    assert file.read_text() == "notes"


def test_missing_folders_are_made(tmp_path, header):
    place = tmp_path / "a b" / "c?d#e%41" / STUDY_FILE
    Study.open(place, header).close()
    assert read_study(place).path == place
