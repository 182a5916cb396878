"""One of each kind of schedule, for the tests that all must pass, and what a run of one costs."""

import keras
import numpy as np

from tfhpo import schedules

#: Label to schedule: every public class, with the options that change how it computes.
FAMILIES = {
    "constant": schedules.Constant(0.1),
    "exponential": schedules.ExponentialDecay(0.1, 20, 0.5),
    "exponential staircase": schedules.ExponentialDecay(0.1, 20, 0.5, staircase=True),
    "natural exponential": schedules.NaturalExponentialDecay(0.1, 20, 0.7),
    "natural exponential staircase": schedules.NaturalExponentialDecay(0.1, 20, 0.7, True),
    "inverse time": schedules.InverseTimeDecay(0.1, 20, 0.7),
    "inverse time staircase": schedules.InverseTimeDecay(0.1, 20, 0.7, staircase=True),
    "piecewise constant": schedules.PiecewiseConstantDecay([5, 20, 40], [0.1, 0.05, 0.02, 0.01]),
    "polynomial": schedules.PolynomialDecay(0.1, 20, 0.01, power=2.0),
    "polynomial cycle": schedules.PolynomialDecay(0.1, 20, 0.01, power=0.5, cycle=True),
    "cosine": schedules.CosineDecay(0.1, 20, alpha=0.1),
    "cosine with warm-up": schedules.CosineDecay(0.0, 20, warmup_target=0.1, warmup_steps=8),
    "cosine restarts": schedules.CosineDecayRestarts(0.1, 20, t_mul=1.5, m_mul=0.8, alpha=0.1),
    "cosine equal restarts": schedules.CosineDecayRestarts(0.1, 20, t_mul=1.0),
    "linear cosine": schedules.LinearCosineDecay(0.1, 20, num_periods=1.5, alpha=0.1),
    "noisy linear cosine": schedules.NoisyLinearCosineDecay(0.1, 20, num_periods=0.0, seed=3),
    "noisy, not negative": schedules.NoisyLinearCosineDecay(0.1, 20, 4.0, non_negative=True),
    "warm-up of a rate": schedules.WarmUp(0.1, 8),
    "warm-up of cycles": schedules.WarmUp(schedules.TriangularCycle(0.01, 0.1, 8), 8, 0.001),
    "triangular": schedules.TriangularCycle(0.01, 0.1, 8),
    "triangular2": schedules.TriangularCycle(0.01, 0.1, 8, mode="triangular2"),
    "triangular exponential": schedules.TriangularCycle(0.01, 0.1, 8, "exp_range", gamma=0.99),
    "one cycle": schedules.OneCycle(0.1, 40),
    "one cycle in lines": schedules.OneCycle(0.1, 40, 0.25, 10.0, 100.0, "linear"),
}


def rates(schedule, steps):
    """Returns the rates at an array of steps, which the schedule is given as a whole."""
    return keras.ops.convert_to_numpy(schedule(np.asarray(steps)))


def summing_model(schedule):
    """Returns a model of one weight, w, whose gradient is 1: after n steps it is -sum(rates).

    What it is trained on must be ones.
    """
    inputs = keras.Input((1,))
    dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
    model = keras.Model(inputs, dense(inputs))
    model.compile(keras.optimizers.SGD(schedule), loss=_mean_prediction)
    return model


def train(model, batches):
    """Trains for a number of batches and returns the weight."""
    ones = np.ones((2 * batches, 1), "float32")
    model.fit(ones, ones, batch_size=2, epochs=1, shuffle=False, verbose=0)
    return float(keras.ops.convert_to_numpy(model.trainable_variables[0])[0, 0])


@keras.saving.register_keras_serializable(package="tfhpo_tests")
def _mean_prediction(y, prediction):
    return keras.ops.mean(prediction, axis=-1)
