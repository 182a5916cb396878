import json
import math
import random
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfhpo.errors import ArgumentError
from tfhpo.pruners import PRUNERS, ASHAPruner, MedianPruner, Pruner, make_pruner


@dataclass(frozen=True, eq=False)
class Seeing(Pruner):
    """Stops nothing, and shows what it was asked."""

    name: ClassVar[str] = "seeing"
    asked: tuple = ()

    def __post_init__(self):
        object.__setattr__(self, "asked", [])

    def _judges(self, moment):
        return True

    def _goes_on(self, value, others):
        self.asked.append((value, sorted(others)))
        return True


def tell(pruner, trial, values, execution=0):
    """Reports a whole execution; returns the answers."""
    return [
        pruner.report(trial, value, step=step, execution=execution)
        for step, value in enumerate(values)
    ]


def asked(pruner, trial, value, **at):
    """What a `Seeing` is asked at a report: the trial's value and the others'."""
    pruner.asked.clear()
    pruner.report(trial, value, **at)
    return pruner.asked


@pytest.fixture(params=PRUNERS.values(), ids=PRUNERS)
def kind(request):
    return request.param


# ---------------------------------------------------------------- what is compared with what


def test_the_best_so_far_is_compared_with_the_others_best_at_that_step():
    pruner = Seeing()
    tell(pruner, 0, [5.0, 3.0, 4.0, 1.0])
    tell(pruner, 1, [2.0, 7.0])
    assert asked(pruner, 2, 6.0, step=0) == [(6.0, [2.0, 5.0])]
    assert asked(pruner, 2, 8.0, step=1) == [(6.0, [2.0, 3.0])]
    # Trial 1 did not get to step 2.
    assert asked(pruner, 2, 0.5, step=2) == [(0.5, [3.0])]


def test_a_trial_that_ended_has_the_same_at_every_later_step():
    pruner = Seeing()
    tell(pruner, 0, [5.0, 3.0])
    tell(pruner, 1, [6.0, 2.0])
    pruner.end(0)
    assert asked(pruner, 2, 9.0, step=7) == [(9.0, [3.0])]


def test_executions_are_averaged_and_compared_with_those_that_got_as_far():
    pruner = Seeing()
    tell(pruner, 0, [4.0, 2.0, 3.0])
    tell(pruner, 0, [8.0, 6.0], execution=1)
    tell(pruner, 1, [1.0, 1.0, 1.0])
    tell(pruner, 2, [5.0, 5.0, 1.0])
    # Each earlier execution counts with all of its epochs, this one up to the step.
    assert asked(pruner, 2, 3.0, step=0, execution=1) == [(2.0, [(2.0 + 8.0) / 2])]
    assert asked(pruner, 2, 9.0, step=1, execution=1) == [(2.0, [(2.0 + 6.0) / 2])]
    # In its first execution a trial is compared with the first executions of others.
    assert asked(pruner, 3, 7.0, step=2) == [(7.0, [1.0, 1.0, 2.0])]


def test_steps_that_are_left_out_count_as_the_last_one_before():
    pruner = Seeing()
    for step, value in [(1, 5.0), (4, 3.0), (7, 4.0)]:
        pruner.report(0, value, step=step)
    assert asked(pruner, 1, 9.0, step=0) == [(9.0, [])]
    assert asked(pruner, 1, 9.0, step=3) == [(9.0, [5.0])]
    assert asked(pruner, 1, 9.0, step=5) == [(9.0, [3.0])]


def test_nan_is_no_value_and_inf_is_the_worst():
    pruner = Seeing()
    tell(pruner, 0, [math.nan, math.nan, 2.0])
    tell(pruner, 1, [math.inf, 4.0, math.nan])
    tell(pruner, 2, [-math.inf, 5.0])
    assert asked(pruner, 3, math.nan, step=0) == []
    assert asked(pruner, 3, 7.0, step=1) == [(7.0, [4.0, 5.0])]
    assert asked(pruner, 3, math.nan, step=2) == [(7.0, [2.0, 4.0])]
    assert asked(pruner, 4, math.inf, step=0) == [(math.inf, [math.inf])]


def test_an_execution_without_a_value_is_left_out_of_the_mean():
    pruner = Seeing()
    tell(pruner, 0, [math.nan, math.nan])
    assert asked(pruner, 0, 4.0, step=0, execution=1) == [(4.0, [])]


def test_a_second_fit_improves_the_first_and_is_judged_where_it_gets_further():
    pruner = Seeing()
    tell(pruner, 0, [5.0, 4.0, 3.0])
    pruner.asked.clear()
    assert tell(pruner, 0, [2.0, 6.0]) == [True, True]
    assert pruner.asked == []
    assert asked(pruner, 0, 7.0, step=2) == [(2.0, [])]
    assert asked(pruner, 1, 9.0, step=0) == [(9.0, [2.0])]


def test_a_late_report_of_an_earlier_execution_counts_and_stops_nothing():
    pruner = Seeing()
    pruner.report(0, 4.0, step=3, execution=1)
    assert asked(pruner, 0, 2.0, step=5, execution=0) == []
    assert asked(pruner, 0, 8.0, step=4, execution=1) == [((2.0 + 4.0) / 2, [])]


def test_a_trial_that_is_forgotten_begins_anew():
    pruner = Seeing()
    tell(pruner, 0, [1.0, 1.0])
    pruner.end(0)
    pruner.forget(0)
    pruner.forget(17)
    assert asked(pruner, 1, 9.0, step=0) == [(9.0, [])]
    assert asked(pruner, 0, 5.0, step=0) == [(5.0, [9.0])]


# ---------------------------------------------------------------- arguments


@pytest.mark.parametrize("step", [-1, 1.5, "2", None])
@pytest.mark.parametrize("name", ["step", "execution"])
def test_a_place_on_the_curve_is_a_whole_number(kind, name, step):
    with pytest.raises(ArgumentError, match=rf"A {name} is a whole number from 0\. Received"):
        kind().report(0, 1.0, **{"step": 0, name: step})


@pytest.mark.parametrize("value", [None, "low", [1.0, 2.0]])
def test_a_value_is_a_number(kind, value):
    with pytest.raises(ArgumentError, match=r"A reported value is a number\. Received"):
        kind().report(0, value, step=0)


def test_nothing_is_kept_of_a_report_that_is_refused():
    pruner = Seeing()
    for value, step in [(1.0, -1), (None, 0)]:
        with pytest.raises(ArgumentError):
            pruner.report(0, value, step=step)
    assert asked(pruner, 1, 2.0, step=0) == [(2.0, [])]
    with pytest.raises(ArgumentError, match="trial 0"):
        pruner.expected_end(0)


def test_numbers_of_numpy_are_welcome(kind):
    assert kind().report(0, np.float32(0.5), step=np.int64(3), execution=np.int32(1))


def test_a_trial_that_ended_reports_no_more(kind):
    pruner = kind()
    pruner.report(0, 1.0, step=0)
    pruner.end(0)
    pruner.end(0)
    with pytest.raises(ArgumentError, match=r"ended reports no more.*trial 0 at step 1"):
        pruner.report(0, 1.0, step=1)


# ---------------------------------------------------------------- the expected end


def ended(pruner, *trials):
    """Tells trials, each a list of executions, that run to their end; numbers them from 0."""
    for trial, executions in enumerate(trials):
        for execution, values in enumerate(executions):
            tell(pruner, trial, values, execution)
        pruner.end(trial)
    return pruner


def test_expected_end_adds_the_median_gain_of_those_that_were_no_better_and_ended():
    thens_and_ends = [(9.0, 8.0), (8.0, 5.0), (8.5, 1.5), (7.9, 0.5)]
    pruner = ended(Seeing(), *([[9.5, then, end, end + 1]] for then, end in thens_and_ends))
    tell(pruner, 4, [9.0, 9.0, 0.1])  # it did not end
    tell(pruner, 5, [math.nan, 8.0])
    # Gains of 1, 3 and 7; the last one that ended was better at that step.
    assert pruner.expected_end(5) == 8.0 - 3.0
    assert pruner.expected_end(0) == 8.0


def test_expected_end_needs_three_that_were_no_better():
    pruner = ended(Seeing(), [[9.0, 1.0]], [[8.0, 1.0]], [[6.9, 1.0]])
    pruner.report(3, 7.0, step=0)
    pruner.report(4, 6.9, step=0)
    assert pruner.expected_end(3) == 7.0
    assert pruner.expected_end(4) == 1.0


def test_expected_end_of_an_execution_counts_what_the_earlier_ones_have():
    executions = [[9.0, 3.0], [14.0, 1.0]]
    pruner = ended(Seeing(), executions, executions, executions, [[0.5], [0.5]])
    tell(pruner, 8, [2.5, 2.5])
    # (3 + 1) / 2 at the end, 3 after the first execution, (3 + 14) / 2 at step 0 of the second.
    assert pruner.expected_end(8) == 2.5 + (2.0 - 3.0)
    pruner.report(8, 14.0, step=0, execution=1)
    assert pruner.expected_end(8) == (2.5 + 14.0) / 2 + (2.0 - 8.5)


def test_expected_end_is_never_better_than_the_best_that_ended_unless_it_really_was():
    pruner = ended(Seeing(), [[9.0, 4.0]], [[9.0, 4.5]], [[9.0, 5.0]])
    pruner.report(3, 6.0, step=0)
    assert pruner.expected_end(3) == 4.0
    pruner.report(4, 3.0, step=0)
    assert pruner.expected_end(4) == 3.0


def test_expected_end_is_never_worse_than_what_the_trial_has():
    worsening = [[5.0], [9.0]]  # the mean of the two is worse than the first
    pruner = ended(Seeing(), worsening, worsening, worsening)
    pruner.report(3, 5.0, step=0)
    assert pruner.expected_end(3) == 5.0


def test_expected_end_without_anything_to_go_by():
    pruner = Seeing()
    pruner.report(0, 5.0, step=0)
    assert pruner.expected_end(0) == 5.0
    for trial in (1, 2, 3):
        pruner.report(trial, math.inf, step=0)
        pruner.end(trial)  # diverged: it teaches nothing about gains
    assert pruner.expected_end(0) == 5.0
    pruner.report(4, math.nan, step=0)
    assert math.isnan(pruner.expected_end(4))
    pruner.report(5, math.inf, step=0)
    assert pruner.expected_end(5) == math.inf
    pruner.end(6)
    assert math.isnan(pruner.expected_end(6))
    assert pruner.expected_end(0) == 5.0


# ---------------------------------------------------------------- settings


def test_settings_are_told_and_compared(kind):
    pruner = kind(n_startup_trials=7)
    pruner.report(0, 1.0, step=0)
    config = pruner.config()
    assert config["name"] == kind.name
    assert config["n_startup_trials"] == 7
    assert json.loads(json.dumps(config)) == config
    assert pruner.fresh().config() == config != kind().config()
    settings = ", ".join(f"{key}={value}" for key, value in config.items() if key != "name")
    assert repr(pruner) == f"{kind.__name__}({settings})"


def test_pruners_are_made_by_name_and_afresh(kind):
    made = make_pruner(kind.name)
    assert type(made) is kind
    assert made.config() == kind().config()
    used = kind(n_startup_trials=3)
    used.report(0, 1.0, step=0)
    other = make_pruner(used)
    assert other.config() == used.config()
    with pytest.raises(ArgumentError):
        other.expected_end(0)
    assert make_pruner(None) is None


@pytest.mark.parametrize("wrong", ["medain", 3, MedianPruner])
def test_what_is_no_pruner_is_refused(wrong):
    with pytest.raises(ArgumentError, match='A pruner is "median", "asha", a `Pruner` or None'):
        make_pruner(wrong)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (MedianPruner, {"n_startup_trials": 0}),
        (MedianPruner, {"n_warmup_steps": -1}),
        (MedianPruner, {"interval_steps": 0}),
        (MedianPruner, {"interval_steps": 1.0}),
        (ASHAPruner, {"min_resource": 0}),
        (ASHAPruner, {"reduction_factor": 1}),
        (ASHAPruner, {"reduction_factor": True}),
        (ASHAPruner, {"n_startup_trials": -1}),
    ],
)
def test_settings_that_make_no_sense_are_refused(kind, settings):
    (name, value), *_ = settings.items()
    with pytest.raises(ArgumentError, match=f"`{name}` must be .* Received: {name}={value}"):
        kind(**settings)


# ---------------------------------------------------------------- replay

curves = st.lists(
    st.lists(
        st.lists(
            st.one_of(st.floats(0, 10), st.sampled_from([math.nan, math.inf])),
            min_size=1,
            max_size=6,
        ),
        min_size=1,
        max_size=2,
    ),
    min_size=1,
    max_size=12,
)
settings_of = {
    MedianPruner: {"n_startup_trials": 2, "n_warmup_steps": 1, "interval_steps": 2},
    ASHAPruner: {"min_resource": 1, "reduction_factor": 2, "n_startup_trials": 1},
}


def run(pruner, numbered, order):
    """Trains trials in turns, stopping whom the pruner stops; returns its answers and a log."""
    left = {
        trial: [
            (value, step, execution)
            for execution, values in enumerate(executions)
            for step, value in enumerate(values)
        ]
        for trial, executions in numbered
    }
    answers, log = [], []
    while left:
        trial = order.choice(sorted(left))
        value, step, execution = left[trial].pop(0)
        answers.append(pruner.report(trial, value, step=step, execution=execution))
        log.append((trial, value, step, execution))
        if not answers[-1]:
            del left[trial]
        elif not left[trial]:
            pruner.end(trial)
            log.append((trial,))
            del left[trial]
    return answers, log


@given(curves, curves, st.randoms(use_true_random=False))
@pytest.mark.parametrize("kind", PRUNERS.values(), ids=PRUNERS)
def test_a_replay_in_any_order_of_trials_gives_the_same_later_answers(kind, first, then, order):
    pruner = kind(**settings_of[kind])
    _, log = run(pruner, enumerate(first), order)
    shuffled = sorted(range(len(first)), key=lambda _: order.random())
    replayed = pruner.fresh()
    for trial in shuffled:
        for number, *told in log:
            if number == trial and told:
                value, step, execution = told
                replayed.record(trial, value, step=step, execution=execution)
            elif number == trial:
                replayed.end(trial)
    seed = order.random()
    later = list(enumerate(then, start=100))
    assert run(pruner, later, random.Random(seed)) == run(replayed, later, random.Random(seed))
    for trial in shuffled:
        ends = pruner.expected_end(trial), replayed.expected_end(trial)
        assert ends[0] == ends[1] or all(map(math.isnan, ends))


@given(curves, st.randoms(use_true_random=False))
@pytest.mark.parametrize("kind", PRUNERS.values(), ids=PRUNERS)
def test_what_is_expected_stays_within_its_bounds(kind, told, order):
    pruner = kind(**settings_of[kind])
    _, log = run(pruner, enumerate(told), order)
    ended = {trial for trial, *rest in log if not rest}
    scores = {
        trial: pruner.expected_end(trial) for trial in ended if pruner.expected_end(trial) < 99
    }
    for trial in set(range(len(told))) - ended:
        reached = pruner._curves[trial].score
        expected = pruner.expected_end(trial)
        assert expected <= reached
        assert expected == reached or expected >= min(scores.values())


@given(curves, st.randoms(use_true_random=False))
@pytest.mark.parametrize("kind", PRUNERS.values(), ids=PRUNERS)
def test_nan_alone_stops_nothing_and_the_best_of_all_is_never_stopped(kind, told, order):
    hopeless = [[math.nan] * 6] * 2
    best = [[-1.0] * 6] * 2
    numbered = [*enumerate(told), (50, hopeless), (51, best)]
    _, log = run(kind(**settings_of[kind]), numbered, order)
    assert (50,) in log
    assert (51,) in log
