"""Numbers and blocks of the picture: short, of a known width, legible without colour."""

from __future__ import annotations

import math

from rich.cells import cell_len, set_cell_size

from nnsim.lab.hiding import MARK, is_hidden

SHADES = "·░▒▓█"
"""How bright a pixel is, in five steps; a dot where it is off."""
LEVELS = " ▁▂▃▄▅▆▇█"
"""How high a value stands, in eighths of a cell."""


def number(value: float, width: int = 5, *, plus: bool = True, tiny: bool = False) -> str:
    """Return `value` in exactly `width` cells (3 or more) with its sign: ``+0.42``, ``−12.3``.

    As many decimals as fit; without `plus` a positive number has a space for its sign. Where they
    would all be 0, `tiny` asks for the power of ten instead: ``+1e-3``.
    """
    if not math.isfinite(value):
        text = "nan" if math.isnan(value) else ("+inf" if value > 0 else "−inf")
        text = MARK if is_hidden(value) else text
        return text[:width].rjust(width)
    room = width - 1
    size = abs(value)
    text = ""
    for decimals in range(max(0, min(room - 2, 4)), -1, -1):
        text = f"{size:.{decimals}f}"
        if len(text) <= room:
            break
    if len(text) > room or (tiny and size and not text.strip("0.")):
        mantissa, exponent = f"{size:.0e}".split("e")
        text = f"{mantissa}e{int(exponent)}"
        if len(text) > room:
            text = f"e{int(exponent)}"
        if len(text) > room:
            text = "9" * room
    sign = "−" if value < 0 else "+" if plus else " "
    return (sign + text).rjust(width)


def shade(value: float) -> str:
    """Return the block for a brightness between 0 and 1; whatever is not 0 shows as not off."""
    if not value > 0:
        return SHADES[0]
    return SHADES[min(4, max(1, round(value * 4)))]


def level(share: float) -> str:
    """Return the block whose height is `share` (0 to 1); whatever is not 0 shows."""
    if not share > 0:
        return LEVELS[0]
    return LEVELS[min(8, max(1, round(share * 8)))]


def fit(text: str, width: int) -> str:
    """Return `text` cut to `width` cells, not padded."""
    return text if cell_len(text) <= width else set_cell_size(text, max(0, width)).rstrip()


def width_of(text: str) -> int:
    """Return how many cells `text` takes."""
    return cell_len(text)
