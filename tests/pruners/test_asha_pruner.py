import pytest

from tfhpo.pruners import ASHAPruner


def at_rung(pruner, values, step=0):
    """Reports each value at one step by a trial of its own; returns the answers."""
    return [pruner.report(trial, value, step=step) for trial, value in enumerate(values)]


def test_the_best_third_of_those_at_a_rung_goes_on():
    # Trial by trial: of 1, 2, 3, 4, 5 at the rung one goes on, of 6 two.
    values = [5.0, 6.0, 4.0, 4.5, 3.0, 3.5]
    assert at_rung(ASHAPruner(), values) == [True, False, True, False, True, True]


def test_equal_values_go_on_together():
    assert at_rung(ASHAPruner(), [1.0, 1.0, 1.0, 1.0]) == [True] * 4


def test_nobody_stops_before_so_many_others_are_there():
    values = [5.0, 6.0, 7.0, 8.0]
    pruner = ASHAPruner(n_startup_trials=3)
    assert at_rung(pruner, values) == [True, True, True, False]


@pytest.mark.parametrize(
    ("settings", "rungs"),
    [
        ({}, [0, 2, 8, 26]),
        ({"min_resource": 2}, [1, 5, 17]),
        ({"reduction_factor": 2}, [0, 1, 3, 7, 15]),
        ({"min_resource": 5, "reduction_factor": 4}, [4, 19]),
    ],
)
def test_rungs_are_a_geometric_series_of_epochs(settings, rungs):
    pruner = ASHAPruner(**settings)
    for step in range(30):
        pruner.record(0, 1.0, step=step)
    answers = [pruner.report(1, 2.0, step=step) for step in range(30)]
    assert [step for step, goes_on in enumerate(answers) if not goes_on] == rungs


def test_a_rung_between_two_reports_is_judged_at_the_second():
    pruner = ASHAPruner()
    for step in range(30):
        pruner.record(0, 1.0, step=step)
    answers = {step: pruner.report(1, 2.0, step=step) for step in (1, 5, 7, 11, 29)}
    # Rungs of 1, 3, 9 and 27 epochs lie at steps 0, 2, 8 and 26.
    assert [step for step, goes_on in answers.items() if not goes_on] == [1, 5, 11, 29]


def test_a_repeated_report_is_answered_alike():
    pruner = ASHAPruner()
    pruner.record(0, 1.0, step=0)
    assert [pruner.report(1, 2.0, step=0) for _ in range(3)] == [False] * 3


def test_rungs_count_the_epochs_of_all_executions():
    pruner = ASHAPruner()
    for trial, value in [(0, 1.0), (1, 2.0)]:
        for execution in range(5):
            for step in range(2):
                pruner.record(trial, value, step=step, execution=execution)
    answers = [
        pruner.report(2, 3.0, step=step, execution=execution)
        for execution in range(5)
        for step in range(2)
    ]
    assert [epoch for epoch, goes_on in enumerate(answers) if not goes_on] == [0, 2, 8]
