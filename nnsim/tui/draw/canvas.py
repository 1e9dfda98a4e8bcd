"""A row that is written cell by cell, always exactly as wide as asked."""

from __future__ import annotations

from typing import Any

from rich.cells import get_character_cell_size

from nnsim.tui.draw.lines import Piece


class Canvas:
    """A row of `width` cells to write on; what would leave it is cut.

    Each cell has a style (a name of the style sheet) and may stand for something: what the row
    tells of where the mouse is.
    """

    __slots__ = ("_chars", "_of", "_styles", "width")

    def __init__(self, width: int) -> None:
        self.width = width
        self._chars = [" "] * width
        self._styles = [""] * width
        self._of: list[Any] = [None] * width

    def put(self, x: int, text: str, style: str = "", limit: int | None = None) -> None:
        """Write `text` from cell `x`, at most up to cell `limit`; no wide character is halved."""
        end = self.width if limit is None else min(limit, self.width)
        chars, styles = self._chars, self._styles
        for char in text:
            wide = 1 if char < "\u0300" else get_character_cell_size(char)
            if wide == 0:
                continue
            if x + wide > end:
                return
            if x >= 0:
                chars[x], styles[x] = char, style
                if wide == 2:
                    chars[x + 1], styles[x + 1] = "", style
            x += wide

    def claim(self, x: int, width: int, of: Any) -> None:
        """Let some cells stand for something, whatever is written on them."""
        first, end = max(0, x), max(0, min(self.width, x + width))
        self._of[first:end] = [of] * (end - first)

    def paste(self, x: int, other: Canvas) -> None:
        """Copy another row from cell `x` on; it must fit."""
        end = x + other.width
        self._chars[x:end] = other._chars
        self._styles[x:end] = other._styles
        self._of[x:end] = other._of

    def pieces(self) -> list[Piece]:
        """The row, cells of one style together."""
        found: list[Piece] = []
        start = 0
        chars, styles, of = self._chars, self._styles, self._of
        for x in range(1, self.width + 1):
            if x == self.width or styles[x] != styles[start] or of[x] is not of[start]:
                found.append(Piece("".join(chars[start:x]), styles[start], of[start]))
                start = x
        return found if self.width else []
