"""Several processes that train one model together, and the two places where Keras 3 needs help.

Keras's `fit` asks a strategy to reduce two things that `MultiWorkerMirroredStrategy` refuses
(keras issues 20585 and 20329): a whole batch, of which it wants an example to build the model with;
and scalar results, along an axis that they do not have. The strategy here answers both. Nothing of
Keras itself is changed.
"""

from __future__ import annotations

import os
from typing import Any

import keras
import tensorflow as tf

from tfhpo.distribution.versions import check_cluster_versions
from tfhpo.errors import DistributionError

_CLUSTER = "TF_CONFIG"


class MultiWorkerMirrored(tf.distribute.MultiWorkerMirroredStrategy):  # type: ignore[misc]
    """A `tf.distribute.MultiWorkerMirroredStrategy` under which Keras 3's `fit` works.

    It must be made before TensorFlow runs anything else in the process, by every task of the
    cluster: it waits for the others.
    """

    @classmethod
    def of_environment(cls) -> MultiWorkerMirrored:
        """Returns the strategy of the cluster that TF_CONFIG describes.

        Raises:
            DistributionError: If there is no cluster, TensorFlow has begun, or the versions of
                Keras and TensorFlow are not among those that were tried.
        """
        check_cluster_versions({"keras": keras.__version__, "tensorflow": tf.__version__})
        if _CLUSTER not in os.environ:
            raise DistributionError(
                "'multi_worker_mirrored' needs the environment variable TF_CONFIG in every "
                "process: the addresses of all, and which of them this one is. On one machine use "
                "'mirrored'. Received: no TF_CONFIG."
            )
        try:
            return cls()
        except RuntimeError as error:
            raise DistributionError(
                "Under 'multi_worker_mirrored' the tuner must be made before TensorFlow runs "
                f"anything: make it first, and tensors and datasets after it. ({error})"
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise DistributionError(
                'TF_CONFIG must be JSON like {"cluster": {"worker": ["host:port", …]}, "task": '
                f'{{"type": "worker", "index": 0}}}}. Received: {os.environ[_CLUSTER]} ({error}).'
            ) from error

    @property
    def leads(self) -> bool:
        """Whether this is the task that keeps what the search finds."""
        return bool(self.extended.should_checkpoint)

    def reduce(self, reduce_op: Any, value: Any, axis: int | None = None) -> Any:
        """Reduces a value over the replicas; see `tf.distribute.Strategy.reduce`.

        Of a structure of values, such as a batch, it returns this task's own share: TensorFlow
        reduces single values only. Keras builds the model with it, of which the shapes matter.
        """
        if tf.nest.is_nested(value):
            return tf.nest.map_structure(self._own, value)
        if axis == 0 and self._own(value).shape.rank == 0:
            axis = None
        return super().reduce(reduce_op, value, axis)

    def _own(self, value: Any) -> Any:
        return self.experimental_local_results(value)[0]
