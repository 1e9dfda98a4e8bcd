"""A small picture of a sample, in blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

from nnsim.tui.draw.tiles import shade

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from textual.widget import Widget

    Array = NDArray[np.float64]

LARGEST, WIDEST = 3, 18  # times that a pixel may be enlarged, and cells for such a picture
_HALVES = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): "·"}


class Picture:
    """Where the pixels of a picture stand in a place of some size.

    A pixel takes two cells side by side, or twice and three times as many where there is room;
    where that is too large, two rows share a line of half blocks.

    Attributes
    ----------
    width, height : int
        Cells and lines; 0 where even that is too large.
    """

    def __init__(self, shape: tuple[int, int, int], width: int, height: int) -> None:
        rows, columns, self._channels = shape
        fitting = [
            size
            for size in range(1, LARGEST + 1)
            if 2 * columns * size <= width
            and rows * size <= height
            and (size == 1 or 2 * columns * size <= WIDEST)
        ]
        self._size = max(fitting, default=0)
        self._half = not fitting
        if self._half:
            self.width, self.height = columns, -(-rows // 2)
        else:
            self.width, self.height = 2 * columns * self._size, rows * self._size
        if self.width > width or self.height > height:
            self.width = self.height = 0

    def line(self, values: Array, y: int, widget: Widget, plain: Style) -> Strip:
        """One line of the picture (height, width, channels) of 0 to 1, or of what is beyond."""
        if self._half:
            upper, lower = values[2 * y], values[2 * y + 1 : 2 * y + 2]
            below = lower[0] if len(lower) else np.zeros_like(upper)
            return Strip([
                self._two(above, under, widget, plain)
                for above, under in zip(upper, below, strict=True)
            ])  # fmt: skip
        return Strip([self._one(pixel, widget, plain) for pixel in values[y // self._size]])

    def _one(self, pixel: Array, widget: Widget, plain: Style) -> Segment:
        light = float(pixel.mean())
        return Segment(shade(light) * (2 * self._size), _style(pixel, light, widget, plain))

    def _two(self, above: Array, below: Array, widget: Widget, plain: Style) -> Segment:
        """A cell with a pixel of one row over one of the next."""
        upper, lower = float(above.mean()), float(below.mean())
        on = (upper >= 0.5, lower >= 0.5)
        brightest = above if upper >= lower else below
        return Segment(_HALVES[on], _style(brightest, max(upper, lower), widget, plain))


def _style(pixel: Array, light: float, widget: Widget, plain: Style) -> Style:
    """The colour of a pixel, where the terminal has colours that can be mixed."""
    if light <= 0:
        return plain + Style(dim=True)
    if widget.app.native_ansi_color or (light >= 1 and len(pixel) == 1):
        return plain
    if len(pixel) == 3:
        red, green, blue = (round(255 * min(1.0, max(0.0, float(part)))) for part in pixel)
        return plain + Style(color=Color(red, green, blue).rich_color)
    _base, background = widget.background_colors
    foreground = widget.visual_style.foreground
    if foreground is None or foreground.ansi is not None or background.ansi is not None:
        return plain
    return plain + Style(
        color=background.blend(foreground, 0.25 + 0.75 * min(1.0, light)).rich_color
    )
