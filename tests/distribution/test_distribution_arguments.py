"""What is refused before a strategy is made, and with what words."""

import pickle

import keras
import pytest

import tfhpo
from tfhpo.distribution import Distribution
from tfhpo.distribution.names import NAMES, REFUSED
from tfhpo.distribution.versions import TRIED, check_cluster_versions, check_measures_all
from tfhpo.errors import ArgumentError, DistributionError


class Given:
    """Stands for a strategy that another process made."""


def build(hp):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(hp.Int("units", 2, 4))])
    model.compile("sgd", "mse")
    return model


def searching(folder, kind=tfhpo.RandomSearch, **arguments):
    return kind(build, "val_loss", directory=folder, **arguments)


@pytest.fixture
def alone(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)


@pytest.mark.parametrize("name", REFUSED)
def test_what_keras_cannot_do_is_refused_with_a_way_out(name):
    with pytest.raises(DistributionError, match=rf"(?i)(use|give|train) .*Received: '{name}'"):
        Distribution(name)


def test_an_unknown_name_gets_its_closest_match():
    with pytest.raises(DistributionError, match=r"'miror'\. Did you mean 'mirrored'\?"):
        Distribution("miror")
    with pytest.raises(ArgumentError, match=f"one of {', '.join(map(repr, NAMES))}"):
        Distribution("horovod")


@pytest.mark.parametrize("given", [3, Given()])
def test_what_is_no_strategy_is_refused(given):
    with pytest.raises(DistributionError, match=r"must be a name, a tf.distribute.Strategy, or"):
        Distribution(given)


def test_a_function_must_return_a_strategy():
    with pytest.raises(DistributionError, match=r"must be a name.*Received: 7"):
        _ = Distribution(lambda: 7).strategy
    with pytest.raises(DistributionError, match="raised ZeroDivisionError: division by zero"):
        _ = Distribution(lambda: 1 / 0).strategy


def test_both_arguments_are_refused(tmp_path):
    with pytest.raises(DistributionError, match=r"not both. Received: 'mirrored' and"):
        searching(tmp_path, distribution="mirrored", distribution_strategy=Given())


def test_another_backend_is_refused(monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "jax")
    with pytest.raises(DistributionError, match=r"KERAS_BACKEND=tensorflow.*Received.*'jax'"):
        Distribution("mirrored")
    assert Distribution(None).strategy is None


def test_a_strategy_is_made_once_in_a_process():
    made = []

    def by_function():
        made.append(Distribution("one_device").strategy)
        return made[-1]

    first, second = Distribution(by_function), Distribution(by_function)
    assert not made  # Where nothing is trained there is nothing to make.
    assert first.strategy is second.strategy is Distribution("one_device").strategy
    assert len(made) == 1


def test_what_is_carried_to_another_process_holds_no_devices():
    distribution = Distribution("one_device")
    strategy = distribution.strategy
    carried = pickle.dumps(distribution)
    assert b"OneDevice" not in carried
    assert pickle.loads(carried).strategy is strategy  # It is this process that has made it.


def test_a_strategy_cannot_be_carried_to_workers(tmp_path):
    strategy = Distribution("one_device").strategy
    with pytest.raises(DistributionError, match=r"give its name.*or a function that returns it"):
        searching(tmp_path, workers=2, distribution_strategy=strategy)
    assert searching(tmp_path, distribution_strategy=strategy).distribution_strategy is strategy


def test_a_plain_multi_worker_strategy_is_refused(alone):
    import tensorflow as tf

    with pytest.raises(DistributionError, match="distribution='multi_worker_mirrored'"):
        Distribution(tf.distribute.MultiWorkerMirroredStrategy())


def test_a_cluster_needs_to_be_described(alone, monkeypatch):
    with pytest.raises(DistributionError, match="needs the environment variable TF_CONFIG"):
        _ = Distribution("multi_worker_mirrored").strategy
    monkeypatch.setenv("TF_CONFIG", "localhost")
    with pytest.raises(DistributionError, match=r"must be JSON.*Received: localhost"):
        _ = Distribution("multi_worker_mirrored").strategy


@pytest.mark.parametrize(
    ("kind", "arguments", "cause"),
    [
        (tfhpo.RandomSearch, {"workers": 2}, "leave out `workers`"),
        (tfhpo.RandomSearch, {"isolate": True}, "leave out `workers` and `isolate`"),
        (tfhpo.Hyperband, {}, "Received: HyperbandOracle, whose trials go on"),
    ],
)
def test_what_does_not_go_together_with_a_cluster(tmp_path, kind, arguments, cause):
    with pytest.raises(DistributionError, match=cause):
        searching(tmp_path, kind, distribution="multi_worker_mirrored", **arguments)


@pytest.mark.parametrize(
    ("installed", "refused"),
    [
        ({"keras": "3.10.0", "tensorflow": "2.18.1"}, None),
        ({"keras": "3.15.1", "tensorflow": "2.21.0rc1"}, None),
        ({"keras": "3.9.2", "tensorflow": "2.21.0"}, "keras 3.9.2"),
        ({"keras": "3.16.0", "tensorflow": "2.21.0"}, "keras 3.16.0"),
        ({"keras": "3.12.0", "tensorflow": "2.17.1"}, "tensorflow 2.17.1"),
    ],
)
def test_clusters_need_versions_that_were_tried(installed, refused):
    assert set(installed) == set(TRIED)
    if refused is None:
        check_cluster_versions(installed)
    else:
        with pytest.raises(DistributionError, match=f"install one of these.*Received: {refused}"):
            check_cluster_versions(installed)


def test_replicas_need_a_keras_that_measures_all_data():
    check_measures_all("3.10.0", 2)
    check_measures_all("3.9.2", 1)
    with pytest.raises(DistributionError, match=r"keras 3.9.2, 2 replicas"):
        check_measures_all("3.9.2", 2)
