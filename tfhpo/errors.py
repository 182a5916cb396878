"""The exceptions of tfhpo: one family, so that a caller can catch all or one.

Each error states the rule that was broken and the value received. The ones about arguments are
also `ValueError`s, so that code written for KerasTuner, which catches those, keeps working.
"""

from __future__ import annotations


class TfhpoError(Exception):
    """Base of every error that tfhpo raises on purpose."""


class ArgumentError(TfhpoError, ValueError):
    """An argument breaks its rule, told before any work is done."""


class SpaceError(ArgumentError):
    """A parameter, a condition, a distribution or a value does not fit the search space."""


class ObjectiveError(ArgumentError):
    """The objective is not among the metrics, or its direction cannot be known."""


class DistributionError(ArgumentError):
    """A tf.distribute strategy cannot be made or used as asked."""


class StudyError(TfhpoError, RuntimeError):
    """The study on disk cannot be used as asked."""


class StudyDamagedError(StudyError):
    """The file is not a study, or its contents are damaged; it was left as it is."""


class StudyLockedError(StudyError):
    """Another process is writing to the study."""


class StudyMismatchError(StudyError):
    """The study holds a search of another space or other settings."""


class StudyWriteError(StudyError):
    """The study cannot be written: disk full, no permission, or a file in the place of a folder."""


class SearchFailedError(TfhpoError, RuntimeError):
    """The search stops: its first trials all failed alike, for the cause that is shown."""


class ChiefError(TfhpoError, RuntimeError):
    """Under KerasTuner's chief/worker variables: the chief or all workers are gone, or gave up."""


class TrialTakenError(TfhpoError, RuntimeError):
    """The chief has given the trial to another worker, for this one was not heard of for too long.

    It is raised in the worker, where it ends the trial and not the search.
    """


class MissingExtraError(TfhpoError, ImportError):
    """An optional dependency is absent; the message names the extra that installs it."""

    @classmethod
    def of(cls, package: str, extra: str, purpose: str) -> MissingExtraError:
        """Returns the error for a missing package.

        Args:
            package: The import name of the missing package.
            extra: The extra of tfhpo that installs it.
            purpose: What needs it, as the start of a sentence.
        """
        return cls(f"{purpose} needs `{package}`: install it with `pip install 'tfhpo[{extra}]'`.")
