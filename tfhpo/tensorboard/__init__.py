"""A search in TensorBoard: the HParams dashboard, written without TensorFlow."""

from tfhpo.tensorboard.hparams import HParamsLogger

__all__ = ["HParamsLogger"]
