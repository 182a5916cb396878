"""The curve of the best so far."""

import math

import numpy as np
from example_studies import completed, failed, study_of

from tfhpo.reporting import history_data, plot_history
from tfhpo.study import TrialRecord, TrialStatus

TRIALS = [
    failed(0),
    completed(1, 0.5),
    completed(2, math.nan),
    completed(3, 0.75),
    completed(4, 0.25),
    TrialRecord(5, "5", TrialStatus.RUNNING, {}),
]


def test_the_best_so_far_never_gets_worse():
    data = history_data(study_of(TRIALS))
    assert data.numbers == (0, 1, 2, 3, 4)
    np.testing.assert_equal(data.best, [math.nan, 0.5, 0.5, 0.75, 0.75])
    np.testing.assert_equal(data.scores, [math.nan, 0.5, math.nan, 0.75, 0.25])
    assert data.failed == (0,)
    np.testing.assert_equal(
        history_data(study_of(TRIALS, direction="min")).best, [math.nan, 0.5, 0.5, 0.5, 0.25]
    )


def test_the_picture_shows_the_data(tmp_path):
    data = history_data(study_of(TRIALS))
    figure = plot_history(data, tmp_path / "new" / "history.png")
    trials, best, lost = figure.axes[0].get_lines()
    np.testing.assert_equal(trials.get_ydata(), data.scores)
    np.testing.assert_equal(best.get_ydata(), data.best)
    assert list(lost.get_xdata()) == [0]
    assert (tmp_path / "new" / "history.png").read_bytes().startswith(b"\x89PNG")


def test_a_pruned_trial_shows_what_it_had_and_is_never_the_best():
    pruned = TrialRecord(5, "5", TrialStatus.PRUNED, {}, score=0.9)
    data = history_data(study_of([*TRIALS[:5], pruned]))
    assert data.pruned == ((5, 0.9),)
    assert data.best[-1] == 0.75
    lines = {line.get_label(): line for line in plot_history(data).axes[0].get_lines()}
    assert list(lines["pruned"].get_ydata()) == [0.9]


def test_an_empty_study_can_be_drawn():
    figure = plot_history(history_data(study_of([])))
    assert figure.axes[0].get_title() == "no trial completed yet"


def test_axes_of_the_caller_are_drawn_on():
    from matplotlib.figure import Figure

    figure = Figure()
    left, right = figure.subplots(1, 2)
    assert plot_history(history_data(study_of(TRIALS)), axes=right) is figure
    assert not left.get_lines()
    assert right.get_lines()
