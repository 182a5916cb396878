"""Configurations that the user wants tried first."""

import keras_tuner as kt
import numpy as np
import pytest
from driving import declare, drive, outcomes, run

from tfhpo.errors import ArgumentError
from tfhpo.oracles import (
    BayesianOracle,
    ElasticGridOracle,
    GeneticOracle,
    GridOracle,
    PolicyGradientOracle,
    RandomOracle,
    TPEOracle,
)

ORACLES = [
    RandomOracle,
    GridOracle,
    ElasticGridOracle,
    BayesianOracle,
    TPEOracle,
    GeneticOracle,
    PolicyGradientOracle,
]


def mixed(hp):
    kind = hp.Choice("kind", ["a", "b"])
    score = hp.Float("x", 0, 1, default=0.25) + hp.Int("n", 1, 50, sampling="log") / 50
    with hp.conditional_scope("kind", ["b"]):
        if kind == "b":
            score -= hp.Float("gain", 0.1, 1, step=0.1)
    return score


def declare_all(oracle):
    """Lets builds declare the conditional parameter, too, as a tuner does."""
    declare(oracle, mixed)
    declare(oracle, lambda hp: [hp.values.update(kind="b"), mixed(hp)])


@pytest.mark.parametrize("oracle", ORACLES)
def test_queued_configurations_come_first_and_teach(placed, oracle):
    search = placed(oracle("loss", 12, seed=0))
    declare_all(search)
    first = {"kind": "b", "x": 0.123456789, "n": 7, "gain": 0.4}
    search.enqueue(first)
    search.enqueue({"kind": "a", "n": np.int64(50)})
    values = drive(search, mixed)
    assert values[0] == first
    assert values[1] == {"kind": "a", "x": 0.25, "n": 50}
    assert len(values) == 12
    assert len({tuple(sorted(one.items())) for one in values}) == 12


def test_values_of_what_is_not_active_do_not_count(placed):
    oracle = placed(RandomOracle("loss", 1, seed=0))
    declare_all(oracle)
    oracle.enqueue({"kind": "a", "x": 0.5, "n": 1, "gain": 0.4})
    assert drive(oracle, mixed) == [{"kind": "a", "x": 0.5, "n": 1}]


def test_numbers_of_a_table_get_the_type_of_their_parameter(placed):
    oracle = placed(RandomOracle("loss", 1, seed=0))
    declare(oracle, mixed)
    oracle.enqueue({"kind": "a", "x": 1, "n": 3.0})
    (values,) = drive(oracle, mixed)
    assert values == {"kind": "a", "x": 1.0, "n": 3}
    assert (type(values["x"]), type(values["n"])) == (float, int)


def test_hyperparameters_of_another_search_can_be_queued(placed):
    first = placed(RandomOracle("loss", 5, seed=0), "first")
    drive(first, mixed)
    (best,) = first.get_best_trials()
    second = placed(RandomOracle("loss", 1, seed=1), "second")
    declare_all(second)
    second.enqueue(best.hyperparameters)
    assert drive(second, mixed) == [best.hyperparameters.values]


def test_a_script_that_runs_again_queues_nothing_twice(placed):
    def search(name, trials):
        oracle = placed(RandomOracle("loss", trials, seed=0), name)
        declare(oracle, mixed)
        oracle.enqueue({"kind": "a", "x": 0.5})
        oracle.enqueue({"kind": "a", "x": 0.75})
        drive(oracle, mixed)
        return oracle

    whole = search("whole", 6)
    with pytest.warns(UserWarning, match="1 of the queued configurations are not tried"):
        search("pieces", 1)
    for trials in (3, 6):
        pieces = search("pieces", trials)
    assert outcomes(pieces) == outcomes(whole)


def test_the_queue_survives_the_process(placed):
    oracle = placed(RandomOracle("loss", 4, seed=0))
    declare(oracle, mixed)
    trial = oracle.create_trial("tuner0")
    oracle.enqueue({"x": 0.5, "n": 3})
    run(oracle, trial, mixed)
    oracle.close()
    again = placed(RandomOracle("loss", 4, seed=0))
    (values, *_) = drive(again, mixed)
    assert (values["x"], values["n"]) == (0.5, 3)


def test_a_queue_that_waits_does_not_grow_by_running_again(placed):
    for _ in range(3):
        oracle = placed(RandomOracle("loss", 1, seed=0))
        declare(oracle, mixed)
        oracle.enqueue({"x": 0.5})
        oracle.enqueue({"x": 0.75})
        with pytest.warns(UserWarning, match="1 of the queued configurations are not tried"):
            drive(oracle, mixed)
    again = placed(RandomOracle("loss", 9, seed=0))
    declare(again, mixed)
    again.open()
    assert len(again._opened._queue.config()) <= 2


def test_a_queued_configuration_of_an_extended_space_stays_or_is_named(placed):
    oracle = placed(RandomOracle("loss", 4, seed=0))
    declare(oracle, mixed)
    trial = oracle.create_trial("tuner0")
    oracle.enqueue({"x": 0.9})
    oracle.enqueue({"x": 0.4, "n": 3})
    run(oracle, trial, mixed)
    oracle.close()
    again = placed(RandomOracle("loss", 4, seed=0, extend=True))
    declare(again, lambda hp: hp.Float("x", 0, 0.5) + hp.Int("n", 1, 50, sampling="log"))
    with pytest.warns(UserWarning, match=r"\{'x': 0.9\} does not fit"):
        trial = again.create_trial("tuner0")
    assert trial.hyperparameters.values == {"x": 0.4, "n": 3}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"x": 2.0}, r"parameter 'x': .*must be a number from 0.* to 1.*Received: 2.0"),
        ({"kind": "c"}, r"parameter 'kind': .*one of \['a', 'b'\].*Received: 'c'"),
        ({"n": "3"}, r"parameter 'n'.*Received: '3'"),
        ({"n": True}, r"parameter 'n': .*Received: True.*True and False are 1 and 0"),
        ([0.5], r"must be a dictionary.*Received: \[0.5\]. Enqueue its entries"),
    ],
)
def test_a_wrong_value_is_refused_at_once(placed, values, message):
    oracle = placed(RandomOracle("loss", 1, seed=0))
    declare(oracle, mixed)
    with pytest.raises(ArgumentError, match=message):
        oracle.enqueue(values)


def test_an_unknown_name_is_refused_before_the_first_trial(placed):
    oracle = placed(RandomOracle("loss", 1, seed=0))
    declare(oracle, mixed)
    oracle.enqueue({"knd": "a"})
    with pytest.raises(ArgumentError, match=r"Received: 'knd'. Did you mean 'kind'\?"):
        oracle.create_trial("tuner0")
    assert not oracle.study_path.exists()


def test_an_unknown_name_is_refused_at_once_in_mid_search(placed):
    oracle = placed(RandomOracle("loss", 3, seed=0))
    drive(oracle, mixed, trials=1)
    with pytest.raises(ArgumentError, match="Received: 'rate'"):
        oracle.enqueue({"rate": 0.1})


def test_values_may_be_given_before_the_space_is_known(placed):
    oracle = placed(RandomOracle(kt.Objective("loss", "min"), 1, seed=0))
    oracle.enqueue({"x": 2.0})
    declare(oracle, mixed)
    with pytest.raises(ArgumentError, match=r"Received: 2.0"):
        oracle.create_trial("tuner0")
