"""A list of one-line rows with a cursor: the base of the panels that are tables.

Textual's DataTable measures and caches every cell; these panels change with every painted pixel,
so they draw only the lines in sight, from the numbers as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from nnsim.i18n import N_, _
from nnsim.tui.widgets.painter import Painter

# A row is a list of (text, component class or "" for the plain style).
Row = list[tuple[str, str]]


def joined(pieces: Iterable[tuple[str, str]]) -> Row:
    """Make neighbours of one style one piece: the fewer there are, the faster they are drawn."""
    runs = groupby(pieces, itemgetter(1))
    return [("".join(text for text, _style in run), style) for style, run in runs]


def in_sight(first: int, seen: int, count: int) -> str | None:
    """Which rows are in sight, `first` counted from 0; None where it is all, or none at all."""
    if not 0 < seen < count:
        return None
    return _("{first}–{last} of {count}").format(first=first + 1, last=first + seen, count=count)


class RowList(Painter, ScrollView, can_focus=True):
    """Rows that are asked for when they come into sight.

    Subclasses give `row_count` and `row`, and may give `header`, a line that stays on top.
    """

    PREFIX = "rows--"
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

    cursor: reactive[int] = reactive(0, repaint=False)

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        # By line on the screen: the row drawn there, and what it said.
        self._drawn: dict[int, tuple[int, Row]] = {}
        self._header = ""
        self._in_sight: str | None = None
        self.line_width = 0  # of the content in sight

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
        return 1 if self._header else 0

    def rows_changed(self) -> None:
        """Draw again what changed: of the lines in sight, those whose row is another now."""
        count = self.row_count()
        before, self.line_width = self.line_width, self.scrollable_content_region.width
        header, self._header = self._header, self.header()
        size = Size(self.line_width, count + self._header_height)
        if self.virtual_size.height != size.height or before != self.line_width:
            self.virtual_size = size
            self.refresh()
        if self.cursor >= count:
            self.set_reactive(RowList.cursor, max(0, count - 1))
        changed = [
            y
            for y, (index, drawn) in self._drawn.items()
            if index >= count or self.row(index) != drawn
        ]
        if header != self._header:
            changed.append(0)
        self._say_what_is_in_sight()
        if not self._drawn:  # forgotten with the style, though lines may still be in sight
            self.refresh()
        elif changed:  # one region: each costs as much as a few lines
            self.redraw(min(changed), max(changed))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Say anew which rows are in sight."""
        super().watch_scroll_y(old_value, new_value)
        self._say_what_is_in_sight()

    def _say_what_is_in_sight(self) -> None:
        """Name the rows in sight on the border, where there are more (a scrollbar is colour)."""
        seen, count = self.content_size.height - self._header_height, self.row_count()
        text = in_sight(min(round(self.scroll_y), count - seen), seen, count)
        if text != self._in_sight:
            self._in_sight = text
            self.border_subtitle = text

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
        place = event.get_content_offset(self)
        if place is None or place.y < self._header_height:
            return
        row = place.y - self._header_height + self.scroll_offset.y
        if not 0 <= row < self.row_count():
            return
        if row == self.cursor:
            self.post_message(self.Chosen(self, row))
        else:
            self._go(row)

    def notify_style_update(self) -> None:
        """Every line is drawn anew in the new style."""
        super().notify_style_update()
        self._drawn.clear()

    def render_line(self, y: int) -> Strip:
        """One line in sight: the header, or a row."""
        width = self.line_width
        if y < self._header_height:
            return self.line((self._header, "header"), width=width)
        index = y - self._header_height + self.scroll_offset.y
        if index >= self.row_count():
            return Strip.blank(width, self.style())
        row = self.row(index)
        self._drawn[y] = (index, row)
        strip = self.line(*((text, name or "plain") for text, name in row), width=width)
        if index == self.cursor and self.has_focus:
            cursor = self.get_component_rich_style("rows--cursor", partial=True)
            strip = Strip(
                [Segment(s.text, (s.style or self.style()) + cursor) for s in strip],
                strip.cell_length,
            )
        return strip

    def watch_cursor(self, before: int, after: int) -> None:
        """The cursor is drawn on the line it is on."""
        lines = [i + self._header_height - self.scroll_offset.y for i in (before, after)]
        self.redraw(max(0, min(lines)), min(self.content_size.height - 1, max(lines)))
