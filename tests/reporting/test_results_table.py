"""The tables of results and of failures."""

import io

import pytest
from example_studies import completed, failed, study_of
from rich.console import Console

from tfhpo.errors import ArgumentError
from tfhpo.reporting import (
    failure_rows,
    failures_table,
    print_results,
    result_rows,
    results_table,
)
from tfhpo.study import TrialRecord, TrialStatus

TRIALS = [
    completed(0, 0.5, optimizer="adam", rate=0.0123456789),
    completed(1, 0.75, optimizer="sgd", rate=0.1, momentum=0.9),
    failed(2, "ValueError: too wide\nat once", optimizer="sgd", rate=0.2, momentum=0.5),
]


def printed(renderable, width=100):
    file = io.StringIO()
    Console(file=file, width=width).print(renderable)
    return file.getvalue()


def headers(table):
    return [str(column.header) for column in table.columns]


def test_rows_are_plain_and_the_best_first():
    rows = result_rows(TRIALS, "max")
    assert [(row.number, row.score, row.epoch, row.seconds) for row in rows] == [
        (1, 0.75, 2, 2.0),
        (0, 0.5, 2, 2.0),
    ]
    assert [row.number for row in result_rows(TRIALS, "min", top=1)] == [0]


def test_values_are_columns_and_inactive_ones_a_dash():
    table = results_table(TRIALS, "val_accuracy", "max")
    assert headers(table) == [
        "trial", "val_accuracy", "epoch", "time", "optimizer", "rate", "momentum",
    ]  # fmt: skip
    text = printed(table)
    assert "0.012346" in text
    assert [line.split()[-1] for line in text.splitlines()[3:5]] == ["0.9", "-"]


def test_the_title_counts_what_became_of_the_trials():
    trials = [*TRIALS, TrialRecord(3, "3", TrialStatus.RUNNING, {})]
    text = printed(results_table(trials, "val_accuracy", "max"))
    assert "4 trials: 2 completed, 1 failed, 1 not ended" in text
    assert "No trials yet" in printed(results_table([], "val_accuracy", "max"))


def test_a_study_brings_its_objective():
    table = results_table(study_of(TRIALS))
    assert "val_accuracy" in headers(table)
    assert "1" in printed(table).splitlines()[3]


def test_trials_alone_need_an_objective():
    with pytest.raises(ArgumentError, match="objective=None"):
        results_table(TRIALS)


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (120, ["trial", "val_accuracy", "epoch", "time", "p0", "p1", "p2", "p3"]),
        (60, ["trial", "val_accuracy", "epoch", "time", "values"]),
        (45, ["trial", "val_accuracy", "values"]),
    ],
)
def test_columns_that_do_not_fit_become_one(width, expected):
    trials = [completed(0, 0.5, **{f"p{i}": 1.2345678e-9 for i in range(4)})]
    table = results_table(trials, "val_accuracy", "max", width=width)
    assert headers(table) == expected
    lines = printed(table, width).splitlines()
    assert max(map(len, lines)) <= width
    # Whole names and numbers on every width: nothing is cut.
    text = "".join(lines).replace(" ", "")
    assert text.count("1.2346e-09") == 4
    assert "…" not in text


def test_failures_tell_their_cause():
    (row,) = failure_rows(TRIALS)
    assert (row.number, row.cause) == (2, "ValueError: too wide")
    assert headers(failures_table(TRIALS)) == ["trial", "cause", "values"]
    assert headers(failures_table(TRIALS, width=40)) == ["trial", "cause"]
    assert "momentum=0.5" in printed(failures_table(study_of(TRIALS)))


def test_the_last_failures_are_shown():
    rows = failure_rows([failed(number) for number in range(5)], top=2)
    assert [row.number for row in rows] == [3, 4]


def test_failures_are_printed_below_the_results_where_there_are_any():
    file = io.StringIO()
    print_results(study_of(TRIALS), console=Console(file=file, width=100))
    assert file.getvalue().index("0.75") < file.getvalue().index("Failed trials")
    file = io.StringIO()
    print_results(study_of(TRIALS[:2]), console=Console(file=file, width=100))
    assert "Failed" not in file.getvalue()


def test_brackets_are_no_markup():
    trials = [completed(0, 0.5, **{"a[b]": "[red]"}), failed(1, "[/red] wrong")]
    assert "[red]" in printed(results_table(trials, "val_accuracy", "max"))
    assert "a[b]" in printed(results_table(trials, "val_accuracy", "max"))
    assert "[/red] wrong" in printed(failures_table(trials))
    assert "a[b]=[red]" in printed(results_table(trials, "val_accuracy", "max", width=30))


@pytest.mark.parametrize("table", [results_table, failures_table])
def test_at_least_one_trial_is_asked_for(table):
    with pytest.raises(ArgumentError, match="top=0"):
        table(study_of(TRIALS), top=0)
