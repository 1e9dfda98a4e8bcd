"""Pools: of each window of the image, in each channel, the largest value or the mean goes on."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from nnsim.circuit.gates import ROUTE, SCALE, SUM
from nnsim.i18n import _
from nnsim.lab.addresses import Quantity
from nnsim.lab.explain.arithmetic import Apply, Node, Number, Product, Quotient, Sum
from nnsim.lab.explain.explanation import Explanation
from nnsim.lab.explain.source import Array, Index
from nnsim.lab.kinds.kind import Back, Kind, one_or_sum
from nnsim.lab.kinds.windows import Windows
from nnsim.lab.walk.pieces import column, lines, say, selected, table
from nnsim.lab.walk.step import Highlight, Step, Table, Window


class Pool(Kind):
    """What both pools have in common."""

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

    # --- steps -------------------------------------------------------------------------------

    def steps(self, *, fine: bool) -> int:
        return self.made.size**2 + 1 if fine else 1

    def window(self, index: Index) -> Window:
        return self.windows.at(self.layer, index, index[2])

    def step(self, index: Index, inner: int, *, fine: bool) -> Step:
        pixels, around, a = self.pixels(index), self.wires(index), self.number("a", index)
        if not fine or inner == len(pixels):
            kind, sentence, also, current = self.result(pixels)
            return Step(
                kind, a.quantity, sentence.format(a=say(a.value)), self.layer, around,
                self._table(pixels, current, len(pixels)), lines(self.source, ("a", a)),
                (also or a.quantity,), window=self.window(index),
            )  # fmt: skip
        read = selected(self.layer - 1, self.reads(index)[inner], self.source)
        return Step(
            "look", pixels[inner].quantity,
            _("the window looks at {x}").format(x=say(pixels[inner].value)), self.layer,
            Highlight(frozenset({read}), around.units), self._table(pixels, inner, inner + 1),
            lines(self.source, ("a", a), reached=0), window=self.window(index),
        )  # fmt: skip

    def _table(self, pixels: tuple[Number, ...], current: int | None, known: int) -> Table:
        running = self.running(np.array([pixel.value for pixel in pixels]))
        labels = [str(i + 1) for i in range(len(pixels))]
        columns = (column("xᵢ", pixels), (*running, None))
        return table(self.source, "i", labels, *columns, current=current, known=known)

    @abstractmethod
    def result(self, pixels: tuple[Number, ...]) -> tuple[str, str, Quantity | None, int | None]:
        """What becomes of a window: kind of step, sentence, which number won, and its row."""

    @abstractmethod
    def running(self, values: Array) -> tuple[str, Array]:
        """What is known after each value: what it is called, and the values."""


class MaxPool(Pool, kind="max_pool2d"):
    """a = the largest of the window; its gradient goes to where that came from."""

    rule = "a = max x"

    def passed(self, index: Index, name: str) -> Explanation:
        formula = _("a = the largest x in the window")
        return Explanation(name, "a", formula, Apply("max", self.pixels(index)))

    def back(self, index: Index) -> Back:
        routed: tuple[Node, ...] = tuple(
            Product((Number(float(winner(self.pixels(place)) == which)), delta))
            for delta, place, which in self.shares(index)
        )
        roles = (ROUTE, SUM) if len(routed) > 1 else (ROUTE,)
        return one_or_sum(routed), _("δ where it is the largest of its window, else 0"), roles

    def rivals(self, index: Index) -> tuple[Quantity, ...]:
        places = [place for _delta, place, _which in self.shares(index)]
        pixels = (pixel.quantity for place in places for pixel in self.pixels(place))
        return tuple(quantity for quantity in pixels if quantity)

    # --- steps -------------------------------------------------------------------------------

    def sentence(self) -> str:
        return _("{layer}: the largest value of each window goes on, {count} in all")

    def result(self, pixels: tuple[Number, ...]) -> tuple[str, str, Quantity | None, int | None]:
        won = winner(pixels)
        sentence = _("the largest of the window goes on: a = {a}")
        return "winner", sentence, pixels[won].quantity, won

    def running(self, values: Array) -> tuple[str, Array]:
        return _("largest so far"), np.maximum.accumulate(values)


class AveragePool(Pool, kind="average_pool2d"):
    """a = the mean of the window; each of its values gets the same share of the gradient."""

    rule = "a = mean x"

    def passed(self, index: Index, name: str) -> Explanation:
        pixels = self.pixels(index)
        mean = Quotient(Sum(pixels), Number(float(len(pixels))))
        return Explanation(name, "a", _("a = the mean of the window, Σ x / n"), mean)

    def back(self, index: Index) -> Back:
        count = Number(float(self.made.size**2))
        shares = tuple(Quotient(delta, count) for delta, _place, _which in self.shares(index))
        roles = (SCALE, SUM) if len(shares) > 1 else (SCALE,)
        return one_or_sum(shares), _("Σ δ/n over the windows it is in"), roles

    # --- steps -------------------------------------------------------------------------------

    def sentence(self) -> str:
        return _("{layer}: the mean of each window goes on, {count} in all")

    def result(
        self,
        pixels: tuple[Number, ...],
    ) -> tuple[str, str, Quantity | None, int | None]:
        return "mean", _("the mean of the window goes on: a = {a}"), None, None

    def running(self, values: Array) -> tuple[str, Array]:
        return "Σ", np.cumsum(values)


def winner(pixels: tuple[Number, ...]) -> int:
    """The position of the largest value, the first on a tie."""
    values = [pixel.value for pixel in pixels]
    return values.index(max(values))
