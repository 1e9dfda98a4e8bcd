"""One step of a walk, as frozen data that any panel can show, and what it is put together from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, overload

import numpy as np

from nnsim.engine import Op
from nnsim.i18n import _
from nnsim.lab.addresses import Names, Quantity
from nnsim.lab.errors import LabError
from nnsim.lab.explain.arithmetic import Node, Number, Product, Sum, written
from nnsim.lab.explain.explanation import (
    Array,
    Index,
    Source,
    deep,
    flat,
    gate_in_words,
    named,
    size,
)
from nnsim.lab.hiding import Selection

Direction = Literal["forward", "backward"]
Grain = Literal["layer", "neuron", "term", "line"]
GRAINS: tuple[Grain, ...] = ("layer", "neuron", "term", "line")
NONE: frozenset[Selection] = frozenset()


def as_grain(word: str) -> Grain:
    """Return the grain of this name, or refuse it with a `LabError`."""
    for grain in GRAINS:
        if grain == word:
            return grain
    raise LabError(
        _('there is no grain "{grain}"; there are {names}').format(
            grain=word, names=", ".join(GRAINS)
        )
    )


@dataclass(frozen=True)
class Highlight:
    """What the step is about, for the pixel grid, the diagram and the table alike."""

    sources: frozenset[Selection] = NONE  # the values that are read: inputs (layer −1) or units
    units: frozenset[Selection] = NONE  # the units that something is computed for
    weights: frozenset[Selection] = NONE  # the weights of dense layers that take part
    # A whole layer, with everything that goes into it; the sets are then empty
    layer: int | None = None


@dataclass(frozen=True, eq=False)
class Table:
    """Numbers in rows, such as i, xᵢ, wᵢ, wᵢ·xᵢ and the running Σ."""

    columns: tuple[str, ...]  # the heads; the first stands over the labels
    labels: Sequence[str]  # what each row is called
    values: Array  # (rows, columns − 1)
    # the address of a value, where it has one; rows and columns of `values`, from 0
    addresses: Callable[[int, int], str | None]
    current: int | None = None  # the row that the step is about
    known: int = 0  # how many rows the walk has reached; the others are still to come

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Line:
    """A result below the table, such as ``+ b`` or ``z``; `value` is None while it is to come."""

    label: str
    value: float | None
    address: str | None = None
    current: bool = False


@dataclass(frozen=True)
class Curve:
    """The point on the curve of an activation: ``network.layers[layer].function`` has the curve."""

    layer: int
    name: str
    z: float
    a: float
    slope: float


@dataclass(frozen=True)
class Window:
    """The window of a convolution or pool over its image; rows and columns from 0.

    ``top`` and ``left`` may be negative (or the window end outside) in the padding; ``place`` is
    where the result goes, and ``channel`` that of a pool, None of a convolution, which sees all.
    """

    layer: int
    top: int
    left: int
    rows: int
    columns: int
    place: tuple[int, int]
    channel: int | None = None


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a walk; what makes it leaves its place in the walk open."""

    kind: str  # what happens: input term bias activation unit layer exp normalise loss delta …
    quantity: Quantity | None  # the number in focus; lab.explain opens it
    sentence: str  # what happens, in a sentence
    # the position of the layer, from 0; −1 for the input, the loss and the prediction
    layer: int = -1
    highlight: Highlight = field(default_factory=Highlight)
    table: Table | None = None
    lines: tuple[Line, ...] = ()  # the results below the table
    also: tuple[Quantity | None, ...] = ()  # more numbers in focus
    roles: tuple[str, ...] = ()  # on the way back: what each gate on the way does (stable ids)
    curve: Curve | None = None  # the point on the activation's curve, where the step is about one
    window: Window | None = None  # the window over the image, of convolutions and pools
    gate: str = ""  # the kind of the last gate, where it is known
    # the NumPy call, of the grain line: its text, its note, and what it filled
    call: Op | None = None
    direction: Direction = "forward"
    grain: Grain = "layer"
    # which step of how many, from 0
    index: int = 0
    total: int = 1
    names: Names = field(default=Names((), ()))  # what prints addresses

    @property
    def address(self) -> str:
        """The address of the number in focus; nothing where there is none."""
        return "" if self.quantity is None else self.names.text(self.quantity)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Every address in focus, that of `address` first."""
        found = dict.fromkeys(q for q in (self.quantity, *self.also) if q is not None)
        return tuple(self.names.text(quantity) for quantity in found)

    @property
    def role(self) -> str | None:
        """On the way back: what the gate at this step does (a stable id)."""
        return self.roles[-1] if self.roles else None

    @property
    def role_words(self) -> str | None:
        return gate_in_words(self.role, self.gate)

    def gives_away(self, hidden: Iterable[str]) -> bool:
        """Tell whether its sentence may hold one of these numbers, which are hidden for now.

        Tables and lines have an address for each number, so that a panel can hide it there.
        """
        said = {*self.addresses, *(line.address for line in self.lines if line.value is not None)}
        return not said.isdisjoint(hidden)


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
