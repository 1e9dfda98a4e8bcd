"""Heat maps: values in at most 16 levels, told by colour and, without colour, by characters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.style import Style
from textual.color import Color
from textual.widget import Widget

LEVELS = 16
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


class Heat:
    """The styles of the levels, from a widget's own component classes.

    Parameters
    ----------
    widget : Widget
    stops : tuple of str
        Component classes (whole names) whose colours lead from the lowest level to the highest:
        two for a scale from low to high, three for one with a middle, such as class 0 – even –
        class 1.
    levels : int

    Notes
    -----
    Call `clear` when the theme changes (``notify_style_update``).
    """

    def __init__(self, widget: Widget, stops: tuple[str, ...], levels: int = LEVELS) -> None:
        self._widget, self._stops, self.levels = widget, stops, levels
        self._styles: dict[tuple[Any, ...], Style] = {}
        self._colours: list[Color] | None = None

    def clear(self) -> None:
        """Forget all styles."""
        self._styles.clear()
        self._colours = None

    @property
    def colourful(self) -> bool:
        """Whether levels can be told by colour; else (ANSI, NO_COLOR) characters have to."""
        return bool(self._scale())

    def _scale(self) -> list[Color]:
        """The colour of each level; empty where a terminal's own colours can't be mixed."""
        if self._colours is None:
            styles = [self._widget.get_visual_style(stop) for stop in self._stops]
            colours = [style.foreground for style in styles]
            backs = [style.background for style in styles]
            plain = any(c is None or c.ansi is not None for c in (*colours, *backs))
            self._colours = [] if plain else self._blended([c for c in colours if c is not None])
        return self._colours

    def _blended(self, stops: list[Color]) -> list[Color]:
        found = []
        for level in range(self.levels):
            place = level / max(1, self.levels - 1) * (len(stops) - 1)
            first = min(int(place), len(stops) - 2)
            found.append(stops[first].blend(stops[first + 1], place - first))
        return found

    def colour(self, level: int) -> Color | None:
        """Return the colour of a level; None where there is none, or the value is unknown."""
        scale = self._scale()
        return scale[level] if scale and level >= 0 else None

    def cell(self, level: int, *, bold: bool = False, faint: bool = False) -> Style:
        """Return the style of a cell of this level with text that can be read on it."""
        key = ("cell", level, bold, faint)
        if key not in self._styles:
            style = self._widget.visual_style.rich_style + Style(bold=bold)
            colour = self.colour(level)
            if colour is not None:
                text = colour + colour.get_contrast_text(0.5 if faint else 0.95)
                style += Style.from_color(text.rich_color, colour.rich_color)
            self._styles[key] = style
        return self._styles[key]
