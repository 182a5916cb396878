"""`tune` and `resume` on a small model: real searches, and what is refused before any."""

import json
import shlex
import signal

import pytest
from command_line import MODEL, invoke, program, refusal

from tfhpo.study import read_study


@pytest.fixture
def model(tmp_path):
    """A model's file; its name is its own, since a module of a name is loaded once."""
    path = tmp_path / f"model_{tmp_path.name}.py"
    path.write_text(MODEL)
    return path


def arguments(model, **changes):
    options = {
        "data": f"{model}:load_data",
        "max_trials": 2,
        "epochs": 1,
        "directory": model.parent / "studies",
        "seed": 0,
        **changes,
    }
    given = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    return ["tune", f"{model}:build_model", *given]


def studies(model):
    return list((model.parent / "studies").glob("*/study.sqlite"))


def test_a_search_and_one_that_goes_on(model):
    first = invoke(*arguments(model))
    assert first.exit_code == 0, first.output
    folder = model.parent / "studies" / model.stem
    assert f"tfhpo resume {folder} --max-trials 4" in first.output.replace("\n", "")
    assert list((folder / "logs").iterdir())
    second = invoke("resume", folder, "--max-trials", 3)
    assert second.exit_code == 0, second.output
    study = read_study(folder)
    assert [trial.number for trial in study.completed] == [0, 1, 2]
    assert json.loads((folder / "tune.json").read_text())["max_trials"] == 3
    third = invoke(*arguments(model, max_trials=4))
    assert third.exit_code == 0, third.output
    assert len(read_study(folder).completed) == 4
    # The hint counts the trials that there are, of which a bound of one says nothing.
    fourth = invoke("resume", folder, "--max-trials", 1)
    assert "--max-trials 8" in fourth.output.replace("\n", "")
    # What can never be is told as such, not as another search.
    assert "Did you mean 'random'?" in refusal(*arguments(model, strategy="randm"))
    assert "must be a number of seconds above 0" in refusal(*arguments(model, max_time=-1))
    assert "must be a number of seconds above 0" in refusal("resume", folder, "--max-time", -1)
    assert f"that hold one: {folder.name}" in refusal("resume", folder.parent).replace("\n", " ")
    misspelt = arguments(model, epochs=2)
    misspelt[1] = f"{model}:build_modle"
    assert "Did you mean 'build_model'?" in refusal(*misspelt)
    # What is refused discards nothing.
    assert "val_acuracy" in refusal(
        *arguments(model, objective="val_acuracy", direction="max"), "--overwrite"
    )
    assert len(read_study(folder).completed) == 4
    assert json.loads((folder / "tune.json").read_text())["objective"] == "val_accuracy"
    changed = refusal(*arguments(model, epochs=2))
    assert "epochs was 1, is 2" in changed
    assert "--overwrite" in changed
    anew = invoke(*arguments(model, epochs=2, max_trials=1), "--overwrite")
    assert anew.exit_code == 0, anew.output
    assert len(read_study(folder).completed) == 1


def test_the_commands_told_can_be_pasted(model):
    folder = model.parent / "two words"
    done = invoke(*arguments(model, max_trials=1, directory=folder, project_name="it's"))
    assert done.exit_code == 0, done.output
    show, more, board = (shlex.split(line) for line in done.output.splitlines()[-3:])
    place = str(folder / "it's")
    assert show[-3:] == ["tfhpo", "show", place]
    assert more[-5:] == ["tfhpo", "resume", place, "--max-trials", "2"]
    assert board[-3:] == ["tensorboard", "--logdir", f"{place}/logs"]


def test_a_search_over_rungs_with_a_pruner(model):
    done = invoke(*arguments(model, strategy="asha", pruner="median", epochs=3, max_trials=5))
    assert done.exit_code == 0, done.output
    study = read_study(model.parent / "studies" / model.stem)
    assert {trial.values["epochs"] for trial in study.trials} == {1, 3}
    assert study.header.settings["pruner"]["name"] == "median"
    other = refusal(*arguments(model, strategy="asha", pruner="asha", epochs=3, max_trials=5))
    assert "pruner was median, is asha" in other
    assert "Received: 'medan'" in refusal(*arguments(model, pruner="medan"))


def test_an_unknown_strategy_names_the_nearest(model):
    message = refusal(*arguments(model, strategy="elastic"))
    assert "['asha', 'bayesian', 'elastic-grid', " in message
    assert "Did you mean 'elastic-grid'?" in message


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"data": "{model}:load_triple"}, "It returned (ndarray of shape (60, 4), int, int)"),
        ({"data": "{model}:load_uneven"}, "same number of rows"),
        ({"data": "{model}:load_dat"}, "Did you mean 'load_data'?"),
        ({"data": "{model}:not_a_function"}, "must be a function"),
        ({"data": "nowhere.py:load_data"}, "There is no file at"),
        ({"objective": "val_acuracy"}, "--direction max"),
        ({"objective": "val_acuracy", "direction": "max"}, "['accuracy', 'loss', "),
        ({"directory": "{model}"}, "is a file"),
        ({"max_time": "-1"}, "max_time"),
        ({"project_name": "../elsewhere"}, "one folder, which --directory holds"),
        ({"project_name": ".."}, "one folder"),
    ],
)
def test_what_is_refused_before_any_training(model, changes, told):
    given = {name: value.format(model=model) for name, value in changes.items()}
    result = invoke(*arguments(model, **given))
    assert result.exit_code == 2, result.output
    assert told in result.stderr.replace("\n", " ")
    assert "Traceback" not in result.output
    assert not studies(model)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        ("build_uncompiled", "compile"),
        ("build_without_parameters", "parameter"),
        ("build_modell", "Did you mean 'build_model'?"),
    ],
)
def test_build_functions_that_are_refused(model, function, told):
    command = arguments(model)
    command[1] = f"{model}:{function}"
    assert told in refusal(*command)
    assert not studies(model)


@pytest.mark.parametrize("option", ["max_trials", "epochs", "batch_size", "patience"])
def test_counts_are_at_least_one(model, option):
    assert invoke(*arguments(model, **{option: 0})).exit_code == 2


def test_resume_needs_a_search_of_tune(finished, tmp_path):
    assert "tune.json" in refusal("resume", finished)
    assert "tune.json" in refusal("resume", tmp_path / "none")


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"build": 1}'])
def test_a_damaged_request_is_told(finished, text):
    (finished / "tune.json").write_text(text)
    assert "damaged" in refusal("resume", finished)


@pytest.mark.slow
@pytest.mark.parametrize("stop", ["SIGKILL", "SIGINT"])
def test_a_stopped_search_goes_on(model, stop):
    folder = model.parent / "studies" / model.stem
    study = folder / "study.sqlite"
    stopped = program(
        *arguments(model, max_trials=4), folder=model.parent, STOP_BY=stop, STUDY=str(study)
    )
    before = read_study(folder)
    assert len(before.completed) == 2
    if stop == "SIGKILL":
        assert stopped.returncode == -signal.SIGKILL
    else:
        assert stopped.returncode == 130, stopped.stderr
        assert f"tfhpo resume {folder}" in stopped.stdout
    resumed = program("resume", folder, folder=model.parent)
    assert resumed.returncode == 0, resumed.stderr
    after = read_study(folder)
    assert [trial.number for trial in after.completed] == [0, 1, 2, 3]
    assert after.completed[:2] == before.completed


def test_trials_in_other_processes(model):
    options = arguments(model, workers=2, trial_timeout=100, max_trials=3)
    assert "Received: cpus_per_trial=0" in refusal(*arguments(model, workers=2, cpus_per_trial=0))
    assert 'at least 1, or "auto"' in refusal(*arguments(model, workers=0))
    assert "`trial_timeout` is about" in refusal(*arguments(model, trial_timeout=3))
    first = invoke(*options)
    assert first.exit_code == 0, first.output
    folder = model.parent / "studies" / model.stem
    study = read_study(folder)
    assert len(study.completed) == 3
    assert {trial.tuner_id for trial in study.trials} == {"tuner0-0", "tuner0-1"}
    # Elsewhere, if one wishes.
    second = invoke("resume", folder, "--workers", "1", "--max-trials", 4, "--isolate")
    assert second.exit_code == 0, second.output
    assert len(read_study(folder).completed) == 4


def test_data_sets_are_made_in_the_workers(model):
    model.write_text(
        MODEL
        + """

def load_sets():
    import tensorflow as tf

    return tuple(tf.data.Dataset.from_tensor_slices(pair).batch(20) for pair in load_data())
"""
    )
    result = invoke(*arguments(model, data=f"{model}:load_sets", max_trials=1), "--isolate")
    assert result.exit_code == 0, result.output
    assert len(read_study(model.parent / "studies" / model.stem).completed) == 1
