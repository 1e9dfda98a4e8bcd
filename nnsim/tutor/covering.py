"""Which numbers must not be in sight while one of them is asked for.

Some numbers are another one by a different name: of a unit without activation a is z, of a sample
that is alone the gradient of a bias is its δ. To show one is to answer for the other.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nnsim.lab import LabError, Quantity
from nnsim.lab.values import layer_field

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nnsim.lab import Lab

MOST_WEIGHTS = 64
_SAME = (("accuracy", "right"), ("prediction", "correct"))
_LOSSES = {
    "loss.squared_error": ("squared_error",),
    "loss.cross_entropy": ("softmax_cross_entropy", "binary_cross_entropy"),
}


def covered_with(lab: Lab, quantity: Quantity) -> frozenset[Quantity]:
    """Return the numbers that would answer for this one, itself too."""
    found = {quantity}
    for other in _twins(lab, quantity):
        with suppress(LabError):  # this network has none
            found.add(lab.names.resolve(lab.names.address(other)))
    return frozenset(found)


def _twins(lab: Lab, quantity: Quantity) -> Iterator[Quantity]:
    """What is, or all but is, the same number."""
    kind = quantity.kind
    for group in _SAME:
        if kind in group:
            yield from map(Quantity, group)
    loss = lab.experiment.network.loss
    if kind == "loss":
        yield from (Quantity(name) for name, of in _LOSSES.items() if loss in of)
    elif loss in _LOSSES.get(kind, ()):
        yield Quantity("loss")
    if kind == "statistic" and quantity.statistic in ("min", "max"):
        yield from _where_it_stands(lab, quantity)
    if quantity.layer < 0 or quantity.unit < 0:
        return
    layer = lab.network.layers[quantity.layer]
    if kind == "z" or (kind == "a" and getattr(layer, "activation", "") == "identity"):
        yield replace(quantity, kind="a" if kind == "z" else "z")
    if kind in ("a", "z") and getattr(layer, "activation", "") == "softmax":  # they sum up to 1
        for unit in range(lab.names.layers[quantity.layer].units):
            yield replace(quantity, kind="a", unit=unit)
    if kind == "a" and not quantity.position:  # a layer that passes on what comes in
        for later, names in enumerate(lab.network.layers[quantity.layer + 1 :], quantity.layer + 1):
            if names.kind not in ("dropout", "flatten"):
                break
            yield replace(quantity, layer=later)
    if kind == "delta" and not quantity.position:
        yield from _gradients(lab, quantity)


def _where_it_stands(lab: Lab, extreme: Quantity) -> Iterator[Quantity]:
    """The unit or weight that is the smallest or largest of a layer."""
    values = layer_field(lab, extreme.layer, extreme.field)
    find = np.argmin if extreme.statistic == "min" else np.argmax
    *place, unit = np.unravel_index(int(find(values)), values.shape)
    position = tuple(int(i) for i in place) if extreme.field == "w" else ()
    if extreme.field == "w" or len(lab.names.layers[extreme.layer].output_shape) == 1:
        yield Quantity(extreme.field, extreme.layer, int(unit), position=position)


def _gradients(lab: Lab, delta: Quantity) -> Iterator[Quantity]:
    """Those of a unit's bias and weights: δ itself, or δ times an input that is often 1."""
    names = lab.names.layers[delta.layer]
    if names.has_bias:
        yield replace(delta, kind="b.grad")
    if len(names.kernel_shape) == 1 and names.kernel_shape[0] <= MOST_WEIGHTS:
        for source in range(names.kernel_shape[0]):
            yield replace(delta, kind="w.grad", position=(source,))
