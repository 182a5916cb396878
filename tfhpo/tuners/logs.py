"""The folder that a search writes for TensorBoard: one search each."""

from __future__ import annotations

from pathlib import Path

from tfhpo.errors import ArgumentError
from tfhpo.study import STUDY_FILE
from tfhpo.tensorboard import HParamsLogger


def logger_of(logdir: str | Path, project: Path, *, joins: bool) -> HParamsLogger:
    """Returns the writer of a search.

    A new search must not be mixed with an older one. This is asked before the study is made: the
    next attempt would take the study of a refused search for one that goes on.

    Args:
        logdir: Where to write.
        project: The project's folder.
        joins: Whether the writer joins another's search, or is to clear what lies there.

    Raises:
        ArgumentError: If another search lies there.
    """
    logger = HParamsLogger(logdir)
    resumed = (project / STUDY_FILE).exists()
    if not (resumed or joins) and logger.holds_search():
        raise ArgumentError(
            "Each search needs a `logdir` of its own: TensorBoard would mix two in one table. "
            f"Received: {str(logdir)!r}, which holds another search. Give this one "
            f"{str(Path(logdir) / project.name)!r}, say; `overwrite=True` would remove the logs of "
            "the other."
        )
    return logger
