"""One line of the picture as text and style keys, always exactly as wide as asked."""

from __future__ import annotations

from typing import TypeAlias

from rich.cells import get_character_cell_size

Key: TypeAlias = tuple[str, int]
"""What a cell is, and how strong it is (0 to 4): ``("positive", 3)``. Colours come later."""
Run: TypeAlias = tuple[str, Key]

PLAIN: Key = ("plain", 0)
STRONGEST = 4


class Line:
    """A line of `width` cells to write on; what would leave it is cut."""

    __slots__ = ("_chars", "_keys", "width")

    def __init__(self, width: int) -> None:
        self.width = width
        self._chars = [" "] * width
        self._keys: list[Key] = [PLAIN] * width

    def put(self, x: int, text: str, key: Key = PLAIN, limit: int | None = None) -> None:
        """Write `text` from cell `x`, at most up to cell `limit`; no wide character is halved."""
        end = self.width if limit is None else min(limit, self.width)
        chars, keys = self._chars, self._keys
        for char in text:
            wide = 1 if char < "\u0300" else get_character_cell_size(char)
            if wide == 0:
                continue
            if x + wide > end:
                return
            if x >= 0:
                chars[x], keys[x] = char, key
                if wide == 2:
                    chars[x + 1], keys[x + 1] = "", key
            x += wide

    def paste(self, x: int, other: Line) -> None:
        """Copy another line from cell `x` on; it must fit."""
        self._chars[x : x + other.width] = other._chars
        self._keys[x : x + other.width] = other._keys

    def runs(self) -> list[Run]:
        """Return the line as runs of one key."""
        runs: list[Run] = []
        start = 0
        keys, chars = self._keys, self._chars
        for x in range(1, self.width + 1):
            if x == self.width or keys[x] != keys[start]:
                runs.append(("".join(chars[start:x]), keys[start]))
                start = x
        return runs if self.width else []
