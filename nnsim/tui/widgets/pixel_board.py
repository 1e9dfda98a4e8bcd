"""Where the pixels of a picture stand on the screen (geometry alone, no drawing)."""

from __future__ import annotations

from collections.abc import Iterator

from textual.geometry import Offset

# Columns and lines of one pixel, from the roomiest to the smallest; a pixel is about square.
CELL_SIZES = ((8, 4), (6, 3), (6, 2), (4, 2), (4, 1), (3, 1), (2, 1), (1, 1))
HALF_SIZES = (2, 1)  # two rows of pixels in one line


class Board:
    """A picture of rows × columns × channels, laid out in some place.

    Channels stand side by side, with a gap between them and a line of names above. What is too
    large for its place is seen through a window, which `follow` moves.

    Attributes
    ----------
    width, height : int
        Columns and lines of one pixel; with `half`, two rows of pixels share a line.
    half : bool
    left : int
        Where the picture starts.
    first_row, first_column : int
        The corner of the window, in pixels.
    rows_seen, columns_seen : int
        Its size.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.rows, self._columns = shape[0], shape[1]
        self.channels = shape[2] if len(shape) == 3 else 1
        self.columns = self._columns * self.channels
        self.header = 1 if self.channels > 1 else 0
        self.first_row = self.first_column = 0
        self.place(1, 1)

    @property
    def size(self) -> int:
        """How many pixels there are, those of every channel counted."""
        return self.rows * self.columns

    def lines(self, width: int, limit: int) -> int:
        """How many lines the picture takes in a place `width` wide and `limit` high."""
        _cell_width, height, half = self._fit(width, limit)
        lines = -(-self.rows // 2) if half else self.rows * height
        return min(lines + self.header, max(limit, 1 + self.header))

    def place(self, width: int, height: int) -> None:
        """Lay the picture out in a place of this size."""
        self.width, self.height, self.half = self._fit(width, height)
        in_all = self._span(self.width)
        self.left = max(0, (width - in_all) // 2)
        lines = max(1, height - self.header)
        self.rows_seen = min(self.rows, lines * 2 if self.half else max(1, lines // self.height))
        if in_all <= width:
            self.columns_seen = self.columns
        else:
            self.columns_seen = max(1, (width - self.channels + 1) // self.width)
        self._into_range()

    def _fit(self, width: int, limit: int) -> tuple[int, int, bool]:
        limit -= self.header
        for cell_width, height in CELL_SIZES:
            if self._span(cell_width) <= width and self.rows * height <= limit:
                return cell_width, height, False
        for cell_width in HALF_SIZES:
            if self._span(cell_width) <= width:
                return cell_width, 1, True
        return 1, 1, True

    def _span(self, cell_width: int) -> int:
        return self.columns * cell_width + self.channels - 1

    def follow(self, index: int) -> bool:
        """Move the window so that a pixel is in it; say whether it moved."""
        row, column = self.where(index)
        before = (self.first_row, self.first_column)
        lowest = row - self.rows_seen + 1
        if self.half:
            lowest += lowest % 2  # a line starts at an even row
        self.first_row = min(max(self.first_row, lowest), row)
        self.first_column = min(max(self.first_column, column - self.columns_seen + 1), column)
        self._into_range()
        return before != (self.first_row, self.first_column)

    def _into_range(self) -> None:
        if self.half:
            self.first_row -= self.first_row % 2
        self.first_row = max(0, min(self.first_row, self.rows + self.rows % 2 - self.rows_seen))
        self.first_column = max(0, min(self.first_column, self.columns - self.columns_seen))

    def where(self, index: int) -> tuple[int, int]:
        """Row and column of a pixel, the channels side by side."""
        place, channel = divmod(index, self.channels)
        row, column = divmod(place, self._columns)
        return row, channel * self._columns + column

    def index(self, row: int, column: int) -> int:
        """The pixel in a row and column (channels side by side)."""
        channel, column = divmod(column, self._columns)
        return (row * self._columns + column) * self.channels + channel

    def channel(self, column: int) -> int:
        """The channel that a column belongs to."""
        return column // self._columns

    def columns_in_sight(self) -> Iterator[tuple[int, bool]]:
        """The columns of the window, and whether a gap goes before each."""
        for column in range(self.first_column, self.first_column + self.columns_seen):
            yield column, column > self.first_column and column % self._columns == 0

    def corner(self, index: int) -> tuple[int, int] | None:
        """The cell (x, y) where a pixel starts; None outside the window."""
        row, column = self.where(index)
        if not (
            self.first_row <= row < self.first_row + self.rows_seen
            and self.first_column <= column < self.first_column + self.columns_seen
        ):
            return None
        gaps = self.channel(column) - self.channel(self.first_column)
        x = self.left + (column - self.first_column) * self.width + gaps
        down = row - self.first_row
        return x, self.header + (down // 2 if self.half else down * self.height)

    def at(self, x: int, y: int) -> list[int]:
        """The pixels under a cell: none outside, two where two rows share a line."""
        line = y - self.header
        column = self._column_at(x)
        if line < 0 or column is None:
            return []
        first = self.first_row + (2 * line if self.half else line // self.height)
        end = min(first + (2 if self.half else 1), self.first_row + self.rows_seen, self.rows)
        return [self.index(row, column) for row in range(first, end)]

    def _column_at(self, x: int) -> int | None:
        start = self.left
        for column, gap in self.columns_in_sight():
            start += gap
            if start <= x < start + self.width:
                return column
            start += self.width
        return None


def line_between(start: Offset, end: Offset) -> Iterator[Offset]:
    """The cells on the straight line between two (Bresenham), both ends included."""
    dx, dy = abs(end.x - start.x), -abs(end.y - start.y)
    step_x, step_y = (1 if start.x < end.x else -1), (1 if start.y < end.y else -1)
    error, x, y = dx + dy, start.x, start.y
    while True:
        yield Offset(x, y)
        if (x, y) == (end.x, end.y):
            return
        twice = 2 * error
        if twice >= dy:
            error += dy
            x += step_x
        if twice <= dx:
            error += dx
            y += step_y
