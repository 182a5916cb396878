"""Which way is better, or a refusal to guess."""

import keras
import keras_tuner
import pytest

from tfhpo.errors import ObjectiveError
from tfhpo.oracles import RandomOracle
from tfhpo.oracles.links import link_to
from tfhpo.oracles.objectives import direction_of, resolve_objective


@pytest.mark.parametrize(
    ("metric", "direction"),
    [
        ("loss", "min"),
        ("val_loss", "min"),
        ("val_accuracy", "max"),
        ("acc", "max"),
        # KerasTuner infers "min" for these three.
        ("val_f1_score", "max"),
        ("r2_score", "max"),
        ("val_cosine_similarity", "max"),
        ("weighted_accuracy", "max"),
        ("val_weighted_mean_squared_error", "min"),
        ("val_auc_1", "max"),
        ("precision_12", "max"),
        ("digit_accuracy", "max"),
        ("val_digit_loss", "min"),
        ("val_head_top_k_categorical_accuracy", "max"),
        # A name that holds another's: the longest ending counts.
        ("mean_absolute_error", "min"),
        ("false_positives", "min"),
        ("true_positives", "max"),
        ("F1Score", "max"),
        ("KLDivergence", "min"),
        ("MeanSquaredError", "min"),
        ("quality", None),
        ("", None),
        ("val_", None),
    ],
)
def test_directions(metric, direction):
    assert direction_of(metric) == direction


def _metrics_of_keras():
    found = []
    for name in dir(keras.metrics):
        metric = getattr(keras.metrics, name)
        if isinstance(metric, type) and issubclass(metric, keras.metrics.Metric):
            found.append(name)
    # These are containers, or say nothing of what they measure.
    return sorted(set(found) - {"Metric", "Mean", "Sum", "MeanMetricWrapper"})


@pytest.mark.parametrize("name", _metrics_of_keras())
def test_every_metric_of_keras_has_a_direction(name):
    assert direction_of(name) in ("min", "max")


def test_a_metric_has_one_direction_under_all_its_names():
    for metric in (
        keras.metrics.KLDivergence(),
        keras.metrics.LogCoshError(),
        keras.metrics.F1Score(),
        keras.metrics.R2Score(),
        keras.metrics.MeanIoU(2),
        keras.metrics.AUC(),
    ):
        assert direction_of(metric.name) == direction_of(type(metric).__name__) is not None


def test_an_unknown_name_is_refused_with_what_to_write():
    with pytest.raises(ObjectiveError, match=r"keras_tuner\.Objective\('quality'"):
        RandomOracle("quality")


def test_a_given_objective_is_kept_whatever_its_name():
    objective = keras_tuner.Objective("quality", "max")
    assert RandomOracle(objective).objective is objective
    assert resolve_objective(keras_tuner.Objective("loss", "max")).direction == "max"


@pytest.mark.parametrize("objective", [keras_tuner.Objective("loss", "down"), 3, []])
def test_what_is_no_objective_is_refused(objective):
    with pytest.raises(ObjectiveError, match="Received"):
        RandomOracle(objective)


def test_no_objective_is_one_number_to_minimise():
    objective = RandomOracle().objective
    assert (objective.name, objective.direction) == ("default_objective", "min")


def test_several_objectives_each_have_their_direction():
    objective = RandomOracle(["val_loss", "val_f1_score"]).objective
    assert objective.name_to_direction == {"val_loss": "min", "val_f1_score": "max"}
    assert objective.get_value({"val_loss": 1.0, "val_f1_score": 0.25, "other": 9.0}) == 0.75


def test_a_link_refuses_the_direction_that_keras_tuner_inferred(tmp_path):
    oracle = keras_tuner.oracles.RandomSearchOracle(objective="val_f1_score")
    assert oracle.objective.direction == "min"
    with pytest.raises(ObjectiveError, match=r"Objective\('val_f1_score', direction='max'\)"):
        link_to(oracle, oracle, tmp_path, ())


def test_a_link_takes_the_right_direction(tmp_path):
    for objective in ("val_loss", keras_tuner.Objective("val_f1_score", "max")):
        oracle = keras_tuner.oracles.RandomSearchOracle(objective=objective)
        link_to(oracle, oracle, tmp_path, ())


def test_a_misspelt_metric_is_met_with_the_one_that_was_meant():
    with pytest.raises(ObjectiveError, match="Did you mean 'val_accuracy'"):
        resolve_objective("val_acuracy")


def test_a_direction_is_no_objective():
    with pytest.raises(ObjectiveError, match=r"'max'.* That is a direction"):
        resolve_objective("max")


@pytest.mark.parametrize("metric", ["val_reward", "val_custom", "val_bleu"])
def test_what_all_names_begin_with_makes_none_alike(metric):
    with pytest.raises(ObjectiveError) as caught:
        resolve_objective(metric)
    assert "Did you mean" not in str(caught.value)
