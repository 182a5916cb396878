"""Studies as CSV and JSON files, for other programs."""

from __future__ import annotations

import csv
import json
import math
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tfhpo.study.connection import translated
from tfhpo.study.table import trial_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tfhpo.study.snapshot import StudyRecord


def to_csv(study: StudyRecord, path: str | Path) -> None:
    """Writes one row per trial, with the columns of `trial_table`.

    What a trial does not have is empty; a NaN is "nan".

    Args:
        study: The study, from `read_study`.
        path: The file, replaced as a whole when it exists.

    Raises:
        StudyWriteError: The file cannot be written.
    """
    columns, table = trial_table(study.trials)
    with _replacing(Path(path), newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(table)


def to_json(study: StudyRecord, path: str | Path) -> None:
    """Writes all of a study: header, space, trials with their reports, and events.

    The file is strict JSON: numbers that JSON does not know are the texts "NaN", "Infinity" and
    "-Infinity".

    Args:
        study: The study, from `read_study`.
        path: The file, replaced as a whole when it exists.

    Raises:
        StudyWriteError: The file cannot be written.
    """
    contents = {
        "header": asdict(study.header),
        "space": study.space,
        "trials": [
            {
                **asdict(trial),
                "reports": [
                    {"execution": report.execution, "step": report.step, "metrics": report.metrics}
                    for report in study.reports.get(trial.number, ())
                ],
            }
            for trial in study.trials
        ],
        "events": [asdict(event) for event in study.events],
    }
    with _replacing(Path(path)) as file:
        json.dump(_strict(contents), file, indent=2, ensure_ascii=False, allow_nan=False)
        file.write("\n")


def _strict(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _strict(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_strict(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)
    return value


@contextmanager
def _replacing(path: Path, newline: str | None = None) -> Iterator[IO[str]]:
    """Opens a file that takes the place of `path` once it is complete."""
    path = path.absolute()
    draft = path.with_name(f"{path.name}.new")
    with translated(path, writing=True):
        try:
            with draft.open("w", encoding="utf-8", newline=newline) as file:
                yield file
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
