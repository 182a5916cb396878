"""A trial that runs in the program's own process, and the times that the program was killed."""

import shutil

import pytest
from driving import COMPLETED, FAILED, RUNNING, declare, drive, run

from tfhpo.oracles import RandomOracle
from tfhpo.strategies import Outcome


def build(hp):
    return hp.Float("x", 0.0, 1.0)


@pytest.fixture
def searches(placed, tmp_path):
    """Makes the oracle of a search in this process; `killed` leaves it as a kill does."""

    class Searches:
        number = 0

        def oracle(self, in_driver=True, can_isolate=True, trials=3, **settings):
            oracle = placed(RandomOracle("loss", trials, seed=0, **settings), f"p{self.number}")
            oracle.in_driver, oracle.can_isolate = in_driver, can_isolate
            declare(oracle, build)
            return oracle

        def killed(self):
            """What lies on the disk at this moment is what a kill leaves."""
            former, self.number = tmp_path / f"p{self.number}", self.number + 1
            shutil.copytree(former, tmp_path / f"p{self.number}")

    return Searches()


def begun(oracle):
    trial = oracle.create_trial("tuner0")
    assert trial.status == RUNNING
    return trial


@pytest.mark.parametrize("can_isolate", [True, False])
def test_the_third_program_that_ends_with_a_trial_fails_it(searches, can_isolate, caplog):
    first = searches.oracle()
    run(first, begun(first), build)
    first.close()
    seeds = []
    for _ in range(3):
        oracle = searches.oracle()
        trial = begun(oracle)
        assert trial.trial_id == "0001"
        seeds.append(oracle.trial_seed("0001"))
        searches.killed()
    assert len(set(seeds)) == 1
    last = searches.oracle(can_isolate=can_isolate)
    drive(last, build)
    trials = last.study().trials
    assert [trial.status for trial in trials] == [COMPLETED, FAILED, COMPLETED]
    assert "Trial 0001 ran when the program ended (2 of 3 times that it may)" in caplog.text
    assert f"Trial 0001 is given up: {trials[1].message}" in caplog.text
    # It is not advised where it would be refused.
    assert ("isolate=True" in trials[1].message) == can_isolate
    assert trials[1].message.startswith("ProgramEnded: the program ended 3 times while this trial")
    assert (trials[1].attempt, trials[1].interruptions) == (0, 2)
    assert trials[1].ended is not None


def test_a_program_that_stops_cleanly_does_not_count(searches):
    for _ in range(5):
        oracle = searches.oracle()
        assert begun(oracle).trial_id == "0000"
        oracle.close()
    last = searches.oracle()
    drive(last, build)
    assert {trial.status for trial in last.study().trials} == {COMPLETED}
    assert last.study().trials[0].interruptions == 5


def test_nor_does_one_whose_trials_run_elsewhere(searches):
    for _ in range(5):
        assert begun(searches.oracle(in_driver=False)).trial_id == "0000"
        searches.killed()
    assert begun(searches.oracle(in_driver=False)).trial_id == "0000"


def test_nor_a_trial_that_had_failed_by_then(searches):
    """One that waits for another attempt was not running."""
    oracle = searches.oracle(max_retries_per_trial=1)
    run(oracle, begun(oracle), lambda hp: 1 / 0)
    for _ in range(4):
        searches.killed()
        oracle = searches.oracle(max_retries_per_trial=1)
        oracle.open()
    assert begun(oracle).trial_id == "0000"
    assert oracle.trial_record("0000").attempt == 1


def test_a_program_is_counted_once(searches):
    """One that dies before the trial was begun again is not its doing."""
    begun(searches.oracle())
    for _ in range(5):
        searches.killed()
        searches.oracle().open()
    searches.killed()
    assert begun(searches.oracle()).trial_id == "0000"


def test_a_strategy_learns_of_the_failure(searches):
    """The search goes on as with any other failed trial."""
    for _ in range(3):
        begun(searches.oracle())
        searches.killed()
    oracle = searches.oracle()
    assert begun(oracle).trial_id == "0001"
    history = oracle._opened.strategy.history
    assert history.entry(0).outcome is Outcome.FAILED
