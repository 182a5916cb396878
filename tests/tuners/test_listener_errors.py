"""What a listener, or the oracle, raises ends the search, wherever trials run; no trial fails."""

import contextlib

import keras_tuner as kt
import pytest
from small_searches import classifier, random_search, searched

from tfhpo.space import Space
from tfhpo.study import TrialStatus
from tfhpo.tuners import SearchListener
from tfhpo.tuners.listeners import Listeners


class BrokenError(Exception):
    """An error of a listener's own, which is none of this package's."""


class Breaks(SearchListener):
    """Raises, once, when the second trial is told of in some way; notes the ends that it hears."""

    def __init__(self, when):
        self.when, self.ends = when, []

    def __getattribute__(self, name):
        when = object.__getattribute__(self, "__dict__").get("when")
        return self._break if name == when else object.__getattribute__(self, name)

    def _break(self, trial, *_):
        if trial.number == 1:
            self.when = None
            raise BrokenError("no space left for the log")

    def on_search_end(self, space):
        self.ends.append("search")


def statuses(tuner):
    return [trial.status for trial in tuner.study().trials]


@pytest.mark.parametrize(
    ("when", "place"),
    [
        ("on_trial_begin", {}),
        ("on_execution_begin", {}),
        ("on_epoch_end", {}),
        ("on_execution_end", {}),
        pytest.param("on_epoch_end", {"isolate": True}, marks=pytest.mark.slow),
    ],
)
def test_a_listener_that_raises_ends_the_search_and_no_trial(tmp_path, when, place):
    listener = Breaks(when)
    tuner = random_search(tmp_path, max_retries_per_trial=1, listeners=[listener], **place)
    with pytest.raises(BrokenError, match="no space left for the log"):
        searched(tuner)
    assert tuner.stop_reason is None
    assert listener.ends == ["search"]
    assert statuses(tuner) == [TrialStatus.COMPLETED, TrialStatus.RUNNING]
    # The next search runs it again, with its seed.
    seed = tuner.study().trials[1].seed
    searched(random_search(tmp_path, max_retries_per_trial=1))
    assert statuses(tuner) == [TrialStatus.COMPLETED] * 3
    assert tuner.study().trials[1].seed == seed


def test_a_fit_that_swallows_the_error_does_not_keep_it(tmp_path):
    class Tolerant(kt.HyperModel):
        def build(self, hp):
            return classifier(hp)

        def fit(self, hp, model, *args, **kwargs):
            with contextlib.suppress(Exception):
                model.fit(*args, **kwargs)
            return 0.5

    tuner = random_search(tmp_path, Tolerant(), listeners=[Breaks("on_epoch_end")])
    with pytest.raises(BrokenError):
        searched(tuner)
    assert statuses(tuner)[1] is TrialStatus.RUNNING


def test_what_the_oracle_raises_while_a_trial_reports(tmp_path):
    tuner = random_search(tmp_path)
    report = tuner.oracle.report

    def fails(trial_id, *args, **kwargs):
        if trial_id == "0001":
            raise ZeroDivisionError("of the pruner")
        return report(trial_id, *args, **kwargs)

    tuner.oracle.report = fails
    with pytest.raises(ZeroDivisionError, match="of the pruner"):
        searched(tuner)
    tuner.oracle.report = report
    assert statuses(tuner)[1] is TrialStatus.RUNNING
    searched(tuner)
    assert statuses(tuner) == [TrialStatus.COMPLETED] * 3


class Notes(SearchListener):
    """Notes what it is told, and may raise at the end or at the beginning of the search."""

    def __init__(self, heard, name, raises=()):
        self.heard, self.name, self.raises = heard, name, raises

    def on_search_begin(self, space, objective, direction, metrics):
        self._hear("begin")

    def on_search_end(self, space):
        self._hear("end")

    def _hear(self, what):
        self.heard.append(f"{self.name} {what}")
        if what in self.raises:
            raise BrokenError(f"{self.name} {what}")


def test_the_end_is_told_to_all_whatever_one_raises():
    heard = []
    both = Listeners([Notes(heard, "first", {"end"}), Notes(heard, "second")])
    with pytest.raises(BrokenError, match="first end"):
        both.on_search_end(Space())
    assert heard == ["first end", "second end"]


def test_those_who_heard_of_a_beginning_hear_of_its_failure():
    heard = []
    names = ("first", "second", "third")
    some = [Notes(heard, name, {"begin"} if name == "second" else ()) for name in names]
    with pytest.raises(BrokenError, match="second begin"):
        Listeners(some).on_search_begin(Space(), "loss", "min", [])
    assert heard == ["first begin", "second begin", "first end"]
