"""How the tasks of a cluster meet; TensorFlow's coordination service is one that only notes."""

from types import SimpleNamespace

import pytest
import tensorflow as tf
from tensorflow.python.eager import context

from tfhpo.distribution.cluster_crew import ClusterCrew
from tfhpo.errors import DistributionError


class Service:
    """Notes the barriers that are waited at, and what the cluster is told."""

    def __init__(self):
        self.barriers, self.patience, self.told = [], [], []

    def wait_at_barrier(self, name, milliseconds):
        if name in self.barriers:
            raise AssertionError(f"{name} was passed before: nobody waits there again")
        self.barriers.append(name)
        self.patience.append(milliseconds / 1000)

    def report_error_to_cluster(self, code, message):
        self.told.append((code, message))


@pytest.fixture
def service(monkeypatch):
    made = Service()
    monkeypatch.setattr(context, "context", lambda: made)
    return made


def crew(**settings):
    return ClusterCrew(SimpleNamespace(leads=True), **settings)


def test_the_crews_of_one_program_never_share_a_barrier(service):
    for made in (crew(), crew()):
        for _ in range(2):
            made.meet()
    assert len(set(service.barriers)) == 4


def test_one_that_has_met_with_an_error_waits_a_minute_for_slower_ones(service):
    made = crew()
    made.meet()
    made.meet("OSError: disk full")
    assert service.patience == [600, 60]


def test_one_that_waits_in_vain_after_an_error_tells_the_others(service, monkeypatch):
    def in_vain(name, milliseconds):
        raise tf.errors.DeadlineExceededError(None, None, "nobody came")

    monkeypatch.setattr(service, "wait_at_barrier", in_vain)
    with pytest.raises(DistributionError, match="This one has met with: OSError: disk full"):
        crew().meet("OSError: disk full")
    assert service.told == [
        (tf.errors.ABORTED, "An error in one task alone: OSError: disk full"),
    ]
