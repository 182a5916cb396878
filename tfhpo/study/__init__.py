"""The study on disk: one SQLite file, one writer, any number of readers."""

from tfhpo.study.differences import header_differences
from tfhpo.study.export import to_csv, to_json
from tfhpo.study.reader import STUDY_FILE, read_study
from tfhpo.study.records import Event, Report, StudyHeader, TrialRecord, TrialStatus
from tfhpo.study.snapshot import StudyRecord
from tfhpo.study.store import Study
from tfhpo.study.table import trial_table

__all__ = [
    "STUDY_FILE",
    "Event",
    "Report",
    "Study",
    "StudyHeader",
    "StudyRecord",
    "TrialRecord",
    "TrialStatus",
    "header_differences",
    "read_study",
    "to_csv",
    "to_json",
    "trial_table",
]
