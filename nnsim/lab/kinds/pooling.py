"""Pools: of each window of the image, in each channel, the largest value or the mean goes on."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from nnsim.circuit.gates import ROUTE, SCALE, SUM
from nnsim.i18n import N_, _
from nnsim.lab.addresses import Quantity
from nnsim.lab.explain.arithmetic import Apply, Node, Number, Product, Quotient, Sum
from nnsim.lab.explain.explanation import Array, Explanation, Index
from nnsim.lab.kinds.kind import Back, Kind, Windows, one_or_sum
from nnsim.lab.walk.step import Highlight, Step, Window, column, lines, say, selected, table


class Pool(Kind):
    """What both pools have in common."""

    becomes: ClassVar[str]  # what its last step does
    goes_on: ClassVar[str]
    so_far: ClassVar[str]

    @property
    def windows(self) -> Windows:
        side = self.made.size
        return Windows((side, side), self.below, self.shape, self.made.stride)

    def reads(self, index: Index) -> list[Index]:
        return [(*pixel, index[2]) for pixel in self.windows.pixels(index) if pixel is not None]

    def pixels(self, index: Index) -> tuple[Number, ...]:
        """The values in the window of a unit, row by row."""
        return tuple(self.going_in(at) for at in self.reads(index))

    def shares(self, pixel: Index) -> list[tuple[Number, Index, int]]:
        """For each window that a pixel is in: its δ, its index, and which value the pixel is."""
        return [
            (self.number("delta", (*place, pixel[2])), (*place, pixel[2]), i * self.made.size + j)
            for place, (i, j) in self.windows.over(pixel)
        ]

    def steps(self, *, fine: bool) -> int:
        return self.made.size**2 + 1 if fine else 1

    def window(self, index: Index) -> Window:
        return self.windows.at(self.layer, index, index[2])

    def step(self, index: Index, inner: int, *, fine: bool) -> Step:
        """One of the values of the window, or what becomes of them."""
        pixels, around, a = self.pixels(index), self.wires(index), self.number("a", index)
        done, won = not fine or inner == len(pixels), self.won(pixels)
        if done:
            kind, about, sentence = self.becomes, a, _(self.goes_on).format(a=say(a.value))
            current, also = won, (a if won is None else pixels[won]).quantity
        else:
            kind, about, current, also = "look", pixels[inner], inner, None
            sentence = _("the window looks at {x}").format(x=say(about.value))
            read = selected(self.layer - 1, self.reads(index)[inner], self.source)
            around = Highlight(frozenset({read}), around.units)
        running = self.running(np.array([pixel.value for pixel in pixels]))
        rows = table(
            self.source, "i", [str(i + 1) for i in range(len(pixels))], column("xᵢ", pixels),
            (_(self.so_far), running, None), current=current,
            known=len(pixels) if done else inner + 1,
        )  # fmt: skip
        return Step(
            kind, about.quantity, sentence, self.layer, around, rows,
            lines(self.source, ("a", a), reached=int(done)), (also,), window=self.window(index),
        )  # fmt: skip

    def won(self, pixels: tuple[Number, ...]) -> int | None:
        """Which of the values alone goes on; None where all have their share."""
        return None

    @abstractmethod
    def running(self, values: Array) -> Array:
        """What is known after each value."""


class MaxPool(Pool, kind="max_pool2d"):
    """a = the largest of the window; its gradient goes to where that came from."""

    rule = "a = max x"
    becomes, so_far = "winner", N_("largest so far")
    goes_on = N_("the largest of the window goes on: a = {a}")

    def passed(self, index: Index, name: str) -> Explanation:
        formula = _("a = the largest x in the window")
        return Explanation(name, "a", formula, Apply("max", self.pixels(index)))

    def back(self, index: Index) -> Back:
        routed: tuple[Node, ...] = tuple(
            Product((Number(float(self.won(self.pixels(place)) == which)), delta))
            for delta, place, which in self.shares(index)
        )
        roles = (ROUTE, SUM) if len(routed) > 1 else (ROUTE,)
        return one_or_sum(routed), _("δ where it is the largest of its window, else 0"), roles

    def rivals(self, index: Index) -> tuple[Quantity, ...]:
        places = [place for _delta, place, _which in self.shares(index)]
        pixels = (pixel.quantity for place in places for pixel in self.pixels(place))
        return tuple(quantity for quantity in pixels if quantity)

    def sentence(self) -> str:
        return _("{layer}: the largest value of each window goes on, {count} in all")

    def won(self, pixels: tuple[Number, ...]) -> int:
        """The position of the largest value, the first on a tie."""
        values = [pixel.value for pixel in pixels]
        return values.index(max(values))

    def running(self, values: Array) -> Array:
        return np.maximum.accumulate(values)


class AveragePool(Pool, kind="average_pool2d"):
    """a = the mean of the window; each of its values gets the same share of the gradient."""

    rule = "a = mean x"
    becomes, so_far = "mean", "Σ"
    goes_on = N_("the mean of the window goes on: a = {a}")

    def passed(self, index: Index, name: str) -> Explanation:
        pixels = self.pixels(index)
        mean = Quotient(Sum(pixels), Number(float(len(pixels))))
        return Explanation(name, "a", _("a = the mean of the window, Σ x / n"), mean)

    def back(self, index: Index) -> Back:
        count = Number(float(self.made.size**2))
        shares = tuple(Quotient(delta, count) for delta, _place, _which in self.shares(index))
        roles = (SCALE, SUM) if len(shares) > 1 else (SCALE,)
        return one_or_sum(shares), _("Σ δ/n over the windows it is in"), roles

    def sentence(self) -> str:
        return _("{layer}: the mean of each window goes on, {count} in all")

    def running(self, values: Array) -> Array:
        return np.cumsum(values)
