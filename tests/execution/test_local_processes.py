"""What only processes can do: die, hang, grow, be replaced; with real signals."""

import importlib
import os
import signal
import subprocess
import sys
import threading
from multiprocessing.connection import wait
from pathlib import Path

import numpy as np
import psutil
import pytest

from tfhpo.errors import ArgumentError
from tfhpo.execution import LocalProcesses, Names, Printed, Task
from tfhpo.execution.process import WorkerProcess

MEGA = 1 << 20


def kill(pid):
    os.kill(pid, signal.SIGKILL)


def own_pid(payload, report):
    return os.getpid()


def stop(pid):
    """Stops a process that this one has started, and waits until it has."""
    os.kill(pid, signal.SIGSTOP)
    _, status = os.waitpid(pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)


def test_a_task_runs_in_a_process_of_its_own(make_driver):
    driver = make_driver()
    driver.run(LocalProcesses(2), own_pid, range(6))
    pids = set(driver.values().values())
    assert os.getpid() not in pids
    assert 1 <= len(pids) <= 2
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_two_run_at_the_same_time(make_driver):
    seen = set()

    def both_are_here(key, pid):
        seen.add(pid)
        return len(seen) == 2

    def function(payload, report):
        while not report(os.getpid()):
            pass

    driver = make_driver(both_are_here)
    driver.run(LocalProcesses(2), function, range(2))
    assert {outcome.worker for outcome in driver.outcomes.values()} == {"worker 0", "worker 1"}


def test_a_killed_process_costs_its_one_task(make_driver):
    def function(payload, report):
        report(os.getpid())
        return payload

    driver = make_driver(lambda key, pid: kill(pid) if key == "1" else None)
    driver.run(LocalProcesses(2), function, range(5))
    failure = driver.failures().pop("1")
    assert failure.kind == "killed"
    assert "was killed by SIGKILL" in failure.message
    assert {key for key, outcome in driver.outcomes.items() if not outcome.failure} == set("0234")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT])
def test_the_signal_is_named(make_driver, number):
    driver = make_driver()
    driver.run(LocalProcesses(1), lambda number, report: os.kill(os.getpid(), number), [number])
    failure = driver.failures()["0"]
    assert failure.kind == "killed"
    assert f"was killed by {number.name}" in failure.message


def test_a_crash_tells_where_it_was(make_driver):
    def crash_here(payload, report):
        os.kill(os.getpid(), signal.SIGSEGV)

    driver = make_driver()
    driver.run(LocalProcesses(1), crash_here, [None])
    assert "in crash_here" in driver.failures()["0"].message


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
def test_what_was_said_before_a_crash_is_told(make_driver, number):
    def crash_here(payload, report):
        # Their libraries make faulthandler's list long.

        print("the very last", file=sys.stderr)
        os.kill(os.getpid(), number)

    driver = make_driver()
    driver.run(LocalProcesses(1), crash_here, [None])
    message = driver.failures()["0"].message
    assert "It printed last:\nthe very last\nFatal Python error: " in message
    assert "in crash_here" in message
    assert "Extension modules" not in message


@pytest.mark.parametrize("leave", [os._exit, sys.exit])
def test_a_process_that_leaves_tells_its_code(make_driver, leave):
    driver = make_driver()
    driver.run(LocalProcesses(1), lambda payload, report: payload and leave(payload), [0, 3, 0])
    failure = driver.failures().pop("1")
    assert failure.kind == "killed"
    assert "ended by itself with exit code 3" in failure.message
    assert [outcome.failure is None for outcome in driver.outcomes.values()] == [True, False, True]


def test_its_last_words_are_in_the_message(make_driver):
    def function(payload, report):
        print("the very last", file=sys.stderr)
        os._exit(1)

    driver = make_driver()
    driver.run(LocalProcesses(1), function, [None])
    assert driver.failures()["0"].message.endswith("the very last")


def test_one_that_dies_in_the_middle_of_a_message_holds_up_nobody(make_driver):
    def function(payload, report):
        if payload:
            # The head of a message of a thousand bytes, and three of them.
            report._send.__self__._send(b"\x00\x00\x03\xe8abc")
            os._exit(1)
        return payload

    driver = make_driver()
    driver.run(LocalProcesses(1), function, [1, 0])
    assert driver.failures()["0"].kind == "killed"
    assert driver.outcomes["1"].failure is None


def test_one_that_stops_in_the_middle_of_a_message_is_ended(make_driver, monkeypatch):
    def function(payload, report):
        if payload:
            report._send.__self__._send(b"\x00\x00\x03\xe8abc")
            threading.Event().wait()
        return payload

    monkeypatch.setattr("tfhpo.execution.process._MESSAGE_SECONDS", 0.2)
    driver = make_driver()
    driver.run(LocalProcesses(1), function, [1, 0])
    assert driver.failures()["0"].kind == "timeout"
    assert "stopped in the middle of a message" in driver.failures()["0"].message
    assert driver.outcomes["1"].failure is None


def test_a_stopped_process_that_is_given_a_large_task_costs_that(make_driver, monkeypatch):
    def tasks():
        yield Task("small", b"")
        while "small" not in driver.outcomes:
            yield None
        stop(driver.outcomes["small"].value)
        # Far more than the channel holds.
        yield Task("large", bytes(16 * MEGA))
        yield Task("next", b"")

    monkeypatch.setattr("tfhpo.execution.process._MESSAGE_SECONDS", 0.2)
    driver = make_driver()
    driver.run(LocalProcesses(1), own_pid, tasks=tasks())
    failure = driver.failures().pop("large")
    assert failure.kind == "timeout"
    assert failure.message == "Its process was stopped: it did not take a message."
    assert driver.outcomes["small"].value != driver.outcomes["next"].value


def test_a_stopped_process_that_is_given_a_large_answer_costs_its_task(make_driver, monkeypatch):
    def answer(key, pid):
        if key == "0":
            stop(pid)
            return bytes(16 * MEGA)
        return b"small"

    monkeypatch.setattr("tfhpo.execution.process._MESSAGE_SECONDS", 0.2)
    driver = make_driver(answer)
    driver.run(LocalProcesses(1), lambda payload, report: len(report(os.getpid())), range(2))
    assert driver.failures()["0"].kind == "timeout"
    assert driver.values()["1"] == 5


def test_a_process_that_dies_while_it_is_idle_costs_nothing(make_driver):
    def tasks():
        yield Task("a", None)
        while "a" not in driver.outcomes:
            yield None
        pid = driver.outcomes["a"].value
        kill(pid)
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        yield Task("b", None)

    driver = make_driver()
    driver.run(LocalProcesses(1), own_pid, tasks=tasks())
    assert not driver.failures()
    assert len(set(driver.values().values())) == 2


def test_a_task_that_hangs_is_ended(make_driver, clock):
    def function(payload, report):
        if payload:
            print("hangs")
            threading.Event().wait()
        return os.getpid()

    driver = make_driver()
    engine = LocalProcesses(1, task_timeout=500, echo=lambda line: clock.pass_by(501))
    driver.run(engine, function, [0, 1, 0])
    failure = driver.failures().pop("1")
    assert failure.kind == "timeout"
    assert failure.message.startswith("It took more than 500 s.")
    assert driver.outcomes["0"].value != driver.outcomes["2"].value


def test_one_that_hangs_tells_where(make_driver, clock):
    def hang_here(payload, report):
        print("the very last", file=sys.stderr)
        threading.Event().wait()

    driver = make_driver()
    engine = LocalProcesses(1, task_timeout=500, echo=lambda line: clock.pass_by(501))
    driver.run(engine, hang_here, [None])
    message = driver.failures()["0"].message
    assert message.startswith("It took more than 500 s.\nIt printed last:\nthe very last\nCurrent")
    assert "in hang_here" in message
    assert "_listen" not in message


def test_one_that_cannot_tell_where_it_hangs_is_ended(make_driver, clock, monkeypatch):
    def function(payload, report):
        print(os.getpid())
        threading.Event().wait()

    def echo(printed):
        stop(int(printed.line))
        clock.pass_by(501)

    monkeypatch.setattr("tfhpo.execution.process._STACK_SECONDS", 0.1)
    driver = make_driver()
    driver.run(LocalProcesses(1, task_timeout=500, echo=echo), function, [None])
    message = driver.failures()["0"].message
    assert message.startswith("It took more than 500 s.\nIt printed last:\n")
    assert "in function" not in message


def test_what_comes_in_time_counts_though_it_is_heard_late(
    make_driver, clock, monkeypatch, tmp_path
):
    here, released, processes = set(), set(), []
    gate = str(tmp_path / "gate")
    os.mkfifo(gate)

    class Known(WorkerProcess):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            processes.append(self)

    def on_report(key):
        here.add(key)
        if key == "1" and len(here) == 2:
            released.add(key)
        if key == "0" and released:
            # Both tasks' time passes here, after the other has sent its value.
            os.close(os.open(gate, os.O_WRONLY))
            assert wait([processes[1].connection], 60)
            clock.pass_by(501)
        return bool(released)

    def function(payload, report):
        while not report():
            pass
        if payload == "b":
            # Until the driver is busy with the other.
            os.close(os.open(gate, os.O_RDONLY))
        return payload

    monkeypatch.setattr("tfhpo.execution.local_worker.WorkerProcess", Known)
    driver = make_driver(on_report)
    driver.run(LocalProcesses(2, task_timeout=500), function, ["a", "b"])
    assert driver.values() == {"0": "a", "1": "b"}


def test_time_does_not_run_while_the_driver_is_busy(make_driver, clock):
    def function(payload, report):
        report()
        report()
        return payload

    driver = make_driver(lambda key: clock.pass_by(501))
    driver.run(LocalProcesses(1, task_timeout=500), function, ["a"])
    assert driver.values() == {"0": "a"}


def test_the_time_between_reports_adds_up(make_driver, clock):
    def function(payload, report):
        while True:
            # Of this, the worker's own clock counts; of what follows the answer, the driver's.
            report._began -= 300
            print("waits")
            report()

    driver = make_driver()
    engine = LocalProcesses(1, task_timeout=500, echo=lambda line: clock.pass_by(100))
    driver.run(engine, function, [None])
    assert driver.failures()["0"].kind == "timeout"
    assert len(driver.reports) == 2


def test_time_does_not_run_while_a_process_starts(make_driver, clock, tmp_path):
    gate = str(tmp_path / "gate")
    os.mkfifo(gate)

    class SlowToLoad:
        def __reduce__(self):
            return print, ("loads",)

    data = SlowToLoad()

    def function(payload, report):
        print("runs", data)
        os.close(os.open(gate, os.O_RDONLY))

    def echo(printed):
        clock.pass_by(300)
        if "runs" in printed.line:
            os.close(os.open(gate, os.O_WRONLY))

    driver = make_driver()
    driver.run(LocalProcesses(1, task_timeout=500, start_timeout=500, echo=echo), function, [None])
    assert not driver.failures()


def test_a_process_is_replaced_after_some_tasks(make_driver):
    driver = make_driver()
    driver.run(LocalProcesses(1, tasks_per_process=2), own_pid, range(5))
    pids = list(driver.values().values())
    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_process_that_has_grown_is_replaced_after_its_task(make_driver):
    hoard = []

    def function(payload, report):
        hoard.append(bytes(bytearray(payload)))
        return os.getpid()

    driver = make_driver()
    engine = LocalProcesses(1, max_memory=100 * MEGA)
    driver.run(engine, function, [1, 160 * MEGA, 1, 1])
    pids = list(driver.values().values())
    assert pids[0] == pids[1] != pids[2] == pids[3]
    assert not driver.failures()


def test_a_task_that_takes_too_much_memory_is_ended(make_driver):
    def function(payload, report):
        if payload:
            hoard = bytes(bytearray(160 * MEGA))
            threading.Event().wait()
            return len(hoard)
        return os.getpid()

    driver = make_driver()
    driver.run(LocalProcesses(1, hard_memory=100 * MEGA), function, [0, 1, 0])
    failure = driver.failures().pop("1")
    assert failure.kind == "memory"
    assert "more than the bound of 104,857,600" in failure.message
    assert driver.outcomes["0"].value != driver.outcomes["2"].value


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such score")
def test_where_memory_runs_out_a_worker_ends_before_its_driver(make_driver):
    def score(payload=None, report=None):
        return int(Path("/proc/self/oom_score_adj").read_text())

    driver = make_driver()
    driver.run(LocalProcesses(1), score, [None])
    assert driver.values()["0"] >= max(300, score())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is shared")
def test_shared_arrays_are_nobodys_memory(make_driver):
    data = np.ones(160 * MEGA // 8)

    def function(payload, report):
        return data.sum(), os.getpid()

    driver = make_driver()
    driver.run(LocalProcesses(1, max_memory=100 * MEGA), function, range(3))
    assert len(set(driver.values().values())) == 1


def test_an_array_that_is_written_to_is_a_copy(make_driver):
    data = np.zeros(300_000)

    def function(payload, report):
        data[0] += 1
        return data[0]

    driver = make_driver()
    driver.run(LocalProcesses(1, tasks_per_process=1), function, range(3))
    assert list(driver.values().values()) == [1, 1, 1]
    assert data[0] == 0


def test_a_large_array_is_mapped(make_driver):
    data = {"large": np.zeros(300_000), "small": np.zeros(3)}

    def function(payload, report):
        return {name: type(array.base).__name__ for name, array in data.items()}

    driver = make_driver()
    driver.run(LocalProcesses(1), function, [None])
    assert driver.values()["0"]["large"] == "mmap"
    assert driver.values()["0"]["small"] != "mmap"


def test_data_is_carried_once(make_driver):
    pickled = []

    class Data:
        def __reduce__(self):
            pickled.append(1)
            return loaded, ()

    data = Data()

    def function(payload, report):
        return os.getpid(), loaded.__globals__["LOADED"], data

    def loaded():
        # Counted where it is loaded: in the globals that all functions of this module share there.
        globals()["LOADED"] = globals().get("LOADED", 0) + 1

    driver = make_driver()
    driver.run(LocalProcesses(2), function, range(8))
    assert len(pickled) == 1
    assert {count for _, count, _ in driver.values().values()} == {1}


def test_nothing_is_left_in_the_temporary_folder(make_driver, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    data = np.zeros(300_000)
    seen = []
    driver = make_driver(lambda key: seen.append(list(tmp_path.iterdir())))
    driver.run(LocalProcesses(1), lambda payload, report: report() or data.sum(), [None])
    # Not even while it runs, so nothing can be left behind.
    assert seen == [[]]


@pytest.mark.parametrize("place", ["report", "value", "error"])
def test_what_cannot_be_carried_back_is_told(make_driver, place):
    class Unreadable:
        def __reduce__(self):
            return importlib.import_module, ("no_such_module",)

    def function(payload, report):
        if place == "report":
            report(Unreadable())
        if place == "error":
            raise ValueError(Unreadable())
        return Unreadable()

    driver = make_driver()
    driver.run(LocalProcesses(1), function, [None, None])
    for failure in driver.failures().values():
        assert failure.kind == "exception"
        if place == "error":
            assert failure.error is None
            assert failure.message.startswith("Traceback")
        else:
            assert f"{place} cannot be read outside its process" in failure.message
            assert "No module named 'no_such_module'" in failure.message
    assert len(driver.failures()) == 2


@pytest.mark.parametrize("place", ["report", "value", "error"])
def test_what_cannot_be_pickled_there_is_told(make_driver, place):
    def function(payload, report):
        lock = threading.Lock()
        if place == "report":
            report(lock)
        if place == "error":
            raise ValueError(lock)
        return lock

    driver = make_driver()
    driver.run(LocalProcesses(1), function, [None])
    failure = driver.failures()["0"]
    assert failure.kind == "exception"
    assert ("ValueError" if place == "error" else "cannot pickle '_thread.lock'") in failure.message
    assert (failure.error is None) == (place == "error")


def test_a_report_after_the_end_is_refused(make_driver):
    kept = []

    def function(payload, report):
        kept.append(report)
        return kept[0]() if payload else None

    driver = make_driver()
    driver.run(LocalProcesses(1), function, [0, 1])
    assert "until its function has returned" in driver.failures()["1"].message
    assert driver.reports == []


def test_threads_of_a_function_can_report(make_driver):
    def function(payload, report):
        answers = []
        threads = [
            threading.Thread(target=lambda number=number: answers.append((number, report(number))))
            for number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(answers)

    driver = make_driver(lambda key, number: -number)
    driver.run(LocalProcesses(1), function, [None])
    assert driver.values()["0"] == [(number, -number) for number in range(8)]


def test_a_function_that_cannot_be_loaded_is_told(make_driver):
    class Missing:
        def __reduce__(self):
            return importlib.import_module, ("no_such_module",)

    data = Missing()
    driver = make_driver()
    driver.run(LocalProcesses(2), lambda payload, report: data, range(3))
    assert {failure.kind for failure in driver.failures().values()} == {"start"}
    assert len(driver.failures()) == 3
    assert "No module named 'no_such_module'" in driver.failures()["0"].message


def program(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_an_interpreter_that_cannot_start_is_told(make_driver, monkeypatch, tmp_path):
    broken = program(tmp_path / "python", "echo no library >&2; exit 4")
    monkeypatch.setattr(sys, "executable", broken)
    driver = make_driver()
    driver.run(LocalProcesses(1), own_pid, [None, None])
    for failure in driver.failures().values():
        assert failure.kind == "start"
        assert "ended by itself with exit code 4 before it was ready" in failure.message
        assert failure.message.endswith("no library")
    assert len(driver.failures()) == 2


def test_an_interpreter_that_hangs_is_ended(make_driver, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", program(tmp_path / "python", "exec sleep 1000"))
    driver = make_driver()
    # Its task does not hold up the driver, though the channel has no room for it.
    driver.run(LocalProcesses(1, start_timeout=0.2), own_pid, [bytes(16 * MEGA)])
    assert driver.failures()["0"].kind == "start"
    assert "was not ready after 0.2 s" in driver.failures()["0"].message


def test_an_interpreter_that_is_missing_is_told(make_driver, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    driver = make_driver()
    driver.run(LocalProcesses(1), own_pid, [None])
    assert driver.failures()["0"].kind == "start"
    assert isinstance(driver.failures()["0"].error, FileNotFoundError)


def test_a_process_killed_while_it_starts_was_killed(make_driver, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", program(tmp_path / "python", "kill -9 $$"))
    driver = make_driver()
    driver.run(LocalProcesses(1), own_pid, [None])
    assert driver.failures()["0"].kind == "killed"


def hold(path):
    """Returns a function whose process, and one that it starts, hold a named pipe for ever."""

    def function(payload, report):
        end = os.open(path, os.O_WRONLY)
        with subprocess.Popen(["sleep", "1000"], pass_fds=[end]):
            os.write(end, b"x")
            report(os.getpid())
            threading.Event().wait()

    return function


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_no_process_is_left_after_an_exception(make_driver, holders, error):
    def on_report(key, pid):
        if len(driver.reports) == 2:
            raise error

    driver = make_driver(on_report)
    with pytest.raises(error):
        driver.run(LocalProcesses(2), hold(holders.path), range(4))
    holders.wait_for(2)
    holders.wait_for_none()
    assert not any(psutil.pid_exists(pid) for _, pid in driver.reports)


def test_what_a_killed_process_started_ends_with_it(make_driver, holders):
    driver = make_driver(lambda key, pid: kill(pid))
    driver.run(LocalProcesses(1), hold(holders.path), [None])
    assert driver.failures()["0"].kind == "killed"
    holders.wait_for(1)
    holders.wait_for_none()


def test_a_fork_that_lives_on_hides_no_death(make_driver, holders):
    path = holders.path

    def function(payload, report):
        end = os.open(path, os.O_WRONLY)
        if os.fork() == 0:
            os.write(end, b"x")
            threading.Event().wait()
        report(os.getpid())
        threading.Event().wait()

    def on_report(key, pid):
        holders.wait_for(1)
        kill(pid)

    driver = make_driver(on_report)
    driver.run(LocalProcesses(1, task_timeout=30), function, [None])
    assert driver.failures()["0"].kind == "killed"
    holders.wait_for_none()


def test_ctrl_c_does_not_reach_a_worker(make_driver):
    def function(payload, report):
        os.kill(os.getpid(), signal.SIGINT)
        return os.getpgid(0) == os.getpid()

    driver = make_driver()
    driver.run(LocalProcesses(1), function, [None])
    assert driver.values() == {"0": True}


def test_output_is_dropped(make_driver, capfd):
    def function(payload, report):
        print("out")
        print("err", file=sys.stderr)

    make_driver().run(LocalProcesses(1), function, [None])
    assert capfd.readouterr() == ("", "")


def test_output_is_passed_on_with_its_worker_and_task(make_driver):
    lines = []

    def function(payload, report):
        print(f"out {payload}\nmore")
        sys.stderr.write(f"err {payload}\n")
        # What was printed before is there when this has been answered.
        report()

    make_driver().run(LocalProcesses(1, echo=lines.append), function, [1, 2])
    texts = ["out 1", "more", "err 1", "out 2", "more", "err 2"]
    assert [printed.line for printed in lines] == texts
    assert [printed.key for printed in lines] == ["0"] * 3 + ["1"] * 3
    assert {printed.worker for printed in lines} == {"worker 0"}


def test_what_loading_the_function_prints_is_of_no_task(make_driver):
    class Loud:
        def __reduce__(self):
            return print, ("loads",)

    data, lines = Loud(), []

    def function(payload, report):
        print("runs", data)
        # Without an end: it comes when the process has ended.
        sys.stdout.write("ends")
        os._exit(1)

    make_driver().run(LocalProcesses(1, echo=lines.append), function, [None])
    told = [(printed.key, printed.line) for printed in lines]
    assert told == [(None, "loads"), ("0", "runs None"), ("0", "ends")]


def test_a_last_line_without_an_end_is_passed_on(make_driver):
    def function(payload, report):
        sys.stdout.write("so far")
        os._exit(1)

    lines = []
    make_driver().run(LocalProcesses(1, echo=lines.append), function, [None])
    assert lines == [Printed("worker 0", "0", "so far")]


def test_no_descriptor_is_left_where_there_are_too_few(make_driver, monkeypatch):
    def none_left():
        raise OSError("too many open files")

    before = psutil.Process().num_fds()
    monkeypatch.setattr("tfhpo.execution.process.os.pipe", none_left)
    driver = make_driver()
    driver.run(LocalProcesses(1), own_pid, [None])
    assert driver.failures()["0"].kind == "start"
    assert psutil.Process().num_fds() == before


def test_a_process_that_closes_its_output_goes_on(make_driver):
    def function(payload, report):
        os.close(1)
        os.close(2)
        return report()

    driver = make_driver(lambda key: "answer")
    driver.run(LocalProcesses(1, echo=print), function, [None])
    assert driver.values() == {"0": "answer"}


def test_each_worker_has_the_environment_of_its_slot(make_driver, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    names = ["CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "TF_FORCE_GPU_ALLOW_GROWTH"]
    seen = {}

    def function(payload, report):
        while not report({name: os.environ.get(name) for name in names}):
            pass

    def both_are_here(key, values):
        seen[key] = values
        return len(seen) == 2

    engine = LocalProcesses(2)
    driver = make_driver(both_are_here)
    driver.run(engine, function, range(2))
    by_worker = {driver.outcomes[key].worker: values for key, values in seen.items()}
    assert by_worker["worker 0"]["CUDA_VISIBLE_DEVICES"] == "3"
    assert by_worker["worker 1"]["CUDA_VISIBLE_DEVICES"] == "5"
    assert by_worker["worker 0"]["OMP_NUM_THREADS"] == engine.slots[0].env["OMP_NUM_THREADS"]
    assert by_worker["worker 0"]["TF_FORCE_GPU_ALLOW_GROWTH"] is None
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "3,5"


def test_a_worker_starts_with_nothing_loaded(make_driver):
    heavy = ["tensorflow", "keras", "keras_tuner", "pytest", "scipy", "joblib"]
    driver = make_driver()
    driver.run(
        LocalProcesses(1), lambda payload, report: sorted(set(heavy) & set(sys.modules)), [None]
    )
    assert driver.values() == {"0": []}


def test_a_payload_that_cannot_be_carried_is_refused(make_driver):
    with pytest.raises(ArgumentError, match=r"`list\[1\]`, a _thread.lock, cannot be carried"):
        make_driver().run(LocalProcesses(1), own_pid, [[1, threading.Lock()]])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tasks_per_process", 0),
        ("max_memory", -1),
        ("hard_memory", 0),
        ("task_timeout", 0),
        ("task_timeout", "10"),
        ("tasks_per_process", True),
        ("start_timeout", float("nan")),
    ],
)
def test_limits_are_positive(name, value):
    with pytest.raises(ArgumentError, match=rf"{name} is a positive number.*Received: {value!r}"):
        LocalProcesses(1, **{name: value})


def test_the_hard_bound_is_the_higher_one():
    with pytest.raises(ArgumentError, match="max_memory=2, hard_memory=1"):
        LocalProcesses(1, max_memory=2, hard_memory=1)


def test_errors_call_the_arguments_as_the_caller_does():
    names = Names(max_memory="soft", hard_memory="hard", cpus_per_task="cores")
    with pytest.raises(ArgumentError, match=r"^hard, which .* is at least soft.*soft=2, hard=1"):
        LocalProcesses(1, max_memory=2, hard_memory=1, names=names)
    with pytest.raises(ArgumentError, match=r"^hard is a positive number.*Received: 0"):
        LocalProcesses(1, hard_memory=0, names=names)
    with pytest.raises(ArgumentError, match=r"Received: cores=0"):
        LocalProcesses(1, cpus_per_task=0, names=names)


def test_windows_is_told_the_way_out(monkeypatch):
    monkeypatch.setattr(os, "name", "nt")
    with pytest.raises(ArgumentError, match="WSL 2"):
        LocalProcesses(1)
