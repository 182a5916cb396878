"""What a worker does while its chief is away, or answers no; with neither a network nor a clock."""

import grpc
import pytest

from tfhpo.errors import ArgumentError, ChiefError, TrialTakenError
from tfhpo.oracles.chief import protocol
from tfhpo.oracles.chief.calls import FIRST_ANSWER_SECONDS, NEXT_ANSWER_SECONDS, Calls
from tfhpo.oracles.chief.heartbeat import Heartbeat
from tfhpo.oracles.chief.protocol import Sender, sender_of


class Answer(grpc.RpcError):
    def __init__(self, code, text="why"):
        super().__init__()
        self._told = code, text

    def code(self):
        return self._told[0]

    def details(self):
        return self._told[1]


AWAY = Answer(grpc.StatusCode.UNAVAILABLE)


class Chief:
    """Answers calls by a list, the last one for ever; a day of waiting passes in a moment."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.heard = []
        self.now = 0.0
        self.calls = Calls(self, Sender("w", "p"), "chief:1", lambda: self.now, self.wait)

    def wait(self, seconds):
        self.now += seconds

    def UpdateTrial(self, request, timeout, metadata):
        self.heard.append((request, sender_of(metadata)))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def ask(self, request="request"):
        return self.calls.UpdateTrial(request, wait_for_ready=True, timeout=1)


def test_each_call_tells_who_calls():
    chief = Chief("yes")
    assert chief.ask() == "yes"
    assert chief.heard == [("request", Sender("w", "p"))]


def test_a_chief_that_is_away_for_a_while_is_waited_for(capsys):
    chief = Chief("yes", *[AWAY] * 100, "yes again")
    assert [chief.ask(), chief.ask()] == ["yes", "yes again"]
    assert chief.now == 50
    words = "Worker 'w' waits for the chief at chief:1, since 3 s and for 60 s at most."
    assert capsys.readouterr().err.splitlines() == [words]


def test_a_worker_without_a_chief_says_soon_and_again_what_it_waits_for(capsys):
    chief = Chief(*[AWAY] * 200, "yes")
    chief.ask()
    told = capsys.readouterr().err.splitlines()
    assert [line.split("since ")[1] for line in told] == [
        "3 s and for 3600 s at most.",
        "63 s and for 3600 s at most.",
    ]


@pytest.mark.parametrize(
    ("answers", "patience", "advice"),
    [
        ([AWAY], FIRST_ANSWER_SECONDS, "KERASTUNER_TUNER_ID=chief"),
        (["yes", AWAY], NEXT_ANSWER_SECONDS, "run the same again"),
    ],
)
def test_a_chief_that_stays_away_ends_the_worker_with_a_clear_error(answers, patience, advice):
    chief = Chief(*answers)
    for _ in answers[1:]:
        chief.ask()
    with pytest.raises(ChiefError, match=f"chief:1 has not answered for {patience:g} s.*{advice}"):
        chief.ask()
    before = chief.now
    assert patience < before <= patience + 1
    # What is asked on the way out does not wait once more.
    with pytest.raises(ChiefError, match="has not answered"):
        chief.ask()
    assert chief.now == before


def test_the_end_that_the_chief_tells_is_told_to_all_that_ask():
    chief = Chief(Answer(protocol.ENDED, "disk full"), "yes")
    for _ in range(2):
        with pytest.raises(ChiefError, match="has ended the search: disk full"):
            chief.ask()
    assert len(chief.heard) == 1


def test_a_trial_that_is_anothers_ends_no_search():
    chief = Chief(Answer(protocol.TAKEN, "it is b's"), "yes")
    with pytest.raises(TrialTakenError, match="it is b's"):
        chief.ask()
    assert chief.ask() == "yes"


def test_a_refusal_is_told():
    with pytest.raises(ArgumentError, match="no new entries"):
        Chief(Answer(protocol.REFUSED, "no new entries")).ask()


def test_any_other_answer_is_told():
    with pytest.raises(ChiefError, match="chief:1 answers UNIMPLEMENTED: why"):
        Chief(Answer(grpc.StatusCode.UNIMPLEMENTED)).ask()


def test_goodbye_is_said_to_a_chief_that_was_there():
    chief = Chief("yes")
    chief.calls.say_goodbye("bye", "target")
    assert chief.heard == []
    chief.ask()
    chief.calls.say_goodbye("bye", "target")
    assert chief.heard[-1] == ("bye", Sender("w", "p", leaves="target"))


def test_goodbye_waits_for_nobody():
    chief = Chief("yes", AWAY)
    chief.ask()
    chief.calls.say_goodbye("bye", "error")
    assert chief.now == 0


def test_after_goodbye_another_search_may_begin():
    chief = Chief(Answer(protocol.ENDED), "yes")
    with pytest.raises(ChiefError):
        chief.ask()
    chief.calls.say_goodbye("bye", "error")
    assert chief.ask() == "yes"


@pytest.mark.parametrize("code", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED])
def test_a_sign_of_life_waits_for_nobody(capsys, code):
    chief = Chief("yes", Answer(code))
    chief.ask()
    for _ in range(3):
        chief.calls.beat("beat")
    assert [request for request, _ in chief.heard] == ["request", *["beat"] * 3]
    assert chief.now == 0
    assert capsys.readouterr().err == ""


def test_what_a_sign_of_life_is_answered_is_told():
    chief = Chief(Answer(protocol.TAKEN, "it is b's"), Answer(protocol.ENDED, "disk full"), AWAY)
    with pytest.raises(TrialTakenError, match="it is b's"):
        chief.calls.beat("beat")
    for call in (chief.calls.beat, chief.calls.beat, chief.ask):
        with pytest.raises(ChiefError, match="has ended the search: disk full"):
            call("request")
    assert len(chief.heard) == 2


@pytest.mark.parametrize("error", [ChiefError("gone"), TrialTakenError("taken")])
def test_signs_of_life_end_where_nobody_wants_them(error):
    heard = []

    def beat(trial_id):
        heard.append(trial_id)
        if len(heard) == 3:
            raise error

    heartbeat = Heartbeat(beat, 0.001)
    heartbeat.start("0001")
    heartbeat.thread.join(30)
    assert not heartbeat.thread.is_alive()
    assert heard == ["0001"] * 3


def test_signs_of_life_end_with_the_trial():
    heartbeat = Heartbeat(lambda trial_id: None, 1e6)
    heartbeat.start("0001")
    first = heartbeat.thread
    heartbeat.start("0002")
    second = heartbeat.thread
    heartbeat.stop()
    heartbeat.stop()
    for thread in (first, second):
        thread.join(30)
        assert not thread.is_alive()
