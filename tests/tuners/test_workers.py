"""Trials in processes of their own: the same search, and what kills a process costs one attempt."""

import os
import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import keras
import keras_tuner as kt
import pytest
import tensorflow as tf
from small_searches import FIT, X, Y, classifier, compiled, network, outcome, random_search

import tfhpo
from tfhpo.errors import ArgumentError, SearchFailedError, SpaceError
from tfhpo.study import TrialStatus


class FirstTimeOnly(keras.callbacks.Callback):
    """Does something in the first epoch of the first training that finds a mark absent."""

    def __init__(self, mark, act):
        super().__init__()
        self.mark, self.act = Path(mark), act

    def on_epoch_end(self, epoch, logs=None):
        try:
            self.mark.touch(exist_ok=False)
        except FileExistsError:
            return
        self.act()


def killed():
    os.kill(os.getpid(), signal.SIGKILL)


def hanging():
    signal.pause()


def hoarding():
    hoard = b"x" * (2 << 30)
    hanging()
    return hoard


def searched(tuner, **fit):
    tuner.search(X, Y, **{**FIT, **fit})
    return tuner


def statuses(tuner):
    return [trial.status for trial in tuner.study().trials]


@pytest.mark.slow
def test_what_workers_print_is_shown_under_its_trial(tmp_path, capfd):
    def build(hp):
        print("building")
        return classifier(hp)

    random_search(tmp_path, build, max_trials=2, isolate=True).search(X, Y, **{**FIT, "verbose": 2})
    lines = capfd.readouterr().out.splitlines()
    # It is built here, too, before any training.
    told = [line for line in lines if line.endswith("] building")]
    assert told == ["[trial 0] building", "[trial 1] building"]
    assert any(line.startswith("[trial 1] ") and "val_loss: " in line for line in lines)


@pytest.mark.slow
def test_an_isolated_search_is_the_same_search(tmp_path):
    environment = dict(os.environ)
    settings = {"max_trials": 4, "checkpoints": 2, "pruner": "median"}
    here = searched(random_search(tmp_path / "here", **settings))
    there = searched(random_search(tmp_path / "there", isolate=True, **settings))
    assert outcome(here) == outcome(there)
    assert dict(os.environ) == environment
    best = there.get_best_models()[0]
    for ours, theirs in zip(here.get_best_models()[0].weights, best.weights, strict=True):
        assert (keras.ops.convert_to_numpy(ours) == keras.ops.convert_to_numpy(theirs)).all()
    kept = sorted(path.parent.name for path in (tmp_path / "there").rglob("*.weights.h5"))
    assert kept == sorted(path.parent.name for path in (tmp_path / "here").rglob("*.weights.h5"))
    assert len(kept) == 2


@pytest.mark.slow
def test_what_ends_a_process_costs_one_attempt_at_one_trial(tmp_path):
    tuner = random_search(tmp_path, max_trials=5, workers=2, max_retries_per_trial=1)
    searched(tuner, callbacks=[FirstTimeOnly(tmp_path / "mark", killed)])
    trials = tuner.study().trials
    assert [trial.status for trial in trials] == [TrialStatus.COMPLETED] * 5
    assert sorted(trial.attempt for trial in trials) == [0, 0, 0, 0, 1]


@pytest.mark.slow
def test_the_cause_is_recorded_where_there_is_no_further_attempt(tmp_path, monkeypatch):
    marks = [tmp_path / f"mark{turn}" for turn in range(3)]

    def monotonic():
        """An hour later once the last act begins: nothing waits for its bound."""
        return time.monotonic() + 3600 * marks[-1].exists()

    for module in ("local", "local_worker", "worker"):
        clock = SimpleNamespace(monotonic=monotonic)
        monkeypatch.setattr(f"tfhpo.execution.{module}.time", clock)
    # With a bound of memory the driver looks at its clock again and again.
    bounds = {"trial_timeout": 500.0, "max_trial_memory": 2 << 30}
    tuner = random_search(tmp_path, max_trials=4, isolate=True, **bounds)
    acts = {
        "bytes of memory, more than the bound of 2,147,483,648": hoarding,
        "ZeroDivisionError": lambda: 1 / 0,
        "It took more than 500 s": hanging,
    }
    # Each in the first trial that is left: what one does keeps the next from its turn.
    stumbling = [FirstTimeOnly(*both) for both in zip(marks, acts.values(), strict=True)]
    searched(tuner, callbacks=stumbling)
    *failed, last = tuner.study().trials
    assert [trial.status for trial in failed] == [TrialStatus.FAILED] * 3
    assert last.status is TrialStatus.COMPLETED
    for trial, cause in zip(failed, acts, strict=True):
        assert cause in trial.message


@pytest.mark.slow
def test_a_search_whose_processes_all_die_stops(tmp_path):
    driver = os.getpid()

    def deadly(hp):
        if os.getpid() != driver:
            killed()
        return classifier(hp)

    tuner = random_search(
        tmp_path, deadly, max_trials=20, isolate=True, max_consecutive_failed_trials=2
    )
    with pytest.raises(SearchFailedError, match="SIGKILL"):
        searched(tuner)
    assert TrialStatus.COMPLETED not in statuses(tuner)


def test_a_range_that_contradicts_an_earlier_one_ends_the_search(tmp_path):
    def contrary(hp):
        layers = hp.Int("layers", 1, 3)
        return compiled(network(hp.Int("units", 2, 4 * layers)))

    tuner = random_search(tmp_path, contrary, max_trials=10, isolate=True)
    with pytest.raises(SpaceError, match="'units' is known as"):
        searched(tuner)


@pytest.mark.slow
def test_rungs_go_on_from_states_that_other_processes_left(tmp_path):
    tuner = tfhpo.Hyperband(
        classifier,
        "val_loss",
        max_epochs=4,
        factor=2,
        max_trials=8,
        seed=0,
        workers=2,
        directory=tmp_path,
    )
    tuner.search(X, Y, **{name: FIT[name] for name in FIT if name != "epochs"})
    study = tuner.study()
    assert statuses(tuner) == [TrialStatus.COMPLETED] * len(study.trials)
    # A trial of a higher rung reports only the epochs that were missing.
    firsts = {min(report.step for report in study.reports[trial.number]) for trial in study.trials}
    assert firsts > {0}
    assert tuner.get_best_models()[0].evaluate(X, Y, verbose=0)


@pytest.mark.slow
def test_keras_tuners_own_oracle(tmp_path):
    oracle = kt.oracles.RandomSearchOracle(kt.Objective("val_loss", "min"), max_trials=4, seed=1)
    tuner = tfhpo.Tuner(oracle, classifier, directory=tmp_path, workers=2)
    searched(tuner)
    assert statuses(tuner) == [TrialStatus.COMPLETED] * 4
    assert len({tuple(sorted(trial.values.items())) for trial in tuner.study().trials}) == 4


@pytest.mark.slow
def test_a_tuner_and_a_model_with_training_of_their_own(tmp_path):
    class Model(kt.HyperModel):
        def build(self, hp):
            return classifier(hp)

        def fit(self, hp, model, *args, **kwargs):
            hp.Choice("rows", [32, 64])
            return model.fit(*args, **kwargs)

    class Own(tfhpo.RandomSearch):
        def run_trial(self, trial, *args, **kwargs):
            trial.hyperparameters.Fixed("own", True)
            return super().run_trial(trial, *args, **kwargs)

    tuner = Own(Model(), "val_loss", 2, seed=0, directory=tmp_path, isolate=True)
    searched(tuner)
    assert statuses(tuner) == [TrialStatus.COMPLETED] * 2
    assert all({"rows", "own"} <= set(trial.values) for trial in tuner.study().trials)


@pytest.mark.slow
def test_ctrl_c_ends_the_search_and_its_processes(tmp_path, capsys):
    driver = os.getpid()

    def interrupt():
        (tmp_path / "worker").write_text(str(os.getpid()))
        os.kill(driver, signal.SIGINT)
        signal.pause()

    tuner = random_search(tmp_path, max_trials=2, isolate=True)
    searched(tuner, callbacks=[FirstTimeOnly(tmp_path / "mark", interrupt)])
    assert tuner.stop_reason == "interrupted"
    assert "Interrupted" in capsys.readouterr().err
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "worker").read_text()), 0)
    # And it goes on, with the same trial, wherever that runs now.
    searched(random_search(tmp_path, max_trials=2))
    assert statuses(tuner) == [TrialStatus.COMPLETED] * 2
    assert tuner.study().trials[0].interruptions == 1


@pytest.mark.slow
def test_every_trial_is_told_to_listeners_and_tensorboard(tmp_path):
    class Heard(tfhpo.tuners.SearchListener):
        def __init__(self):
            self.epochs, self.ends, self.handed_out = [], [], {}

        def on_trial_begin(self, trial):
            self.handed_out[trial.number] = trial.started

        def on_epoch_end(self, trial, execution, epoch, metrics):
            self.epochs.append((trial.number, epoch, "learning_rate" in metrics))

        def on_trial_end(self, trial):
            self.ends.append((trial.number, trial.status))
            # The time that its process needs to start is not the trial's.
            assert self.handed_out[trial.number] < trial.started < trial.ended

    heard = Heard()
    logs = tmp_path / "logs"
    searched(random_search(tmp_path, max_trials=3, workers=2, listeners=[heard], logdir=logs))
    assert sorted(heard.epochs) == [(trial, epoch, True) for trial in range(3) for epoch in (0, 1)]
    assert sorted(heard.ends) == [(trial, TrialStatus.COMPLETED) for trial in range(3)]
    assert len({path.parent for path in logs.rglob("*tfevents*")}) >= 3


@pytest.mark.slow
def test_a_warning_of_a_worker_is_passed_on_once(tmp_path):
    def unwise(hp):
        hp.Int("units", 2, 6)
        layers = [keras.layers.Dropout(0.5), keras.layers.BatchNormalization()]
        return compiled(keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(2)]))

    tuner = random_search(tmp_path, unwise, max_trials=2, workers=2)
    with pytest.warns(tfhpo.hp.AdviceWarning) as caught:
        searched(tuner)
    assert len(caught) == 1


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"workers": 0}, r"number of workers is at least 1, or \"auto\". Received: workers=0"),
        ({"workers": True}, r"number of workers.*Received: workers=True"),
        ({"workers": "many"}, r"number of workers.*Received: workers='many'"),
        ({"trial_timeout": 5}, r"`trial_timeout` is about trials in processes.*trial_timeout=5"),
        ({"workers": 1, "gpus_per_trial": 0.5}, r"`gpus_per_trial` is about trials in processes"),
        ({"workers": 2, "trial_timeout": -1}, r"trial_timeout is a positive number.*Received: -1"),
        ({"workers": 2, "trials_per_process": 0}, r"trials_per_process is a positive.*Received: 0"),
        ({"workers": 2, "ray_address": "x"}, r"`ray_address` needs `engine='ray'`"),
        ({"ray_address": "x"}, r"`ray_address` needs `engine='ray'`"),
        ({"engine": "ray", "max_process_memory": 9}, r"is for processes of this machine"),
        ({"engine": "slurm"}, r"must be 'processes' or 'ray'. Received: 'slurm'"),
        ({"isolate": "yes"}, r"`isolate` must be True or False. Received: 'yes'"),
        ({"isolate": True, "trial_timeout": "10"}, r"trial_timeout is a positive.*Received: '10'"),
        ({"isolate": True, "trials_per_process": "9"}, r"trials_per_process is a.*Received: '9'"),
        ({"isolate": True, "trials_per_process": 1.5}, r"trials_per_process is a whole.*: 1.5"),
        ({"isolate": True, "gpus_per_trial": "1"}, r"whole number of GPUs.*gpus_per_trial='1'"),
        ({"isolate": True, "max_process_memory": "4GB"}, r"number of bytes.*Received: '4GB'"),
        ({"isolate": True, "max_process_memory": 4096}, r"at least 67,108,864.*Received: 4096"),
        ({"workers": 1, "cpus_per_trial": 1}, r"`cpus_per_trial` is about trials in processes"),
        ({"isolate": True, "cpus_per_trial": 0}, r"at least 1. Received: cpus_per_trial=0"),
        ({"isolate": True, "cpus_per_trial": 1 << 20}, r"cannot get more.*cpus_per_trial=1048576"),
        ({"isolate": True, "max_trial_memory": 4096}, r"`max_trial_memory` is.*Received: 4096"),
        ({"engine": "ray", "max_trial_memory": 1 << 40}, r"Ray itself looks after.*max_trial_mem"),
        (
            {"isolate": True, "max_process_memory": 1 << 33, "max_trial_memory": 1 << 32},
            r"max_trial_memory, which ends .* is at least max_process_memory",
        ),
        ({"workers": 2, "gpus_per_trial": 9}, r"cannot get more GPUs.*gpus_per_trial=9"),
    ],
)
def test_arguments_that_cannot_be(tmp_path, settings, told):
    with pytest.raises(ArgumentError, match=told):
        random_search(tmp_path / "folder", **settings)
    assert not list(tmp_path.iterdir())


def test_workers_beside_those_of_keras_tuner(tmp_path, monkeypatch):
    for name, value in (("ORACLE_IP", "127.0.0.1"), ("ORACLE_PORT", "1"), ("TUNER_ID", "chief")):
        monkeypatch.setenv(f"KERASTUNER_{name}", value)
    with pytest.raises(ArgumentError, match=r"not by both. Received: isolate=True"):
        random_search(tmp_path, isolate=True)
    with pytest.raises(ArgumentError, match=r"not by both. Received: workers=2"):
        random_search(tmp_path, workers=2)


@pytest.mark.slow
def test_a_function_makes_data_where_they_are_needed(tmp_path):
    def batches(hp):
        import tensorflow as tf

        return tf.data.Dataset.from_tensor_slices((X, Y)).batch(hp.Choice("batch", [16, 32]))

    tuner = random_search(tmp_path, max_trials=2, isolate=True)
    # Keras warns of shuffling what it cannot shuffle.
    tuner.search(batches, validation_data=lambda: (X, Y), epochs=1, verbose=0, shuffle=False)
    assert statuses(tuner) == [TrialStatus.COMPLETED] * 2
    assert all("batch" in trial.values for trial in tuner.study().trials)


def test_data_that_no_other_process_can_have(tmp_path):
    def endless():
        while True:
            yield X, Y

    tuner = random_search(tmp_path, workers=2)
    told = r"`x` \(the 1st argument of `search`\), a generator, cannot .* Give a function"
    with pytest.raises(ArgumentError, match=told):
        tuner.search(endless(), steps_per_epoch=1, validation_data=(X, Y), epochs=1, verbose=0)


class Building(kt.HyperModel):
    """Builds a classifier, and holds a lock."""

    def __init__(self):
        super().__init__()
        self.lock = threading.Lock()

    def build(self, hp):
        return classifier(hp)


def holding(item):
    def build(hp):
        return item and classifier(hp)

    return build


def callbacks_with(item):
    return lambda: [FirstTimeOnly("mark", item.acquire)]


def of_a_notebook(name):
    """A function whose lock is a global, as a notebook's is."""
    names = {"__name__": "__main__", "lock": threading.Lock(), "classifier": classifier}
    exec(f"def {name}(hp):\n    return lock and classifier(hp)", names)
    return names[name]


@pytest.mark.parametrize(
    ("build", "fit", "told"),
    [
        (of_a_notebook("make"), {}, "`make` uses the global `lock`, a _thread.lock, which cannot"),
        (holding(threading.Lock()), {}, "`build` uses the outer variable `item`, a _thread.lock"),
        (Building(), {}, "`hypermodel.lock`, a _thread.lock, cannot"),
        (
            classifier,
            {"validation_data": tf.data.Dataset.from_tensors((X, Y))},
            r"`validation_data`, a tensorflow\..* Give a function that makes it",
        ),
        (
            classifier,
            {"callbacks": callbacks_with(threading.Lock())},
            r"`callbacks` uses the outer variable `item`, a _thread.lock, .* Make it inside",
        ),
    ],
)
def test_what_cannot_be_carried_goes_by_the_name_that_its_user_knows(tmp_path, build, fit, told):
    tuner = random_search(tmp_path, build, workers=2)
    with pytest.raises(ArgumentError, match=told):
        tuner.search(X, Y, epochs=1, verbose=0, **{"validation_data": (X, Y), **fit})
