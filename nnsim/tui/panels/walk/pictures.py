"""The pictures beside the numbers of a step: curve, window over an image, matrices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.hiding import HIDDEN, tells
from nnsim.tui.draw.canvas import DOTS_X, DOTS_Y, Raster
from nnsim.tui.draw.lines import joined
from nnsim.tui.draw.numbers import short
from nnsim.tui.draw.text import cut, wrap_cells
from nnsim.tui.draw.tiles import shade

if TYPE_CHECKING:
    from nnsim.engine import Op
    from nnsim.lab.walk import Matrix, MatrixView

Pieces: TypeAlias = list[tuple[Any, ...]]
"""A row: texts with their styles, and perhaps what they stand for."""

LEAST_WIDTH, LEAST_HEIGHT = 14, 4
MOST_WIDTH, MOST_HEIGHT = 32, 9
_AXIS, _CURVE, _TANGENT = 0, 1, 2
_STYLES = {_AXIS: "dim", _CURVE: "light", _TANGENT: "back"}
CELL = 8
LEAST_BESIDE = 17  # columns of a matrix that stands beside another
MATRIX_TITLE = 12
WIDE_CALLS = 72
LEAST_MATRICES = 5  # lines that matrices keep where NumPy calls stand above them
UNKNOWN = "?"


# The curve of an activation -----------------------------------------------------------------------
@dataclass(frozen=True)
class Point:
    """Where a unit stands on the curve of its activation."""

    function: Any  # an ActivationFunction
    z: float
    a: float
    slope: float
    tangent: bool = False  # whether the line of the slope is drawn, which the way back uses


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


def curve_rows(point: Point, width: int, height: int) -> list[Pieces]:
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
    if not (math.isfinite(point.z) and math.isfinite(point.a)):
        return None
    x = round((point.z + reach) / (2 * reach) * (width * DOTS_X - 1)) // DOTS_X
    y = dot(point.a) // DOTS_Y
    return min(max(x, 0), width - 1), min(max(y, 0), height - 1)


def _row(cells: list[tuple[str, int]], spot: tuple[int, int] | None, y: int) -> Pieces:
    return [
        *joined(
            ("●", "here") if spot == (x, y) else (char, _STYLES.get(owner, ""))
            for x, (char, owner) in enumerate(cells)
        )
    ]


def _scale(reach: float, width: int) -> str:
    """The numbers under the plot: where z is 0, and how far it goes."""
    left, right = f"−{reach:g}", f"{reach:g}"
    middle = "z = 0" if width >= 20 else "0"
    start = max(len(left) + 1, width // 2 - (len(middle) - 1))
    line = cut(left, start) + middle
    return cut(line, max(len(line) + 1, width - len(right))) + right


# The window over an image -------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class WindowMap:
    """An image and the window over it; rows and columns from 0."""

    image: NDArray[np.float64]  # (rows, columns)
    top: int  # of the window; parts of it may lie outside, in the padding
    left: int
    rows: int
    columns: int
    here: tuple[int, int] | None  # the pixel that the step is about
    title: str

    @property
    def width(self) -> int:
        return 2 * len(self.image[0]) + 1

    def lines(self, width: int, height: int) -> list[Pieces]:
        """Return the picture, or the part of it around the window, in that room."""
        rows, columns = self.image.shape
        high, wide = min(rows, height - 1), min(columns, (width - 1) // 2)
        first = _around(self.top, self.rows, high, rows)
        start = _around(self.left, self.columns, wide, columns)
        peak = float(np.abs(self.image[np.isfinite(self.image)]).max(initial=0.0)) or 1.0
        scaled = np.abs(self.image) / max(1.0, peak)
        title: Pieces = [(self.title, "dim")]
        return [title, *(self._line(scaled, y, start, wide) for y in range(first, first + high))]

    def _line(self, scaled: NDArray[np.float64], y: int, start: int, wide: int) -> Pieces:
        row: Pieces = []
        inside = self.top <= y < self.top + self.rows
        for x in range(start, start + wide + 1):
            edge = " "
            if inside and x == max(self.left, start):
                edge = "["
            elif inside and x == min(self.left + self.columns, start + wide):
                edge = "]"
            row.append((edge, "here" if edge != " " else ""))
            if x < start + wide:
                within = inside and self.left <= x < self.left + self.columns
                style = "cursor" if (y, x) == self.here else "strong" if within else "dim"
                row.append((shade(float(scaled[y, x])), style))
        return row


def _around(first: int, size: int, room: int, whole: int) -> int:
    """The first row (or column) to show, so that the window is in the middle."""
    return min(max(0, first + size // 2 - room // 2), max(0, whole - room))


# Matrices -----------------------------------------------------------------------------------------
def matrix_rows(
    view: MatrixView, head: Pieces, width: int, height: int, secrets: Sequence[float] = ()
) -> list[Pieces]:
    """Return formula, shapes and as many numbers of each matrix as the room allows.

    `head` stands on the first line; `secrets` are numbers that are hidden for now.
    """
    rows: list[Pieces] = [head]
    said = f"{view.formula}   ({view.note})"
    rows += [[(line, "strong")] for line in wrap_cells(said, width, 3)]
    calls = [m for m in view.matrices if m.line]
    if height - len(rows) - len(calls) >= LEAST_MATRICES:
        rows += [[(cut(f"{m.name:<7}{m.line}", width), "dim")] for m in calls]
    beside = max(1, min(len(view.matrices), width // LEAST_BESIDE))
    bands = -(-len(view.matrices) // beside)
    beside = -(-len(view.matrices) // bands)
    room = max(3, (height - len(rows)) // bands)
    for start in range(0, len(view.matrices), beside):
        rows += _band(view.matrices[start : start + beside], width, room, secrets)
    return rows


def _band(
    matrices: Sequence[Matrix], width: int, height: int, secrets: Sequence[float]
) -> list[Pieces]:
    """Some matrices beside one another, each as wide as it needs and may be."""
    wanted = [max(CELL * _flat(m).shape[1] + 2, MATRIX_TITLE) for m in matrices]
    room = width - 2 * (len(matrices) - 1)
    widths = _shared(wanted, room)
    blocks = [_matrix(m, w, height, secrets) for m, w in zip(matrices, widths, strict=True)]
    rows: list[Pieces] = []
    for y in range(max(len(block) for block in blocks)):
        row: Pieces = []
        for block, wide in zip(blocks, widths, strict=True):
            text, style = block[y] if y < len(block) else ("", "")
            row += [("  " if row else "", ""), (cut(text, wide), style)]
        rows.append(row)
    return rows


def _shared(wanted: list[int], room: int) -> list[int]:
    """Give each what it wants, and where that is too much, the same to all that want more."""
    given = [0] * len(wanted)
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    for n, i in enumerate(order):
        given[i] = max(1, min(wanted[i], room // (len(order) - n)))
        room -= given[i]
    return given


def _flat(matrix: Matrix) -> NDArray[np.float64]:
    """The numbers in rows: a sample, an input or the tap of a kernel to a row."""
    values = np.atleast_1d(matrix.values)
    if values.ndim == 1:
        return values[None]
    if matrix.axes[0] != "m" and values.ndim > 2:
        return values.reshape(-1, values.shape[-1])
    return values.reshape(len(values), -1)


def _matrix(
    matrix: Matrix, width: int, height: int, secrets: Sequence[float]
) -> list[tuple[str, str]]:
    """The name and shape, the names of the axes, and the first rows and columns."""
    flat = _flat(matrix)
    shape = " × ".join(str(size) for size in matrix.shape)
    lines = [(f"{matrix.name}  {shape}", "strong"), (" × ".join(matrix.axes), "dim")]
    columns = max(1, min(flat.shape[1], (width - 2) // CELL))
    more = " …" if flat.shape[1] > columns else ""
    most = max(1, height - 3)
    for row in flat[: most if len(flat) > most else most + 1]:
        shown = [HIDDEN if tells(float(v), secrets) else float(v) for v in row[:columns]]
        numbers = "".join(f"{short(v, CELL - 1):>{CELL}}" for v in shown)
        lines.append((numbers + more, ""))
    if len(flat) > most + 1:
        lines.append((_("  … {count} more rows").format(count=len(flat) - most), "dim"))
    elif len(flat) == most + 1:
        lines = lines[: 3 + most]
    return lines


# The calls of a tape ------------------------------------------------------------------------------
def call_rows(
    calls: Sequence[Op], now: int, width: int, height: int, secrets: Sequence[float] = ()
) -> list[Pieces]:
    """Return the calls around the one that has just been made, and below what it filled.

    What the calls to come will fill is unknown; `secrets` are numbers that are hidden for now.
    """
    filled = _filled(calls[now], width, max(2, height // 2), secrets) if now >= 0 else []
    beside = (2 if width >= WIDE_CALLS else 1) * CELL + 2
    text = max(8, width - beside - 4)
    room = height - len(filled)
    whole = wrap_cells(calls[now].text, text, max(1, room // 2)) if now >= 0 else []
    room = max(1, room - len(whole[1:]))
    first = _around(max(now, 0), 1, min(room, len(calls)), len(calls))
    rows: list[Pieces] = []
    for i, call in enumerate(calls[first : first + room], first):
        style = "strong" if i == now else "dim" if i > now else ""
        lines = whole if i == now else [cut(call.text, text)]
        result = UNKNOWN if i > now else _first(call, beside - 2, secrets)
        mark = ("▸ " if i == now else "  ", "here")
        rows.append([mark, (cut(lines[0], text), style), (f"  {result}", style)])
        rows += [[("    ", ""), (line, style)] for line in lines[1:]]
    return [*rows, *filled]


def _numbers(values: NDArray[np.float64], secrets: Sequence[float]) -> str:
    shown = (HIDDEN if tells(float(value), secrets) else float(value) for value in values)
    return "".join(f"{short(value, CELL - 1):>{CELL}}" for value in shown)


def _first(call: Op, width: int, secrets: Sequence[float]) -> str:
    values = np.empty(0) if call.after is None else call.after.reshape(-1)
    count = width // CELL
    return _numbers(values[:count], secrets) + (" …" if values.size > count else "")


def _filled(call: Op, width: int, height: int, secrets: Sequence[float]) -> list[Pieces]:
    """Name, shape and numbers of the buffer that a call has filled; samples are columns."""
    if call.writes is None or call.after is None:
        return []
    name, shape = call.writes
    size = " × ".join(map(str, shape)) or "1"
    rows: list[Pieces] = [[(cut(f"{name}  {size}", width).rstrip(), "strong")]]
    values = (
        call.after.reshape(len(call.after), -1) if call.after.ndim else call.after.reshape(1, 1)
    )
    columns = max(1, (width - 2) // CELL)
    if values.shape[1] == 1:  # one sample: its numbers one after another
        lines = [values[at : at + columns, 0] for at in range(0, len(values), columns)]
    else:
        lines = [row[:columns] for row in values]
    most = height - 1
    fit = lines if len(lines) <= most else lines[: max(1, most - 1)]
    more = " …" if values.shape[1] > columns else ""
    rows += [[(_numbers(line, secrets) + more, "")] for line in fit]
    if len(fit) < len(lines) and most > 1:
        rows.append([(_("  … {count} more rows").format(count=len(lines) - len(fit)), "dim")])
    return rows
