"""What ends a search, and what it says of it."""

import pytest
from small_searches import classifier, compiled, network, random_search, searched

import tfhpo
from tfhpo.errors import ArgumentError
from tfhpo.tuners import SearchListener
from tfhpo.tuners.budget import Budget

# ---------------------------------------------------------------- the rules alone


@pytest.mark.parametrize(
    ("direction", "target", "scores", "reached"),
    [
        ("min", 0.5, [0.9, 0.6], False),
        ("min", 0.5, [0.9, 0.5], True),
        ("min", 0.5, [0.4, 0.9], True),
        ("max", 0.5, [0.4, 0.3], False),
        ("max", 0.5, [0.5, 0.3], True),
        ("min", 0.5, [], False),
    ],
)
def test_a_target_is_reached_from_its_own_side(direction, target, scores, reached):
    found = Budget(target=target).exceeded(scores, direction, began=0.0)
    assert found == ("target" if reached else None)


@pytest.mark.parametrize(
    ("direction", "scores", "spent"),
    [
        ("min", [3.0, 2.0, 1.0], False),
        ("min", [1.0, 2.0], False),
        ("min", [1.0, 2.0, 1.0], True),
        ("max", [1.0, 2.0, 3.0], False),
        ("max", [3.0, 2.0, 1.0], True),
        ("min", [], False),
    ],
)
def test_patience_counts_the_trials_after_the_best(direction, scores, spent):
    found = Budget(patience=2).exceeded(scores, direction, began=0.0)
    assert found == ("patience" if spent else None)


@pytest.mark.parametrize(
    ("argument", "value", "rule"),
    [
        ("max_time", 0, "a number of seconds above 0"),
        ("max_time", -1.0, "a number of seconds above 0"),
        ("max_time", float("nan"), "a number of seconds above 0"),
        ("patience", 0, "an integer of at least 1"),
        ("target", float("nan"), "a finite number"),
        ("target", float("inf"), "a finite number"),
    ],
)
def test_a_bound_that_bounds_nothing_is_refused(tmp_path, argument, value, rule):
    with pytest.raises(
        ArgumentError, match=rf"`{argument}` must be {rule}. Received: {argument}={value}"
    ):
        random_search(tmp_path, **{argument: value})


# ---------------------------------------------------------------- in a search


def scores(tuner):
    return [trial.score for trial in tuner.study().trials]


def test_trials(tmp_path, finished):
    """A search that is asked for more trials goes on as if it had been asked at once."""
    searched(random_search(tmp_path, max_trials=2))
    tuner = searched(random_search(tmp_path, max_trials=6))
    assert tuner.stop_reason == "max_trials"
    assert scores(tuner) == scores(finished)


def test_an_exhausted_space(tmp_path):
    def build(hp):
        return compiled(network(hp.Int("units", 2, 3)))

    tuner = searched(random_search(tmp_path, build, max_trials=9), epochs=1)
    assert tuner.stop_reason == "exhausted"
    assert sorted(trial.values["units"] for trial in tuner.study().trials) == [2, 3]


def test_time(tmp_path):
    tuner = searched(random_search(tmp_path, max_trials=None, max_time=1e-9), epochs=1)
    assert tuner.stop_reason == "max_time"
    assert scores(tuner) == []


@pytest.mark.parametrize(("objective", "best"), [("val_loss", min), ("val_accuracy", max)])
def test_a_target(tmp_path, finished, objective, best):
    known = [trial.metrics[objective] for trial in finished.study().trials]
    if objective == "val_accuracy":
        known = scores(searched(random_search(tmp_path / "known", objective=objective)))
    target = best(known[:3])
    tuner = random_search(tmp_path, objective=objective, max_trials=6, target=target)
    searched(tuner)
    assert tuner.stop_reason == "target"
    assert scores(tuner) == known[: known.index(target) + 1]
    # A further search has nothing to do.
    searched(tuner)
    assert tuner.stop_reason == "target"


def test_patience(tmp_path, finished):
    known = scores(finished)
    expected = next(n for n in range(2, 7) if min(known[:n]) not in known[n - 1 : n])
    tuner = searched(random_search(tmp_path, max_trials=6, patience=1))
    assert tuner.stop_reason == "patience"
    assert scores(tuner) == known[:expected]


def test_a_listener_hears_the_whole_search(tmp_path):
    heard = []

    class Listener(SearchListener):
        def on_search_begin(self, space, objective, direction, metrics):
            heard.append(("begin", space.names, objective, direction, metrics[0]))

        def on_trial_begin(self, trial):
            heard.append(("trial", trial.number))

        def on_execution_begin(self, trial, execution):
            heard.append(("execution", execution, sorted(trial.values)))

        def on_epoch_end(self, trial, execution, epoch, metrics):
            heard.append(("epoch", execution, epoch, "learning_rate" in metrics))

        def on_execution_end(self, trial, execution, status, score):
            heard.append(("executed", execution, status))

        def on_trial_end(self, trial):
            heard.append(("ended", trial.number, trial.status.value))

        def on_search_end(self, space):
            heard.append(("end", space.names))

    names = ("units", "learning_rate")
    read = sorted(names)
    tuner = random_search(
        tmp_path, classifier, max_trials=1, executions_per_trial=2, listeners=[Listener()]
    )
    searched(tuner, epochs=1)
    assert [(event[0], *map(_tuple, event[1:])) for event in heard] == [
        ("begin", names, "val_loss", "min", "val_loss"),
        ("trial", 0),
        ("execution", 0, tuple(read)),
        ("epoch", 0, 0, True),
        ("executed", 0, "success"),
        ("execution", 1, tuple(read)),
        ("epoch", 1, 0, True),
        ("executed", 1, "success"),
        ("ended", 0, "COMPLETED"),
        ("end", names),
    ]


def _tuple(value):
    return tuple(value) if isinstance(value, (list, tuple)) else value


def test_every_ready_tuner_has_the_budgets(tmp_path):
    for number, name in enumerate(["RandomSearch", "GridSearch", "ElasticGridSearch"]):
        tuner = getattr(tfhpo, name)(
            classifier, "val_loss", directory=tmp_path / str(number), target=1e9
        )
        searched(tuner, epochs=1)
        assert (tuner.stop_reason, len(scores(tuner))) == ("target", 1)


@pytest.mark.parametrize("wrong", [{"target": "hi"}, {"max_time": "1h"}, {"patience": True}])
def test_a_bound_that_is_no_number_is_refused(wrong):
    with pytest.raises(ArgumentError, match=r"must be (a (finite )?number|an integer)"):
        Budget(**wrong)
