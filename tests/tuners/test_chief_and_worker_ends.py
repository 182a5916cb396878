"""How a chief's and a worker's search end: with a reason, or with an error, and never in a wait."""

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import grpc
import keras
import keras_tuner as kt
import pytest
from chiefs import Serving, free_port, variables
from keras_tuner.src import protos
from keras_tuner.src.distribute.oracle_chief import OracleServicer
from small_searches import FIT, X, Y, classifier, random_search, weights_on_disk

import tfhpo
from tfhpo.errors import ArgumentError, ChiefError
from tfhpo.oracles import chief
from tfhpo.space import Space
from tfhpo.tensorboard import HParamsLogger


@pytest.fixture
def place(monkeypatch):
    """Lets what is made from now on be the chief, or a worker of some name."""
    port = free_port()

    def put(name):
        for variable, value in variables(name, port).items():
            monkeypatch.setenv(variable, value)

    return put


class Ended(tfhpo.tuners.SearchListener):
    """Notes that the search has ended, and which parameters it knew."""

    names = None

    def on_search_end(self, space):
        self.names = list(space.names)


@pytest.fixture
def pair(place, tmp_path):
    """A chief that serves, and a worker whose search has not begun."""
    place("chief")
    oracle = random_search(tmp_path, max_trials=2).oracle
    oracle.open()
    serving = Serving(oracle)
    place("worker")
    ended = Ended()
    yield serving, random_search(tmp_path, max_trials=2, listeners=[ended], target=1e9), ended
    serving.wait()
    oracle.close()


def test_a_budget_of_the_worker_ends_the_chief(pair):
    serving, worker, ended = pair
    worker.search(X, Y, **FIT)
    assert (worker.stop_reason, serving.end()) == ("target", "target")
    assert ended.names == ["units", "learning_rate"]
    assert len(serving.oracle.study().completed) == 1
    assert worker.get_best_models()[0].count_params() > 0


def test_an_error_on_the_chief_ends_the_worker(pair, monkeypatch):
    serving, worker, ended = pair

    def broken(tuner_id):
        raise OSError("no space left")

    monkeypatch.setattr(serving.oracle, "create_trial", broken)
    with pytest.raises(ChiefError, match="has ended the search: OSError: no space left"):
        worker.search(X, Y, **FIT)
    with pytest.raises(OSError, match="no space left"):
        serving.end()
    assert ended.names == ["units", "learning_rate"]


def test_ctrl_c_on_a_worker_waits_for_no_chief(pair):
    serving, worker, ended = pair

    class CtrlC(tfhpo.tuners.SearchListener):
        def on_epoch_end(self, trial, execution, epoch, metrics):
            raise KeyboardInterrupt

    worker._listeners = (*worker._listeners, CtrlC())
    worker.search(X, Y, **FIT)
    assert worker.stop_reason == "interrupted"
    assert ended.names == ["units", "learning_rate"]
    assert not serving.oracle.ongoing_trials
    # Another takes over, which the end of the chief needs.
    again = chief.ChiefClient(worker._local_oracle, "other")
    assert again.create_trial("other").trial_id == "0000"
    again.leave("target")


def test_a_trial_that_was_taken_keeps_the_weights_of_its_new_worker(pair):
    serving, worker, _ = pair
    folder = Path(worker.get_trial_dir("0000"))

    class Taken(tfhpo.tuners.SearchListener):
        """Has the first trial completed by another worker in its last epoch, with a bad score."""

        def on_epoch_end(self, trial, execution, epoch, metrics):
            if (trial.number, epoch) == (0, FIT["epochs"] - 1):
                serving.oracle.release("worker", "is slow")
                other = chief.ChiefClient(worker._local_oracle, "other")
                taken = other.create_trial("other")
                other.update_trial(taken.trial_id, {"val_loss": 2e9})
                folder.mkdir(exist_ok=True)
                (folder / "checkpoint.weights.h5").write_text("of the other")
                taken.status = "COMPLETED"
                other.end_trial(taken)
                other.leave("max_trials")

    worker._listeners = (*worker._listeners, Taken())
    worker.search(X, Y, **FIT)
    serving.wait()
    trials = serving.oracle.study().trials
    assert [(one.tuner_id, one.status) for one in trials] == [
        ("other", "COMPLETED"),
        ("worker", "COMPLETED"),
    ]
    assert (folder / "checkpoint.weights.h5").read_text() == "of the other"


def test_patience_counts_the_trials_of_the_worker(place, tmp_path, finished):
    known = [trial.score for trial in finished.study().trials]
    expected = next(n for n in range(2, 7) if min(known[:n]) not in known[n - 1 : n])
    place("chief")
    oracle = random_search(tmp_path, max_trials=6).oracle
    oracle.open()
    serving = Serving(oracle)
    place("worker")
    worker = random_search(tmp_path, max_trials=6, patience=1)
    worker.search(X, Y, **FIT)
    assert (worker.stop_reason, serving.end()) == ("patience", "patience")
    oracle.close()
    assert [trial.score for trial in worker.study().trials] == known[:expected]


@pytest.fixture
def chief_of_theirs(place, tmp_path):
    """KerasTuner's own chief with an oracle of its own."""

    def tuner(**settings):
        oracle = kt.oracles.RandomSearchOracle("val_loss", max_trials=3, seed=1)
        return tfhpo.Tuner(oracle, classifier, directory=tmp_path, **settings)

    place("chief")
    oracle = tuner().oracle
    server = grpc.server(ThreadPoolExecutor(1))
    protos.get_service_grpc().add_OracleServicer_to_server(OracleServicer(oracle), server)
    server.add_insecure_port("{KERASTUNER_ORACLE_IP}:{KERASTUNER_ORACLE_PORT}".format(**os.environ))
    server.start()
    place("worker")
    yield oracle, tuner, lambda: server.stop(None).wait()
    server.stop(None).wait()


@pytest.mark.parametrize(
    ("budget", "reason"), [({}, "max_trials"), ({"target": 1e9, "patience": 9}, "target")]
)
def test_a_worker_of_keras_tuners_chief(chief_of_theirs, budget, reason):
    oracle, tuner, end = chief_of_theirs
    worker = tuner(**budget)
    worker.search(X, Y, **FIT)
    assert worker.stop_reason == reason
    trials = list(oracle.trials.values())
    assert [trial.status for trial in trials] == ["COMPLETED"] * (1 if budget else 3)
    # It has no more to say when there are no more trials.
    end()
    assert worker.get_best_models()[0].count_params() > 0
    assert len(list(Path(worker.project_dir).glob("*/*.weights.h5"))) == 1


class Failing(keras.callbacks.Callback):
    """Lets every trial fail."""

    def on_epoch_end(self, epoch, logs=None):
        raise OSError("the disk is away")


def test_keras_tuners_chief_that_gives_up_is_told(chief_of_theirs):
    _, tuner, _ = chief_of_theirs
    worker = tuner()
    with pytest.raises(ChiefError, match="Number of consecutive failures exceeded the limit of 3"):
        worker.search(X, Y, callbacks=[Failing()], **FIT)


def ended(oracle, name, loss):
    """Returns a trial, which a worker has completed."""
    trial = oracle.create_trial(name)
    oracle.update_trial(trial.trial_id, {"val_loss": loss})
    trial.status = "COMPLETED"
    oracle.end_trial(trial)
    return trial


def test_the_chief_removes_what_workers_left_behind(place, tmp_path, monkeypatch):
    place("chief")
    tuner = random_search(tmp_path, max_trials=2)

    def serve(oracle):
        # The first worker has left by the time that the second one completes its trial.
        for name, loss in (("a", 0.5), ("b", 0.25)):
            folder = Path(tuner.get_trial_dir(ended(oracle, name, loss).trial_id))
            folder.mkdir(exist_ok=True)
            (folder / "checkpoint.weights.h5").write_bytes(b"weights")

    monkeypatch.setattr(chief, "serve", serve)
    tuner.search(X, Y, **FIT)
    assert weights_on_disk(tuner) == ["0001"]


def test_the_chief_sees_to_the_logs_before_any_worker_writes(place, tmp_path, monkeypatch):
    logs = tmp_path / "logs"
    former = HParamsLogger(logs)
    former.on_search_begin(Space(), "loss", "min", [])
    place("chief")
    served = []

    def serve(oracle):
        served.append(former.holds_search())
        ended(oracle, "a", 0.5)

    monkeypatch.setattr(chief, "serve", serve)
    with pytest.raises(ArgumentError, match="holds another search"):
        random_search(tmp_path, logdir=logs).search(X, Y, **FIT)
    assert not served
    random_search(tmp_path, logdir=logs, overwrite=True).search(X, Y, **FIT)
    assert served == [False]
    # One that is started again goes on with what its workers have written.
    former.on_search_begin(Space(), "loss", "min", [])
    random_search(tmp_path, logdir=logs).search(X, Y, **FIT)
    assert served == [False, True]


def test_the_chief_sums_up_what_has_ended_in_this_run(place, tmp_path, monkeypatch, capsys):
    place("chief")
    tuner = random_search(tmp_path, max_trials=2)

    def end(trial, loss):
        tuner.oracle.update_trial(trial.trial_id, {"val_loss": loss})
        trial.status = "COMPLETED"
        tuner.oracle.end_trial(trial)

    # In a former run the second trial ended, and the first did not.
    _, second = (tuner.oracle.create_trial(name) for name in "ab")
    end(second, 0.5)
    tuner.oracle.close()

    def serve(oracle):
        end(oracle.create_trial("a"), 0.25)
        # The last worker's question closes the study, and another's opens it again.
        assert [oracle.create_trial(name).status for name in "ab"] == ["STOPPED"] * 2

    monkeypatch.setattr(chief, "serve", serve)
    tuner.search(X, Y, **{**FIT, "verbose": 1})
    told = capsys.readouterr().out
    assert "2 trials, 1 of them in this run" in told
    assert told.endswith("best val_loss 0.25 in trial 0\n")


@pytest.mark.parametrize("owner", ["tfhpo", "keras_tuner"])
def test_ctrl_c_on_the_chief_ends_it_cleanly(place, tmp_path, monkeypatch, capsys, owner):
    place("chief")
    oracles = {
        "tfhpo": tfhpo.oracles.RandomOracle("val_loss", 3, seed=0),
        "keras_tuner": kt.oracles.RandomSearchOracle("val_loss", 3, seed=0),
    }
    tuner = tfhpo.Tuner(oracles[owner], classifier, directory=tmp_path, project_name="search")

    def interrupt(*_):
        signal.default_int_handler(2, None)

    # Each chief serves, and waits so for what happens next.
    monkeypatch.setattr("tfhpo.oracles.chief.server._wait", interrupt)
    clock = SimpleNamespace(sleep=interrupt)
    monkeypatch.setattr("keras_tuner.src.distribute.oracle_chief.time", clock)
    tuner.search(X, Y, **FIT)
    assert tuner.stop_reason == "interrupted"
    assert capsys.readouterr().err.startswith("Interrupted: ")


def test_a_chief_that_cannot_begin_tells_its_error_alone(place, tmp_path, capsys):
    place("chief")
    tuner = random_search(tmp_path)
    taken = "127.0.0.1", int(os.environ["KERASTUNER_ORACLE_PORT"])
    refused = pytest.raises(ArgumentError, match="a port of it that is free")
    with socket.create_server(taken), refused:
        tuner.search(X, Y, **{**FIT, "verbose": 1})
    assert capsys.readouterr() == ("", "")
