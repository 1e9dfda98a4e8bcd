"""What is left of heat maps on their way to `nnsim.tui.draw.heat`."""

from __future__ import annotations

from typing import Any

from rich.style import Style
from textual.color import Color
from textual.widget import Widget

from nnsim.tui.draw.heat import DIGITS, LEVELS, SHADES, Levels, contours, edges, levels_of, shade_of

__all__ = [
    "DIGITS", "LEVELS", "SHADES", "Heat", "Levels", "contours", "edges", "levels_of", "shade_of",
]  # fmt: skip


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
