"""The operators of evolution as small pieces: who breeds, how two cross, how a child mutates."""

from tfhpo.strategies.evolution.crossover import (
    BlendCrossover,
    Crossover,
    SimulatedBinaryCrossover,
    UniformCrossover,
)
from tfhpo.strategies.evolution.genes import Genes
from tfhpo.strategies.evolution.mutation import (
    AdaptiveMutation,
    Mutation,
    ResamplingMutation,
    SingleMutation,
)
from tfhpo.strategies.evolution.selection import Selection, Tournament, Truncation

__all__ = [
    "AdaptiveMutation",
    "BlendCrossover",
    "Crossover",
    "Genes",
    "Mutation",
    "ResamplingMutation",
    "Selection",
    "SimulatedBinaryCrossover",
    "SingleMutation",
    "Tournament",
    "Truncation",
    "UniformCrossover",
]
