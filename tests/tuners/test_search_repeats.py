"""Seeds and interruptions: a search that is repeated or resumed arrives at the same numbers."""

import itertools
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import keras
import pytest
from small_searches import compiled, network, outcome, searched

import tfhpo
from tfhpo.errors import StudyMismatchError


def noisy(hp):
    """A model whose training draws random numbers beyond its first weights."""
    model = network(hp.Int("units", 2, 6))
    model.add(keras.layers.Dropout(0.3))
    return compiled(model, hp.Float("learning_rate", 1e-3, 1e-1, sampling="log"))


def run(folder, tuner="RandomSearch", seed=0, trials=2, callbacks=None, **kwargs):
    search = getattr(tfhpo, tuner)(
        noisy, "val_loss", trials, seed=seed, directory=folder, project_name="search", **kwargs
    )
    return searched(search, batch_size=24, callbacks=callbacks)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    """A whole search with seed 0."""
    return outcome(run(tmp_path_factory.mktemp("uninterrupted")))


def test_the_same_seed_repeats_the_whole_search(tmp_path, uninterrupted):
    # Whatever happened in the process before.
    keras.utils.set_random_seed(12345)
    assert outcome(run(tmp_path)) == uninterrupted


def test_another_seed_searches_elsewhere(tmp_path, uninterrupted):
    other = outcome(run(tmp_path, seed=1, trials=1))[0]
    assert other[2] != uninterrupted[0][2]
    assert other[3] != uninterrupted[0][3]


def test_without_a_seed_one_is_drawn_and_remembered(tmp_path):
    first = outcome(run(tmp_path / "a", seed=None, trials=1))
    second = outcome(run(tmp_path / "b", seed=None, trials=1))
    assert first != second
    resumed = outcome(run(tmp_path / "a", seed=None, trials=2))
    assert resumed[:1] == first
    with pytest.raises(StudyMismatchError, match="seed"):
        run(tmp_path / "a", seed=5, trials=2)


def interrupting(trial, epoch):
    """Makes callbacks of which one presses Ctrl-C in an epoch of a trial."""
    began = []

    class CtrlC(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            began.append(self)

        def on_epoch_end(self, now, logs=None):
            if (len(began) - 1, now) == (trial, epoch):
                raise KeyboardInterrupt

    return lambda: [CtrlC()]


@pytest.mark.parametrize(("trial", "epoch"), [(0, 0), (1, 1)])
def test_ctrl_c_ends_cleanly_and_the_search_goes_on(tmp_path, uninterrupted, trial, epoch):
    tuner = run(tmp_path, callbacks=interrupting(trial, epoch))
    assert tuner.stop_reason == "interrupted"
    stopped = tuner.study()
    assert [one.status.value for one in stopped.trials] == ["COMPLETED"] * trial + ["RUNNING"]
    assert len(stopped.reports.get(trial, ())) in (epoch, epoch + 1)
    assert outcome(run(tmp_path)) == uninterrupted


def test_the_same_tuner_goes_on_too(tmp_path, uninterrupted):
    tuner = run(tmp_path, callbacks=interrupting(1, 0))
    searched(tuner, batch_size=24)
    assert tuner.stop_reason == "max_trials"
    assert outcome(tuner) == uninterrupted
    assert [trial.interruptions for trial in tuner.study().trials] == [0, 1]


class Killed(keras.callbacks.Callback):
    """Puts aside what lies on the disk in the middle of a training, as a kill would leave it."""

    def __init__(self, folder, left):
        super().__init__()
        self.folder, self.left = folder, left

    def on_epoch_end(self, epoch, logs=None):
        shutil.copytree(self.folder, self.left)
        raise KeyboardInterrupt


def test_a_trial_that_kills_the_program_again_and_again_is_given_up(tmp_path):
    folders = [tmp_path / str(number) for number in range(4)]
    for folder, left in itertools.pairwise(folders):
        run(folder, callbacks=[Killed(folder, left)])
    first, second = run(folders[-1]).study().trials
    assert (first.status.value, second.status.value) == ("FAILED", "COMPLETED")
    assert "the program ended 3 times while this trial ran in it" in first.message


def test_the_elastic_grid_repeats_and_resumes(tmp_path):
    whole = outcome(run(tmp_path / "whole", "ElasticGridSearch", trials=3))
    tuner = run(tmp_path / "parts", "ElasticGridSearch", trials=3, callbacks=interrupting(2, 0))
    assert tuner.stop_reason == "interrupted"
    assert outcome(run(tmp_path / "parts", "ElasticGridSearch", trials=3)) == whole


def test_repeated_executions_have_seeds_of_their_own(tmp_path):
    def losses_of(tuner):
        return [one.metrics["loss"] for one in tuner.study().reports[0]]

    losses = [losses_of(run(tmp_path / f, trials=1, executions_per_trial=2)) for f in "ab"]
    assert losses[0] == losses[1]
    assert losses[0][:2] != losses[0][2:]


_CHILD = """
import os, signal, sys
sys.path.insert(0, sys.argv[2])
import keras
from test_search_repeats import outcome, run

class CtrlC(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        print("epoch", epoch, flush=True)
        os.kill(os.getpid(), signal.SIGINT)

tuner = run(sys.argv[1], callbacks=lambda: [CtrlC()])
print("reason", tuner.stop_reason, flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_a_real_ctrl_c_in_a_real_process(tmp_path, uninterrupted):
    here = Path(__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(tmp_path), str(here)],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=here.parents[1],
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["epoch 0", "reason interrupted"]
    assert "Traceback" not in done.stderr
    assert outcome(run(tmp_path)) == uninterrupted
