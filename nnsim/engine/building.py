"""What a network is made of is checked before memory is taken for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnsim.engine.checks import EngineError
from nnsim.engine.layers.base import MOST_UNITS, Layer, as_count

MOST_PARAMETERS = 100_000_000


def read_shape(given: int | Sequence[int]) -> tuple[int, ...]:
    """Return the shape of a sample, or refuse it."""
    sizes: Any = (given,) if isinstance(given, int | np.integer) else given
    if not isinstance(sizes, tuple | list) or not 1 <= len(sizes) <= 3:
        raise EngineError(f"input_shape is {given!r}: give (n,) or (height, width, channels)")
    shape = tuple(as_count(size, "a size of input_shape") for size in sizes)
    if np.prod(shape, dtype=float) > MOST_UNITS:
        raise EngineError(f"input_shape {shape} is more than {MOST_UNITS:,} numbers")
    return shape


def read_dtype(given: Any) -> np.dtype[Any]:
    """Return float64 or float32, or refuse another kind of number."""
    try:
        dtype: np.dtype[Any] = np.dtype(given)
    except TypeError:
        dtype = np.dtype(object)
    if dtype not in (np.dtype("float64"), np.dtype("float32")):
        raise EngineError(f'dtype is {given!r}: give "float64" or "float32"')
    return dtype


def named(layers: Sequence[Layer]) -> list[Layer]:
    """Check the list, and call unnamed layers layer1, layer2 and so on."""
    if isinstance(layers, Layer) or not isinstance(layers, Sequence) or not layers:
        raise EngineError("layers is empty or no list: give at least one layer")
    names: set[str] = set()
    for number, layer in enumerate(layers, 1):
        if not isinstance(layer, Layer):
            raise EngineError(f"layer {number} is {layer!r}: give a layer such as Dense(3)")
        if layer.output_shape:
            raise EngineError(f"{layer.title} belongs to a network already: make a new one")
        layer.name = layer.name or f"layer{number}"
        if layer.name in names:
            raise EngineError(f'two layers are called "{layer.name}": give each its own name')
        names.add(layer.name)
    return list(layers)


def build(layers: Sequence[Layer], input_shape: tuple[int, ...]) -> tuple[int, ...]:
    """Let every layer know its shapes; returns that of the output."""
    shape, total = input_shape, 0
    for layer in layers:
        shape = layer.build(shape)
        total += layer.parameter_count
        if total > MOST_PARAMETERS:
            raise EngineError(
                f"the network would have {total:,} parameters up to {layer.title}: "
                f"at most {MOST_PARAMETERS:,} are allowed"
            )
    return shape
