"""Bad input meets a clear error before any training, and leaves no study behind."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import keras
import keras_tuner as kt
import numpy as np
import pytest
import scipy.stats
from small_searches import (
    X,
    Y,
    classifier,
    compiled,
    network,
    random_search,
    searched,
)

import tfhpo
from tfhpo.errors import (
    ArgumentError,
    ObjectiveError,
    SpaceError,
    StudyLockedError,
    StudyMismatchError,
    StudyWriteError,
    TfhpoError,
)
from tfhpo.tuners.checkpoints import CheckpointKeeper
from tfhpo.tuners.checks import may_overwrite


def no_parameters(hp):
    return compiled(network())


def twice(hp):
    hp.Int("units", 2, 4)
    return compiled(network(hp.Int("units", 2, 8)))


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda hp: None, r"must return a compiled Keras model. Received: None of type NoneType"),
        (lambda hp: "model", r"must return a compiled Keras model. Received: 'model' of type str"),
        (lambda hp: network(), r"call `model.compile\(...\)` in it.*'sequential.*not compiled"),
        (classifier(kt.HyperParameters()), r"builds a new model for each trial.*built already"),
        (lambda: None, r"take the hyperparameters as its only argument.*Received: <lambda>\(\)"),
        (lambda hp, more: None, r"take the hyperparameters as its only argument.*\(hp, more\)"),
        (twice, r"'units' is known as .*max_value: 4.* is now declared as .*max_value: 8"),
    ],
)
def test_a_build_function_that_cannot_be_used(tmp_path, build, told):
    with pytest.raises(ArgumentError, match=told):
        random_search(tmp_path / "folder", build)
    assert not list(tmp_path.iterdir())


def test_a_range_that_changes_with_another_value(tmp_path):
    def build(hp):
        layers = hp.Int("layers", 1, 2)
        return compiled(network(hp.Int("units", 2, 4 * layers)))

    with pytest.raises(SpaceError, match=r"'units' is known as .* is now declared as"):
        searched(random_search(tmp_path, build, max_trials=10))


def never_trained(model, *args, **kwargs):
    raise AssertionError("a model was trained")


@pytest.fixture
def no_training(monkeypatch):
    """Makes any training a failure of the test."""
    monkeypatch.setattr(keras.Model, "fit", never_trained)


@pytest.mark.parametrize(
    ("settings", "kind", "told"),
    [
        ({"build": no_parameters}, ArgumentError, r"must hold at least one parameter.*empty"),
        (
            {"max_trials": 0},
            ArgumentError,
            r"`max_trials` must be .* at least 1. Received: max_trials=0",
        ),
        (
            {"max_trials": 2.5},
            ArgumentError,
            r"`max_trials` must be an integer.*Received: max_trials=2.5",
        ),
        ({"seed": -1}, ArgumentError, r"`seed` must be .* at least 0. Received: seed=-1"),
        (
            {"executions_per_trial": 0},
            ArgumentError,
            r"`executions_per_trial` must be .* at least 1. Received: executions_per_trial=0",
        ),
        ({"checkpoints": -1}, ArgumentError, r"`checkpoints` must be .*Received: checkpoints=-1"),
        ({"patience": 0}, ArgumentError, r"`patience` must be .*Received: patience=0"),
        ({"max_time": 0}, ArgumentError, r"`max_time` must be .*Received: max_time=0"),
        (
            {"distributions": {"units": scipy.stats.randint(2, 100)}},
            SpaceError,
            r"'units'.*\[?2",
        ),
        (
            {"distributions": {"learning_rate": [0.01, 5.0]}},
            SpaceError,
            r"'learning_rate'.*5.0",
        ),
        (
            {"distributions": {"rate": scipy.stats.uniform(0, 1)}},
            SpaceError,
            r"must name parameters of the space.*\['rate'\]",
        ),
        ({"objective": 7}, ArgumentError, r"objective must be a metric's name.*Received: 7"),
        ({"no_such_argument": 1}, ArgumentError, r"no argument 'no_such_argument'\.$"),
        ({"max_trial": 3}, ArgumentError, r"no argument 'max_trial'. Did you mean 'max_trials'"),
        ({"directory": 3}, ArgumentError, r"`directory` must be a path. Received: 3"),
        ({"project_name": 3}, ArgumentError, r"`project_name` must be a string. Received: 3"),
        ({"n_jobs": 4}, ArgumentError, r"no argument 'n_jobs'. Did you mean 'workers'\?"),
        ({"num_workers": 4}, ArgumentError, r"no argument 'num_workers'. Did you mean 'workers'"),
        ({"levels": 3}, ArgumentError, r"RandomSearch has no argument 'levels'"),
        ({"objective": None}, ObjectiveError, r"Tell what to optimise.*'val_loss'.*none"),
    ],
)
def test_settings(tmp_path, no_training, settings, kind, told):
    with pytest.raises(kind, match=told):
        searched(random_search(tmp_path, **settings))
    assert not (tmp_path / "search" / "study.sqlite").exists()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ((), r"takes the arguments of `fit`, the training data first. Received: .*epochs"),
        (
            (X[:, :3], Y),
            r"accept the training data. Received: row 0 of \(\(64, 3\), \(64,\)\)",
        ),
        ((X, np.zeros((64, 5))), r"must accept the training data. Received: .*\(64, 5\)"),
        ((X, Y[:60]), r"same number of rows.*Received: \(\(64, 4\), \(60,\)\)"),
        ((X.tolist(), Y), r"must be arrays, not lists.*numpy.asarray"),
        ((X, Y.tolist()), r"must be arrays, not lists.*Received: a list that holds \d"),
        (
            (X, np.where(np.arange(64) == 40, 2, Y)),
            r"accept the training data. Received: row 40 of .*label value of 2 ",
        ),
        ((X, np.where(np.arange(64) == 40, -1, Y)), r"(?s)accept the training data.*value of -1"),
        ((X[:0], Y[:0]), r"same number of rows, at least one. Received: \(\(0, 4\), "),
    ],
)
def test_data(tmp_path, no_training, data, told):
    tuner = random_search(tmp_path)
    with pytest.raises(ArgumentError, match=told):
        tuner.search(*data, epochs=1, validation_split=0.25, verbose=0)
    assert not (tmp_path / "search" / "study.sqlite").exists()


@pytest.mark.parametrize("verbose", ["loud", None, 3, -1, 0.5])
def test_a_verbosity_that_is_none(tmp_path, no_training, verbose):
    tuner = random_search(tmp_path)
    with pytest.raises(ArgumentError, match=r"`verbose` must be 0, 1, 2 or 'auto'. Received: "):
        searched(tuner, verbose=verbose)
    assert not (tmp_path / "search" / "study.sqlite").exists()


@pytest.mark.parametrize("logdir", [3, "", True])
def test_a_log_directory_that_is_none(tmp_path, logdir):
    with pytest.raises(ArgumentError, match=f"`logdir` must be a path. Received: {logdir!r}"):
        random_search(tmp_path, logdir=logdir)


def test_a_worker_that_is_not_told_of_its_chief(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "worker0")
    with pytest.raises(ArgumentError, match=r"where the chief is.*Received: 'worker0' without"):
        random_search(tmp_path)


def test_a_log_directory_of_another_search(tmp_path):
    logs = tmp_path / "logs"
    searched(random_search(tmp_path / "a", max_trials=1, logdir=logs), epochs=1)
    before = sorted(logs.rglob("*"))
    # A refused search leaves no study, which would make the next attempt look like one resumed.
    for _ in range(2):
        with pytest.raises(ArgumentError, match=r"a `logdir` of its own.*holds another search"):
            searched(random_search(tmp_path / "b", max_trials=1, logdir=logs), epochs=1)
        assert not (tmp_path / "b" / "search" / "study.sqlite").exists()
    assert sorted(logs.rglob("*")) == before
    # The search that wrote there may go on.
    searched(random_search(tmp_path / "a", max_trials=2, logdir=logs), epochs=1)


def test_ctrl_c_while_the_study_is_opened_gives_it_back(tmp_path, monkeypatch):
    def interrupted(keeper, project, ended):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(CheckpointKeeper, "take_up", interrupted)
        tuner = random_search(tmp_path, max_trials=1)
        with pytest.raises(KeyboardInterrupt):
            searched(tuner)
    # The first tuner is alive still, and yet another may write.
    searched(random_search(tmp_path, max_trials=1), epochs=1)


def test_validation_data_of_the_wrong_shape(tmp_path, no_training):
    tuner = random_search(tmp_path)
    with pytest.raises(ArgumentError, match=r"must accept the validation data. .*\(64, 3\)"):
        tuner.search(X, Y, validation_data=(X[:, :3], Y), verbose=0)


def test_validation_data_do_not_build_the_model(tmp_path, no_training):
    def build(hp):
        layer = keras.layers.Dense(hp.Int("units", 2, 4))
        return compiled(keras.Sequential([layer, keras.layers.Dense(2)]))

    with pytest.raises(ArgumentError, match=r"must accept the validation data. .*\(64, 3\)"):
        random_search(tmp_path, build).search(X, Y, validation_data=(X[:, :3], Y), verbose=0)


def test_a_data_set_that_is_not_batched(tmp_path, no_training):
    import tensorflow as tf

    rows = tf.data.Dataset.from_tensor_slices((X, Y))
    with pytest.raises(ArgumentError, match=r"(?s)accept the training data.*batched\? `.batch"):
        random_search(tmp_path, objective="loss").search(rows, verbose=0)


@pytest.mark.parametrize(
    ("fit", "told"),
    [
        (
            {"validation_split": 2.0},
            r"must be a share of the data.*Received: validation_split=2.0",
        ),
        (
            {"validation_split": 1.0},
            r"must be a share of the data.*Received: validation_split=1.0",
        ),
        ({"class_weight": "balanced"}, r"`class_weight` must be a dictionary.*'balanced'"),
        ({"callbacks": [keras.callbacks.EarlyStopping]}, r"Did you mean EarlyStopping\(...\)\?"),
        ({"callbacks": keras.callbacks.EarlyStopping}, r"Did you mean EarlyStopping\(...\)\?"),
        ({"callbacks": ["stop"]}, r"`callbacks` must hold .*Received: 'stop'"),
        ({"callbacks": lambda: ["stop"]}, r"`callbacks` must hold .*Received: 'stop'"),
        ({"sample_weight": np.ones(10)}, r"same number of rows.*\(64,\), \(10,\)"),
        ({"epochs": 1, "initial_epoch": 1}, r"above `initial_epoch`.*initial_epoch=1"),
    ],
)
def test_arguments_of_fit(tmp_path, no_training, fit, told):
    with pytest.raises(ArgumentError, match=told):
        searched(random_search(tmp_path), **fit)
    assert not (tmp_path / "search" / "study.sqlite").exists()


@pytest.mark.parametrize(
    ("more", "told"),
    [({"validation_split": 0.2}, "validation_split"), ({"batch_size": 8}, "batch_size"), ({}, "y")],
)
def test_what_a_data_set_brings_itself(tmp_path, more, told):
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16)
    with pytest.raises(ArgumentError, match=rf"for arrays only. Received a data set and: {told}\."):
        random_search(tmp_path, objective="loss").search(data, *([] if more else [Y]), **more)


def test_a_generator_can_be_read_once(tmp_path, no_training):
    batches = ((X[i : i + 8], Y[i : i + 8]) for i in range(0, 64, 8))
    with pytest.raises(ArgumentError, match=r"a generator can be read once.*PyDataset"):
        random_search(tmp_path, objective="loss").search(batches, verbose=0)


def test_data_under_a_misspelt_name(tmp_path, no_training):
    with pytest.raises(ArgumentError, match=r"training data first. Received: epochs, y\."):
        random_search(tmp_path, objective="loss").search(y=Y, epochs=2)


def test_an_empty_data_set(tmp_path, no_training):
    import tensorflow as tf

    nothing = tf.data.Dataset.from_tensor_slices((X, Y)).batch(100, drop_remainder=True)
    with pytest.raises(ArgumentError, match=r"training data must hold a batch.*empty"):
        random_search(tmp_path, objective="loss").search(nothing, verbose=0)


def test_targets_that_were_forgotten(tmp_path, no_training):
    with pytest.raises(ArgumentError, match=r"(?s)There are no targets: was `y` forgotten\?"):
        random_search(tmp_path, objective="loss").search(X, verbose=0)


def test_a_misspelt_argument_of_fit(tmp_path):
    with pytest.raises(ArgumentError, match=r"those of `fit`. Received: 'epoch'.*mean 'epochs'"):
        random_search(tmp_path).search(X, Y, validation_split=0.25, epoch=2, verbose=0)
    assert not (tmp_path / "search" / "study.sqlite").exists()


def test_an_option_of_the_strategy_among_the_tuners_arguments(tmp_path):
    with pytest.raises(ArgumentError, match=r"no argument 'alpha'.*options=\{'alpha': 0.2\}"):
        tfhpo.ElasticGridSearch(classifier, "val_loss", alpha=0.2, directory=tmp_path)


def test_a_study_of_another_space(tmp_path):
    searched(random_search(tmp_path, max_trials=1), epochs=1)
    before = (tmp_path / "search" / "study.sqlite").read_bytes()

    def wider(hp):
        return compiled(network(hp.Int("units", 2, 60)), hp.Float("learning_rate", 1e-3, 1e-1))

    with pytest.raises(StudyMismatchError, match=r"(?s)units.*learning_rate|learning_rate.*units"):
        searched(random_search(tmp_path, wider, max_trials=1))
    assert (tmp_path / "search" / "study.sqlite").read_bytes() == before
    # Unless told to extend: what was found before counts.
    tuner = searched(random_search(tmp_path, wider, max_trials=2, extend=True), epochs=1)
    assert len(tuner.study().trials) == 2


def test_a_study_of_another_objective(tmp_path):
    searched(random_search(tmp_path, max_trials=1), epochs=1)
    with pytest.raises(StudyMismatchError, match=r"minimum of 'val_loss'.*maximum of 'val_acc"):
        searched(random_search(tmp_path, objective="val_accuracy", max_trials=1, extend=True))


def test_a_folder_that_holds_something_stays(tmp_path):
    (tmp_path / "search").mkdir()
    (tmp_path / "search" / "notes").write_text("precious")
    with pytest.raises(ArgumentError, match="must return a compiled"):
        random_search(tmp_path, lambda hp: None)
    assert (tmp_path / "search" / "notes").read_text() == "precious"


@pytest.mark.parametrize("place", ["file", "file/below", "file/deep/below"])
def test_a_directory_that_is_a_file(tmp_path, place):
    (tmp_path / "file").write_text("precious")
    with pytest.raises(StudyWriteError, match=r"needs the folder .*Received: .*file is a file"):
        random_search(tmp_path / place)
    assert (tmp_path / "file").read_text() == "precious"


_CHILD = """
import os, sys
sys.path.insert(0, sys.argv[3])
from small_searches import random_search, searched
# Everything is imported before the rights to read it are given up.
searched(random_search(sys.argv[4], max_trials=1), epochs=1)
os.setuid(int(sys.argv[2]))
for folder in ("new", "known"):
    try:
        searched(random_search(os.path.join(sys.argv[1], folder)))
    except Exception as error:
        print(type(error).__name__, error)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_a_directory_without_write_permission(tmp_path):
    # Not under pytest's own folder, which an unprivileged process cannot enter.
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    refusing = [folder / "new", folder / "known", folder / "known" / "search"]
    for place in refusing:
        place.mkdir()
    for place in refusing:
        place.chmod(0o555)
    # The superuser may write everywhere, so a process of root's becomes nobody.
    user = os.getuid() or 65534
    here = Path(__file__).parent
    try:
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, str(folder), str(user), str(here), str(tmp_path)],
            capture_output=True,
            text=True,
            timeout=300,
            cwd=here.parents[1],
            check=True,
        )
        for line, name in zip(done.stdout.splitlines(), ("new", "known"), strict=True):
            assert line.startswith("StudyWriteError")
            assert str(folder / name / "search") in line
    finally:
        for place in refusing:
            place.chmod(0o755)
        shutil.rmtree(folder)


def test_another_process_that_searches_here(tmp_path):
    first = random_search(tmp_path, max_trials=1)
    first.oracle.open()
    try:
        with pytest.raises(TfhpoError, match=r"(?i)another process|writing"):
            searched(random_search(tmp_path, max_trials=1))
    finally:
        first.oracle.close()


def test_overwriting_a_search_that_runs_is_refused(tmp_path):
    first = random_search(tmp_path, max_trials=1)
    first.oracle.open()
    try:
        with pytest.raises(StudyLockedError, match=r"open for writing in this process"):
            random_search(tmp_path, overwrite=True)
        assert first.study().trials == ()
    finally:
        first.oracle.close()


def test_overwriting_waits_until_the_search_begins(tmp_path):
    first = searched(random_search(tmp_path, max_trials=1), epochs=1).study()
    refused = random_search(tmp_path, max_trials=1, overwrite=True)
    with pytest.raises(ArgumentError, match="'epoch'"):
        searched(refused, epoch=1)
    assert first.path.exists()
    assert random_search(tmp_path).study() == first
    anew = searched(random_search(tmp_path, max_trials=1, overwrite=True, seed=3), epochs=1)
    assert len(anew.study().trials) == 1
    assert anew.study() != first
    # The same tuner's next search goes on with what it has begun itself.
    anew.oracle.max_trials = 2
    searched(anew, epochs=1)
    assert len(anew.study().trials) == 2


def test_a_worker_never_overwrites_the_chiefs_study(tmp_path, monkeypatch):
    chief = random_search(tmp_path, max_trials=1)
    chief.oracle.open()
    try:
        monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
        monkeypatch.setenv("KERASTUNER_ORACLE_PORT", "1")
        monkeypatch.setenv("KERASTUNER_TUNER_ID", "tuner0")
        assert not may_overwrite(tmp_path / "search", wanted=True)
    finally:
        chief.oracle.close()


def test_an_oracle_is_needed(tmp_path):
    with pytest.raises(ValueError, match="Oracle"):
        tfhpo.Tuner("random", classifier, directory=tmp_path)


def test_a_hypermodel_whose_fit_is_not_given_its_data(tmp_path):
    class Model(kt.HyperModel):
        def build(self, hp):
            return classifier(hp)

        def fit(self, hp, model, x, y, **kwargs):
            return model.fit(x, y, **kwargs)

    with pytest.raises(TfhpoError, match="missing 2 required positional arguments"):
        random_search(tmp_path, Model()).search(epochs=1, verbose=0)
