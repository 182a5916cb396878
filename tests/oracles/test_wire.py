"""What travels between the chief and its workers, through KerasTuner's messages."""

import keras_tuner
import pytest
from driving import COMPLETED, FAILED, INVALID, declare, drive
from keras_tuner.engine.trial import Trial

from tfhpo.errors import TrialTakenError
from tfhpo.oracles import HyperbandOracle, RandomOracle, wire
from tfhpo.oracles.hyperparameters import TrackedHyperParameters
from tfhpo.oracles.links import WorkerLink
from tfhpo.pruners import MedianPruner
from tfhpo.study import TrialStatus


def build(hp):
    """Nothing of this is a 32-bit float; a choice of floats is a parent; types are mixed."""
    score = hp.Float("x", 0.1, 0.7, step=0.1, default=0.3) + hp.Float("y", 1e-3, 1 / 3)
    scale = hp.Choice("scale", [0.1, 0.2])
    with hp.conditional_scope("scale", [0.1]):
        if scale == 0.1:
            score *= hp.Float("gain", 0.3, 0.9)
    if score < 0.5:
        score += hp.Float("unread", 0.3, 0.9)
    return score + hp.Int("n", 1, 9) * hp.Fixed("one", 1.1) * hp.Boolean("some")


def sent(trial):
    return Trial.from_proto(trial.to_proto())


class Chief:
    """The calls of KerasTuner's client, answered by an oracle as the service answers them."""

    def __init__(self, oracle):
        self.oracle = oracle

    def get_space(self):
        return keras_tuner.HyperParameters.from_proto(self.oracle.get_space().to_proto())

    def update_space(self, hyperparameters):
        received = keras_tuner.HyperParameters.from_proto(hyperparameters.to_proto())
        self.oracle.update_space(received)

    def create_trial(self, tuner_id):
        return sent(self.oracle.create_trial(tuner_id))

    def update_trial(self, trial_id, metrics, step=0):
        return sent(self.oracle.update_trial(trial_id, metrics, step))

    def end_trial(self, trial):
        self.oracle.end_trial(sent(trial))

    def get_trial(self, trial_id):
        return sent(self.oracle.get_trial(trial_id))


def test_a_report_is_told_from_a_result():
    assert wire.read_report({"loss": 1.0}) is None
    for last in (False, True):
        report = wire.EpochReport(12, {"loss": 1.0, "val/loss": 2.0}, last)
        assert wire.read_report(wire.report_metrics(report)) == report


def test_hyperparameters_arrive_as_they_were_sent():
    hp = TrackedHyperParameters()
    build(hp)
    hp.notes["seed"] = 2**31 - 1
    plain = keras_tuner.HyperParameters.from_proto(hp.to_proto())
    received, notes = wire.received(plain)
    assert received.values == hp.values
    assert received.get_config()["space"] == hp.get_config()["space"]
    assert notes == {"seed": 2**31 - 1}
    assert build(TrackedHyperParameters.tracking(plain)) == build(hp)


def test_what_was_not_read_does_not_come_back_with_a_default():
    hp = TrackedHyperParameters()
    build(hp)
    hp.values = {"x": 0.3}
    received, _ = wire.received(keras_tuner.HyperParameters.from_proto(hp.to_proto()))
    assert received.values == {"x": 0.3}


def test_hyperparameters_that_did_not_travel_are_as_they_are():
    hp = keras_tuner.HyperParameters()
    hp.Int("n", 1, 9)
    assert wire.received(hp) == (hp, {})


def test_a_worker_of_keras_tuner_tells_what_is_new():
    hp = TrackedHyperParameters()
    hp.Float("x", 0.1, 0.7)
    plain = keras_tuner.HyperParameters.from_proto(hp.to_proto())
    plain.Int("late", 1, 9)
    received, _ = wire.received(keras_tuner.HyperParameters.from_proto(plain.to_proto()))
    assert [one.name for one in received.space] == ["x", "late"]
    assert received.values == {"x": 0.1, "late": 1}


def test_a_search_over_the_wire_is_the_search_at_home(placed):
    home = placed(RandomOracle("loss", 12, seed=0), "home")
    drive(home, build)
    chief, local = placed(RandomOracle("loss", 12, seed=0), "away"), RandomOracle("loss", 12)
    link = WorkerLink(Chief(chief), local)
    hp = TrackedHyperParameters.tracking(link._client.get_space())
    build(hp)
    link._client.update_space(hp)
    while (trial := link._client.create_trial("worker")).status != "STOPPED":
        link.begin(trial, "worker")
        score = build(trial.hyperparameters)
        assert link.report(trial, {"loss": score}, 0, 0, last=False)
        link._client.update_trial(trial.trial_id, {"loss": score})
        trial.status = COMPLETED
        link.finish(trial)
    assert chief.space == home.space
    for mine, theirs in zip(chief.study().trials, home.study().trials, strict=True):
        assert (mine.values, mine.seed, mine.point) == (theirs.values, theirs.seed, theirs.point)
        assert chief.study().reports[mine.number][0].metrics == {"loss": mine.score}


def test_rungs_and_pruners_work_over_the_wire(placed):
    def make(**kwargs):
        return HyperbandOracle("loss", 9, seed=0, scheduler="asha", max_trials=25, **kwargs)

    chief = placed(make(pruner=MedianPruner(1)), "away")
    declare(chief, build)
    link = WorkerLink(Chief(chief), make())
    went_on, stopped = [], []
    while (trial := link._client.create_trial("worker")).status != "STOPPED":
        link.begin(trial, "worker")
        score = build(trial.hyperparameters)
        epochs, former = trial.hyperparameters.get("epochs"), _former(trial)
        first = 0 if former is None else chief.get_trial(former).hyperparameters.values["epochs"]
        for epoch in range(first, epochs):
            go_on = link.report(trial, {"loss": score}, epoch, 0, last=epoch + 1 == epochs)
            if not go_on:
                stopped.append(trial.trial_id)
                break
        link._client.update_trial(trial.trial_id, {"loss": score})
        trial.status = COMPLETED
        link.finish(trial)
        went_on += [] if former is None else [trial.trial_id]
        pruned = link.record(trial).status is TrialStatus.PRUNED
        assert pruned == (trial.trial_id in stopped)
    assert went_on
    assert stopped
    recorded = [one.trial_id for one in chief.study().trials if one.status is TrialStatus.PRUNED]
    assert recorded == stopped


def _former(trial):
    return trial.hyperparameters.notes.get("goes_on_from")


def test_a_worker_has_the_seed_the_attempt_and_the_cause_of_the_chief(placed):
    # The chief's seed was drawn; the worker's own oracle drew another.
    chief = placed(RandomOracle("loss", 1, max_retries_per_trial=1))
    declare(chief, build)
    link = WorkerLink(Chief(chief), RandomOracle("loss", 1))
    seeds = []
    for attempt in range(2):
        trial = link._client.create_trial("worker")
        link.begin(trial, "worker")
        assert link.seed(trial) == link.record(trial).seed == chief.study().trials[0].seed
        assert link.record(trial).attempt == attempt
        seeds.append(link.seed(trial))
        trial.status, trial.message = INVALID, f"attempt {attempt}"
        link.finish(trial)
        assert chief.study().trials[0].message == f"attempt {attempt}"
    assert seeds[0] != seeds[1]


def test_a_search_that_only_fails_ends_on_the_chief_not_in_its_workers(placed, monkeypatch):
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    monkeypatch.setenv("KERASTUNER_ORACLE_PORT", "1")
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "chief")
    chief = placed(RandomOracle("loss", 20))
    declare(chief, build)
    link = WorkerLink(Chief(chief), RandomOracle("loss", 20))
    while (trial := link._client.create_trial("worker")).status != "STOPPED":
        link.begin(trial, "worker")
        trial.status, trial.message = INVALID, "OSError: no data"
        link.finish(trial)
    assert len(chief.study().trials) == 3
    assert "OSError: no data" in str(chief.failure)
    # What KerasTuner's chief waits for before it ends.
    assert not chief.tuner_ids
    assert not chief.ongoing_trials


def test_registered_ranges_override_the_builds_on_a_worker_too(placed):
    registered = keras_tuner.HyperParameters()
    registered.Int("n", 3, 3)
    chief = placed(RandomOracle("loss", hyperparameters=registered))
    declare(chief, build)
    link = WorkerLink(Chief(chief), RandomOracle("loss", hyperparameters=registered))
    trial = link._client.create_trial("worker")
    link.begin(trial, "worker")
    build(trial.hyperparameters)
    assert trial.hyperparameters["n"] == 3


def test_a_worker_knows_the_exact_space(placed):
    chief = placed(RandomOracle("loss"))
    declare(chief, build)
    assert WorkerLink(Chief(chief), RandomOracle("loss")).space == chief.space


@pytest.mark.parametrize(
    ("loss", "retries", "status", "message"),
    [
        (0.25, 0, COMPLETED, None),
        (float("nan"), 0, FAILED, "The objective loss is not finite: nan"),
        (float("nan"), 1, INVALID, "The objective loss is not finite: nan"),
    ],
)
def test_a_worker_learns_how_its_trial_was_judged(placed, loss, retries, status, message):
    chief = placed(RandomOracle("loss", 1, max_retries_per_trial=retries))
    declare(chief, build)
    link = WorkerLink(Chief(chief), RandomOracle("loss", 1))
    trial = link._client.create_trial("worker")
    link.begin(trial, "worker")
    build(trial.hyperparameters)
    link._client.update_trial(trial.trial_id, {"loss": loss, "accuracy": 0.5}, step=3)
    trial.status = COMPLETED
    link.finish(trial)
    record = link.record(trial)
    assert (trial.status, record.message, record.best_step) == (status, message, 3)
    assert [record.score, record.metrics] == [
        pytest.approx(loss, nan_ok=True),
        pytest.approx({"loss": loss, "accuracy": 0.5}, nan_ok=True),
    ]


def test_a_trial_that_was_taken_from_a_worker_has_not_failed(placed):
    chief = placed(RandomOracle("loss", 1))
    declare(chief, build)

    class Impatient(Chief):
        def end_trial(self, trial):
            raise TrialTakenError("It is another's.")

    link = WorkerLink(Impatient(chief), RandomOracle("loss", 1))
    trial = link._client.create_trial("worker")
    link.begin(trial, "worker")
    # As one whose report was answered with a stop ends: with an error of its build, or without.
    for status, message in ((COMPLETED, None), (INVALID, "ValueError: too wide")):
        trial.status, trial.message = status, message
        link.finish(trial)
        record = link.record(trial)
        assert (record.status, record.message) == (TrialStatus.RUNNING, "It is another's.")
        assert record.ended is None


def test_a_trial_that_another_worker_has_begun_again_failed(placed):
    chief = placed(RandomOracle("loss", 1, max_retries_per_trial=1))
    declare(chief, build)

    class Hasty(Chief):
        def end_trial(self, trial):
            super().end_trial(trial)
            assert self.create_trial("another").trial_id == trial.trial_id

    link = WorkerLink(Hasty(chief), RandomOracle("loss", 1))
    trial = link._client.create_trial("worker")
    link.begin(trial, "worker")
    build(trial.hyperparameters)
    link._client.update_trial(trial.trial_id, {"loss": float("nan")})
    trial.status = COMPLETED
    link.finish(trial)
    assert link.record(trial).status == INVALID
