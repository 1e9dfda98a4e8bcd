"""Dense layers: every unit has a weight for every input; and what all units with weights share."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from nnsim.circuit.gates import SUM, SWAP
from nnsim.i18n import _
from nnsim.lab.addresses import Quantity
from nnsim.lab.explain.arithmetic import ONE, Apply, Node, Number, Product, Sum
from nnsim.lab.explain.explanation import Array, Explanation, Index, named
from nnsim.lab.hiding import Selection
from nnsim.lab.kinds.kind import Back, Kind
from nnsim.lab.walk.step import (
    Highlight,
    Labels,
    Line,
    Step,
    Table,
    column,
    curve_of,
    label,
    lines,
    say,
    selected,
    table,
)


class Weighted(Kind):
    """A layer whose units have weights and a bias."""

    parameters = ("w", "b")
    z_formula: ClassVar[str]
    gradient_formula: ClassVar[str]

    @abstractmethod
    def terms(self, index: Index) -> list[Index | None]:
        """Where a unit takes the value of each weight from; None in the padding."""

    def values(self, index: Index) -> Array:
        x = self.source.traced(self.layer).x[0]
        return np.array([0.0 if at is None else x[at] for at in self.terms(index)])

    def z(self, index: Index) -> Explanation:
        products = [
            Product((self.number("w", (*tap, index[-1])), self.going_in(at)))
            for tap, at in zip(np.ndindex(*self.names.kernel_shape), self.terms(index), strict=True)
            if at is not None
        ]
        return Explanation(
            _("z of {unit}: the weighted sum before the activation").format(
                unit=self.source.unit_name(self.layer, index)
            ),
            "z",
            self.z_formula,
            Sum((Sum(tuple(products)), self.number("b", index[-1:]))),
            note=self.z_note(),
        )

    def z_note(self) -> str:
        """What the formula of z leaves unsaid."""
        return ""

    @abstractmethod
    def shares(self, index: Index) -> tuple[Product, ...]:
        """The products δ·x that the gradient of a weight adds up."""

    def weight_gradient(self, index: Index) -> Explanation:
        shares, penalty, network = self.shares(index), self._penalty(index), self.source.network
        up: Node = Sum(shares)
        local: Node | None = None
        roles: tuple[str, ...] = (SWAP, SUM)
        if self.back_by_terms:
            (up, local), roles = shares[0].factors, (SWAP,)
        terms = (*shares, *penalty)
        formula = _(self.gradient_formula) + (" + l2·w" if network.l2 else "")
        return Explanation(
            _("gradient of {address}: how the loss changes with this weight").format(
                address=self.source.text(named("w", self.layer, index))
            ),
            "∂C/∂w",
            formula + (" + l1·sign w" if network.l1 else ""),
            terms[0] if len(terms) == 1 else Sum(terms),
            roles,
            up,
            local,
        )

    def _penalty(self, index: Index) -> tuple[Node, ...]:
        weight, network = self.number("w", index), self.source.network
        parts: list[Node] = []
        if network.l2:
            parts.append(Product((Number(network.l2, Quantity("l2")), weight)))
        if network.l1:
            parts.append(Product((Number(network.l1), Apply("sign", (weight,)))))
        return tuple(parts)

    def reads(self, index: Index) -> list[Index]:
        return [at for at in self.terms(index) if at is not None]

    def steps(self, *, fine: bool) -> int:
        after = 1 if self.made.activation == "softmax" else 2  # softmax has steps of its own
        return self.each - 1 + after if fine else 1

    def step(self, index: Index, inner: int, *, fine: bool) -> Step:
        inputs = Inputs(self, index)
        count = len(inputs.places)
        if fine and inner < count:
            return self._term(index, inputs, inner)
        b, z, a = self.number("b", index[-1:]), self.number("z", index), self.number("a", index)
        muted, softmax = self.source.is_muted(self.layer, index), self.made.activation == "softmax"
        about, also, reached = a, [z], 4
        if fine and inner == count:
            kind, about, reached = "bias", b, 3
            text = _("the bias {b} is added to the sum: z = {z}")
        elif fine:
            kind, text = "activation", _("{function} of z = {z} is a = {a}")
            text = _("the unit is muted: a = 0") if muted else text
        elif softmax:  # its shares have steps of their own
            kind, about, also, reached = "z", z, [z, b], 3
            text = _("{unit} adds up {count} products and its bias: z = {z}")
        else:
            kind, also = "unit", [z, b]
            text = (
                _("{unit} adds up {count} products and its bias: z = {z}; it is muted, so a = 0")
                if muted
                else _(
                    "{unit} adds up {count} products and its bias: z = {z}; {function} gives "
                    "a = {a}"
                )
            )
        sentence = text.format(
            unit=self.source.unit_name(self.layer, index), count=count, b=say(b.value),
            z=say(z.value), a=say(a.value), function=self.made.activation,
        )  # fmt: skip
        wires = Highlight(units=frozenset({self.selected(index)})) if fine else self.wires(index)
        return Step(
            kind, about.quantity, sentence, self.layer, wires, inputs.table(None, count),
            self._results(index, inputs, reached), tuple(number.quantity for number in also),
            curve=None if kind == "bias" else curve_of(self.source, self.layer, index),
            window=self.window(index),
        )  # fmt: skip

    def _results(self, index: Index, inputs: Inputs, reached: int) -> tuple[Line, ...]:
        total = Number(float(np.dot(inputs.w, inputs.x)))
        return lines(
            self.source, ("Σ wᵢ·xᵢ", total), ("+ b", self.number("b", index[-1:])),
            ("z", self.number("z", index)), ("a", self.number("a", index)), reached=reached,
        )  # fmt: skip

    def _term(self, index: Index, inputs: Inputs, i: int) -> Step:
        x, w = float(inputs.x[i]), float(inputs.w[i])
        at, wires = inputs.places[i], self.parameter_wires(index[-1], i)
        sentence = _(
            "term {i} of {count}: weight {w} times input {x} is {product}; Σ = {sum}"
        ).format(
            i=i + 1, count=len(inputs.places), w=say(w), x=say(x), product=say(w * x),
            sum=say(float(np.dot(inputs.w[: i + 1], inputs.x[: i + 1]))),
        )  # fmt: skip
        read = frozenset() if at is None else frozenset({selected(self.layer - 1, at, self.source)})
        return Step(
            "term", self.parameter(index[-1], i), sentence, self.layer,
            Highlight(read, frozenset({self.selected(index)}), wires.weights),
            inputs.table(i, i + 1), self._results(index, inputs, 0),
            () if at is None else (self.going_in(at).quantity,), window=self.window(index),
        )  # fmt: skip


class Inputs:
    """What a unit multiplies, in the order of its weights.

    Attributes
    ----------
    x, w : array (n,)
    places : list of index or None
        The index below of each value; None in the padding.
    """

    def __init__(self, kind: Weighted, index: Index) -> None:
        self.kind, self.unit = kind, index[-1]
        self.places = kind.terms(index)
        self.x = kind.values(index)
        self.w: Array = kind.source.field(kind.layer, "w")[..., self.unit].reshape(-1)

    def label(self, row: int) -> str:
        at = self.places[row]
        return _("padding") if at is None else label(self.kind.source, self.kind.layer - 1, at)

    def table(self, current: int | None, known: int) -> Table:
        """I, xᵢ, wᵢ, wᵢ·xᵢ and the running sum."""
        kind, products = self.kind, self.w * self.x

        def taken(row: int) -> Quantity | None:
            at = self.places[row]
            return None if at is None else kind.going_in(at).quantity

        return table(
            kind.source, "i", Labels(len(self.places), self.label), ("xᵢ", self.x, taken),
            ("wᵢ", self.w, lambda row: kind.parameter(self.unit, row)),
            ("wᵢ·xᵢ", products, None), ("Σ", np.cumsum(products), None),
            current=current, known=known,
        )  # fmt: skip


class Dense(Weighted, kind="dense"):
    """z = Σᵢ wᵢ·xᵢ + b."""

    rule = "z = x·W + b"
    gradient_rule = "∂C/∂W = xᵀ·δ, ∂C/∂b = Σ δ"
    z_formula = "z = Σᵢ wᵢ·xᵢ + b"
    gradient_formula = "∂C/∂w = δ·x"
    back_by_terms = True

    def terms(self, index: Index) -> list[Index | None]:
        return list(np.ndindex(*self.below))

    def back(self, index: Index) -> Back:
        terms = tuple(
            Product((self.number("w", (*index, *k)), self.number("delta", k)))
            for k in np.ndindex(*self.shape)
        )
        if len(terms) == 1:
            return terms[0], "w·δ", (SWAP,)
        return Sum(terms), "Σₖ wₖ·δₖ", (SWAP, SUM)

    def values(self, index: Index) -> Array:
        values: Array = self.source.traced(self.layer).x[0]
        return values

    def shares(self, index: Index) -> tuple[Product, ...]:
        return (Product((self.number("delta", index[-1:]), self.going_in(index[:-1]))),)

    def sentence(self) -> str:
        return _(
            "{layer}: each of the {count} units adds up its weighted inputs and its bias to z; "
            "{function} makes a of it"
        )

    def wires(self, index: Index) -> Highlight:
        read = frozenset(Selection(self.layer - 1, i) for i in range(self.each - 1))
        return Highlight(read, frozenset({self.selected(index)}), self.weights(index[-1]))

    def weights(self, unit: int) -> frozenset[Selection]:
        return frozenset(Selection(self.layer, unit, i) for i in range(self.each - 1))

    def gradients_sentence(self) -> str:
        return _("the gradients of {layer}: {formula} for each weight, ∂C/∂b = δ for each bias")

    def unit_gradients(self, unit: int) -> tuple[str, Table]:
        back = [self.number("delta", (unit,))] * self.each
        inputs = [*(self.going_in(i) for i in self.reads((unit,))), ONE]
        return (
            _("the gradients of {unit}: each weight gets δ times its input, the bias gets δ"),
            table(
                self.source, "", self.parameter_labels(unit), column("δ", back),
                column("xᵢ", inputs), self.gradient_column(unit, "∂C/∂w"),
            ),
        )  # fmt: skip

    def parameter_wires(self, unit: int, position: int | None = None) -> Highlight:
        if position is None:
            return self.wires((unit,))
        own = frozenset({Selection(self.layer, unit)})
        if position == self.each - 1:
            return Highlight(units=own)
        wire = frozenset({Selection(self.layer, unit, position)})
        return Highlight(frozenset({Selection(self.layer - 1, position)}), own, wire)
