"""A search on a Ray cluster that loses a node."""

import threading

import keras
import pytest
from small_searches import classifier, random_search, searched

import tfhpo
from tfhpo.study import TrialStatus

pytestmark = pytest.mark.slow
pytest.importorskip("ray", reason="the extra `ray` is not installed")


class OnNode(keras.callbacks.Callback):
    """On one node, says so after the first epoch, and never ends the second one."""

    def __init__(self, node):
        super().__init__()
        self.node = node

    def on_epoch_end(self, epoch, logs=None):
        import ray

        here = ray.get_runtime_context().get_node_id() == self.node
        logs["on_node"] = float(here)
        if here and epoch:
            threading.Event().wait()


class Striking(tfhpo.tuners.SearchListener):
    """Takes the node away once a trial has told an epoch from there."""

    def __init__(self, strike):
        self.strike, self.lost = strike, None

    def on_epoch_end(self, trial, execution, epoch, metrics):
        if metrics["on_node"] and self.lost is None:
            self.lost = trial.number
            self.strike()


def test_a_lost_node_costs_one_attempt(tmp_path, ray_nodes):
    node = ray_nodes.add_node(num_cpus=1)
    ray_nodes.wait_for_nodes()
    striking = Striking(lambda: ray_nodes.remove_node(node, allow_graceful=False))
    tuner = random_search(
        tmp_path,
        classifier,
        max_trials=6,
        engine="ray",
        workers=3,
        max_retries_per_trial=1,
        listeners=[striking],
        checkpoints=2,
    )
    searched(tuner, callbacks=[OnNode(node.node_id)])
    trials = tuner.study().trials
    assert [trial.status for trial in trials] == [TrialStatus.COMPLETED] * 6
    attempts = {trial.number: trial.attempt for trial in trials}
    assert attempts == {number: int(number == striking.lost) for number in range(6)}
    assert len(tuner.get_best_models(2)) == 2


def test_as_many_workers_as_there_is_room_for(tmp_path, ray_nodes):
    tuner = searched(random_search(tmp_path, max_trials=3, engine="ray"))
    assert {trial.tuner_id for trial in tuner.study().trials} == {"tuner0-0", "tuner0-1"}
