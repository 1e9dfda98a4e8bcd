"""Numbers as an explanation writes them, and whether digits were dropped."""

from __future__ import annotations

import math
from fractions import Fraction

DIGITS = 6
# What a chain of a few float64 operations may lose; nobody dropped those digits on purpose.
_FLOAT_NOISE = 1e-14


def written(value: float, digits: int = DIGITS) -> str:
    """Return `value` with at most so many significant digits and a proper minus sign."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if isinstance(value, int):
        return str(value).replace("-", "−")
    text = f"{value + 0.0:.{digits}g}"  # a negative zero is a zero
    mantissa, e, exponent = text.partition("e")
    if e:
        text = f"{mantissa}e{int(exponent)}"
    return text.replace("-", "−")


def as_fraction(value: float, digits: int = DIGITS) -> Fraction | None:
    """Return the number that `written` writes, or None where it dropped digits of `value`."""
    if not math.isfinite(value):
        return None
    shown = written(value, digits).replace("−", "-")
    if abs(float(shown) - value) > _FLOAT_NOISE * abs(value):
        return None
    return Fraction(shown)
