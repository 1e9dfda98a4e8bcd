"""The overview: all the weights as pictures and bars, beside the network with its strongest wires.

A weight tells its sign by a character (in its number, or beside its block) and by colour, its size
by the number or the block and by the colour's strength.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace

import numpy as np

from nnsim.i18n import _
from nnsim.lab.hiding import NetworkView, Selection
from nnsim.tui.draw.canvas import Canvas
from nnsim.tui.draw.numbers import number
from nnsim.tui.draw.text import fit, width_of
from nnsim.tui.draw.tiles import DIGITS, NOTHING, graded, largest, signed
from nnsim.tui.panels.network.focus import Carried, FocusPicture, draw_footer, matrix_of
from nnsim.tui.panels.network.layout import Matrix, strengths

CELLS = ((9, 3), (7, 3), (7, 2), (5, 2), (4, 2), (6, 1), (5, 1), (4, 1), (2, 1), (1, 1))
"""Sizes (columns, rows): a number with two decimals in a large cell, alone, a number with one
decimal, a sign and a block, a block alone."""
BETWEEN = 2
SIDE_BY_SIDE = 84
"""From this width the network stands beside the images, else below them."""
NETWORK_HEIGHT = 9
"""With fewer rows left the network is not drawn."""


@dataclass(frozen=True)
class Area:
    """A rectangle of cells."""

    x: int
    y: int
    width: int
    height: int


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
    values: Matrix = field(repr=False)
    """The mean of the weights that each cell of an image stands for, (cells, units)."""
    most: float
    inputs: int
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
        values, most = _pooled(matrix, shape, pooled), largest(matrix)
        return cls(
            area, layer, labels, values, most, len(matrix), shape, pooled, cell, tiles, left_out
        )

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
        return max((tile.y + tile.height - self.area.y for _unit, tile in self.tiles), default=0)

    def draw(self, line: Canvas, y: int, focus: tuple[int, int], selection: Selection) -> None:
        """Draw row `y` of the whole picture."""
        (wide, high), width = self.cell, self.shape[1]
        across = math.ceil(width / self.pooled)
        for unit, tile in self.tiles:
            if not tile.y <= y < tile.y + tile.height:
                continue
            if y == tile.y:
                text, style = _label(self.labels[unit], here=focus == (self.layer, unit))
                line.put(tile.x, fit(text, tile.width), style, tile.x + tile.width)
                line.claim(tile.x, tile.width, (self.layer, unit))
                continue
            row, part = divmod(y - tile.y - 1, high)
            written, chosen = part == (high - 1) // 2, self._chosen(unit, selection)
            for column in range(across):
                first = (row * width + column) * self.pooled
                if first >= self.inputs:
                    break
                at = row * across + column
                value = float(self.values[at, unit])
                text, style = signed(
                    value, self.most, wide, chosen=at == chosen, coloured=wide >= DIGITS, plus=True
                )
                x = tile.x + column * wide
                line.put(x, text if written else " " * wide, style)
                line.claim(x, wide, (self.layer, unit, first))

    def _chosen(self, unit: int, selection: Selection) -> int | None:
        """The cell of a unit's image that the chosen weight is in."""
        if selection.source is None or (selection.layer, selection.unit) != (self.layer, unit):
            return None
        row, column = divmod(selection.source, self.shape[1])
        return row // self.pooled * math.ceil(self.shape[1] / self.pooled) + column // self.pooled


def _pooled(matrix: Matrix, shape: tuple[int, int], by: int) -> Matrix:
    """The means over squares of an image, (squares, units)."""
    if by == 1:
        return matrix
    rows, columns = math.ceil(shape[0] / by), math.ceil(shape[1] / by)
    units = matrix.shape[1]
    image = np.zeros((shape[0] * shape[1], units + 1))
    image[: len(matrix), :units], image[: len(matrix), units] = matrix, 1.0
    padded = np.zeros((rows * by, columns * by, units + 1))
    padded[: shape[0], : shape[1]] = image.reshape(*shape, -1)
    sums = padded.reshape(rows, by, columns, by, -1).sum(axis=(1, 3)).reshape(rows * columns, -1)
    return np.asarray(sums[:, :units] / np.maximum(sums[:, units:], 1.0))


def _label(label: str, *, here: bool) -> tuple[str, str]:
    return (f"[{label}]", "here") if here else (f" {label} ", "strong")


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
        """The rows that they take, with the line that counts what was left out."""
        rows = max((place.y + 1 - self.area.y for *_ids, place in self.entries), default=0)
        return rows + (1 if self.left_out and self.entries else 0)

    def draw(self, line: Canvas, y: int, focus: tuple[int, int], selection: Selection) -> None:
        """Draw row `y` of the whole picture."""
        for unit, top in self.heads:
            if top == y:
                width = self._head_width(self.labels) - 3
                label = fit(self.labels[unit], width - 2)
                line.put(self.area.x, *_label(label, here=focus == (self.layer, unit)))
                line.claim(self.area.x, width + 2, (self.layer, unit))
                line.put(self.area.x + width, "←", "dim")
        for unit, source, place in self.entries:
            if place.y == y:
                chosen = selection == Selection(self.layer, unit, source)
                self._draw_entry(line, unit, source, place, chosen)
                line.claim(place.x, place.width, (self.layer, unit, source))
        if self.left_out and self.entries and y == self.area.y + self.height - 1:
            text = "… " + _("{count} more").format(count=self.left_out)
            line.put(self.area.x + 1, text, "dim")

    def _draw_entry(self, line: Canvas, unit: int, source: int, place: Area, chosen: bool) -> None:
        value, share = float(self.matrix[source, unit]), float(self.share[source, unit])
        name = place.width - self.bar - 7
        line.put(place.x, fit(self.sources[source], name))
        style = graded(value, 0.3 + 0.7 * share)
        line.put(
            place.x + name + 1, number(value), graded(value, 1, chosen=True) if chosen else style
        )
        filled = max(1, round(share * self.bar)) if share >= NOTHING else 0
        x = place.x + name + 7
        line.put(x, ("▒" if value < 0 else "█") * filled, style)
        line.put(x + filled, "·" * (self.bar - filled), "dim")


@dataclass(frozen=True)
class OverviewPicture:
    """Images of the first dense layer, bars of a later one, and the network where it fits."""

    view: NetworkView
    selection: Selection
    focus: tuple[int, int]
    carried: Carried
    size: tuple[int, int]
    images: WeightImages | None
    bars: WeightBars | None
    network: FocusPicture | None
    network_at: tuple[int, int] = (0, 0)

    @classmethod
    def make(
        cls,
        view: NetworkView,
        selection: Selection,
        focus: tuple[int, int],
        anchors: dict[int, int],
        size: tuple[int, int],
        carried: Carried = "weight",
    ) -> OverviewPicture:
        """Share the room between images, bars and network."""
        width, height = size
        body = height - cls._footer_height(height)
        beside = width >= SIDE_BY_SIDE and body >= NETWORK_HEIGHT
        x = width * 9 // 20 if beside else 0
        room = Area(x, 0, width - x, body)
        anchors = {**anchors, focus[0]: focus[1]}
        tallest = 3 if beside else 1
        images, bars, used = _weights(view, focus[0], anchors, room, carried, tallest)
        network, at, place = None, (0, 0), (x - 3, body)
        if not beside:
            at, place = (0, used), (width, body - used)
        if place[1] >= NETWORK_HEIGHT or images is None:
            network = FocusPicture.strongest(view, selection, focus, anchors, place, carried)
        else:
            images, bars, _used = _weights(view, focus[0], anchors, room, carried, tallest=3)
        return cls(view, selection, focus, carried, size, images, bars, network, at)

    @staticmethod
    def _footer_height(height: int) -> int:
        return 1 if height >= 10 else 0

    @property
    def _footer_row(self) -> int | None:
        height = self.size[1]
        return height - 1 if self._footer_height(height) else None

    def line(self, y: int) -> Canvas:
        """Draw row `y`; its cells stand for what a click there selects."""
        line = Canvas(self.size[0])
        if y == self._footer_row:
            draw_footer(line, self.view, self.selection, self.carried)
            return line
        if self.network is not None:
            left, top = self.network_at
            if 0 <= y - top < self.network.size[1]:
                line.paste(left, self.network.line(y - top))
        if self.images is not None:
            self.images.draw(line, y, self.focus, self.selection)
            if self.images.left_out and y == self.images.area.y + self.images.height:
                text = "… " + _("{count} more").format(count=self.images.left_out)
                line.put(self.images.area.x, fit(text, self.images.area.width), "dim")
        if self.bars is not None:
            self.bars.draw(line, y, self.focus, self.selection)
        return line


def _weights(
    view: NetworkView,
    focus: int,
    anchors: dict[int, int],
    room: Area,
    carried: Carried,
    tallest: int,
) -> tuple[WeightImages | None, WeightBars | None, int]:
    """Return the images, the bars, and the rows that both take."""
    dense = [i for i in range(len(view.layers)) if matrix_of(view.layers[i], carried) is not None]
    if not dense:
        return None, None, 0
    first = dense[0]
    later = focus if focus in dense and focus != first else dense[-1]
    matrix = matrix_of(view.layers[first], carried)
    assert matrix is not None
    bars_room = 0
    if later != first:
        bars_room = min(room.height // 3, 2 * len(view.layers[later].labels) + 1)
    shape = view.input_shape if first == 0 else (len(matrix),)
    # One row is kept for the line that counts what doesn't fit.
    area = Area(room.x, room.y, room.width, max(1, room.height - bars_room - 1))
    labels = view.layers[first].labels
    images = WeightImages.make(area, first, labels, matrix, shape, anchors.get(first, 0), tallest)
    used = images.height + (1 if images.left_out else 0)
    bars = None
    after = matrix_of(view.layers[later], carried) if later != first else None
    if after is not None:
        top = used + 1 if room.height - used > 3 else used
        names = _sources(view, later)
        rest = Area(room.x, top, room.width, max(0, room.height - top))
        if rest.height > 2 * NETWORK_HEIGHT and rest.width < SIDE_BY_SIDE:
            rest = replace(rest, height=rest.height - NETWORK_HEIGHT)
        bars = WeightBars.make(
            rest,
            later,
            view.layers[later].labels,
            names,
            after,
            anchors.get(later, 0),
            anchors.get(later - 1, 0),
        )
        used = top + bars.height
    return images, bars, min(room.height, used + 1)


def _sources(view: NetworkView, layer: int) -> tuple[str, ...]:
    return view.input_labels if layer == 0 else view.layers[layer - 1].labels
