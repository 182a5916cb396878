"""The optimiser as one parameter."""

import functools

import keras
import keras_tuner as kt
import numpy as np
import pytest
from hp_spaces import holding, names

import tfhpo
from tfhpo import hp as ready
from tfhpo import schedules
from tfhpo.errors import ArgumentError
from tfhpo.oracles.conversion import space_of
from tfhpo.oracles.hyperparameters import TrackedHyperParameters

CLASSES = {
    "sgd": keras.optimizers.SGD,
    "momentum": keras.optimizers.SGD,
    "nesterov": keras.optimizers.SGD,
    "adagrad": keras.optimizers.Adagrad,
    "adadelta": keras.optimizers.Adadelta,
    "rmsprop": keras.optimizers.RMSprop,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "adamax": keras.optimizers.Adamax,
    "nadam": keras.optimizers.Nadam,
    "lion": keras.optimizers.Lion,
}
PLAN = functools.partial(schedules.tunable, total_steps=100)


@pytest.mark.parametrize("kind", ready.OPTIMIZERS)
def test_each_is_kerass_with_a_rate_of_its_own(kind):
    low, _ = ready.RATES[kind]
    made = ready.optimizer(holding(optimizer=kind), ready.OPTIMIZERS)
    assert type(made) is CLASSES[kind]
    assert float(made.learning_rate) == pytest.approx(low)
    config = made.get_config()
    assert config.get("momentum", 0.0) == (0.9 if kind in ("momentum", "nesterov") else 0.0)
    assert config.get("nesterov", False) is (kind == "nesterov")
    if kind in ("adam", "adamw", "adamax", "nadam"):
        assert (made.beta_1, made.beta_2, made.epsilon) == (0.9, 0.999, 1e-8)


def test_the_values_of_the_trial_reach_the_optimiser():
    hp = holding(
        optimizer="nesterov",
        nesterov_learning_rate=0.004,
        nesterov_momentum=0.98,
        nesterov_weight_decay=1e-5,
    )
    made = ready.optimizer(hp, ["adam", "nesterov"], weight_decay=True)
    assert float(made.learning_rate) == pytest.approx(0.004)
    assert (made.momentum, made.nesterov, made.weight_decay) == (0.98, True, 1e-5)
    assert hp.read == set(hp.values)


@pytest.mark.parametrize("make", [kt.HyperParameters, TrackedHyperParameters])
def test_each_lies_in_a_scope_of_its_own(make):
    hp = make()
    ready.optimizer(hp, ready.OPTIMIZERS, weight_decay=True, tune_betas=True)
    space = space_of(hp)
    assert space.parameters[0].domain.values == ready.OPTIMIZERS
    for one in space.parameters[1:]:
        (condition,) = one.conditions
        assert condition.parent == "optimizer"
        assert one.name.startswith(f"{condition.values[0]}_")
    for kind in ready.OPTIMIZERS:
        assert {f"{kind}_learning_rate", f"{kind}_weight_decay"} <= set(space.names)
    assert "adam_beta_1" in space.names
    assert "momentum_momentum" in space.names
    assert "sgd_momentum" not in space.names
    # Nothing is hidden in them: a tuner need not build a model for each.
    assert (hp.active_scopes, hp.inactive_scopes) == ([], [])


def test_the_default_ones():
    hp = kt.HyperParameters()
    ready.optimizer(hp)
    assert hp.space[0].values == ["momentum", "rmsprop", "adam", "adamw"]


@pytest.mark.parametrize("single", ["adam", ["adam"]])
def test_a_single_one_makes_no_choice(single):
    hp = kt.HyperParameters()
    assert type(ready.optimizer(hp, single)) is keras.optimizers.Adam
    assert names(hp) == ["adam_learning_rate"]
    assert hp.space[0].conditions == []


def test_fine_tuning_lowers_every_rate():
    hp = kt.HyperParameters()
    ready.optimizer(hp, ready.OPTIMIZERS, fine_tuning=True)
    for one in hp.space[1:]:
        if one.name.endswith("_learning_rate"):
            low, high = ready.RATES[one.name.removesuffix("_learning_rate")]
            assert (one.min_value, one.max_value) == pytest.approx((low / 100, high / 10))


@pytest.mark.parametrize("fine_tuning", [False, True])
def test_rates_of_the_users(fine_tuning):
    def ranges(learning_rate):
        hp = kt.HyperParameters()
        settings = {"learning_rate": learning_rate, "fine_tuning": fine_tuning}
        ready.optimizer(hp, ["adam", "sgd"], **settings)
        return [(one.min_value, one.max_value) for one in hp.space[1:]]

    assert ranges((1e-6, 1.0)) == [(1e-6, 1.0), (1e-6, 1.0)]
    recommended = (1e-4, 1e-2) if fine_tuning else (1e-2, 1e-1)
    assert ranges({"adam": [1e-5, 1e-4]}) == [(1e-5, 1e-4), recommended]


def test_another_list_under_the_same_name_is_refused():
    hp = kt.HyperParameters()
    ready.optimizer(hp, ["sgd", "adam"])
    with pytest.raises(ArgumentError, match=r"'optimizer' is 'sgd'.*Received: \['lion', 'adam'\]"):
        ready.optimizer(hp, ["lion", "adam"])
    assert ready.optimizer(hp, ["lion", "adam"], name="second") is not None


def test_weight_decays():
    def decay(kind, **kwargs):
        hp = kt.HyperParameters()
        return ready.optimizer(hp, kind, **kwargs).weight_decay, names(hp)[1:]

    assert decay("sgd") == (None, [])
    assert decay("sgd", weight_decay=True) == (0.0, ["sgd_weight_decay"])
    assert decay("sgd", weight_decay=5e-4) == (5e-4, [])
    assert decay("adamw") == (1e-4, ["adamw_weight_decay"])
    assert decay("adamw", weight_decay=0.01) == (0.01, [])
    assert decay("adamw", weight_decay=0) == (0.0, [])
    assert decay("lion") == (None, [])
    hp = kt.HyperParameters()
    ready.optimizer(hp, "adamw")
    assert (hp.space[1].min_value, hp.space[1].max_value, hp.space[1].sampling) == (
        1e-4,
        0.1,
        "log",
    )
    hp = kt.HyperParameters()
    ready.optimizer(hp, "lion", weight_decay=True)
    assert (hp.space[1].values[:2], hp.space[1].values[-1]) == ([0.0, 1e-3], 1.0)


def test_two_optimisers_in_one_model():
    hp = kt.HyperParameters()
    ready.optimizer(hp, ["adam", "sgd"], name="critic")
    ready.optimizer(hp, ["adam", "sgd"], name="actor")
    assert names(hp)[:3] == ["critic", "critic_adam_learning_rate", "critic_sgd_learning_rate"]
    assert len(set(names(hp))) == 6


def test_the_schedule_of_the_chosen_one():
    hp = holding(optimizer="sgd", sgd_learning_rate=0.05, sgd_schedule="cosine")
    made = ready.optimizer(hp, ["adam", "sgd"], schedule=PLAN)
    assert isinstance(made._learning_rate, schedules.CosineDecay)
    assert float(made.learning_rate) == pytest.approx(0.05)
    assert {
        "optimizer",
        "sgd_learning_rate",
        "sgd_schedule",
        "sgd_schedule_cosine_alpha",
    } <= hp.read
    parents = {one.name: [c.name for c in one.conditions] for one in hp.space}
    assert parents["sgd_schedule_cosine_alpha"] == ["optimizer", "sgd_schedule"]
    # A tuner finds the other's in one further build, not in one for each kind.
    assert len(hp.active_scopes) == len(hp.inactive_scopes) == 1


@pytest.mark.parametrize("tuner", [kt.RandomSearch, tfhpo.RandomSearch])
@pytest.mark.parametrize(("schedule", "most"), [(None, 1), (PLAN, 4)])
def test_a_tuner_finds_every_parameter_in_few_builds(tmp_path, tuner, schedule, most):
    built = []

    def build(hp):
        built.append(hp)
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile(ready.optimizer(hp, ["adam", "sgd", "lion"], schedule=schedule), "mse")
        return model

    made = tuner(build, "val_loss", max_trials=2, directory=tmp_path)
    # One for each optimiser, and one that KerasTuner repeats; not one for each kind of schedule.
    assert len(built) <= most
    found = {one.name for one in made.oracle.get_space().space}
    for kind in ("adam", "sgd", "lion"):
        assert f"{kind}_learning_rate" in found
        if schedule is not None:
            assert f"{kind}_schedule_polynomial_cycles" in found


def test_schedules_of_the_users_see_values_only():
    def halving(hp, learning_rate, name):
        assert learning_rate is not None
        steps = hp.Int(f"{name}_steps", 10, 100)
        return keras.optimizers.schedules.ExponentialDecay(learning_rate, steps, 0.5)

    with ready.roles.collecting() as found:
        made = ready.optimizer(kt.HyperParameters(), ["adam", "sgd"], schedule=halving)
    assert np.isclose(float(made._learning_rate(10)), 0.0005)
    assert found["adam_schedule_steps"] is ready.Role.LEARNING_RATE_AND_LOSS


def test_further_arguments_reach_keras():
    made = ready.optimizer(kt.HyperParameters(), ready.OPTIMIZERS, clipnorm=0.5, use_ema=True)
    assert (made.clipnorm, made.use_ema) == (0.5, True)
    assert ready.optimizer(kt.HyperParameters(), "adam", amsgrad=True, epsilon=1e-3).amsgrad


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"optimizers": []}, r"must name at least one.* Received: \[\]"),
        ({"optimizers": keras.optimizers.Adam()}, r"or a list of these.*Did you mean 'adam'"),
        ({"optimizers": {"adam", "sgd"}}, r"or a list of these. Received: \{"),
        ({"optimizers": ["SGD"]}, r"Received: 'SGD'. Did you mean 'sgd'"),
        ({"optimizers": ["adam", "adam"]}, r"only once. Received: \['adam', 'adam'\]"),
        ({"optimizers": ["sdg"]}, r"must be one of sgd, .*Received: 'sdg'. Did you mean 'sgd'"),
        ({"weight_decay": -0.1}, r"`weight_decay` must be .*weight_decay=-0.1"),
        ({"weight_decay": "yes"}, r"`weight_decay` must be .*weight_decay='yes'"),
        ({"clip_norm": 1.0}, r"each of the optimisers.*'clip_norm', .*Did you mean '.*clipnorm'"),
        ({"amsgrad": True}, r"Received: 'amsgrad', which 'momentum' does not take"),
        ({"learning_rate": 0.1}, r"`learning_rate` must be a pair.*learning_rate=0.1"),
        ({"learning_rate": (0.1, 0.01)}, r"They are reversed: learning_rate=\(0.01, 0.1\)"),
        ({"learning_rate": {"adam": (0, 0.1)}}, r"`learning_rate` must be .*learning_rate=0\."),
        ({"learning_rate": {"adm": (0.1, 1)}}, r"mapping.*Received: 'adm'. Did you mean 'adam'"),
        ({"learning_rate": {"lion": (0.1, 1)}}, r"mapping of some of.*Received: 'lion'"),
        ({"momentum": 0.5}, r"`momentum` is chosen by.*momentum=0.5"),
        ({"optimizers": "adam", "momentum": 0.5}, r"'momentum', which 'adam' does not take"),
        (
            {"optimizers": "adam", "tune_betas": True, "beta_2": 0.9},
            r"`beta_2` is chosen by.*beta_2=0.9",
        ),
        ({"tune_betas": "no"}, r"`tune_betas` must be True or False.*tune_betas='no'"),
        ({"fine_tuning": 1}, r"`fine_tuning` must be True or False.*fine_tuning=1"),
        ({"schedule": lambda *_, **__: "cosine"}, r"`schedule` must return.*Received: 'cosine'"),
        ({"schedule": "cosine"}, r"function of hp.*1000, kinds='cosine'\). Received: 'cosine'"),
        ({"schedule": "sine"}, r"`schedule` must be a function of hp.*Received: 'sine'"),
        ({"schedule": schedules.CosineDecay(0.1, 10)}, r"`schedule` must be a.*Let a function"),
        (
            {"schedule": schedules.CosineDecay},
            r"`schedule` must be .*CosineDecay\(initial.*missing",
        ),
        ({"schedule": lambda hp, rate: rate}, r"`schedule` must be a.*<lambda>\(hp, rate\) \("),
        (
            {"schedule": functools.partial(PLAN, learning_rate=0.1)},
            r"leave `learning_rate` open.*`learning_rate=` of hp.optimizer.*learning_rate=0.1",
        ),
        ({"schedule": functools.partial(PLAN, name="x")}, r"leave `name` open.*name='x'"),
    ],
)
def test_refusals(arguments, told):
    with pytest.raises(ArgumentError, match=told):
        ready.optimizer(kt.HyperParameters(), **arguments)


def test_the_roles_of_an_optimiser():
    with ready.roles.collecting() as found:
        ready.optimizer(kt.HyperParameters(), ["momentum", "adam"], tune_betas=True, schedule=PLAN)
    first = {name for name, role in found.items() if role is ready.Role.LEARNING_RATE_AND_LOSS}
    second = {name for name, role in found.items() if role is ready.Role.BATCH_SIZE_AND_MOMENTUM}
    assert {"optimizer", "momentum_learning_rate", "momentum_schedule"} <= first
    assert second == {"momentum_momentum", "adam_beta_1", "adam_beta_2"}
    assert found["adam_epsilon"] is ready.Role.OTHER
