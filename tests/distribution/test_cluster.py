"""Two processes that train every trial of a search together."""

import pytest
from distributed_searches import cluster, told

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def lost(folder):
    """What the first task found, whose other ended in its second training."""
    first, second = cluster("cluster_search.py", folder, 1, -1, -1)
    second.communicate()
    return told(first)


@pytest.fixture(scope="module")
def tasks(folder, lost):
    """What both found that went on from there, first until Ctrl-C, and then to the end."""
    return [told(process) for process in cluster("cluster_search.py", folder, -1, 1, -1)]


def test_both_tasks_train_the_same_trials(tasks):
    first, second = tasks
    assert (first["leads"], second["leads"]) == (True, False)
    assert first["error"] is second["error"] is None
    assert first["seen"] == second["seen"] != []


def test_the_first_task_keeps_what_is_found(tasks):
    first, second = tasks
    assert first["reason"] == "max_trials"
    assert set(first["statuses"]) == {"COMPLETED", "FAILED"}
    assert len(first["statuses"]) == 5
    for status, message, curve in zip(
        first["statuses"], first["messages"], first["curves"], strict=True
    ):
        assert status == "COMPLETED" or "This configuration cannot be built." in message
        assert bool(curve) == (status == "COMPLETED")
    # The last trial is one that both have trained here.
    epochs = [[one["loss"], one["val_loss"]] for one in first["curves"][-1]]
    assert epochs == [losses for _, *losses in second["seen"][-len(epochs) :]]
    assert "study.sqlite" in first["files"]
    assert "checkpoint.weights.h5" in first["files"]
    assert second["files"] == []


def test_the_best_model_belongs_to_the_first_task_alone(tasks):
    first, second = tasks
    assert first["variables"] == "ResourceVariable"
    assert first["again"] == pytest.approx(first["best"], rel=1e-5)
    assert "ask there, where `tuner.leads`" in second["refusal"]


def test_a_lost_task_ends_the_search_and_costs_no_trial(lost, tasks):
    assert "One has ended" in lost["error"]
    assert lost["statuses"][-1] == "RUNNING"
    assert tasks[0]["interrupted"]["statuses"][len(lost["statuses"]) - 1] == "COMPLETED"


def test_ctrl_c_ends_both_after_the_epoch(tasks):
    first, second = (task["interrupted"] for task in tasks)
    assert first["reason"] == "interrupted"
    assert first["error"] is second["error"] is None
    assert first["statuses"][-1] == "RUNNING"
    assert len(first["curves"][-1]) == 1
    assert first["epochs"] == second["epochs"]


def test_an_error_in_one_task_alone_ends_all_and_is_told(tmp_path):
    # Well below the time for which they wait where nothing is known to be wrong.
    first, second = (told(one, 300) for one in cluster("cluster_search.py", tmp_path, -1, -1, 1))
    cause = "OSError: The disk of this task is full."
    assert f"This one has met with: {cause}" in second["error"]
    assert f"An error in one task alone: {cause}" in first["error"]
    assert first["statuses"][-1] == "RUNNING"  # It costs no trial.
