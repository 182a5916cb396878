"""What a chief does about messages that are wrong or late, and about errors of its own.

The workers are threads of this process, over real gRPC on loopback.
"""

import threading

import grpc
import keras_tuner
import pytest
from chiefs import LEASE, build_number, finish
from driving import STOPPED
from keras_tuner.src import protos

from tfhpo.errors import ArgumentError, ChiefError, StudyWriteError, TrialTakenError
from tfhpo.oracles import wire
from tfhpo.oracles.chief import protocol
from tfhpo.oracles.chief.protocol import Sender

MESSAGES, TYPES = protos.get_service(), protos.get_proto()


@pytest.fixture
def line(port):
    """A stub of KerasTuner's service, with which anything can be sent."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield protos.get_service_grpc().OracleStub(channel)


def leave_all(serving, *clients):
    """Ends a search whose trials are used up."""
    for client in clients:
        name = client.stub._sender.tuner_id
        assert client.create_trial(name).status == STOPPED
        client.leave("max_trials")
    return serving.end()


# ---------------------------------------------------------------------- late messages


def test_what_is_told_of_a_former_attempt_does_not_count_for_the_next(chief, worker, clock):
    serving = chief(1)
    first, other = worker("first"), worker("other")
    late = first.create_trial("first")
    clock.now += LEASE + 1
    assert other.create_trial("other").trial_id == late.trial_id
    other.leave("interrupted")
    # The worker has the trial again, and what it had still to tell of the lost attempt arrives.
    again = first.create_trial("first")
    repeats = first.stub.repeats
    assert (again.trial_id, repeats) == (late.trial_id, {"0000": 2})
    repeats["0000"] = 0
    for say in (
        lambda: first._beat("0000"),
        lambda: first.update_trial("0000", {"tfhpo/execution0/loss": 9.0}, step=7),
        lambda: first.update_trial("0000", {"loss": 9.0}),
        lambda: first.end_trial(late),
    ):
        with pytest.raises(TrialTakenError, match="no longer that of 'first'"):
            say()
    repeats["0000"] = 2
    finish(first, again, 0.25)
    leave_all(serving, first)
    (record,) = serving.oracle.study().trials
    assert (record.repeat, record.metrics, record.score) == (2, {"loss": 0.25}, 0.25)
    assert serving.oracle.study().reports == {}


@pytest.mark.parametrize("act", ["update_trial", "end_trial"])
def test_a_trial_cannot_be_lost_between_the_check_and_what_follows(chief, worker, monkeypatch, act):
    serving = chief(1)
    oracle, client = serving.oracle, worker("a")
    trial = client.create_trial("a")
    others_could_act = []

    def noting(method):
        def noted(*args, **kwargs):
            asked = threading.Thread(target=ask)
            asked.start()
            asked.join()
            return method(*args, **kwargs)

        return noted

    def ask():
        is_free = oracle.lock.acquire(blocking=False)
        others_could_act.append(is_free)
        if is_free:
            oracle.lock.release()

    monkeypatch.setattr(oracle.leases, "holds", noting(oracle.leases.holds))
    monkeypatch.setattr(oracle, act, noting(getattr(oracle, act)))
    finish(client, trial)
    assert others_could_act == [False] * 3
    leave_all(serving, client)


# ---------------------------------------------------------------------- wrong messages


def space_of(values=None, exact=None, low=0.0):
    """A message of parameters; the exact copy is what tfhpo's workers send."""
    hp = keras_tuner.HyperParameters()
    build_number(hp)
    message = hp.to_proto()
    message.space.float_space[0].min_value = low
    for name, value in (values or {}).items():
        message.values.values[name].float_value = value
    if exact is not None:
        message.values.values[wire.EXACT].string_value = exact
    return message


def ended(status=TYPES.TrialStatus.COMPLETED, **hyperparameters):
    return MESSAGES.EndTrialRequest(
        trial=TYPES.Trial(
            trial_id="0000", status=status, hyperparameters=space_of(**hyperparameters)
        )
    )


def updated(metrics, step=0):
    return MESSAGES.UpdateTrialRequest(trial_id="0000", metrics=metrics, step=step)


def grown(**hyperparameters):
    return MESSAGES.UpdateSpaceRequest(hyperparameters=space_of(**hyperparameters))


_NEW = '{"space": [%s], "values": {"y": 0}, "notes": {}}'
_FLOAT = (
    '{"class_name": "Float", "config": {"name": "y", "conditions": [], "default": 0.5, '
    '"step": null, "sampling": "linear", "min_value": %s, "max_value": 1.0}}'
)
_WRONG = {
    "a result without the objective": ("UpdateTrial", updated({"mse": 1.0}), "objective must be"),
    "an epoch before the first": ("UpdateTrial", updated({"loss": 1.0}, -1), "from 0.*epoch -1"),
    "an execution beyond all": (
        "UpdateTrial",
        updated({f"tfhpo/execution{10**30}/loss": 1.0}),
        f"of execution {10**30}",
    ),
    "a trial that is not there": (
        "GetTrial",
        MESSAGES.GetTrialRequest(trial_id="0099"),
        "has 1 trials.*'0099'",
    ),
    "another one's name": (
        "CreateTrial",
        MESSAGES.CreateTrialRequest(tuner_id="b"),
        "its own trials.*'b' from 'a'",
    ),
    "an end that is none": (
        "EndTrial",
        ended(TYPES.TrialStatus.RUNNING),
        "COMPLETED, INVALID, FAILED.*RUNNING",
    ),
    "a verdict that is the chief's": ("EndTrial", ended(TYPES.TrialStatus.STOPPED), "STOPPED"),
    "an exact copy that is no JSON": ("EndTrial", ended(exact="{"), "cannot read.*JSONDecodeError"),
    "an exact copy of something else": ("EndTrial", ended(exact="[1]"), "cannot read.*TypeError"),
    "a cause that is no text": (
        "EndTrial",
        ended(exact='{"space": [], "values": {}, "notes": {"message": 5}}'),
        "is a text.*5",
    ),
    "a text that no file can hold": (
        "EndTrial",
        ended(exact='{"space": [], "values": {}, "notes": {"message": "\\ud800"}}'),
        "surrogates",
    ),
    "a new parameter at NaN": (
        "EndTrial",
        ended(exact=(_NEW % (_FLOAT % 0.0)).replace('"y": 0}', '"y": NaN}')),
        "'y'.*nan",
    ),
    "a new parameter that is none": ("UpdateSpace", grown(exact=_NEW % 5), "cannot read"),
}


@pytest.mark.parametrize("fault", _WRONG)
def test_a_wrong_message_is_told_to_its_sender_alone(chief, worker, line, fault):
    method, request, cause = _WRONG[fault]
    serving = chief(1)
    client = worker("a")
    trial = client.create_trial("a")
    space = serving.oracle.space
    same = client.stub._sender._replace(repeat=0).metadata()
    with pytest.raises(grpc.RpcError, match=rf"(?s){cause}") as refused:
        getattr(line, method)(request, metadata=same, timeout=30)
    assert refused.value.code() is protocol.REFUSED
    assert serving.oracle.space == space
    # Nothing of it was taken in: the trial runs, and what is right is recorded.
    finish(client, trial, 0.25)
    assert leave_all(serving, client) is None
    (record,) = serving.oracle.study().trials
    assert (record.status, record.metrics, set(record.values)) == (
        "COMPLETED",
        {"loss": 0.25},
        {"x"},
    )


def test_a_worker_hears_that_it_was_refused(chief, worker):
    serving = chief(1)
    client = worker("a")
    trial = client.create_trial("a")
    with pytest.raises(ArgumentError, match=r"objective must be.*Received.*\['mse'\]"):
        client.update_trial(trial.trial_id, {"mse": 1.0})
    finish(client, trial)
    leave_all(serving, client)


@pytest.mark.parametrize(
    "metadata",
    [
        (("tfhpo-worker", "no hexadecimals"),),
        (("tfhpo-worker", "ff"),),
        Sender("a", "").metadata(),
        (*Sender("a", "p").metadata()[:-1], ("tfhpo-repeat", "first")),
    ],
)
def test_one_that_does_not_say_who_it_is_is_refused(chief, worker, line, metadata):
    serving = chief(1)
    with pytest.raises(grpc.RpcError, match="tells who it is"):
        line.GetSpace(
            MESSAGES.GetSpaceRequest(), metadata=metadata, timeout=30, wait_for_ready=True
        )
    client = worker("a")
    finish(client, client.create_trial("a"))
    leave_all(serving, client)


def test_bytes_that_are_no_message_harm_nobody(chief, worker, port):
    serving = chief(1)
    client = worker("a")
    trial = client.create_trial("a")
    name = next(iter(MESSAGES.DESCRIPTOR.services_by_name.values())).full_name
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        send = channel.unary_unary(f"/{name}/EndTrial")
        with pytest.raises(grpc.RpcError):
            send(b"\xff\xff", metadata=Sender("a", "p").metadata(), timeout=30)
    finish(client, trial)
    leave_all(serving, client)


# ---------------------------------------------------------------------- errors of the oracle


@pytest.mark.parametrize(
    ("place", "method"),
    [
        (lambda oracle: oracle._session.strategy, "suggest"),
        (lambda oracle: oracle._session.strategy, "observe"),
        (lambda oracle: oracle._session._study, "finish"),
    ],
)
# An error about arguments, too: of the strategy's own, and not of a message.
@pytest.mark.parametrize("error", [ArgumentError("out of range"), StudyWriteError("disk full")])
def test_an_error_of_the_oracle_ends_the_search(chief, worker, monkeypatch, place, method, error):
    serving = chief(2)
    a, b = worker("a"), worker("b")
    trial = a.create_trial("a")
    b.get_space()  # The chief knows it, and stays to tell it.

    def broken(*args, **kwargs):
        raise error

    monkeypatch.setattr(place(serving.oracle), method, broken)
    fails = (lambda: b.create_trial("b")) if method == "suggest" else (lambda: finish(a, trial))
    for ask in (fails, lambda: b.create_trial("b"), lambda: a._beat(trial.trial_id)):
        with pytest.raises(ChiefError, match=f"has ended the search: {error}"):
            ask()
    with pytest.raises(type(error), match=str(error)):
        serving.end()
