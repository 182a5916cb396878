"""What only a cluster can do: lose a node, have no room."""

import os
import re
import socket
import sys
import threading

import numpy as np
import pytest

from tfhpo.errors import ArgumentError, MissingExtraError

pytest.importorskip("ray", reason="the extra `ray` is not installed")

from tfhpo.execution import Names
from tfhpo.execution.ray import RayCluster
from tfhpo.execution.ray_connection import probe
from tfhpo.execution.ray_host import Host

pytestmark = pytest.mark.slow


def test_a_lost_node_costs_its_one_task(ray_nodes, make_driver):
    lost = []

    def on_report(key, node):
        if node == second.node_id and not lost:
            lost.append(key)
            ray_nodes.remove_node(second, allow_graceful=False)
        # That task goes on until its node is gone.
        return bool(lost) and key not in lost

    def function(payload, report):
        import ray

        while not report(ray.get_runtime_context().get_node_id()):
            pass
        return payload

    second = ray_nodes.add_node(num_cpus=1)
    ray_nodes.wait_for_nodes()
    driver = make_driver(on_report)
    driver.run(RayCluster(3), function, range(6))
    assert set(driver.failures()) == set(lost)
    assert driver.failures()[lost[0]].kind == "killed"
    # Which of these depends on whether Ray hears of the node or of the process first.
    causes = ("Its node was lost", "Its process or its node was lost", "Its process died")
    assert driver.failures()[lost[0]].message.startswith(causes)
    assert len(driver.outcomes) == 6


def test_a_task_that_hangs_is_ended(ray_nodes, make_driver):
    def function(payload, report):
        if payload:
            threading.Event().wait()
        return payload

    driver = make_driver()
    driver.run(RayCluster(1, task_timeout=3), function, [0, 1, 0])
    assert driver.failures().pop("1").kind == "timeout"
    assert len(driver.outcomes) == 3


@pytest.mark.parametrize("leave", [os._exit, sys.exit])
def test_an_actor_that_leaves_costs_its_task(ray_nodes, make_driver, leave):
    driver = make_driver()
    driver.run(RayCluster(1), lambda payload, report: payload and leave(payload), [3, 0])
    assert driver.failures()["0"].kind == "killed"
    cause, told = driver.failures()["0"].message.splitlines()
    assert cause.startswith("Its process died (process ")
    assert told.startswith("Ray says: ")
    assert driver.outcomes["1"].failure is None


def test_an_actor_is_replaced_after_some_tasks(ray_nodes, make_driver):
    driver = make_driver()
    engine = RayCluster(1, tasks_per_process=2)
    driver.run(engine, lambda payload, report: os.getpid(), range(3))
    pids = list(driver.values().values())
    assert pids[0] == pids[1] != pids[2]


def test_a_function_that_cannot_be_loaded_is_told(ray_nodes, make_driver):
    class Missing:
        def __reduce__(self):
            return __import__, ("no_such_module",)

    data = Missing()
    driver = make_driver()
    driver.run(RayCluster(1), lambda payload, report: data, [None, None])
    assert {failure.kind for failure in driver.failures().values()} == {"start"}
    cause = "Its actor could not load the function: ModuleNotFoundError: No module named 'no_such"
    assert driver.failures()["1"].message.startswith(cause)
    assert len(driver.failures()) == 2


def test_a_large_array_lies_in_the_store(ray_nodes, make_driver):
    data = {"large": np.zeros(300_000), "small": np.zeros(3)}

    def function(payload, report):
        return {name: array.flags.writeable for name, array in data.items()}

    driver = make_driver()
    driver.run(RayCluster(1), function, [None])
    assert driver.values()["0"] == {"large": False, "small": True}


def test_what_cannot_be_carried_is_named(ray_nodes, make_driver):
    lock = threading.Lock()
    with pytest.raises(ArgumentError, match=r"variable `lock`, a _thread.lock, which cannot"):
        make_driver().run(RayCluster(1), lambda payload, report: lock, [None])


def test_actors_that_may_share_a_gpu_share_its_memory(ray_nodes, make_driver):
    driver = make_driver()
    name = "TF_FORCE_GPU_ALLOW_GROWTH"
    driver.run(RayCluster(1), lambda payload, report: os.environ.get(name), [None])
    assert driver.values() == {"0": "true"}


THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


@pytest.mark.parametrize(("cores", "threads"), [(np.int64(1), "1"), (np.float32(0.5), "1")])
def test_an_actor_has_the_threads_of_its_cores(ray_nodes, make_driver, cores, threads):
    def function(payload, report):
        import threadpoolctl

        pools = {pool["num_threads"] for pool in threadpoolctl.threadpool_info()}
        return [os.environ.get(name) for name in THREADS], pools, "tensorflow" in sys.modules

    driver = make_driver()
    driver.run(RayCluster(1, cpus_per_task=cores), function, [None])
    variables, pools, is_loaded = driver.values()["0"]
    assert variables == [threads] * 3
    # NumPy's is loaded before the function; TensorFlow, which sees the variables, is not.
    assert pools <= {1}
    assert not is_loaded


@pytest.mark.parametrize(("asked", "given"), [({}, "4"), ({"OMP_NUM_THREADS": "3"}, "3")])
def test_the_environment_of_a_node_may_ask_for_fewer_threads(monkeypatch, asked, given):
    for name in THREADS:
        monkeypatch.delenv(name, raising=False)
    for name, value in asked.items():
        monkeypatch.setenv(name, value)
    Host({}, threads=4)
    assert [os.environ[name] for name in THREADS] == [given, "4", "4"]


def test_a_cluster_without_room_is_told(ray_nodes, make_driver):
    with pytest.raises(ArgumentError, match=r"0 GPUs, has no room.*gpus_per_task=1"):
        make_driver().run(RayCluster(gpus_per_task=1), lambda payload, report: None, [None])


@pytest.mark.parametrize(
    "arguments",
    [
        {"workers": 0},
        {"workers": True},
        {"workers": 1.5},
        {"workers": "many"},
        {"cpus_per_task": -1},
        {"cpus_per_task": 0},
        {"cpus_per_task": "1"},
        {"cpus_per_task": True},
        {"cpus_per_task": float("nan")},
        {"cpus_per_task": float("inf")},
        {"cpus_per_task": 1e-5},
        {"gpus_per_task": 1.5},
        {"gpus_per_task": 1e-5},
        {"gpus_per_task": float("nan")},
    ],
)
def test_arguments_are_checked(arguments):
    with pytest.raises(ArgumentError, match=f"Received: {next(iter(arguments))}="):
        RayCluster(**arguments)


def test_a_cluster_must_be_named(monkeypatch, make_driver):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr("ray.is_initialized", lambda: False)
    with pytest.raises(ArgumentError, match="RAY_ADDRESS"):
        make_driver().run(RayCluster(), lambda payload, report: None, [None])


@pytest.fixture
def _unconnected(monkeypatch):
    monkeypatch.setattr("ray.is_initialized", lambda: False)


@pytest.mark.usefixtures("_unconnected")
@pytest.mark.parametrize("form", ["127.0.0.1:{}", "ray://localhost:{}", "[::1]:{}"])
def test_an_address_where_nobody_listens_is_told_at_once(make_driver, monkeypatch, capfd, form):
    # Ray would wait for minutes, and tell of that on the standard error.
    monkeypatch.setattr("ray.init", lambda *_, **__: pytest.fail("Ray was asked"))
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        address = form.format(unheard.getsockname()[1])
        engine = RayCluster(address=address, names=Names(address="ray_address"))
        told = (
            rf"No Ray cluster can be reached.*refused.*Received: ray_address='{re.escape(address)}'"
        )
        with pytest.raises(ArgumentError, match=told):
            make_driver().run(engine, lambda payload, report: None, [None])
    assert capfd.readouterr() == ("", "")


@pytest.mark.usefixtures("_unconnected")
def test_what_ray_itself_refuses_is_told(make_driver, monkeypatch):
    def init(*_, **__):
        raise ConnectionError("no instance is running")

    monkeypatch.setattr("ray.init", init)
    with pytest.raises(ArgumentError, match=r"no instance is running.*Received: address='auto'"):
        make_driver().run(RayCluster(address="auto"), lambda payload, report: None, [None])


def test_the_address_of_a_cluster_is_heard(ray_nodes):
    probe(ray_nodes.address, "address")
    port = ray_nodes.address.rpartition(":")[2]
    probe(f"127.0.0.1:{port}", "address")
    # Forms without a port are Ray's to resolve.
    probe("auto", "address")


def test_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"tfhpo\[ray\]"):
        RayCluster()
