"""The wires of a circuit's picture: right-angled ways between the columns, in character cells.

Between two columns every wire runs to the right, along an upright track if it changes its row, and
to the right again. The wires that leave one node are one net and share a track; nets whose tracks
would overlap stand side by side, in an order that crosses few of them. Where a wire crosses a
strange one, the upright one passes over it unbroken.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8
LIGHT = {
    LEFT: "─", RIGHT: "─", LEFT | RIGHT: "─", UP: "│", DOWN: "│", UP | DOWN: "│",
    DOWN | RIGHT: "┌", DOWN | LEFT: "┐", UP | RIGHT: "└", UP | LEFT: "┘",
    UP | DOWN | RIGHT: "├", UP | DOWN | LEFT: "┤", DOWN | LEFT | RIGHT: "┬",
    UP | LEFT | RIGHT: "┴", UP | DOWN | LEFT | RIGHT: "┼",
}  # fmt: skip
HEAVY = dict(zip(LIGHT, "━━━┃┃┃┏┓┗┛┣┫┳┻╋", strict=True))
Point = tuple[int, int]


@dataclass
class Net:
    """The wires from one node through one gap between columns.

    Attributes
    ----------
    source : int
    leaves : int
        The row at which it comes in from the left.
    enters : set of int
        The rows at which it goes on to the right.
    track : int
        Which upright track it takes, from the left; −1 where it runs straight.
    """

    source: int
    leaves: int
    enters: set[int] = field(default_factory=set)
    track: int = -1

    @property
    def straight(self) -> bool:
        """Whether it needs no track."""
        return self.enters == {self.leaves}

    @property
    def span(self) -> tuple[int, int]:
        """The rows its track covers."""
        return min(self.leaves, *self.enters), max(self.leaves, *self.enters)


def assign_tracks(nets: Sequence[Net]) -> int:
    """Give every net of one gap that needs it a track; return how many tracks there are.

    A net that leaves at the row at which another enters comes left of it, or the two would run
    over one another in that row.
    """
    bent = [net for net in nets if not net.straight]
    # Of those that go down, the lower ones turn first; of those that go up, the upper ones.
    waiting = sorted(bent, key=_turn)
    placed: list[Net] = []
    while waiting:
        free = next((n for n in waiting if not _blocked(n, waiting)), waiting[0])
        waiting.remove(free)
        low, high = free.span
        beside = [n.track for n in placed if n.span[0] <= high and low <= n.span[1]]
        free.track = 1 + max(beside, default=-1)
        placed.append(free)
    return 1 + max((net.track for net in placed), default=-1)


def _turn(net: Net) -> tuple[int, int]:
    goes_down = sum(net.enters) > net.leaves * len(net.enters)
    return (0, -net.leaves) if goes_down else (1, net.leaves)


def _blocked(net: Net, waiting: Iterable[Net]) -> bool:
    return any(other is not net and other.leaves in net.enters for other in waiting)


def cells_along(points: Sequence[Point]) -> dict[Point, int]:
    """Return the cells of a way through `points` (each straight from the one before), and for
    each the sides at which the way goes on; at both ends it goes on level.
    """  # noqa: D205
    cells: dict[Point, int] = {points[0]: LEFT, points[-1]: RIGHT}
    if points[0] == points[-1]:
        cells[points[0]] = LEFT | RIGHT
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        x, y = x0, y0
        while (x, y) != (x1, y1):
            to_x = x + (x1 > x) - (x1 < x)
            to_y = y if to_x != x else y + (1 if y1 > y else -1)
            out = RIGHT if to_x > x else LEFT if to_x < x else DOWN if to_y > y else UP
            back = {RIGHT: LEFT, LEFT: RIGHT, DOWN: UP, UP: DOWN}[out]
            cells[x, y] = cells.get((x, y), 0) | out
            cells[to_x, to_y] = cells.get((to_x, to_y), 0) | back
            x, y = to_x, to_y
    return cells


def cells_of_net(net: Net, start: int, track: int, end: int) -> Iterator[tuple[Point, int]]:
    """Yield the cells of a net from column `start` to `end`, and the sides where it goes on.

    `track` is the column of its track, if it has one.
    """
    level = LEFT | RIGHT
    if net.straight:
        yield from (((x, net.leaves), level) for x in range(start, end + 1))
        return
    low, high = net.span
    yield from (((x, net.leaves), level) for x in range(start, track))
    for y in range(low, high + 1):
        part = (UP if y > low else 0) | (DOWN if y < high else 0)
        part |= (LEFT if y == net.leaves else 0) | (RIGHT if y in net.enters else 0)
        yield (track, y), part
    for y in net.enters:
        yield from (((x, y), level) for x in range(track + 1, end + 1))


def sides(of_nets: dict[int, int]) -> int:
    """Return the sides to draw in a cell, from the sides of each net in it."""
    if len(of_nets) == 1:
        return next(iter(of_nets.values()))
    found = set(of_nets.values())
    if found == {UP | DOWN, LEFT | RIGHT}:
        return UP | DOWN
    joined = 0
    for one in found:
        joined |= one
    return joined
