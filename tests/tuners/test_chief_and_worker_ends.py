"""How a chief's and a worker's search end: with a reason, or with an error, and never in a wait."""

import os
import signal
import socket
from pathlib import Path
from types import SimpleNamespace

import keras_tuner
import pytest
from chiefs import Serving, free_port, variables
from small_searches import FIT, X, Y, classifier, random_search

import tfhpo
from tfhpo.errors import ArgumentError, ChiefError
from tfhpo.oracles import chief


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
        "keras_tuner": keras_tuner.oracles.RandomSearchOracle("val_loss", 3, seed=0),
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
