"""Warnings where the field knows better: batch normalisation and what does not go with it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras

#: Above it a batch's statistics hardly vary, and batch normalisation regularises no more.
LARGE_BATCH = 6000
# What changes the variance of values in training alone. AlphaDropout is made to keep it.
_DROPOUTS = (keras.layers.Dropout, keras.layers.GaussianDropout)
# The rules that this process has been told of already: a search builds hundreds of models, each of
# which would repeat them, and the warnings' own filter compares texts, which hold layers' names.
_TOLD: set[str] = set()


class AdviceWarning(UserWarning):
    """A model or a setting that works, and that is known to work badly."""


@dataclass(frozen=True)
class Advice:
    """One piece of advice.

    Args:
        rule: What it is about, the same for all models; each is told of once.
        message: What to tell.
    """

    rule: str
    message: str


def advise(model: Any, batch_size: int | None = None, *, told: set[str] | None = None) -> None:
    """Warns where the model, or its batch size, is known to go badly with batch normalisation.

    - Dropout straight before batch normalisation, across nested models too: Li et al. 2019,
      "Understanding the disharmony between dropout and batch normalization by variance shift".
    - A batch size of 1, or above 6000, beside batch normalisation. Of one example there is no
      variance over the batch: Ioffe & Szegedy 2015, "Batch normalization", section 3.

    `tfhpo.Tuner` asks for it before it trains a model; elsewhere it may be called in `build(hp)`.

    Example:
        >>> import keras
        >>> from tfhpo import hp
        >>> layers = [keras.layers.Dropout(0.5), keras.layers.BatchNormalization()]
        >>> hp.advise(keras.Sequential(layers), told={"dropout"})  # told before: silent

    Args:
        model: A Keras model. One that is subclassed is searched for models in it.
        batch_size: In examples; None where it is not known.
        told: The rules that need no further warning, to which this call adds: "dropout",
            "batch of one", "large batch". By default those that this process was told of.

    Warns:
        AdviceWarning: Once per rule.
    """
    known = _TOLD if told is None else told
    for advice in (*_about_dropout(model), *_about_batch_size(model, batch_size)):
        if advice.rule not in known:
            known.add(advice.rule)
            warnings.warn(advice.message, AdviceWarning, stacklevel=2)


def _about_batch_size(model: Any, batch_size: int | None) -> Iterator[Advice]:
    if batch_size is None or 1 < batch_size <= LARGE_BATCH:
        return
    if not any(isinstance(one, keras.layers.BatchNormalization) for one in _layers(model)):
        return
    if batch_size == 1:
        yield Advice(
            "batch of one",
            "The batch size is 1 and the model has batch normalisation, which cannot measure a "
            "variance over one example: take larger batches, or layer or group normalisation.",
        )
    else:
        yield Advice(
            "large batch",
            f"The batch size {batch_size} is above {LARGE_BATCH} and the model has batch "
            "normalisation, whose statistics then hardly vary and regularise no more: take smaller "
            "batches.",
        )


def _about_dropout(model: Any) -> Iterator[Advice]:
    for before, after in _edges(model):
        if not isinstance(after, keras.layers.BatchNormalization):
            continue
        if isinstance(before, _DROPOUTS) and before.rate:
            yield Advice(
                "dropout",
                f"The dropout layer {before.name!r} stands straight before the batch normalisation "
                f"{after.name!r}, which then learns a variance that the trained network does not "
                "have: put dropout after the last batch normalisation.",
            )


def _layers(model: Any) -> list[Any]:
    """Returns all layers, those of nested models and of layers that hold some included."""
    # The public `layers` leave out those inside a layer that is no model.
    return list(model._flatten_layers(include_self=False))


def _edges(model: Any) -> Iterator[tuple[Any, Any]]:
    """Yields the pairs of layers of which the second takes what the first gives."""
    for one in [model, *_layers(model)]:
        if isinstance(one, keras.Sequential):
            pairs = list(zip(one.layers, one.layers[1:], strict=False))
        elif isinstance(one, keras.Model) and _is_graph(one):
            pairs = _graph_edges(one)
        else:
            continue
        for before, after in pairs:
            for last in _ends(before, first=False):
                yield from ((last, entry) for entry in _ends(after, first=True))


def _is_graph(model: Any) -> bool:
    return hasattr(model, "_nodes_by_depth")


def _graph_edges(model: Any) -> list[tuple[Any, Any]]:
    # Keras has no public way to walk a model's graph; its own layers keep the nodes of all graphs.
    nodes = [node for level in model._nodes_by_depth.values() for node in level]
    return [(parent.operation, node.operation) for node in nodes for parent in node.parent_nodes]


def _ends(layer: Any, *, first: bool) -> list[Any]:
    """Returns the layers that a layer begins or ends with: itself, or those of a nested model."""
    if isinstance(layer, keras.Sequential):
        inner = layer.layers[:1] if first else layer.layers[-1:]
    elif isinstance(layer, keras.Model) and _is_graph(layer):
        if first:
            edges = _graph_edges(layer)
            inner = [one for start, one in edges if isinstance(start, keras.layers.InputLayer)]
        else:
            inner = [tensor._keras_history.operation for tensor in layer.outputs]
    else:
        return [layer]
    return [end for one in inner for end in _ends(one, first=first)]
