"""Names, roles and scopes of ready parameters."""

import threading

import keras_tuner as kt
import pytest

from tfhpo.declaring import Declarer, Role, roles
from tfhpo.errors import ArgumentError


def test_roles_are_collected_by_full_names():
    hp = kt.HyperParameters()
    with roles.collecting() as found, hp.name_scope("top"):
        Declarer(hp, Role.OTHER).under("a_").real("rate", 0.0, 1.0)
        Declarer(hp, Role.BATCH_SIZE_AND_MOMENTUM).boolean("b")
    assert found == {"top/a_rate": Role.OTHER, "top/b": Role.BATCH_SIZE_AND_MOMENTUM}


def test_roles_are_collected_in_every_build_known_or_not():
    hp = kt.HyperParameters()
    for _ in range(2):
        with roles.collecting() as found:
            Declarer(hp, Role.OTHER).integer("n", 1, 3)
        assert found == {"n": Role.OTHER}


def test_an_inner_collector_takes_them_and_gives_the_outer_one_back():
    declare = Declarer(kt.HyperParameters(), Role.OTHER)
    with roles.collecting() as outer:
        with roles.collecting() as inner:
            declare.boolean("inside")
        declare.boolean("outside")
    declare.boolean("nowhere")
    assert (list(inner), list(outer)) == (["inside"], ["outside"])


def test_a_collector_is_closed_by_an_error():
    declare = Declarer(kt.HyperParameters(), Role.OTHER)
    with pytest.raises(ZeroDivisionError), roles.collecting() as found:
        raise ZeroDivisionError
    declare.boolean("later")
    assert found == {}


def test_another_thread_does_not_note_into_this_ones_collector():
    declare = Declarer(kt.HyperParameters(), Role.OTHER)
    with roles.collecting() as found:
        other = threading.Thread(target=lambda: declare.boolean("elsewhere"))
        other.start()
        other.join()
    assert found == {}


def test_roles_are_in_the_order_of_importance():
    names = ["LEARNING_RATE_AND_LOSS", "BATCH_SIZE_AND_MOMENTUM", "OTHER"]
    assert [role.name for role in sorted(Role)] == names


def test_notes_of_what_others_declared():
    hp = kt.HyperParameters()
    hp.Boolean("own_a")
    hp.Boolean("other")
    with roles.collecting() as found:
        Declarer(hp, Role.OTHER, "own_").note_all("a")
    assert found == {"own_a": Role.OTHER}


def test_notes_in_a_name_scope_are_of_that_scope():
    hp = kt.HyperParameters()
    hp.Boolean("own_a")
    with hp.name_scope("top"), roles.collecting() as found:
        hp.Boolean("own_a")
        Declarer(hp, Role.OTHER, "own_").note_all("a")
    assert found == {"top/own_a": Role.OTHER}


@pytest.mark.parametrize(("whole", "noted"), [(True, 0), (False, 1)])
@pytest.mark.parametrize("active", [True, False])
def test_a_scope_is_left_for_a_tuner_only_where_it_may_hide_something(active, whole, noted):
    hp = kt.HyperParameters()
    declare = Declarer(hp, Role.OTHER, "x_")
    declare.boolean("parent")
    with declare.scope("parent", [not active], whole=whole):
        assert declare.active is active
        # What the user opens inside stays on the lists.
        declare.boolean("inner")
        with hp.conditional_scope("x_inner", [True]):
            declare.boolean("child")
    assert len(hp.active_scopes) + len(hp.inactive_scopes) == noted + 1
    conditions = {one.name: len(one.conditions) for one in hp.space}
    assert conditions == {"x_parent": 0, "x_inner": 1, "x_child": 2}


@pytest.mark.parametrize("name", ["", None, 3])
def test_names_that_are_none(name):
    with pytest.raises(ArgumentError, match=r"`name` must be a string, not empty. Received: "):
        Declarer(kt.HyperParameters(), Role.OTHER).boolean(name)
