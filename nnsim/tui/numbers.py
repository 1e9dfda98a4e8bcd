"""Numbers as they are printed in narrow places."""

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
