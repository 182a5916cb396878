"""Learning-rate schedules for Keras: TensorFlow 1's decays, warm-up, cycles, and their pictures.

Every schedule goes where Keras takes a `LearningRateSchedule`. It counts training steps (batches)
from 0, takes a step or an array of them, and returns float32 rates of the same shape. A saved model
keeps its schedule; a process that loads the model first says `from tfhpo import schedules`, or
`from tfhpo import hp`, which brings these and the elastic net.
"""

from tfhpo.schedules.constant import Constant
from tfhpo.schedules.cosine import CosineDecay, CosineDecayRestarts
from tfhpo.schedules.curves import Curve
from tfhpo.schedules.exponential import ExponentialDecay, NaturalExponentialDecay
from tfhpo.schedules.inverse_time import InverseTimeDecay
from tfhpo.schedules.linear_cosine import LinearCosineDecay, NoisyLinearCosineDecay
from tfhpo.schedules.one_cycle import OneCycle
from tfhpo.schedules.piecewise_constant import PiecewiseConstantDecay
from tfhpo.schedules.plotting import gallery, plot
from tfhpo.schedules.polynomial import PolynomialDecay
from tfhpo.schedules.triangular import TriangularCycle
from tfhpo.schedules.tunable import DEFAULT_KINDS, KINDS, tunable
from tfhpo.schedules.warm_up import WarmUp

__all__ = [
    "DEFAULT_KINDS",
    "KINDS",
    "Constant",
    "CosineDecay",
    "CosineDecayRestarts",
    "Curve",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LinearCosineDecay",
    "NaturalExponentialDecay",
    "NoisyLinearCosineDecay",
    "OneCycle",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "TriangularCycle",
    "WarmUp",
    "gallery",
    "plot",
    "tunable",
]
