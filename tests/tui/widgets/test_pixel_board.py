"""The geometry of pictures: every pixel has its place, and a place leads back to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnsim.tui.panels.input.pixels import PixelLayout

SHAPES = st.one_of(
    st.tuples(st.integers(1, 40), st.integers(1, 60)),
    st.tuples(st.integers(1, 12), st.integers(1, 12), st.integers(1, 4)),
)


@given(SHAPES, st.integers(1, 90), st.integers(2, 40), st.data())
def test_what_is_in_sight_leads_back_to_itself(shape, width, height, data):
    board = PixelLayout(shape)
    board.place(width, height)
    index = data.draw(st.integers(0, board.size - 1))
    board.follow(index)
    corner = board.corner(index)
    assert corner is not None
    x, y = corner
    assert 0 <= x < max(width, board.columns + board.channels)
    assert 0 <= y < max(height, board.header + 1)
    assert index in board.at(x, y)
    if board.columns_seen < board.columns or board.left:
        assert x + board.width <= width


@given(SHAPES, st.integers(1, 90), st.integers(2, 40))
def test_cells_that_belong_to_pixels_are_told_apart(shape, width, height):
    board = PixelLayout(shape)
    board.place(width, height)
    found = [index for y in range(height) for x in range(width) for index in set(board.at(x, y))]
    per_pixel = board.width * board.height
    assert all(found.count(index) == per_pixel for index in set(found))
    assert (
        len(set(found)) == min(board.rows_seen * board.columns_seen, board.size)
        or board.left + board.columns_seen * board.width > width
    )


@given(SHAPES)
def test_rows_and_columns_are_another_name_of_the_number(shape):
    board = PixelLayout(shape)
    places = [board.where(index) for index in range(board.size)]
    assert len(set(places)) == board.size
    assert [board.index(*place) for place in places] == list(range(board.size))


@pytest.mark.parametrize(
    ("shape", "place", "cell", "half", "seen"),
    [
        ((4, 3), (32, 14), (6, 3), False, (4, 3)),
        ((4, 3), (24, 8), (6, 2), False, (4, 3)),
        ((4, 3), (18, 6), (4, 1), False, (4, 3)),
        ((8, 8), (24, 8), (3, 1), False, (8, 8)),
        ((8, 8), (18, 6), (2, 1), True, (8, 8)),
        ((28, 28), (32, 14), (1, 1), True, (28, 28)),
        ((28, 28), (24, 8), (1, 1), True, (16, 24)),  # a window of what does not fit
        ((4, 5, 3), (32, 14), (2, 1), False, (4, 15)),
    ],
)
def test_the_roomiest_cells_that_fit_are_taken(shape, place, cell, half, seen):
    board = PixelLayout(shape)
    board.place(*place)
    fitted = (board.width, board.height, board.half, (board.rows_seen, board.columns_seen))
    assert fitted == (*cell, half, seen)


def test_the_window_follows_the_cursor():
    board = PixelLayout((28, 28))
    board.place(24, 8)
    assert not board.follow(0)
    assert board.follow(28 * 28 - 1)
    assert board.corner(28 * 28 - 1) == (23, 7)
    assert board.corner(0) is None
    assert board.follow(0)
    assert (board.first_row, board.first_column) == (0, 0)
