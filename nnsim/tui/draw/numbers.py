"""Numbers as they are printed in narrow places, and the blocks that stand for them."""

from __future__ import annotations

import math

from nnsim.lab.hiding import MARK, is_hidden

_EIGHTHS = "▏▎▍▌▋▊▉"


def short(value: float, width: int = 8, *, sign: bool = False) -> str:
    """Print `value` in `width` cells at most, right-aligned, with as many digits as fit (up to 4).

    What does not fit as a decimal goes into powers of ten; non-finite numbers are words.
    """
    plus = "+" if sign else ""
    if not math.isfinite(value):
        return (MARK if is_hidden(value) else f"{value:{plus}}").rjust(width)
    value += 0.0  # a negative zero is a zero
    for digits in (4, 3, 2, 1, 0):
        text = f"{value:{plus}.{digits}f}"
        tiny = value != 0 and abs(value) < 0.5 * 10.0**-digits
        if len(text) <= width and not tiny:
            return text.rjust(width)
        if tiny and digits < 4:
            break
    for digits in (2, 1, 0):
        mantissa, exponent = f"{value:{plus}.{digits}e}".split("e")
        text = f"{mantissa}e{int(exponent)}"
        if len(text) <= width:
            return text.rjust(width)
    return text[:width]


def precise(value: float, width: int = 10) -> str:
    """Print `value` in `width` cells at most, right-aligned, with up to 6 significant digits."""
    if is_hidden(value):
        return MARK.rjust(width)
    value += 0.0  # a negative zero is a zero
    for digits in (6, 5, 4, 3, 2, 1):
        mantissa, e, exponent = f"{value:.{digits}g}".partition("e")
        text = f"{mantissa}e{int(exponent)}" if e else mantissa
        if len(text) <= width:
            return text.rjust(width)
    return text[:width]


def bar(value: float, full: float, width: int) -> tuple[str, str]:
    """A bar of `width` cells, as its filled and its empty part; negative values fill dotted."""
    if width < 1:
        return "", ""
    if is_hidden(value):
        return "", " " * width
    if not math.isfinite(value):
        return "", "?" * width
    share = min(1.0, abs(value) / full) if full > 0 else 0.0
    if value < 0:
        filled = round(share * width)
        return "▒" * filled, "·" * (width - filled)
    eighths = round(share * width * 8)
    whole, part = divmod(eighths, 8)
    text = "█" * whole + (_EIGHTHS[part - 1] if part else "")
    return text, "·" * (width - len(text))


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
