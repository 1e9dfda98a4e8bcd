"""Numbers of a fixed width, blocks, and lines of braille."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnsim.tui.draw.canvas import NOBODY, Canvas, Raster
from nnsim.tui.draw.numbers import level, number
from nnsim.tui.draw.text import fit, width_of


@pytest.mark.parametrize(
    ("value", "width", "text"),
    [
        (2.2349, 5, "+2.23"),
        (-0.714, 5, "−0.71"),
        (0.0, 5, "+0.00"),
        (-0.001, 5, "−0.00"),
        (12.34, 5, "+12.3"),
        (1234.4, 5, "+1234"),
        (-123456.0, 5, " −1e5"),
        (9.99e5, 4, "+1e6"),
        (2.25, 4, "+2.2"),
        (math.nan, 5, "  nan"),
        (-math.inf, 5, " −inf"),
    ],
)
def test_numbers(value, width, text):
    assert number(value, width) == text


@given(st.floats(), st.integers(3, 9), st.booleans())
def test_a_number_is_as_wide_as_asked(value, width, plus):
    assert len(number(value, width, plus=plus)) == width


def test_what_is_not_zero_shows():
    assert level(0.0) == " "
    assert level(1e-9) == "▁"
    assert level(1.0) == "█"


def test_a_line_never_grows_and_never_halves_a_wide_character():
    line = Canvas(6)
    line.put(-1, "abc", "strong")
    line.put(3, "数字x", "dim", limit=6)
    text = "".join(piece.text for piece in line.pieces())
    assert text == "bc 数 "
    assert width_of(text) == 6
    assert fit("数字", 3) == "数"
    assert Canvas(3).pieces() == [("   ", "", None)]


def dots(raster: Raster) -> set[tuple[int, int]]:
    """Where the dots are, from the characters that are drawn."""
    bits = {0: (0, 0), 1: (0, 1), 2: (0, 2), 3: (1, 0), 4: (1, 1), 5: (1, 2), 6: (0, 3), 7: (1, 3)}
    found = set()
    for y in range(raster.height):
        for x, (char, owner) in enumerate(raster.row(y)):
            assert (owner == NOBODY) == (char == " ")
            code = 0 if char == " " else ord(char) - 0x2800
            found |= {(2 * x + dx, 4 * y + dy) for b, (dx, dy) in bits.items() if code >> b & 1}
    return found


def test_a_straight_line_is_straight_and_a_steep_one_has_no_holes():
    raster = Raster(4, 2)
    raster.line((0, 3), (7, 3), 0, thickness=lambda share: 1)
    assert dots(raster) == {(x, 3) for x in range(8)}
    raster = Raster(2, 4)
    raster.line((0, 0), (3, 15), 0, thickness=lambda share: 1)
    assert {y for _, y in dots(raster)} == set(range(16))


def test_dashes_leave_holes_but_not_at_the_end():
    raster = Raster(7, 1)
    raster.line((0, 2), (13, 2), 0, thickness=lambda share: 1, dash=(4, 4))
    assert {x for x, _ in dots(raster)} == {0, 1, 2, 3, 8, 9, 10, 11, 12, 13}


def test_thick_lines_and_later_owners():
    raster = Raster(1, 1)
    raster.line((0, 1), (1, 1), 0, thickness=lambda share: 3)
    assert dots(raster) == {(x, y) for x in (0, 1) for y in (0, 1, 2)}
    raster.dot(0, 0, 5)
    assert raster.row(0)[0][1] == 5
    raster.dot(9, 9, 6)
    assert raster.row(0)[0][1] == 5
