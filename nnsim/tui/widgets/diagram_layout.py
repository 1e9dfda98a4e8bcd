"""Where everything of the network's picture stands, in cells. Pure arithmetic, no screen.

The layers are columns. A unit is a box of three rows; the inputs, and the units of a layer that
is too large for boxes, are one row each, the selected one opened to a box. What doesn't fit is
scrolled around the selected unit and counted above and below; layers that don't fit are folded
into a narrow mark.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["inputs", "units", "block", "folded"]

BOX_HEIGHT = 3
FOLDED_WIDTH = 3
FOCUS_GAP, LEAST_GAP, OTHER_GAP = 9, 2, 2
NUMBER_WIDTH = 7
NUMBERS_FROM = 13
"""A gap this wide has room for the weights' numbers beside its wires."""
WIDEST_GAP = 56


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
        """The first cell of the wires."""
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
