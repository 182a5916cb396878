"""Whatever a strategy draws from a tunable schedule's space is a valid schedule."""

import keras
import keras_tuner as kt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tunable_spaces import declared, drawn, scheduled

from tfhpo import schedules
from tfhpo.declaring import Role, roles
from tfhpo.errors import ArgumentError
from tfhpo.oracles.conversion import space_of
from tfhpo.oracles.hyperparameters import TrackedHyperParameters

PLACES = st.lists(st.floats(0, 0.999), min_size=1, max_size=12)
LENGTHS = st.one_of(st.integers(1, 40), st.integers(1, 10**6))
# The lowest rate of a cosine may be 0, and near its end float32 cannot tell it from 0.
MAY_BE_0 = {"cosine", "cosine_restarts", "noisy_linear_cosine"}


def rates_of(schedule, total_steps):
    """The rates over the training and long beyond it."""
    inside = np.unique(np.linspace(0, total_steps - 1, 60).astype("int64"))
    beyond = total_steps + np.array([0, 1, 2, total_steps // 2, 3 * total_steps, 10**7])
    return np.asarray(schedule(inside)), np.asarray(schedule(beyond))


@settings(max_examples=200)
@given(st.sampled_from(schedules.KINDS), PLACES, LENGTHS, st.booleans())
def test_every_configuration_is_a_valid_schedule(kind, places, total_steps, warmup):
    chosen = {"kinds": [kind], "warmup": warmup, "total_steps": total_steps}
    schedule = scheduled(drawn(places, **chosen), **chosen)
    inside, beyond = rates_of(schedule, total_steps)
    for rates in (inside, beyond):
        assert np.isfinite(rates).all()
        assert (rates >= 0).all()
    assert kind in MAY_BE_0 or (inside > 0).all()
    # The noisy kind may exceed the rate, by its noise; a cosine is raised by its beta.
    assert "noisy" in kind or inside.max() <= 0.1 * 1.2


@given(st.sampled_from(schedules.KINDS), PLACES, LENGTHS)
def test_every_configuration_is_rebuilt_from_its_config(kind, places, total_steps):
    chosen = {"kinds": [kind], "total_steps": total_steps}
    schedule = scheduled(drawn(places, **chosen), **chosen)
    config = keras.saving.serialize_keras_object(schedule)
    rebuilt = keras.saving.deserialize_keras_object(config)
    assert rebuilt.get_config() == schedule.get_config()
    steps = np.arange(0, 2 * total_steps, max(1, total_steps // 7))
    assert np.array_equal(np.asarray(rebuilt(steps)), np.asarray(schedule(steps)))


@given(PLACES)
def test_a_configuration_of_all_kinds_names_its_schedule(places):
    values = drawn(places, kinds=schedules.KINDS)
    kind = values["schedule"]
    own = {name for name in values if name.startswith("schedule_")}
    general = {"schedule_learning_rate", "schedule_warmup"}
    assert all(name.startswith(f"schedule_{kind}_") for name in own - general)
    assert np.isfinite(np.asarray(scheduled(values, kinds=schedules.KINDS)(np.arange(100)))).all()


@given(LENGTHS)
def test_the_space_is_the_same_for_every_length(total_steps):
    known = space_of(declared(kinds=schedules.KINDS))
    assert space_of(declared(kinds=schedules.KINDS, total_steps=total_steps)) == known


def test_the_space_holds_every_kind_under_its_condition():
    space = space_of(declared(kinds=schedules.KINDS))
    for parameter in space.parameters[1:]:
        kinds = parameter.conditions[0].values if parameter.conditions else ()
        if parameter.name == "schedule_learning_rate":
            assert parameter.conditions == ()
        elif parameter.name == "schedule_warmup":
            assert set(kinds) == set(schedules.KINDS) - {"triangular", "one_cycle"}
        else:
            assert parameter.name.startswith(f"schedule_{kinds[0]}_")
    assert space.parameters[0].domain.values == schedules.KINDS


def test_nested_conditions():
    space = space_of(declared(kinds=["exponential", "polynomial", "triangular"]))
    parents = {one.name: [c.parent for c in one.conditions] for one in space.parameters}
    assert parents["schedule_exponential_stairs"] == ["schedule", "schedule_exponential_staircase"]
    assert parents["schedule_polynomial_cycles"] == ["schedule", "schedule_polynomial_cycle"]
    assert parents["schedule_triangular_final_height"] == ["schedule", "schedule_triangular_mode"]


def test_no_scope_is_left_for_a_tuner_to_build_a_model_for():
    hp = declared(kinds=schedules.KINDS)
    assert (hp.active_scopes, hp.inactive_scopes) == ([], [])


def test_a_single_kind_makes_no_choice():
    assert list(declared(kinds=["cosine"], warmup=False).values) == [
        "schedule_learning_rate",
        "schedule_cosine_alpha",
    ]
    assert declared(kinds="constant", warmup=False, learning_rate=0.1).values == {}


def test_tracked_hyperparameters_have_read_what_is_active():
    hp = declared(TrackedHyperParameters, kinds=["cosine", "one_cycle"], learning_rate=0.1)
    assert hp.read == {"schedule", "schedule_warmup", "schedule_cosine_alpha"}


def test_every_parameter_is_of_the_first_group():
    with roles.collecting() as found:
        hp = declared(kinds=schedules.KINDS)
    assert set(found) == {one.name for one in hp.space}
    assert set(found.values()) == {Role.LEARNING_RATE_AND_LOSS}


def test_nothing_is_made_in_a_scope_that_is_not_active():
    hp = kt.HyperParameters()
    hp.Choice("trained", [False, True])
    with hp.conditional_scope("trained", [True]):
        epochs = hp.Int("epochs", 1, 3)
        made = schedules.tunable(hp, epochs=epochs, steps_per_epoch=10, kinds=["cosine"])
    assert made is None
    assert "schedule_cosine_alpha" in {one.name for one in hp.space}


@pytest.mark.parametrize(
    ("length", "steps"),
    [
        ({"total_steps": 7}, 7),
        ({"epochs": 3, "steps_per_epoch": 5}, 15),
        ({"epochs": 2, "samples": 100, "batch_size": 32}, 8),
        ({"epochs": 2, "samples": 96, "batch_size": 32}, 6),
        ({"epochs": np.int64(2), "samples": 10, "batch_size": 32}, 2),
    ],
)
def test_lengths(length, steps):
    values = {"schedule_cosine_alpha": 0.0}
    given_length = {"total_steps": None, **length}
    schedule = scheduled(values, kinds=["cosine"], learning_rate=0.1, warmup=False, **given_length)
    assert schedule.decay_steps == steps


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            {"total_steps": None},
            r"told in one way: `total_steps`; or `epochs` with.*Received: none",
        ),
        ({"epochs": 3}, r"in one way.*Received: total_steps=100, epochs=3"),
        ({"total_steps": None, "epochs": 3}, r"in one way.*Received: epochs=3"),
        (
            {"total_steps": None, "epochs": 3, "samples": 100},
            r"`samples` with `batch_size`.*Received: epochs=3, samples=100",
        ),
        ({"total_steps": 0}, r"`total_steps` must be an integer from 1.*total_steps=0"),
        ({"total_steps": 10.0}, r"`total_steps` must be an integer.*total_steps=10.0"),
        ({"total_steps": True}, r"`total_steps` must be an integer.*total_steps=True"),
        (
            {"total_steps": None, "epochs": 2, "steps_per_epoch": -1},
            r"`steps_per_epoch` must be .*=-1",
        ),
        (
            {"kinds": ["cosin"]},
            r"`kinds` must be one of constant, .*'cosin'. Did you mean 'cosine'",
        ),
        ({"kinds": "polynomal"}, r"Received: 'polynomal'. Did you mean 'polynomial'"),
        ({"kinds": ["CosineDecay"]}, r"'CosineDecay'. Did you mean 'cosine'"),
        ({"kinds": schedules.CosineDecayRestarts}, r"Did you mean 'cosine_restarts'"),
        ({"kinds": [schedules.OneCycle(0.1, 9)]}, r"OneCycle\(.*Did you mean 'one_cycle'"),
        ({"kinds": "cosine,one_cycle"}, r"'cosine,one_cycle'. Several are given one by one"),
        ({"kinds": {"cosine"}}, r"or a list of these. Received: \{'cosine'\}"),
        ({"kinds": [3]}, r"`kinds` must be one of .*Received: 3"),
        ({"kinds": []}, r"at least one.*Received: \[\]"),
        ({"kinds": ["cosine", "cosine"]}, r"each only once.*\['cosine', 'cosine'\]"),
        (
            {"learning_rate": (0.1, 0.01)},
            r"learning_rate=\(0.1, 0.01\). They are reversed: learning_rate=\(0.01, 0.1\)",
        ),
        ({"learning_rate": (0.1, 0.1)}, r"the first is the smaller.*\(0.1, 0.1\)\.$"),
        ({"learning_rate": (0.1,)}, r"smallest and the largest.*\(0.1,\)"),
        ({"learning_rate": (0.0, 0.1)}, r"`learning_rate` must be .* above 0.*=0.0"),
        ({"learning_rate": 0}, r"`learning_rate` must be .* above 0.*=0"),
        ({"learning_rate": "fast"}, r"`learning_rate` must be .*='fast'"),
        ({"warmup": 1.0}, r"`warmup` must be True or False, or a share .*warmup=1.0"),
        ({"warmup": -0.1}, r"`warmup` must be True or False, or a share .*warmup=-0.1"),
        ({"warmup": "yes"}, r"`warmup` must be True or False, or a share .*warmup='yes'"),
        ({"warmup": None}, r"`warmup` must be True or False, or a share .*warmup=None"),
        ({"total_steps": 100.0}, r"total_steps=100.0. Wrap it in int\(\)"),
        ({"name": ""}, r"`name` must be a string, not empty. Received: ''"),
        ({"seed": "x", "kinds": ["noisy_linear_cosine"]}, r"`seed` must be .*'x'"),
        ({"seed": -1}, r"`seed` must be .*-1"),
    ],
)
def test_refusals(arguments, told):
    with pytest.raises(ArgumentError, match=told):
        declared(**arguments)


@pytest.mark.parametrize(("share", "steps"), [(0.1, 10), (0, 0), (0.999, 99)])
def test_a_warm_up_may_be_fixed(share, steps):
    hp = kt.HyperParameters()
    settings = {"total_steps": 100, "learning_rate": 0.1, "warmup": share}
    made = schedules.tunable(hp, kinds="cosine", **settings)
    assert list(hp.values) == ["schedule_cosine_alpha"]
    assert (made.warmup_steps if steps else 0) == steps
    decay = made.schedule if steps else made
    assert decay.decay_steps == 100 - steps
    rising = schedules.tunable(hp, kinds="one_cycle", **settings)
    assert isinstance(rising, schedules.OneCycle)


@pytest.mark.parametrize("kinds", [["cosine"], ["one_cycle"]])
def test_a_schedule_knows_the_length_that_it_was_planned_for(kinds):
    made = scheduled({"schedule_warmup": 0.1}, kinds=kinds, learning_rate=0.1)
    assert made.training_steps == 100
    assert "training_steps" not in made.get_config()


def test_another_list_under_the_same_name_is_refused():
    hp = kt.HyperParameters()
    schedules.tunable(hp, total_steps=10, kinds=["cosine", "constant"])
    with pytest.raises(ArgumentError, match=r"'schedule' is 'cosine'.*Received: \['one_cycle', "):
        schedules.tunable(hp, total_steps=10, kinds=["one_cycle", "exponential"])


def test_hyperparameters_that_are_none():
    with pytest.raises(ArgumentError, match=r"must be a keras_tuner.HyperParameters. Received: 3"):
        schedules.tunable(3, total_steps=10)
