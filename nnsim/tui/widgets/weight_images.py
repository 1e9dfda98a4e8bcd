"""Weights as pictures: each unit's incoming weights in the shape of the input, and as bars.

A cell tells its sign by a character (in its number, or beside its block) and by colour, its size
by the number or the block and by the colour's strength.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field

import numpy as np

from nnsim.i18n import _
from nnsim.lab.view import Selection
from nnsim.tui.draw.text import fit, number, width_of
from nnsim.tui.panels.network.layout import Matrix, strengths
from nnsim.tui.widgets.diagram_canvas import STRONGEST, Key, Line

CELLS = ((9, 3), (7, 3), (7, 2), (5, 2), (4, 2), (6, 1), (5, 1), (4, 1), (2, 1), (1, 1))
"""Sizes (columns, rows): a number with two decimals in a large cell, alone, a number with one
decimal, a sign and a block, a block alone."""
BLOCKS = " ░▒▓█"
MINUS_BLOCKS = " -=%@"  # (# is what ASCII makes of █)
BETWEEN = 2


@dataclass(frozen=True)
class Area:
    """A rectangle of cells."""

    x: int
    y: int
    width: int
    height: int

    def has(self, x: int, y: int) -> bool:
        """Whether a cell lies in it."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


def key_of(value: float, share: float, *, chosen: bool = False, cell: bool = False) -> Key:
    """Return the colour of a weight: its sign and strength."""
    name = "negative" if value < 0 else "positive"
    if chosen:
        return f"{name}-chosen", STRONGEST
    return (f"{name}-cell" if cell else name), min(STRONGEST, int(share * (STRONGEST + 0.99)))


def picture_shape(input_shape: tuple[int, ...], count: int, room: int) -> tuple[int, int]:
    """Return (rows, columns) of a weight image: as the input is, or in columns of `room` rows."""
    if len(input_shape) >= 2 and math.prod(input_shape) == count:
        return input_shape[0], math.prod(input_shape[1:])
    columns = max(1, math.ceil(count / max(1, room)))
    return math.ceil(count / columns), columns


@dataclass(frozen=True)
class WeightImages:
    """The images of one layer's units in an area, as many as fit around the anchor."""

    area: Area
    layer: int
    labels: tuple[str, ...]
    matrix: Matrix = field(repr=False)
    share: Matrix = field(repr=False)
    shape: tuple[int, int]
    pooled: int
    """So many inputs by so many are one cell, where the image is too large for the area."""
    cell: tuple[int, int]
    tiles: tuple[tuple[int, Area], ...]
    """Each image's unit and place; its first row is the unit's label."""
    left_out: int

    @classmethod
    def make(
        cls,
        area: Area,
        layer: int,
        labels: tuple[str, ...],
        matrix: Matrix,
        input_shape: tuple[int, ...],
        anchor: int,
        tallest: int = 1,
    ) -> WeightImages:
        """Choose the largest cells with which all images fit; else the smallest ones.

        `tallest` is how many rows a cell may take.
        """
        shape = picture_shape(input_shape, len(matrix), area.height - 1)
        pooled = 1
        while math.ceil(shape[0] / pooled) > max(1, area.height - 1) or math.ceil(
            shape[1] / pooled
        ) > max(1, area.width):
            pooled += 1
        rows, columns = math.ceil(shape[0] / pooled), math.ceil(shape[1] / pooled)
        count = len(labels)
        for cell, between in itertools.product(CELLS, (BETWEEN, 1)):
            tile = max(columns * cell[0], 3), rows * cell[1] + 1
            fits = cls._fitting(area, tile, count, between)
            if fits[0] * fits[1] >= count and cell[1] <= tallest:
                break
        left_out = max(0, count - fits[0] * fits[1])
        tiles = cls._tiles(area, tile, fits, count, anchor)
        share = strengths(matrix)
        return cls(
            area, layer, labels, matrix, share, shape, pooled, cell, tiles, left_out
        )  # fmt: skip

    @staticmethod
    def _fitting(area: Area, tile: tuple[int, int], count: int, between: int) -> tuple[int, int]:
        """Return how many images fit across and down; a blank row between them gives way first."""
        across = (area.width + between) // (tile[0] + between)
        down = (area.height + 1) // (tile[1] + 1)
        return (across, down) if across * down >= count else (across, area.height // tile[1])

    @staticmethod
    def _tiles(
        area: Area, tile: tuple[int, int], fits: tuple[int, int], count: int, anchor: int
    ) -> tuple[tuple[int, Area], ...]:
        across, down = fits
        shown = min(count, across * down)
        if not shown:
            return ()
        first = min(max(0, anchor - shown // 2), count - shown)
        lines = math.ceil(shown / across)
        step = tile[1] + (1 if lines * (tile[1] + 1) - 1 <= area.height else 0)
        # A little more air between images where there is room for it.
        beside = min(shown, across)
        between = min(6, (area.width - beside * tile[0]) // max(1, beside - 1) if beside > 1 else 0)
        places = []
        for i in range(shown):
            x = area.x + (i % across) * (tile[0] + between)
            places.append((first + i, Area(x, area.y + i // across * step, *tile)))
        return tuple(places)

    @property
    def height(self) -> int:
        """How many rows the images take."""
        return max((tile.y + tile.height - self.area.y for _unit, tile in self.tiles), default=0)

    def _inputs(self, row: int, column: int) -> list[int]:
        """Return the inputs that a cell stands for."""
        height, width = self.shape
        rows = range(row * self.pooled, min(height, (row + 1) * self.pooled))
        columns = range(column * self.pooled, min(width, (column + 1) * self.pooled))
        inputs = [r * width + c for r in rows for c in columns]
        return [i for i in inputs if i < len(self.matrix)]

    def draw(self, line: Line, y: int, focus: tuple[int, int], selection: Selection) -> None:
        """Draw row `y` of the whole picture."""
        for unit, tile in self.tiles:
            if not tile.y <= y < tile.y + tile.height:
                continue
            end = tile.x + tile.width
            if y == tile.y:
                focused = focus == (self.layer, unit)
                text = f"[{self.labels[unit]}]" if focused else f" {self.labels[unit]} "
                key: Key = ("selected", 0) if focused else ("name", 0)
                line.put(tile.x, fit(text, tile.width), key, end)
                continue
            for column in range(math.ceil(self.shape[1] / self.pooled)):
                row, part = divmod(y - tile.y - 1, self.cell[1])
                inputs = self._inputs(row, column)
                if inputs:
                    value = float(np.mean(self.matrix[inputs, unit]))
                    share = float(np.mean(self.share[inputs, unit]))
                    here = (selection.layer, selection.unit) == (self.layer, unit)
                    chosen = here and selection.source in inputs
                    middle = part == (self.cell[1] - 1) // 2
                    x = tile.x + column * self.cell[0]
                    self._draw_cell(line, x, value, share, chosen, middle)

    def _draw_cell(
        self, line: Line, x: int, value: float, share: float, chosen: bool, middle: bool
    ) -> None:
        block = 0 if share < 0.02 else min(4, 1 + int(share * 4))
        wide = self.cell[0]
        if not middle:
            text = " " * wide
        elif wide >= 4:
            text = number(value, min(5, wide)).center(wide)
        elif wide == 2:
            text = ("−" if value < 0 else "+") + (BLOCKS[block] if block else "·")
        else:
            text = (MINUS_BLOCKS if value < 0 else BLOCKS)[block] if block else "·"
        line.put(x, text, key_of(value, share, chosen=chosen, cell=wide >= 4))

    def hit(self, x: int, y: int) -> Selection | None:
        """Return the weight or the unit that is drawn at a cell."""
        for unit, tile in self.tiles:
            if tile.has(x, y):
                if y == tile.y:
                    return Selection(self.layer, unit)
                row, column = (y - tile.y - 1) // self.cell[1], (x - tile.x) // self.cell[0]
                inputs = self._inputs(row, column)
                return Selection(self.layer, unit, inputs[0]) if inputs else None
        return None


@dataclass(frozen=True)
class WeightBars:
    """The weights into each unit of a layer as signed numbers and bars, a few to a row."""

    area: Area
    layer: int
    labels: tuple[str, ...]
    sources: tuple[str, ...]
    matrix: Matrix = field(repr=False)
    share: Matrix = field(repr=False)
    entries: tuple[tuple[int, int, Area], ...]
    """Each weight's unit, source and place."""
    heads: tuple[tuple[int, int], ...]
    """Each unit's first row."""
    left_out: int
    bar: int

    @classmethod
    def make(
        cls,
        area: Area,
        layer: int,
        labels: tuple[str, ...],
        sources: tuple[str, ...],
        matrix: Matrix,
        anchor: int,
        chosen: int,
    ) -> WeightBars:
        """Place as many units as fit around the anchor; `chosen` is a source to keep in sight."""
        head = cls._head_width(labels)
        name = min(4, max(width_of(text) for text in sources))
        room = max(1, area.width - head)
        bar = min(8, max(2, (room + 2) // min(4, len(sources)) - 2 - name - 7))
        entry = name + 7 + bar
        per_line = max(1, (room + 2) // (entry + 2))
        bar = max(bar, min(8, (room + 2) // per_line - 2 - name - 7))
        entry = name + 7 + bar
        share = strengths(matrix)
        units, kept, left_out = cls._kept(
            area.height if entry <= room else 0, per_line, share, anchor, chosen
        )
        lines = math.ceil(len(kept) / per_line)
        entries, heads = [], []
        for i, unit in enumerate(units):
            top = area.y + i * lines
            heads.append((unit, top))
            for at, source in enumerate(kept):
                x = area.x + head + at % per_line * (entry + 2)
                entries.append((unit, source, Area(x, top + at // per_line, entry, 1)))
        return cls(
            area, layer, labels, sources, matrix, share, tuple(entries), tuple(heads), left_out, bar
        )  # fmt: skip

    @staticmethod
    def _kept(
        height: int, per_line: int, share: Matrix, anchor: int, chosen: int
    ) -> tuple[range, list[int], int]:
        """Return the units and sources that fit in `height` rows, and how many don't.

        All of each unit's weights if at least one unit fits; else one unit's strongest ones.
        """
        n_sources, n_units = share.shape
        lines = math.ceil(n_sources / per_line)
        shown = min(n_units, height // lines)
        if shown < n_units:
            shown = max(0, (height - 1) // lines)
        if shown or height < 2:
            first = min(max(0, anchor - shown // 2), n_units - shown)
            return range(first, first + shown), list(range(n_sources)), n_units - shown
        order = sorted(range(n_sources), key=lambda i: (i != chosen, -share[i, anchor]))
        kept = sorted(order[: (height - 1) * per_line])
        return range(anchor, anchor + 1), kept, n_sources - len(kept)

    @staticmethod
    def _head_width(labels: tuple[str, ...]) -> int:
        return min(8, max(width_of(text) for text in labels)) + 6

    @property
    def height(self) -> int:
        """How many rows the bars take, with the line that counts what was left out."""
        rows = max((place.y + 1 - self.area.y for *_ids, place in self.entries), default=0)
        return rows + (1 if self.left_out and self.entries else 0)

    def draw(self, line: Line, y: int, focus: tuple[int, int], selection: Selection) -> None:
        """Draw row `y` of the whole picture."""
        for unit, top in self.heads:
            if top == y:
                width = self._head_width(self.labels) - 3
                label = fit(self.labels[unit], width - 2)
                focused = focus == (self.layer, unit)
                text = f"[{label}]" if focused else f" {label} "
                key: Key = ("selected", 0) if focused else ("name", 0)
                line.put(self.area.x, text, key)
                line.put(self.area.x + width, "←", ("muted", 0))
        for unit, source, place in self.entries:
            if place.y == y:
                chosen = selection == Selection(self.layer, unit, source)
                self._draw_entry(line, unit, source, place, chosen)
        if self.left_out and self.entries and y == self.area.y + self.height - 1:
            text = "… " + _("{count} more").format(count=self.left_out)
            line.put(self.area.x + 1, text, ("muted", 0))

    def _draw_entry(self, line: Line, unit: int, source: int, place: Area, chosen: bool) -> None:
        value, share = float(self.matrix[source, unit]), float(self.share[source, unit])
        name = place.width - self.bar - 7
        line.put(place.x, fit(self.sources[source], name), ("label", 0))
        key = key_of(value, 0.3 + 0.7 * share)
        number_key = key_of(value, 1.0, chosen=chosen) if chosen else key
        line.put(place.x + name + 1, number(value), number_key)
        filled = max(1, round(share * self.bar)) if share >= 0.02 else 0
        x = place.x + name + 7
        line.put(x, ("▒" if value < 0 else "█") * filled, key)
        line.put(x + filled, "·" * (self.bar - filled), ("muted", 0))

    def hit(self, x: int, y: int) -> Selection | None:
        """Return the weight or the unit that is drawn at a cell."""
        for unit, source, place in self.entries:
            if place.has(x, y):
                return Selection(self.layer, unit, source)
        for unit, top in self.heads:
            if y == top and self.area.x <= x < self.area.x + self._head_width(self.labels) - 1:
                return Selection(self.layer, unit)
        return None
