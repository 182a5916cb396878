"""The simulation of many workers: who gets which trial, and how their waits are counted."""

import collections

from benchmarks import many_workers
from benchmarks.many_workers import Fleet, simulate
from tfhpo.oracles import RandomOracle


class Clock:
    """Stands still but for what an oracle takes."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Taking:
    """Makes random oracles that take two seconds for each trial that they hand out."""

    def __init__(self, clock):
        self.clock = clock
        self.given, self.ended = [], collections.Counter()

    def __call__(self, **arguments):
        oracle = RandomOracle(**arguments)
        create, end = oracle.create_trial, oracle.end_trial

        def create_trial(worker):
            self.clock.now += 2.0
            trial = create(worker)
            if trial.status == "RUNNING":
                self.given.append((worker, dict(trial.hyperparameters.values)))
            return trial

        def end_trial(trial):
            self.ended[trial.trial_id] += 1
            end(trial)

        oracle.create_trial, oracle.end_trial = create_trial, end_trial
        return oracle


def run(trials=12, seed=3):
    clock = Clock()
    oracle = Taking(clock)
    return simulate(oracle, workers=3, trials=trials, seed=seed, clock=clock), oracle


def test_every_trial_ends_once_and_every_worker_has_some():
    fleet, oracle = run()
    assert sorted(oracle.ended.values()) == [1] * 12
    assert {worker for worker, _ in oracle.given} == {"worker0", "worker1", "worker2"}
    assert (len(fleet.first), len(fleet.waits), len(fleet.found)) == (3, 9, 12)


def test_a_simulation_can_be_repeated():
    first, second, other = run(), run(), run(seed=4)
    assert first[0] == second[0]
    assert first[1].given == second[1].given
    assert first[1].given != other[1].given


def test_the_first_line_waits_for_one_another_and_whoever_comes_later_for_the_oracle(monkeypatch):
    monkeypatch.setattr(many_workers, "_seconds", lambda trial, rng: 60.0)
    fleet, _ = run()
    assert fleet.first == [2.0, 4.0, 6.0]
    assert fleet.service == [2.0] * 12
    assert fleet.waits == [2.0] * 9
    assert [when for when, _ in fleet.found[:6]] == [62.0, 64.0, 66.0, 124.0, 126.0, 128.0]


def test_workers_stand_in_line_where_trials_are_shorter_than_their_handing_out(monkeypatch):
    monkeypatch.setattr(many_workers, "_seconds", lambda trial, rng: 1.0)
    fleet, _ = run()
    # Three are served in turns of two seconds, of which each trains for one.
    assert fleet.waits == [5.0] * 9


def test_a_row_tells_rate_waits_and_regret():
    fleet = Fleet([1.0], [0.6, 1.8], [0.5, 0.5], [(10.0, 0.4), (301.0, 0.1)])
    assert many_workers._row([fleet]) == "2 | 1.0 s | 2.000% | 3.00% | 0.400 | 0.100"


def test_a_row_of_one_trial_for_each_worker_has_no_waits():
    fleet, _ = run(trials=3)
    assert fleet.waits == []
    cells = many_workers._row([fleet]).split(" | ")
    assert cells[1:4] == ["6.0 s", "-", "-"]
