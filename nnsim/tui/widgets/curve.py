"""A small plot of an activation, with the point at which a unit stands on it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from nnsim.tui.draw.text import cut
from nnsim.tui.widgets.braille import DOTS_X, DOTS_Y, Raster
from nnsim.tui.widgets.rows import Row, joined

LEAST_WIDTH, LEAST_HEIGHT = 14, 4
MOST_WIDTH, MOST_HEIGHT = 32, 9
_AXIS, _CURVE, _TANGENT = 0, 1, 2
_STYLES = {_AXIS: "dim", _CURVE: "curve", _TANGENT: "negative"}


@dataclass(frozen=True)
class Point:
    """Where a unit stands on the curve of its activation.

    Attributes
    ----------
    function : ActivationFunction
    z, a, slope : float
    tangent : bool
        Whether the straight line of the slope is drawn, which is what the way back uses.
    """

    function: Any
    z: float
    a: float
    slope: float
    tangent: bool = False


def reach_of(z: float) -> float:
    """How far the plot goes to both sides: to a round number that has z in sight."""
    if not math.isfinite(z) or abs(z) <= 4:
        return 4.0
    power = 10.0 ** math.floor(math.log10(abs(z)))
    return next((m * power for m in (1, 2, 4, 6, 8) if m * power >= abs(z)), 10 * power)


@lru_cache(maxsize=64)
def _sampled(function: Any, reach: float, dots: int) -> tuple[tuple[float, ...], float, float]:
    """The activation at every dot across, and the least and largest value of the plot."""
    with np.errstate(all="ignore"):
        a = np.asarray(function.f(np.linspace(-reach, reach, dots)), np.float64)
    finite = a[np.isfinite(a)]
    low, high = float(finite.min(initial=0.0)), float(finite.max(initial=0.0))
    return tuple(a.tolist()), low, high if high > low else low + 1.0


@lru_cache(maxsize=64)
def _drawn(
    function: Any, reach: float, width: int, height: int, tangent: tuple[float, float, float] | None
) -> tuple[list[list[tuple[str, int]]], Callable[[float], int]]:
    """The cells of curve, axes and tangent (z, a, slope), and how high an a stands, in dots."""
    across, down = width * DOTS_X, height * DOTS_Y
    values, low, high = _sampled(function, reach, across)

    def dot(a: float) -> int:
        share = (a - low) / (high - low)
        return round((1 - min(max(share, -0.5), 1.5)) * (down - 1))

    raster = Raster(width, height)
    for x in range(0, across, 4):
        raster.dot(x, dot(0.0), _AXIS)
    for y in range(0, down, 2):
        raster.dot(across // 2, y, _AXIS)
    if tangent is not None:
        z, a, slope = tangent
        _draw(raster, [a + slope * (at - z) for at in _zs(reach, across)], dot, _TANGENT)
    _draw(raster, values, dot, _CURVE)
    return [raster.row(y) for y in range(height)], dot


def curve_rows(point: Point, width: int, height: int) -> list[Row]:
    """Return the plot in `height` lines: the curve, its axes and the point; numbers below."""
    width, height = min(width, MOST_WIDTH), min(height, MOST_HEIGHT) - 1
    reach = reach_of(point.z)
    straight = point.tangent and all(map(math.isfinite, (point.z, point.a, point.slope)))
    tangent = (point.z, point.a, point.slope) if straight else None
    cells, dot = _drawn(point.function, reach, width, height, tangent)
    spot = _spot(point, reach, width, height, dot)
    rows = [_row(line, spot, y) for y, line in enumerate(cells)]
    return [*rows, [(_scale(reach, width), "dim")]]


def _zs(reach: float, dots: int) -> list[float]:
    return [-reach + 2 * reach * x / (dots - 1) for x in range(dots)]


def _draw(raster: Raster, values: Any, dot: Any, owner: int) -> None:
    """Draw a curve dot by dot, without holes where it is steep."""
    before: int | None = None
    for x, a in enumerate(values):
        if not math.isfinite(a):
            before = None
            continue
        y = dot(a)
        start = y if before is None or abs(before - y) <= 1 else before + (1 if y > before else -1)
        for between in range(min(start, y), max(start, y) + 1):
            raster.dot(x, between, owner)
        before = y


def _spot(point: Point, reach: float, width: int, height: int, dot: Any) -> tuple[int, int] | None:
    """Column and row of the point."""
    if not (math.isfinite(point.z) and math.isfinite(point.a)):
        return None
    x = round((point.z + reach) / (2 * reach) * (width * DOTS_X - 1)) // DOTS_X
    y = dot(point.a) // DOTS_Y
    return min(max(x, 0), width - 1), min(max(y, 0), height - 1)


def _row(cells: list[tuple[str, int]], spot: tuple[int, int] | None, y: int) -> Row:
    """A line of the plot as runs of one style."""
    return joined(
        ("●", "here") if spot == (x, y) else (char, _STYLES.get(owner, ""))
        for x, (char, owner) in enumerate(cells)
    )


def _scale(reach: float, width: int) -> str:
    """The numbers under the plot: where z is 0, and how far it goes."""
    left, right = f"−{reach:g}", f"{reach:g}"
    middle = "z = 0" if width >= 20 else "0"
    start = max(len(left) + 1, width // 2 - (len(middle) - 1))
    line = cut(left, start) + middle
    return cut(line, max(len(line) + 1, width - len(right))) + right
