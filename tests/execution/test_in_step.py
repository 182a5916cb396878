"""Processes that run tasks together; here threads, which hear each other through queues."""

import threading
from queue import Queue

import pytest

from tfhpo.errors import DistributionError
from tfhpo.execution import InStep, Outcome, Task


class Door:
    """One end of a channel between two threads. Whoever waits in vain gets an error."""

    def __init__(self, leads, inbox, outbox, barrier):
        self.leads, self._inbox, self._outbox, self._barrier = leads, inbox, outbox, barrier

        #: What has gone wrong here, as each call tells it.
        self.errors = []

    def send(self, message, error=None):
        self.errors.append(error)
        self._outbox.put(message)

    def receive(self, error=None):
        self.errors.append(error)
        return self._inbox.get(timeout=20)

    def meet(self, error=None):
        self.errors.append(error)
        self._barrier.wait(timeout=20)


class Follower(threading.Thread):
    """Follows in a thread of its own, and keeps what it raised."""

    def __init__(self, engine, function):
        super().__init__()
        self.engine, self.function, self.error = engine, function, None

    def run(self):
        try:
            self.engine.follow(self.function)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error


def ran(function, following=None, on_report=lambda key, question, value: value + 1, tasks=3):
    """The outcomes, what the leader's run raised, and the follower after its end."""
    channel, barrier = Queue(), threading.Barrier(2)
    leader = InStep(Door(True, Queue(), channel, barrier))
    follower = Follower(InStep(Door(False, channel, Queue(), barrier)), following or function)
    follower.start()
    outcomes, raised = [], None
    given = (Task(str(number), number) for number in range(tasks))
    try:
        leader.run(function, given, on_report, lambda task, outcome: outcomes.append(outcome))
    except BaseException as error:  # noqa: BLE001 - the test looks at it
        raised = error
    follower.join(timeout=30)
    assert not follower.is_alive()
    return outcomes, raised, follower


def test_all_run_the_same_tasks_with_the_same_answers():
    seen = {}

    def function(payload, report):
        answers = [report("add", payload), report("add", 10 * payload)]
        seen.setdefault(threading.current_thread(), []).append((payload, answers))
        return answers

    outcomes, raised, follower = ran(function)
    assert raised is follower.error is None
    assert outcomes == [
        Outcome([1, 1], worker="this process"),
        Outcome([2, 11], worker="this process"),
        Outcome([3, 21], worker="this process"),
    ]
    assert seen[follower] == seen[threading.main_thread()]


def test_a_task_that_fails_everywhere_is_one_failure():
    def function(payload, report):
        return 1 // payload

    outcomes, raised, follower = ran(function)
    assert raised is None
    assert [outcome.value for outcome in outcomes] == [None, 1, 0]
    # It is the leader who decides whether a failure ends the run.
    assert isinstance(follower.error, ZeroDivisionError)


def test_what_the_driver_raises_breaks_the_task_off_everywhere():
    done = []

    def on_report(key, question, value):
        raise OSError("disk full")

    def function(payload, report):
        try:
            report("add", payload)
        except Exception:  # noqa: BLE001 - as a trial does
            done.append("caught")
        done.append("went on")

    outcomes, raised, follower = ran(function, on_report=on_report)
    assert isinstance(raised, OSError)
    assert str(follower.error) == "The search has ended in the first process: OSError: disk full"
    assert done == ["caught", "went on"]  # In the leader, which does not take it for a failure.
    assert outcomes == []


def test_an_interruption_is_a_clean_end():
    def on_report(key, question, value):
        raise KeyboardInterrupt

    _, raised, follower = ran(lambda payload, report: report("add", 1), on_report=on_report)
    assert isinstance(raised, KeyboardInterrupt)
    assert follower.error is None


def test_an_error_between_tasks_ends_the_followers_too():
    def tasks():
        yield Task("0", 0)
        raise RuntimeError("no more ideas")

    channel, barrier = Queue(), threading.Barrier(2)
    leader = InStep(Door(True, Queue(), channel, barrier))
    follower = Follower(InStep(Door(False, channel, Queue(), barrier)), lambda *_: None)
    follower.start()
    with pytest.raises(RuntimeError, match="no more ideas"):
        leader.run(lambda *_: None, tasks(), lambda *_: None, lambda *_: None)
    follower.join(timeout=30)
    assert "no more ideas" in str(follower.error)


def test_a_follower_that_does_something_else_is_told():
    def other(payload, report):
        return report("subtract", payload)

    channel = Queue()
    leader = InStep(Door(True, Queue(), channel, threading.Barrier(1)))
    follower = Follower(InStep(Door(False, channel, Queue(), threading.Barrier(1))), other)
    follower.start()
    leader.run(
        lambda payload, report: report("add", payload),
        iter([Task("0", 0)]),
        lambda *_: 5,
        lambda *_: None,
    )
    follower.join(timeout=30)
    assert isinstance(follower.error, DistributionError)
    assert "Received: subtract here, Answered(message='add', answer=5)" in str(follower.error)


def test_who_has_met_with_an_error_tells_the_crew_so():
    def function(payload, report):
        report("begin", payload)
        try:
            return {}[payload]
        except KeyError:
            report("failed", payload)
            return "no such key"

    channel, barrier = Queue(), threading.Barrier(2)
    doors = Door(True, Queue(), channel, barrier), Door(False, channel, Queue(), barrier)
    leader, follows = (InStep(door, lambda value: f"caught: {value}") for door in doors)
    follower = Follower(follows, function)
    follower.start()
    leader.run(function, iter([Task("0", 0)]), lambda *_: None, lambda *_: None)
    follower.join(timeout=30)
    # The task, "begin", "failed", the meeting, and the end.
    told = [None, None, "KeyError: 0", "caught: no such key", None]
    assert [door.errors for door in doors] == [told, told]


def test_the_crew_hears_the_cause_of_a_failure_and_no_traceback():
    channel, barrier = Queue(), threading.Barrier(2)
    doors = Door(True, Queue(), channel, barrier), Door(False, channel, Queue(), barrier)
    leader, follows = map(InStep, doors)

    def function(payload, report):
        return {}[payload]

    follower = Follower(follows, function)
    follower.start()
    leader.run(function, iter([Task("0", 0)]), lambda *_: None, lambda *_: None)
    follower.join(timeout=30)
    # The task, the meeting, and the end.
    assert [door.errors for door in doors] == [[None, "KeyError: 0", None]] * 2


def test_an_error_of_the_crew_is_no_failure_of_a_task():
    class Broken(Door):
        def receive(self, error=None):
            if len(self.errors) == 1:
                raise DistributionError("one is gone")
            return super().receive(error)

    channel, barrier = Queue(), threading.Barrier(1)
    leader = InStep(Door(True, Queue(), channel, barrier))
    follower = Follower(
        InStep(Broken(False, channel, Queue(), barrier)), lambda payload, report: report("ask")
    )
    follower.start()
    leader.run(lambda *_: None, iter([Task("0", 0)]), lambda *_: None, lambda *_: None)
    follower.join(timeout=30)
    assert str(follower.error) == "one is gone"
