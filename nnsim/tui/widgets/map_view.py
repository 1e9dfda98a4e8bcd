"""How the map of all forms is drawn: the part of it in sight, and the text beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.strip import Strip

from nnsim.i18n import _
from nnsim.lab import Lab
from nnsim.lab.hiding import NOTHING, Hidden
from nnsim.lab.reading.beliefs import Beliefs, Marks
from nnsim.lab.reading.samples import Stories
from nnsim.tui.draw.text import width_of
from nnsim.tui.panels.panel import Panel
from nnsim.tui.widgets.map_field import Cells, FieldStyles, Grid
from nnsim.tui.widgets.map_side import Aside, unit_address
from nnsim.tui.widgets.map_stories import ORDERS, StoryTable
from nnsim.tui.widgets.painter import Painter
from nnsim.tui.widgets.rows import Row

SIDE, WIDEST_SIDE = 19, 34
LIST = 44
LEAST_MAP = 14
"""With fewer columns left for the map there is no text beside it."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What the map shows now."""

    lab: Lab
    beliefs: Beliefs
    marks: Marks
    signs: NDArray[np.int8]
    stories: Stories


class MapView(Panel, Painter):
    """Draws what `shown` says; `draw` brings the screen in line, and only what is different."""

    PREFIX = "map--"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"map--class-{k}" for k in range(6)),
        "map--cursor",
        "map--dim",
        "map--header",
        "map--strong",
        "map--wrong",
    }
    DEFAULT_CSS = """
    MapView {
        .map--class-0 { color: #5aa9ff; }
        .map--class-1 { color: #ff9a3c; }
        .map--class-2 { color: #5fd38a; }
        .map--class-3 { color: #d98cff; }
        .map--class-4 { color: #f2d64b; }
        .map--class-5 { color: #4fd6d6; }
        .map--cursor { text-style: bold reverse; }
        .map--dim { color: $text-muted; }
        .map--header { color: $text-muted; text-style: bold; }
        .map--strong { text-style: bold; }
        .map--wrong { color: $text-error; text-style: bold; }
        &:light {
            .map--class-0 { color: #0b5cc4; }
            .map--class-1 { color: #b34700; }
            .map--class-2 { color: #14713a; }
            .map--class-3 { color: #7d1fb0; }
            .map--class-4 { color: #7a6200; }
            .map--class-5 { color: #006d6d; }
        }
        &:ansi {
            .map--class-0 { color: ansi_bright_blue; }
            .map--class-1 { color: ansi_yellow; }
            .map--class-2 { color: ansi_green; }
            .map--class-3 { color: ansi_magenta; }
            .map--class-4 { color: ansi_bright_yellow; }
            .map--class-5 { color: ansi_cyan; }
            .map--dim { text-style: dim; }
        }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.shown: Shown | None = None
        self.sorry = ""  # why there is no map
        self.cursor = 0
        self.listing = False
        self.as_signs = False
        self.unit: tuple[int, int] | None = None  # the hidden unit that is asked, if one is
        self.table = StoryTable()
        self.styles_of = FieldStyles(self)
        self.drawn = 0  # cells that were drawn again the last time
        self.top = self.left = 0  # the first line and column of forms in sight
        self._grid = Grid(False, 1, 0, 0)
        self._cells: Cells = np.zeros((0, 0), np.int64)
        self._side: list[Row] = []
        self._side_strips: dict[int, Strip] = {}
        # Columns in all and of the map, columns and lines of forms in sight, whether in colours.
        self._geometry = (0, 0, 0, 0, True)
        self._bare = False  # whether the border is left out
        self._list: list[Row] = []

    # What is where ------------------------------------------------------------------------------

    @property
    def map_width(self) -> int:
        """Columns for the map (or the list)."""
        width, height = self.content_size
        room = width - 1 - SIDE
        if room < LEAST_MAP:
            return width
        if self.listing or self.shown is None:
            return min(room, LIST)
        layout = self.shown.beliefs.layout
        large = 2 * layout.columns <= room and layout.rows <= height
        return min(room, layout.columns * (2 if large else 1))

    @property
    def side_width(self) -> int:
        """Columns for the text beside it; 0 where there is no room."""
        return min(max(0, self.content_size.width - self.map_width - 1), WIDEST_SIDE)

    @property
    def seen(self) -> tuple[int, int]:
        """How many columns and lines of forms are in sight."""
        return (
            min(self.map_width, self._grid.columns) // self._grid.width,
            min(self.content_size.height, self._grid.lines),
        )

    def follow(self) -> None:
        """Move the window so that the cursor is in it."""
        if self.shown is None:
            return
        if self.listing:
            self.table.follow(self.content_size.height)
            return
        columns, lines = self.seen
        row, column = self.shown.beliefs.layout.place(self.cursor)
        line = self._grid.corner(row, column)[1]
        self.top = min(max(self.top, line - lines + 1), line)
        self.left = min(max(self.left, column - columns + 1), column)
        self.scroll_by(0, 0)

    def scroll_by(self, right: int, down: int) -> None:
        """Move the window, as far as there is map."""
        if self.listing:
            self.table.scroll(down, self.content_size.height)
            return
        columns, lines = self.seen
        most = self._grid.columns // self._grid.width - columns
        self.left = min(max(0, self.left + right), max(0, most))
        self.top = min(max(0, self.top + down), max(0, self._grid.lines - lines))

    def form_at(self, x: int, y: int) -> int | None:
        """The form at a cell of the content; of two the upper one."""
        if self.shown is None or self.listing:
            return None
        columns, lines = self.seen
        if not (0 <= x < columns * self._grid.width and 0 <= y < lines):
            return None
        row, column = self._grid.at(x + self.left * self._grid.width, y + self.top)
        return int(self.shown.beliefs.layout.form[row, column])

    def hides(self, form: int) -> bool:
        """Whether a lesson asks what the network says of this form, which is on the bench."""
        hidden: Hidden = getattr(self.screen, "hidden", NOTHING)
        shown = self.shown
        if not hidden or shown is None:
            return False
        layer = -1 if shown.beliefs.unit is None else shown.beliefs.unit[0]
        layer %= len(shown.lab.names.layers)
        asked = hidden.asks("prediction", "correct") or any(
            q.layer == layer and q.unit >= 0 for q in hidden.quantities
        )
        return asked and shown.beliefs.layout.number(shown.lab.input) == form

    # Drawing ------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Work out what each cell shows now, and draw those again that are different."""
        shown = self.shown
        if shown is None or not self.content_size.area:
            self._cells, self._side, self._list = np.zeros((0, 0), np.int64), [], []
            self.refresh()
            return
        self.styles_of.name(shown.beliefs.names)
        layout = shown.beliefs.layout
        self._fit_border(layout.rows // 2)
        coloured = self.styles_of.colourful and not self.as_signs
        grid = Grid.of(
            layout.rows, layout.columns, (self.map_width, self.content_size.height),
            coloured=coloured,
        )  # fmt: skip
        moved = grid != self._grid
        self._grid = grid
        if moved:
            self.follow()
        geometry = (self.content_size.width, self.map_width, *self.seen, coloured)
        if geometry != self._geometry:
            self._geometry = geometry
            self._side_strips.clear()
            self.refresh()
        old, self._cells = self._cells, grid.cells(shown.beliefs, shown.signs, self.cursor)
        if moved or old.shape != self._cells.shape or self.listing:
            self._draw_list()
        else:
            self._draw_changed(old)
        self._draw_side(coloured)
        self._say_what_is_in_sight()

    def _fit_border(self, lines: int) -> None:
        """Alone on the screen, do without a border where all of the map fits then (at 120×36)."""
        height = self.outer_size.height
        bare = self.screen.has_class("-alone") and height - 2 < lines <= height
        if bare != self._bare:
            self._bare = bare
            if bare:
                self.styles.border = ("none", "transparent")
            else:
                self.styles.clear_rule("border_top")
                self.styles.clear_rule("border_right")
                self.styles.clear_rule("border_bottom")
                self.styles.clear_rule("border_left")

    def redraw_all(self) -> None:
        """Draw everything again: the window or the mode is another."""
        self.refresh()
        self.draw()

    def _draw_changed(self, old: Cells) -> None:
        """Draw the map again where it is different now: of each line one piece (more cost more)."""
        columns, lines = self.seen
        part = np.s_[self.top : self.top + lines, self.left : self.left + columns]
        changed = old[part] != self._cells[part]
        width = self._grid.width
        first, last = changed.argmax(axis=1), columns - 1 - changed[:, ::-1].argmax(axis=1)
        lines_changed = np.flatnonzero(changed.any(axis=1)).tolist()
        self.drawn = 0
        if lines_changed:
            sizes = (last - first + 1)[lines_changed]
            self.drawn = int(sizes.sum())
            self.refresh(*(
                Region(int(first[y]) * width, y, int(size) * width, 1)
                for y, size in zip(lines_changed, sizes, strict=True)
            ))  # fmt: skip

    def _draw_list(self) -> None:
        """Draw the list anew where it is different, or the whole map."""
        if not self.listing or self.shown is None:
            self.refresh()
            return
        self.table.show(self.shown.stories)
        rows = self.table.rows(self.shown.lab, self.map_width, self.content_size.height)
        if rows != self._list:
            self._list = rows
            self.refresh(Region(0, 0, self.map_width, self.content_size.height))

    def _draw_side(self, coloured: bool) -> None:
        shown = self.shown
        assert shown is not None
        rows: list[Row] = []
        if self.side_width:
            aside = Aside(
                shown.lab, shown.beliefs, shown.marks, self.cursor, shown.stories,
                self.styles_of.letters, coloured, self.hides(self.cursor),
            )  # fmt: skip
            rows = aside.rows(self.side_width, self.content_size.height)
        old, self._side = self._side, rows
        changed = [
            y
            for y in range(max(len(old), len(rows)))
            if y >= len(old) or y >= len(rows) or old[y] != rows[y]
        ]
        for y in changed:
            self._side_strips.pop(y, None)
        if changed:
            left = self.map_width
            self.refresh(*(Region(left, y, self.side_width + 1, 1) for y in changed))

    def _say_what_is_in_sight(self) -> None:
        """Name the part in sight on the border, where there is more, and the unit that is asked."""
        text, title = "", str(self.border_title or "").split(" · ")[0]
        if self.shown is not None and self.shown.beliefs.unit is not None:
            name = unit_address(self.shown.lab, self.shown.beliefs.unit)
            title += " · " + name.replace("[", " ").rstrip("]")  # brackets would be markup
        if title != self.border_title:
            self.border_title = title
        columns, lines = self.seen
        if self.listing:
            text = _("{count} training images, {order}").format(
                count=len(self.table.stories), order=_(ORDERS[self.table.order])
            )
        elif lines < self._grid.lines or columns < self._grid.columns // self._grid.width:
            twice = 2 if self._grid.halves else 1
            down = (self.top * twice + 1, (self.top + lines) * twice, self._grid.lines * twice)
            right = (self.left + 1, self.left + columns, self._grid.columns // self._grid.width)
            seen = (*down, *right)
            text = _("rows {a}–{b} of {c}, columns {d}–{e} of {f}")
            text = text.format(**dict(zip("abcdef", seen, strict=True)))
            if width_of(text) + 6 > self.content_size.width:
                text = "{}–{}/{} × {}–{}/{}".format(*seen)
        if text != self.border_subtitle:
            self.border_subtitle = text

    def render_line(self, y: int) -> Strip:
        """One line: of the map or the list, and of the text beside it."""
        plain = self.style()
        if self.shown is None:
            return self.line((self.sorry if y == 0 else "", "dim"))
        width, left, columns, lines, coloured = self._geometry
        if self.listing:
            row = self._list[y] if y < len(self._list) else []
            segments = list(self.line(*((t, n or "plain") for t, n in row), width=left))
        elif y < lines and self.top + y < len(self._cells):
            cells = self._cells[self.top + y, self.left : self.left + columns]
            segments = self.styles_of.segments(cells, self._grid, not coloured)
            segments.append(Segment(" " * (left - columns * self._grid.width), plain))
        else:
            segments = [Segment(" " * left, plain)]
        if width > left:
            strip = self._side_strips.get(y)
            if strip is None:
                row = self._side[y] if y < len(self._side) else []
                texts = ((" ", "plain"), *((text, name or "plain") for text, name in row))
                side_width = min(width - left, WIDEST_SIDE + 1)
                strip = self._side_strips[y] = self.line(*texts, width=side_width)
            segments += strip
        return Strip(segments).adjust_cell_length(width, plain)

    def on_resize(self) -> None:
        """Put the map into the new size."""
        self.draw()
        self.follow()
        self.redraw_all()

    def notify_style_update(self) -> None:
        """Every cell is drawn anew in the new style."""
        super().notify_style_update()
        if hasattr(self, "styles_of"):
            self.styles_of.clear()
            self._side_strips.clear()

    # The wheel ----------------------------------------------------------------------------------

    def _wheel(self, event: events.MouseEvent, right: int, down: int) -> None:
        if self.shown is not None:
            event.stop()
            self.scroll_by(right, down)
            self.redraw_all()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Scroll the map down, with Shift to the right."""
        self._wheel(event, *((6, 0) if event.shift else (0, 3)))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Scroll the map up, with Shift to the left."""
        self._wheel(event, *((-6, 0) if event.shift else (0, -3)))

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        """Scroll the map to the right."""
        self._wheel(event, 6, 0)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        """Scroll the map to the left."""
        self._wheel(event, -6, 0)
