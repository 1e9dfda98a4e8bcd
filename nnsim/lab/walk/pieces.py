"""What the steps of walks are put together from: names, numbers, selections, tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

import numpy as np

from nnsim.lab.addresses import Quantity
from nnsim.lab.explain.arithmetic import Node, Number, Product, Sum, written
from nnsim.lab.explain.source import Array, Index, Source, deep, flat, named, size
from nnsim.lab.view import Selection
from nnsim.lab.walk.step import Curve, Line, Table


def say(value: float) -> str:
    return written(value, 4)


def bracketed(value: float) -> str:
    """Write a number behind a dot or a minus."""
    text = say(value)
    return f"({text})" if text.startswith("−") else text


def whole(source: Source, layer: int, unit: int) -> Index:
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
    shape = source.shape(layer)
    return Labels(size(shape), lambda i: label(source, layer, deep(i, shape)))


def curve_of(source: Source, layer: int, index: Index) -> Curve | None:
    made = source.layer(layer)
    if made.activation in ("identity", "softmax"):
        return None
    z, a, slope = (float(source.field(layer, kind)[index]) for kind in ("z", "a", "slope"))
    return Curve(layer, made.activation, z, a, slope)


Column = tuple[str, Sequence[float] | Array, Callable[[int], Quantity | None] | None]
"""A heading, the numbers below it, and which number stands in a row, where they are numbers."""


def column(heading: str, numbers: Sequence[Node]) -> Column:
    """A column of numbers, or of what they make."""

    def name(row: int) -> Quantity | None:
        node = numbers[row]
        return node.quantity if isinstance(node, Number) else None

    return heading, [number.evaluate() for number in numbers], name


def table(
    source: Source, head: str, labels: Sequence[str], *columns: Column,
    current: int | None = None, known: int | None = None,
) -> Table:  # fmt: skip
    """A table of columns; all of its rows are known unless told."""

    def address(row: int, at: int) -> str | None:
        name = columns[at][2]
        quantity = None if name is None else name(row)
        return None if quantity is None else source.text(quantity)

    headings = (head, *(heading for heading, _values, _name in columns))
    values = np.column_stack([values for _heading, values, _name in columns])
    return Table(
        headings, labels, values, address, current, len(labels) if known is None else known
    )


def products_table(
    source: Source, node: Node, columns: tuple[str, ...], current: int | None, known: int
) -> Table | None:
    """A table of a sum of products of two numbers, with the running sum; None for other nodes."""
    terms = node.terms if isinstance(node, Sum) else (node,)
    pairs = [term.factors for term in terms if isinstance(term, Product) and len(term.factors) == 2]
    if not pairs or len(pairs) != len(terms):
        return None
    head, first, second, third, last = columns
    products = [term.evaluate() for term in terms]
    return table(
        source, head, [_row_name(source, pair) or str(i + 1) for i, pair in enumerate(pairs)],
        column(first, [pair[0] for pair in pairs]), column(second, [pair[1] for pair in pairs]),
        (third, products, None), (last, np.cumsum(products), None), current=current, known=known,
    )  # fmt: skip


def _row_name(source: Source, factors: Sequence[Node]) -> str:
    for factor in factors:
        if isinstance(factor, Number) and factor.quantity and factor.quantity.kind == "delta":
            at = factor.quantity
            where = f"[{','.join(str(i + 1) for i in at.position)}]" if at.position else ""
            return f"{source.names.layers[at.layer].name}[{at.unit + 1}]{where}"
    return ""


def lines(
    source: Source, *parts: tuple[str, Number], reached: int | None = None
) -> tuple[Line, ...]:
    """Lines of results, of which so many are reached (all, unless told), the last one current."""
    reached = len(parts) if reached is None else reached
    return tuple(
        Line(
            label, number.value if i < reached else None,
            source.address(number), i == reached - 1,
        )
        for i, (label, number) in enumerate(parts)
    )  # fmt: skip


def values_table(source: Source, layer: int, symbol: str) -> Table:
    """The values that come out of a layer (-1: of the input), with z where it has one."""
    labels = unit_labels(source, layer)
    if layer < 0:
        x = source.traced(0).x[0].reshape(-1)
        column = (symbol, x, lambda row: Quantity("input", position=(row,)))
        return table(source, "i", labels, column)
    kinds = ("z", "a") if source.names.layers[layer].has_z else ("a",)
    return table(source, "i", labels, *(layer_column(source, layer, kind) for kind in kinds))


def layer_column(source: Source, layer: int, kind: str, heading: str = "") -> Column:
    """One number of every unit of a layer."""
    values = source.field(layer, kind).reshape(-1)
    return heading or kind, values, lambda row: named(kind, layer, whole(source, layer, row))
