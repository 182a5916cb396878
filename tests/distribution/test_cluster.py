"""Two processes that train every trial of a search together."""

import pytest
from distributed_searches import cluster, told

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def tasks(folder):
    return [told(process) for process in cluster("cluster_search.py", folder, -1, -1, -1)]


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
    epochs = [[one["loss"], one["val_loss"]] for curve in first["curves"] for one in curve]
    assert epochs == [losses for _, *losses in second["seen"]]
    assert "study.sqlite" in first["files"]
    assert "checkpoint.weights.h5" in first["files"]
    assert second["files"] == []


def test_the_best_model_belongs_to_the_first_task_alone(tasks):
    first, second = tasks
    assert first["variables"] == "ResourceVariable"
    assert first["again"] == pytest.approx(first["best"], rel=1e-5)
    assert "ask there, where `tuner.leads`" in second["refusal"]


def test_a_lost_task_ends_the_search_which_goes_on_until_ctrl_c(tmp_path):
    first, second = cluster("cluster_search.py", tmp_path, 1, -1, -1)
    second.communicate()
    found = told(first)
    assert "One has ended" in found["error"]
    # It costs no trial: the next search takes it up.
    assert found["statuses"][-1] == "RUNNING"
    lost = len(found["statuses"]) - 1
    again = cluster("cluster_search.py", tmp_path, -1, 1, -1)
    first, second = (told(task) for task in again)
    assert first["statuses"][lost] == "COMPLETED"
    assert first["statuses"][-1] == "RUNNING"
    # The epoch in which Ctrl-C was pressed came to its end, in both tasks.
    assert first["reason"] == "interrupted"
    assert first["error"] is second["error"] is None
    assert len(first["curves"][-1]) == 1
    assert first["seen"] == second["seen"]


def test_an_error_in_one_task_alone_ends_all_and_is_told(tmp_path):
    # Well below the time for which they wait where nothing is known to be wrong.
    first, second = (told(one, 300) for one in cluster("cluster_search.py", tmp_path, -1, -1, 1))
    cause = "OSError: The disk of this task is full."
    assert f"This one has met with: {cause}" in second["error"]
    assert f"An error in one task alone: {cause}" in first["error"]
    assert first["statuses"][-1] == "RUNNING"  # It costs no trial.
