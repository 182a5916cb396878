"""The search space: parameters, conditions and priors; values to points of a unit cube and back."""

from tfhpo.space.density import PriorDensity
from tfhpo.space.domains import (
    BoolArray,
    Domain,
    FloatArray,
    FloatRange,
    IntegerRange,
    Kind,
    Levels,
    Steps,
    Value,
)
from tfhpo.space.parameters import Condition, Parameter
from tfhpo.space.priors import Prior
from tfhpo.space.slices import Slice
from tfhpo.space.space import Point, Space

__all__ = [
    "BoolArray",
    "Condition",
    "Domain",
    "FloatArray",
    "FloatRange",
    "IntegerRange",
    "Kind",
    "Levels",
    "Parameter",
    "Point",
    "Prior",
    "PriorDensity",
    "Slice",
    "Space",
    "Steps",
    "Value",
]
