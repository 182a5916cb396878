"""A chief and its workers in threads of this process, over real gRPC on loopback.

The clock stands still unless the test moves it.
"""

import logging
import logging.handlers
import math
import os
import queue
import socket

import grpc
import keras_tuner
import psutil
import pytest
from chiefs import LEASE, build_number, finish
from driving import COMPLETED, IDLE, RUNNING, STOPPED
from keras_tuner.src.distribute.oracle_client import OracleClient

from tfhpo.errors import (
    ArgumentError,
    ChiefError,
    SearchFailedError,
    SpaceError,
    StudyWriteError,
    TrialTakenError,
)
from tfhpo.oracles import RandomOracle
from tfhpo.oracles.hyperparameters import TrackedHyperParameters


def test_the_chief_goes_when_all_workers_know_that_the_search_is_done(chief, worker):
    serving = chief(2)
    a, b = worker("a"), worker("b")
    trials = [one.create_trial(name) for one, name in ((a, "a"), (b, "b"))]
    for one, trial in zip((a, b), trials, strict=True):
        finish(one, trial)
    for one, name in ((a, "a"), (b, "b")):
        assert one.create_trial(name).status == STOPPED
        one.leave("max_trials")
    assert serving.end() is None
    assert [trial.status for trial in serving.oracle.study().trials] == [COMPLETED] * 2


def test_a_silent_workers_trial_is_completed_by_another_and_recorded_once(chief, worker, clock):
    serving = chief(1)
    dead, living = worker("dead"), worker("living")
    lost = dead.create_trial("dead")
    assert living.create_trial("living").status == IDLE
    clock.now += LEASE + 1
    again = living.create_trial("living")
    assert (again.trial_id, again.status) == (lost.trial_id, RUNNING)
    # The late one is told, whatever it says, and what it found is not recorded.
    for say in (
        lambda: dead._beat(lost.trial_id),
        lambda: dead.update_trial(lost.trial_id, {"loss": 0.0}),
        lambda: dead.end_trial(lost),
    ):
        with pytest.raises(
            TrialTakenError, match=r"no longer that of 'dead'.*heard of it for 60 s"
        ):
            say()
    finish(living, again, 0.25)
    with pytest.raises(TrialTakenError):
        dead.end_trial(lost)
    for one, name in ((dead, "dead"), (living, "living")):
        assert one.create_trial(name).status == STOPPED
        one.leave("max_trials")
    serving.end()
    (record,) = serving.oracle.study().trials
    assert (record.score, record.interruptions, record.tuner_id) == (0.25, 1, "living")


def test_a_sign_of_life_renews_the_lease(chief, worker, clock):
    serving = chief(1)
    busy, other = worker("busy"), worker("other")
    trial = busy.create_trial("busy")
    for _ in range(3):
        clock.now += LEASE - 1
        busy._beat(trial.trial_id)
        assert other.create_trial("other").status == IDLE
    finish(busy, trial)
    for one, name in ((busy, "busy"), (other, "other")):
        assert one.create_trial(name).status == STOPPED
        one.leave("max_trials")
    serving.end()


def test_signs_of_life_are_given_from_the_begin_to_the_end_of_a_trial(chief, worker):
    serving = chief(2)
    client = worker("a")
    first = client.create_trial("a")
    thread = client._heartbeat.thread
    assert thread.is_alive()
    finish(client, first)
    thread.join(30)
    assert not thread.is_alive()
    client.create_trial("a")
    thread = client._heartbeat.thread
    client.leave("target")
    thread.join(30)
    assert not thread.is_alive()
    serving.end()


def test_a_sign_of_life_after_the_end_neither_waits_nor_speaks(chief, worker, monkeypatch, capsys):
    monkeypatch.setattr("tfhpo.oracles.chief.calls.FIRST_ANSWER_SECONDS", 5.0)
    serving = chief(1)
    client = worker("a")
    trial = client.create_trial("a")
    client.leave("target")
    serving.end()
    # The thread that gives them may be about to, when the search ends.
    client._beat(trial.trial_id)
    assert capsys.readouterr().err == ""


def test_the_chief_listens_at_its_address_and_nowhere_else(chief, worker, port):
    def listening():
        mine = (one for one in psutil.net_connections("inet") if one.pid == os.getpid())
        # gRPC has it as an IPv6 address, which is the same.
        return {
            (one.laddr.ip.removeprefix("::ffff:"), one.laddr.port)
            for one in mine
            if one.status == psutil.CONN_LISTEN
        }

    before = listening()
    serving = chief(1)
    client = worker("a")
    client.create_trial("a")
    assert listening() - before == {("127.0.0.1", port)}
    client.leave("target")
    serving.end()
    assert listening() == before


def test_a_worker_that_was_started_again_repeats_its_trial_at_once(chief, worker):
    serving = chief(1)
    lost = worker("a").create_trial("a")
    second = worker("a")
    again = second.create_trial("a")
    assert again.trial_id == lost.trial_id
    finish(second, again)
    assert second.create_trial("a").status == STOPPED
    second.leave("max_trials")
    serving.end()
    assert serving.oracle.study().trials[0].interruptions == 1


def test_two_living_workers_of_one_name_are_refused(chief, worker):
    serving = chief(2)
    first, second = worker("a"), worker("a")
    first.create_trial("a")
    second.create_trial("a")
    with pytest.raises(ArgumentError, match=r"KERASTUNER_TUNER_ID of its own\. Received: 'a'"):
        first.create_trial("a")
    second.leave("target")
    assert serving.end() == "target"


def test_a_worker_that_leaves_hands_its_trial_on(chief, worker):
    serving = chief(1)
    leaving, staying = worker("leaving"), worker("staying")
    leaving.create_trial("leaving")
    leaving.leave("interrupted")
    trial = staying.create_trial("staying")
    assert trial.status == RUNNING
    finish(staying, trial)
    assert staying.create_trial("staying").status == STOPPED
    staying.leave("max_trials")
    serving.end()


def test_after_the_search_a_worker_finds_the_best_in_the_study(chief, worker):
    serving = chief(1)
    client = worker("a")
    finish(client, client.create_trial("a"))
    assert [one.score for one in client.get_best_trials()] == [0.5]
    assert client.create_trial("a").status == STOPPED
    client.leave("max_trials")
    serving.end()
    serving.oracle.close()
    assert [one.score for one in client.get_best_trials()] == [0.5]


def test_no_proxy_stands_between_a_worker_and_its_chief(chief, worker, monkeypatch):
    for name in ("http_proxy", "https_proxy", "grpc_proxy"):
        # A port at which nobody listens.
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY", "no_grpc_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tfhpo.oracles.chief.calls.FIRST_ANSWER_SECONDS", 20.0)
    serving = chief(1)
    client = worker("a")
    finish(client, client.create_trial("a"))
    client.leave("target")
    assert serving.end() == "target"


# ---------------------------------------------------------------------- what goes wrong


def test_an_error_on_the_chief_ends_it_and_every_worker(chief, worker, monkeypatch):
    serving = chief(3)
    a, b = worker("a"), worker("b")
    trial = a.create_trial("a")
    b.create_trial("b")

    def broken(*arguments):
        raise StudyWriteError("the disk is full")

    monkeypatch.setattr(serving.oracle, "create_trial", broken)
    with pytest.raises(ChiefError, match="ended the search: the disk is full"):
        b.create_trial("b")
    # One that is heard of for the first time is told, too.
    with pytest.raises(ChiefError, match="ended the search: the disk is full"):
        worker("c").create_trial("c")
    with pytest.raises(ChiefError, match="ended the search: the disk is full"):
        a.update_trial(trial.trial_id, {"loss": 1.0})
    with pytest.raises(StudyWriteError, match="the disk is full"):
        serving.end()


def test_a_defect_on_the_chief_is_told_with_its_kind(chief, worker, monkeypatch):
    serving = chief(1)
    monkeypatch.setattr(serving.oracle, "create_trial", lambda name: 1 / 0)
    with pytest.raises(ChiefError, match="ZeroDivisionError: division by zero"):
        worker("a").create_trial("a")
    with pytest.raises(ZeroDivisionError):
        serving.end()


def test_a_search_that_is_given_up_ends_the_chief_and_the_workers(chief, worker):
    serving = chief(9)
    client = worker("a")

    def fail():
        trial = client.create_trial("a")
        trial.status = "FAILED"
        trial.hyperparameters = TrackedHyperParameters.tracking(trial.hyperparameters)
        trial.hyperparameters.notes["message"] = "OSError: none"
        client.end_trial(trial)

    for _ in range(2):
        fail()
    with pytest.raises(ChiefError, match=r"The first 3 trials all failed alike.*OSError: none"):
        fail()
    with pytest.raises(SearchFailedError, match="OSError: none"):
        serving.end()
    assert len(serving.oracle.study().trials) == 3


def registered():
    hp = keras_tuner.HyperParameters()
    build_number(hp)
    return hp


_NEVER_TAKEN = {
    "a parameter where none may be new": (
        {"allow_new_entries": False, "hyperparameters": registered()},
        lambda hp: hp.Float("new", 0, 1),
        "With `allow_new_entries=False`",
    ),
    "a range that cannot be searched": ({}, lambda hp: hp.Float("new", math.nan, 1), "nan"),
    "a growth that the strategy refuses": (
        {},
        lambda hp: hp.Float("refused", 0, 1),
        "one grid, without 'refused'",
    ),
}


@pytest.mark.parametrize(
    "tell", [lambda client, trial: client.update_space(trial.hyperparameters), finish]
)
@pytest.mark.parametrize("fault", _NEVER_TAKEN)
def test_a_build_that_the_search_cannot_take_ends_it_with_its_cause(
    chief, worker, monkeypatch, fault, tell
):
    arguments, declares, cause = _NEVER_TAKEN[fault]
    serving = chief(3, **arguments)
    strategy = serving.oracle._session.strategy

    def check_growth(space):
        if "refused" in space.names:
            raise ArgumentError("one grid, without 'refused'")

    monkeypatch.setattr(strategy, "check_growth", check_growth)
    client, other = worker("a"), worker("b")
    trial = client.create_trial("a")
    other.create_trial("b")
    trial.hyperparameters = TrackedHyperParameters.tracking(trial.hyperparameters)
    declares(trial.hyperparameters)
    with pytest.raises(ChiefError, match=f"has ended the search: .*{cause}"):
        tell(client, trial)
    with pytest.raises(ChiefError, match=cause):
        other.create_trial("b")
    with pytest.raises(SpaceError, match=cause):
        serving.end()
    # Nothing of it was taken in, and no trial has failed of it.
    study = serving.oracle.study()
    assert [one.status for one in study.trials] == [RUNNING] * 2
    assert [list(one.values) for one in study.trials] == [["x"]] * 2


@pytest.fixture
def told():
    """A queue of what the chief logs, which it does in a thread of its own."""
    records = queue.SimpleQueue()
    handler = logging.handlers.QueueHandler(records)
    logger = logging.getLogger("tfhpo.oracles.chief.server")
    logger.addHandler(handler)
    yield records
    logger.removeHandler(handler)


def test_a_chief_with_nobody_left_says_so_and_ends(chief, worker, clock, told):
    serving = chief(1)
    gone = worker("gone")
    gone.create_trial("gone")
    gone.leave("error")
    assert "All workers are gone before the search is done" in told.get(timeout=30).getMessage()
    clock.now += 101
    with pytest.raises(ChiefError, match="all of its 1 workers are gone"):
        serving.end()


def test_a_chief_to_whom_nobody_comes_ends(chief, clock):
    serving = chief(1)
    clock.now += 201
    with pytest.raises(ChiefError, match=r"no worker has ever come.*waiting at 127.0.0.1"):
        serving.end()


def test_a_port_that_is_taken_is_refused(chief, port):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(ArgumentError, match=f"a port of it.*Received: 127.0.0.1:{port}"):
            chief(1).end()


def test_a_chief_takes_the_port_that_is_held_for_it(chief, worker, port, monkeypatch):
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        held.bind(("127.0.0.1", port))
        monkeypatch.setenv("TFHPO_HELD_PORT", str(port))
        serving = chief(1)
        client = worker("a")
        finish(client, client.create_trial("a"))
        client.leave("target")
        assert serving.end() == "target"


def test_keras_tuners_own_workers_are_refused(chief, clock, port, monkeypatch):
    serving = chief(1)
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "a")
    with pytest.raises(grpc.RpcError, match="its workers must run it, too"):
        OracleClient(RandomOracle("loss", 1)).create_trial("a")
    clock.now += 201
    with pytest.raises(ChiefError):
        serving.end()
