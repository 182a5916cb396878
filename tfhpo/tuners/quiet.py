"""Warnings that are true of every search and help nobody."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator


@contextlib.contextmanager
def without_retracing_warnings() -> Iterator[None]:
    """Keeps TensorFlow from warning, every few trials, that models are traced again and again.

    Each trial has a model of its own, so each is traced once. The messages go to a logger of
    Python's, which is there whether or not TensorFlow is.
    """
    logger = logging.getLogger("tensorflow")
    logger.addFilter(_is_of_interest)
    try:
        yield
    finally:
        logger.removeFilter(_is_of_interest)


def _is_of_interest(record: logging.LogRecord) -> bool:
    return "triggered tf.function retracing" not in str(record.msg)
