"""Walking through the picture with keys: units, the weights that come into them, their sources.

Left goes against the flow of the forward pass, right with it: unit, weight, source, and so on.
Up and down stay in the column.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from nnsim.lab.view import LayerView, NetworkView, Selection

Step = Literal["left", "right", "up", "down", "home", "end"]


class Walk:
    """Remembers in each layer where the person was, so that a way back leads there."""

    def __init__(self) -> None:
        self.units: dict[int, int] = {}
        self._sources: dict[tuple[int, int], int] = {}

    def note(self, selection: Selection) -> None:
        """Remember a place that was selected."""
        self.units[selection.layer] = selection.unit
        if selection.source is not None:
            self._sources[selection.layer, selection.unit] = selection.source
            self.units[selection.layer - 1] = selection.source

    def focus(self, view: NetworkView, selection: Selection) -> tuple[int, int]:
        """Return (layer, unit) whose incoming wires are shown; (-1, 0) without layers.

        For an input that is the unit of the first layer that was looked at last.
        """
        if not view.layers:
            return -1, 0
        layer = max(0, selection.layer)
        unit = selection.unit if selection.layer >= 0 else self.units.get(0, 0)
        return layer, min(unit, size_of(view, layer) - 1)

    def move(self, view: NetworkView, selection: Selection, step: Step) -> Selection:
        """Return where a step leads; the same place where there is nothing further."""
        if step == "left":
            return self._left(view, selection)
        if step == "right":
            return self._right(view, selection)
        at, count = selection.unit, size_of(view, selection.layer)
        if selection.source is not None:
            at, count = selection.source, size_of(view, selection.layer - 1)
        to = {"up": at - 1, "down": at + 1, "home": 0, "end": count - 1}[step]
        to = min(max(0, to), max(0, count - 1))
        if selection.source is not None:
            return replace(selection, source=to)
        return replace(selection, unit=to)

    def _left(self, view: NetworkView, selection: Selection) -> Selection:
        layer, unit, source = selection.layer, selection.unit, selection.source
        if layer < 0:
            return selection
        if source is not None:
            return Selection(layer - 1, source)
        weight = view.layers[layer].weight
        if weight is None:
            return Selection(layer - 1, self._remembered(view, layer - 1))
        strongest = int(np.argmax(np.abs(weight[:, unit])))
        return Selection(layer, unit, self._sources.get((layer, unit), strongest))

    def _right(self, view: NetworkView, selection: Selection) -> Selection:
        if selection.source is not None:
            return replace(selection, source=None)
        layer = selection.layer + 1
        if layer >= len(view.layers):
            return selection
        unit = self._remembered(view, layer)
        source = None if view.layers[layer].weight is None else selection.unit
        return Selection(layer, unit, source)

    def _remembered(self, view: NetworkView, layer: int) -> int:
        return min(self.units.get(layer, 0), size_of(view, layer) - 1)


def size_of(view: NetworkView, layer: int) -> int:
    """Return how many units a layer has (-1: how many inputs there are)."""
    return int(view.input.size) if layer < 0 else len(view.layers[layer].labels)


def inside(view: NetworkView, selection: Selection) -> Selection:
    """Return `selection`, moved to the nearest place that this network has."""
    layer = min(max(-1, selection.layer), len(view.layers) - 1)
    unit = min(max(0, selection.unit), max(0, size_of(view, layer) - 1))
    source = selection.source
    if layer < 0 or source is None or layer != selection.layer:
        return Selection(layer, unit)
    weight = view.layers[layer].weight
    if weight is None:
        return Selection(layer, unit)
    return Selection(layer, unit, min(max(0, source), weight.shape[0] - 1))


def same_shape(one: NetworkView | None, other: NetworkView) -> bool:
    """Whether both are the same network for the picture: sizes, names and labels."""

    def names(layer: LayerView) -> tuple[object, ...]:
        has_weight = layer.weight is None
        return layer.name, layer.kind, layer.activation, layer.labels, has_weight

    return (
        one is not None
        and one.input_shape == other.input_shape
        and one.input_labels == other.input_labels
        and [names(layer) for layer in one.layers] == [names(layer) for layer in other.layers]
    )
