"""Messages from the first task of a cluster to all others, over the strategy's own channel.

Every message is a sum over all tasks to which the others add nothing, so all must take part, and in
the same order. No port is opened beside that of TensorFlow.

Before a sum all meet at a barrier of TensorFlow's coordination service: a task that has failed
alone would else take part in a sum of the others' training. Through the same service it then breaks
off what they wait in, and tells them why.
"""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.python.eager import context as eager_context

from tfhpo.distribution.multi_worker import MultiWorkerMirrored
from tfhpo.errors import DistributionError

#: How long a task waits for the others, in seconds: they come within a step of training.
PATIENCE = 600.0
#: How long one waits that has met with an error: the others have met with the same, or never come.
#: Tasks that are not equally fast meet with the same error some time apart.
PATIENCE_AFTER_ERROR = 60.0
# A barrier is passed once in a program. All tasks make the same crews, and meet equally often.
_MEETINGS = itertools.count(1)
_ALONE = "An error in one task alone: "


class ClusterCrew:
    """The tasks that train one model together.

    Args:
        strategy: Their strategy.
        patience: How long to wait for the others, in seconds.
        after_error: How long to wait for them after an error here.

    Attributes:
        leads: Whether this task is the one that sends.
    """

    def __init__(
        self,
        strategy: MultiWorkerMirrored,
        patience: float = PATIENCE,
        after_error: float = PATIENCE_AFTER_ERROR,
    ) -> None:
        self.leads = strategy.leads
        self._strategy = strategy
        self._patience, self._after_error = patience, after_error
        self._options = tf.distribute.experimental.CommunicationOptions(timeout_seconds=patience)

    def send(self, message: bytes, error: str | None = None) -> None:
        """Sends a message to all other tasks, which must receive it.

        Args:
            message: The message.
            error: What has gone wrong here, None for nothing.

        Raises:
            DistributionError: If a task is gone, or does something else.
        """
        self._gather(error)
        self._sum(np.array([len(message)], np.int32))
        self._sum(np.frombuffer(message, np.uint8).astype(np.int32))

    def receive(self, error: str | None = None) -> bytes:
        """Returns the next message.

        Args:
            error: What has gone wrong here, None for nothing.

        Raises:
            DistributionError: If a task is gone, or does something else.
        """
        self._gather(error)
        (length,) = self._sum(np.zeros(1, np.int32))
        return bytes(self._sum(np.zeros(length, np.int32)).astype(np.uint8))

    def meet(self, error: str | None = None) -> None:
        """Waits until all tasks have come here.

        Args:
            error: What has gone wrong here, None for nothing.

        Raises:
            DistributionError: If a task is gone, or does something else.
        """
        self._gather(error)

    def _gather(self, error: str | None) -> None:
        patience = self._patience if error is None else self._after_error
        service = eager_context.context()
        try:
            service.wait_at_barrier(f"tfhpo/{next(_MEETINGS)}", int(1000 * patience))
        except tf.errors.OpError as raised:
            if error is not None:
                told = f"{_ALONE}{error}"
                # Where another has told of it already, this fails, too.
                with contextlib.suppress(tf.errors.OpError):
                    service.report_error_to_cluster(tf.errors.ABORTED, told)
            raise self._broken(raised.message, error) from raised

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
            raise self._broken(error.message) from error

    def _broken(self, message: str, error: str | None = None) -> DistributionError:
        """Returns what is raised where the others do not come.

        Args:
            message: How TensorFlow says it.
            error: What went wrong here before, None for nothing.
        """
        if error is not None:
            # What another has told stands somewhere in the error of the sum that was broken off.
            told = next((line for line in error.splitlines() if _ALONE in line), None)
            message = f"This one has met with: {error}" if told is None else told
        return DistributionError(
            "The tasks of 'multi_worker_mirrored' train in step. One has ended, has met with an "
            f"error alone, or has not come within {self._patience:g} s: look for an error in all "
            "processes, and start all of them again; the search goes on where it was. "
            f"({message})"
        )
