"""The map of panel 9 on the screen: its cells, axes, key, and what is said about it."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from nnsim.i18n import _
from nnsim.lab.landscape import WEIGHTS, CostMap, Plane, Window
from nnsim.tui.draw.text import short, wrap_cells
from nnsim.tui.panels.panel import Panel
from nnsim.tui.widgets import landscape_view as view
from nnsim.tui.widgets.heat import DIGITS, LEVELS, Heat, Levels
from nnsim.tui.widgets.landscape_view import LEAST, NOW, START, WAY, Scale
from nnsim.tui.widgets.painter import Painter
from nnsim.tui.widgets.plot import Plot
from nnsim.tui.widgets.rows import Row

KEY_WIDTH = 12
LEAST_WITH_KEY = 64
"""From so many columns on, the key stands beside the map; else below it."""
ABOVE, BELOW = 2, 2  # lines of text around the map; one more below, where the key is there


class LandscapeLines(Panel, Painter):
    """Draws the map, its marks and its text; only the lines that are different."""

    PREFIX = "landscape--"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "landscape--axis", "landscape--dim", "landscape--header", "landscape--here",
        "landscape--high", "landscape--low", "landscape--middle", "landscape--strong",
        "landscape--wrong",
    }  # fmt: skip
    DEFAULT_CSS = """
    LandscapeLines {
        .landscape--axis { color: $text-muted; }
        .landscape--dim { color: $text-muted; }
        .landscape--header { text-style: bold; }
        .landscape--here { color: $text-accent; text-style: bold; }
        .landscape--low { color: #1d2a6b; }
        .landscape--middle { color: #1f8f83; }
        .landscape--high { color: #f4dc62; }
        .landscape--strong { text-style: bold; }
        .landscape--wrong { color: $text-error; text-style: bold; }
        &:ansi .landscape--dim, &:ansi .landscape--axis { color: ansi_default; text-style: dim; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        stops = tuple(f"{self.PREFIX}{name}" for name in ("low", "middle", "high"))
        self.heat = Heat(self, stops)
        self.map: CostMap | None = None
        self.plane: Plane | None = None
        self.logarithmic = True
        self.cursor = (0.0, 0.0)
        self.now: tuple[tuple[float, float], float] | None = None  # where the bench is, its cost
        self.sorry = ""  # why there is no map
        self.plot: Plot | None = None
        self._scale = Scale(0.0, 1.0, False)
        self._levels: Levels = np.zeros((0, 0), np.int8)
        self._digits: NDArray[np.str_] = np.zeros((0, 0), "<U1")
        self._marks: list[dict[int, str]] = []
        self._taken: tuple[Any, ...] = ()
        self._drawn: list[Any] = []
        self._rows: dict[int, Row] = {}

    # Room ---------------------------------------------------------------------------------------

    @property
    def key_beside(self) -> bool:
        """Whether the key stands beside the map."""
        return self.content_size.width >= LEAST_WITH_KEY and self.content_size.height >= 22

    def room(self) -> tuple[int, int]:
        """Columns and rows for the map with its axes."""
        width, height = self.content_size
        wide = width - (KEY_WIDTH + 1 if self.key_beside else 0)
        return wide, height - ABOVE - BELOW - (0 if self.key_beside else 1)

    def fitted(self, window: Window) -> tuple[Plot, int, int]:
        """The plot for a window in the room there is, and its columns and rows."""
        wide, tall = self.room()
        return view.plot_of(window, max(12, wide), max(4, tall))

    # Drawing ------------------------------------------------------------------------------------

    def take(self, path: NDArray[np.float64], now: tuple[float, float]) -> None:
        """Take levels and marks from the map as it is now."""
        found = self.map
        if found is None:
            return
        key = (found, found.known, self.logarithmic)
        if key != self._taken:
            self._taken = key
            self._scale = Scale.of(found.shown, self.logarithmic)
            self._levels = self._scale.levels(found.shown)
            self._digits = view.contour_digits(self._levels)
        self._marks = view.marks(found, path, now)

    def draw(self) -> None:
        """Bring the lines in sight in line."""
        width, height = self.content_size
        if not width:
            return
        lines = self._lines(width, height)
        before, self._drawn = self._drawn, lines
        if len(before) != len(lines):
            self.refresh()
            return
        for y, (old, new) in enumerate(zip(before, lines, strict=True)):
            if old != new:
                self.redraw(y, y)

    def redraw_all(self) -> None:
        """Draw every line anew."""
        self._drawn = []
        self.draw()
        self.refresh()

    def notify_style_update(self) -> None:
        """The colours are looked up anew."""
        super().notify_style_update()
        self.heat.clear()

    def _lines(self, width: int, height: int) -> list[Any]:
        """What each line shows: text, or the number of a row of the map with what is in it."""
        self._rows = {}
        if self.sorry or self.map is None or self.plot is None or self.plane is None:
            text = self.sorry or _("choosing a landscape …")
            rows: list[Row] = [[(line, "")] for line in wrap_cells(text, width)]
            return self._text(0, [*rows, *([[]] * max(0, height - len(rows)))][:height])
        above = [self.title(), self.state()]
        lines = self._text(0, above)
        cursor = self.cell()
        for row in range(self.map.rows):
            here = cursor[0] if row == cursor[1] else -1
            lines.append(
                (row, self._levels[row].tobytes(), self._digits[row].tobytes(), self._marks[row],
                 here, self.plot.upright(row, here=here >= 0), self._scale)
            )  # fmt: skip
        below: list[Row] = [self._across(cursor[0]), self.readout()]
        if not self.key_beside:
            below.append([])  # the key
        below += [self.legend(), *([[]] * height)]
        return [*lines, *self._text(len(lines), below[: height - len(lines)])][:height]

    def _text(self, first: int, rows: list[Row]) -> list[Any]:
        for y, row in enumerate(rows):
            self._rows[first + y] = row
        return [("text", tuple(row), self._scale if not row else None) for row in rows]

    def _across(self, column: int) -> Row:
        """The numbers of the horizontal axis, with the mark of the cursor."""
        assert self.plot is not None
        text, at = self.plot.flat(), self.plot.left + column
        return [
            (text[:at], "axis"),
            (text[at] if text[at] != " " else "▲", "here"),
            (text[at + 1 :], "axis"),
        ]

    def render_line(self, y: int) -> Strip:
        """One line: text, a row of the map, or the key."""
        width = self.content_size.width
        found, beside = self.map, self.key_beside
        if found is None or self.sorry or not ABOVE <= y < ABOVE + found.rows:
            key_at = ABOVE + (0 if found is None else found.rows) + 2
            if found is not None and not self.sorry and not beside and y == key_at:
                return self._key_line(width)
            pieces = self._rows.get(y, [])
            strip = self.line(*((text, style or "plain") for text, style in pieces))
            return self._with_key(strip, y) if beside and found is not None else strip
        strip = self._map_line(y - ABOVE)
        return self._with_key(strip, y) if beside else strip

    def _map_line(self, row: int) -> Strip:
        found, plot = self.map, self.plot
        if found is None or plot is None or row >= len(self._levels):
            return Strip.blank(self.content_size.width, self.style())
        cursor = self.cell()
        here = cursor[0] if cursor[1] == row else -1
        front = plot.upright(row, here=here >= 0)
        segments = [Segment(front, self.style("here" if here >= 0 else "axis"))]
        levels, digits = self._levels[row].tolist(), self._digits[row].tolist()
        marks = self._marks[row]
        text, style = "", Style.null()
        for column in range(found.columns):
            mark = marks.get(column)
            after = self._cell(levels[column], mark, here == column)
            if text and after is not style:
                segments.append(Segment(text, style))
                text = ""
            text, style = text + (mark or digits[column]), after
        segments.append(Segment(text, style))
        strip = Strip(segments)
        return strip.adjust_cell_length(self.content_size.width, self.style()).simplify()

    def _cell(self, level: int, mark: str | None, here: bool) -> Style:
        style = self.heat.cell(level, bold=mark is not None, faint=mark is None)
        return style + Style(reverse=True) if here else style

    # The key ------------------------------------------------------------------------------------

    def _with_key(self, strip: Strip, y: int) -> Strip:
        """A line with its part of the key on the right."""
        width = self.content_size.width
        level = LEVELS - 1 - (y - ABOVE - 1)
        if y == ABOVE:
            words = _("log cost") if self._scale.log else _("cost")
            pieces = [Segment(f" {words}"[:KEY_WIDTH].ljust(KEY_WIDTH), self.style("dim"))]
        elif 0 <= level < LEVELS:
            text = self._scale.key()[level]
            pieces = [
                Segment(f" {DIGITS[level]} ", self.heat.cell(level)),
                Segment(f" {text}".ljust(KEY_WIDTH - 3), self.style("dim")),
            ]
        else:
            return strip
        left = strip.crop(0, width - KEY_WIDTH).adjust_cell_length(width - KEY_WIDTH, self.style())
        return Strip([*left, *pieces]).adjust_cell_length(width, self.style()).simplify()

    def _key_line(self, width: int) -> Strip:
        segments = [
            Segment(text, self.style("dim") if level < 0 else self.heat.cell(level))
            for text, level in view.key_line(self._scale, width)
        ]
        return Strip(segments).adjust_cell_length(width, self.style()).simplify()

    # Text ---------------------------------------------------------------------------------------

    def title(self) -> Row:
        """What the cost is over."""
        plane = self.plane
        assert plane is not None
        if plane.kind == WEIGHTS:
            text = _("cost over → {x} and ↑ {y}").format(x=plane.names[0], y=plane.names[1])
        else:
            text = _("cost over {what}").format(what=plane.description)
        return [(text, "header")]

    def state(self) -> Row:
        """What there is to know about the map; subclasses say."""
        return []

    def cell(self) -> tuple[int, int]:
        """The column and row of the cursor."""
        found = self.map
        if found is None:
            return 0, 0
        (place,) = found.window.cells(np.array([self.cursor]), found.columns, found.rows)
        if int(place.min()) < 0:
            window = found.window
            x = min(max(self.cursor[0], window.left), window.right)
            y = min(max(self.cursor[1], window.bottom), window.top)
            (place,) = window.cells(np.array([[x, y]]), found.columns, found.rows)
        return int(place[0]), int(place[1])

    def readout(self) -> Row:
        """Where the cursor is, and the cost there; and the least in sight."""
        found = self.map
        if found is None:
            return []
        x, y, cost = found.at(*self.cell())
        text = "…" if np.isnan(cost) else short(cost, 10).strip()
        row: Row = [
            (f"→ {x:.4g}  ↑ {y:.4g}  ".replace("-", "−"), ""),
            (_("cost {cost}").format(cost=text), "strong"),
        ]
        if self.now is not None:
            here = found.window.cells(np.array([self.now[0]]), found.columns, found.rows)[0]
            if tuple(here.tolist()) == self.cell():  # seldom in the very middle of its cell
                text = _("now {cost}").format(cost=short(self.now[1], 10).strip())
                row.append((f" ({text})", ""))
        if found.lowest is not None:
            x, y, cost = found.at(*found.lowest)
            value = short(cost, 10).strip()
            texts = [
                _("least here {cost} at {x}, {y}").format(cost=value, x=f"{x:.4g}", y=f"{y:.4g}"),
                _("least here {cost}").format(cost=value),
            ]
            used = sum(cell_len(text) for text, _style in row)
            room = self.content_size.width - used - 4
            text = next((text for text in texts if cell_len(text) <= room), "")
            row.append((f"  {LEAST} {text}".replace("-", "−") if text else "", "dim"))
        return row

    def legend(self) -> Row:
        """What the marks mean."""
        text = _("{start} start  {way} path  {now} now  {least} least cost").format(
            start=START, way=WAY, now=NOW, least=LEAST
        )
        return [(text, "dim")]
