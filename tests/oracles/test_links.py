"""KerasTuner's own oracles, and the study that is kept beside them."""

import keras_tuner
import pytest
from driving import COMPLETED, FAILED, declare

from tfhpo.errors import SearchFailedError
from tfhpo.oracles.links import ForeignLink, link_to
from tfhpo.study import STUDY_FILE, read_study


class Numbers(keras_tuner.Tuner):
    """Its hypermodel returns the score itself."""

    def run_trial(self, trial, *args, **kwargs):
        return self.hypermodel.build(trial.hyperparameters)


def build(hp):
    x = hp.Int("x", 0, 3)
    if x == 3:
        raise OSError("no model of 3")
    return float(x)


def oracle(max_trials):
    return keras_tuner.oracles.RandomSearchOracle("loss", max_trials, seed=1)


def linked(folder, max_trials):
    """Returns a link as a tuner makes it, with its oracle reloaded where there is something."""
    made = oracle(max_trials)
    made.objective.direction = "min"
    made._set_project_dir(str(folder), "project")
    if (folder / "project" / "oracle.json").exists():
        made.reload()
    return made, link_to(made, made, folder / "project", ())


def test_trials_of_keras_tuners_own_tuner_are_taken_up(tmp_path):
    Numbers(oracle(4), build, directory=tmp_path, project_name="project").search(verbose=0)
    for _ in range(2):  # the second time they are in the study
        later, link = linked(tmp_path, 5)
        assert isinstance(link, ForeignLink)
        link.open()
        link.close()
        study = read_study(tmp_path / "project" / STUDY_FILE)
        assert [trial.trial_id for trial in study.trials] == later.start_order
        for trial in study.trials:
            x = trial.values["x"]
            failed = x == 3
            assert (trial.status, trial.score) == ((FAILED, None) if failed else (COMPLETED, x))
            assert ("no model of 3" in (trial.message or "")) is failed
        assert sorted(trial.values["x"] for trial in study.trials) == [0, 1, 2, 3]
        assert [link.record(later.trials[one.trial_id]).number for one in study.trials] == [
            *range(4)
        ]


def test_a_trial_after_those_taken_up_has_the_next_number(tmp_path):
    Numbers(oracle(2), build, directory=tmp_path, project_name="project").search(verbose=0)
    later, link = linked(tmp_path, 3)
    declare(later, build)
    link.open()
    trial = later.create_trial("tuner0")
    link.begin(trial, "tuner0")
    later.update_trial(trial.trial_id, {"loss": 0.5})
    trial.status = COMPLETED
    link.finish(trial)
    link.close()
    study = read_study(tmp_path / "project" / STUDY_FILE)
    assert [one.number for one in study.trials] == [0, 1, 2]
    assert (study.trials[2].trial_id, study.trials[2].score) == (trial.trial_id, 0.5)


def test_an_oracle_that_gives_up_runs_the_others_trials_again_when_it_goes_on(tmp_path):
    first, link = linked(tmp_path, 3)
    first.max_consecutive_failed_trials = 1
    declare(first, build)
    link.open()
    bad, good = (first.create_trial(name) for name in "ab")
    for trial, name in ((bad, "a"), (good, "b")):
        link.begin(trial, name)
    bad.status = FAILED
    with pytest.raises(SearchFailedError, match="gives up"):
        link.finish(bad)
    link.close()
    later, _ = linked(tmp_path, 3)
    assert later.create_trial("c").trial_id == good.trial_id
    assert later.create_trial("d").trial_id not in (bad.trial_id, good.trial_id)


def test_a_chief_of_keras_tuners_oracle_keeps_no_study(tmp_path, monkeypatch):
    made = oracle(5)
    made.objective.direction = "min"
    link = link_to(made, made, tmp_path / "project", ())
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    monkeypatch.setenv("KERASTUNER_ORACLE_PORT", "1")
    monkeypatch.setenv("KERASTUNER_TUNER_ID", "chief")
    link.open()
    link.close()
    assert not (tmp_path / "project" / STUDY_FILE).exists()
