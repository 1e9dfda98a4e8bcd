"""Which cells of a row are drawn again: all that differ, and seldom others."""

import random

import numpy as np
from rich.cells import cell_len

from nnsim.tui.draw.lines import differing
from nnsim.tui.panels.map.field import FormRow, Manner


def cells(row, width) -> list[tuple[str, str]]:
    """Each cell with its style, cut as a widget cuts it."""
    found = []
    for text, style in row:
        for char in text:
            found += [(char, style)] + [("", style)] * (cell_len(char) - 1)
    if len(found) > width:
        found = [*found[: width - 1], ("…", found[-1][1])]
    return [*found, *([(" ", "")] * (width - len(found)))]


def test_every_cell_that_differs_is_drawn_again():
    rng = random.Random(4)
    words = ["a", "bc", "  ", "中", "def", ""]
    for _case in range(3000):
        before = [
            (rng.choice(words), rng.choice(["", "dim"])) for _piece in range(rng.randrange(7))
        ]
        now = list(before)
        for _change in range(rng.randrange(3)):
            now.insert(rng.randrange(len(now) + 1), (rng.choice(words), "strong"))
        if now and rng.random() < 0.5:
            del now[rng.randrange(len(now))]
        width = rng.randrange(1, 12)
        first, behind = differing(before, now, width)
        old, new = cells(before, width), cells(now, width)
        others = [x for x in range(width) if old[x] != new[x]]
        assert all(first <= x < behind for x in others), (before, now, width)


def test_one_piece_in_the_middle_is_drawn_alone():
    before = [("one", ""), ("two", ""), ("three", "")]
    assert differing(before, [("one", ""), ("six", ""), ("three", "")], 20) == (3, 6)
    assert differing(before, [("one", ""), ("two", "dim"), ("three", "")], 20) == (3, 6)


def test_of_a_map_the_cells_that_differ_and_what_stands_beside():
    manner = Manner(halves=True, width=1, letters=("0", "1"), signs=False, plain=False)

    def row(codes, beside=()):
        return FormRow(np.array(codes, np.int64).tobytes(), manner, 6, [(" ", ""), *beside])

    assert differing(row([1, 2, 3, 4]), row([1, 9, 3, 4]), 20) == (1, 2)
    assert differing(row([1, 2, 3, 4]), row([1, 9, 3, 8]), 20) == (1, 4)
    assert differing(row([1, 2]), row([1, 2], [("yes", "")]), 20) == (6, 10)
    assert differing(row([1, 2]), row([7, 2], [("yes", "")]), 20) == (0, 10)
    assert row([1, 2]) == row([1, 2])
