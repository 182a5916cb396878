"""What callbacks write: each training has a place of its own."""

import os
from pathlib import Path

import keras
import pytest
from small_searches import random_search, searched

from tfhpo.tuners.callback_files import log_apart, moving, write_apart


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


class Stumbles(keras.callbacks.Callback):
    """Raises at the end of the second epoch of the first training that finds a mark absent."""

    def __init__(self, mark, error):
        super().__init__()
        self.mark, self.error = Path(mark), error

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1 and not self.mark.exists():
            self.mark.touch()
            raise self.error


def test_trials_and_their_executions_write_apart(tmp_path):
    logs = tmp_path / "logs"
    tuner = random_search(tmp_path, max_trials=2, executions_per_trial=2)
    written = [
        keras.callbacks.CSVLogger(logs / "epochs.csv"),
        keras.callbacks.ModelCheckpoint(logs / "{epoch}.weights.h5", save_weights_only=True),
    ]
    searched(tuner, callbacks=written)
    names = ("1.weights.h5", "2.weights.h5", "epochs.csv")
    places = [f"{trial:04d}/execution{number}" for trial in range(2) for number in range(2)]
    assert files(logs) == [f"{place}/{name}" for place in places for name in names]
    for place in places:
        assert len((logs / place / "epochs.csv").read_text().splitlines()) == 3
    # The best is trained again with the paths that were given.
    tuner.refit_best(callbacks=[keras.callbacks.CSVLogger(tmp_path / "best.csv")])
    assert (tmp_path / "best.csv").exists()


def test_a_file_without_a_folder_lies_with_the_search(tmp_path, monkeypatch):
    (tmp_path / "script").mkdir()
    monkeypatch.chdir(tmp_path / "script")
    tuner = random_search(tmp_path / "searches", max_trials=1)
    searched(tuner, callbacks=[keras.callbacks.CSVLogger("epochs.csv")])
    assert not files(tmp_path / "script")
    callbacks = Path(tuner.project_dir) / "callbacks"
    assert files(callbacks) == ["0000/execution0/epochs.csv"]


@pytest.mark.parametrize(
    ("error", "times"), [(OSError("the disk was away"), (1, 0)), (KeyboardInterrupt(), (0, 1))]
)
def test_a_training_that_broke_off_is_not_gone_on_from(tmp_path, error, times):
    """A failed one had another seed, and of either the epochs before would be missing."""
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)
    tuner = random_search(tmp_path, max_trials=1, max_retries_per_trial=1)
    callbacks = [backup, Stumbles(tmp_path / "mark", error)]
    searched(tuner, callbacks=callbacks)
    if tuner.stop_reason == "interrupted":
        searched(tuner, callbacks=callbacks)
    (trial,) = tuner.study().trials
    assert (trial.status, trial.attempt, trial.interruptions) == ("COMPLETED", *times)
    assert [report.step for report in tuner.study().reports[0]] == [0, 1]
    folders = sorted({str(Path(name).parent) for name in files(tmp_path / "backup")})
    assert folders == ["0000/execution0", "0000/execution0-repeat1"]


@pytest.mark.parametrize(("logdir", "run"), [(None, "execution0"), ("logs", "callback0")])
def test_tensorboard_does_not_mix_two_attempts(tmp_path, logdir, run):
    board = keras.callbacks.TensorBoard(tmp_path / "board")
    settings = {"max_retries_per_trial": 1, "logdir": logdir and tmp_path / logdir}
    tuner = random_search(tmp_path, max_trials=1, **settings)
    searched(tuner, callbacks=[board, Stumbles(tmp_path / "mark", OSError("away"))])
    runs = sorted(path.name for path in (tmp_path / "board" / "0000").iterdir())
    assert runs == [run, f"{run}-repeat1"]


@pytest.mark.parametrize("given", [Path, str, "{}/".format])
def test_what_a_callback_has_made_of_its_path_moves_along(tmp_path, given):
    backup = keras.callbacks.BackupAndRestore(given(tmp_path / "backup"), double_checkpoint=True)
    write_apart([backup], "0003/execution0")
    moved = str(tmp_path / "backup" / "0003" / "execution0")
    paths = [value for value in vars(backup).values() if str(tmp_path) in str(value)]
    assert len(paths) >= 3
    assert all(path.startswith(moved) for path in paths)


@pytest.mark.parametrize(
    ("given", "moved"),
    [("a.keras", "7/a.keras"), ("gs://bucket/{epoch}.keras", "gs://bucket/7/{epoch}.keras")],
)
def test_paths_of_any_kind(given, moved):
    class Own(keras.callbacks.ModelCheckpoint):
        """A user's own kind."""

    checkpoint = Own(given)
    write_apart([checkpoint, keras.callbacks.EarlyStopping()], "7")
    assert checkpoint.filepath == moved
    if os.sep not in given:
        at_home = Own(given)
        write_apart([at_home], "7", "home")
        assert at_home.filepath == "home/" + moved


def test_tensorboards_logs(tmp_path):
    callback = keras.callbacks.TensorBoard(tmp_path)
    log_apart([callback, keras.callbacks.TerminateOnNaN()], "0001/callback0")
    assert callback.log_dir == str(tmp_path / "0001" / "callback0")
    write_apart([callback], "elsewhere")
    assert callback.log_dir == str(tmp_path / "0001" / "callback0")


def test_an_object_that_serves_each_training_is_moved_from_where_it_was_given(tmp_path):
    logs = keras.callbacks.CSVLogger(tmp_path / "epochs.csv")
    board = keras.callbacks.TensorBoard(tmp_path / "board")
    searched(random_search(tmp_path, max_trials=2), callbacks=lambda: [logs, board])
    for trial in ("0000", "0001"):
        assert files(tmp_path / trial) == ["execution0/epochs.csv"]
        assert files(tmp_path / "board" / trial)


def test_a_backup_that_serves_each_training(tmp_path):
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    for place in ("0", "1"):
        with moving([backup]):
            write_apart([backup], place)
    paths = [value for value in vars(backup).values() if isinstance(value, str)]
    inside = [path for path in paths if str(tmp_path) in path]
    assert len(inside) >= 3
    assert all(path.startswith(str(tmp_path / "backup" / "1")) for path in inside)
    assert backup.backup_dir == str(tmp_path / "backup" / "1")


def test_a_path_that_the_user_has_changed_since_counts(tmp_path):
    logs = keras.callbacks.CSVLogger(tmp_path / "first.csv")
    for name in ("first", "second"):
        logs.filename = str(tmp_path / f"{name}.csv")
        with moving([logs]):
            write_apart([logs], "0")
    assert logs.filename == str(tmp_path / "0" / "second.csv")
