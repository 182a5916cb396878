"""What of a tuner's arguments does not go together with the distribution of its trials."""

from __future__ import annotations

import keras_tuner
from keras_tuner.src.distribute import utils as kt_distribute

from tfhpo.distribution import Distribution
from tfhpo.errors import DistributionError
from tfhpo.oracles.fidelity import EPOCHS

_TOGETHER = "Under 'multi_worker_mirrored' all processes train one trial at a time"


def check_distribution(
    distribution: Distribution, *, elsewhere: bool, oracle: keras_tuner.Oracle
) -> None:
    """Refuses what cannot work, before a strategy is made.

    Args:
        distribution: How each trial is distributed.
        elsewhere: Whether trials run in other processes than the tuner.
        oracle: What proposes the trials.

    Raises:
        DistributionError: If they do not go together.
    """
    if distribution.spans_tasks:
        _check_together(elsewhere=elsewhere, oracle=oracle)
    elif elsewhere:
        distribution.check_travels()


def _check_together(*, elsewhere: bool, oracle: keras_tuner.Oracle) -> None:
    if elsewhere:
        raise DistributionError(
            f"{_TOGETHER}: leave out `workers` and `isolate`, or use 'mirrored'. "
            "Received: trials in other processes, too."
        )
    if kt_distribute.has_chief_oracle():
        raise DistributionError(
            f"{_TOGETHER}: unset KerasTuner's environment variables of chief and workers, or use "
            "'mirrored' in each worker. Received: KERASTUNER_ORACLE_IP."
        )
    fidelity = getattr(oracle, "fidelity", None)
    if fidelity == EPOCHS or isinstance(oracle, keras_tuner.oracles.HyperbandOracle):
        raise DistributionError(
            f"{_TOGETHER}, each from its beginning: the states of former trials are files of the "
            "first process. Use another strategy, or 'mirrored'. "
            f"Received: {type(oracle).__name__}, whose trials go on from others."
        )
