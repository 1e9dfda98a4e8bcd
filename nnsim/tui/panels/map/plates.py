"""What a network for pictures has to look at: kernels with feature maps, or weight images.

Each filter or unit is a tile of one or more plates, pictures whose every number has an address. A
tiling lays them out in the room there is, and knows where each number stands.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.hiding import HIDDEN, MARK, Hidden, is_hidden
from nnsim.tui.draw.lines import joined
from nnsim.tui.draw.numbers import number, precise
from nnsim.tui.draw.styles import Sheet
from nnsim.tui.draw.text import fit, width_of
from nnsim.tui.draw.tiles import largest, signed

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.addresses import LayerNames

Array = NDArray[np.float64]

PLAIN = ("activation", "batch_norm", "dropout")
"""Layers between a convolution and its pool that keep the shape."""
POOLS = ("max_pool2d", "average_pool2d")
TOGETHER = 3
"""So many channels of a kernel stand side by side."""
DIGITS, SHADES = 6, 2
"""Columns of a number with its digits, and as a shade."""
BETWEEN = 2


@dataclass(frozen=True, eq=False)
class Plate:
    """One picture of numbers, such as a kernel or a feature map."""

    values: Array
    most: float  # the largest size among all that is compared with it
    # prefix, suffix: its numbers' addresses are ``prefix + "row,column" + suffix``, or, with
    # `channels`, the position in a row: ``prefix + "index" + suffix``
    prefix: str
    suffix: str
    # ``"kernel"`` (its digits matter: it gets them first), ``"map"``, ``"pool"``, ``"weights"``
    kind: str
    # of a dense layer's weights: which channel of how many it shows
    channels: tuple[int, int] | None = None

    @property
    def detail(self) -> bool:
        """Whether its digits matter."""
        return self.kind == "kernel"

    def address(self, row: int, column: int) -> str:
        if self.channels is None:
            return f"{self.prefix}{row + 1},{column + 1}{self.suffix}"
        channel, count = self.channels
        index = (row * self.values.shape[1] + column) * count + channel
        return f"{self.prefix}{index + 1}{self.suffix}"

    def covered(self, hidden: frozenset[str]) -> Plate:
        """The same without the numbers that a lesson asks for."""
        values = self.values
        for row, column in np.ndindex(*values.shape):
            if self.address(row, column) in hidden:
                values = values.copy() if values is self.values else values
                values[row, column] = HIDDEN
        return self if values is self.values else replace(self, values=values)


@dataclass(frozen=True, eq=False)
class Tile:
    """A filter or unit: its name, a note beside it, and its plates from left to right."""

    name: str
    plates: tuple[Plate, ...]
    note: str = ""


@dataclass(frozen=True)
class Spot:
    """A number: its tile, its plate there, its row and column, from 0."""

    tile: int = 0
    plate: int = 0
    row: int = 0
    column: int = 0

    def within(self, tiles: tuple[Tile, ...]) -> Spot:
        """The same, or the nearest that there is."""
        if not tiles:
            return Spot()
        tile = min(self.tile, len(tiles) - 1)
        plate = min(self.plate, len(tiles[tile].plates) - 1)
        rows, columns = tiles[tile].plates[plate].values.shape
        return Spot(tile, plate, min(self.row, rows - 1), min(self.column, columns - 1))


@dataclass(frozen=True)
class Look:
    """What of a network is looked at."""

    layer: int
    field: str = "a"  # ``"a"`` or ``"z"`` of a feature map
    channel: int = 0  # which channel of the kernels (or of the picture)


def layers_to_see(lab: Lab) -> list[int]:
    """The convolutions; without any, the first dense layer if the input goes right into it."""
    names = lab.names.layers
    found = [i for i, layer in enumerate(names) if layer.kind == "conv2d"]
    if found or lab.experiment.input.kind not in ("pixels", "vector"):
        return found
    for i, layer in enumerate(names):
        if layer.kind == "dense":
            return [i]
        if layer.kind not in ("flatten", *PLAIN):
            break
    return []


def channels(lab: Lab, layer: int) -> int:
    """How many channels a kernel of a layer has (the picture, where a dense layer looks at it)."""
    shape = lab.names.layers[layer].kernel_shape
    return int(shape[2]) if len(shape) == 3 else lab.experiment.input.channels


def pool_after(lab: Lab, layer: int) -> int | None:
    """The pool that takes a convolution's feature maps, if one does."""
    names = lab.names.layers
    for i in range(layer + 1, len(names)):
        if names[i].kind in POOLS:
            return i
        if names[i].kind not in PLAIN:
            break
    return None


def tiles(lab: Lab, look: Look, hidden: Hidden) -> tuple[Tile, ...]:
    """One tile for each filter or unit of a layer, for the input on the bench."""
    conv = lab.names.layers[look.layer].kind == "conv2d"
    found = _filters(lab, look) if conv else _units(lab, look)
    if not hidden:
        return found
    asked = hidden.addresses
    return tuple(
        replace(tile, plates=tuple(plate.covered(asked) for plate in tile.plates)) for tile in found
    )


def _filters(lab: Lab, look: Look) -> tuple[Tile, ...]:
    """Each filter's kernel (of many channels one), feature map, and the pooled map."""
    names, traced = lab.names.layers[look.layer], lab.trace.layers[look.layer]
    kernel = np.asarray(lab.network.layers[look.layer].weight)
    seen = np.asarray(traced.z if look.field == "z" else traced.a)[0]
    pool = pool_after(lab, look.layer)
    pooled = None if pool is None else np.asarray(lab.trace.layers[pool].a)[0]
    weights, maps = largest(kernel), largest(seen)
    depth = channels(lab, look.layer)
    in_sight = range(depth) if depth <= TOGETHER else (look.channel,)
    found = []
    for unit in range(names.units):
        name = f"{names.name}[{unit + 1}]"
        plates = [
            Plate(kernel[:, :, channel, unit], weights, f"{name}.w[", f",{channel + 1}]", "kernel")
            for channel in in_sight
        ]
        plates.append(Plate(seen[:, :, unit], maps, f"{name}.{look.field}[", "]", "map"))
        if pool is not None and pooled is not None:
            prefix = f"{lab.names.layers[pool].name}[{unit + 1}].a["
            plates.append(Plate(pooled[:, :, unit], largest(pooled), prefix, "]", "pool"))
        note = "" if traced.bias is None else f"b {number(float(traced.bias[unit]), 6).strip()}"
        found.append(Tile(_label(names, unit), tuple(plates), note))
    return tuple(found)


def _units(lab: Lab, look: Look) -> tuple[Tile, ...]:
    """Each unit's weights in the shape of the picture (one channel of it)."""
    names = lab.names.layers[look.layer]
    rows, columns, count = lab.experiment.input.picture_shape
    weight = np.asarray(lab.network.layers[look.layer].weight)
    pictures = weight.reshape(rows, columns, count, -1)[:, :, look.channel, :]
    most, channel = largest(weight), (look.channel, count)
    return tuple(
        Tile(_label(names, unit), (
            Plate(pictures[:, :, unit], most, f"{names.name}[{unit + 1}].w[", "]",
                  "weights", channel),
        ))
        for unit in range(names.units)
    )  # fmt: skip


def _label(names: LayerNames, unit: int) -> str:
    return names.labels[unit] if names.labels else f"{names.name} {unit + 1}"


def heading(lab: Lab, look: Look) -> str:
    names = lab.names.layers[look.layer]
    depth, conv = channels(lab, look.layer), names.kind == "conv2d"
    if not conv:
        text = _("weights of {name}, in the shape of the input")
    elif pool_after(lab, look.layer) is None:
        text = _("{name}: kernel, then its map ({field}) of the input")
    else:
        text = _("{name}: kernel, its map ({field}) of the input, pooled")
    text = text.format(name=names.name, field=look.field)
    if depth > (TOGETHER if conv else 1):
        text += " · " + _("channel {n} of {m}").format(n=look.channel + 1, m=depth)
    return text


def footer(lab: Lab, look: Look, found: tuple[Tile, ...], spot: Spot) -> list[str]:
    """The number under the cursor with its address; and what it is about."""
    plate = found[spot.tile].plates[spot.plate]
    value = float(plate.values[spot.row, spot.column])
    shown = MARK if is_hidden(value) else precise(value).strip()
    first = f"{plate.address(spot.row, spot.column)} = {shown}"
    row, column, unit = spot.row + 1, spot.column + 1, found[spot.tile].name
    if plate.kind == "kernel":
        text = _("row {row}, column {column} of the kernel of {unit}")
        return [first, text.format(row=row, column=column, unit=unit)]
    if plate.kind == "weights":
        if lab.experiment.input.kind == "pixels":
            text = _("from the pixel at row {row}, column {column} into {unit}")
            return [first, text.format(row=row, column=column, unit=unit)]
        source = lab.names.input_labels[spot.column]
        return [first, _("from {name} into {unit}").format(name=source, unit=unit)]
    layer = look.layer if plate.kind == "map" else pool_after(lab, look.layer)
    assert layer is not None
    if plate.kind == "map" and look.field == "z" and not is_hidden(value):
        traced = lab.trace.layers[layer]
        a = float(np.asarray(traced.a)[0][spot.row, spot.column, spot.tile])
        first += f" → {traced.activation} → {precise(a).strip()}"
    return [first, _window(lab, layer, spot)]


def _window(lab: Lab, layer: int, spot: Spot) -> str:
    """Which rows and columns of the picture before a number of a map is about."""
    made: Any = lab.network.layers[layer]
    pool = made.kind in POOLS
    rows, columns = (made.size, made.size) if pool else made.kernel_size
    padding = 0 if pool else made.padding
    shape = lab.names.layers[layer - 1].output_shape if layer else lab.experiment.input.shape
    ends = []
    for place, size, most in ((spot.row, rows, shape[0]), (spot.column, columns, shape[1])):
        first = place * made.stride - padding
        ends += [max(1, first + 1), min(most, first + size)]
    before = lab.names.layers[layer - 1].name if layer else _("the input")
    text = _("looks at rows {a}–{b}, columns {c}–{d} of {name}")
    return text.format(a=ends[0], b=ends[1], c=ends[2], d=ends[3], name=before)


@dataclass(frozen=True)
class Tiling:
    """All tiles laid out on a sheet, of which a part is in sight."""

    tiles: tuple[Tile, ...] = ()
    # columns of a number, of plates whose digits matter and of the others
    wide: tuple[int, int] = (1, 1)
    below: bool = False  # whether the other plates stand below the first one, instead of beside it
    across: int = 1  # tiles in a row
    tile: tuple[int, int] = (1, 1)  # columns and lines of a tile, with what lies between

    @classmethod
    def of(cls, tiles: tuple[Tile, ...], room: tuple[int, int]) -> Tiling:
        """Lay tiles out for a window: as many in sight as can be, then with digits if possible."""
        best, tiling = (-1.0, 0), cls()
        widths = ((DIGITS, DIGITS), (DIGITS, SHADES), (SHADES, SHADES), (1, 1))
        choices = [(wide, below) for wide in widths for below in (False, True)]
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
                best, tiling = score, cls(tiles, wide, below, across, size)
        return tiling

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

    def plate(self, at: Spot) -> Plate:
        return self.tiles[at.tile].plates[at.plate]

    def width(self, plate: Plate) -> int:
        return self.wide[0 if plate.detail else 1]

    def corner(self, index: int) -> tuple[int, int]:
        """Where a tile starts: its name, with the plates below."""
        down, right = divmod(index, self.across)
        return right * self.tile[0], down * self.tile[1]

    def plates(self, index: int) -> Iterator[tuple[int, Plate, int, int]]:
        """Each plate of a tile: its number, itself, and where it starts."""
        x, y = self.corner(index)
        start, above, first = x, self.below, self.tiles[index].plates[0]
        for i, plate in enumerate(self.tiles[index].plates):
            if above and not plate.detail:
                start, y, above = x, y + len(first.values) + 1, False
            yield i, plate, start, y + 1
            start += plate.values.shape[1] * self.width(plate) + BETWEEN

    def place(self, at: Spot) -> tuple[int, int, int]:
        """The first column, the line and the width of a number."""
        _i, plate, x, y = list(self.plates(at.tile))[at.plate]
        return x + at.column * self.width(plate), y + at.row, self.width(plate)

    def at(self, x: int, y: int) -> Spot | None:
        """The number at a cell of the sheet."""
        right, down = x // self.tile[0], y // self.tile[1]
        index = down * self.across + right
        if not (0 <= right < self.across and 0 <= index < len(self.tiles)):
            return None
        for i, plate, start, top in self.plates(index):
            row, column = y - top, (x - start) // self.width(plate)
            if 0 <= row < plate.values.shape[0] and 0 <= column < plate.values.shape[1]:
                return Spot(index, i, row, column)
        return None

    def step(self, at: Spot, right: int, down: int) -> Spot:
        """The number nearest to one in a direction; the same where there is none."""
        x, y, width = self.place(at)
        middle = x + width // 2
        best, found = math.inf, at
        for index in self._near(at.tile, right, down):
            for i, plate, start, top in self.plates(index):
                wide, (rows, columns) = self.width(plate), plate.values.shape
                row = min(max(y - top + down, 0), rows - 1)
                column = min(max((middle - start) // wide + right, 0), columns - 1)
                dx = start + column * wide + wide // 2 - middle
                dy = top + row - y
                ahead = dx * right if right else dy * down
                # Straight on is much nearer than off to the side.
                far = ahead + 20 * (abs(dy) if right else abs(dx) // 2)
                if ahead > 0 and far < best:
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
        return [index, *(i for i in others if abs(i // self.across - line) <= 1)]

    def row(self, y: int, first: int, width: int, spot: Spot, *, coloured: bool) -> TileRow:
        """Line `y` of the sheet, from the column `first` on."""
        parts: list[Text | Numbers] = []
        down, inside = divmod(y, self.tile[1])
        for index in range(down * self.across, min((down + 1) * self.across, len(self.tiles))):
            x, _top = self.corner(index)
            if x - first >= width or x + self.tile[0] <= first:
                continue
            tile, here = self.tiles[index], spot.tile == index
            if inside == 0:
                text = fit(f"[{tile.name}]" if here else f" {tile.name} ", self.tile[0] - BETWEEN)
                parts.append((x, text, "here" if here else "strong"))
                x += width_of(text) + 1
                if x + width_of(tile.note) <= self.corner(index)[0] + self.tile[0] - BETWEEN:
                    parts.append((x, tile.note, "dim"))
                continue
            for i, plate, start, top in self.plates(index):
                row = y - top
                if 0 <= row < len(plate.values):
                    chosen = spot.column if (spot.plate, spot.row) == (i, row) and here else -1
                    values = plate.values[row].astype(np.float64).tobytes()
                    parts.append((start, values, plate.most, self.width(plate), chosen))
        return TileRow(tuple(parts), first, width, coloured)


Text = tuple[int, str, str]
"""A column, what is written there, and its style."""
Numbers = tuple[int, bytes, float, int, int]
"""A column, numbers from there on, the largest beside them, the cells of each, the one chosen."""


@dataclass(frozen=True)
class TileRow:
    """A line of the sheet, as data: painted only where it has changed."""

    parts: tuple[Text | Numbers, ...]
    first: int  # column in sight
    width: int
    coloured: bool

    def pieces(self, _sheet: Sheet) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        x, end = self.first, self.first + self.width
        for start, text, style in self._runs():
            while text and start < x:  # to the left of what is in sight
                start, text = start + width_of(text[0]), text[1:]
            if text and start < end:
                found += [(" " * (start - x), ""), (text, style)]
                x = start + width_of(text)
        return found

    def _runs(self) -> Iterator[Text]:
        """Words, and numbers that look alike, with their columns, from left to right."""
        for part in self.parts:
            if len(part) == 3:
                yield part
                continue
            start, values, most, width, chosen = part
            painted = [
                signed(value, most, width, chosen=column == chosen, coloured=self.coloured)
                for column, value in enumerate(np.frombuffer(values).tolist())
            ]
            for text, style in joined(painted):
                yield start, text, style
                start += width_of(text)
