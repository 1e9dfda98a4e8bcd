"""Which wires the picture shows, where they end, and how they look in braille.

A box of three rows has twelve dot rows: up to twelve wires come in, each at a port of its own,
in the order of their sources, so that no two cross or collide. A wire's thickness and brightness
say how strong the weight is, beside the largest one of its layer; dashes say that it is negative.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nnsim.lab.hiding import where_hidden
from nnsim.tui.widgets.braille import DOTS_X, DOTS_Y, NOBODY, Raster
from nnsim.tui.widgets.diagram_canvas import STRONGEST, Key
from nnsim.tui.widgets.diagram_layout import BOX_HEIGHT, Gap, Item, Layout

Matrix = NDArray[np.float64]

PORTS = BOX_HEIGHT * DOTS_Y
FAINT = 3
"""How many of the selected unit's outgoing wires are hinted at."""
NEGLIGIBLE = 0.02
"""Wires weaker than this share of the strongest are not drawn."""
DASH = (4, 4)


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
    def key(self) -> Key:
        """Its colour: sign and strength."""
        level = 1 if self.faint else min(STRONGEST, 1 + int(self.share * STRONGEST))
        name = "negative" if self.negative else "positive"
        return (f"{name}-chosen", STRONGEST) if self.chosen else (name, level)


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


Cells = list[tuple[str, Key]]


def draw(gap: Gap, layout: Layout, wires: Iterable[Wire]) -> list[Cells]:
    """Return the rows of the layout, each with the cells of this gap's wires."""
    wires = list(wires)
    raster = Raster(gap.width, layout.height)
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
    blank: Key = ("plain", 0)
    return [
        [(char, blank if owner == NOBODY else wires[owner].key) for char, owner in raster.row(y)]
        for y in range(layout.height)
    ]


class _Thickness:
    """How many dots high a wire is on its way: less where its neighbours come near."""

    def __init__(self, wire: Wire, room_at_start: int, room_at_end: int) -> None:
        self._most = 1 if wire.faint else 1 + (wire.share > 0.3) + (wire.share > 0.65)
        self._start, self._end = room_at_start, room_at_end

    def __call__(self, share: float) -> int:
        room = self._start + (self._end - self._start) * share
        return min(self._most, max(1, int(room) - 1))


def _rooms(wires: list[Wire]) -> list[tuple[int, int]]:
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
