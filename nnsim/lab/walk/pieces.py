"""What the steps of walks are put together from: names, numbers, selections, tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.explain.arithmetic import Node, Number, Product, Sum, written
from nnsim.lab.explain.source import Array, Index, Source, deep, flat, size
from nnsim.lab.explain.windows import Windows
from nnsim.lab.view import Selection
from nnsim.lab.walk.step import Curve, Highlight, Line, Table, Window

MOST_WIRES = 4096


def say(value: float) -> str:
    """Write a number in a sentence."""
    return written(value, 4)


def bracketed(value: float) -> str:
    """Write a number behind a dot or a minus."""
    text = say(value)
    return f"({text})" if text.startswith("−") else text


def whole(source: Source, layer: int, unit: int) -> Index:
    """The index of a unit that is counted through all places and channels."""
    return deep(unit, source.shape(layer))


def selected(layer: int, index: Index, source: Source) -> Selection:
    """A unit of a layer (-1: an input) as the picture counts it."""
    return Selection(layer, flat(index, source.shape(layer)))


def label(source: Source, layer: int, index: Index) -> str:
    """What a unit (layer -1: an input) is called at the head of a row."""
    *place, unit = index
    if layer >= 0:
        labels = source.names.layers[layer].labels
    else:
        labels = source.names.input_labels if len(index) == 1 else ()
    name = labels[unit] if labels else str(unit + 1)
    if not place:
        return name
    where = ",".join(str(i + 1) for i in place)
    return where if source.shape(layer)[-1] == 1 else f"{where} · {name}"


class Labels(Sequence[str]):
    """The names of rows, each made when it is asked for: there may be 100,000."""

    def __init__(self, count: int, name: Callable[[int], str]) -> None:
        self._count, self._name = count, name

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        places = range(self._count)[index]
        if isinstance(places, int):
            return self._name(places)
        return [self._name(place) for place in places]


def unit_labels(source: Source, layer: int) -> Labels:
    """The names of all values that come out of a layer (-1: of the input)."""
    shape = source.shape(layer)
    return Labels(size(shape), lambda i: label(source, layer, deep(i, shape)))


def wires(source: Source, layer: int, index: Index) -> Highlight:
    """Everything that goes into one unit, and the unit."""
    kind = source.layer(layer).kind
    unit = selected(layer, index, source)
    if kind == "dense":
        count = size(source.shape(layer - 1))
        return Highlight(
            frozenset(Selection(layer - 1, i) for i in range(count)),
            frozenset({unit}),
            frozenset(Selection(layer, unit.unit, i) for i in range(count)),
        )
    if kind in ("conv2d", "max_pool2d", "average_pool2d"):
        shape = source.shape(layer - 1)
        channels = range(shape[2]) if kind == "conv2d" else (index[2],)
        seen = frozenset(
            Selection(layer - 1, flat((*pixel, k), shape))
            for _tap, pixel in Windows.of(source, layer).pixels((index[0], index[1]))
            if pixel is not None
            for k in channels
        )
        return Highlight(seen, frozenset({unit}))
    return Highlight(
        frozenset({Selection(layer - 1, _below(source, layer, index))}), frozenset({unit})
    )


def _below(source: Source, layer: int, index: Index) -> int:
    """The position below from which a layer without weights takes a value."""
    return flat(index, source.shape(layer))


def window_of(source: Source, layer: int, index: Index) -> Window | None:
    """The window over the image that a unit sees."""
    kind = source.layer(layer).kind
    if kind not in ("conv2d", "max_pool2d", "average_pool2d"):
        return None
    windows = Windows.of(source, layer)
    place = (index[0], index[1])
    top, left = windows.top_left(place)
    return Window(layer, top, left, *windows.size, place, None if kind == "conv2d" else index[2])


def curve_of(source: Source, layer: int, index: Index) -> Curve | None:
    """The point on the curve of a unit's activation."""
    made = source.layer(layer)
    if made.activation in ("identity", "softmax"):
        return None
    z, a, slope = (float(source.field(layer, kind)[index]) for kind in ("z", "a", "slope"))
    return Curve(layer, made.activation, z, a, slope)


class Inputs:
    """What a unit of a dense layer or a convolution multiplies, in the order of its terms.

    Attributes
    ----------
    x, w : array (n,)
    places : sequence of index or None
        The index below of each value; None in the padding.
    """

    def __init__(self, source: Source, layer: int, index: Index) -> None:
        self.source, self.layer, self.unit = source, layer, index[-1]
        traced = source.traced(layer)
        weight = source.field(layer, "w")
        self.kernel = weight.shape[:-1]
        self.w: Array = weight[..., self.unit].reshape(-1)
        self.windows = None if len(self.kernel) == 1 else Windows.of(source, layer)
        if self.windows is None:
            self.x: Array = traced.x[0]
            self.place = (0, 0)
        else:
            self.place = (index[0], index[1])
            below = traced.x[0]
            self.x = np.array([
                below[at] if (at := self.below(i)) is not None else 0.0
                for i in range(self.w.size)
            ])  # fmt: skip

    def tap(self, i: int) -> Index:
        """Where term `i` stands in the kernel."""
        return deep(i, self.kernel)

    def below(self, i: int) -> Index | None:
        """Where the value of term `i` comes from; None in the padding."""
        if self.windows is None:
            return (i,)
        row, column, channel = self.tap(i)
        top, left = self.windows.top_left(self.place)
        pixel = (top + row, left + column)
        return (*pixel, channel) if self.windows.holds(pixel) else None

    def address(self, i: int, column: int) -> str | None:
        """The address of x (column 0) or w (column 1) of term `i`."""
        if column == 1:
            return self.source.address("w", self.layer, (*self.tap(i), self.unit))
        at = self.below(i)
        return None if column or at is None else self.source.going_in(self.layer, at).address

    def label(self, i: int) -> str:
        """What row `i` is called."""
        at = self.below(i)
        return _("padding") if at is None else label(self.source, self.layer - 1, at)

    def table(self, current: int | None, known: int) -> Table:
        """I, xᵢ, wᵢ, wᵢ·xᵢ and the running sum."""
        products = self.w * self.x
        values = np.column_stack([self.x, self.w, products, np.cumsum(products)])
        columns = ("i", "xᵢ", "wᵢ", "wᵢ·xᵢ", "Σ")
        labels = Labels(self.w.size, self.label)
        return Table(columns, labels, values, self.address, current, known)


def products_table(
    node: Node, columns: tuple[str, ...], current: int | None, known: int
) -> Table | None:
    """A table of a sum of products of two numbers, with the running sum; None for other nodes."""
    terms = node.terms if isinstance(node, Sum) else (node,)
    pairs = [term.factors for term in terms if isinstance(term, Product) and len(term.factors) == 2]
    if not pairs or len(pairs) != len(terms):
        return None
    factors = np.array([[factor.evaluate() for factor in pair] for pair in pairs])
    products = factors.prod(axis=1)
    values = np.column_stack([factors, products, np.cumsum(products)])

    def address(row: int, column: int) -> str | None:
        if column > 1:
            return None
        factor = pairs[row][column]
        return factor.address if isinstance(factor, Number) else None

    labels = tuple(_row_name(pair) or str(i + 1) for i, pair in enumerate(pairs))
    return Table(columns, labels, values, address, current, known)


def _row_name(factors: Sequence[Node]) -> str:
    """The unit that a δ in a product belongs to."""
    for factor in factors:
        if isinstance(factor, Number) and factor.address and ".delta" in factor.address:
            return factor.address.replace(".delta", "")
    return ""


def lines(*parts: tuple[str, float, str | None], reached: int | None = None) -> tuple[Line, ...]:
    """Lines of results, of which so many are reached (all, unless told), the last one current."""
    reached = len(parts) if reached is None else reached
    return tuple(
        Line(text, value if i < reached else None, address, i == reached - 1)
        for i, (text, value, address) in enumerate(parts)
    )


def values_table(source: Source, layer: int, symbol: str) -> Table:
    """The values that come out of a layer (-1: of the input), with z where it has one."""
    if layer < 0:
        values = source.traced(0).x[0].reshape(-1, 1)
        columns: tuple[str, ...] = ("i", symbol)
    else:
        traced = source.traced(layer)
        arrays = [array[0].reshape(-1) for array in (traced.z, traced.a) if array is not None]
        values = np.column_stack(arrays)
        columns = ("i", "z", "a") if len(arrays) == 2 else ("i", "a")

    def address(row: int, column: int) -> str | None:
        if layer < 0:
            return f"input[{row + 1}]"
        return source.address(columns[column + 1], layer, whole(source, layer, row))

    labels = unit_labels(source, layer)
    return Table(columns, labels, values, address, None, len(labels))


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
