"""Axes of a plot: where a value lies between their ends, linear or logarithmic, and their ticks.

Whatever comes in, from 1e-308 to 1e308, a flat line or nothing at all, a place comes out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high`, both finite, `low` < `high`; `low` > 0 where logarithmic."""

    low: float
    high: float
    log: bool = False

    @classmethod
    def over(cls, values: Array, *, log: bool = False, zero: bool = True) -> Axis:
        """Return an axis that has all finite values in sight, and 0 with them if asked."""
        finite = values[np.isfinite(values)]
        if log:
            above = finite[finite > 0]
            if not above.size:
                return cls(0.1, 1.0, True)
            high = float(above.max())
            return cls(*_apart(float(above.min()), high, log=True), True)
        if not finite.size:
            return cls(0.0, 1.0)
        low, high = float(finite.min()), float(finite.max())
        if zero:
            low, high = min(low, 0.0), max(high, 0.0)
        return cls(*_apart(low, high, log=False))

    def shares(self, values: Array) -> Array:
        """Return where values lie, 0 at the lower end and 1 at the upper; those beyond, there."""
        with np.errstate(all="ignore"):
            if self.log:
                low, high = math.log10(self.low), math.log10(self.high)
                at = np.log10(np.maximum(values, self.low))
                share = (at - low) / (high - low)
            else:
                # Divided first: high − low may be more than a number can be.
                size = max(abs(self.low), abs(self.high))
                low, high = self.low / size, self.high / size
                share = (values / size - low) / (high - low)
        return np.clip(share, 0.0, 1.0)

    def share(self, value: float) -> float:
        """Return where one value lies."""
        return float(self.shares(np.array([value]))[0])

    def ticks(self, most: int) -> list[float]:
        """Return up to `most` round values on the axis, ascending."""
        if self.log:
            return self._decades(most) or [self.low, self.high][: max(0, most)]
        if most < 1:
            return []
        size = max(abs(self.low), abs(self.high))
        # In logarithms: high − low may be more than a number can be.
        span = math.log10(self.high / size - self.low / size) + math.log10(size)
        power = math.floor(span - math.log10(max(1, most - 1)))
        for step in (1.0, 2.0, 5.0, 10.0, 20.0, 50.0):
            unit = float(f"{step:g}e{power}")
            if unit == 0.0 or not math.isfinite(unit):
                continue
            first, last = math.ceil(self.low / unit - 1e-9), math.floor(self.high / unit + 1e-9)
            if last - first < most:
                return [_round(k * unit) for k in range(first, last + 1)]
        return [self.low]

    def _decades(self, most: int) -> list[float]:
        first = math.ceil(math.log10(self.low) - 1e-9)
        last = math.floor(math.log10(self.high) + 1e-9)
        count = last - first + 1
        if count < 1 or most < 1:
            return []
        step = max(1, math.ceil(count / most))
        return [10.0**power for power in range(last, first - 1, -step)][::-1]


def _apart(low: float, high: float, *, log: bool) -> tuple[float, float]:
    """Pull the ends of a flat line apart."""
    most = float(np.finfo(np.float64).max)
    if log:
        if math.log10(high) - math.log10(low) < 1e-3:
            return max(low / 2, 5e-324), min(high * 2, most)
        return low, high
    size = max(abs(low), abs(high))
    if size == 0.0:
        return 0.0, 1.0
    if high / size - low / size < 1e-12:
        return max(low - size * 0.5, -most), min(high + size * 0.5, most)
    if size < 1e-300:
        return low, low + 1e-300
    return low, high


def _round(value: float) -> float:
    """Without the last digits, which are noise of the arithmetic."""
    return float(f"{value:.12g}")


def label(value: float, width: int) -> str:
    """Print the value of a tick in at most `width` cells."""
    value += 0.0
    for digits in (4, 3, 2, 1):
        text = f"{value:.{digits}g}"
        if "e" in text:
            mantissa, exponent = text.split("e")
            text = f"{mantissa}e{int(exponent)}"
        if len(text) <= width:
            return text
    return text[:width]


def whole(value: float) -> str:
    """Print an epoch: 950, 12k, 3.5M."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 10 * size or (value >= size and value % (size / 10) == 0):
            return f"{value / size:.4g}{unit}"
    return f"{value:.0f}"
