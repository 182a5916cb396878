"""What sets a study on disk apart from the search that wants to go on with it."""

from __future__ import annotations

from tfhpo.errors import StudyMismatchError
from tfhpo.space import Space
from tfhpo.study import StudyHeader, StudyRecord


def search_differences(
    stored: StudyHeader, asked: StudyHeader, current: Space | None = None
) -> list[str]:
    """Returns one line per difference in the settings and in the declared space.

    Args:
        stored: The header on disk.
        asked: The header of the search that wants to go on.
        current: The study's space by now. What builds added to it may be declared from the start
            by a search that knows the study, or not.
    """
    names = sorted({*stored.settings, *asked.settings})
    lines = [
        f"{name}: was {stored.settings.get(name)!r}, is {asked.settings.get(name)!r}"
        for name in names
        if stored.settings.get(name) != asked.settings.get(name)
    ]
    declared = Space.from_config(asked.space)
    keys = {parameter.key for parameter in declared.parameters}
    added = [one for one in (current.parameters if current else ()) if one.key in keys]
    return lines + Space.from_config(stored.space).extended(added).differences(declared)


def check_same_objective(known: StudyRecord, asked: StudyHeader) -> None:
    """Refuses a study of another objective, even to extend it: its scores mean something else.

    Raises:
        StudyMismatchError: If the objective or its direction differs.
    """
    stored = known.header
    if (stored.objective, stored.direction) != (asked.objective, asked.direction):
        raise StudyMismatchError(
            f"The study {known.path} looked for the {stored.direction}imum of "
            f"{stored.objective!r}; a search for the {asked.direction}imum of "
            f"{asked.objective!r} needs a study of its own."
        )
