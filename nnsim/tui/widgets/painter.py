"""The base of widgets that draw their own lines."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from nnsim.tui.widgets.colours import Palette

FRAME = 0.01  # seconds until what may follow a key's first effect is drawn, in the next frame


class Painter(Widget):
    """Draws lines with the styles of its component classes, each looked up once.

    (Textual puts a widget's style together anew each time it is asked for, which costs more than
    drawing the line.)
    """

    ALLOW_SELECT = False
    PREFIX: ClassVar[str] = ""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._palette = Palette(self, self.PREFIX, ())

    @property
    def in_signs(self) -> bool:
        """Whether colours can't be told apart or mixed, so that characters tell everything."""
        app = self.app
        return app.no_color or app.native_ansi_color or getattr(app, "ascii_only", False)

    def style(self, name: str = "plain") -> Style:
        """The style of the component class `name` (without its prefix), or the widget's own."""
        return self._palette[name, 0]

    def line(self, *pieces: tuple[str, str], width: int | None = None) -> Strip:
        """A line of (text, style name), filled up to the width of the content, or cut with "…"."""
        segments = [Segment(text, self.style(name)) for text, name in pieces if text]
        width = self.content_size.width if width is None else width
        strip = Strip(segments)
        if strip.cell_length > width > 0:  # what is cut says so
            more = Segment("…", segments[-1].style)
            strip = Strip([*strip.crop(0, width - 1), more])
        return strip.adjust_cell_length(width, self.style()).simplify()

    def redraw(self, first: int, last: int) -> None:
        """Draw lines of the content again, from `first` to `last`."""
        self.refresh(Region(0, first, self.content_size.width, last - first + 1))

    def notify_style_update(self) -> None:
        """Look the styles up anew."""
        super().notify_style_update()
        self._palette.clear()
