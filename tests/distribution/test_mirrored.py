"""Trials on two and on four logical devices of the CPU, beside the same trials on one."""

import pytest
from distributed_searches import started, told

pytestmark = pytest.mark.slow

# Replicas add up what one device adds up at once: in another order, so with other rounding, which
# eight steps of Adam carry on.
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What the processes found, by their number of devices."""
    folder = tmp_path_factory.mktemp("mirrored")
    return {
        count: told(started("mirrored_trials.py", folder / str(count), count)) for count in (2, 4)
    }


@pytest.mark.parametrize("count", [2, 4])
def test_a_mirrored_model_has_a_replica_on_each_device(found, count):
    assert found[count]["devices"] == [f"CPU:{number}" for number in range(count)]
    assert found[count]["replicated"]["replicas"] == count
    assert found[count]["replicated"]["variables"] == "MirroredVariable"


@pytest.mark.parametrize("count", [2, 4])
def test_replicas_find_what_one_device_finds(found, count):
    one, several = found[2]["one"], found[count]["replicated"]
    assert several["statuses"] == ["COMPLETED"] * 2, several["messages"]
    for curve, same in zip(one["curves"], several["curves"], strict=True):
        assert len(curve) == len(same) == 2
        for epoch, again in zip(curve, same, strict=True):
            assert {"loss", "val_loss", "accuracy", "val_accuracy", "learning_rate"} <= set(epoch)
            assert again == pytest.approx(epoch, rel=TOLERANCE)


@pytest.mark.parametrize("count", [2, 4])
def test_the_best_model_comes_back_as_it_was(found, count):
    several = found[count]["replicated"]
    assert several["again"] == pytest.approx(several["best"], rel=1e-5)


@pytest.mark.parametrize("count", [2, 4])
def test_a_schedule_goes_on_over_the_epochs(found, count):
    for curve in found[count]["replicated"]["curves"]:
        first, second = (epoch["learning_rate"] for epoch in curve)
        assert 0.0 < second < first


@pytest.mark.parametrize("count", [2, 4])
def test_the_winner_is_trained_again(found, count):
    best = found[count]["replicated"]["best"]
    assert min(found[count]["refitted"]) == pytest.approx(best, rel=TOLERANCE)


def test_a_name_and_a_strategy_are_the_same_search(found):
    assert found[2]["given"]["curves"] == found[2]["replicated"]["curves"]


def test_trials_go_on_from_the_states_of_others(found):
    rungs = found[2]["rungs"]
    assert rungs["statuses"] == ["COMPLETED"] * 6, rungs["messages"]
    assert set(rungs["first_epochs"]) > {0}


def test_statistics_that_replicas_do_not_share_are_told_of(found):
    (message,) = found[2]["warned"]
    assert "BatchNormalization(synchronized=True). Received: batch_normalization" in message
