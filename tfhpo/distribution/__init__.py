"""tf.distribute inside a trial: what a search is distributed by, and what Keras 3 cannot do.

TensorFlow is loaded where a strategy is made, not before.
"""

from tfhpo.distribution.distribution import Distribution

__all__ = ["Distribution"]
