"""What the user wants a search to begin with: configurations to try first, and former studies."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras_tuner

from tfhpo.oracles.fidelity import EPOCHS
from tfhpo.oracles.former import FormerStudy, encoded
from tfhpo.oracles.queue import check_all, check_known, plain_values, typed
from tfhpo.space import Space, Value

# Of a former study no more than these are tried.
_BEST = 5


class Beginning:
    """Gathers it until the search begins; a search that goes on is given it again.

    Args:
        fidelity: The name of the fidelity, None where there is none.

    Attributes:
        configurations: What to try first, in its order.
        former: The former studies.
    """

    def __init__(self, fidelity: str | None) -> None:
        self._fidelity = fidelity
        self.configurations: list[dict[str, Value]] = []
        self._of_other_searches: list[dict[str, Value]] = []
        self.former: list[FormerStudy] = []

    def enqueue(
        self,
        given: Any,
        space: Space,
        hyperparameters: keras_tuner.HyperParameters,
        *,
        complete: bool,
    ) -> dict[str, Value]:
        """Adds a configuration, and returns it in Python's own types, a fidelity at its lowest.

        Args:
            given: Names to values, or a `keras_tuner.HyperParameters`.
            space: What is known of the space by now.
            hyperparameters: The same as KerasTuner knows it.
            complete: Whether names that are unknown cannot be declared any more.

        Raises:
            ArgumentError: If a known parameter does not have such a value, or a name is unknown.
        """
        named = (hp for hp in hyperparameters.space if hp.name == self._fidelity)
        lowest = {hp.name: min(hp.values) for hp in named}
        values = {**lowest, **plain_values(given, {self._fidelity})}
        if isinstance(given, keras_tuner.HyperParameters):
            self._of_other_searches.append(values)
        if complete:
            self._leave_out_epochs(space)
        check = check_all if complete else check_known
        check(values, space)
        self.configurations.append(values)
        return values

    def warm_start(self, studies: Iterable[Any], own: Path) -> None:
        """Adds former studies.

        Args:
            studies: Study files or their folders, or `StudyRecord`s.
            own: Where the search's own study lies, or will.

        Raises:
            ArgumentError: If one has no completed trial, or is the search's own.
            StudyError: If one cannot be read.
        """
        self.former += [FormerStudy.read(study, own) for study in studies]

    def values(self, space: Space) -> list[dict[str, Value]]:
        """Returns the configurations that will be tried first, former studies' best included.

        Args:
            space: What is known of the space by now; values of its parameters are in their types.
        """
        best = [values for study in self.former for values in study.best(_BEST)]
        return [typed(values, space) for values in (*self.configurations, *best)]

    def check(self, space: Space) -> None:
        """Refuses what has nothing to do with the space that is searched.

        Args:
            space: All that is known before the first trial.

        Raises:
            ArgumentError: If a name is unknown, a value does not exist, or no trial of a former
                study has a place in the space.
        """
        self._leave_out_epochs(space)
        encoded(self.former, space, self._fidelity)
        for values in self.configurations:
            check_all(values, space)

    def _leave_out_epochs(self, space: Space) -> None:
        """Leaves out the rungs of other searches, once it is known that epochs are not searched."""
        if EPOCHS not in space.names:
            for values in self._of_other_searches:
                values.pop(EPOCHS, None)
