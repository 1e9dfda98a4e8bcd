"""What an explanation is: a number's name, formula, arithmetic and causes."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim.circuit.gates import KINDS, kind_in_words, role_in_words
from nnsim.i18n import _
from nnsim.lab import values
from nnsim.lab.addresses import Names, Quantity
from nnsim.lab.explain.arithmetic import (
    Node,
    Number,
    Product,
    Sum,
    as_fraction,
    held,
    shown,
    written,
)
from nnsim.lab.values import Readable

if TYPE_CHECKING:
    from nnsim.engine import LayerTrace

# Whether an equation is exactly true is asked of so many numbers at most.
_MOST_EXACT = 2000
HIDDEN = "?"


@dataclass(frozen=True)
class Term:
    """One term of what is added up (or the whole, where nothing is)."""

    causes: tuple[str, ...]  # the addresses in it
    factors: tuple[float, ...]  # what is multiplied; a single one where nothing is
    value: float  # their product


@dataclass(frozen=True)
class Explanation:
    """Why a number is what it is; the rules that make it leave open which number it is."""

    name: str  # what it is, in words
    symbol: str  # how formulas write it, such as z or ∂C/∂w
    formula: str  # the rule, in symbols; a sentence for a number that is not computed
    arithmetic: Node  # the rule with its numbers, which `recompute` evaluates without the engine
    # for a gradient, what each gate does on the way from the gradients that it is made of:
    # distribute, swap, route, scale or sum
    roles: tuple[str, ...] = ()
    # for a gradient: what comes back to its gate, and the gate's own derivative; their product is
    # the gradient
    upstream: Node | None = None
    local: Node | None = None
    note: str = ""  # A sentence that the formula needs, or nothing
    # numbers that do not occur in the arithmetic, but choose what does: the targets, under hinge,
    # say which class is the right one
    chosen_by: tuple[Quantity, ...] = ()
    # the kind of the last gate (a key of `nnsim.circuit.gates.KINDS`), where there is one alone
    gate: str = ""
    quantity: Quantity = field(default=Quantity(""))  # the number, as addresses know it
    names: Names = field(default=Names((), ()))  # what prints addresses
    value: float | int = math.nan  # what the engine holds
    # to how much of what is added up the engine and the arithmetic agree; less in float32
    precision: float = 1e-12

    @property
    def number(self) -> Number:
        return Number(float(self.value), self.quantity)

    def text(self, quantity: Quantity) -> str:
        return self.names.text(quantity)

    @cached_property
    def address(self) -> str:
        return self.text(self.quantity)

    @property
    def rests_on(self) -> tuple[Quantity, ...]:
        """The numbers that it came from, each once, in the order of the formula."""
        found = dict.fromkeys(n.quantity for n in self.arithmetic.numbers() if n.quantity)
        found.update(dict.fromkeys(self.chosen_by))
        found.pop(self.quantity, None)
        return tuple(found)

    @property
    def causes(self) -> tuple[str, ...]:
        """The addresses of the numbers that it came from."""
        return tuple(self.text(quantity) for quantity in self.rests_on)

    @property
    def role(self) -> str | None:
        """Return what the gate right behind a gradient does: the last of `roles`."""
        return self.roles[-1] if self.roles else None

    @property
    def worked(self) -> str:
        """The formula with its numbers and the result, with the right `sign` before it."""
        return self.worked_without(())

    def worked_without(self, hidden: Container[Quantity]) -> str:
        def show(number: Number) -> str:
            return HIDDEN if number.quantity in hidden else shown(number)

        result = HIDDEN if self.quantity in hidden else written(self.value)
        arithmetic = self.arithmetic.write(show)
        if arithmetic == result:
            return f"{self.symbol} {self.sign} {result}"
        return f"{self.symbol} = {arithmetic} {self.sign} {result}"

    @property
    def sign(self) -> str:
        """``=`` or ``≈``; ``≠`` where the engine holds something else, as with a planted bug."""
        if not self.agrees:
            return "≠"
        return "=" if self.is_exact else "≈"

    @property
    def is_exact(self) -> bool:
        """Whether the worked equation is exactly true as it is printed, no digit dropped."""
        if isinstance(self.value, int):  # a count or a position, however the rest was rounded
            return True
        result = as_fraction(float(self.value))
        if result is None or next(islice(self.arithmetic.numbers(), _MOST_EXACT, None), None):
            return False
        return self.arithmetic.exact() == result

    @property
    def role_words(self) -> str | None:
        return gate_in_words(self.role, self.gate)

    @property
    def terms(self) -> tuple[Term, ...]:
        return tuple(
            Term(
                causes=tuple(
                    self.text(q) for q in dict.fromkeys(n.quantity for n in node.numbers()) if q
                ),
                factors=tuple(
                    factor.evaluate()
                    for factor in (node.factors if isinstance(node, Product) else (node,))
                ),
                value=node.evaluate(),
            )
            for node in _flat(self.arithmetic)
        )

    def recompute(self, read: Callable[[str], float] | None = None) -> float:
        """Evaluate the arithmetic again, without the engine.

        Parameters
        ----------
        read : callable, optional
            Gives the number at an address; without it every number is what it was.
        """
        if read is None:
            return self.arithmetic.evaluate(held)
        return self.arithmetic.evaluate(
            lambda n: n.value if n.quantity is None else float(read(self.text(n.quantity)))
        )

    @cached_property
    def agrees(self) -> bool:
        """Whether the arithmetic gives what the engine holds, to `precision` of what is added up.

        It does not where a mistake was planted in backpropagation.
        """
        value, again = float(self.value), self.recompute()
        if value == again or (math.isnan(value) and math.isnan(again)):
            return True
        scale = max(abs(value), self.arithmetic.magnitude(), 1e-300)
        return abs(value - again) <= self.precision * scale

    def as_json(self) -> dict[str, Any]:
        """Return what ``nnsim explain --json`` prints."""
        return {
            "address": self.address,
            "name": self.name,
            "formula": self.formula,
            "worked": self.worked,
            "value": self.value,
            "role": self.role,
            "causes": list(self.causes),
        }


def gate_in_words(role: str | None, gate: str) -> str | None:
    """Return what a gate does to the gradient: by its kind where that is known, else its role."""
    if role is None:
        return None
    return kind_in_words(KINDS[gate]) if gate in KINDS else role_in_words(role)


def _flat(node: Node) -> Iterator[Node]:
    """Go through the terms of sums within sums."""
    if isinstance(node, Sum):
        for term in node.terms:
            yield from _flat(term)
    else:
        yield node


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
        known = node.quantity if isinstance(node, Number) else None
        return None if known is None else self.text(known)

    def is_muted(self, layer: int, index: Index) -> bool:
        """Whether a unit is muted: its a counts as 0, whatever it computes."""
        return index[-1] in self.network.muted.get(layer, ())

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
