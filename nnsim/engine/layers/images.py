"""Layers that look at images: convolution, pooling, and what lays an image out as one row."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from nnsim.engine.checks import EngineError, as_count
from nnsim.engine.layers.base import Layer, Shape, Signals, Weighted
from nnsim.engine.tape import Array, Tape

# The windows of a few rows are laid out at a time, so that they stay in the L2 cache.
_COLUMN_BYTES = 1 << 19


class Conv2D(Weighted):
    """Slide a kernel over the image: z[r, c, f] = Σ x[r·s + i, c·s + j, k] · w[i, j, k, f] + b[f].

    The sum goes over the kernel's rows i and columns j and the channels k. The kernel isn't
    flipped, so strictly this is cross-correlation.

    Parameters
    ----------
    kernel_size : int or (int, int)
        Height and width of the kernel.
    stride : int
        s, by how many pixels the window moves.
    padding : int
        How many rows and columns of zeros go around the image.
    activation, name, initializer, slope
        As for `Dense`; fan_in is kernel_height · kernel_width · channels.

    Attributes
    ----------
    weight, bias : array (kernel_height, kernel_width, channels, filters) and (filters,)
        Live.

    Notes
    -----
    The output has ⌊(size + 2·padding − kernel_size) / stride⌋ + 1 rows and columns.

    The windows of a few rows become the columns of a matrix, with a row of ones beneath, and one
    product does the rest: z = Wᵀ·columns. Backward, ∂C/∂W = columns·δᵀ, and ∂C/∂x gathers
    W·δ at each pixel from all windows it was in.
    """

    kind = "conv2d"
    for_many = False

    def __init__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        stride: int = 1,
        padding: int = 0,
        activation: str = "identity",
        name: str | None = None,
        initializer: Any = None,
        slope: float | None = None,
    ) -> None:
        super().__init__(name, activation, slope, initializer)
        if not self.function.elementwise:
            raise EngineError(f"{self.activation} stands after a flat layer, not a convolution")
        self.filters = as_count(filters, "filters")
        self.kernel_size = _pair(kernel_size, "kernel_size")
        self.stride = as_count(stride, "stride")
        self.padding = as_count(padding, "padding", least=0, most=100_000)

    def shape_after(self, input_shape: Shape) -> Shape:
        self.refuse_unless_image(input_shape)
        sizes = [size + 2 * self.padding for size in input_shape[:2]]
        if any(size < kernel for size, kernel in zip(sizes, self.kernel_size, strict=True)):
            raise EngineError(
                f"{self.title} has a kernel of {self.kernel_size}, larger than its padded input "
                f"{tuple(sizes)}"
            )
        if math.prod(sizes) * input_shape[2] > 10_000_000:
            raise EngineError(f"{self.title} would pad its input to {tuple(sizes)}: too large")
        rows, columns = (
            (size - kernel) // self.stride + 1
            for size, kernel in zip(sizes, self.kernel_size, strict=True)
        )
        return (rows, columns, self.filters)

    @property
    def window(self) -> int:
        """How many inputs a unit sees."""
        return math.prod(self.kernel_size) * self.input_shape[2]

    @property
    def parameter_count(self) -> int:
        return (self.window + 1) * self.filters

    def _inner(self, flat: Array) -> Array:
        return flat.reshape(self.window + 1, self.filters)

    def views(self, flat: Array) -> dict[str, Array]:
        inner = self._inner(flat)
        kernel = inner[:-1].reshape(self.input_shape[2], *self.kernel_size, self.filters)
        return {"weight": kernel.transpose(1, 2, 0, 3), "bias": inner[-1]}

    @property
    def fans(self) -> tuple[int, int]:
        return self.window, math.prod(self.kernel_size) * self.filters

    def _windows(self, image: Array) -> Array:
        """View a padded image as (out rows, channels, kernel rows, columns, out columns, m)."""
        channels, _, _, m = image.shape
        over_c, over_r, over_w, over_m = image.strides
        rows, columns = self.output_shape[:2]
        s = self.stride
        return np.lib.stride_tricks.as_strided(
            image,
            (rows, channels, *self.kernel_size, columns, m),
            (s * over_r, over_c, over_r, over_w, s * over_w, over_m),
        )

    def _padded(
        self, make: Callable[[Shape, str], Array], image: Array, name: str
    ) -> tuple[Array, Array]:
        """Return an image with room for the padding, and its inner part."""
        p = self.padding
        if not p:
            return image, image
        channels, height, width, m = image.shape
        padded = make((channels, height + 2 * p, width + 2 * p, m), name)
        return padded, padded[:, p : p + height, p : p + width]

    def _columns(self, tape: Tape) -> Array:
        """Return room for the windows of as many output rows as fit the cache, over ones."""
        rows, columns, _ = self.output_shape
        width = columns * tape.batch
        row_bytes = (self.window + 1) * width * tape.dtype.itemsize
        at_once = min(rows, max(1, _COLUMN_BYTES // row_bytes))
        shape = (self.window + 1, at_once * width)
        return tape.take(shape, f"{self.name}.columns", "columns")

    def forward(self, tape: Tape, x: Array) -> Signals:
        padded, inner = self._padded(tape.new, x, f"{self.name}.padded")
        if self.padding:
            tape.do(np.copyto, x, out=inner, note="zeros around the image")
        columns = self._columns(tape)
        kernel = tape.name(self._inner(self.theta), f"{self.name}.W")
        a = self.output(tape)
        z = a if self.takes_place_of_z(tape) else self.output(tape, "z")
        flat_z = z.reshape(self.filters, -1)
        windows = tape.name(self._windows(padded), f"{self.name}.windows")
        tape.do(convolve, windows, kernel, columns, out=flat_z, note="z = W ∗ x + b")
        if not self.is_identity:
            self.function.value(tape, z, a)
        return Signals(self, x, z, a, internal={"windows": windows, "columns": columns})

    def parameter_gradients(self, tape: Tape, signals: Signals, delta: Array) -> None:
        windows, columns = signals.internal["windows"], signals.internal["columns"]
        grad = tape.name(self._inner(self.gradient), f"{self.name}.grad")
        part = tape.take(grad.shape, f"{self.name}.part", "part")
        flat_delta = delta.reshape(self.filters, -1)
        note = "∂C/∂W = Σ δ · window, and ∂C/∂b beside it"
        tape.do(kernel_gradient, windows, flat_delta, columns, part, out=grad, note=note)

    def input_gradient(self, tape: Tape, signals: Signals, delta: Array, dx: Array) -> None:
        padded, inner = self._padded(tape.passing, dx, f"{self.name}.dx.padded")
        gathered = tape.name(self._windows(padded), f"{self.name}.dx.windows")
        kernel, room = self._inner(self.theta)[:-1], signals.internal["columns"][:-1]
        tape.do(np.copyto, tape.const(0.0), out=padded, note="0")
        note = "∂C/∂x = Σ over the windows of W δ"
        flat_delta = delta.reshape(self.filters, -1)
        tape.do(image_gradient, kernel, flat_delta, room, out=gathered, note=note)
        if self.padding:
            tape.do(np.copyto, inner, out=dx, note="without the padding")

    def config(self) -> dict[str, Any]:
        return {
            "filters": self.filters,
            "kernel_size": list(self.kernel_size),
            "stride": self.stride,
            "padding": self.padding,
            **super().config(),
        }


def convolve(windows: Array, kernel: Array, columns: Array, z: Array) -> None:
    """Z = Wᵀ · columns, for the windows of as many output rows at a time as `columns` holds."""
    count, channels, height, width, across, m = windows.shape
    at_once = columns.shape[1] // (across * m)
    for row in range(0, count, at_once):
        some = windows[row : row + at_once]
        filled = columns[:, : len(some) * across * m]
        shape = (channels, height, width, len(some), across, m)
        np.copyto(filled[:-1].reshape(shape), some.transpose(1, 2, 3, 0, 4, 5))
        filled[-1] = 1
        start = row * across * m
        np.matmul(kernel.T, filled, z[:, start : start + filled.shape[1]])


def kernel_gradient(windows: Array, delta: Array, columns: Array, part: Array, grad: Array) -> None:
    """∂C/∂W = columns · δᵀ, summed over the output rows."""
    count, channels, height, width, across, m = windows.shape
    at_once = columns.shape[1] // (across * m)
    for row in range(0, count, at_once):
        some = windows[row : row + at_once]
        filled = columns[:, : len(some) * across * m]
        shape = (channels, height, width, len(some), across, m)
        np.copyto(filled[:-1].reshape(shape), some.transpose(1, 2, 3, 0, 4, 5))
        filled[-1] = 1
        start = row * across * m
        some_delta = delta[:, start : start + filled.shape[1]]
        np.matmul(filled, some_delta.T, part if row else grad)
        if row:
            np.add(grad, part, grad)


def image_gradient(kernel: Array, delta: Array, room: Array, windows: Array) -> None:
    """∂C/∂x: every window gains W δ; where windows overlap, it adds up."""
    count, channels, height, width, across, m = windows.shape
    at_once = room.shape[1] // (across * m)
    for row in range(0, count, at_once):
        some = windows[row : row + at_once]
        back = room[:, : len(some) * across * m]
        start = row * across * m
        np.matmul(kernel, delta[:, start : start + back.shape[1]], back)
        parts = back.reshape(channels, height, width, len(some), across, m)
        for i in range(height):
            for j in range(width):
                into = some[:, :, i, j].transpose(1, 0, 2, 3)
                np.add(into, parts[:, i, j], into)


def _pair(value: Any, what: str) -> tuple[int, int]:
    pair = (value, value) if isinstance(value, int | np.integer) else value
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise EngineError(f"{what} is {value!r}: give a whole number or (height, width)")
    return as_count(pair[0], what, most=100_000), as_count(pair[1], what, most=100_000)


class Pool(Layer):
    """What the two kinds of pooling share.

    Parameters
    ----------
    size : int
        Height and width of the window.
    stride : int, optional
        By how many pixels the window moves; its size unless told.

    Notes
    -----
    The output has ⌊(size of the image − size) / stride⌋ + 1 rows and columns: pixels beyond the
    last whole window are dropped.
    """

    has_z = False
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

    def _fold(self, tape: Tape, x: Array, fn: Callable[..., Any], note: str) -> Array:
        """Write the pixels of each window, taken together by `fn`, into a new buffer."""
        a = self.output(tape)
        first, *rest = self.places(x)
        if not rest:
            tape.do(np.copyto, first, out=a, note="a = x")
        for other in rest:
            tape.do(fn, first, other, out=a, note=note)
            first = a
        return a

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

    def _give(self, tape: Tape, share: Array, into: Array, note: str) -> None:
        """Write a share of δ into the pixels of one place."""
        if self.overlaps:
            tape.do(np.add, into, share, out=into, note="∂C/∂x")
        else:
            tape.do(np.copyto, share, out=into, note=note)

    def config(self) -> dict[str, Any]:
        return {"size": self.size, "stride": self.stride}


class MaxPool2D(Pool):
    """a = the largest x of each window; backward, δ goes to the winner (the first on a tie)."""

    kind = "max_pool2d"

    def forward(self, tape: Tape, x: Array) -> Signals:
        return Signals(self, x, None, self._fold(tape, x, np.maximum, "the larger so far"))

    def input_gradient(self, tape: Tape, signals: Signals, delta: Array, dx: Array) -> None:
        self._empty(tape, dx)
        left = tape.scratch(delta, "left")
        won = tape.take(delta.shape, f"{self.name}.won", "won", dtype=bool)
        tape.do(np.copyto, delta, out=left, note="δ, not handed out yet")
        places = list(zip(self.places(signals.x), self.places(dx), strict=True))
        for number, (pixels, into) in enumerate(places, 1):
            if number == len(places):
                self._give(tape, left, into, "the last pixel gets what is left")
                break
            share = tape.scratch(delta, "share") if self.overlaps else into
            tape.do(np.equal, pixels, signals.a, out=won, note="where this pixel won")
            tape.do(np.multiply, left, won, out=share, note="the winner gets δ")
            tape.do(np.subtract, left, share, out=left, note="δ, not handed out yet")
            if self.overlaps:
                tape.do(np.add, into, share, out=into, note="∂C/∂x")

    def kinks(self, signals: Signals) -> list[Array]:
        return [pixels == signals.a for pixels in self.places(signals.x)]


class AveragePool2D(Pool):
    """a = the mean of each window; backward, each of its pixels gets δ / size²."""

    kind = "average_pool2d"

    def forward(self, tape: Tape, x: Array) -> Signals:
        a = self._fold(tape, x, np.add, "the sum so far")
        share = tape.const(1 / self.size**2)
        tape.do(np.multiply, a, share, out=a, note="a = the mean of the window")
        return Signals(self, x, None, a)

    def input_gradient(self, tape: Tape, signals: Signals, delta: Array, dx: Array) -> None:
        self._empty(tape, dx)
        share = tape.scratch(delta, "share")
        tape.do(np.multiply, delta, tape.const(1 / self.size**2), out=share, note="δ / size²")
        for into in self.places(dx):
            self._give(tape, share, into, "∂C/∂x = δ / size²")


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
