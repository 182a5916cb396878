"""Convolutions with factorised kernels and the elastic net: what they compute, saved too."""

import keras
import keras_tuner as kt
import numpy as np
import pytest
from hp_spaces import holding, names

from tfhpo import hp as ready
from tfhpo.errors import ArgumentError

IMAGES = np.random.default_rng(3).normal(size=(2, 9, 8, 3)).astype("float32")


def test_the_kernels_of_the_table():
    hp = kt.HyperParameters()
    assert ready.kernel_size(hp) == "3x3"
    assert set(hp.space[0].values) == {"7x7", "5x5", "3x3", "1x1", "7x1+1x7"}


@pytest.mark.parametrize("strides", [1, 2, (2, 1)])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_a_factorised_kernel_gives_the_shape_of_the_whole_one(strides, padding):
    whole, pair = (
        ready.convolution(4, kernel, strides=strides, padding=padding)(IMAGES)
        for kernel in ("7x7", "7x1+1x7")
    )
    assert pair.shape == whole.shape


def test_a_factorised_kernel_is_a_column_and_then_a_row():
    layer = ready.convolution(4, "7x1+1x7", use_bias=False, name="wide")
    found = np.asarray(layer(IMAGES))
    column, row = (np.asarray(weight) for weight in layer.get_weights())
    assert (column.shape, row.shape) == ((7, 1, 3, 4), (1, 7, 4, 4))
    # Without anything between them, the two are one convolution with the product of the kernels.
    product = np.einsum("hxio,yWop->hWip", column, row)
    whole = keras.layers.Conv2D(4, 7, padding="same", use_bias=False)
    whole.build(IMAGES.shape)
    whole.set_weights([product])
    np.testing.assert_allclose(np.asarray(whole(IMAGES)), found, atol=1e-4)
    assert layer.name == "wide"


def test_both_factors_have_the_activation_and_their_part_of_the_dilation():
    layer = ready.convolution(4, "5x1+1x3", activation="relu", dilation_rate=(2, 3))
    assert [one.activation.__name__ for one in layer.layers] == ["relu", "relu"]
    assert [one.dilation_rate for one in layer.layers] == [(2, 1), (1, 3)]
    assert [one.kernel_size for one in layer.layers] == [(5, 1), (1, 3)]


@pytest.mark.parametrize("kernel", ready.KERNELS)
def test_a_model_with_it_is_saved_and_reloaded(tmp_path, kernel):
    penalty = ready.ElasticNet(0.03, 0.25)
    layer = ready.convolution(2, kernel, activation="relu", kernel_regularizer=penalty)
    model = keras.Sequential([keras.Input(IMAGES.shape[1:]), layer])
    model.save(tmp_path / "model.keras")
    reloaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(np.asarray(reloaded(IMAGES)), np.asarray(model(IMAGES)), atol=1e-6)
    assert [float(one) for one in reloaded.losses] == pytest.approx(
        [float(one) for one in model.losses]
    )


@pytest.mark.parametrize(("kernel", "sides"), [(3, (3, 3)), ((1, 5), (1, 5)), ([5, 3], (5, 3))])
def test_kernels_as_keras_has_them(kernel, sides):
    assert ready.convolution(4, kernel).kernel_size == sides


def test_kernels_of_the_users():
    hp = kt.HyperParameters()
    assert ready.kernel_size(hp, kernels=["5x5", 9, (3, 5), "9x1+1x9"]) == "5x5"
    assert hp.space[0].values == ["5x5", "9x9", "3x5", "9x1+1x9"]
    assert ready.kernel_size(hp, kernels=[1, 3], name="small") == "3x3"
    with pytest.raises(ArgumentError, match=r"'small' is '3x3'.*\['7x7', '1x1'\]"):
        ready.kernel_size(hp, kernels=["7x7", "1x1"], name="small")


@pytest.mark.parametrize(
    ("kernels", "told"),
    [
        ([], r"`kernels` must name at least one.*Received: \[\]"),
        ([3, "3x3"], r"each only once.*\['3x3', '3x3'\]"),
        ([3, 4], r"must be odd.*Received: 4"),
        ("3x3", r"`kernels` must be a list.*Received: '3x3'"),
        (3, r"`kernels` must be a list.*Received: 3"),
    ],
)
def test_lists_of_kernels_that_are_none(kernels, told):
    with pytest.raises(ArgumentError, match=told):
        ready.kernel_size(kt.HyperParameters(), kernels=kernels)


@pytest.mark.parametrize(
    "kernel", ["4x4", "3x2", "7x7+1x7", "1x7+7x1", "big", "", 4, (3, 2), (3,), True, None]
)
def test_kernels_that_are_none(kernel):
    with pytest.raises(ArgumentError, match=r"must be odd and written like one of 7x7.*Received: "):
        ready.convolution(4, kernel)


# ------------------------------------------------------------------------------ elastic net


WEIGHTS = np.array([[1.0, -2.0], [0.0, 0.5]], dtype="float32")


def test_the_penalty_is_its_formula():
    expected = 0.1 * (0.3 * 3.5 + 0.7 * 5.25)
    assert float(ready.ElasticNet(0.1, 0.3)(WEIGHTS)) == pytest.approx(expected)


def test_its_ends_are_kerass_own():
    lasso, ridge = keras.regularizers.L1(0.05), keras.regularizers.L2(0.05)
    assert float(ready.ElasticNet(0.05, 1.0)(WEIGHTS)) == pytest.approx(float(lasso(WEIGHTS)))
    assert float(ready.ElasticNet(0.05, 0.0)(WEIGHTS)) == pytest.approx(float(ridge(WEIGHTS)))


def test_it_is_serialised_by_its_name():
    config = keras.regularizers.serialize(ready.ElasticNet(0.2, 0.4))
    assert config["registered_name"] == "tfhpo>ElasticNet"
    rebuilt = keras.regularizers.deserialize(config)
    assert (rebuilt.strength, rebuilt.alpha) == (0.2, 0.4)


def test_it_is_two_parameters():
    hp = holding(elastic_net_strength=1e-3, elastic_net_alpha=0.75)
    penalty = ready.elastic_net(hp)
    assert (penalty.strength, penalty.alpha) == (1e-3, 0.75)
    assert names(hp) == ["elastic_net_strength", "elastic_net_alpha"]
    strength, alpha = hp.space
    assert (strength.values[:2], strength.values[-1]) == ([0.0, 1e-6], 1e-2)
    assert (alpha.min_value, alpha.max_value) == (0.0, 1.0)


def test_it_may_be_none_and_has_no_mixing_then():
    hp = holding(elastic_net_strength=0.0)
    penalty = ready.elastic_net(hp)
    assert float(penalty(WEIGHTS)) == 0.0
    assert hp.read == {"elastic_net_strength"}
    (condition,) = hp.space[1].conditions
    assert condition.values == hp.space[0].values[1:]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((-0.1, 0.5), r"`strength` must be .*strength=-0.1"),
        ((float("nan"), 0.5), r"`strength` must be .*strength=nan"),
        ((0.1, 1.5), r"`alpha` must be a number from 0 to 1.*alpha=1.5"),
        ((0.1, True), r"`alpha` must be .*alpha=True"),
    ],
)
def test_penalties_that_are_none(arguments, told):
    with pytest.raises(ArgumentError, match=told):
        ready.ElasticNet(*arguments)
