"""What the listener leaves on disk, record by record; `test_hparams_server` asks TensorBoard."""

import copy
import dataclasses
import math
import os
import pickle
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import event_reader as reader
import pytest
import recorded_search as search
from tensorboard.plugins.hparams import api_pb2, metadata

from tfhpo.errors import ArgumentError, StudyWriteError
from tfhpo.space import FloatRange, Parameter, Space
from tfhpo.study.records import TrialStatus
from tfhpo.tensorboard import HParamsLogger

START, END = metadata.SESSION_START_INFO_TAG, metadata.SESSION_END_INFO_TAG


@pytest.fixture
def logdir(tmp_path):
    return tmp_path / "new" / "logs"


@pytest.fixture
def logger(logdir):
    logger = HParamsLogger(logdir)
    logger.on_search_begin(search.SPACE, search.OBJECTIVE, "max", search.METRICS)
    return logger


def failed(number, **changes):
    return search.trial(number, TrialStatus.FAILED, **changes)


# ------------------------------------------------------------------ sessions


def test_an_execution_is_a_run_in_order_of_events(logger, logdir):
    trial = search.trial(1)
    logger.on_execution_begin(trial, 0)
    logger.on_epoch_end(trial, 0, 0, {"loss": 2.0, "learning_rate": 0.5})
    logger.on_epoch_end(trial, 0, 1, {"loss": 1.0, "learning_rate": 0.25})
    logger.on_execution_end(trial, 0, "success", 0.875)
    run = reader.read_run(logdir / "0001" / "execution0")
    epoch = ["loss", "learning_rate"]
    assert run.tags() == [START, *epoch, *epoch, "best/val_accuracy", END]
    assert run.scalars("learning_rate") == [(0, 0.5), (1, 0.25)]
    assert run.scalars("best/val_accuracy") == [(trial.number, 0.875)]
    assert run.started.group_name == "0001"
    assert run.hparams == pytest.approx(trial.values)
    assert run.status == api_pb2.STATUS_SUCCESS


def test_everything_told_is_on_disk_at_once(logger, logdir):
    trial = search.trial(1)
    logger.on_execution_begin(trial, 0)
    assert reader.read_run(logdir / "0001" / "execution0").tags() == [START]
    logger.on_epoch_end(trial, 0, 0, {"loss": 2.0})
    assert reader.read_run(logdir / "0001" / "execution0").tags() == [START, "loss"]


@pytest.mark.parametrize("score", [None, math.nan, math.inf])
def test_a_failed_execution_has_no_best_value(logger, logdir, score):
    logger.on_execution_begin(search.trial(1), 0)
    logger.on_execution_end(search.trial(1), 0, "failure", score)
    run = reader.read_run(logdir / "0001" / "execution0")
    assert run.tags() == [START, END]
    assert run.status == api_pb2.STATUS_FAILURE


def test_a_trial_that_failed_to_build_is_a_failed_session(logger, logdir):
    logger.on_trial_end(failed(1))
    run = reader.read_run(logdir / "0001" / "execution0")
    assert run.tags() == [START, END]
    assert run.status == api_pb2.STATUS_FAILURE
    assert run.hparams == pytest.approx(search.trial(1).values)


def test_ending_a_trial_again_adds_nothing(logger, logdir):
    search.complete(logger, search.trial(1))
    logger.on_trial_end(failed(2))
    before = {path: path.read_bytes() for path in logdir.rglob("*tfevents*")}
    logger.on_trial_end(search.trial(1, TrialStatus.COMPLETED))
    HParamsLogger(logdir).on_trial_end(failed(2))
    assert {path: path.read_bytes() for path in logdir.rglob("*tfevents*")} == before


def test_a_running_trial_is_left_open(logger, logdir):
    logger.on_execution_begin(search.trial(1), 0)
    logger.on_trial_end(search.trial(1, TrialStatus.RUNNING))
    assert reader.read_run(logdir / "0001" / "execution0").tags() == [START]


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (TrialStatus.COMPLETED, api_pb2.STATUS_SUCCESS),
        (TrialStatus.PRUNED, api_pb2.STATUS_SUCCESS),
        (TrialStatus.FAILED, api_pb2.STATUS_FAILURE),
        (TrialStatus.INVALID, api_pb2.STATUS_FAILURE),
    ],
)
def test_the_end_of_a_trial_ends_its_open_sessions(logger, logdir, status, shown):
    logger.on_execution_begin(search.trial(1), 0)
    logger.on_execution_end(search.trial(1), 0, "success", 0.5)
    logger.on_execution_begin(search.trial(1), 1)
    logger.on_trial_end(search.trial(1, status))
    assert reader.read_run(logdir / "0001" / "execution0").status == api_pb2.STATUS_SUCCESS
    assert reader.read_run(logdir / "0001" / "execution1").status == shown


# ------------------------------------------------------------------ a search that is resumed


def test_a_new_attempt_replaces_the_former_ones(logger, logdir):
    search.complete(logger, search.trial(3))
    (logdir / "0003" / "execution0" / "train").mkdir()
    (logdir / "0003" / "notes").mkdir()
    resumed = HParamsLogger(logdir)
    resumed.on_search_begin(search.SPACE, search.OBJECTIVE, "max", search.METRICS)
    for attempt in (1, 2):
        resumed.on_execution_begin(search.trial(3, attempt=attempt), 0)
        left = sorted(path.name for path in (logdir / "0003").iterdir())
        assert left == [f"execution0-repeat{attempt}", "notes"]
    resumed.on_execution_begin(search.trial(3, attempt=2), 1)
    assert len(list((logdir / "0003").glob("execution*-repeat2"))) == 2


def test_the_same_attempt_begun_again_starts_clean(logger, logdir):
    trial = search.trial(1)
    logger.on_execution_begin(trial, 0)
    logger.on_epoch_end(trial, 0, 0, {"loss": 2.0})
    HParamsLogger(logdir).on_execution_begin(trial, 0)
    assert reader.read_run(logdir / "0001" / "execution0").tags() == [START]


def test_an_attempt_that_failed_to_build_shows_instead_of_the_dead_one(logger, logdir):
    logger.on_execution_begin(search.trial(1), 0)
    HParamsLogger(logdir).on_trial_end(failed(1, attempt=1))
    assert [path.name for path in (logdir / "0001").iterdir()] == ["execution0-repeat1"]
    run = reader.read_run(logdir / "0001" / "execution0-repeat1")
    assert run.status == api_pb2.STATUS_FAILURE


def test_a_session_of_a_dead_process_is_ended_though_its_file_is_torn(logger, logdir):
    trial = search.trial(1)
    logger.on_execution_begin(trial, 0)
    logger.on_epoch_end(trial, 0, 0, {"loss": 2.0})
    (file,) = (logdir / "0001" / "execution0").iterdir()
    os.truncate(file, file.stat().st_size - 1)
    HParamsLogger(logdir).on_trial_end(failed(1))
    run = reader.read_run(logdir / "0001" / "execution0")
    assert run.tags() == [START, END]


# ------------------------------------------------------------------ the experiment


def test_the_experiment_names_columns_objective_and_metrics(logger, logdir):
    experiment = reader.read_experiment(logdir)
    assert [info.name for info in experiment.hparam_infos] == list(
        dict.fromkeys(search.SPACE.names)
    )
    metrics = [(info.name.tag, info.display_name) for info in experiment.metric_infos]
    assert metrics == [
        ("best/val_accuracy", "best val_accuracy"),
        ("loss", "loss"),
        ("val_loss", "val_loss"),
        ("val_accuracy", "val_accuracy"),
    ]
    assert "larger is better" in experiment.metric_infos[0].description


def test_a_resumed_search_writes_no_second_experiment(logger, logdir):
    (before,) = logdir.rglob("*tfevents*")
    written = before.stat().st_mtime_ns
    resumed = HParamsLogger(logdir)
    resumed.on_search_begin(search.SPACE, search.OBJECTIVE, "max", search.METRICS)
    resumed.on_search_end(search.SPACE)
    (after,) = logdir.rglob("*tfevents*")
    assert (after, after.stat().st_mtime_ns) == (before, written)


def test_a_space_that_grew_replaces_the_experiment_under_another_name(logdir):
    logger = HParamsLogger(logdir)
    logger.on_search_begin(search.FIRST_SPACE, search.OBJECTIVE, "max", search.METRICS)
    before = reader.runs(logdir)
    logger.on_search_end(search.SPACE)
    assert len(reader.runs(logdir)) == 1
    assert reader.runs(logdir) != before
    assert "momentum" in [info.name for info in reader.read_experiment(logdir).hparam_infos]
    assert not [path for path in logdir.rglob("*") if "draft" in path.name]


def test_files_of_others_beside_a_former_experiment_stay(logdir):
    logger = HParamsLogger(logdir)
    logger.on_search_begin(search.FIRST_SPACE, search.OBJECTIVE, "max", search.METRICS)
    (folder,) = logdir.iterdir()
    (folder / "notes.txt").write_text("mine")
    logger.on_search_end(search.SPACE)
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    assert len(reader.runs(logdir)) == 1


def test_a_directory_tells_whether_it_holds_a_search(logdir):
    logger = HParamsLogger(logdir)
    assert not logger.holds_search()
    logger.on_search_begin(search.SPACE, search.OBJECTIVE, "max", search.METRICS)
    assert HParamsLogger(logdir).holds_search()


# ------------------------------------------------------------------ bad input


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    file = tmp_path / "logs"
    file.write_text("mine")
    for path in (file, file / "below"):
        with pytest.raises(StudyWriteError, match=r"in a folder that can be written.*logs"):
            HParamsLogger(path)
    assert file.read_text() == "mine"


def test_a_remote_address_is_refused():
    with pytest.raises(ArgumentError, match=r"local folder.*gs://bucket/logs"):
        HParamsLogger("gs://bucket/logs")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_disk_is_told(logger, logdir):
    trial = search.trial(1)
    logger.on_execution_begin(trial, 0)
    (file,) = (logdir / "0001" / "execution0").iterdir()
    file.unlink()
    file.symlink_to("/dev/full")
    with pytest.raises(StudyWriteError, match="No space left"):
        logger.on_epoch_end(trial, 0, 0, {"loss": 1.0})


def test_an_unknown_direction_is_refused_before_anything_is_written(logdir):
    with pytest.raises(ArgumentError, match=r"\['min', 'max'\].*'up'"):
        HParamsLogger(logdir).on_search_begin(search.SPACE, "loss", "up", [])
    assert not list(logdir.iterdir())


def test_an_unknown_status_is_refused(logger):
    logger.on_execution_begin(search.trial(1), 0)
    with pytest.raises(ArgumentError, match=r"\['success', 'failure'\].*'done'"):
        logger.on_execution_end(search.trial(1), 0, "done", 0.5)


def test_the_order_of_calls_is_kept(logger, logdir):
    trial = search.trial(1)
    with pytest.raises(ArgumentError, match="trial '0001', execution 0"):
        logger.on_epoch_end(trial, 0, 0, {"loss": 1.0})
    logger.on_execution_begin(trial, 0)
    logger.on_execution_end(trial, 0, "success", 0.5)
    with pytest.raises(ArgumentError, match="comes once"):
        logger.on_execution_end(trial, 0, "success", 0.5)
    with pytest.raises(ArgumentError, match="on_search_begin"):
        HParamsLogger(logdir).on_search_end(search.SPACE)


# ------------------------------------------------------------------ a trial that was taken


@pytest.fixture
def other(logdir):
    """The logger of the worker that has trial 1 next."""
    other = HParamsLogger(logdir)
    other.on_search_begin(search.SPACE, search.OBJECTIVE, "max", search.METRICS)
    return other


def tell_of_epoch(logger, trial):
    logger.on_epoch_end(trial, 0, 0, {"loss": 1.0})


def tell_of_end(logger, trial):
    logger.on_execution_end(trial, 0, "success", 0.5)


def tell_of_failure(logger, trial):
    logger.on_trial_end(failed(1))


@pytest.mark.parametrize("tell", [tell_of_epoch, tell_of_end, tell_of_failure])
def test_what_a_worker_tells_of_a_trial_that_was_taken_is_dropped(logger, other, logdir, tell):
    trial = search.trial(1)
    logger.on_execution_begin(trial, 0)
    search.complete(other, search.trial(1, attempt=1))
    whole = {path: path.stat().st_size for path in logdir.rglob("*")}
    tell(logger, trial)
    assert {path: path.stat().st_size for path in logdir.rglob("*")} == whole


def test_an_execution_that_begins_after_its_trial_was_taken_leaves_no_trace(logger, other, logdir):
    trial = search.trial(1)
    other.on_execution_begin(search.trial(1, attempt=1), 0)
    logger.on_execution_begin(trial, 0)
    tell_of_epoch(logger, trial)
    tell_of_end(logger, trial)
    assert [path.name for path in (logdir / "0001").iterdir()] == ["execution0-repeat1"]
    tell_of_epoch(other, search.trial(1, attempt=1))


def test_a_folder_that_somebody_removed_is_told(logger, logdir):
    logger.on_execution_begin(search.trial(1), 0)
    shutil.rmtree(logdir / "0001")
    with pytest.raises(StudyWriteError, match="must lie in a folder that can be written"):
        tell_of_epoch(logger, search.trial(1))


# ------------------------------------------------------------------ where it can go


@pytest.mark.parametrize(
    "carried", [copy.deepcopy, lambda logger: pickle.loads(pickle.dumps(logger))]
)
def test_a_logger_can_be_carried_to_another_process_in_mid_search(logger, logdir, carried):
    trial = search.trial(1)
    logger.on_execution_begin(trial, 0)
    carried(logger).on_epoch_end(trial, 0, 0, {"loss": 1.0})
    logger.on_epoch_end(trial, 0, 1, {"loss": 0.5})
    run = reader.read_run(logdir / "0001" / "execution0")
    assert run.scalars("loss") == [(0, 1.0), (1, 0.5)]


def test_a_whole_search_is_written_without_tensorflow_and_keras(logdir):
    program = """
        import sys
        import recorded_search
        from pathlib import Path
        recorded_search.first_process(Path(sys.argv[1]))
        recorded_search.second_process(Path(sys.argv[1]))
        print(sorted({"tensorflow", "keras", "keras_tuner", "jax", "torch"} & set(sys.modules)))
    """
    here = Path(__file__).parent
    path = os.pathsep.join(map(str, [here.parent.parent, here]))
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program), str(logdir)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert result.stderr == ""
    assert result.stdout == "[]\n"
    assert len(list(logdir.iterdir())) == 21


def test_trials_may_interleave(logger, logdir):
    one, two = search.trial(1), search.trial(2)
    logger.on_execution_begin(one, 0)
    logger.on_execution_begin(two, 0)
    logger.on_epoch_end(one, 0, 0, {"loss": 1.0})
    logger.on_epoch_end(two, 0, 0, {"loss": 2.0})
    logger.on_execution_end(one, 0, "failure", None)
    logger.on_execution_end(two, 0, "success", 0.5)
    logger.on_trial_end(dataclasses.replace(one, status=TrialStatus.FAILED))
    assert reader.read_run(logdir / "0001" / "execution0").scalars("loss") == [(0, 1.0)]
    assert reader.read_run(logdir / "0002" / "execution0").status == api_pb2.STATUS_SUCCESS


def test_a_space_without_parameters_is_written(logdir):
    logger = HParamsLogger(logdir)
    logger.on_search_begin(Space(), "loss", "min", [])
    logger.on_search_end(Space([Parameter("x", FloatRange(0.0, 1.0))]))
    assert [info.name for info in reader.read_experiment(logdir).hparam_infos] == ["x"]
