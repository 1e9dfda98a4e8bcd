"""Dense layers: every unit has a weight for every input."""

from __future__ import annotations

import numpy as np

from nnsim.circuit.gates import SUM, SWAP
from nnsim.i18n import _
from nnsim.lab.explain.arithmetic import ONE, Product, Sum
from nnsim.lab.explain.source import Array, Index
from nnsim.lab.kinds.kind import Back
from nnsim.lab.kinds.weighted import Weighted
from nnsim.lab.view import Selection
from nnsim.lab.walk.pieces import column, table
from nnsim.lab.walk.step import Highlight, Table


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
