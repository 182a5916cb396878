"""What a build reads is what its trial used."""

import keras_tuner
import pytest
from driving import drive

from tfhpo.oracles import BayesianOracle
from tfhpo.oracles.hyperparameters import TrackedHyperParameters


@pytest.fixture
def hp():
    declared = keras_tuner.HyperParameters()
    declared.Int("n", 0, 9)
    declared.Float("x", 0, 1)
    declared.Choice("kind", ["a", "b"])
    with declared.name_scope("head"):
        declared.Boolean("skip")
    return TrackedHyperParameters.tracking(declared)


def test_nothing_read_is_all_used(hp):
    # A model of constants, or a `run_trial` that looks at the values itself.
    assert hp.active_read() == {"n": 0, "x": 0.0, "kind": "a", "head/skip": False}


@pytest.mark.parametrize(
    "read",
    [
        lambda hp: hp.Int("n", 0, 9),
        lambda hp: hp.get("n"),
        lambda hp: hp["n"],
        lambda hp: "n" in hp,
        lambda hp: hp.copy().Int("n", 0, 9),
        lambda hp: hp.copy().copy().get("n"),
    ],
)
def test_each_way_of_reading_counts(hp, read):
    read(hp)
    assert hp.active_read() == {"n": 0}


def test_a_false_value_is_read_under_its_whole_name(hp):
    with hp.name_scope("head"):
        hp.Boolean("skip")
    assert hp.active_read() == {"head/skip": False}
    assert "skip" not in hp


def test_a_closed_scope_reads_nothing(hp):
    with hp.conditional_scope("kind", ["b"]):
        assert hp.Int("deep", 1, 3) is None
    hp.Int("n", 0, 9)
    assert hp.active_read() == {"n": 0}


def test_tracking_changes_nothing_of_the_original(hp):
    copied = TrackedHyperParameters.tracking(hp, {"n": 5})
    copied.Int("late", 0, 9)
    assert copied.values == {"n": 5, "late": 0}
    assert "late" not in hp
    assert [one.name for one in hp.space] == ["n", "x", "kind", "head/skip"]


def test_the_bayesian_strategy_learns_the_conditions_of_plain_ifs_and_loops(placed):
    def build(hp):
        optimizer = hp.Choice("optimizer", ["sgd", "adam", "lamb"])
        loss = abs(hp.Float("rate", 0, 1) - 0.3) + 0.5
        if optimizer == "sgd":
            loss += abs(hp.Float("momentum", 0, 1) - 0.9) - 0.5
        return loss - sum(hp.Int(f"units_{i}", 1, 64) for i in range(hp.Int("layers", 1, 4))) / 256

    oracle = placed(BayesianOracle("loss", 99, seed=0))
    drive(oracle, build, 25)
    strategy = oracle._session.strategy
    strategy._notice()
    names = strategy.space.names
    learnt = {names[column]: condition for column, condition in strategy._undeclared.items()}
    assert str(learnt.pop("momentum")) == "optimizer in ['sgd']"
    assert {name: condition.parent for name, condition in learnt.items()} == dict.fromkeys(
        ("units_1", "units_2", "units_3"), "layers"
    )
