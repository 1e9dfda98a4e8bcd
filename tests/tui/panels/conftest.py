"""Networks to draw, made without an engine: random weights, sigmoid units."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from nnsim.lab.hiding import LayerView, NetworkView


def _view(
    sizes: tuple[int, ...],
    input_shape: tuple[int, ...],
    *,
    seed: int = 3,
    x: list[float] | None = None,
    without_weights: tuple[int, ...] = (),
) -> NetworkView:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=sizes[0]) if len(input_shape) == 1 else rng.random(sizes[0]).round()
    a = values = np.array(x, dtype=float) if x is not None else values
    layers = []
    for i, (m, n) in enumerate(pairwise(sizes)):
        weight, bias = rng.normal(size=(m, n)), rng.normal(size=n)
        z = a @ weight + bias
        a = 1 / (1 + np.exp(-z))
        last = i == len(sizes) - 2
        name = "output" if last else f"hidden{i + 1}" if len(sizes) > 3 else "hidden"
        labels = "0123456789" if last else "ABCDEFGH"
        names = tuple(labels[:n]) if n <= len(labels) else tuple(str(k + 1) for k in range(n))
        if i in without_weights:
            layers.append(LayerView(name, "conv2d", "sigmoid", names, z, a, None, None))
        else:
            layers.append(
                LayerView(name, "dense", "sigmoid", names, z, a, weight, bias, None, -weight)
            )
    inputs = tuple(str(i + 1) for i in range(sizes[0]))
    return NetworkView(values, input_shape, inputs, tuple(layers))


@pytest.fixture
def make_view() -> Callable[..., NetworkView]:
    """A function (sizes, input_shape, seed=, x=, without_weights=) that returns a NetworkView."""
    return _view


@pytest.fixture
def digit(make_view) -> NetworkView:
    """The 12-3-2 net reading the middle column of 4×3 pixels."""
    return make_view((12, 3, 2), (4, 3), x=[0, 1, 0] * 4)


@pytest.fixture
def tiny() -> NetworkView:
    """A 2-1 net whose numbers are all written here."""
    weight = np.array([[1.5], [-0.25]])
    z = np.array([1.0])
    unit = LayerView("output", "dense", "step", ("A",), z, np.array([1.0]), weight, np.zeros(1))
    return NetworkView(np.array([1.0, 0.0]), (1, 2), ("1", "2"), (unit,))
