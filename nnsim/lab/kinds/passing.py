"""Layers that pass every value on by itself: flatten, dropout, and activations of their own."""

from __future__ import annotations

from nnsim.circuit.gates import DISTRIBUTE
from nnsim.i18n import _
from nnsim.lab.explain.explanation import Explanation, Index, deep, flat, named
from nnsim.lab.kinds.kind import Back, Kind
from nnsim.lab.walk.step import Step, curve_of, lines, say


class Passing(Kind):
    """a = x, at the same place."""

    rule = "a = x"

    def passed(self, index: Index, name: str) -> Explanation | None:
        (below,) = self.reads(index)
        return Explanation(name, "a", "a = x", self.going_in(below), note=self.note())

    def note(self) -> str:
        """What the formula leaves unsaid."""
        return ""

    def back(self, index: Index) -> Back:
        return self.number("delta", index), _("δ of the next layer"), (DISTRIBUTE,)

    def reads(self, index: Index) -> tuple[Index]:
        return (index,)

    def steps(self, *, fine: bool) -> int:
        return 1

    def step(self, index: Index, inner: int, *, fine: bool) -> Step:
        (below,) = self.reads(index)
        x, a = self.going_in(below), self.number("a", index)
        return Step(
            "pass", a.quantity, _("passed on as it is: a = x = {a}").format(a=say(a.value)),
            self.layer, self.wires(index), None, lines(self.source, ("x", x), ("a", a)),
            (x.quantity,),
        )  # fmt: skip


class Flatten(Passing, kind="flatten"):
    """The image as one row, row by row and channel by channel."""

    def reads(self, index: Index) -> tuple[Index]:
        return (deep(index[0], self.below),)

    def back(self, index: Index) -> Back:
        return super().back((flat(index, self.below),))

    def sentence(self) -> str:
        return _("{layer}: the image is laid out as one row of {count} numbers")


class Dropout(Passing, kind="dropout"):
    """In training some values are 0; in use all pass."""

    def note(self) -> str:
        return _("in use, dropout lets everything through; it drops values in training only")

    def sentence(self) -> str:
        return _("{layer}: in use, all {count} values pass; only training drops some")


class Activation(Passing, kind="activation"):
    """a = f(z), z = x."""

    rule = "a = f(x)"

    def z(self, index: Index) -> Explanation:
        unit = self.source.unit_name(self.layer, index)
        name = _("z of {unit}: what comes in").format(unit=unit)
        return Explanation(name, "z", "z = x", self.going_in(index))

    def passed(self, index: Index, name: str) -> None:
        return None  # it is f(z)

    def sentence(self) -> str:
        return _("{layer}: {function} makes a of each of the {count} values")

    def steps(self, *, fine: bool) -> int:
        return 0 if self.made.activation == "softmax" else 1  # softmax has steps of its own

    def step(self, index: Index, inner: int, *, fine: bool) -> Step:
        x, a = self.going_in(index), self.number("a", index)
        sentence = _("{function} of z = {z} is a = {a}").format(
            function=self.made.activation, z=say(x.value), a=say(a.value)
        )
        return Step(
            "activation", a.quantity, sentence, self.layer, self.wires(index), None,
            lines(self.source, ("x", x), ("a", a)), (named("z", self.layer, index), x.quantity),
            curve=curve_of(self.source, self.layer, index),
        )  # fmt: skip
