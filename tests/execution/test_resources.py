"""Who gets which GPU and how many threads."""

import os

import numpy as np
import pytest

from tfhpo.errors import ArgumentError
from tfhpo.execution import Names, find_gpus, slots, usable_cpus, visible_gpus
from tfhpo.execution.gpus import listed

LISTING = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f)
  MIG 3g.20gb     Device  0: (UUID: MIG-c7384736-a75d-5afc-978f-d2f1294409fd)
  MIG 3g.20gb     Device  1: (UUID: MIG-a28ad590-3fda-56dd-84fc-0a0b96edc58d)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-9a4ad2ab-6fb4-48a9-9f12-5d8f4c1b9d11)
"""


@pytest.fixture(autouse=True)
def _no_threads_asked_for(monkeypatch):
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        monkeypatch.delenv(name, raising=False)


def shares(found):
    return [slot.gpus for slot in found]


def test_auto_is_one_worker_per_core_without_gpus():
    found = slots("auto", gpus=[], cpus=6)
    assert [slot.name for slot in found] == [f"worker {index}" for index in range(6)]
    assert all(slot.env["OMP_NUM_THREADS"] == "1" for slot in found)
    # Nothing was found, so nothing is hidden; what there may be, such as other makers', is shared.
    assert all("CUDA_VISIBLE_DEVICES" not in slot.env for slot in found)
    assert all(slot.env["TF_FORCE_GPU_ALLOW_GROWTH"] == "true" for slot in found)


def test_auto_is_one_worker_per_gpu():
    found = slots("auto", gpus=["0", "1", "2"], cpus=8)
    assert shares(found) == [("0",), ("1",), ("2",)]
    assert [slot.env["CUDA_VISIBLE_DEVICES"] for slot in found] == ["0", "1", "2"]
    assert all("TF_FORCE_GPU_ALLOW_GROWTH" not in slot.env for slot in found)


def test_the_threads_are_divided():
    for slot in slots(3, gpus=[], cpus=8):
        assert slot.threads == 2
        assert slot.env["OMP_NUM_THREADS"] == "2"
        assert slot.env["TF_NUM_INTRAOP_THREADS"] == "2"
        assert slot.env["TF_NUM_INTEROP_THREADS"] == "2"
    assert [slot.threads for slot in slots(5, gpus=[], cpus=2)] == [1] * 5


def test_cores_can_be_asked_for():
    found = slots("auto", cpus_per_task=3, gpus=[], cpus=8)
    assert [slot.threads for slot in found] == [3, 3]
    assert all(slot.env["TF_NUM_INTRAOP_THREADS"] == "3" for slot in found)
    assert [slot.threads for slot in slots(2, cpus_per_task=1, gpus=[], cpus=8)] == [1, 1]


@pytest.mark.parametrize(("cores", "count"), [(None, 3), (1, 3), (4, 2), (8, 1)])
def test_auto_has_room_for_both_kinds(cores, count):
    found = slots("auto", cpus_per_task=cores, gpus=["0", "1", "2"], cpus=8)
    assert shares(found) == [(str(index),) for index in range(count)]


def test_few_cores_leave_no_gpu_idle_unasked():
    assert len(slots("auto", gpus=["0", "1", "2"], cpus=2)) == 3


@pytest.mark.parametrize(
    ("workers", "cores", "rule"),
    [
        (1, 0, "whole number of processor cores, at least 1.*Received: cpus_per_task=0"),
        (1, -1, "at least 1.*Received: cpus_per_task=-1"),
        (1, 1.5, "whole number.*Received: cpus_per_task=1.5"),
        (1, True, "whole number.*Received: cpus_per_task=True"),
        (1, "2", "whole number.*Received: cpus_per_task='2'"),
        (1, float("nan"), "whole number.*Received: cpus_per_task=nan"),
        (1, float("inf"), "whole number.*Received: cpus_per_task=inf"),
        ("auto", 5, "more processor cores than this process may use, 4.*cpus_per_task=5"),
        (3, 2, "With 2 .* room for 2 at a time on the 4 .*workers=3, cpus_per_task=2"),
    ],
)
def test_cores_that_cannot_be_given_are_refused(workers, cores, rule):
    with pytest.raises(ArgumentError, match=rf"(?s){rule}"):
        slots(workers, cpus_per_task=cores, gpus=[], cpus=4)


def test_errors_call_the_arguments_as_the_caller_does():
    names = Names(gpus_per_task="--gpus", cpus_per_task="--cpus")
    for arguments, told in (
        ({"gpus_per_task": 3}, "Received: --gpus=3"),
        ({"gpus_per_task": "x"}, "Received: --gpus='x'"),
        ({"workers": 3, "gpus_per_task": 1}, "such as --gpus=0.67, makes more, and --gpus=0 uses"),
        ({"cpus_per_task": 9}, "Received: --cpus=9"),
        ({"cpus_per_task": 0}, "Received: --cpus=0"),
        ({"workers": 4, "gpus_per_task": 0, "cpus_per_task": 2}, "without --cpus, more.*--cpus=2"),
    ):
        with pytest.raises(ArgumentError, match=told) as caught:
            slots(**{"workers": 1, **arguments}, gpus=["0", "1"], cpus=4, names=names)
        assert "_per_task" not in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "given"), [("1", "1"), ("64", "4"), ("4,2", "4"), ("", "4"), ("0", "4")]
)
def test_fewer_threads_may_be_asked_for(monkeypatch, asked, given):
    monkeypatch.setenv("OMP_NUM_THREADS", asked)
    assert slots(2, gpus=[], cpus=8)[0].env["OMP_NUM_THREADS"] == given


@pytest.mark.parametrize(
    ("share", "each"), [(0.5, 2), (1 / 3, 3), (0.3, 3), (0.34, 2), (0.6, 1), (0.1, 10)]
)
def test_a_gpu_can_be_shared(share, each):
    found = slots("auto", share, gpus=["0", "1"], cpus=4)
    assert shares(found) == [("0",), ("1",)] * each
    assert all(slot.env["TF_FORCE_GPU_ALLOW_GROWTH"] == "true" for slot in found)
    assert all(slot.env["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false" for slot in found)


def test_several_gpus_can_be_had():
    found = slots("auto", 2, gpus=["0", "1", "2", "3", "4"], cpus=4)
    assert [slot.env["CUDA_VISIBLE_DEVICES"] for slot in found] == ["0,1", "2,3"]


@pytest.mark.parametrize(
    ("workers", "each"), [(1, [4]), (2, [2, 2]), (3, [1, 1, 1]), ("auto", [1, 1, 1, 1])]
)
def test_a_given_number_of_workers_leaves_few_gpus_idle(workers, each):
    found = slots(workers, gpus=["0", "1", "2", "3"], cpus=4)
    assert [len(slot.gpus) for slot in found] == each


def test_gpus_can_be_hidden():
    found = slots("auto", 0, gpus=["0"], cpus=2)
    assert [slot.env["CUDA_VISIBLE_DEVICES"] for slot in found] == ["-1", "-1"]


def test_a_number_of_workers_may_be_numpys():
    assert [slot.threads for slot in slots(np.int64(2), gpus=[], cpus=4)] == [2, 2]


def test_few_workers_use_different_gpus():
    assert shares(slots(2, 0.5, gpus=["0", "1"], cpus=4)) == [("0",), ("1",)]


@pytest.mark.parametrize(
    ("workers", "share", "rule"),
    [
        (0, None, "at least 1.*Received: workers=0"),
        (True, None, "at least 1.*Received: workers=True"),
        (1.5, None, "at least 1.*Received: workers=1.5"),
        ("many", None, "at least 1.*Received: workers='many'"),
        (1, -0.5, "a share of one.*Received: gpus_per_task=-0.5"),
        (1, 1.5, "a share of one.*Received: gpus_per_task=1.5"),
        (1, float("nan"), "a share of one.*Received: gpus_per_task=nan"),
        (1, float("inf"), "a share of one.*Received: gpus_per_task=inf"),
        (1, "1", "a share of one.*Received: gpus_per_task='1'"),
        (1, True, "a share of one.*Received: gpus_per_task=True"),
        (1, 3, "more GPUs than this process may use, 2.*gpus_per_task=3"),
        (4, None, "room for 2 at a time on the 2.*gpus_per_task=0.5.*Received: workers=4"),
        (5, 0.5, "room for 4 at a time.*gpus_per_task=0.4.*Received: workers=5"),
    ],
)
def test_what_cannot_be_given_is_refused(workers, share, rule):
    with pytest.raises(ArgumentError, match=rf"(?s){rule}"):
        slots(workers, share, gpus=["0", "1"], cpus=4)


@pytest.mark.parametrize(
    ("value", "gpus"),
    [
        ("0,2", ["0", "2"]),
        ("GPU-1f, MIG-2e", ["GPU-1f", "MIG-2e"]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("1,-1,2", ["1"]),
    ],
)
def test_the_environment_names_the_gpus(monkeypatch, value, gpus):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert visible_gpus() == gpus


def test_the_listing_names_gpus_and_their_parts():
    assert listed(LISTING) == [
        "MIG-c7384736-a75d-5afc-978f-d2f1294409fd",
        "MIG-a28ad590-3fda-56dd-84fc-0a0b96edc58d",
        "GPU-9a4ad2ab-6fb4-48a9-9f12-5d8f4c1b9d11",
    ]
    assert listed("No devices found.\n") == []


@pytest.mark.parametrize(
    ("text", "count"), [(f"cat <<'END'\n{LISTING}END", 3), ("echo no driver >&2; exit 9", 0)]
)
def test_the_driver_is_asked(monkeypatch, tmp_path, text, count):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert len(visible_gpus()) == count


@pytest.fixture
def driver(monkeypatch, tmp_path):
    """Returns what puts GPUs, by their minor numbers, into a system without nvidia-smi."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("tfhpo.execution.gpus._DRIVER", tmp_path / "gpus")
    monkeypatch.setattr("tfhpo.execution.gpus._DEVICES", tmp_path)

    def install(known, present):
        for minor in known:
            folder = tmp_path / "gpus" / f"0000:0{minor}:00.0"
            folder.mkdir(parents=True)
            text = f"Model: \t\t NVIDIA H200\nIRQ:   \t\t 9\nDevice Minor: \t {minor}\n"
            (folder / "information").write_text(text)
        for minor in present:
            (tmp_path / f"nvidia{minor}").touch()

    return install


def test_no_driver_is_no_gpu(driver):
    driver([], [0])
    assert visible_gpus() == []


@pytest.mark.parametrize(
    ("known", "present", "names"),
    [([0, 1], [0, 1], ["0", "1"]), ([0, 1, 2], [1, 2], ["0", "1"]), ([0], [], [])],
)
def test_the_drivers_folder_is_the_fall_back(driver, tmp_path, known, present, names):
    driver(known, present)
    assert find_gpus() == (names, str(tmp_path / "gpus"))


def test_a_gpu_whose_file_cannot_be_read_is_none(driver, tmp_path):
    driver([0, 1], [0, 1])
    file = tmp_path / "gpus" / "0000:00:00.0" / "information"
    file.unlink()
    # Reading a folder fails for every user, a superuser too.
    file.mkdir()
    assert find_gpus().names == ["0"]


def test_the_cores_are_those_that_this_process_may_use():
    assert 1 <= usable_cpus() <= (os.cpu_count() or 1)
