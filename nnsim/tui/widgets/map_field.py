"""The map of all forms as cells: what each is read as, how surely, which are images of the data.

With colours two forms share a cell, one above the other in half blocks; where there is room, or
without colours, each has a line of its own. A number stands for all that a cell shows, so that what
has changed is found by comparing two arrays.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from nnsim.lab.reading.beliefs import RIGHT, TEST_RIGHT, TEST_WRONG, WRONG, Beliefs
from nnsim.tui.widgets.painter import Painter

LEVELS = 6
"""Steps of sureness that are told apart by colour."""
SURE, QUITE = 6, 2
"""From these levels a form's class is written bold, and written at all (below, by a small sign)."""
SIGNS = {RIGHT: "●", WRONG: "×", TEST_RIGHT: "○", TEST_WRONG: "+"}
TWO, UPPER, LOWER = 5, 6, 7
"""Two samples in one cell, none of them read wrong; the cursor on the form above, or below."""
_CHARS = {0: " ", **SIGNS, TWO: ":", UPPER: "▲", LOWER: "▼"}
_UNSURE = "·:;,'\"^~"
_HALF = 8  # added to the sign where it belongs to the lower one of two forms
_KINDS = 16
COLOURS = 6
"""So many classes have a colour of their own."""

Cells = NDArray[np.int64]


@dataclass(frozen=True)
class Grid:
    """How the forms of a map are put into cells.

    Attributes
    ----------
    halves : bool
        Whether two forms share a cell.
    width : int
        Columns of a form.
    lines, columns : int
        What the whole map takes.
    """

    halves: bool
    width: int
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

    def corner(self, row: int, column: int) -> tuple[int, int]:
        """The cell (x, y) where a form starts."""
        return column * self.width, row // 2 if self.halves else row

    def at(self, x: int, y: int) -> tuple[int, int]:
        """The row and column of the form at a cell; of two the upper one."""
        return (2 * y if self.halves else y), x // self.width

    def cells(self, beliefs: Beliefs, signs: NDArray[np.int8], cursor: int | None) -> Cells:
        """What each cell shows, (lines, columns of forms)."""
        layout = beliefs.layout
        level = np.minimum((beliefs.sureness * LEVELS).astype(np.int64), LEVELS - 1)
        code = (beliefs.reading * LEVELS + level)[layout.form]
        sign = signs[layout.form].astype(np.int64)
        if not self.halves:
            cells = code * _KINDS + sign
            if cursor is not None:
                cells[layout.place(cursor)] += _HALF
            return cells
        upper, lower = sign[0::2], sign[1::2]
        wrong = (WRONG, TEST_WRONG)
        both = (upper > 0) & (lower > 0) & ~np.isin(upper, wrong) & ~np.isin(lower, wrong)
        sign = np.where(both, TWO, np.maximum(upper, lower) + _HALF * (lower > upper))
        if cursor is not None:
            row, column = layout.place(cursor)
            sign[row // 2, column] = LOWER + _HALF if row % 2 else UPPER
        most = len(beliefs.names) * LEVELS
        return (code[0::2] * most + code[1::2]) * _KINDS + sign


class FieldStyles:
    """What the numbers of cells look like, looked up once.

    Parameters
    ----------
    widget : Painter
        With component classes ``class-0`` to ``class-5`` (and its prefix), and ``cursor``.
    """

    def __init__(self, widget: Painter) -> None:
        self._widget = widget
        # For a grid's kind and width and the use of signs: each cell's number as a segment.
        self._looks: dict[tuple[bool, int, bool], dict[int, Segment]] = {}
        self._colours: list[list[Color]] | None = None
        self.letters: tuple[str, ...] = ()

    def clear(self) -> None:
        """Forget all styles."""
        self._looks.clear()
        self._colours = None

    def name(self, names: tuple[str, ...]) -> None:
        """Take the names of the classes: their first letters, if they differ, stand for them."""
        letters = tuple(next((c for c in name if c.isalnum()), "?") for name in names)
        if len(set(letters)) < len(letters) or not all(" " < c < "\u0300" for c in letters):
            letters = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"[k % 26] for k in range(len(names)))
        if letters != self.letters:
            self.letters = letters
            self._looks.clear()

    @property
    def colourful(self) -> bool:
        """Whether colours can be mixed here and will be seen; else characters have to tell."""
        app = self._widget.app
        if app.no_color or getattr(app, "ascii_only", False):
            return False
        return bool(self._scale())

    def _scale(self) -> list[list[Color]]:
        """For each class its colour at each level; empty where colours can't be mixed."""
        if self._colours is None:
            looks = [
                self._widget.get_visual_style(f"{self._widget.PREFIX}class-{k}")
                for k in range(COLOURS)
            ]
            self._colours = []
            for look in looks:
                colour, back = look.foreground, look.background
                if any(c is None or c.ansi is not None for c in (colour, back)):
                    self._colours = []
                    break
                assert colour is not None
                assert back is not None
                shares = [0.2 + 0.8 * level / (LEVELS - 1) for level in range(LEVELS)]
                self._colours.append([back.blend(back + colour, share) for share in shares])
        return self._colours

    def segments(self, cells: Cells, grid: Grid, signs: bool) -> list[Segment]:
        """Draw the cells of one line (a row of the array), equal ones as one segment."""
        changes = np.flatnonzero(cells[1:] != cells[:-1]) + 1
        starts = [0, *changes.tolist()]
        ends = [*changes.tolist(), len(cells)]
        looks = self._looks.setdefault((grid.halves, grid.width, signs), {})
        segments = []
        for start, end, cell in zip(starts, ends, cells[starts].tolist(), strict=True):
            segment = looks.get(cell)
            if segment is None:
                make = self._two if grid.halves else self._one
                segment = looks[cell] = Segment(*make(cell, grid.width, signs))
            if end - start > 1:
                segment = Segment(segment.text * (end - start), segment.style)
            segments.append(segment)
        return segments

    def _two(self, cell: int, _width: int, _signs: bool) -> tuple[str, Style]:
        codes, sign = divmod(cell, _KINDS)
        upper, lower = (self.colour(code) for code in divmod(codes, len(self.letters) * LEVELS))
        plain = self._widget.visual_style.rich_style
        sign, below = sign % _HALF, sign >= _HALF
        if upper is None or lower is None:  # (only where the theme has just changed)
            return "?", plain
        if sign in (UPPER, LOWER):
            return _CHARS[sign], self._widget.style("cursor")
        if sign:
            return _CHARS[sign], plain + _on(lower if below else upper)
        if upper == lower:
            return "█", plain + Style(color=upper.rich_color)
        return "▀", plain + Style.from_color(upper.rich_color, lower.rich_color)

    def _one(self, cell: int, width: int, signs: bool) -> tuple[str, Style]:
        code, sign = divmod(cell, _KINDS)
        sign, here = sign % _HALF, sign >= _HALF
        reading, level = divmod(code, LEVELS)
        colour = None if self._widget.app.no_color else self.colour(code)
        char = _CHARS[sign]
        if signs:
            char = self.sign(reading, level)
            if sign:
                char = _CHARS[sign] if width == 1 else char + _CHARS[sign]
        char = char.ljust(width)
        if here:
            if width == 2 and not signs:
                char = "[" + (_CHARS[sign] if sign else "]")
            return char, self._widget.style("cursor")
        if colour is not None:
            plain = self._widget.visual_style.rich_style
            if not char.strip():
                return "█" * width, plain + Style(color=colour.rich_color)
            return char, plain + _on(colour)
        look = self._widget.style(f"class-{reading % COLOURS}")
        return char, look + Style(bold=level >= SURE or sign > 0, dim=level < 4 and not sign)

    def colour(self, code: int) -> Color | None:
        """The colour of a reading and level."""
        scale = self._scale()
        return scale[code // LEVELS % COLOURS][code % LEVELS] if scale else None

    def sign(self, reading: int, level: int) -> str:
        """The character of a reading: the class, or what stands for it where it is unsure."""
        return self.letters[reading] if level >= QUITE else _UNSURE[reading % len(_UNSURE)]


def _on(colour: Color) -> Style:
    """Bold text that can be read on a colour."""
    text = colour + colour.get_contrast_text(0.95)
    return Style.from_color(text.rich_color, colour.rich_color) + Style(bold=True)
