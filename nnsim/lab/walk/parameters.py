"""The parameters of a layer unit by unit: of each its weights first, then its bias."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnsim.lab.explain.source import Array, Source, deep, size


class Parameters:
    """Parameters and gradients of one layer as tables, one row for each unit.

    Attributes
    ----------
    units, each : int
        How many units (filters, channels), and how many parameters each has.
    """

    def __init__(self, source: Source, layer: int) -> None:
        self.source, self.layer = source, layer
        self.norm = source.layer(layer).kind == "batch_norm"
        self.kernel = source.names.layers[layer].kernel_shape
        self.units = source.shape(layer)[-1]
        self.each = 2 if self.norm else size(self.kernel) + 1

    def values(self) -> Array:
        """The parameters, (units, each)."""
        return self._table("")

    def gradients(self) -> Array:
        """Their gradients for the current sample, (units, each)."""
        return self._table(".grad")

    def _table(self, tail: str) -> Array:
        first, second = ("gamma", "beta") if self.norm else ("w", "b")
        weights = self.source.field(self.layer, first + tail).reshape(-1, self.units)
        return np.vstack([weights, self.source.field(self.layer, second + tail)]).T

    def frozen(self) -> NDArray[np.bool_]:
        """Which of a unit's parameters training leaves as they are, (each,) of bool."""
        free = self.source.lab.experiment.training.train_biases or self.norm
        return np.asarray(np.arange(self.each) >= self.each - (0 if free else 1))

    def address(self, unit: int, position: int) -> str:
        """The address of one parameter."""
        if self.norm:
            return self.source.address(("gamma", "beta")[position], self.layer, (unit,))
        if position == self.each - 1:
            return self.source.address("b", self.layer, (unit,))
        return self.source.address("w", self.layer, (*deep(position, self.kernel), unit))

    def addresses(self, unit: int) -> list[str]:
        """The addresses of all parameters of a unit."""
        return [self.address(unit, position) for position in range(self.each)]
