"""The one painter of small matrices: pixels, weights, kernels, feature maps.

A number takes some cells of a line and comes as (text, style), like every piece of a row; where the
cells stand is laid out by who draws. There are two kinds of numbers. Light, 0 to 1, is told by how
full a block is, and where colours can be mixed by how light it is. A number with a sign tells it by
a character (a minus, or another block) and by colour; its size by the block, by the strength of the
colour, and where there is room by its digits.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nnsim.lab.hiding import MARK
from nnsim.tui.draw.numbers import number
from nnsim.tui.draw.styles import STRONGEST
from nnsim.tui.draw.text import middle

Painted = tuple[str, str]

SHADES, LETTERS = "·░▒▓█", ".-+*#"
"""Dark to light; the letters with ``--ascii``, where some of the others would become one."""
HALVES = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): "·"}
"""Two pixels in one cell, one above the other: which of them are on."""
BLOCKS, MINUS_BLOCKS = " ░▒▓█", " -=%@"  # (# is what ASCII makes of █)
"""Small to large, of what is positive and of what is negative."""
DIGITS = 4
"""From so many cells on, a number is written in digits."""
NOTHING = 0.02
"""A share of the largest number that is drawn like 0."""
FAINTEST = 25
"""How light the darkest pixel is that is not off, in percent."""


def shade(value: float, shades: str = SHADES) -> str:
    """The character for a brightness: dark is a dot, light a full block."""
    if value <= 0:
        return shades[0]
    return shades[min(4, 1 + int(min(value, 1.0) * 3.999))] if value < 1 else shades[4]


def tone(value: float, of: str = "light") -> str:
    """The style of a brightness: the darker, the nearer to the background."""
    if not value > 0:
        return "dark"
    return of if value >= 1 else f"{of}%{percent(value)}"


def percent(value: float) -> int:
    """How much of its colour a pixel has; what is off has nothing of it."""
    return FAINTEST + round((100 - FAINTEST) * min(value, 1.0)) if value > 0 else 0


def tint(pixel: NDArray[np.float64]) -> str:
    """The style of a pixel of some channels: red, green and blue are its colour, others grey."""
    light = float(pixel.mean())
    if light > 0 and len(pixel) == 3:
        parts = (round(255 * min(1.0, max(0.0, float(part)))) for part in pixel)
        return "#{:02x}{:02x}{:02x}".format(*parts)
    return tone(light)


def pixel(value: float, width: int, style: str = "", shades: str = SHADES) -> Painted:
    return shade(value, shades) * width, style or tone(value)


def halves(upper: float, lower: float, width: int, *, grey: bool, of: str = "light") -> Painted:
    """Two pixels in the cells of one line, one above the other.

    Where there is more than on and off (`grey`) both have their own colour; where colours can't
    tell them (see `Lines.in_signs`), draw their mean with `pixel`.
    """
    if not grey:
        on = (upper >= 0.5, lower >= 0.5)
        return HALVES[on] * width, tone(max(upper, lower) if any(on) else 0.0, of)
    if upper <= 0 and lower <= 0:
        return SHADES[0] * width, "dark"
    return "▀" * width, f"{of}%{percent(upper)} on:{of}%{percent(lower)}"


def share_of(value: float, most: float) -> float:
    """How large a number is beside the largest, 0 to 1; what is no number is 0."""
    if not math.isfinite(value) or not (most > 0 and math.isfinite(most)):
        return 0.0
    return min(1.0, abs(value) / most)


def largest(values: NDArray[np.float64]) -> float:
    """The largest size of a finite number among these; 0 without any."""
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


def graded(value: float, share: float, *, chosen: bool = False, filled: bool = False) -> str:
    """The style of a number: its sign, and how strong it is."""
    if chosen:
        return "negative cursor" if value < 0 else "positive cursor"
    return _GRADED[filled, value < 0][min(STRONGEST, int(share * (STRONGEST + 0.99)))]


_GRADED = {
    (filled, below): [f"{place}{name}@{strength}" for strength in range(STRONGEST + 1)]
    for filled, place in ((False, ""), (True, "cell:"))
    for below, name in ((False, "positive"), (True, "negative"))
}


def signed(
    value: float,
    most: float,
    width: int,
    *,
    chosen: bool = False,
    coloured: bool = True,
    plus: bool = False,
) -> Painted:
    """A number with a sign, in `width` cells.

    Parameters
    ----------
    value, most : float
        `most` is the largest size among all that is compared with it.
    width : int
        From `DIGITS` cells on it is written.
    coloured : bool
        Whether colours can be mixed and are seen: then the cell is filled with the shade. Else a
        fuller or emptier block tells the size.
    plus : bool
        Whether the sign stands before the block, where it is not written.
    """
    written = width >= DIGITS
    digits = middle(number(value, min(5, width)), width) if written else ""
    if not math.isfinite(value):  # gone wrong, or hidden
        return digits or MARK * width, "here" if chosen else "dim"
    share = share_of(value, most)
    block = 0 if share < NOTHING else min(4, 1 + int(share * 4))
    front = ("−" if value < 0 else "+") if plus and not written and width > 1 else ""
    if written:
        text = digits
    elif not block:
        text = (front + "·").ljust(width)
    elif front:
        text = front + BLOCKS[block] * (width - 1)
    elif coloured and not chosen:
        text = "-".ljust(width) if value < 0 else "█" * width
    else:
        text = (MINUS_BLOCKS if value < 0 else BLOCKS)[block] * width
    if not block and not chosen:
        return text, "dim"
    if not coloured and not chosen:
        share = max(share, 0.25)  # (a block is not dim: how full it is tells)
    filled = coloured and (written or (value < 0 and not front))
    return text, graded(value, share, chosen=chosen, filled=filled)
