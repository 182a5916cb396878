"""The progress line: what it says, where it says it, and how it leaves the terminal."""

import contextlib
import io
import os
from dataclasses import replace

import pytest
from example_studies import completed, failed
from rich.console import Console

from tfhpo.errors import ArgumentError
from tfhpo.reporting import ProgressLine
from tfhpo.reporting.live import PatientConsole
from tfhpo.reporting.progress import Progress, print_summary, progress_text, summary_text
from tfhpo.study import TrialRecord, TrialStatus

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


class Clock:
    """A clock that the test turns."""

    now = 100.0

    def __call__(self):
        return self.now


def running(number):
    return TrialRecord(number, f"{number:04d}", TrialStatus.RUNNING, {})


def to_be_repeated(number):
    return TrialRecord(
        number, f"{number:04d}", TrialStatus.INVALID, {}, message="OSError: disk\nmore"
    )


def line(*, terminal, clock=None, width=140, **options):
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, width=width, force_jupyter=False)
    listener = ProgressLine(
        "val_accuracy", "max", console=console, clock=clock or Clock(), **options
    )
    return listener, file


def begin(listener):
    listener.on_search_begin(None, "val_accuracy", "max", ["val_accuracy"])


# --- what it says -------------------------------------------------------------------------------


def test_the_line_tells_everything():
    progress = Progress("val_accuracy", "max", max_trials=20).begun(0.0)
    progress = progress.with_end(completed(0, 0.91), 10.0)
    progress = progress.with_end(completed(1, 0.987654321), 20.0)
    progress = progress.with_end(failed(2), 30.0).at_epoch(3, 2)
    text = progress_text(progress, 35.0, 140).plain
    for part in (
        "3/20 trials",
        "best val_accuracy 0.98765 (trial 1)",
        "1 failed",
        "trial 3 epoch 3",
        "0:35",
        "2:45 left",
    ):
        assert part in text


def test_least_important_parts_go_first_on_a_narrow_line():
    progress = Progress("val_accuracy", "max", max_trials=20).begun(0.0)
    progress = progress.with_end(completed(0, 0.5), 10.0).at_epoch(1, 0)
    texts = [progress_text(progress, 10.0, width).plain for width in (90, 70, 55, 45, 15)]
    assert all(len(text) <= width for text, width in zip(texts, (90, 70, 55, 45, 15), strict=True))
    assert "epoch" in texts[0]
    assert "left" in texts[2]
    assert "epoch" not in texts[2]
    assert "best" in texts[3]
    assert texts[4] == "1/20 trials"


def test_ascii_outputs_get_ascii():
    progress = Progress("loss", "min", max_trials=2).begun(0.0).with_end(completed(0, 0.5), 1.0)
    assert progress_text(progress, 1.0, 100, ascii_only=True).plain.isascii()
    assert not progress_text(progress, 1.0, 100).plain.isascii()


def test_trials_side_by_side_are_counted():
    progress = Progress("loss", "min").begun(0.0).at_epoch(0, 1).at_epoch(1, 0)
    assert "2 trials running" in progress_text(progress, 0.0, 100).plain


def test_time_left_follows_the_pace_of_this_run():
    progress = Progress("loss", "min", max_trials=10).begun(100.0)
    assert progress.seconds_left(100.0) is None
    progress = progress.with_end(completed(0, 1.0), 104.0).with_end(completed(1, 1.0), 108.0)
    assert progress.seconds_left(108.0) == 32.0
    assert progress.seconds_left(110.0) == 30.0
    assert progress.seconds_left(1000.0) == 0.0


def test_time_left_starts_from_former_runs():
    done = [completed(0, 1.0, seconds=3.0), completed(1, 1.0, seconds=5.0)]
    progress = Progress("loss", "min", max_trials=5).after(done).begun(0.0)
    assert progress.seconds_left(2.0) == 10.0


def test_the_wall_clock_budget_caps_the_time_left():
    progress = Progress("loss", "min", max_trials=100, max_time=60.0).begun(0.0)
    assert progress.seconds_left(10.0) == 50.0
    assert progress.with_end(completed(0, 1.0), 10.0).seconds_left(10.0) == 50.0
    assert progress.with_end(completed(0, 1.0), 0.1).seconds_left(0.1) == pytest.approx(9.9)


def test_a_repeated_trial_has_not_ended():
    progress = Progress("loss", "min").begun(0.0).at_epoch(0, 3).with_end(to_be_repeated(0), 1.0)
    assert (progress.done, progress.failed, dict(progress.running)) == (0, 0, {})


def test_a_nan_score_is_not_the_best():
    progress = Progress("loss", "min").with_end(completed(0, float("nan")), 1.0)
    assert progress.best is None
    assert progress.with_end(completed(1, 0.5), 2.0).best.number == 1


def test_the_summary_tells_this_run_from_former_ones():
    progress = Progress("loss", "min").after([completed(0, 0.5), failed(1)]).begun(0.0)
    text = summary_text(progress.with_end(completed(2, 0.25), 5.0), 5.0).plain
    assert text == "3 trials, 1 of them in this run of 5.0 s, 1 failed; best loss 0.25 in trial 2"
    assert summary_text(Progress("loss", "min"), 0.0).plain == "0 trials in 0.0 s; none completed"


def test_a_search_without_success_ends_with_the_cause():
    told = "0 trials in 0.0 s; none completed"
    assert summary_text(Progress("loss", "min"), 0.0).plain == told
    progress = Progress("loss", "min").with_end(failed(0, "ValueError: too wide"), 1.0)
    told = "1 trial in 1.0 s, 1 failed; none completed, the last one for: ValueError: too wide"
    assert summary_text(progress, 1.0).plain == told
    assert Progress("loss", "min").after([failed(0, "OSError: x")]).cause == "OSError: x"


def test_the_direction_is_checked_before_the_search():
    with pytest.raises(ArgumentError, match="direction"):
        ProgressLine("loss", "down")


# --- where it says it ---------------------------------------------------------------------------


def search(listener, trials):
    begin(listener)
    for trial in trials:
        listener.on_trial_begin(running(trial.number))
        listener.on_execution_begin(running(trial.number), 0)
        listener.on_epoch_end(running(trial.number), 0, 0, {"val_accuracy": 0.5})
        listener.on_execution_end(running(trial.number), 0, "success", trial.score)
        listener.on_trial_end(trial)
    listener.on_search_end(None)


def test_a_pipe_gets_plain_lines_in_one_piece():
    listener, file = line(terminal=False, width=30, max_trials=2)
    search(listener, [completed(0, 0.5), failed(1, "ValueError: the layer is too wide\nmore")])
    assert file.getvalue().splitlines() == [
        "Trial 1 failed: ValueError: the layer is too wide",
        "2 trials in 0.0 s, 1 failed; best val_accuracy 0.5 in trial 0",
    ]


def test_a_log_gets_a_line_now_and_then(monkeypatch):
    listener, file = line(terminal=False, max_trials=4)
    begin(listener)
    listener.on_trial_begin(running(0))
    listener.on_trial_end(completed(0, 0.9))
    assert not file.getvalue()
    monkeypatch.setattr("tfhpo.reporting.live._LOG_EVERY", 0.0)
    listener.on_epoch_end(running(1), 0, 0, {})
    (told,) = file.getvalue().splitlines()
    for part in ("1/4 trials", "best val_accuracy 0.9 (trial 0)", "trial 1 epoch 2"):
        assert part in told


def test_a_search_that_goes_on_says_so_at_once():
    listener, file = line(terminal=False, done=[completed(0, 0.9), failed(1)])
    assert not file.getvalue()
    begin(listener)
    assert file.getvalue() == "Going on after 2 trials.\n"


def test_the_cause_is_told_when_an_attempt_fails():
    listener, file = line(terminal=False, retries=2)
    begin(listener)
    for attempt in range(3):
        trial = to_be_repeated(7) if attempt < 2 else failed(7)
        # Interruptions are no attempts.
        listener.on_trial_end(replace(trial, attempt=attempt, interruptions=4))
        assert file.getvalue().count("\n") == attempt + 1
    assert file.getvalue().splitlines() == [
        "Trial 7 failed in attempt 1 of 3, to be repeated: OSError: disk",
        "Trial 7 failed in attempt 2 of 3, to be repeated: OSError: disk",
        "Trial 7 failed in attempt 3 of 3: ValueError: too wide",
    ]


def test_the_place_of_a_failure_is_told_where_it_is_known():
    listener, file = line(terminal=False)
    begin(listener)
    frames = 'Traceback (most recent call last):\n  File "/home/ada/train.py", line 12, in build'
    listener.on_trial_end(failed(7, f"{frames}\nValueError: too wide"))
    assert file.getvalue() == "Trial 7 failed at train.py:12: ValueError: too wide\n"


@pytest.mark.parametrize("terminal", [False, True])
def test_a_search_that_ends_before_its_first_trial_is_not_summed_up(terminal):
    listener, file = line(terminal=terminal)
    begin(listener)
    listener.on_search_end(None)
    assert "in 0" not in file.getvalue()


def test_a_search_that_is_interrupted_in_its_first_trial_is_summed_up():
    listener, file = line(terminal=False)
    begin(listener)
    listener.on_trial_begin(running(0))
    listener.on_search_end(None)
    assert file.getvalue() == "0 trials in 0.0 s; none completed\n"


def test_a_trial_that_runs_on_elsewhere_leaves_no_line():
    listener, file = line(terminal=False, worker="worker0")
    begin(listener)
    listener.on_trial_begin(running(3))
    listener.on_trial_end(running(3))
    assert (file.getvalue(), dict(listener.progress.running)) == ("", {})


def test_a_workers_summary_is_of_its_part_and_the_chiefs_of_all(capsys):
    listener, file = line(terminal=False, worker="worker0")
    begin(listener)
    listener.on_trial_end(completed(3, 0.5))
    listener.on_search_end(None)
    told = "worker0 has run 1 trial in 0.0 s; its best val_accuracy 0.5 in trial 3\n"
    assert file.getvalue() == told
    before = Progress("loss", "min").after([completed(0, 0.5)])
    print_summary(before, [completed(1, 0.25), failed(2)], 4.0)
    told = "3 trials, 2 of them in this run of 4.0 s, 1 failed; best loss 0.25 in trial 1\n"
    assert capsys.readouterr().out == told


def test_a_terminal_gets_a_line_for_each_failure_and_the_summary():
    listener, file = line(terminal=True, width=60)
    trials = [failed(0, "ValueError: " + "wide " * 40), to_be_repeated(1), completed(2, 0.5)]
    search(listener, trials)
    lines = file.getvalue().splitlines()
    assert sum("Trial 0 failed" in text for text in lines) == 1
    assert sum("Trial 1 failed, to be repeated" in text for text in lines) == 1
    assert sum("wide" in text for text in lines) == 1
    assert any("2 trials in" in text for text in lines)


def test_markup_in_a_cause_is_text():
    listener, file = line(terminal=True)
    search(listener, [failed(0, "Error: [/] and [bold]x")])
    assert "[/] and [bold]x" in file.getvalue()


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_the_cursor_comes_back_after_an_error(error):
    listener, file = line(terminal=True)

    def interrupted():
        try:
            begin(listener)
            listener.on_trial_begin(running(0))
            raise error
        finally:
            listener.on_search_end(None)

    with pytest.raises(error):
        interrupted()
    text = file.getvalue()
    assert text.count(HIDE_CURSOR) == text.count(SHOW_CURSOR) == 1
    assert text.index(HIDE_CURSOR) < text.index(SHOW_CURSOR)


@pytest.mark.parametrize("terminal", [True, False])
def test_ending_twice_says_it_once(terminal):
    listener, file = line(terminal=terminal)
    search(listener, [completed(0, 0.5)])
    listener.on_search_end(None)
    assert file.getvalue().count("1 trial in") == 1


@pytest.mark.parametrize("terminal", [True, False])
def test_ending_before_the_beginning_says_nothing(terminal):
    listener, file = line(terminal=terminal)
    listener.on_search_end(None)
    assert file.getvalue() == ""


def test_the_live_line_follows_the_search():
    """Draws by hand what the thread of the terminal draws."""
    clock = Clock()
    listener, _ = line(terminal=False, clock=clock, max_trials=4, done=[completed(0, 0.5)])
    begin(listener)
    listener.on_trial_begin(running(1))
    listener.on_epoch_end(running(1), 0, 4, {})
    clock.now += 7
    assert "trial 1 epoch 6" in progress_text(listener.progress, clock(), 140).plain
    listener.on_trial_end(completed(1, 0.75))
    text = progress_text(listener.progress, clock(), 140).plain
    assert "2/4 trials" in text
    assert "best val_accuracy 0.75 (trial 1)" in text
    assert "0:14 left" in text


def test_a_log_that_nobody_reads_ends_no_search():
    reader, writer = os.pipe()
    with contextlib.suppress(BrokenPipeError), os.fdopen(writer, "w") as file:
        console = PatientConsole(file=file, force_terminal=False, force_jupyter=False)
        listener = ProgressLine("val_accuracy", "max", console=console, clock=Clock())
        begin(listener)
        os.close(reader)
        for number in range(3):
            listener.on_trial_end(failed(number))
        listener.on_search_end(None)
        assert listener.progress.done == 3


def test_a_very_long_cause_is_cut_short():
    listener, file = line(terminal=False)
    begin(listener)
    record = TrialRecord(0, "0000", TrialStatus.FAILED, {}, message="ValueError: " + "x" * 5000)
    listener.on_trial_end(record)
    assert 900 < len(file.getvalue()) < 1200
    assert "x [...]" in file.getvalue()
