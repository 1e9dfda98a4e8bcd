"""Where everything of the network's picture stands, in cells, and the wires between. No screen.

The layers are columns. A unit is a box of three rows; the inputs, and the units of a layer that
is too large for boxes, are one row each, the selected one opened to a box. What doesn't fit is
scrolled around the selected unit and counted above and below; layers that don't fit are folded
into a narrow mark.

A box of three rows has twelve dot rows: up to twelve wires come in, each at a port of its own,
in the order of their sources, so that no two cross or collide. A wire's thickness and brightness
say how strong the weight is, beside the largest one of its layer; dashes say that it is negative.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nnsim.lab.hiding import where_hidden
from nnsim.tui.draw.canvas import DOTS_X, DOTS_Y, NOBODY, Raster
from nnsim.tui.draw.styles import STRONGEST

Kind = Literal["inputs", "units", "block", "folded"]
Matrix = NDArray[np.float64]

BOX_HEIGHT = 3
FOLDED_WIDTH = 3
FOCUS_GAP, LEAST_GAP, OTHER_GAP = 9, 2, 2
NUMBER_WIDTH = 7
NUMBERS_FROM = 13
"""A gap this wide has room for the weights' numbers beside its wires."""
WIDEST_GAP = 56
PORTS = BOX_HEIGHT * DOTS_Y
FAINT = 3
"""How many of the selected unit's outgoing wires are hinted at."""
NEGLIGIBLE = 0.02
"""Wires weaker than this share of the strongest are not drawn."""
DASH = (4, 4)


@dataclass(frozen=True)
class Column:
    """What a layer asks for: ``layer`` is -1 for the input."""

    layer: int
    kind: Kind
    count: int
    width: int
    narrow: int
    group: int = 0
    """Inputs that belong together (a row of pixels); 0 where they don't."""


@dataclass(frozen=True)
class Item:
    """One unit: its index in the layer, its first row and how many rows it takes."""

    index: int
    top: int
    height: int

    @property
    def middle(self) -> int:
        """The row its wires leave from."""
        return self.top + self.height // 2


@dataclass(frozen=True)
class PlacedColumn:
    """A column on the screen; `above` and `below` count the units that are scrolled away."""

    layer: int
    kind: Kind
    x: int
    width: int
    items: tuple[Item, ...]
    above: int = 0
    below: int = 0

    @cached_property
    def rows(self) -> dict[int, Item]:
        return {item.top + row: item for item in self.items for row in range(item.height)}

    def item(self, index: int) -> Item | None:
        """Return where unit `index` stands, None if it is scrolled away."""
        return next((item for item in self.items if item.index == index), None)


@dataclass(frozen=True)
class Gap:
    """The room of the wires that come into `layer`; its first `numbers` cells hold the weights."""

    layer: int
    x: int
    width: int
    numbers: int

    @property
    def wires_x(self) -> int:
        return self.x + self.numbers


@dataclass(frozen=True)
class Layout:
    """The whole picture: rows `top` up to (not including) `bottom` hold the columns."""

    width: int
    height: int
    top: int
    bottom: int
    columns: tuple[PlacedColumn, ...]
    gaps: tuple[Gap, ...]

    def column(self, layer: int) -> PlacedColumn | None:
        """Return the column of a layer, None if there is no room for it."""
        return next((column for column in self.columns if column.layer == layer), None)

    def gap(self, layer: int) -> Gap | None:
        """Return the room before a layer, None if its source does not stand beside it."""
        return next((gap for gap in self.gaps if gap.layer == layer), None)


def lay_out(
    columns: tuple[Column, ...],
    size: tuple[int, int],
    focus: int,
    anchors: dict[int, int],
    *,
    numbers: bool = True,
    footer: bool = True,
) -> Layout:
    """Place the columns in `size` (width, height).

    Parameters
    ----------
    focus : int
        The layer whose wires are shown.
    anchors : dict
        The unit of each layer that must be in view.
    numbers, footer : bool
        Whether to leave room for the weights' numbers, and for a line at the bottom.
    """
    width, height = size
    top, bottom = (1 if height >= 8 else 0), height - (1 if footer and height >= 10 else 0)
    chosen = _choose(columns, width, focus)
    xs, gaps = _place_across(chosen, width, focus, numbers)
    placed = tuple(
        _place_down(column, x, top, bottom, anchors.get(column.layer, 0))
        for column, x in zip(chosen, xs, strict=True)
    )
    return Layout(width, height, top, bottom, placed, gaps)


def _choose(columns: tuple[Column, ...], width: int, focus: int) -> list[Column]:
    """Narrow columns until they fit in `width`; then fold, then leave out the ones farthest away.

    The last to go is the source of the focused layer, after its wires' room has shrunk.
    """
    chosen = list(columns)
    if _needed(chosen, focus) <= width:
        return chosen
    chosen = [replace(column, width=column.narrow) for column in chosen]
    far = sorted(columns, key=lambda column: -_distance(column.layer, focus))
    for column in far:
        if _distance(column.layer, focus) > 0 and _needed(chosen, focus) > width:
            at = next(i for i, other in enumerate(chosen) if other.layer == column.layer)
            chosen[at] = replace(column, kind="folded", width=FOLDED_WIDTH, narrow=FOLDED_WIDTH)
    far.sort(key=lambda column: (column.layer == focus, -_distance(column.layer, focus)))
    for column in far:
        if _needed(chosen, focus, LEAST_GAP) > width:
            chosen = [other for other in chosen if other.layer != column.layer]
    return chosen


def _distance(layer: int, focus: int) -> float:
    """How little a layer matters: the focused one and its source are needed most."""
    return 0 if layer in (focus, focus - 1) else abs(layer - focus + 0.6)


def _needed(columns: list[Column], focus: int, focus_gap: int = FOCUS_GAP) -> int:
    gaps = (focus_gap if column.layer == focus else OTHER_GAP for column in columns[1:])
    return sum(column.width for column in columns) + sum(gaps)


def _place_across(
    columns: list[Column], width: int, focus: int, numbers: bool
) -> tuple[list[int], tuple[Gap, ...]]:
    """Return each column's first cell, and the gaps between neighbouring layers."""
    free = max(0, width - sum(column.width for column in columns))
    # Without numbers no gap is wider than the others: all show their wires alike.
    widths = _gap_widths(columns, free, focus if numbers else None)
    x = max(0, (width - sum(column.width for column in columns) - sum(widths)) // 2)
    xs: list[int] = []
    gaps: list[Gap] = []
    for i, column in enumerate(columns):
        if i > 0:
            taken = NUMBER_WIDTH if numbers and widths[i - 1] >= NUMBERS_FROM else 0
            if columns[i - 1].layer == column.layer - 1:
                gaps.append(Gap(column.layer, x, widths[i - 1], taken))
            x += widths[i - 1]
        xs.append(x)
        x += column.width
    return xs, tuple(gaps)


def _gap_widths(columns: list[Column], free: int, focus: int | None) -> list[int]:
    """Share the free cells: evenly where there is plenty (or no focus), else most to the focus.

    With plenty of room nothing moves when the focus does.
    """
    gaps = len(columns) - 1
    if gaps <= 0:
        return []
    if free >= 16 * gaps:
        shares = [3 if i == 0 else 2 for i in range(gaps)]
        return [min(WIDEST_GAP, free * share // sum(shares)) for share in shares]
    focused = [i for i in range(gaps) if columns[i + 1].layer == focus]
    if not focused:
        return [max(0, min(WIDEST_GAP, free // gaps))] * gaps
    other = max(0, min(8, (free - NUMBERS_FROM - 4) // max(1, gaps - 1)))
    other = max(other, min(OTHER_GAP, free // gaps))
    widths = [other] * gaps
    widths[focused[0]] = max(0, min(WIDEST_GAP, free - other * (gaps - 1)))
    return widths


def _place_down(column: Column, x: int, top: int, bottom: int, anchor: int) -> PlacedColumn:
    """Place the units of a column between two rows, around unit `anchor`."""
    room = bottom - top
    if column.kind in ("block", "folded"):
        high = min(room, 5 if column.kind == "block" else 1)
        item = Item(0, top + (room - high) // 2, high)
        return PlacedColumn(column.layer, column.kind, x, column.width, (item,) if high else ())
    anchor = min(max(0, anchor), column.count - 1)
    if column.kind == "units" and column.count * BOX_HEIGHT <= room:
        items = _spread(column.count, BOX_HEIGHT, 0, top, room)
        return PlacedColumn(column.layer, column.kind, x, column.width, items)
    opened = column.kind == "units"
    extra = BOX_HEIGHT - 1 if opened and room >= BOX_HEIGHT else 0
    if column.count + extra <= room and not opened:
        items = _spread(column.count, 1, column.group, top, room)
        return PlacedColumn(column.layer, column.kind, x, column.width, items)
    return _scrolled(column, x, top, room, anchor, extra)


def _spread(count: int, high: int, group: int, top: int, room: int) -> tuple[Item, ...]:
    """Place what fits, centred: groups a row apart where there is room, then every unit."""
    groups = (count - 1) // group if group else 0
    stride, group_gap = high, 0
    if high == 1:
        if count + groups <= room:
            group_gap = 1
        if 2 * count - 1 + groups <= room:
            stride = 2
        elif 2 * count - 1 <= room:
            stride, group_gap = 2, 0
    elif count > 1:
        stride = high + min(6, (room - high * count) // count)
    tops = [i * stride + (i // group * group_gap if group else 0) for i in range(count)]
    start = top + (room - tops[-1] - high) // 2
    return tuple(Item(i, start + y, high) for i, y in enumerate(tops))


def _scrolled(column: Column, x: int, top: int, room: int, anchor: int, extra: int) -> PlacedColumn:
    """Place as many single rows as fit around the anchor, which is opened to a box."""
    shown = min(column.count, max(1, room - extra))
    first = 0
    if shown < column.count:
        # A row at either end says how many more there are, where there is room to say it.
        for ends in (1, 2):
            shown = max(1, room - extra - ends)
            first = min(max(0, anchor - shown // 2), column.count - shown)
            if first == 0 or first + shown == column.count:
                break
    above, below = first, column.count - first - shown
    used = shown + extra + (above > 0) + (below > 0)
    if used > room:
        above = below = 0
        used = shown + extra
    y = top + max(0, (room - used) // 2) + (above > 0)
    items = []
    for index in range(first, first + shown):
        high = 1 + extra if index == anchor else 1
        items.append(Item(index, y, min(high, max(1, room))))
        y += high
    return PlacedColumn(column.layer, column.kind, x, column.width, tuple(items), above, below)


@dataclass(frozen=True)
class Wire:
    """One weight's line, in dots from the picture's top left corner."""

    source: int
    target: int
    start: tuple[int, int]
    end: tuple[int, int]
    share: float
    """|w| beside the largest of the layer, 0 to 1."""
    negative: bool
    faint: bool = False
    chosen: bool = False

    @property
    def style(self) -> str:
        level = 1 if self.faint else min(STRONGEST, 1 + int(self.share * STRONGEST))
        name = "negative" if self.negative else "positive"
        return f"{name} cursor" if self.chosen else f"{name}@{level}"


def ports(item: Item, count: int) -> list[int]:
    """Return the dot rows of `count` ports of a box, evenly spread, no two the same."""
    dots = item.height * DOTS_Y
    count = min(count, dots)
    return [item.top * DOTS_Y + int((i + 0.5) * dots / count) for i in range(count)]


def strengths(matrix: Matrix) -> Matrix:
    """Return |w| beside the largest finite one; what is not finite counts as largest.

    A number that is hidden has no wire.
    """
    size = np.abs(matrix)
    if np.isnan(size).any():
        size = np.where(where_hidden(matrix), 0.0, size)
    finite = size[np.isfinite(size)]
    largest = float(finite.max()) if finite.size else 0.0
    if largest == 0.0:
        return np.where(np.isfinite(size), 0.0, 1.0)
    return np.where(np.isfinite(size), size / largest, 1.0)


def incoming(
    layout: Layout, matrix: Matrix, layer: int, unit: int, chosen: int | None = None
) -> list[Wire]:
    """Return the wires into one unit from those of its sources that are in view.

    At most twelve, the strongest; the chosen one is always among them.
    """
    sources, target = layout.column(layer - 1), layout.column(layer)
    gap = layout.gap(layer)
    item = target.item(unit) if target else None
    if sources is None or gap is None or item is None or sources.kind not in ("inputs", "units"):
        return []
    share = strengths(matrix)[:, unit]
    seen = [source for source in sources.items if source.index < len(share)]
    wanted = [s for s in seen if share[s.index] >= NEGLIGIBLE or s.index == chosen]
    limit = min(PORTS, item.height * DOTS_Y)
    wanted.sort(key=lambda s: (s.index != chosen, -share[s.index]))
    # Ports are counted for all that could come in, so that a line keeps its port while others
    # fade; with more sources than ports only the strongest have one.
    if len(seen) <= limit:
        port = dict(zip((s.index for s in seen), ports(item, len(seen)), strict=True))
    else:
        kept = sorted(wanted[:limit], key=lambda s: s.index)
        port = dict(zip((s.index for s in kept), ports(item, len(kept)), strict=True))
    x0, x1 = gap.wires_x * DOTS_X, (gap.x + gap.width) * DOTS_X - 1
    return [
        Wire(
            source.index,
            unit,
            (x0, source.middle * DOTS_Y + 1),
            (x1, port[source.index]),
            float(share[source.index]),
            bool(matrix[source.index, unit] < 0),
            chosen=source.index == chosen,
        )
        for source in sorted(wanted, key=lambda s: s.index)
        if source.index in port
    ]


def outgoing(layout: Layout, matrix: Matrix, layer: int, unit: int) -> list[Wire]:
    """Return faint wires for the few strongest weights from `unit` into the units of `layer`."""
    gap, sources, targets = layout.gap(layer), layout.column(layer - 1), layout.column(layer)
    item = sources.item(unit) if sources else None
    if gap is None or targets is None or item is None or targets.kind != "units" or gap.width < 4:
        return []
    share = strengths(matrix)[unit]
    boxes = [box for box in targets.items if box.height == BOX_HEIGHT]
    boxes = sorted(boxes, key=lambda box: -share[box.index])[:FAINT]
    boxes = sorted((b for b in boxes if share[b.index] >= NEGLIGIBLE), key=lambda b: b.index)
    starts = ports(item, max(1, len(boxes)))
    return [
        Wire(
            unit,
            box.index,
            (gap.x * DOTS_X, start),
            ((gap.x + gap.width) * DOTS_X - 1, box.top * DOTS_Y + box.height * DOTS_Y // 2),
            float(share[box.index]),
            bool(matrix[unit, box.index] < 0),
            faint=True,
        )
        for box, start in zip(boxes, starts, strict=False)
    ]


def strongest(layout: Layout, matrix: Matrix, layer: int, limit: int, least: float) -> list[Wire]:
    """Return the strongest wires of a whole layer: at most `limit`, none below the share `least`.

    Each has a port of its own at its unit.
    """
    share = strengths(matrix)
    order = np.argsort(-share, axis=None, kind="stable")[:limit]
    places = [np.unravel_index(int(at), share.shape) for at in order]
    wanted = {(int(i), int(j)) for i, j in places if share[i, j] >= max(least, NEGLIGIBLE)}
    wires: list[Wire] = []
    for unit in sorted({j for _, j in wanted}):
        into = [i for i, j in wanted if j == unit]
        only = np.zeros_like(matrix)
        only[into, unit] = matrix[into, unit]
        wires += [
            replace(wire, share=float(share[wire.source, unit]))
            for wire in incoming(layout, only, layer, unit)
        ]
    return wires


Cells = tuple[tuple[int, str, str], ...]
"""Where a wire is drawn in a row: column, character and style."""


@lru_cache(maxsize=32)  # as long as the weights stay, only cells beside the wires change
def draw(gap: Gap, height: int, wires: tuple[Wire, ...]) -> tuple[Cells, ...]:
    raster = Raster(gap.width, height)
    left = gap.x * DOTS_X
    rooms = _rooms(wires)
    order = sorted(range(len(wires)), key=lambda i: (wires[i].chosen, wires[i].share))
    for i in order:
        wire = wires[i]
        raster.line(
            (wire.start[0] - left, wire.start[1]),
            (wire.end[0] - left, wire.end[1]),
            i,
            thickness=_Thickness(wire, *rooms[i]),
            dash=DASH if wire.negative else None,
        )
    styles = [wire.style for wire in wires]
    return tuple(
        tuple(
            (x, char, styles[owner])
            for x, (char, owner) in enumerate(raster.row(y), gap.x)
            if owner != NOBODY
        )
        for y in range(height)
    )


class _Thickness:
    """How many dots high a wire is on its way: less where its neighbours come near."""

    def __init__(self, wire: Wire, room_at_start: int, room_at_end: int) -> None:
        self._most = 1 if wire.faint else 1 + (wire.share > 0.3) + (wire.share > 0.65)
        self._start, self._end = room_at_start, room_at_end

    def __call__(self, share: float) -> int:
        room = self._start + (self._end - self._start) * share
        return min(self._most, max(1, int(room) - 1))


def _rooms(wires: tuple[Wire, ...]) -> list[tuple[int, int]]:
    """Return for each wire how far the nearest neighbour is, at its start and at its end."""
    far = 99
    rooms = []
    for wire in wires:
        others = [other for other in wires if other is not wire]
        starts = [abs(other.start[1] - wire.start[1]) for other in others]
        ends = [abs(other.end[1] - wire.end[1]) for other in others]
        rooms.append(
            (min((d for d in starts if d), default=far), min((d for d in ends if d), default=far))
        )
    return rooms
