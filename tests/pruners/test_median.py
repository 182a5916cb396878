import pytest

from tfhpo.pruners import MedianPruner


def after(values, **settings):
    """A pruner to whom each value was reported at steps 0 to 9 by a trial of its own."""
    pruner = MedianPruner(**settings)
    for trial, value in enumerate(values):
        for step in range(10):
            pruner.record(trial, value, step=step)
    return pruner


@pytest.mark.parametrize(("value", "goes_on"), [(2.9, True), (3.0, True), (3.1, False)])
def test_a_trial_that_is_worse_than_the_median_stops(value, goes_on):
    pruner = after([1.0, 2.0, 3.0, 4.0, 5.0])
    assert pruner.report(9, value, step=0) is goes_on


def test_the_median_of_an_even_number_lies_between_the_middle_two():
    pruner = after([1.0, 2.0, 4.0, 5.0], n_startup_trials=4)
    assert pruner.report(8, 3.0, step=0)
    assert not pruner.report(9, 3.01, step=1)


def test_it_waits_for_so_many_others_at_the_step():
    pruner = after([1.0, 1.0])
    assert pruner.report(8, 9.0, step=0)  # two others
    assert pruner.report(8, 9.0, step=1)
    assert not pruner.report(9, 9.5, step=0)  # three, trial 8 among them


def test_it_spares_the_first_steps_of_each_execution():
    pruner = after([1.0] * 5, n_warmup_steps=2)
    assert [pruner.report(9, 5.0, step=step) for step in range(3)] == [True, True, False]
    for trial in range(5):
        for step in range(3):
            pruner.record(trial, 1.0, step=step, execution=1)
    answers = [pruner.report(9, 5.0, step=step, execution=1) for step in range(3)]
    assert answers == [True, True, False]


def test_it_judges_at_intervals():
    pruner = after([1.0] * 5, n_warmup_steps=1, interval_steps=3)
    answers = [pruner.report(9, 5.0, step=step) for step in range(8)]
    assert answers == [True, False, True, True, False, True, True, False]


def test_it_judges_at_the_first_report_of_an_interval():
    pruner = after([1.0] * 5, interval_steps=4)
    answers = {step: pruner.report(9, 5.0, step=step) for step in (2, 3, 5, 6, 7, 9)}
    # At 2 because nothing was reported at 0, at 5 and 9 rather than 4 and 8.
    assert [step for step, goes_on in answers.items() if not goes_on] == [2, 5, 9]


def test_a_hopeless_trial_stops_in_its_first_execution():
    pruner = MedianPruner(n_startup_trials=2)
    for trial, value in enumerate([1.0, 2.0, 3.0]):
        for execution in range(3):
            pruner.record(trial, value, step=0, execution=execution)
        pruner.end(trial)
    assert not pruner.report(3, 2.5, step=0)
    assert pruner.report(4, 2.0, step=0)
    # Its second execution is so bad that the mean, 4, is worse than 2.
    assert not pruner.report(4, 6.0, step=0, execution=1)
