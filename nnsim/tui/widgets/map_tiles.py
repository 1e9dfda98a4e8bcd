"""Pictures of numbers, a tile for each filter or unit: where every number stands, and how it looks.

A number tells its sign by a character and by colour, its size by the block and by the colour's
strength, and where there is room by its digits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnsim.lab.hiding import MARK, is_hidden
from nnsim.tui.draw.text import fit, number, width_of
from nnsim.tui.widgets.diagram_canvas import Key, Line
from nnsim.tui.widgets.weight_images import BLOCKS, MINUS_BLOCKS, key_of

Array = NDArray[np.float64]

DIGITS, SHADES = 6, 2
"""Columns of a number with its digits, and as a shade."""
BETWEEN = 2


@dataclass(frozen=True, eq=False)
class Plate:
    """One picture of numbers, such as a kernel or a feature map.

    Attributes
    ----------
    values : array (rows, columns)
    most : float
        The largest size among all that is compared with it.
    prefix, suffix : str
        Its numbers' addresses are ``prefix + "row,column" + suffix``, or, with `columns`, the
        position in a row: ``prefix + "index" + suffix``.
    flat : bool
        Whether a position is one number, as of a dense layer's weights.
    kind : str
        ``"kernel"`` (its digits matter: it gets them first), ``"map"``, ``"pool"``, ``"weights"``.
    """

    values: Array
    most: float
    prefix: str
    suffix: str
    kind: str
    flat: bool = False
    channels: tuple[int, int] = (0, 1)
    """Of a flat one: which channel of how many it shows."""

    @property
    def detail(self) -> bool:
        """Whether its digits matter."""
        return self.kind == "kernel"

    def address(self, row: int, column: int) -> str:
        """The address of a number."""
        if not self.flat:
            return f"{self.prefix}{row + 1},{column + 1}{self.suffix}"
        channel, count = self.channels
        index = (row * self.values.shape[1] + column) * count + channel
        return f"{self.prefix}{index + 1}{self.suffix}"


@dataclass(frozen=True, eq=False)
class Tile:
    """A filter or unit: its name, a note beside it, and its plates from left to right."""

    name: str
    plates: tuple[Plate, ...]
    note: str = ""


@dataclass(frozen=True)
class Sheet:
    """All tiles laid out on a sheet, of which a part is in sight.

    Attributes
    ----------
    wide : tuple of int
        Columns of a number, of plates whose digits matter and of the others.
    below : bool
        Whether the other plates stand below the first one, instead of beside it.
    across : int
        Tiles in a row.
    tile : (int, int)
        Columns and lines of a tile, with what lies between.
    """

    tiles: tuple[Tile, ...]
    wide: tuple[int, int]
    below: bool
    across: int
    tile: tuple[int, int]

    @classmethod
    def of(cls, tiles: tuple[Tile, ...], room: tuple[int, int]) -> Sheet:
        """Lay tiles out for a window: as many in sight as can be, then with digits if possible."""
        best, sheet = (-1.0, 0), cls((), (1, 1), False, 1, (1, 1))
        choices = [
            ((DIGITS, DIGITS), False), ((DIGITS, DIGITS), True), ((DIGITS, SHADES), False),
            ((DIGITS, SHADES), True), ((SHADES, SHADES), False), ((SHADES, SHADES), True),
            ((1, 1), False), ((1, 1), True),
        ]  # fmt: skip
        for order, (wide, below) in enumerate(choices):
            if not tiles or (below and not tiles[0].plates[0].detail):
                continue
            size = cls._size(tiles[0], wide, below)
            across = max(1, min(len(tiles), (room[0] + BETWEEN) // size[0]))
            whole = size[0] - BETWEEN <= room[0]
            seen = min(len(tiles), across * max(0, (room[1] + 1) // size[1])) if whole else 0
            # A tile with its digits is worth more than one in shades, and that more than one
            # whose pictures are squeezed.
            worth = 1.0 + (wide[0] == DIGITS) + 0.5 * (wide[1] == DIGITS) - 0.4 * (wide[0] == 1)
            score = (seen * worth, -order)
            if score > best:
                best, sheet = score, cls(tiles, wide, below, across, size)
        return sheet

    @staticmethod
    def _size(tile: Tile, wide: tuple[int, int], below: bool) -> tuple[int, int]:
        widths = [p.values.shape[1] * wide[0 if p.detail else 1] for p in tile.plates]
        heights = [len(p.values) for p in tile.plates]
        top = sum(plate.detail for plate in tile.plates)
        if below:
            width = max(sum(w) + BETWEEN * (len(w) - 1) for w in (widths[:top], widths[top:]))
            height = max(heights[:top]) + 1 + max(heights[top:])
        else:
            width, height = sum(widths) + BETWEEN * (len(widths) - 1), max(heights)
        return max(width, 6) + BETWEEN, height + 2

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines of the whole sheet."""
        rows = math.ceil(len(self.tiles) / self.across)
        return self.across * self.tile[0] - BETWEEN, rows * self.tile[1] - 1

    def corner(self, index: int) -> tuple[int, int]:
        """Where a tile starts: its name, with the plates below."""
        down, right = divmod(index, self.across)
        return right * self.tile[0], down * self.tile[1]

    def corners(self, index: int) -> list[tuple[int, int]]:
        """Where each plate of a tile starts."""
        x, y = self.corner(index)
        found, left, first = [], x, self.tiles[index].plates[0]
        above = self.below
        for plate in self.tiles[index].plates:
            if above and not plate.detail:
                left, y, above = x, y + len(first.values) + 1, False
            found.append((left, y + 1))
            left += plate.values.shape[1] * self.width(plate) + BETWEEN
        return found

    def width(self, plate: Plate) -> int:
        """Columns of a number of this plate."""
        return self.wide[0 if plate.detail else 1]

    def place(self, at: Spot) -> tuple[int, int, int]:
        """The first column, the line and the width of a number."""
        plate = self.tiles[at.tile].plates[at.plate]
        x, y = self.corners(at.tile)[at.plate]
        return x + at.column * self.width(plate), y + at.row, self.width(plate)

    def at(self, x: int, y: int) -> Spot | None:
        """The number at a cell of the sheet."""
        right, down = x // self.tile[0], y // self.tile[1]
        index = down * self.across + right
        if not (0 <= right < self.across and 0 <= index < len(self.tiles)):
            return None
        corners = self.corners(index)
        for i, (plate, (left, top)) in enumerate(
            zip(self.tiles[index].plates, corners, strict=True)
        ):
            row, column = y - top, (x - left) // self.width(plate)
            if 0 <= row < plate.values.shape[0] and 0 <= column < plate.values.shape[1]:
                return Spot(index, i, row, column)
        return None

    def step(self, at: Spot, right: int, down: int) -> Spot:
        """The number nearest to one in a direction; the same where there is none."""
        x, y, width = self.place(at)
        middle = x + width // 2
        best, found = math.inf, at
        for index in self._near(at.tile, right, down):
            for i, (plate, (left, top)) in enumerate(
                zip(self.tiles[index].plates, self.corners(index), strict=True)
            ):
                wide = self.width(plate)
                rows, columns = plate.values.shape
                row = min(max(y - top + down, 0), rows - 1)
                column = (middle - left) // wide + right
                column = min(max(column, 0), columns - 1)
                dx = left + column * wide + wide // 2 - middle
                dy = top + row - y
                ahead = dx * right if right else dy * down
                if ahead <= 0:
                    continue
                # Straight on is much nearer than off to the side.
                far = ahead + 20 * (abs(dy) if right else abs(dx) // 2)
                if far < best:
                    best, found = far, Spot(index, i, row, column)
        return found

    def _near(self, index: int, right: int, down: int) -> list[int]:
        """A tile, and those beside it in a direction."""
        line = index // self.across
        others = range(index + 1, len(self.tiles)) if right + down > 0 else range(index)
        if right:
            others = range(
                max(others.start, line * self.across), min(others.stop, (line + 1) * self.across)
            )
        near = [i for i in others if abs(i // self.across - line) <= 1]
        return [index, *near]

    def draw(self, y: int, left: int, width: int, spot: Spot | None, coloured: bool) -> Line:
        """Draw line `y` of the sheet, from the column `left` on."""
        line = Line(width)
        down, inside = divmod(y, self.tile[1])
        for index in range(down * self.across, min((down + 1) * self.across, len(self.tiles))):
            x, _top = self.corner(index)
            if x - left >= width or x + self.tile[0] <= left:
                continue
            tile = self.tiles[index]
            if inside == 0:
                here = spot is not None and spot.tile == index
                text = f"[{tile.name}]" if here else f" {tile.name} "
                text = fit(text, self.tile[0] - BETWEEN)
                line.put(x - left, text, ("selected", 0) if here else ("name", 0))
                if width_of(text) + width_of(tile.note) + 1 <= self.tile[0] - BETWEEN:
                    line.put(x - left + width_of(text) + 1, tile.note, ("muted", 0))
                continue
            for i, (plate, corner) in enumerate(zip(tile.plates, self.corners(index), strict=True)):
                row = y - corner[1]
                if 0 <= row < len(plate.values):
                    chosen = None
                    if spot is not None and (spot.tile, spot.plate, spot.row) == (index, i, row):
                        chosen = spot.column
                    self._draw_row(line, corner[0] - left, plate, row, (chosen, coloured))
        return line

    def _draw_row(
        self, line: Line, x: int, plate: Plate, row: int, how: tuple[int | None, bool]
    ) -> None:
        width, (chosen, coloured) = self.width(plate), how
        for column, value in enumerate(plate.values[row].tolist()):
            here = column == chosen
            text, key = look(value, plate.most, width, chosen=here, coloured=coloured)
            line.put(x + column * width, text, key)


@dataclass(frozen=True)
class Spot:
    """A number: its tile, its plate there, its row and column, from 0."""

    tile: int = 0
    plate: int = 0
    row: int = 0
    column: int = 0

    def within(self, tiles: tuple[Tile, ...]) -> Spot:
        """The same, or the nearest that there is."""
        tile = min(self.tile, len(tiles) - 1)
        plate = min(self.plate, len(tiles[tile].plates) - 1)
        rows, columns = tiles[tile].plates[plate].values.shape
        return Spot(tile, plate, min(self.row, rows - 1), min(self.column, columns - 1))


def look(value: float, most: float, width: int, *, chosen: bool, coloured: bool) -> tuple[str, Key]:
    """Return a number as text of `width` cells, and its colour.

    Where colours can be mixed the whole cell has the shade, with a minus or the digits on it;
    else the text is a fuller or emptier block.
    """
    if not math.isfinite(value):
        text = "?" * width
        if width >= DIGITS:
            text = MARK if is_hidden(value) else number(value, 5)
        return text.ljust(width), ("selected" if chosen else "muted", 0)
    share = min(1.0, abs(value) / most) if most > 0 and math.isfinite(most) else 0.0
    block = 0 if share < 0.02 else min(4, 1 + int(share * 4))
    if width >= DIGITS:
        text = number(value, width - 1).ljust(width)
    elif not block:
        text = "·".ljust(width)
    elif coloured and not chosen:
        text = "-".ljust(width) if value < 0 else "█" * width
    else:
        text = (MINUS_BLOCKS if value < 0 else BLOCKS)[block] * width
    if not block and not chosen:
        return text, ("muted", 0)
    written = value < 0 or width >= DIGITS  # on the cell, not filling it
    name, strength = key_of(value, share, chosen=chosen, cell=coloured and written)
    return text, (name, strength if coloured or chosen else max(1, strength))
