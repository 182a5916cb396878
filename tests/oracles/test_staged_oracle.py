"""The oracle of staged search, driven by hand: stages given and found, trials, settings, events."""

import keras_tuner as kt
import pytest
from driving import declare, drive, outcomes

from tfhpo.declaring import Role
from tfhpo.errors import ArgumentError, SpaceError, StudyMismatchError
from tfhpo.oracles import StagedOracle
from tfhpo.strategies import Stage
from tfhpo.tuners.space_walk import at_defaults


def build(hp):
    rate = hp.Float("rate", 1e-4, 1e-1, sampling="log")
    units = hp.Int("units", 1, 9)
    return abs(rate - 0.01) + abs(units - 3) / 10 + hp.Float("dropout", 0, 0.5)


def oracle(placed, max_trials=None, project="project", **arguments):
    settings = {"stages": [["rate"], ["units", "dropout"]], "seed": 0, **arguments}
    return placed(StagedOracle("loss", max_trials, **settings), project)


def column(found, name):
    return [values[name] for values in found]


def test_lists_of_names_share_the_trials(placed):
    search = oracle(placed, 9)
    found = drive(search, build)
    assert len(found) == 9
    assert len(set(column(found, "rate")[:5])) == 5
    assert set(column(found, "units")[:5]) == {5}
    assert len(set(column(found, "rate")[5:])) == 1
    stages = [event for event in search.study().events if event.kind == "stage"]
    assert [(one.data["first"], one.data["end"]) for one in stages] == [(0, 5), (5, 9)]
    assert stages[1].data["frozen"] == {"rate": column(found, "rate")[5]}


def test_thirty_trials_unless_told_otherwise(placed):
    assert oracle(placed).max_trials == 30


def test_stages_with_trials_of_their_own_tell_how_many_there_are(placed):
    stages = [Stage(["rate"], 3), Stage(["units"], 4, "tpe", {"num_initial_points": 2})]
    search = oracle(placed, stages=stages)
    assert search.max_trials == 7
    found = drive(search, build)
    assert len(found) == 7
    assert len(set(column(found, "rate")[:3])) == 3
    assert oracle(placed, 7, stages=stages).max_trials == 7


def test_what_the_space_leaves_of_the_trials_is_spent_on_all_parameters_together(placed):
    def small(hp):
        return hp.Choice("a", [1, 2, 3]) + hp.Choice("b", [1, 2, 3])

    found = drive(oracle(placed, 30, stages=[["a"], ["b"]]), small)
    assert len({(values["a"], values["b"]) for values in found}) == 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_trials": 9, "stages": [Stage(["rate"], 3), Stage(["units"], 5)]}, r"9.*\[3, 5\]"),
        ({"stages": [Stage(["rate"], 3), ["units"]]}, "`max_trials` must be given.*1 of 2"),
        ({"max_trials": 1}, "at least 2 trials.*1 trials"),
        ({"stages": [["rate"]]}, "two stages or more"),
        ({"stages": ["rate", "units"]}, "list of names.*'rate'"),
        ({"stages": "rate"}, "list of lists.*'rate'"),
        ({"stages": {"rate": 3}}, "dictionary of .stages. maps.*'rate': 3"),
        ({"strategy": "asha"}, "`strategy` must be one of.*'asha'"),
        ({"strategy": "bayes"}, "`strategy` must be one of.*'bayes'. Did you mean 'bayesian'"),
        ({"max_trials": 1, "stages": None}, "at least 2 trials.*1 trials"),
    ],
)
def test_stages_and_trials_that_break_a_rule_are_refused_at_once(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        StagedOracle("loss", **{"stages": [["rate"], ["units"]], **arguments})


@pytest.mark.parametrize(
    ("stages", "hint"),
    [
        ([["learning_rate"], ["units"]], "Received also: .'learning_rate'.*`hyperparameters=`"),
        ([["rate"], ["unit"]], "Received also: .'unit'.*Did you mean 'units'"),
    ],
)
def test_a_name_that_the_space_does_not_have_is_refused_before_any_trial(placed, stages, hint):
    search = oracle(placed, 9, stages=stages)
    declare(search, build)
    with pytest.raises(SpaceError, match=f"`stages` must name parameters of the space.*{hint}"):
        search.create_trial("tuner0")
    assert not search.study_path.exists()


def test_a_name_that_only_some_builds_read_can_be_registered(placed):
    def plain_if(hp):
        kind = hp.Choice("kind", ["flat", "deep"])
        return hp.Float("depth", 0, 1) if kind == "deep" else 2.0

    registered = kt.HyperParameters()
    registered.Float("depth", 0, 1)
    search = oracle(placed, 8, stages=[["depth"], ["kind"]], hyperparameters=registered)
    found = drive(search, plain_if)
    # In the first stage nobody reads it, and all of that stage is one configuration.
    assert [values["kind"] for values in found] == ["flat"] + ["deep"] * 7
    assert len({values["depth"] for values in found[1:]}) == 7


def optimisers(hp):
    kind = hp.Choice("optimizer", ["adam", "sgd"])
    with hp.conditional_scope("optimizer", [kind]):
        rate = hp.Float(f"{kind}_learning_rate", 1e-4, 1e-1, sampling="log")
        decay = hp.Float(f"{kind}_decay", 0, 1)
    return rate + decay + hp.Float("dropout", 0, 0.5)


def registered_optimisers():
    registered = kt.HyperParameters()
    for kind in ("adam", "sgd"):
        registered.Choice("optimizer", ["adam", "sgd"])
        with registered.conditional_scope("optimizer", [kind]):
            registered.Float(f"{kind}_learning_rate", 1e-4, 1e-1, sampling="log")
            registered.Float(f"{kind}_decay", 0, 1)
    return registered


def test_patterns_stand_for_what_matches_and_no_other_stage_has(placed):
    stages = [["*_learning_rate", "optimizer"], Stage(["adam_*"], 3), ["sgd_*", "dr?pout"]]
    search = oracle(placed, 9, stages=stages, hyperparameters=registered_optimisers())
    assert len(drive(search, optimisers)) == 9
    expected = (
        Stage(["adam_learning_rate", "sgd_learning_rate", "optimizer"]),
        Stage(["adam_decay"], 3),
        Stage(["sgd_decay", "dropout"]),
    )
    # What is compared when a search goes on has the names.
    assert search.study().header.settings["options"]["stages"] == [repr(one) for one in expected]


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        ([["learning_*"], ["dropout"]], r"Received also: \['learning_\*'\]"),
        (
            [["rate", "units"], ["unit*"]],
            r"no other stage has.*'unit\*', of whose \['units'\] none",
        ),
    ],
)
def test_a_pattern_that_stands_for_nothing_is_refused_before_any_trial(placed, stages, told):
    search = oracle(placed, 9, stages=stages)
    declare(search, build)
    with pytest.raises(SpaceError, match=told):
        search.create_trial("tuner0")
    assert not search.study_path.exists()


# ---------------------------------------------------------------------- roles

RATE, BATCH, OTHER = Role.LEARNING_RATE_AND_LOSS, Role.BATCH_SIZE_AND_MOMENTUM, Role.OTHER


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ({"rate": RATE, "units": BATCH}, [["rate"], ["units"], []]),
        ({"rate": RATE, "units": RATE, "dropout": OTHER, "gone": BATCH}, [["rate", "units"], []]),
        ({"units": BATCH}, [["units"], []]),
        ({"rate": RATE, "units": BATCH, "dropout": BATCH}, [["rate"], ["dropout", "units"]]),
    ],
)
def test_the_roles_make_the_stages(placed, roles, expected):
    search = oracle(placed, 12, stages=None)
    search.roles = roles
    found = drive(search, build)
    assert len(found) == 12
    told = search._plan.options["stages"]
    assert [list(stage.parameters) for stage in told] == expected
    events = [one.data for one in search.study().events if one.kind == "stage"]
    assert [one["end"] for one in events] == [
        12 * (number + 1) // len(expected) for number in range(len(expected))
    ]


def test_a_group_of_a_role_may_have_a_stage_of_its_own(placed):
    given = {Role.OTHER: Stage(trials=4, strategy="random"), RATE: Stage(trials=2)}
    search = oracle(placed, 6, stages=given)
    search.roles = {"rate": RATE}
    found = drive(search, build)
    assert len(set(column(found, "rate")[:2])) == 2
    assert len(set(column(found, "rate")[2:])) == 1
    stages = [event for event in search.study().events if event.kind == "stage"]
    assert [one.data["end"] for one in stages] == [2, 6]


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        ({"rate": Stage()}, "maps tfhpo.hp.Role to tfhpo.Stage.*Received: 'rate'"),
        ({RATE: Stage(["rate"])}, "without parameters"),
        ({RATE: 10}, "maps tfhpo.hp.Role to tfhpo.Stage.*: 10"),
    ],
)
def test_a_dictionary_of_anything_but_roles_is_refused(placed, stages, told):
    with pytest.raises(ArgumentError, match=f"(?s){told}"):
        oracle(placed, 6, stages=stages)


def test_a_stage_of_a_role_that_no_parameter_has_is_refused_before_any_trial(placed):
    search = oracle(placed, 6, stages={Role.BATCH_SIZE_AND_MOMENTUM: Stage(trials=2)})
    search.roles = {"rate": RATE}
    with pytest.raises(ArgumentError, match="for BATCH_SIZE_AND_MOMENTUM, parameters for LEARN"):
        drive(search, build)


def test_roles_that_are_known_later_do_not_change_the_stages(placed):
    search = oracle(placed, 6, stages=None)
    search.roles = {"rate": RATE}
    drive(search, build)
    search.close()
    search.roles = {"rate": RATE, "units": BATCH}
    search.open()
    assert [one.parameters for one in search._plan.options["stages"]] == [("rate",), ()]


@pytest.mark.parametrize("roles", [{}, {"rate": OTHER}, dict.fromkeys(["rate", "units"], RATE)])
def test_parameters_of_one_group_need_stages(placed, roles):
    search = oracle(placed, 12, stages=None)
    search.roles = dict.fromkeys(["rate", "units", "dropout"], RATE) if len(roles) > 1 else roles
    declare(search, build)
    with pytest.raises(ArgumentError, match=r"\['dropout', 'rate', 'units'\].*Give `stages`"):
        search.create_trial("tuner0")
    assert not search.study_path.exists()


# ---------------------------------------------------------------------- going on


def test_a_search_goes_on_as_if_never_stopped(placed):
    whole = oracle(placed, 12, "whole")
    drive(whole, build)
    parts = oracle(placed, 12, "parts")
    drive(parts, build, 4)
    parts.close()
    again = oracle(placed, 12, "parts", seed=None)
    drive(again, build)
    assert outcomes(again) == outcomes(whole)
    assert [one.data for one in again.study().events] == [one.data for one in whole.study().events]


def test_more_trials_than_planned_go_to_all_parameters_together(placed):
    drive(oracle(placed, 6), build)
    more = oracle(placed, 10)
    found = drive(more, build)
    assert len(found) == 4
    events = [one.data for one in more.study().events if one.kind == "stage"]
    assert [(one["stage"], one["first"]) for one in events] == [(0, 0), (1, 3), (2, 6)]


@pytest.mark.parametrize(
    "other",
    [
        {"stages": [["units"], ["rate", "dropout"]]},
        {"stages": [Stage(["rate"], strategy="random"), ["units", "dropout"]]},
        {"strategy": "tpe"},
    ],
)
def test_other_stages_are_refused_with_what_differs(placed, other):
    first = oracle(placed, 6)
    drive(first, build, 3)
    first.close()
    second = oracle(placed, 6, **other)
    declare(second, build)
    with pytest.raises(StudyMismatchError, match=r"options: was .*'rate'.*, is .*"):
        second.create_trial("tuner0")


def test_queued_configurations_are_gone_on_from(placed):
    search = oracle(placed, 9, strategy="random")
    declare(search, build)
    search.enqueue({"rate": 0.01, "units": 3, "dropout": 0.0})
    found = drive(search, build)
    assert found[0] == {"rate": 0.01, "units": 3, "dropout": 0.0}
    # Nothing is better: the others are held at what was queued.
    assert {(values["units"], values["dropout"]) for values in found[1:5]} == {(3, 0.0)}
    assert column(found, "rate")[5:] == pytest.approx([0.01] * 4)


def test_an_extended_study_is_gone_on_from(placed):
    first = oracle(placed, 6, strategy="random")
    drive(first, build)
    first.close()
    best = min(outcomes(first), key=lambda trial: trial[3])[2]
    second = oracle(placed, 12, stages=[["units"], ["rate"], ["dropout"]], extend=True)
    found = drive(second, build)
    assert len(found) == 6
    events = [one.data for one in second.study().events if one.kind == "stage"][2:]
    assert [(one["first"], one["end"]) for one in events] == [(6, 8), (8, 10), (10, 12)]
    assert events[0]["frozen"] == {"rate": best["rate"], "dropout": best["dropout"]}


def test_the_defaults_of_kerastuner_are_the_middle_where_nobody_gave_any(placed):
    search = oracle(placed, 6)
    declare(search, build)
    assert at_defaults(search.get_space()).values["units"] == 1
    assert search.create_trial("tuner0").hyperparameters.values["units"] == 5
