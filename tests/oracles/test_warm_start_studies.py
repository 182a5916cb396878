"""Former studies on disk that another search begins with."""

import pytest
from driving import declare, drive, outcomes, run

from tfhpo.errors import ArgumentError, StudyError, StudyMismatchError
from tfhpo.oracles import (
    BayesianOracle,
    ElasticGridOracle,
    HyperbandOracle,
    RandomOracle,
    TPEOracle,
)


def bowl(hp):
    return (hp.Float("x", 0, 1) - 0.8) ** 2 + (hp.Int("n", 1, 50, sampling="log") - 7) ** 2 / 900


def best(oracle):
    (trial,) = oracle.get_best_trials()
    return trial.hyperparameters.values


@pytest.fixture
def former(placed):
    """A study of 25 trials, and the folder that it lies in."""
    oracle = placed(RandomOracle("loss", 25, seed=3), "former")
    drive(oracle, bowl)
    return oracle


@pytest.mark.parametrize("make", [RandomOracle, ElasticGridOracle, BayesianOracle, TPEOracle])
def test_the_best_of_a_former_study_is_tried_first(placed, former, make):
    search = placed(make("loss", 4, seed=0))
    search.warm_start(former.study_path.parent)
    first, *_ = drive(search, bowl)
    assert first["x"] == pytest.approx(best(former)["x"])
    assert first["n"] == best(former)["n"]


def test_a_study_with_the_other_direction_is_told_in_its_own(placed):
    upward = placed(RandomOracle("accuracy", 25, seed=3), "upward")
    drive(upward, lambda hp: -bowl(hp), metric="accuracy")
    search = placed(RandomOracle("loss", 1, seed=0))
    search.warm_start(upward.study())
    (first,) = drive(search, bowl)
    assert first["n"] == best(upward)["n"]


def test_other_ranges_and_other_parameters(placed, former):
    def other(hp):
        return bowl_of(hp.Float("x", 0.5, 3.0)) + hp.Float("new", 0, 1, default=0.25)

    def bowl_of(x):
        return (x - 0.8) ** 2

    search = placed(BayesianOracle("loss", 8, seed=0))
    search.warm_start(former.study_path)
    values = drive(search, other)
    fitting = [trial for trial in former.study().completed if trial.values["x"] >= 0.5]
    wanted = min(fitting, key=lambda trial: trial.score).values["x"]
    assert values[0] == {"x": pytest.approx(wanted), "new": pytest.approx(0.25)}


@pytest.mark.parametrize("make", [RandomOracle, BayesianOracle, TPEOracle])
def test_a_warm_search_in_pieces_is_the_whole_search(placed, former, make):
    def search(name, trials):
        oracle = placed(make("loss", trials, seed=0), name)
        oracle.warm_start(former.study_path)
        drive(oracle, bowl)
        return oracle

    whole = search("whole", 14)
    search("pieces", 2)
    # The former study grows meanwhile, which changes nothing for a search that has begun.
    again = placed(RandomOracle("loss", 40, seed=3), "former")
    drive(again, bowl)
    search("pieces", 9)
    pieces = search("pieces", 14)
    assert outcomes(pieces) == outcomes(whole)


def test_a_space_that_grows_after_a_warm_start_is_restored(placed, former):
    def growing(hp):
        score = bowl(hp)
        return score + hp.Float("late", 0, 1) if hp.Boolean("deep") else score

    def search(name, trials):
        oracle = placed(TPEOracle("loss", trials, seed=0), name)
        oracle.warm_start(former.study_path)
        drive(oracle, growing)
        return oracle

    whole = search("whole", 14)
    for trials in (3, 7, 14):
        pieces = search("pieces", trials)
    assert "late" in pieces.space.names
    assert outcomes(pieces) == outcomes(whole)


def test_another_former_study_is_another_search(placed, former):
    oracle = placed(RandomOracle("loss", 2, seed=0))
    oracle.warm_start(former.study_path)
    drive(oracle, bowl)
    cold = placed(RandomOracle("loss", 4, seed=0))
    declare(cold, bowl)
    with pytest.raises(StudyMismatchError, match=r"warm_start: was .*is None"):
        cold.create_trial("tuner0")


def test_a_search_over_rungs_lends_its_highest(placed):
    rungs = placed(HyperbandOracle("loss", 9, seed=0, max_trials=30), "rungs")
    drive(rungs, lambda hp: bowl(hp) - hp.get("epochs"))
    search = placed(RandomOracle("loss", 1, seed=0))
    search.warm_start(rungs.study_path)
    (first,) = drive(search, bowl)
    top = [trial for trial in rungs.study().completed if trial.values["epochs"] == 9]
    assert first["n"] == min(top, key=lambda trial: trial.score).values["n"]


def test_what_cannot_be_a_former_study_is_refused(placed, former):
    oracle = placed(RandomOracle("loss", 2, seed=0))
    with pytest.raises(ArgumentError, match=r"a path or what `read_study` returns.*Received: int"):
        oracle.warm_start(3)
    with pytest.raises(StudyError, match="There is no study"):
        oracle.warm_start("nowhere")
    again = placed(RandomOracle("loss", 30, seed=0), former.study_path.parent.name)
    assert again.study_path == former.study_path
    with pytest.raises(ArgumentError, match="one of another search: this one goes on"):
        again.warm_start(former.study_path.parent)
    empty = placed(RandomOracle("loss", 1, seed=0), "empty")
    declare(empty, bowl)
    run(empty, empty.create_trial("tuner0"), lambda hp: 1 / 0)
    with pytest.raises(ArgumentError, match="must have a completed trial"):
        oracle.warm_start(empty.study_path)


def test_a_study_that_shares_nothing_is_refused_before_the_first_trial(placed, former):
    oracle = placed(RandomOracle("loss", 2, seed=0))
    oracle.warm_start(former.study_path)
    declare(oracle, lambda hp: hp.Float("other", 0, 1))
    with pytest.raises(ArgumentError, match=r"share parameters.*\['n', 'x'\], none of whose 25"):
        oracle.create_trial("tuner0")
    assert not oracle.study_path.exists()


def test_a_search_that_has_begun_is_not_warm_started(placed, former):
    oracle = placed(RandomOracle("loss", 4, seed=0))
    drive(oracle, bowl, trials=1)
    with pytest.raises(ArgumentError, match="before its first trial"):
        oracle.warm_start(former.study_path)


def test_the_former_study_is_left_as_it_is(placed, former):
    before = former.study_path.read_bytes()
    oracle = placed(RandomOracle("loss", 4, seed=0))
    oracle.warm_start(former.study_path)
    drive(oracle, bowl)
    assert former.study_path.read_bytes() == before
