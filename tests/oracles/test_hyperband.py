"""The oracle of the multi-fidelity strategies, driven by hand."""

import keras_tuner as kt
import pytest
from driving import COMPLETED, RUNNING, declare, drive, outcomes, run

from tfhpo.errors import ArgumentError, SpaceError, StudyMismatchError
from tfhpo.oracles import HyperbandOracle, RandomOracle
from tfhpo.pruners import MedianPruner
from tfhpo.strategies.evolution import AdaptiveMutation

SCHEDULERS = ["hyperband", "successive-halving", "asha"]


def build(hp):
    """Better with more epochs, and the more so the better the configuration is."""
    kind = hp.Choice("kind", ["a", "b"])
    score = hp.Float("x", 0, 1) + (kind == "a") / 2
    if kind == "b":
        score += hp.Float("y", 0, 1) / 4
    return score + 1 / hp.get("epochs")


def oracle(placed, name="hyperband", max_epochs=9, **kwargs):
    return placed(HyperbandOracle("loss", max_epochs, seed=0, **kwargs), name)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("proposer", ["random", "bayesian", "genetic", "tpe"])
def test_a_search_in_pieces_is_the_whole_search(placed, scheduler, proposer):
    def go_on(name, trials=None):
        # The same budget each time: brackets are made to fit it.
        search = oracle(placed, name, max_trials=30, scheduler=scheduler, proposer=proposer)
        drive(search, build, trials)
        search.close()
        return search

    whole = go_on("whole")
    for trials in (3, 7, 1, 9, None):
        pieces = go_on("pieces", trials)
    assert len(outcomes(whole)) == 30
    assert outcomes(pieces) == outcomes(whole)
    assert pieces.study().events == whole.study().events


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_the_best_of_a_rung_go_on_with_equal_values(placed, scheduler):
    search = oracle(placed, scheduler=scheduler)
    values = drive(search, build)
    levels = {1: [], 3: [], 9: []}
    for one in values:
        levels[one.pop("epochs")].append(one)
    assert levels[9]
    assert len(levels[1]) > len(levels[3]) > 0
    if scheduler != "hyperband":
        assert all(one in levels[1] for one in levels[3])
        assert all(one in levels[3] for one in levels[9])


def test_one_iteration_runs_every_bracket_once(placed):
    epochs = [values["epochs"] for values in drive(oracle(placed), build)]
    # 9 -> 3 -> 1, 3 -> 1, and 3 at once at the highest rung.
    assert [epochs.count(level) for level in (1, 3, 9)] == [9, 3 + 3, 1 + 1 + 3]
    assert len(drive(oracle(placed, "twice", hyperband_iterations=2), build)) == 2 * 20


def test_a_bracket_may_be_smaller(placed):
    search = oracle(placed, scheduler="successive-halving", bracket_size=4, max_trials=6)
    epochs = [values["epochs"] for values in drive(search, build)]
    assert epochs == [1, 1, 1, 1, 3, 9]
    with pytest.raises(ArgumentError, match=r"`bracket_size` is for .*scheduler='asha'"):
        HyperbandOracle("loss", scheduler="asha", bracket_size=4)


def test_a_trial_is_told_which_one_it_goes_on_from(placed):
    search = oracle(placed, scheduler="successive-halving")
    declare(search, build)
    told = []
    while (trial := search.create_trial("tuner0")).status == RUNNING:
        notes = trial.hyperparameters.notes
        told.append((trial.hyperparameters.values["epochs"], notes.get("goes_on_from")))
        if "goes_on_from" in notes:
            former = dict(search.get_trial(notes["goes_on_from"]).hyperparameters.values)
            assert former.pop("epochs") < trial.hyperparameters.values["epochs"]
            assert former.items() <= trial.hyperparameters.values.items()
        run(search, trial, build)
    assert all((epochs == 1) == (former is None) for epochs, former in told)


def test_a_queued_configuration_begins_at_the_lowest_rung(placed):
    search = oracle(placed)
    declare(search, build)
    search.enqueue({"kind": "a", "x": 0.125})
    search.enqueue({"kind": "a", "x": 0.0, "epochs": 9})
    first, second, *_ = drive(search, build)
    assert first == {"kind": "a", "x": 0.125, "epochs": 1}
    assert second == {"kind": "a", "x": 0.0, "epochs": 9}


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_the_best_queued_configuration_gets_to_the_top(placed, scheduler):
    search = oracle(placed, scheduler=scheduler, max_trials=20)
    declare(search, build)
    search.enqueue({"kind": "b", "x": 0.0})
    levels = {values["epochs"] for values in drive(search, build) if values["x"] == 0.0}
    assert levels == {1, 3, 9}


def test_a_former_search_over_other_rungs_is_no_obstacle(placed):
    drive(first := oracle(placed, "first"), build)
    (best,) = first.get_best_trials()
    search = oracle(placed, "second", max_epochs=16, factor=2)
    search.warm_start(first.study_path)
    values = drive(search, build)
    top = [trial.values["x"] for trial in first.study().completed if trial.values["epochs"] == 9]
    assert any(values[0]["x"] == pytest.approx(x) for x in top)
    third = oracle(placed, "third", max_epochs=16, factor=2)
    declare(third, lambda hp: [hp.values.update(kind="b"), build(hp)])
    third.enqueue(best.hyperparameters)
    assert drive(third, build)[0]["x"] == best.hyperparameters.values["x"]


def test_epochs_of_rungs_are_left_out_elsewhere_and_searched_ones_are_not(placed):
    drive(rungs := oracle(placed, "rungs"), build)
    (best,) = rungs.get_best_trials()
    kept = {name: value for name, value in best.hyperparameters.values.items() if name != "epochs"}

    def without(hp):
        return build_on(hp, 1)

    def searched(hp):
        return build_on(hp, hp.Int("epochs", 1, 20))

    def build_on(hp, epochs):
        y = hp.Float("y", 0, 1) if hp.Choice("kind", ["a", "b"]) == "b" else 0
        return hp.Float("x", 0, 1) + y + 1 / epochs

    for name, function, added in [("without", without, {}), ("searched", searched, None)]:
        plain = placed(RandomOracle("loss", 1, seed=0), name)
        # Before the space is known, as for an argument of `fit`.
        plain.enqueue(best.hyperparameters)
        declare(plain, lambda hp, function=function: [hp.values.update(kind="b"), function(hp)])
        (first,) = drive(plain, function)
        expected = {"epochs": best.hyperparameters.values["epochs"]} if added is None else added
        assert first == {**kept, **expected}


def test_a_parameter_that_depends_on_the_fidelity_ends_the_search(placed):
    def late(hp):
        with hp.conditional_scope("epochs", [1]):
            return build(hp) + hp.Float("more", 0, 1)

    search = oracle(placed)
    declare(search, build)
    trial = search.create_trial("tuner0")
    with pytest.raises(SpaceError, match="depend on the fidelity 'epochs'"):
        run(search, trial, late)


def test_operators_of_a_proposer_are_recorded(placed):
    operator = AdaptiveMutation()
    search = oracle(placed, proposer="genetic", proposer_options={"mutation": operator})
    drive(search, build)
    options = search.study().header.settings["options"]
    assert options["proposer_options"] == {"mutation": repr(operator)}


def test_a_pruner_takes_a_lower_rung_for_no_end(placed):
    search = oracle(placed, scheduler="asha", pruner=MedianPruner(1), max_trials=6)
    declare(search, build)
    while (trial := search.create_trial("tuner0")).status == RUNNING:
        epochs = trial.hyperparameters.values["epochs"]
        score = build(trial.hyperparameters)
        for epoch in range(epochs):
            search.report(trial.trial_id, {"loss": score}, epoch, last=epoch + 1 == epochs)
        search.update_trial(trial.trial_id, {"loss": score})
        trial.status = COMPLETED
        search.end_trial(trial)
        if trial.trial_id == "0002":
            break
    # Three trials had one epoch: nobody knows of what they would have had at the second.
    fourth = search.create_trial("tuner0")
    assert search.report(fourth.trial_id, {"loss": 1e9}, 1)


def test_epochs_compare_and_other_fidelities_do_not(placed):
    def worse_on_more(hp):
        return hp.Float("x", 0, 1) + hp.get("epochs" if "epochs" in hp else "share")

    by_epochs = oracle(placed)
    drive(by_epochs, worse_on_more)
    assert by_epochs.get_best_trials()[0].hyperparameters.values["epochs"] == 1
    by_share = oracle(placed, "share", fidelity="share", levels=[0.25, 0.5, 1.0])
    drive(by_share, worse_on_more)
    assert by_share.get_best_trials()[0].hyperparameters.values["share"] == 1.0


def test_the_epochs_of_the_rungs_may_be_given(placed):
    search = oracle(placed, levels=[2, 5])
    assert {values["epochs"] for values in drive(search, build)} == {2, 5}


def test_other_rungs_are_another_search(placed):
    drive(first := oracle(placed, max_trials=4), build)
    first.close()
    search = oracle(placed, max_epochs=27, max_trials=8)
    declare(search, build)
    with pytest.raises(StudyMismatchError, match="epochs"):
        search.create_trial("tuner0")


def test_what_the_user_registered_is_left_as_it_is():
    given = kt.HyperParameters()
    given.Int("units", 1, 9)
    HyperbandOracle("loss", hyperparameters=given)
    assert [hp.name for hp in given.space] == ["units"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scheduler": "sha"}, r"`scheduler` must be one of .*Received: 'sha'"),
        ({"proposer": "bayes"}, r"proposer.*bayes"),
        ({"max_epochs": 0}, r"`max_epochs`.*Received: max_epochs=0"),
        ({"max_epochs": 2.5}, r"`max_epochs`.*Received: max_epochs=2.5"),
        ({"min_epochs": 200}, r"lowest <= highest.*Received: lowest=200"),
        ({"factor": 1}, r"`factor`.*Received: factor=1"),
        ({"factor": 0, "levels": [1, 3]}, r"`factor`.*Received: factor=0"),
        ({"levels": 3}, r"`levels`.*Received: 3"),
        ({"levels": [float("nan")]}, r"`levels`.*Received: \[nan\]"),
        ({"hyperband_iterations": 0}, r"`hyperband_iterations`.*Received: hyperband_iterations=0"),
        (
            {"hyperband_iterations": float("inf")},
            r"`hyperband_iterations`.*Received: hyperband_iterations=inf",
        ),
        ({"fidelity": "share"}, r"needs its `levels`.*Received: fidelity='share'"),
        ({"fidelity": "share", "levels": [1.0, 0.5]}, r"ascending.*Received: \[1.0, 0.5\]"),
        ({"levels": [0.5, 1]}, r"integers.*Received: \[0.5, 1\]"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        HyperbandOracle("loss", **arguments)


def test_a_fidelity_that_is_registered_already_is_refused():
    given = kt.HyperParameters()
    given.Int("epochs", 1, 9)
    with pytest.raises(ArgumentError, match="'epochs' is registered by the oracle"):
        HyperbandOracle("loss", hyperparameters=given)
