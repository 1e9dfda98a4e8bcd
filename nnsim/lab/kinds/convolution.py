"""Convolutions: a filter with a weight for every tap of its window slides over the image."""

from __future__ import annotations

from nnsim.circuit.gates import SUM, SWAP
from nnsim.i18n import N_, _
from nnsim.lab.explain.arithmetic import Product, Sum
from nnsim.lab.explain.explanation import Index
from nnsim.lab.kinds.dense import Weighted
from nnsim.lab.kinds.kind import Back, Windows
from nnsim.lab.walk.step import Window


class Convolution(Weighted, kind="conv2d"):
    """z[r,c] = Σ w·x over the window at r, c, + b."""

    rule = "z = W ∗ x + b"
    z_formula = "z[r,c] = Σ w[i,j,k]·x[r·s+i, c·s+j, k] + b"

    gradient_rule = N_("∂C/∂W = Σ δ·window, ∂C/∂b = Σ δ")
    gradient_formula = N_("∂C/∂w = Σ δ[r,c]·x[r·s+i, c·s+j, k] over all places")

    @property
    def windows(self) -> Windows:
        return Windows(
            self.made.kernel_size, self.below, self.shape, self.made.stride, self.made.padding
        )

    def terms(self, index: Index) -> list[Index | None]:
        return [
            None if pixel is None else (*pixel, channel)
            for pixel in self.windows.pixels(index)
            for channel in range(self.below[2])
        ]

    def z_note(self) -> str:
        return _("pixels in the padding are 0 and left out") if self.made.padding else ""

    def back(self, index: Index) -> Back:
        terms = tuple(
            Product((self.number("w", (*tap, index[2], f)), self.number("delta", (*place, f))))
            for place, tap in self.windows.over(index)
            for f in range(self.shape[2])
        )
        return Sum(terms), _("Σ w·δ over the windows it is in"), (SWAP, SUM)

    def shares(self, index: Index) -> tuple[Product, ...]:
        i, j, channel, unit = index
        found = []
        for place in self.places(unit):
            top, left = self.windows.top_left(place)
            if self.windows.holds((top + i, left + j)):
                pixel = self.going_in((top + i, left + j, channel))
                found.append(Product((self.number("delta", place), pixel)))
        return tuple(found)

    def sentence(self) -> str:
        return _(
            "{layer}: each filter slides over the image and gives a weighted sum z at every "
            "place, {count} in all; {function} makes a of it"
        )

    def window(self, index: Index) -> Window | None:
        return self.windows.at(self.layer, index)

    def gradients_sentence(self) -> str:
        return _("the gradients of {layer}: {formula}, and ∂C/∂b = Σ δ for each filter")
