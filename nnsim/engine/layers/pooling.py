"""Pooling: make an image smaller by keeping the largest, or the mean, of each window."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnsim.engine.checks import EngineError, as_count
from nnsim.engine.layers.base import Layer, Shape, Signals
from nnsim.engine.tape import Array, Tape


class Pool(Layer):
    """What the two kinds of pooling share.

    Parameters
    ----------
    size : int
        Height and width of the window.
    stride : int, optional
        By how many pixels the window moves; its size unless told.
    name : str, optional

    Notes
    -----
    The output has ⌊(size of the image − size) / stride⌋ + 1 rows and columns: pixels beyond the
    last whole window are dropped.
    """

    for_many = False

    def __init__(self, size: int, stride: int | None = None, name: str | None = None) -> None:
        super().__init__(name)
        self.size = as_count(size, "size", most=100_000)
        self.stride = self.size if stride is None else as_count(stride, "stride", most=100_000)

    def shape_after(self, input_shape: Shape) -> Shape:
        self.refuse_unless_image(input_shape)
        height, width, channels = input_shape
        if min(height, width) < self.size:
            raise EngineError(
                f"{self.title} has a window of {self.size} x {self.size}, larger than its input "
                f"{height} x {width}"
            )
        rows, columns = ((side - self.size) // self.stride + 1 for side in (height, width))
        return (rows, columns, channels)

    @property
    def overlaps(self) -> bool:
        return self.stride < self.size

    def places(self, image: Array) -> list[Array]:
        """Return for each place in the window the pixels there, (channels, rows, columns, m)."""
        rows, columns, _ = self.output_shape
        s = self.stride
        return [
            image[:, i : i + s * (rows - 1) + 1 : s, j : j + s * (columns - 1) + 1 : s]
            for i in range(self.size)
            for j in range(self.size)
        ]

    def _empty(self, tape: Tape, dx: Array) -> None:
        """Write 0 where windows overlap, and what they add up is still to come, or leave some out.

        Elsewhere every pixel is written once.
        """
        inner, outer = self.output_shape[:2], self.input_shape[:2]
        covered = all(side == self.size * out for side, out in zip(outer, inner, strict=True))
        if self.overlaps or not covered:
            tape.do(np.copyto, tape.const(0.0), out=dx, note="0")

    def config(self) -> dict[str, Any]:
        return {"size": self.size, "stride": self.stride}


class MaxPool2D(Pool):
    """a = the largest x of each window; backward, δ goes to the winner (the first on a tie)."""

    kind = "max_pool2d"
    has_z = False

    def forward(self, tape: Tape, x: Array) -> Signals:
        a = self.output(tape)
        first, *rest = self.places(x)
        if not rest:
            tape.do(np.copyto, first, out=a, note="a = x")
        for other in rest:
            tape.do(np.maximum, first, other, out=a, note="the larger so far")
            first = a
        return Signals(self, x, None, a)

    def input_gradient(self, tape: Tape, signals: Signals, delta: Array, dx: Array) -> None:
        self._empty(tape, dx)
        left = tape.scratch(delta, "left")
        won = tape.take(delta.shape, f"{self.name}.won", "won", dtype=bool)
        tape.do(np.copyto, delta, out=left, note="δ, not handed out yet")
        places = list(zip(self.places(signals.x), self.places(dx), strict=True))
        for number, (pixels, into) in enumerate(places, 1):
            if number == len(places):
                self._give(tape, left, into)
                break
            share = tape.scratch(delta, "share") if self.overlaps else into
            tape.do(np.equal, pixels, signals.a, out=won, note="where this pixel won")
            tape.do(np.multiply, left, won, out=share, note="the winner gets δ")
            tape.do(np.subtract, left, share, out=left, note="δ, not handed out yet")
            if self.overlaps:
                tape.do(np.add, into, share, out=into, note="∂C/∂x")

    def _give(self, tape: Tape, left: Array, into: Array) -> None:
        """Write what is left of δ into the last place."""
        if self.overlaps:
            tape.do(np.add, into, left, out=into, note="∂C/∂x")
        else:
            tape.do(np.copyto, left, out=into, note="the last pixel gets what is left")

    def kinks(self, signals: Signals) -> list[Array]:
        return [pixels == signals.a for pixels in self.places(signals.x)]


class AveragePool2D(Pool):
    """a = the mean of each window; backward, each of its pixels gets δ / size²."""

    kind = "average_pool2d"
    has_z = False

    def forward(self, tape: Tape, x: Array) -> Signals:
        a = self.output(tape)
        first, *rest = self.places(x)
        if not rest:
            tape.do(np.copyto, first, out=a, note="a = x")
        for other in rest:
            tape.do(np.add, first, other, out=a, note="the sum so far")
            first = a
        share = tape.const(1 / self.size**2)
        tape.do(np.multiply, a, share, out=a, note="a = the mean of the window")
        return Signals(self, x, None, a)

    def input_gradient(self, tape: Tape, signals: Signals, delta: Array, dx: Array) -> None:
        self._empty(tape, dx)
        share = tape.scratch(delta, "share")
        tape.do(np.multiply, delta, tape.const(1 / self.size**2), out=share, note="δ / size²")
        for into in self.places(dx):
            if self.overlaps:
                tape.do(np.add, into, share, out=into, note="∂C/∂x")
            else:
                tape.do(np.copyto, share, out=into, note="∂C/∂x = δ / size²")


class Flatten(Layer):
    """Lay an image out as one row of numbers: row by row, pixel by pixel, channel by channel."""

    kind = "flatten"
    has_z = False
    for_many = False

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)

    def shape_after(self, input_shape: Shape) -> Shape:
        return (int(np.prod(input_shape)),)

    def _as_image(self, rows: Array) -> Array:
        """View flat rows as the image they came from, in the engine's layout."""
        shape = self.input_shape
        image = rows.reshape(*shape, rows.shape[-1])
        return image.transpose(2, 0, 1, 3) if len(shape) == 3 else image

    def forward(self, tape: Tape, x: Array) -> Signals:
        a = self.output(tape)
        tape.do(np.copyto, x, out=self._as_image(a), note="a = x in one row")
        return Signals(self, x, None, a)

    def input_gradient(self, tape: Tape, signals: Signals, delta: Array, dx: Array) -> None:
        tape.do(np.copyto, self._as_image(delta), out=dx, note="∂C/∂x = δ as an image")
