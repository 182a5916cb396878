"""Which weights lie on disk after a search, and what is told where they do not."""

from pathlib import Path

import keras_tuner as kt
import pytest
from small_searches import (
    X_HELD_OUT,
    Y_HELD_OUT,
    compiled,
    network,
    random_search,
    searched,
    weights_on_disk,
)

import tfhpo
from tfhpo.errors import ArgumentError, StudyError
from tfhpo.tuners.checkpoints import CheckpointKeeper


def best_ids(tuner, count):
    return sorted(trial.trial_id for trial in tuner.study().best(count))


def test_the_default_keeps_the_best(tmp_path):
    tuner = searched(random_search(tmp_path, max_trials=4), epochs=1)
    assert weights_on_disk(tuner) == best_ids(tuner, 1)


def test_two_keep_the_best_two(finished):
    assert weights_on_disk(finished) == best_ids(finished, 2)


def test_none_keep_nothing(tmp_path):
    tuner = searched(random_search(tmp_path, max_trials=2, checkpoints=0), epochs=1)
    assert weights_on_disk(tuner) == []
    assert {path.suffix for path in (tmp_path / "search").rglob("*")} <= {
        ".sqlite",
        ".lock",
        ".json",
    }
    with pytest.raises(StudyError, match=r"`checkpoints=0` keeps.*refit_best"):
        tuner.get_best_models()


def test_all_keep_every_completed_trials(tmp_path):
    tuner = searched(random_search(tmp_path, max_trials=3, checkpoints="all"), epochs=1)
    assert weights_on_disk(tuner) == ["0000", "0001", "0002"]
    for model, trial in zip(tuner.get_best_models(3), tuner.study().best(3), strict=True):
        loss = model.evaluate(X_HELD_OUT, Y_HELD_OUT, verbose=0)[0]
        assert loss == pytest.approx(trial.score, rel=1e-6)


def test_more_models_than_were_kept_are_refused(finished):
    with pytest.raises(StudyError, match=r"weights of trial 000\d are not on disk.*=2"):
        finished.get_best_models(3)


def test_the_weights_are_those_of_the_best_epoch(tmp_path):
    def build(hp):
        # A rate this large overshoots in the end.
        return compiled(network(hp.Int("units", 2, 4)), 1.5)

    tuner = searched(random_search(tmp_path, build, max_trials=3), epochs=6, batch_size=16)
    best = tuner.study().best()[0]
    assert best.best_step < 5
    loss = tuner.get_best_models()[0].evaluate(X_HELD_OUT, Y_HELD_OUT, verbose=0)[0]
    assert loss == pytest.approx(best.score, rel=1e-6)


def test_a_resumed_search_removes_what_a_former_process_kept(tmp_path):
    searched(random_search(tmp_path, max_trials=2), epochs=1)
    tuner = searched(random_search(tmp_path, max_trials=6), epochs=1)
    assert weights_on_disk(tuner) == best_ids(tuner, 1)


def test_a_resumed_search_removes_what_a_killed_process_left_unfinished(tmp_path):
    first = searched(random_search(tmp_path, max_trials=3), epochs=1)
    (worst,) = set(best_ids(first, 3)) - set(best_ids(first, 2))
    folder = tmp_path / "search" / f"trial_{worst}"
    folder.mkdir(exist_ok=True)
    (folder / "unfinished.checkpoint.weights.h5").write_bytes(b"half of them")
    tuner = searched(random_search(tmp_path, max_trials=3), epochs=1)
    assert not folder.exists()
    assert weights_on_disk(tuner) == best_ids(tuner, 1)


def test_what_an_open_trial_left_is_removed_before_it_runs_again_and_not_meanwhile(tmp_path):
    def leave(trial_id, name):
        folder = tmp_path / f"trial_{trial_id}"
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"weights")
        return folder

    keeper = CheckpointKeeper(1, lambda trial_id: str(tmp_path / f"trial_{trial_id}"))
    ended = leave("0000", "checkpoint.weights.h5")
    open_yet = leave("0001", "unfinished.checkpoint.weights.h5")
    keeper.take_up(tmp_path, ended=["0000"])
    assert not open_yet.exists()
    # Its process has written them again, and another trial ends before it does.
    leave("0001", "checkpoint.weights.h5")
    keeper.prune(["0002"])
    assert open_yet.exists()
    assert not ended.exists()


def test_what_a_process_left_that_was_killed_while_it_wrote_goes_at_the_end(tmp_path):
    class Killed(tfhpo.tuners.SearchListener):
        """Leaves what the process of a trial leaves that is killed and has no further attempt."""

        def on_trial_end(self, trial):
            if trial.status == "FAILED":
                folder = Path(tuner.get_trial_dir(trial.trial_id))
                left.append(folder)
                (folder / "unfinished.checkpoint.weights.h5").write_bytes(b"half of them")

    def build(hp):
        if hp.Choice("units", [2, 3, 4]) == 3:
            raise OSError("no three")
        return compiled(network(3))

    left = []
    tuner = tfhpo.GridSearch(build, "val_loss", directory=tmp_path, listeners=[Killed()])
    searched(tuner, epochs=1)
    assert weights_on_disk(tuner) == best_ids(tuner, 1)
    assert [folder.exists() for folder in left] == [False]


def test_a_fit_with_a_score_of_its_own_keeps_the_best_by_that_score(tmp_path):
    class Model(kt.HyperModel):
        def build(self, hp):
            return compiled(network(2), hp.Choice("rate", [0.0, 10.0]))

        def fit(self, hp, model, *args, **kwargs):
            super().fit(hp, model, *args, **kwargs)
            # The other way round than the losses that the epochs report.
            return {"val_loss": -hp.get("rate")}

    tuner = tfhpo.GridSearch(Model(), "val_loss", directory=tmp_path)
    searched(tuner, epochs=1)
    assert weights_on_disk(tuner) == ["0001"]


def test_equal_scores_keep_the_first(tmp_path):
    def build(hp):
        hp.Choice("nothing", [1, 2, 3])
        model = compiled(network(2), 0.0)
        model.set_weights([0.1 + 0 * weight for weight in model.get_weights()])
        return model

    tuner = tfhpo.GridSearch(build, "val_loss", directory=tmp_path)
    searched(tuner, epochs=1)
    assert len({trial.score for trial in tuner.study().trials}) == 1
    assert weights_on_disk(tuner) == ["0000"]


@pytest.mark.parametrize("keep", [-1, 1.5, True, "best", None])
def test_what_is_no_count_is_refused(keep):
    with pytest.raises(ArgumentError, match=r"integer of at least 0, or 'all'. Received: "):
        CheckpointKeeper(keep, str)
