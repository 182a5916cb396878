"""What every engine keeps to: one suite over all of them."""

import signal
import threading

import numpy as np
import pytest

from tfhpo.execution import InProcess, LocalProcesses, Task

ENGINES = {
    "in this process": InProcess,
    "two processes": lambda: LocalProcesses(2),
}


RAY = pytest.param("Ray", marks=pytest.mark.slow)


@pytest.fixture(params=[*ENGINES, RAY])
def engine(request):
    if request.param != "Ray":
        return ENGINES[request.param]()
    request.getfixturevalue("ray_nodes")
    from tfhpo.execution.ray import RayCluster

    return RayCluster(2)


def test_values_come_back_with_their_tasks(engine, make_driver):
    driver = make_driver()
    offset = 10
    driver.run(engine, lambda payload, report: payload + offset, range(5))
    assert driver.values() == {str(place): place + 10 for place in range(5)}
    assert not driver.failures()
    assert all(outcome.worker for outcome in driver.outcomes.values())


def test_no_tasks_is_no_work(engine, make_driver):
    assert make_driver().run(engine, lambda payload, report: payload, []) == []


def test_an_engine_runs_again(engine, make_driver):
    for number in (1, 2):
        driver = make_driver()
        driver.run(engine, lambda payload, report, number=number: number, [None])
        assert driver.values() == {"0": number}


def test_reports_are_answered_before_the_task_goes_on(engine, make_driver):
    def function(payload, report):
        return [report("step", step, {"loss": payload / (step + 1)}) for step in range(3)]

    driver = make_driver(lambda key, kind, step, metrics: (key, step, metrics["loss"] < 1))
    driver.run(engine, function, [2.0])
    assert driver.reports == [("0", "step", step, {"loss": 2.0 / (step + 1)}) for step in range(3)]
    assert driver.values() == {"0": [("0", 0, False), ("0", 1, False), ("0", 2, True)]}
    assert driver.log == [("report", "0")] * 3 + [("end", "0")]


def test_an_answer_can_be_anything(engine, make_driver):
    class Verdict:
        def __init__(self, goes_on):
            self.goes_on = goes_on

    def function(payload, report):
        return report().goes_on, report().goes_on

    driver = make_driver(lambda key: Verdict(goes_on=key == "1"))
    driver.run(engine, function, [None, None])
    assert driver.values() == {"0": (False, False), "1": (True, True)}


def test_a_report_may_be_empty_or_large(engine, make_driver):
    content = np.arange(1_000_000)
    driver = make_driver(lambda key, *message: message)
    driver.run(engine, lambda payload, report: (report(), report(payload)[0].sum()), [content])
    assert driver.values()["0"] == ((), content.sum())


def test_an_exception_ends_its_task_alone(engine, make_driver):
    def function(payload, report):
        if payload == 1:
            raise ValueError("too small", payload)
        return payload

    driver = make_driver()
    driver.run(engine, function, range(3))
    assert driver.values() == {"0": 0, "1": None, "2": 2}
    failure = driver.failures().pop("1")
    assert failure.kind == "exception"
    assert failure.error.args == ("too small", 1)
    assert isinstance(failure.error, ValueError)
    assert "in function\n" in failure.message
    assert failure.message.endswith("ValueError: ('too small', 1)")


def test_the_cause_of_an_exception_is_told(engine, make_driver):
    def function(payload, report):
        try:
            {}["inner"]
        except KeyError as error:
            raise ValueError("outer") from error

    driver = make_driver()
    driver.run(engine, function, [None])
    message = driver.failures()["0"].message
    assert message.index("KeyError: 'inner'") < message.index("ValueError: outer")


def test_a_local_class_of_exceptions_comes_back_as_itself(engine, make_driver):
    class OwnError(Exception):
        pass

    def function(payload, report):
        raise OwnError(payload)

    driver = make_driver()
    driver.run(engine, function, ["why"])
    error = driver.failures()["0"].error
    assert isinstance(error, OwnError)
    assert error.args == ("why",)


def test_memory_that_runs_out_in_python_is_its_own_kind(engine, make_driver):
    def function(payload, report):
        raise MemoryError("no more")

    driver = make_driver()
    driver.run(engine, function, [None])
    assert driver.failures()["0"].kind == "memory"


def test_nothing_now_is_asked_again(engine, make_driver):
    driver = make_driver()
    asked = []

    def tasks():
        yield None
        yield Task("first", 1)
        while "first" not in driver.outcomes:
            asked.append("first")
            yield None
        yield None
        yield Task("second", 2)

    driver.run(engine, lambda payload, report: payload, tasks=tasks())
    assert driver.values() == {"first": 1, "second": 2}
    # Only once in vain: the end of the task is the next moment to ask.
    assert len(asked) <= 1


def test_what_an_end_brings_can_be_the_next_task(engine, make_driver):
    driver = make_driver()

    def tasks():
        attempt = 0
        yield Task("attempt 0", attempt)
        while attempt < 2:
            outcome = driver.outcomes.get(f"attempt {attempt}")
            if outcome is None:
                yield None
            else:
                attempt += 1
                yield Task(f"attempt {attempt}", attempt)

    def function(payload, report):
        if payload < 2:
            raise RuntimeError
        return payload

    driver.run(engine, function, tasks=tasks())
    assert list(driver.outcomes) == ["attempt 0", "attempt 1", "attempt 2"]
    assert driver.outcomes["attempt 2"].value == 2


def test_all_calls_come_in_the_thread_of_the_caller(engine, make_driver):
    threads = set()

    def note(*args):
        threads.add(threading.get_ident())

    def tasks():
        note()
        yield Task("a", None)
        note()
        yield Task("b", None)
        note()

    engine.run(lambda payload, report: report(), tasks(), note, note)
    assert threads == {threading.get_ident()}


class DriverError(Exception):
    """What a callback raises."""


def fail(*args):
    raise DriverError


def interrupt(*args):
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize(("raises", "error"), [(fail, DriverError), (interrupt, KeyboardInterrupt)])
@pytest.mark.parametrize("place", ["tasks", "on_report", "on_end"])
def test_what_the_driver_raises_ends_the_run(engine, place, raises, error):
    ended = []

    def tasks():
        yield Task("a", None)
        if place == "tasks":
            raises()
        yield Task("b", None)
        # Never asked for: what the first or second task brings ends the run.
        yield Task("c", None)
        pytest.fail("the run went on")

    def function(payload, report):
        return report()

    def on_end(task, outcome):
        ended.append(task.key)
        if place == "on_end":
            raises()

    with pytest.raises(error):
        engine.run(function, tasks(), raises if place == "on_report" else fine, on_end)
    assert len(ended) <= 1


def fine(*args):
    return None


def test_an_exception_of_the_driver_is_not_the_functions_to_catch(engine, make_driver):
    went_on = []

    def function(payload, report):
        try:
            report()
        except DriverError:
            went_on.append(1)

    with pytest.raises(DriverError):
        make_driver(fail).run(engine, function, [None, None])
    assert len(went_on) <= 1


@pytest.mark.parametrize("order", ["C", "F"])
def test_large_arrays_arrive_as_they_are(engine, make_driver, order):
    numbers = np.asarray(np.random.default_rng(0).normal(size=(700, 300)), order=order)
    labels = np.arange(500_000).astype("datetime64[s]")[::2]
    data = {"numbers": numbers, "labels": labels, "few": np.arange(3), "again": numbers}

    def function(payload, report):
        return (
            data["numbers"].sum(),
            data["numbers"].flags.f_contiguous,
            type(data["numbers"]).__name__,
            data["labels"][-1],
            data["few"].tolist(),
            data["again"] is data["numbers"],
        )

    driver = make_driver()
    driver.run(engine, function, [None])
    expected = numbers.sum(), order == "F", "ndarray", labels[-1], [0, 1, 2], True
    assert driver.values()["0"] == expected


def test_data_may_be_changed_in_place(engine, make_driver, request):
    if "Ray" in request.node.name:
        pytest.skip("what lies in Ray's store cannot be written to")
    data = np.zeros(300_000)

    def function(payload, report):
        data[:] += 1
        return data.sum()

    driver = make_driver()
    driver.run(engine, function, [None])
    assert driver.values() == {"0": 300_000.0}
