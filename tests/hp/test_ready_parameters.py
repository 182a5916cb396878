"""The recommended ranges, parameter by parameter."""

import inspect

import keras_tuner as kt
import pytest
from hp_spaces import holding, names, parameter

from tfhpo import hp as ready
from tfhpo.errors import ArgumentError
from tfhpo.oracles.hyperparameters import TrackedHyperParameters
from tfhpo.space import FloatRange, Kind, Levels, Steps

RATES = {
    "sgd": (1e-2, 1e-1),
    "momentum": (1e-3, 1e-2),
    "nesterov": (1e-3, 1e-2),
    "adagrad": (1e-3, 1e-2),
    "adadelta": (1e-2, 1e-1),
    "rmsprop": (1e-3, 1e-2),
    "adam": (1e-3, 1e-2),
    "adamw": (1e-3, 1e-2),
    "adamax": (1e-3, 1e-2),
    "nadam": (1e-3, 1e-2),
    "lion": (1e-4, 3e-3),
}
# All that declare something of their own; `kernel_size` and `elastic_net` among them.
DECLARING = [
    *(ready.learning_rate, ready.batch_size, ready.dropout, ready.weight_decay, ready.momentum),
    *(ready.kernel_size, ready.auxiliary_loss_weight, ready.elastic_net, ready.optimizer),
]
FIXED = [ready.beta_1, ready.beta_2, ready.epsilon]


@pytest.mark.parametrize("optimizer", ready.OPTIMIZERS)
def test_learning_rates(optimizer):
    low, high = RATES[optimizer]
    assert parameter(ready.learning_rate, optimizer).domain == FloatRange(low, high, "log")
    tuned = parameter(ready.learning_rate, optimizer, fine_tuning=True).domain
    # Two orders of magnitude below at the one end, one at the other.
    assert tuned.bounds == pytest.approx((low / 100, high / 10), rel=1e-12)
    assert tuned.scale == "log"


def test_batch_sizes_are_ordered_powers_of_two():
    one = parameter(ready.batch_size)
    sizes = [one.domain.value_of_index(index) for index in range(one.domain.size)]
    assert sizes == [2**power for power in range(11)]
    assert one.domain.kind is Kind.INTEGER
    assert one.default == 32


@pytest.mark.parametrize(
    ("minimum", "maximum", "start"), [(64, 256, 64), (2, 16, 16), (1, 8192, 32), (8, 8, 8)]
)
def test_batch_sizes_in_bounds_of_the_users(minimum, maximum, start):
    one = parameter(ready.batch_size, minimum=minimum, maximum=maximum)
    assert one.domain == Steps(minimum, maximum, 2, "log")
    hp = kt.HyperParameters()
    assert ready.batch_size(hp, minimum=minimum, maximum=maximum) == start


def test_dropout_rates():
    assert parameter(ready.dropout).domain == FloatRange(0.0, 0.5)
    assert parameter(ready.dropout, dense=True).domain == FloatRange(0.2, 0.5)


def test_bounds_of_the_users():
    rates = parameter(ready.learning_rate, "adam", minimum=1e-5, fine_tuning=True)
    assert rates.domain == FloatRange(1e-5, 1e-3, "log")
    assert parameter(ready.learning_rate, maximum=0.5).domain == FloatRange(1e-3, 0.5, "log")
    assert parameter(ready.dropout, minimum=0.1, maximum=0.8).domain == FloatRange(0.1, 0.8)
    wide = parameter(ready.momentum, minimum=0.0, maximum=0.997)
    assert wide.domain.values == (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.997)
    low = parameter(ready.momentum, minimum=0.3, maximum=0.6)
    assert (low.domain.values, low.default) == ((0.3, 0.5, 0.6), 0.6)


def test_weight_decays_have_an_explicit_0_below_a_log_scale():
    levels = (0.0, 1e-6, 3.2e-6, 1e-5, 3.2e-5, 1e-4)
    assert parameter(ready.weight_decay).domain == Levels(levels, ordered=True)
    wider = parameter(ready.weight_decay, maximum=1e-3).domain
    assert wider.values[-3:] == (1e-4, 3.2e-4, 1e-3)
    assert parameter(ready.weight_decay, minimum=5e-4, maximum=6e-4).domain.size == 3


def test_momenta_are_around_0_9():
    one = parameter(ready.momentum)
    assert one.domain == Levels((0.8, 0.9, 0.95, 0.98, 0.99), ordered=True)
    assert one.default == 0.9


@pytest.mark.parametrize(
    ("fixed", "value"), [(ready.beta_1, 0.9), (ready.beta_2, 0.999), (ready.epsilon, 1e-8)]
)
def test_adams_numbers_are_fixed_unless_asked_for(fixed, value):
    hp = kt.HyperParameters()
    assert fixed(hp) == value
    assert hp.space == []
    assert fixed(hp, tune=True) == value
    assert names(hp) == [fixed.__name__]
    assert value in parameter(fixed, tune=True).domain


def test_auxiliary_losses_weigh_within_two_orders_of_magnitude_of_the_main_one():
    assert parameter(ready.auxiliary_loss_weight).domain == FloatRange(1e-2, 1e2, "log")
    one = parameter(ready.auxiliary_loss_weight, main=5.0)
    assert one.domain.bounds == pytest.approx((0.05, 500))
    assert one.default == 5.0


@pytest.mark.parametrize("declare", [*DECLARING, *FIXED])
def test_each_has_a_source_an_own_name_and_a_documented_argument_list(declare):
    doc = inspect.getdoc(declare)
    assert any(str(year) in doc for year in range(1990, 2026)), "names no source"
    for name in set(inspect.signature(declare).parameters) - {"kwargs"}:
        assert f"{name}:" in doc
    hp = kt.HyperParameters()
    declare(hp, name="own", **({"tune": True} if declare in FIXED else {}))
    assert all(name.startswith("own") for name in names(hp))


@pytest.mark.parametrize("declare", DECLARING)
@pytest.mark.parametrize("make", [kt.HyperParameters, TrackedHyperParameters])
def test_nothing_comes_of_a_scope_that_is_not_active(declare, make):
    hp = make()
    hp.Boolean("wanted")
    with hp.conditional_scope("wanted", [True]):
        assert declare(hp) is None
    assert len(hp.space) > 1
    assert list(hp.values) == ["wanted"]


def test_name_scopes_stand_before_the_names():
    hp = kt.HyperParameters()
    with hp.name_scope("critic"):
        ready.optimizer(hp, ["adam", "sgd"])
    assert names(hp) == [
        "critic/optimizer",
        "critic/adam_learning_rate",
        "critic/sgd_learning_rate",
    ]


def test_the_values_of_a_trial_are_returned_and_read():
    hp = holding(batch_size=256, dropout=0.25)
    assert ready.batch_size(hp) == 256
    assert ready.dropout(hp) == 0.25
    assert hp.read == {"batch_size", "dropout"}


@pytest.mark.parametrize(
    ("declare", "arguments", "told"),
    [
        (
            ready.learning_rate,
            {"optimizer": "adm"},
            r"must be one of sgd.*'adm'. Did you mean 'adam",
        ),
        (ready.learning_rate, {"optimizer": "Adam"}, r"Received: 'Adam'. Did you mean 'adam'"),
        (ready.learning_rate, {"optimizer": None}, r"Received: None"),
        (ready.learning_rate, {"fine_tuning": "yes"}, r"True or False.*fine_tuning='yes'"),
        (ready.dropout, {"dense": 1}, r"`dense` must be True or False.*dense=1"),
        (ready.beta_1, {"tune": "yes"}, r"`tune` must be True or False.*tune='yes'"),
        (ready.beta_2, {"tune": None}, r"`tune` must be True or False.*tune=None"),
        (ready.epsilon, {"tune": 1}, r"`tune` must be True or False.*tune=1"),
        (ready.learning_rate, {"name": ""}, r"`name` must be a string, not empty. Received: ''"),
        (ready.batch_size, {"minimum": 0}, r"`minimum` must be an integer from 1.*minimum=0"),
        (ready.batch_size, {"minimum": 3}, r"`minimum` of a batch size must be a power of two.*3"),
        (ready.batch_size, {"maximum": 100}, r"`maximum` of .* power of two.*Received: 100"),
        (ready.batch_size, {"maximum": 64.0}, r"`maximum` must be an integer.*maximum=64.0"),
        (ready.batch_size, {"minimum": True}, r"`minimum` must be an integer.*minimum=True"),
        (ready.batch_size, {"minimum": 64, "maximum": 32}, r"not be above.*minimum=64, maximum=32"),
        (ready.weight_decay, {"minimum": 0}, r"`minimum` must be .* above 0.*minimum=0"),
        (ready.weight_decay, {"minimum": 1e-3}, r"`minimum` must be below `maximum`.*=0.001"),
        (ready.learning_rate, {"minimum": 0.1}, r"below `maximum`.*minimum=0.1, maximum=0.01"),
        (ready.learning_rate, {"maximum": -1}, r"`maximum` must be .* above 0.*maximum=-1"),
        (ready.dropout, {"minimum": -0.1}, r"`minimum` must be .* 0 or more and below 1.*=-0.1"),
        (ready.dropout, {"maximum": 1}, r"`maximum` must be .* below 1.*maximum=1"),
        (ready.dropout, {"dense": True, "maximum": 0.2}, r"minimum=0.2, maximum=0.2"),
        (ready.momentum, {"minimum": 1.0}, r"`minimum` must be .* below 1.*minimum=1.0"),
        (ready.momentum, {"maximum": 0.5}, r"below `maximum`.*minimum=0.8, maximum=0.5"),
        (ready.elastic_net, {"minimum": 0}, r"`minimum` must be .* above 0.*minimum=0"),
        (ready.elastic_net, {"maximum": "big"}, r"`maximum` must be .*maximum='big'"),
        (ready.auxiliary_loss_weight, {"main": 0}, r"`main` must be .* above 0.*main=0"),
        (ready.auxiliary_loss_weight, {"main": -1.0}, r"`main` must be .*main=-1.0"),
    ],
)
def test_refusals(declare, arguments, told):
    with pytest.raises(ArgumentError, match=told):
        declare(kt.HyperParameters(), **arguments)


@pytest.mark.parametrize("declare", DECLARING)
def test_what_is_no_hyperparameters(declare):
    with pytest.raises(ArgumentError, match=r"must be a keras_tuner.HyperParameters. Received: 'a"):
        declare("adam")
