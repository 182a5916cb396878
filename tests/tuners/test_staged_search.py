"""Staged search that really trains: groups by the roles of ready parameters, or as given."""

import pytest
from small_searches import FIT, X, Y, classifier, compiled, network, outcome, searched

import tfhpo
from tfhpo.errors import ArgumentError, SpaceError, StudyMismatchError


def ready(hp):
    """A model whose rate is a ready parameter, and whose units are anybody's."""
    return compiled(network(hp.Int("units", 2, 6)), tfhpo.hp.learning_rate(hp, name="rate"))


def staged(folder, build=classifier, max_trials=6, **kwargs):
    settings = {"seed": 0, "directory": folder, "project_name": "search", **kwargs}
    return tfhpo.StagedSearch(build, "val_loss", max_trials, **settings)


def stages(tuner):
    """The names that each stage tuned."""
    events = [event.data for event in tuner.study().events if event.kind == "stage"]
    return [(one["parameters"], one["end"]) for one in events]


def values(tuner, name):
    return [trial.values[name] for trial in tuner.study().trials]


def test_ready_parameters_and_arguments_of_fit_make_the_groups(tmp_path):
    fit = {name: value for name, value in FIT.items() if name != "batch_size"}
    tuner = staged(tmp_path, ready, 6, strategy="random")
    tuner.search(X, Y, batch_size=tfhpo.hp.batch_size, **{**fit, "epochs": 1})
    assert stages(tuner) == [(["rate"], 2), (["batch_size"], 4), (["units"], 6)]
    assert len(set(values(tuner, "rate")[:2])) == 2
    assert len(set(values(tuner, "units")[:4])) == 1
    assert len(set(zip(values(tuner, "rate"), values(tuner, "batch_size"), strict=True))) >= 3
    assert tuner.stop_reason == "max_trials"


def hiding(hp):
    """A model with a ready parameter that only one of its kinds declares."""
    kind = hp.Choice("kind", ["plain", "decaying"])
    rate = tfhpo.hp.learning_rate(hp, name="rate")
    with hp.conditional_scope("kind", ["decaying"]):
        if kind == "decaying":
            tfhpo.hp.weight_decay(hp, name="decay")
    return compiled(network(4), rate)


def test_what_only_some_builds_declare_has_its_role(tmp_path):
    tuner = searched(staged(tmp_path, hiding, 2, strategy="random"), epochs=1)
    assert tuner.oracle._plan.options["stages"][0].parameters == ("decay", "rate")


def test_without_roles_the_stages_must_be_given(tmp_path):
    tuner = staged(tmp_path)
    with pytest.raises(ArgumentError, match=r"\['learning_rate', 'units'\].*Give `stages`"):
        searched(tuner)
    assert not list(tmp_path.rglob("*.sqlite"))


def test_given_stages_with_strategies_and_trials_of_their_own(tmp_path):
    given = [
        tfhpo.Stage(["learning_rate"], trials=3, strategy="tpe"),
        tfhpo.Stage(["units"], trials=2, strategy="grid", options={"levels": 3}),
    ]
    tuner = searched(staged(tmp_path, max_trials=None, stages=given), epochs=1)
    trials = tuner.study().trials
    assert len(trials) == 5
    best = min(trials[:3], key=lambda trial: trial.score)
    assert {trial.values["learning_rate"] for trial in trials[3:]} == {best.values["learning_rate"]}
    assert stages(tuner) == [(["learning_rate"], 3), (["units"], 5)]
    with pytest.raises(ArgumentError, match=r"max_trials=4, stages of \[3, 2\] trials"):
        staged(tmp_path, max_trials=4, stages=given)


def test_an_unknown_name_is_refused_before_training(tmp_path):
    tuner = staged(tmp_path, stages=[["learning_rates"], ["units"]])
    with pytest.raises(SpaceError, match="Did you mean 'learning_rate'"):
        searched(tuner)
    assert not list(tmp_path.rglob("*.sqlite"))


@pytest.mark.parametrize("build", [classifier, ready])
def test_a_search_goes_on_as_if_never_stopped(tmp_path, build):
    given = {} if build is ready else {"stages": [["learning_rate"], ["units"]]}

    def tuner(folder, **kwargs):
        return staged(tmp_path / folder, build, 6, strategy="tpe", **given, **kwargs)

    whole = searched(tuner("whole"), epochs=1)
    # As if it were interrupted in its second stage.
    first = tuner("parts", listeners=[Interrupts(after=4)])
    searched(first, epochs=1)
    assert first.stop_reason == "interrupted"
    parts = searched(tuner("parts"), epochs=1)
    assert outcome(parts) == outcome(whole)
    assert stages(parts) == stages(whole)


class Interrupts(tfhpo.tuners.SearchListener):
    """Presses Ctrl-C when so many trials have ended."""

    def __init__(self, after):
        self.left = after

    def on_trial_end(self, trial):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def test_other_stages_are_refused_with_the_difference(tmp_path):
    searched(staged(tmp_path, max_trials=2, stages=[["learning_rate"], ["units"]]), epochs=1)
    other = staged(tmp_path, max_trials=4, stages=[["units"], ["learning_rate"]])
    with pytest.raises(StudyMismatchError, match=r"options: was .*, is .*"):
        searched(other, epochs=1)


def test_a_second_search_of_the_same_tuner_has_the_same_stages(tmp_path):
    tuner = searched(staged(tmp_path, ready, 4, strategy="random"), epochs=1)
    searched(tuner, epochs=1)
    assert stages(tuner) == [(["rate"], 2), (["units"], 4)]
    assert tuner.stop_reason == "max_trials"
