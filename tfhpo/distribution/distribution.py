"""What a search's models are distributed by, made in the process where they are trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from tfhpo.distribution.names import MULTI_WORKER, Name, check_name
from tfhpo.errors import DistributionError

if TYPE_CHECKING:
    from tfhpo.distribution.cluster_crew import ClusterCrew

#: A strategy's name, a `tf.distribute.Strategy`, or a function without arguments that makes one.
Given: TypeAlias = "Name | Callable[[], Any] | Any"


class Distribution:
    """How the training of a trial's model is distributed over devices.

    A name and a function can be carried to other processes; each makes the strategy once, from the
    devices that it sees.

    Args:
        given: A name, a `tf.distribute.Strategy`, a function without arguments that returns one, or
            None for no distribution.

    Raises:
        DistributionError: If there is no such strategy, Keras 3 cannot train under it, or Keras
            does not run on TensorFlow.
    """

    def __init__(self, given: Given | None) -> None:
        self._given = check_name(given) if isinstance(given, str) else given
        self._made: Any = None
        if given is not None:
            _check_backend()
        if self._is_strategy:
            from tfhpo.distribution.strategies import check_strategy

            self._made = check_strategy(given)

    @classmethod
    def asked(cls, distribution: Given | None, distribution_strategy: Any) -> Distribution:
        """Returns what the arguments of a tuner ask for.

        Args:
            distribution: As `given` above.
            distribution_strategy: KerasTuner's argument, a `tf.distribute.Strategy`.

        Raises:
            DistributionError: If both are given, or one breaks its rule.
        """
        if distribution is not None and distribution_strategy is not None:
            raise DistributionError(
                "Give `distribution` or KerasTuner's `distribution_strategy`, not both. "
                f"Received: {distribution!r} and {distribution_strategy!r}."
            )
        return cls(distribution_strategy if distribution is None else distribution)

    @property
    def spans_tasks(self) -> bool:
        """Whether several processes train one model together."""
        return self._given == MULTI_WORKER

    @property
    def strategy(self) -> Any:
        """The strategy in this process, made when it is first asked for; None for none.

        Raises:
            DistributionError: If it cannot be made here.
        """
        if self._made is None and self._given is not None:
            from tfhpo.distribution.strategies import made

            self._made = made(self._given)
        return self._made

    def check_travels(self) -> None:
        """Raises a DistributionError unless other processes can make the strategy, too."""
        if self._is_strategy:
            raise DistributionError(
                "A strategy belongs to the process that made it, and these trials run in others: "
                'give its name, such as distribution="mirrored", or a function that returns it. '
                f"Received: {self._given!r}."
            )

    def crew(self) -> ClusterCrew | None:
        """Returns the processes that train one model together; None where one trains it alone.

        Raises:
            DistributionError: If there is no cluster, or this process cannot be part of it.
        """
        if not self.spans_tasks:
            return None
        from tfhpo.distribution.cluster_crew import ClusterCrew

        return ClusterCrew(self.strategy)

    def __getstate__(self) -> dict[str, Any]:
        # A strategy holds this process's devices.
        return {"_given": self._given, "_made": None}

    @property
    def _is_strategy(self) -> bool:
        return not (self._given is None or isinstance(self._given, str) or callable(self._given))


def _check_backend() -> None:
    import keras

    backend = keras.config.backend()
    if backend != "tensorflow":
        raise DistributionError(
            "tf.distribute needs Keras on TensorFlow: set KERAS_BACKEND=tensorflow, or leave out "
            f"`distribution`. Received: the backend {backend!r}."
        )
