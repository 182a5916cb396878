"""Messages from the first task of a cluster to all others, over the strategy's own channel.

Every message is a sum over all tasks to which the others add nothing, so all must take part, and in
the same order. No port is opened beside that of TensorFlow.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tfhpo.distribution.multi_worker import MultiWorkerMirrored
from tfhpo.errors import DistributionError

#: How long a task waits for the others, in seconds: they come within a step of training.
PATIENCE = 600.0


class ClusterCrew:
    """The tasks that train one model together.

    Args:
        strategy: Their strategy.
        patience: How long to wait for the others, in seconds.

    Attributes:
        leads: Whether this task is the one that sends.
    """

    def __init__(self, strategy: MultiWorkerMirrored, patience: float = PATIENCE) -> None:
        self.leads = strategy.leads
        self._strategy = strategy
        self._patience = patience
        self._options = tf.distribute.experimental.CommunicationOptions(timeout_seconds=patience)

    def send(self, message: bytes) -> None:
        """Sends a message to all other tasks, which must receive it.

        Raises:
            DistributionError: If a task is gone, or does something else.
        """
        self._sum(np.array([len(message)], np.int32))
        self._sum(np.frombuffer(message, np.uint8).astype(np.int32))

    def receive(self) -> bytes:
        """Returns the next message.

        Raises:
            DistributionError: If a task is gone, or does something else.
        """
        (length,) = self._sum(np.zeros(1, np.int32))
        return bytes(self._sum(np.zeros(length, np.int32)).astype(np.uint8))

    def meet(self) -> None:
        """Waits until all tasks have come here.

        Raises:
            DistributionError: If a task is gone, or does something else.
        """
        self._sum(np.zeros(1, np.int32))

    def _sum(self, mine: np.ndarray[Any, np.dtype[np.int32]]) -> Any:
        """Returns the sum of an array over all tasks."""
        nothing = np.zeros_like(mine)

        def share(context: Any) -> Any:
            is_first = context.replica_id_in_sync_group == 0
            return tf.constant(mine if is_first else nothing)

        strategy = self._strategy
        values = strategy.experimental_distribute_values_from_function(share)
        try:
            summed = strategy.extended.reduce_to(
                tf.distribute.ReduceOp.SUM, values, values, options=self._options
            )
            return strategy.experimental_local_results(summed)[0].numpy()
        except tf.errors.OpError as error:
            raise DistributionError(
                "The tasks of 'multi_worker_mirrored' train in step. One has ended, or has not "
                f"come within {self._patience:g} s: look for an error in the other processes, and "
                f"start all of them again; the search goes on where it was. ({error.message})"
            ) from error
