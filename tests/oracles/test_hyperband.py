"""The oracle of the multi-fidelity strategies, driven by hand."""

import keras_tuner as kt
import pytest
from driving import RUNNING, declare, drive, outcomes, run

from tfhpo.errors import ArgumentError, StudyMismatchError
from tfhpo.oracles import HyperbandOracle

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
    def make(name, trials):
        return oracle(placed, name, max_trials=trials, scheduler=scheduler, proposer=proposer)

    whole = make("whole", 30)
    drive(whole, build)
    for trials in (3, 10, 11, 20, 30):
        pieces = make("pieces", trials)
        drive(pieces, build)
    assert len(outcomes(whole)) == 30
    if scheduler != "successive-halving":  # Its brackets are made to fit the budget.
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


def test_a_trial_is_told_which_one_it_goes_on_from(placed):
    search = oracle(placed, scheduler="successive-halving")
    declare(search, build)
    told = []
    while (trial := search.create_trial("tuner0")).status == RUNNING:
        notes = trial.hyperparameters.notes
        told.append((trial.hyperparameters.values["epochs"], notes.get("goes_on_from")))
        if "goes_on_from" in notes:
            former = dict(search.get_trial(notes["goes_on_from"]).hyperparameters.values)
            assert notes["initial_epoch"] == former.pop("epochs")
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
        ({"max_epochs": 0}, r"`max_epochs`.*Received: 0"),
        ({"max_epochs": 2.5}, r"`max_epochs`.*Received: 2.5"),
        ({"min_epochs": 200}, r"lowest <= highest.*Received: lowest=200"),
        ({"factor": 1}, r"`factor`.*Received: factor=1"),
        ({"hyperband_iterations": 0}, r"`hyperband_iterations`.*Received: 0"),
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
