"""The README's section on schedules: its code runs as it stands, on less data in fewer trials."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow

README = Path(__file__).parents[2] / "README.md"
_rng = np.random.default_rng(0)
DATA = {"x": _rng.normal(size=(40, 8)).astype("float32"), "y": _rng.integers(10, size=40)}


def blocks():
    """The section's pieces of code: the search, the loading, the stages."""
    text = README.read_text(encoding="utf-8")
    section = text.split("## The learning rate and its schedule")[1].split("\n## ")[0]
    return re.findall(r"```python\n(.*?)```", section, re.DOTALL)


def smaller(code):
    code = re.sub(r"max_trials=\d+", "max_trials=2", code)
    return re.sub(r"epochs=\d+", "epochs=1", code)


@pytest.fixture(scope="module")
def searched(tmp_path_factory):
    """The folder and the names of a session that ran the first piece."""
    folder = tmp_path_factory.mktemp("readme")
    names = dict(DATA)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(smaller(blocks()[0]), names)
        names["model"] = names["tuner"].get_best_models()[0]
        names["model"].save("best.keras")
    return folder, names


def test_another_process_loads_the_model_after_one_line(searched):
    folder, names = searched
    told = (
        "print(type(model.optimizer._learning_rate).__name__, model.layers[0].kernel_regularizer)"
    )
    code = f"import keras\n{blocks()[1]}\n{told}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    schedule, penalty = done.stdout.split(maxsplit=1)
    assert schedule == type(names["model"].optimizer._learning_rate).__name__
    assert "ElasticNet" in penalty


def test_the_stages_fit_the_same_build(searched, tmp_path, monkeypatch):
    by_role, by_name, of_one_role = blocks()[2].strip().split("\n\n")
    three = stages_of(by_role, searched, tmp_path / "by_role", monkeypatch)
    first, second = stages_of(by_name, searched, tmp_path / "by_name", monkeypatch)
    assert {"optimizer", "adam_learning_rate", "adam_schedule"} <= first
    assert {"batch_size", "elastic_net_alpha", "dropout"} <= second
    same = stages_of(of_one_role, searched, tmp_path / "of_one_role", monkeypatch)
    # What belongs to another optimiser is known once that one was drawn.
    for stages in (three, same):
        assert [one & {"optimizer", "batch_size", "dropout"} for one in stages] == [
            {"optimizer"}, {"batch_size"}, {"dropout"},
        ]  # fmt: skip


def stages_of(code, searched, folder, monkeypatch):
    """The parameters of each stage of a search by the code, every trial of which has completed."""
    folder.mkdir()
    monkeypatch.chdir(folder)
    names = dict(searched[1])
    code = re.sub(r"\btrials=\d+", "trials=2", code)
    exec(re.sub(r"max_trials=\d+", "max_trials=4", code), names)
    tuner = names["tuner"]
    tuner.search(
        DATA["x"], DATA["y"], validation_split=0.2, epochs=1,
        batch_size=lambda hp: hp.get("batch_size"), verbose=0,
    )  # fmt: skip
    assert {trial.status.value for trial in tuner.study().trials} == {"COMPLETED"}
    stages = (event for event in tuner.study().events if event.kind == "stage")
    return [set(event.data["parameters"]) for event in stages]
