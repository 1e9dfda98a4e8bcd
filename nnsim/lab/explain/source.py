"""Where the numbers of an explanation come from: the engine's trace, with an address for each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab import values
from nnsim.lab.addresses import Quantity
from nnsim.lab.explain.arithmetic import Node, Number
from nnsim.lab.values import Readable

if TYPE_CHECKING:
    from nnsim.engine import LayerTrace

Array = NDArray[np.float64]
Index = tuple[int, ...]
# In an index the unit (filter, channel) comes last, as in the public arrays.


class Source:
    """The bench, for one explanation.

    Indices count from 0 and are those of the public arrays without the batch axis: ``(unit,)``, or
    ``(row, column, channel)``; of weights ``(source, unit)`` or ``(row, column, channel, filter)``.
    ``texts`` keeps the NumPy calls of tapes, by the number of samples and whether there is a way
    back: writing them takes longer than running them.
    """

    def __init__(self, lab: Readable) -> None:
        self.lab = lab
        self.names = lab.names
        self.network = lab.network
        self._fields: dict[tuple[int, str], Array] = {}
        self.texts: dict[tuple[int, bool], dict[str, str]] = {}

    @property
    def last(self) -> int:
        return len(self.names.layers) - 1

    def traced(self, layer: int) -> LayerTrace:
        traced: LayerTrace = self.lab.trace.layers[layer]
        return traced

    def layer(self, layer: int) -> Any:
        return self.network.layers[layer]

    def field(self, layer: int, kind: str) -> Array:
        """One field of a layer for the current sample, units along the last axis."""
        key = (layer, kind)
        if key not in self._fields:
            if kind == "slope":
                self._fields[key] = self.lab.slopes(layer)
            else:
                self._fields[key] = values.layer_field(self.lab, layer, kind)
        return self._fields[key]

    def number(self, kind: str, layer: int, index: Index) -> Number:
        """A number of a layer: ``z a delta slope w b gamma …``, with its address."""
        return Number(float(self.field(layer, kind)[index]), named(kind, layer, index))

    def text(self, quantity: Quantity) -> str:
        return self.names.text(quantity)

    def address(self, node: Node) -> str | None:
        """The address of a number that has one."""
        known = node.quantity if isinstance(node, Number) else None
        return None if known is None else self.text(known)

    def is_muted(self, layer: int, index: Index) -> bool:
        """Whether a unit is muted: its a counts as 0, whatever it computes."""
        return index[-1] in self.network.muted.get(layer, ())

    # --- what goes in and out ------------------------------------------------------------------

    def shape(self, layer: int) -> Index:
        """The shape of what comes out of a layer (-1: of the input)."""
        if layer < 0:
            return tuple(self.network.input_shape)
        return tuple(self.names.layers[layer].output_shape)

    def going_in(self, layer: int, index: Index) -> Number:
        """One of the values that go into a layer: an input, or an a of the layer before."""
        value = float(self.traced(layer).x[0][index])
        if layer > 0:
            return Number(value, named("a", layer - 1, index))
        return Number(value, Quantity("input", position=(flat(index, self.shape(-1)),)))

    def indices(self, layer: int) -> Iterator[Index]:
        """All indices of what comes out of a layer (-1: of the input)."""
        return np.ndindex(*self.shape(layer))

    def outputs(self) -> list[Number]:
        return [self.number("a", self.last, index) for index in self.indices(self.last)]

    def targets(self) -> list[Number]:
        """What the outputs should be.

        Raises
        ------
        NoValueError
            When nobody has said.
        """
        target = values.target(self.lab)
        return [Number(float(t), Quantity("target", position=(k,))) for k, t in enumerate(target)]

    def unit_name(self, layer: int, index: Index) -> str:
        """A unit in words, with its place in an image."""
        names = self.names.layers[layer]
        *place, unit = index
        label = names.labels[unit] if names.labels else ""
        word = _("unit")
        if len(names.output_shape) == 3:
            word = _("filter") if names.kernel_shape else _("channel")
        if not label:
            text = _("{unit} {number} of {layer}")
        elif label.isdecimal():  # a class such as the digit 0, which is not unit 0
            text = _('{unit} {number} of {layer} ("{label}")')
        else:
            text = _("{label} of {layer}")
        text = text.format(unit=word, number=unit + 1, label=label, layer=names.name)
        if place:
            text = _("{unit} at row {row}, column {column}").format(
                unit=text, row=place[0] + 1, column=place[1] + 1
            )
        return text


def named(kind: str, layer: int, index: Index) -> Quantity:
    """What a number of a layer is called: ``named("w.grad", 0, (4, 1))``."""
    *place, unit = index
    return Quantity(kind, layer, unit, tuple(place))


def flat(index: Index, shape: Index) -> int:
    if len(shape) < 2:
        return index[0] if shape else 0
    return int(np.ravel_multi_index(index, shape))


def deep(position: int, shape: Index) -> Index:
    if len(shape) == 1:  # the usual case, and a hundred times as fast
        return (position,)
    return tuple(int(i) for i in np.unravel_index(position, shape))


def size(shape: Index) -> int:
    """How many numbers an array of this shape holds."""
    return math.prod(shape)
