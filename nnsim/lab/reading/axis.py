"""The one axis of all plots: where a value lies between its ends, and its round numbers.

Whatever comes in, from 1e-308 to 1e308, a flat line or nothing at all, a place comes out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FARTHEST = 1e150  # numbers beyond it are drawn as if they were there
MARGIN = 0.12  # of the data's reach, left free on both sides
STEPS = 50  # small steps of a probe from one end of an axis to the other
NICE = (1.0, 2.0, 5.0)


def nearest_nice(size: float) -> float:
    power = math.floor(math.log10(size))
    near = [m * 10.0**p for p in (power, power + 1) for m in NICE]
    return min(near, key=lambda nice: abs(math.log(nice / size)))


@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high`, both finite, `low` < `high`; `low` > 0 where logarithmic."""

    low: float
    high: float
    log: bool = False

    @classmethod
    def over(cls, values: Array, *, log: bool = False, zero: bool = True) -> Axis:
        """The axis from the least finite value to the largest, with 0 in sight if asked."""
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

    @classmethod
    def around(cls, values: Array, margin: float = MARGIN) -> Axis:
        """The axis with room around all these values; from −1 to 1 where there are none."""
        finite = np.clip(values[np.isfinite(values)], -FARTHEST, FARTHEST)
        if not finite.size:
            return cls(-1.0, 1.0)
        low, high = float(finite.min()), float(finite.max())
        if not high - low > max(1e-100, 1e-9 * max(abs(low), abs(high))):
            reach = max(1.0, 0.1 * abs(low))
            return cls(low - reach, high + reach)
        room = margin * (high - low)
        return cls(low - room, high + room)

    @property
    def span(self) -> float:
        return self.high - self.low

    @property
    def step(self) -> float:
        return nearest_nice(self.span / STEPS)

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high

    def _shares(self, values: Array) -> Array:
        """Where values lie, 0 at the lower end and 1 at the upper, and beyond."""
        low, high = self.low, self.high
        with np.errstate(all="ignore"):
            if self.log:
                low, high = math.log10(low), math.log10(high)
                values = np.log10(np.maximum(values, self.low))
            elif math.isinf(high - low):  # divided first: more than a number can be
                size = max(abs(low), abs(high))
                low, high, values = low / size, high / size, values / size
            return np.asarray((values - low) / (high - low))

    def shares(self, values: Array) -> Array:
        """Where values lie, 0 at the lower end and 1 at the upper; those beyond, there."""
        return np.clip(self._shares(values), 0.0, 1.0)

    def share(self, value: float) -> float:
        return float(self.shares(np.array([value]))[0])

    def centres(self, cells: int) -> Array:
        """The value in the middle of each of `cells` cells, ascending."""
        return self.low + (np.arange(cells, dtype=np.float64) + 0.5) * (self.span / cells)

    def cells(self, values: Array, cells: int) -> NDArray[np.intp]:
        """The cell that each value falls into, counted from 0; −1 outside (and for NaN)."""
        share = self._shares(values)
        inside = (share >= 0) & (share <= 1)
        found = np.minimum(np.where(inside, share, 0.0) * cells, cells - 1).astype(np.intp)
        return np.where(inside, found, -1)

    def cell(self, value: float, cells: int) -> int:
        """The cell that a value falls into; what lies outside falls into the first or last."""
        share = self.share(value)
        return 0 if math.isnan(share) else min(math.floor(share * cells), cells - 1)

    def ticks(self, most: int) -> list[float]:
        """Up to `most` round values on the axis, ascending."""
        if self.log:
            return self._decades(most) or [self.low, self.high][: max(0, most)]
        if most < 1:
            return []
        size = max(abs(self.low), abs(self.high))
        # In logarithms: high − low may be more than a number can be.
        span = math.log10(self.high / size - self.low / size) + math.log10(size)
        power = math.floor(span - math.log10(most))
        for step in (1.0, 2.0, 5.0, 10.0, 20.0, 50.0):
            unit = float(f"{step:g}e{power}")
            if unit == 0.0 or not math.isfinite(unit):
                continue
            first, last = math.ceil(self.low / unit - 1e-9), math.floor(self.high / unit + 1e-9)
            if last - first < most:  # (the last digits are noise of the arithmetic)
                return [float(f"{k * unit:.12g}") for k in range(first, last + 1)]
        return [self.low]

    def _decades(self, most: int) -> list[float]:
        first = math.ceil(math.log10(self.low) - 1e-9)
        last = math.floor(math.log10(self.high) + 1e-9)
        count = last - first + 1
        if count < 1 or most < 1:
            return []
        step = max(1, math.ceil(count / most))
        return [10.0**power for power in range(last, first - 1, -step)][::-1]

    def rounded(self, value: float, cells: int) -> float:
        """A value with as many digits as tell cells of this size apart."""
        digits = 1 - math.floor(math.log10(self.span / cells))
        return round(value, digits) if abs(digits) < 300 else value

    def zoomed(self, factor: float, centre: float) -> Axis:
        half = self.span * factor / 2
        return Axis(centre - half, centre + half)

    def reaching(self, value: float) -> Axis:
        """The axis itself, or one as long and moved as little as brings `value` well onto it."""
        if self.holds(value) or not math.isfinite(value):
            return self
        value = min(max(value, -FARTHEST), FARTHEST)
        if abs(value) > 1e9 * self.span:  # so far away that an axis as long has no numbers between
            return Axis.around(np.array([value]))
        by = value - self.high if value > self.high else value - self.low
        by += math.copysign(0.1 * self.span, by)
        return Axis(self.low + by, self.high + by)


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
