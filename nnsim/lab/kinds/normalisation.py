"""Batch norm, as it is in use: normalised by the running mean and variance, scaled and shifted."""

from __future__ import annotations

from nnsim.circuit.gates import SCALE, SUM, SWAP
from nnsim.i18n import _
from nnsim.lab.explain.arithmetic import Apply, Node, Number, Product, Quotient, Sum, minus
from nnsim.lab.explain.explanation import Explanation, Index, named
from nnsim.lab.kinds.kind import Back, Kind, one_or_sum
from nnsim.lab.walk.step import Step, lines, say


class BatchNorm(Kind, kind="batch_norm"):
    """a = γ·x̂ + β, x̂ = (x − mean)/√(variance + ε)."""

    parameters = ("gamma", "beta")
    rule = "a = γ·(x − mean)/√(variance + ε) + β"
    gradient_rule = "∂C/∂γ = Σ δ·x̂, ∂C/∂β = Σ δ"

    def z(self, index: Index) -> Explanation:
        unit = index[-1:]
        scaled = Product((self.number("gamma", unit), self.normal(index)))
        return Explanation(
            _("{symbol} of {unit}: the input, normalised, scaled and shifted").format(
                symbol="z", unit=self.source.unit_name(self.layer, index)
            ),
            "z",
            "z = γ·(x − mean)/√(variance + ε) + β",
            Sum((scaled, self.number("beta", unit))),
            note=_("in use, mean and variance are the running ones that training has gathered"),
        )

    def normal(self, index: Index) -> Quotient:
        """x̂ = (x − mean) / √(variance + ε)."""
        centred = minus(self.going_in(index), self.number("mean", index[-1:]))
        return Quotient(centred, self._deviation(index))

    def _deviation(self, index: Index) -> Node:
        epsilon = Number(float(self.made.epsilon))
        return Apply("root", (Sum((self.number("variance", index[-1:]), epsilon)),))

    def back(self, index: Index) -> Back:
        local = Quotient(self.number("gamma", index[-1:]), self._deviation(index))
        node = Product((self.number("delta", index), local))
        return node, "δ·γ/√(variance + ε)", (SCALE,)

    def weight_gradient(self, index: Index) -> Explanation:
        terms = tuple(
            Product((self.number("delta", place), self.normal(place)))
            for place in self.places(index[-1])
        )
        roles = (SWAP,) if len(terms) == 1 else (SWAP, SUM)
        formula = "∂C/∂γ = Σ δ·(x − mean)/√(variance + ε)"
        name = self.gradient_name("gamma", index)
        return Explanation(name, "∂C/∂γ", formula, one_or_sum(terms), roles)

    def sentence(self) -> str:
        return _("{layer}: {count} values are centred, scaled and shifted")

    def reads(self, index: Index) -> tuple[Index]:
        return (index,)

    def steps(self, *, fine: bool) -> int:
        return 2 if fine else 1

    def step(self, index: Index, inner: int, *, fine: bool) -> Step:
        normal, a = self.normal(index), self.number("a", index)
        scale, shift = (self.number(part, index[-1:]) for part in self.parameters)
        done = not fine or inner == 1
        sentence = (
            _("scaled by γ and shifted by β: a = {a}").format(a=say(a.value))
            if done
            else _("normalised: (x − mean)/√(variance + ε) = {value}").format(
                value=say(normal.evaluate())
            )
        )
        found = lines(
            self.source, ("x̂", Number(normal.evaluate())), ("γ", scale), ("β", shift), ("a", a),
            reached=4 if done else 1,
        )  # fmt: skip
        numbers = (*normal.numbers(), scale, shift)
        return Step(
            "shift" if done else "normal", a.quantity, sentence, self.layer, self.wires(index),
            None, found,
            (named("z", self.layer, index), *(n.quantity for n in numbers if n.quantity)),
        )  # fmt: skip

    def gradients_sentence(self) -> str:
        return _("the gradients of {layer}: {formula}, and ∂C/∂β = Σ δ")
