"""Colours for signs and strengths, from a widget's own styles.

A sign is never told by colour alone: whoever draws with these also writes a sign or a dash.
"""

from __future__ import annotations

from rich.style import Style
from textual.color import Color
from textual.widget import Widget

from nnsim.tui.draw.styles import STRONGEST

Key = tuple[str, int]

# How much of a colour is left at each strength, on the widget's background.
_SHARES = (0.3, 0.45, 0.62, 0.82, 1.0)


class Palette:
    """The Rich style of each `Key`, looked up once.

    A key's name is one of the widget's component classes without its prefix; ``"plain"`` is the
    widget itself. The names in `graded` fade into the background with their strength, where the
    theme's colours can be mixed; elsewhere (ANSI) they are dim, plain or bold. A name that ends
    in ``-cell`` is drawn as a coloured cell with text on it, where colours can be mixed, else as
    text (in the colour of its own component class, if it has one).
    """

    def __init__(self, widget: Widget, prefix: str, graded: tuple[str, ...]) -> None:
        self._widget = widget
        self._prefix = prefix
        self._graded = graded
        self._styles: dict[Key, Style] = {}

    def clear(self) -> None:
        """Forget all styles (the theme or the widget's state changed)."""
        self._styles.clear()

    def __getitem__(self, key: Key) -> Style:
        style = self._styles.get(key)
        if style is None:
            style = self._styles[key] = self._make(*key)
        return style

    def _make(self, name: str, strength: int) -> Style:
        widget = self._widget
        if name == "plain":
            return widget.visual_style.rich_style
        base, cell = name.removesuffix("-cell"), name.endswith("-cell")
        own = f"{self._prefix}{name}"
        component = own if own in widget.COMPONENT_CLASSES else f"{self._prefix}{base}"
        look = widget.get_visual_style(component)
        # A visual style knows neither reverse nor blink; the component's own text style does.
        style = look.rich_style + widget.get_component_styles(component).text_style
        background, colour = look.background, look.foreground
        if base not in self._graded or background is None or colour is None:
            return style
        mixed = mix(background, background + colour, _SHARES[strength])
        if mixed is None:
            weight = Style(dim=strength <= 1, bold=strength >= STRONGEST)
            return style + weight
        if cell:
            text = mixed.get_contrast_text(0.95)
            return style + Style.from_color((mixed + text).rich_color, mixed.rich_color)
        return style + Style(color=mixed.rich_color)


def mix(background: Color, colour: Color, share: float) -> Color | None:
    """Return `colour` faded into `background`, None where a terminal's own colours can't be."""
    if background.ansi is not None or colour.ansi is not None:
        return None
    return background.blend(colour, share)
