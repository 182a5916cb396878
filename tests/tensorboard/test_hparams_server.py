"""The real TensorBoard on a search with all its fates (see `recorded_search`), by its endpoints."""

import pytest
import recorded_search as search

from tfhpo.tensorboard import HParamsLogger

pytestmark = pytest.mark.slow

SUCCESS, FAILURE, RUNNING = "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_UNKNOWN"
FAILED = {"0012", "0013", "0014", "0017"}
# TensorBoard keeps scalars as 32-bit floats.
CLOSE = {"rel": 1e-6}


@pytest.fixture(scope="module", params=["rust", "python"])
def board(request, tensorboard_server, tmp_path_factory):
    logdir = tmp_path_factory.mktemp("logs")
    search.first_process(logdir)
    search.second_process(logdir)
    board = tensorboard_server(logdir, fast=request.param == "rust")
    board.wait_until(lambda: len(board.session_groups()) == 20)
    board.wait_until(lambda: len(board.get("data/runs")) == 27)
    return board


def metrics_of(owner):
    return {value["name"]["tag"]: value["value"] for value in owner["metricValues"]}


def expected_status(name):
    if name in FAILED:
        return FAILURE
    return RUNNING if name == "0019" else SUCCESS


def test_every_session_shows_its_status(board):
    shown = {
        session["name"]: session["status"]
        for group in board.session_groups().values()
        for session in group["sessions"]
    }
    expected = {}
    for number in range(20):
        name = f"{number:04d}"
        completed = number not in (12, 17, 19)
        for execution in range(search.executions(number) if completed else 1):
            suffix = "-repeat1" if name == "0018" else ""
            expected[f"{name}/execution{execution}{suffix}"] = expected_status(name)
    assert shown == expected


def test_every_group_shows_the_values_that_its_build_read(board):
    for name, group in board.session_groups().items():
        expected = search.trial(int(name)).values
        assert group["hparams"] == pytest.approx(expected), name
        assert ("momentum" in group["hparams"]) == (expected["optimizer"] == "sgd")


def test_every_session_shows_its_best_objective_not_its_last(board):
    for name, group in board.session_groups().items():
        for execution, session in enumerate(group["sessions"]):
            metrics = metrics_of(session)
            if expected_status(name) == SUCCESS:
                best = search.score(int(name), execution)
                assert metrics["best/val_accuracy"] == pytest.approx(best, **CLOSE)
                assert metrics["val_accuracy"] == pytest.approx(best - 0.05, **CLOSE)
            else:
                assert "best/val_accuracy" not in metrics


def test_a_group_shows_the_mean_over_its_executions(board):
    mean = (search.score(3, 0) + search.score(3, 1)) / 2
    group = board.session_groups()["0003"]
    assert metrics_of(group)["best/val_accuracy"] == pytest.approx(mean, **CLOSE)


def test_sessions_sort_by_the_best_objective(board):
    column = {"metric": {"tag": "best/val_accuracy"}, "order": "ORDER_DESC"}
    order = [name for name in board.session_groups(column) if expected_status(name) == SUCCESS]
    board_best = {name: metrics_of(group) for name, group in board.session_groups().items()}
    assert order == sorted(order, key=lambda name: -board_best[name]["best/val_accuracy"])
    assert len(order) == 15


def test_ticking_a_listed_number_finds_its_trials_whatever_their_rounding(board):
    column = {"hparam": "dropout", "filterDiscrete": [0.3]}
    assert list(board.session_groups(column)) == ["0003", "0009", "0015"]


def test_the_experiment_shows_domains_and_metrics(board):
    experiment = board.experiment()
    columns = {info["name"]: info for info in experiment["hparamInfos"]}
    assert list(columns)[:5] == ["batch_norm", "dropout", "learning_rate", "optimizer", "units"]
    assert list(columns)[5:] == ["decay", "momentum"]
    assert columns["learning_rate"]["domainInterval"] == {"minValue": 1e-4, "maxValue": 1e-1}
    assert columns["units"]["domainInterval"] == {"minValue": 32, "maxValue": 512}
    assert columns["decay"]["domainInterval"] == {"minValue": 1e-6, "maxValue": 1e-3}
    assert columns["dropout"]["domainDiscrete"] == [0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert columns["batch_norm"]["domainDiscrete"] == [False, True]
    assert columns["optimizer"]["domainDiscrete"] == ["adam", "sgd"]
    shown = [info["displayName"] for info in experiment["metricInfos"]]
    assert shown == ["best val_accuracy", *search.METRICS]


def test_the_scalars_of_every_epoch_lie_in_the_session_s_run(board):
    tags = board.get("data/plugin/scalars/tags")
    assert set(tags["0000/execution1"]) == {*search.METRICS, "learning_rate", "best/val_accuracy"}
    points = board.get("data/plugin/scalars/scalars?run=0000/execution1&tag=learning_rate")
    expected = [(epoch, 1e-4 * 0.5**epoch) for epoch in range(search.EPOCHS)]
    assert [(step, value) for _, step, value in points] == [
        (step, pytest.approx(value, **CLOSE)) for step, value in expected
    ]


@pytest.mark.parametrize("fast", [True, False], ids=["rust", "python"])
def test_a_running_tensorboard_follows_growth_and_resumption(tensorboard_server, tmp_path, fast):
    logger = HParamsLogger(tmp_path)
    logger.on_search_begin(search.FIRST_SPACE, search.OBJECTIVE, "max", search.METRICS)
    logger.on_execution_begin(search.trial(1), 0)
    search.run_epochs(logger, search.trial(1), 0, epochs=3)
    board = tensorboard_server(tmp_path, fast=fast)
    board.wait_until(board.session_groups)
    assert "momentum" not in [info["name"] for info in board.experiment()["hparamInfos"]]

    logger.on_search_end(search.SPACE)
    board.wait_until(
        lambda: "momentum" in [info["name"] for info in board.experiment()["hparamInfos"]]
    )

    resumed = HParamsLogger(tmp_path)
    resumed.on_search_begin(search.SPACE, search.OBJECTIVE, "max", search.METRICS)
    search.complete(resumed, search.trial(1, attempt=1))
    board.wait_until(
        lambda: (
            [
                (session["name"], session["status"])
                for session in board.session_groups().get("0001", {"sessions": []})["sessions"]
            ]
            == [("0001/execution0-repeat1", SUCCESS)]
        )
    )
