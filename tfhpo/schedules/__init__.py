"""Learning-rate schedules for Keras: TensorFlow 1's decays, warm-up, cycles, and their pictures."""

from tfhpo.schedules.constant import Constant
from tfhpo.schedules.cosine import CosineDecay, CosineDecayRestarts
from tfhpo.schedules.exponential import ExponentialDecay, NaturalExponentialDecay
from tfhpo.schedules.inverse_time import InverseTimeDecay
from tfhpo.schedules.linear_cosine import LinearCosineDecay, NoisyLinearCosineDecay
from tfhpo.schedules.one_cycle import OneCycle
from tfhpo.schedules.piecewise_constant import PiecewiseConstantDecay
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
    "tunable",
]
