"""What all tests share: the same hypothesis examples everywhere, readable asserts, a fair division.

Several processes share the tests by files (`-n 2 --dist loadfile`, of pytest-xdist): what a file
sets up, it sets up once.
"""

import os
import signal

if "PYTEST_XDIST_WORKER" in os.environ:
    # Read when NumPy is loaded, below: each process a core, or they wait for one another.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

# The checks of these helper modules should fail as readably as those of the tests themselves.
pytest.register_assert_rewrite("conformance", "example_spaces", "chiefs")

# A shell ignores Ctrl-C for what it runs in its background, and so would all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("tfhpo", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("tfhpo")

# Each process loads TensorFlow, and the slow tests start others besides.
_MOST_PROCESSES = 4


def pytest_xdist_auto_num_workers():
    return min(os.cpu_count() or 1, _MOST_PROCESSES)


def pytest_configure(config):
    # Not the files of the most tests first, which take the least time.
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def ray_nodes():
    """A cluster of two nodes of one core each, on this machine; yields it to kill nodes of it."""
    ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
        # It would put another in the place of `print`, for all tests after a node's loss.
        environment.setenv("RAY_TQDM_PATCH_PRINT", "0")
        cluster = Cluster(
            initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False}
        )
        cluster.add_node(num_cpus=1)
        ray.init(address=cluster.address, log_to_driver=False)
        yield cluster
        ray.shutdown()
        cluster.shutdown()
