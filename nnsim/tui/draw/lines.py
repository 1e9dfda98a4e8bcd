"""The base of everything that is drawn: rows that are data.

A panel says in `Lines.rows` what stands on each of its lines, from what it shows *now*. The base
compares that with what it drew and draws what differs. It keeps nothing else, so no focus, resize,
theme or new experiment can leave an old picture behind.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from nnsim.i18n import N_, _
from nnsim.tui.draw.styles import Sheet

if TYPE_CHECKING:
    from rich.style import Style

MOST_GAP = 3
"""Lines between two that changed that are drawn along: a region costs as much as a few lines."""


class Piece(NamedTuple):
    """A piece of a row: a text, its style, and what it stands for (an address, a tab, …)."""

    text: str
    style: str | Style = ""
    of: Any = None


class Cells(Protocol):
    """A row that is put into pieces only where it is drawn, such as one of a heat map.

    It is compared as data, so everything that it draws must be in what it compares. A record may
    have ``differs(before)``: the first cell that is another than in a row of its kind, and the
    cell behind the last.
    """

    def __eq__(self, other: object) -> bool: ...
    def pieces(self, sheet: Sheet) -> Iterable[tuple[Any, ...]]: ...


Row = Sequence["Piece | tuple[str, str | Style]"]


def joined(pieces: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Make neighbours of one style one piece: the fewer there are, the faster they are drawn."""
    found: list[tuple[str, Any]] = []
    text, last = "", None
    for more, style in pieces:
        if style == last:
            text += more
            continue
        if text:
            found.append((text, last))
        text, last = more, style
    return [*found, (text, last)] if text else found


def runs(changed: Iterable[int]) -> list[tuple[int, int]]:
    """First and last line of each run of lines; small gaps are closed."""
    found: list[tuple[int, int]] = []
    for y in sorted(changed):
        if found and y - found[-1][1] <= MOST_GAP:
            found[-1] = (found[-1][0], y)
        else:
            found.append((y, y))
    return found


def differing(before: Row | Cells, now: Row | Cells, width: int) -> tuple[int, int]:
    """The first cell in which two rows differ, and the cell behind the last; `width` in all.

    What a frame sends is what it is told to draw: one cell of a map is 40 bytes, all its row 4000.
    """
    if isinstance(before, Sequence) and isinstance(now, Sequence):
        start, wide = _alike(before, now), _width(now)
        if wide != _width(before) or wide > width:  # what is too long is cut at the end
            return max(0, min(start, width - 2)), width
        return start, wide - _alike(before[::-1], now[::-1])
    if type(before) is type(now) and hasattr(now, "differs"):
        first, behind = now.differs(before)
        return first, behind
    return 0, width


def _width(row: Row) -> int:
    return sum(cell_len(piece[0]) for piece in row)


def _alike(before: Row, now: Row) -> int:
    """The cells of the pieces that two rows begin with alike."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(before, now, strict=False))
    return sum(cell_len(new[0]) for _old, new in pairs)


class Lines(Widget):
    """A widget that draws rows; subclasses give `rows`, and call `update` when they may differ."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.sheet = Sheet(self)
        self._rows: Sequence[Row | Cells] = ()
        self.redrawn = 0  # cells that the last update asked to draw again
        self._for: Hashable = None  # the circumstances under which the rows were asked for
        self._strips: dict[int, tuple[Row | Cells, int, Strip]] = {}
        self._current = False  # for the lines that are being drawn

    @property
    def area(self) -> Size:
        """Columns and lines that rows can take."""
        return self.content_size

    def rows(self, width: int, height: int) -> Sequence[Row | Cells]:
        """What stands on the lines in sight, from the top; computed from what is shown now."""
        raise NotImplementedError

    def circumstances(self) -> Hashable:
        """What rows may depend on beside what is shown."""
        return self.area, self.has_focus, self.app.theme

    def update(self) -> None:
        """Ask for the rows anew, and draw those that differ from what stands there."""
        if not self.is_attached:
            return
        before = self._rows
        self._ask()
        rows = self._rows
        changed = [
            y
            for y in range(max(len(before), len(rows)))
            if y >= len(before) or y >= len(rows) or before[y] != rows[y]
        ]
        width = self.area.width
        common = min(len(before), len(rows))
        spans = {
            y: differing(before[y], rows[y], width) if y < common else (0, width) for y in changed
        }
        for first, last in runs(changed):
            inside = [spans[y] for y in range(first, last + 1) if y in spans]
            left, right = min(x for x, _end in inside), max(end for _x, end in inside)
            self.refresh(Region(left, first, right - left, last - first + 1))
        self.redrawn = sum(end - x for x, end in spans.values())

    def _ask(self) -> None:
        self._for = self.circumstances()
        width, height = self.area
        self._rows = list(self.rows(width, height))[:height] if width and height else ()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines; under other circumstances than rows were asked for, they are asked anew."""
        self._ask_if_other()
        self._current = True
        try:
            return super().render_lines(crop)
        finally:
            self._current = False

    def _ask_if_other(self) -> None:
        if self._for != self.circumstances():
            self._ask()

    def render_line(self, y: int) -> Strip:
        if not self._current:
            self._ask_if_other()
        row: Row | Cells = self._rows[y] if y < len(self._rows) else ()
        width = self.area.width
        held = self._strips.get(y)
        if held is not None and held[1] == width and (held[0] is row or held[0] == row):
            return held[2]
        strip = self._strip(row, width)
        self._strips[y] = (row, width, strip)
        return strip

    def _strip(self, row: Row | Cells, width: int) -> Strip:
        pieces = row if isinstance(row, Sequence) else row.pieces(self.sheet)
        segments = [
            Segment(piece[0], self.style(style) if isinstance(style := piece[1], str) else style)
            for piece in pieces
            if piece[0]
        ]
        strip = Strip(segments)
        if strip.cell_length > width > 0:  # what is cut says so
            more = Segment("…", segments[-1].style)
            strip = Strip([*strip.crop(0, width - 1), more])
        return strip.adjust_cell_length(width, self.style("")).simplify()

    def style(self, name: str) -> Style:
        """The style of a name (see `styles`), on this widget's background."""
        return self.sheet[name]

    @property
    def lines(self) -> list[str]:
        self._ask_if_other()
        return ["".join(p[0] for p in self._pieces(row)).rstrip() for row in self._rows]

    def _pieces(self, row: Row | Cells) -> Iterable[tuple[Any, ...]]:
        return row if isinstance(row, Sequence) else row.pieces(self.sheet)

    def under(self, event: events.MouseEvent) -> Any:
        """What the piece under the mouse stands for; None where it stands for nothing."""
        place = event.get_content_offset(self)
        if place is None or place.y >= len(self._rows):
            return None
        x = 0
        for piece in self._pieces(self._rows[place.y]):
            x += cell_len(piece[0])
            if place.x < x:
                return piece[2] if len(piece) > 2 else None
        return None

    @property
    def in_signs(self) -> bool:
        """Whether colours can't be told apart or mixed, so that characters tell everything."""
        app = self.app
        return app.no_color or app.native_ansi_color or getattr(app, "ascii_only", False)

    def watch_has_focus(self, _has_focus: bool) -> None:
        super().watch_has_focus(_has_focus)
        self.update()

    def on_resize(self) -> None:
        self.update()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if hasattr(self, "sheet"):
            self.sheet.clear()
            self._strips.clear()


def in_sight(first: int, seen: int, count: int) -> str | None:
    if not 0 < seen < count:
        return None
    return _("{first}–{last} of {count}").format(first=first + 1, last=first + seen, count=count)


class Table(Lines, ScrollView, can_focus=True):
    """One-line rows with a cursor, that scroll; only those in sight are asked for.

    Subclasses give `row_count` and `row`, and may give `header`, a line that stays on top.
    (Textual's DataTable measures and keeps every cell; these change with every painted pixel.)
    """

    DEFAULT_CSS = """
    Table { height: 1fr; overflow-x: hidden; scrollbar-size-vertical: 1; }
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

    class AtRow(Message):
        """Something happened at a row."""

        def __init__(self, table: Table, row: int) -> None:
            self.table = table
            self.row = row
            super().__init__()

        @property
        def control(self) -> Table:
            return self.table

    class Moved(AtRow):
        """The person moved the cursor to a row."""

    class Chosen(AtRow):
        """The person chose a row (Enter, or a click on the row that has the cursor)."""

    def row_count(self) -> int:
        raise NotImplementedError

    def row(self, index: int) -> Row:
        raise NotImplementedError

    def header(self) -> str:
        """The line on top; empty for none."""
        return ""

    @property
    def _top(self) -> int:
        return 1 if self.header() else 0

    @property
    def area(self) -> Size:
        """What the scrollbar leaves."""
        size: Size = self.scrollable_content_region.size
        return size

    @property
    def line_width(self) -> int:
        """Cells of a row, beside the scrollbar."""
        return self.area.width

    def circumstances(self) -> Hashable:
        """Rows depend on where it is scrolled to, and on the cursor."""
        return super().circumstances(), self.scroll_offset, self.cursor

    def rows(self, width: int, height: int) -> Sequence[Row]:  # noqa: ARG002
        """The header and the rows in sight; the one under the cursor is marked."""
        header, first, count = self.header(), self.scroll_offset.y, self.row_count()
        above: list[Row] = [[(header, "header")]] if header else []
        seen = range(first, min(count, first + height - len(above)))
        return [*above, *(self._marked(index) for index in seen)]

    def _marked(self, index: int) -> Row:
        row = self.row(index)
        if index != self.cursor or not self.has_focus:
            return row
        room = self.line_width - sum(cell_len(piece[0]) for piece in row)
        marked = [
            Piece(
                p[0], f"{p[1]} reverse" if isinstance(p[1], str) else p[1] + self.style("reverse")
            )
            for p in row
        ]
        return [*marked, Piece(" " * max(0, room), "reverse")]

    def update(self) -> None:
        """Draw again what changed, and fit what can be scrolled to how many rows there are."""
        count = self.row_count()
        size = Size(self.line_width, count + self._top)
        if self.virtual_size != size:
            self.virtual_size = size
        if self.cursor >= count:
            self.set_reactive(Table.cursor, max(0, count - 1))
        super().update()
        self._say_what_is_in_sight()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.update()

    def _say_what_is_in_sight(self) -> None:
        """Name the rows in sight on the border, where there are more (a scrollbar is colour)."""
        seen, count = self.content_size.height - self._top, self.row_count()
        text = in_sight(min(round(self.scroll_y), count - seen), seen, count)
        if text != self.border_subtitle:
            self.border_subtitle = text

    def on_resize(self) -> None:
        self.update()
        self._show_cursor()

    def move_cursor(self, row: int) -> None:
        """Put the cursor on `row` without telling anybody."""
        row = max(0, min(self.row_count() - 1, row))
        if row != self.cursor:
            self.cursor = row
            self._show_cursor()

    def _show_cursor(self) -> None:
        self.scroll_to_region(
            Region(0, self.cursor, 1, 1 + self._top), animate=False, force=True, x_axis=False
        )

    def _go(self, row: int) -> None:
        before = self.cursor
        self.move_cursor(row)
        if self.cursor != before:
            self.post_message(self.Moved(self, self.cursor))

    def action_move(self, by: int) -> None:
        self._go(self.cursor + by)

    def action_page(self, by: int) -> None:
        self._go(self.cursor + by * max(1, self.size.height - self._top - 1))

    def action_edge(self, end: int) -> None:
        self._go(0 if end == 0 else self.row_count() - 1)

    def on_click(self, event: events.Click) -> None:
        place = event.get_content_offset(self)
        if place is None or place.y < self._top:
            return
        row = place.y - self._top + self.scroll_offset.y
        if not 0 <= row < self.row_count():
            return
        if row == self.cursor:
            self.post_message(self.Chosen(self, row))
        else:
            self._go(row)

    def watch_cursor(self) -> None:
        self.update()
