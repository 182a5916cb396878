"""What all tests share: the same hypothesis examples on every machine, and readable asserts."""

import pytest
from hypothesis import settings

# The checks of these helper modules should fail as readably as those of the tests themselves.
pytest.register_assert_rewrite("conformance", "example_spaces", "chiefs")

settings.register_profile("tfhpo", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("tfhpo")


@pytest.fixture(scope="session")
def ray_nodes():
    """A cluster of two nodes of one core each, on this machine; yields it to kill nodes of it."""
    ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
        cluster = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
        )
        cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False)
        yield cluster
        ray.shutdown()
        cluster.shutdown()
