"""Every parameter and condition of KerasTuner, as our space."""

import keras_tuner
import numpy as np
import pytest
import scipy.stats
from keras_tuner.engine import hyperparameters as kt_parameters
from keras_tuner.src.engine.conditions import Parent

from tfhpo.errors import SpaceError
from tfhpo.oracles.conversion import check_distributions, space_of
from tfhpo.space import Condition, FloatRange, IntegerRange, Levels, Prior, Steps


def domain_of(declare):
    hp = keras_tuner.HyperParameters()
    declare(hp)
    (parameter,) = space_of(hp).parameters
    return parameter.domain


@pytest.mark.parametrize(
    ("declare", "domain"),
    [
        (lambda hp: hp.Fixed("p", 0.5), Levels((0.5,))),
        (lambda hp: hp.Fixed("p", "adam"), Levels(("adam",))),
        (lambda hp: hp.Boolean("p"), Levels((False, True))),
        (lambda hp: hp.Choice("p", ["b", "a"]), Levels(("b", "a"))),
        (lambda hp: hp.Choice("p", [3, 1, 2]), Levels((1, 2, 3), ordered=True)),
        (lambda hp: hp.Choice("p", [3, 1, 2], ordered=False), Levels((3, 1, 2))),
        (lambda hp: hp.Choice("p", [0.5, 0.1]), Levels((0.1, 0.5), ordered=True)),
        # KerasTuner itself makes numbers of these.
        (lambda hp: hp.Choice("p", [True, False]), Levels((0, 1), ordered=True)),
        (lambda hp: hp.Int("p", 1, 9), Steps(1, 9, 1)),
        (lambda hp: hp.Int("p", 1, 9, step=2), Steps(1, 9, 2)),
        (lambda hp: hp.Int("p", 2, 32, step=2, sampling="log"), Steps(2, 32, 2, "log")),
        (
            lambda hp: hp.Int("p", 2, 32, step=2, sampling="reverse_log"),
            Steps(2, 32, 2, "reverse_log"),
        ),
        (lambda hp: hp.Int("p", 1, 9, sampling="log"), IntegerRange(1, 9, "log")),
        (lambda hp: hp.Int("p", 1, 9, sampling="reverse_log"), IntegerRange(1, 9, "reverse_log")),
        (lambda hp: hp.Float("p", 0, 1), FloatRange(0, 1)),
        (lambda hp: hp.Float("p", 0, 1, sampling=None), FloatRange(0, 1)),
        (lambda hp: hp.Float("p", 1e-3, 1, sampling="log"), FloatRange(1e-3, 1, "log")),
        (
            lambda hp: hp.Float("p", 1e-3, 1, sampling="reverse_log"),
            FloatRange(1e-3, 1, "reverse_log"),
        ),
        (lambda hp: hp.Float("p", 0, 1, step=0.2), Steps(0, 1, 0.2)),
        (lambda hp: hp.Float("p", 1, 100, step=10, sampling="log"), Steps(1, 100, 10.0, "log")),
    ],
)
def test_each_parameter_has_its_domain(declare, domain):
    assert domain_of(declare) == domain


def test_a_stepped_float_is_a_float_even_with_whole_numbers():
    domain = domain_of(lambda hp: hp.Float("p", 1, 3, step=1))
    values = [domain.from_unit(u) for u in (0.0, 0.5, 1.0)]
    assert values == [1, 2, 3]
    assert all(isinstance(value, float) for value in values)


def test_conditional_scopes_and_parents_become_conditions():
    hp = keras_tuner.HyperParameters()
    hp.Choice("model", ["mlp", "cnn"])
    with hp.conditional_scope("model", ["mlp"]):
        hp.Int("layers", 1, 3)
        hp.Float("gain", 0, 1, parent_name="layers", parent_values=[2, 3])
    hp.Boolean("skip", parent_name="model", parent_values="cnn")

    conditions = {one.name: one.conditions for one in space_of(hp).parameters}

    mlp = Condition("model", ("mlp",))
    assert conditions == {
        "model": (),
        "layers": (mlp,),
        "gain": (mlp, Condition("layers", (2, 3))),
        "skip": (Condition("model", ("cnn",)),),
    }


def test_one_name_under_two_conditions_is_two_columns():
    hp = keras_tuner.HyperParameters()
    hp.Choice("model", ["mlp", "cnn"])
    for model, most in (("mlp", 10), ("cnn", 3)):
        with hp.conditional_scope("model", [model]):
            hp.Int("units", 1, most)
    space = space_of(hp)
    assert space.names == ["model", "units", "units"]
    assert space.size == 13


def test_name_scopes_are_part_of_the_name():
    hp = keras_tuner.HyperParameters()
    with hp.name_scope("head"):
        hp.Choice("kind", ["a", "b"])
        with hp.conditional_scope("kind", ["b"]):
            hp.Int("units", 1, 3)
    space = space_of(hp)
    assert space.names == ["head/kind", "head/units"]
    assert space.parameters[1].conditions == (Condition("head/kind", ("b",)),)


def test_parents_come_first_whatever_the_order():
    hp = keras_tuner.HyperParameters()
    hp.Choice("kind", ["a", "b"])
    with hp.conditional_scope("kind", ["b"]):
        hp.Int("units", 1, 3)
    hp.Boolean("last")
    # KerasTuner's gRPC sorts by type.
    shuffled = keras_tuner.HyperParameters()
    shuffled.merge([hp.space[1], hp.space[0], hp.space[2]])
    assert space_of(shuffled).names == ["kind", "units", "last"]


def test_a_condition_on_nothing_is_refused():
    orphan = kt_parameters.Int("units", 1, 3, conditions=[])
    orphan.conditions = [Parent("kind", ["b"])]
    hp = keras_tuner.HyperParameters()
    hp._space.append(orphan)
    with pytest.raises(SpaceError, match=r"declared parameter\. Received: \['kind'\]"):
        space_of(hp)


def test_another_kind_of_parameter_is_refused():
    class Odd(kt_parameters.HyperParameter):
        default = 0

    hp = keras_tuner.HyperParameters()
    hp._space.append(Odd("odd"))
    with pytest.raises(SpaceError, match="Received: Odd"):
        space_of(hp)


def test_only_a_default_that_was_given_is_one():
    hp = keras_tuner.HyperParameters()
    hp.Int("given", 1, 9, default=4)
    hp.Int("implied", 1, 9)
    assert [one.default for one in space_of(hp).parameters] == [4, None]


def test_errors_name_the_parameter():
    hp = keras_tuner.HyperParameters()
    hp.Float("rate", 0, 1, step=0.25, default=0.3)
    with pytest.raises(SpaceError, match=r"'rate'.*Received: 0\.3"):
        space_of(hp)


class TestDistributions:
    @pytest.fixture
    def hp(self):
        hp = keras_tuner.HyperParameters()
        hp.Float("rate", 1e-4, 1e-1, sampling="log")
        hp.Int("units", 1, 64)
        hp.Choice("kind", ["a", "b", "c"])
        return hp

    def test_a_frozen_one_becomes_the_prior(self, hp):
        given = scipy.stats.loguniform(1e-4, 1e-1)
        rate, units, _ = space_of(hp, {"rate": given}).parameters
        assert rate.prior == Prior(given)
        assert rate.domain == FloatRange(1e-4, 1e-1, "log")
        assert units.prior is None

    @pytest.mark.parametrize(
        "values", [[8, 32], (8, 32), np.array([8, 32]), list(np.array([8, 32])), range(8, 33, 24)]
    )
    def test_a_list_restricts_the_values(self, hp, values):
        domain = space_of(hp, {"units": values}).parameters[1].domain
        assert domain == Levels((8, 32), ordered=True)
        assert all(type(value) is int for value in domain.values)

    def test_a_list_of_words_stays_unordered(self, hp):
        domain = space_of(hp, {"kind": ["c", "a"]}).parameters[2].domain
        assert domain == Levels(("c", "a"))

    @pytest.mark.parametrize(
        ("name", "given"),
        [
            ("rate", scipy.stats.loguniform(1e-5, 1e-1)),
            ("rate", scipy.stats.uniform(0, 1)),
            ("units", scipy.stats.randint(0, 10)),
            ("units", [8, 65]),
            ("kind", ["d"]),
            ("kind", scipy.stats.uniform(0, 1)),
            ("rate", "log"),
            ("rate", scipy.stats.uniform),
            ("rate", 0.1),
        ],
    )
    def test_what_does_not_fit_is_refused_by_name(self, hp, name, given):
        with pytest.raises(SpaceError, match=name):
            space_of(hp, {name: given})

    def test_an_unknown_name_is_refused(self, hp):
        with pytest.raises(SpaceError, match=r"\['kind', 'rate', 'units'\].*\['rte'\]"):
            check_distributions(space_of(hp), {"rte": [1]})
