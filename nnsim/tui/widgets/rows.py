"""A list of one-line rows with a cursor: the base of the panels that are tables.

Textual's DataTable measures and caches every cell; these panels change with every painted pixel,
so they draw only the lines in sight, from the numbers as they are.
"""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from nnsim.i18n import N_

# A row is a list of (text, component class or "" for the plain style).
Row = list[tuple[str, str]]


class RowList(ScrollView, can_focus=True):
    """Rows that are asked for when they come into sight.

    Subclasses give `row_count` and `row`, and may give `header`, a line that stays on top.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "rows--header",
        "rows--cursor",
        "rows--dim",
        "rows--positive",
        "rows--negative",
        "rows--strong",
        "rows--wrong",
    }
    DEFAULT_CSS = """
    RowList {
        height: 1fr;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        .rows--header { color: $text-muted; text-style: bold; }
        .rows--cursor { text-style: reverse; }
        .rows--dim { color: $text-muted; }
        .rows--strong { text-style: bold; }
        .rows--positive { color: $text-primary; }
        .rows--negative { color: $text-warning; }
        .rows--wrong { color: $text-error; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", N_("Up"), show=False, id="rows.up", tooltip=N_("Row above")),
        Binding(
            "down,j", "move(1)", N_("Down"), show=False, id="rows.down", tooltip=N_("Row below")
        ),
        Binding("pageup", "page(-1)", N_("Page up"), show=False, id="rows.page_up"),
        Binding("pagedown", "page(1)", N_("Page down"), show=False, id="rows.page_down"),
        Binding("home", "edge(0)", N_("First"), show=False, id="rows.first"),
        Binding("end", "edge(-1)", N_("Last"), show=False, id="rows.last"),
    ]

    cursor: reactive[int] = reactive(0)

    class Moved(Message):
        """The person moved the cursor to a row."""

        def __init__(self, rows: RowList, row: int) -> None:
            self.rows = rows
            self.row = row
            super().__init__()

        @property
        def control(self) -> RowList:
            """The list it happened in."""
            return self.rows

    class Chosen(Moved):
        """The person chose a row (Enter, or a click on the row that has the cursor)."""

    def row_count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    def row(self, index: int) -> Row:
        """The row at `index`, as pieces of text with their component classes."""
        raise NotImplementedError

    def header(self) -> str:
        """The line on top; empty for none."""
        return ""

    @property
    def _header_height(self) -> int:
        return 1 if self.header() else 0

    def rows_changed(self) -> None:
        """Draw again after the numbers changed."""
        count = self.row_count()
        size = Size(self.scrollable_content_region.width, count + self._header_height)
        if self.virtual_size.height != size.height:
            self.virtual_size = size
        if self.cursor >= count:
            self.set_reactive(RowList.cursor, max(0, count - 1))
        self.refresh()

    def on_resize(self) -> None:
        """Fit the scrollable size to the width, and keep the cursor in sight."""
        self.rows_changed()
        self._show_cursor()

    def move_cursor(self, row: int) -> None:
        """Put the cursor on `row` without telling anybody."""
        row = max(0, min(self.row_count() - 1, row))
        if row != self.cursor:
            self.cursor = row
            self._show_cursor()

    def _show_cursor(self) -> None:
        top = self._header_height
        self.scroll_to_region(
            Region(0, self.cursor, 1, 1 + top), animate=False, force=True, x_axis=False
        )

    def _go(self, row: int) -> None:
        before = self.cursor
        self.move_cursor(row)
        if self.cursor != before:
            self.post_message(self.Moved(self, self.cursor))

    def action_move(self, by: int) -> None:
        """Move the cursor by rows."""
        self._go(self.cursor + by)

    def action_page(self, by: int) -> None:
        """Move the cursor by pages."""
        self._go(self.cursor + by * max(1, self.size.height - self._header_height - 1))

    def action_edge(self, end: int) -> None:
        """Move the cursor to the first or last row."""
        self._go(0 if end == 0 else self.row_count() - 1)

    def on_click(self, event: events.Click) -> None:
        """Select the row under the mouse; a click on the selected one chooses it."""
        row = event.y - self._header_height + self.scroll_offset.y
        if event.y < self._header_height or not 0 <= row < self.row_count():
            return
        if row == self.cursor:
            self.post_message(self.Chosen(self, row))
        else:
            self._go(row)

    def render_line(self, y: int) -> Strip:
        """One line in sight: the header, or a row."""
        width = self.scrollable_content_region.width
        base = self.rich_style
        if y < self._header_height:
            style = base + self.get_component_rich_style("rows--header", partial=True)
            return Strip([Segment(self.header(), style)]).adjust_cell_length(width, base)
        index = y - self._header_height + self.scroll_offset.y
        if index >= self.row_count():
            return Strip.blank(width, base)
        styles: dict[str, Style] = {"": base}
        segments = []
        for text, name in self.row(index):
            if name not in styles:
                styles[name] = base + self.get_component_rich_style(f"rows--{name}", partial=True)
            segments.append(Segment(text, styles[name]))
        strip = Strip(segments).adjust_cell_length(width, base)
        if index == self.cursor and self.has_focus:
            cursor = self.get_component_rich_style("rows--cursor", partial=True)
            strip = Strip(
                [Segment(s.text, (s.style or base) + cursor) for s in strip], strip.cell_length
            )
        return strip.simplify()

    def watch_cursor(self) -> None:
        """The cursor is drawn on the line it is on."""
        self.refresh()
