"""Several trials at a time, each on several devices: two processes of two logical devices."""

import pytest
from distributed_models import FIT, X, Y, normalised

import tfhpo
from tfhpo.errors import DistributionError
from tfhpo.study import TrialStatus

pytestmark = pytest.mark.slow


def two_devices():
    """A strategy in a process of two logical devices, which this process does not have."""
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def searching(folder, distribution):
    def build(hp):
        import os

        import tensorflow as tf

        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        (folder / f"{os.getpid()} {replicas}").touch()
        return normalised(hp)

    return tfhpo.RandomSearch(
        build, "val_loss", 4, seed=0, directory=folder, workers=2, distribution=distribution
    )


def test_each_worker_makes_the_strategy_of_its_own_devices(tmp_path):
    tuner = searching(tmp_path, two_devices)
    tuner.search(X, Y, epochs=2, **FIT)
    study = tuner.study()
    assert [trial.status for trial in study.trials] == [TrialStatus.COMPLETED] * 4
    replicas = {path.name.split()[1] for path in tmp_path.glob("* *")}
    assert replicas == {"1", "2"}  # One in this process, which only looks for the space.
    assert len(list(tmp_path.glob("* 2"))) == 2
    assert tuner.distribution_strategy is None
    model = tuner.get_best_models()[0]
    again = model.evaluate(X[:20], Y[:20], verbose=0)[0]
    assert again == pytest.approx(study.best()[0].score, rel=1e-5)


def test_a_strategy_that_no_worker_can_make_ends_the_search(tmp_path):
    tuner = searching(tmp_path, lambda: 1 / 0)
    with pytest.raises(DistributionError, match="raised ZeroDivisionError"):
        tuner.search(X, Y, epochs=2, **FIT)
