"""Reading a study, at rest or while another process writes to it."""

from __future__ import annotations

from pathlib import Path

from tfhpo.errors import StudyError
from tfhpo.study import rows
from tfhpo.study.connection import reading, transaction, translated
from tfhpo.study.integrity import check
from tfhpo.study.migration import up_to_date
from tfhpo.study.snapshot import StudyRecord

#: Name of the study file in a search's folder.
STUDY_FILE = "study.sqlite"


def read_study(path: str | Path) -> StudyRecord:
    """Returns a study as it is at this moment. Nothing is written, nothing waits for it.

    Args:
        path: The study file, or the folder that holds it as `study.sqlite`.

    Raises:
        StudyDamagedError: The file is not a study, or damaged.
        StudyError: There is no study, it cannot be read, or a newer tfhpo wrote it.
    """
    file = _study_file(path)
    with (
        translated(file, writing=False),
        reading(file) as connection,
        # One transaction, so that trials, reports and events are of the same moment.
        transaction(connection, "DEFERRED"),
    ):
        check(connection, file)
        with up_to_date(connection) as current:
            return StudyRecord(
                path=file,
                header=rows.header(current),
                trials=rows.trials(current),
                events=rows.events(current),
                space=rows.space(current),
                reports=rows.reports(current),
            )


def _study_file(path: str | Path) -> Path:
    given = Path(path).absolute()
    with translated(given, writing=False):
        file = given / STUDY_FILE if given.is_dir() else given
        if not file.exists():
            raise StudyError(f"There is no study at {file}.{_hint(given)}")
    return file


def below(folder: Path, name: str = STUDY_FILE) -> str:
    """Returns a hint where folders in a folder hold what was looked for in itself.

    Args:
        folder: Where it was looked for.
        name: The file.
    """
    found = sorted(file.parent.name for file in folder.glob(f"*/{name}"))
    return f" The folders in {folder} that hold one: {', '.join(found)}." if found else ""


def _hint(folder: Path) -> str:
    if (folder / "oracle.json").exists():
        return (
            f" {folder} is a project of KerasTuner's; `enqueue` takes its best points, "
            "get_best_hyperparameters()[0]."
        )
    return below(folder)
