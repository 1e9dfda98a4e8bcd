"""The layers, one idea per file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnsim.engine.checks import EngineError
from nnsim.engine.layers.base import Layer, Signals
from nnsim.engine.layers.dense import Activation, Dense
from nnsim.engine.layers.images import AveragePool2D, Conv2D, Flatten, MaxPool2D
from nnsim.engine.layers.normalization import BatchNorm, Dropout

__all__ = [
    "LAYERS",
    "Activation",
    "AveragePool2D",
    "BatchNorm",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "Layer",
    "MaxPool2D",
    "Signals",
    "layer_from",
]

LAYERS: dict[str, Callable[..., Layer]] = {
    kind.kind: kind
    for kind in (Dense, Conv2D, MaxPool2D, AveragePool2D, Flatten, BatchNorm, Dropout, Activation)
}


def layer_from(description: Any) -> Layer:
    """Build the layer that ``Layer.describe`` described.

    Raises EngineError if the type is unknown or the rest doesn't fit it.
    """
    if not isinstance(description, dict) or description.get("type") not in LAYERS:
        raise EngineError(f"{description!r} describes no layer: its type is not known")
    arguments = {key: value for key, value in description.items() if key != "type"}
    try:
        return LAYERS[description["type"]](**arguments)
    except TypeError as error:
        raise EngineError(f"{description!r} describes no layer: {error}") from error
