"""The map of all forms as cells: what each is read as, how surely, which are images of the data.

With colours two forms share a cell, one above the other in half blocks; where there is room, or
without colours, each has a line of its own. A number stands for all that a cell shows, so that what
has changed is found by comparing two arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnsim.lab.reading.beliefs import RIGHT, TEST_RIGHT, TEST_WRONG, WRONG, Beliefs
from nnsim.tui.draw.lines import Row
from nnsim.tui.draw.styles import COLOURS, Sheet
from nnsim.tui.draw.text import width_of

LEVELS = 6
"""Steps of sureness that are told apart by colour."""
QUITE, SURE = 2, 4
"""From these levels on a form's class is written at all (below, by a small sign), and isn't dim."""
SIGNS = {RIGHT: "●", WRONG: "×", TEST_RIGHT: "○", TEST_WRONG: "+"}
TWO, UPPER, LOWER = 5, 6, 7
"""Two samples in one cell, none of them read wrong; the cursor on the form above, or below."""
_CHARS = {0: " ", **SIGNS, TWO: ":", UPPER: "▲", LOWER: "▼"}
_UNSURE = "·:;,'\"^~"
_HALF = 8  # added to the sign where it belongs to the lower one of two forms
_KINDS = 16

Codes: TypeAlias = NDArray[np.int64]


def letters(names: tuple[str, ...]) -> tuple[str, ...]:
    """What stands for each class where colours don't: its first letter, if they differ."""
    found = tuple(next((c for c in name if c.isalnum()), "?") for name in names)
    if len(set(found)) < len(found) or not all(" " < c < "\u0300" for c in found):
        return tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[k % 26] for k in range(len(names)))
    return found


@dataclass(frozen=True)
class Grid:
    """How the forms of a map are put into cells."""

    halves: bool  # whether two forms share a cell
    width: int  # columns of a form
    # What the whole map takes.
    lines: int
    columns: int

    @classmethod
    def of(cls, rows: int, columns: int, room: tuple[int, int], *, coloured: bool) -> Grid:
        """The roomiest grid that fits, else the smallest: half blocks where there are colours."""
        if 2 * columns <= room[0] and rows <= room[1]:
            return cls(False, 2, rows, 2 * columns)
        if coloured and rows > 1:
            return cls(True, 1, rows // 2, columns)
        return cls(False, 1, rows, columns)

    def line(self, row: int) -> int:
        return row // 2 if self.halves else row

    def at(self, x: int, y: int) -> tuple[int, int]:
        """The row and column of the form at a cell; of two the upper one."""
        return (2 * y if self.halves else y), x // self.width

    def codes(self, beliefs: Beliefs, signs: NDArray[np.int8], cursor: int) -> Codes:
        """What each cell shows, (lines, columns of forms)."""
        layout = beliefs.layout
        level = np.minimum((beliefs.sureness * LEVELS).astype(np.int64), LEVELS - 1)
        code = (beliefs.reading * LEVELS + level)[layout.form]
        sign = signs[layout.form].astype(np.int64)
        row, column = layout.place(cursor)
        if not self.halves:
            sign[row, column] += _HALF
            return code * _KINDS + sign
        upper, lower = sign[0::2], sign[1::2]
        wrong = (WRONG, TEST_WRONG)
        both = (upper > 0) & (lower > 0) & ~np.isin(upper, wrong) & ~np.isin(lower, wrong)
        sign = np.where(both, TWO, np.maximum(upper, lower) + _HALF * (lower > upper))
        sign[row // 2, column] = LOWER + _HALF if row % 2 else UPPER
        most = len(beliefs.names) * LEVELS
        return (code[0::2] * most + code[1::2]) * _KINDS + sign


@dataclass(frozen=True)
class Manner:
    """How cells are drawn: in which grid, in characters or colours."""

    halves: bool
    width: int
    letters: tuple[str, ...]
    signs: bool  # whether characters tell the classes
    plain: bool  # whether colours can't be mixed, or won't be seen


@dataclass(frozen=True)
class FormRow:
    """A line of the map as the numbers of its cells, and what stands beside it."""

    codes: bytes
    manner: Manner
    width: int  # of the map's place
    beside: Row

    def pieces(self, _sheet: Sheet) -> Row:
        """Equal cells as one piece."""
        codes = np.frombuffer(self.codes, np.int64)
        ends = [*(np.flatnonzero(codes[1:] != codes[:-1]) + 1).tolist(), len(codes)]
        found, start = [], 0
        for end in ends:
            text, style = look(int(codes[start]), self.manner)
            found.append((text * (end - start), style))
            start = end
        gap = self.width - len(codes) * self.manner.width
        return [*found, (" " * gap, ""), *self.beside]

    def differs(self, before: FormRow) -> tuple[int, int]:
        """Which cells are others: of a map, of 40 bytes each, only those are drawn again."""
        wide = self.width + max(_width(self.beside), _width(before.beside))
        if (self.manner, self.width, len(self.codes)) != (
            before.manner, before.width, len(before.codes),
        ):  # fmt: skip
            return 0, max(wide, before.width)
        codes, old = (np.frombuffer(row.codes, np.int64) for row in (self, before))
        changed = np.flatnonzero(codes != old)
        if not changed.size:
            return self.width, wide
        first, last = (int(changed[end]) * self.manner.width for end in (0, -1))
        return first, last + self.manner.width if self.beside == before.beside else wide


def _width(row: Row) -> int:
    return sum(width_of(piece[0]) for piece in row)


@lru_cache(maxsize=4096)
def look(code: int, manner: Manner) -> tuple[str, str]:
    """The characters and the style of a cell."""
    return _two(code, len(manner.letters)) if manner.halves else _one(code, manner)


def _two(cell: int, classes: int) -> tuple[str, str]:
    codes, sign = divmod(cell, _KINDS)
    upper, lower = (_tone(code) for code in divmod(codes, classes * LEVELS))
    sign, below = sign % _HALF, sign >= _HALF
    if sign in (UPPER, LOWER):
        return _CHARS[sign], "cursor"
    if sign:
        return _CHARS[sign], f"strong cell:{lower if below else upper}"
    return ("█", upper) if upper == lower else ("▀", f"{upper} on:{lower}")


def _one(cell: int, manner: Manner) -> tuple[str, str]:
    code, sign = divmod(cell, _KINDS)
    sign, here = sign % _HALF, sign >= _HALF
    (reading, level), width = divmod(code, LEVELS), manner.width
    char = _CHARS[sign]
    if manner.signs:
        letter = manner.letters[reading] if level >= QUITE else _UNSURE[reading % len(_UNSURE)]
        char = letter if not sign else char if width == 1 else letter + char
    char = char.ljust(width)
    if here:
        if width == 2 and not manner.signs:
            char = "[" + (_CHARS[sign] if sign else "]")
        return char, "cursor"
    if not manner.plain:
        if char.strip():
            return char, f"strong cell:{_tone(code)}"
        return "█" * width, _tone(code)
    name = f"class-{reading % COLOURS}"
    return char, f"strong {name}" if sign else name + "@1" * (level < SURE)


def _tone(code: int) -> str:
    """The colour of a reading: the less sure, the nearer to the background."""
    reading, level = divmod(code, LEVELS)
    return f"class-{reading % COLOURS}%{20 + 80 * level // (LEVELS - 1)}"
