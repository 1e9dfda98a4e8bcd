"""Heat maps: values in at most 16 levels, told by colour and, without colour, by characters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnsim.tui.draw.lines import joined
from nnsim.tui.draw.styles import HEATS

LEVELS = HEATS
"""Level n looks like the style ``heat-n``; `cell` and `field` fill a cell with it."""
DIGITS = "0123456789ABCDEF"
"""What a level is called where it is written as one character."""
SHADES = " .:-=+*#%@"
"""Thin to thick: a level where there are no colours and no room for its digit."""

Levels = NDArray[np.int8]


def levels_of(values: NDArray[np.float64], low: float, high: float, levels: int = LEVELS) -> Levels:
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


def edges(low: float, high: float, levels: int = LEVELS) -> NDArray[np.float64]:
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


def shade_of(level: int, levels: int = LEVELS) -> str:
    """Return a character for a level, the thicker the higher; "?" where the value is unknown."""
    if level < 0:
        return "?"
    return SHADES[round(level * (len(SHADES) - 1) / max(1, levels - 1))]


def style(level: int, *, mark: bool = False) -> str:
    """The style of a cell of a level: a mark stands out on it, the digit of a contour back."""
    if level < 0:
        return "strong" if mark else ""
    return f"strong cell:heat-{level}" if mark else f"field:heat-{level}"


def pieces(
    levels: list[int], text: str, marks: dict[int, str], here: int = -1
) -> list[tuple[str, str]]:
    """A row of a heat map: a character a cell, marks on some, and the cell of the cursor."""
    cells = [
        (marks.get(x, char), style(level, mark=x in marks) + " reverse" * (x == here))
        for x, (level, char) in enumerate(zip(levels, text, strict=True))
    ]
    return joined(cells)
