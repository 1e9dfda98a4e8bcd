"""Heat maps: values in at most 16 levels, told by colour and, without colour, by characters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.tui.draw.lines import joined
from nnsim.tui.draw.plot import label
from nnsim.tui.draw.styles import HEATS
from nnsim.tui.draw.text import width_of

LEVELS = HEATS
"""Level n looks like the style ``heat-n``; `cell` and `field` fill a cell with it."""
DIGITS = "0123456789ABCDEF"
"""What a level is called where it is written as one character."""
SHADES = " .:-=+*#%@"
"""Thin to thick: a level where there are no colours and no room for its digit."""

_MOST_DECADES = 9.0
"""Of a logarithmic scale; what is farther below the highest value counts as the lowest level."""

Array = NDArray[np.float64]
Levels = NDArray[np.int8]


def levels_of(values: Array, low: float, high: float, levels: int = LEVELS) -> Levels:
    """Return the level (0 to `levels` − 1) of each value between `low` and `high`.

    Values beyond the ends take the first and the last level; −1 stands for NaN, and an infinite
    value counts as beyond.
    """
    span = high - low
    if not span > 0:
        return np.where(np.isnan(values), -1, 0).astype(np.int8)
    with np.errstate(invalid="ignore", over="ignore"):
        share = np.clip((values - low) / span, 0.0, 1.0)
    unknown = np.isnan(share)
    found = np.minimum((np.where(unknown, 0.0, share) * levels).astype(int), levels - 1)
    return np.where(unknown, -1, found).astype(np.int8)


def edges(low: float, high: float, levels: int = LEVELS) -> Array:
    """Return where the levels begin and end, (levels + 1,)."""
    return np.linspace(low, high, levels + 1)


def contours(levels: Levels) -> NDArray[np.bool_]:
    """Return which cells lie on a contour: their level is above that of a neighbour.

    Parameters
    ----------
    levels : array (rows, columns)
    """
    on = np.zeros(levels.shape, bool)
    on[:-1] |= levels[:-1] > levels[1:]
    on[1:] |= levels[1:] > levels[:-1]
    on[:, :-1] |= levels[:, :-1] > levels[:, 1:]
    on[:, 1:] |= levels[:, 1:] > levels[:, :-1]
    return on


def contour_digits(levels: Levels) -> list[str]:
    """For each row the digit of its level in each cell on a contour, blanks elsewhere."""
    digits = np.array([*DIGITS, " "])
    found = np.where(contours(levels) & (levels >= 0), levels, LEVELS)
    return ["".join(row) for row in digits[found].tolist()]


def shade_of(level: int, levels: int = LEVELS) -> str:
    """Return a character for a level, the thicker the higher; "?" where the value is unknown."""
    if level < 0:
        return "?"
    return SHADES[round(level * (len(SHADES) - 1) / max(1, levels - 1))]


@dataclass(frozen=True)
class Scale:
    """Which value is of which level."""

    # low, high: of what is drawn: values, or their decimal logarithms
    low: float
    high: float
    log: bool

    @classmethod
    def of(cls, values: Array, log: bool) -> Scale:
        """The scale from the least to the largest finite value."""
        finite = values[np.isfinite(values)]
        if not finite.size:
            return cls(0.0, 1.0, False)
        low, high = float(finite.min()), float(finite.max())
        if not log or high <= 0:
            return cls(low, high, False)
        least, high = math.log10(float(finite[finite > 0].min())), math.log10(high)
        if low <= 0:  # no logarithm: below the least that has one
            least -= 1
        return cls(max(least, high - _MOST_DECADES), high, True)

    def levels(self, values: Array) -> Levels:
        """The level of each value; −1 where it is not known."""
        if self.log:
            with np.errstate(all="ignore"):
                below = np.where(values <= 0, self.low, values)  # (NaN stays)
                values = np.where(values > 0, np.log10(values), below)
        return levels_of(values, self.low, self.high)

    def key(self) -> list[str]:
        """What each level begins with, as text, from the lowest level on."""
        starts = edges(self.low, self.high)[:-1]
        if self.log:
            starts = 10.0**starts
        return [label(float(value), 6) for value in starts]


def key_line(scale: Scale, width: int) -> list[tuple[str, str]]:
    texts = scale.key()
    entries = [((f" {DIGITS[level]} ", f"cell:heat-{level}"), (f"={texts[level]} ", "dim"))
               for level in range(LEVELS)]  # fmt: skip
    line = [(_("cost") + " ", "dim")]
    room = width - width_of(line[0][0])
    wide = [sum(width_of(text) for text, _style in entry) for entry in entries]
    step = next((step for step in (1, 2, 3, 5) if sum(wide[::step]) <= room), 5)
    for entry, taken in zip(entries[::step], wide[::step], strict=True):
        room -= taken
        if room >= 0:  # (a number that is cut would be another)
            line += entry
    return line


def style(level: int, *, mark: bool = False) -> str:
    """The style of a cell of a level: a mark stands out on it, the digit of a contour back."""
    if level < 0:
        return "strong" if mark else ""
    return f"strong cell:heat-{level}" if mark else f"field:heat-{level}"


def pieces(
    levels: Sequence[int], text: str, marks: dict[int, str], here: int = -1
) -> list[tuple[str, str]]:
    """A row of a heat map: a character a cell, marks on some, and the cell of the cursor."""
    cells = [
        (marks.get(x, char), style(level, mark=x in marks) + " reverse" * (x == here))
        for x, (level, char) in enumerate(zip(levels, text, strict=True))
    ]
    return joined(cells)
