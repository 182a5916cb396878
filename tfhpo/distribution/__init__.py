"""tf.distribute inside a trial: what a search is distributed by, and what Keras 3 cannot do.

TensorFlow is loaded where a strategy is made, not before.
"""

from tfhpo.distribution.distribution import Distribution, Given
from tfhpo.distribution.normalisation import warn_of_unshared_statistics

__all__ = ["Distribution", "Given", "warn_of_unshared_statistics"]
