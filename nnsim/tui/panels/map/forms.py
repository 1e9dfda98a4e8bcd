"""Everything the network believes: a map of all the forms that a small picture can have."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from textual import events
from textual.binding import Binding, BindingType
from textual.timer import Timer

from nnsim.i18n import N_, _
from nnsim.lab.reading.beliefs import (
    MOST_PIXELS,
    WRONG,
    Marks,
    beliefs,
    can_list,
    hidden_units,
    marks,
)
from nnsim.lab.reading.samples import Stories, stories
from nnsim.tui.draw.lines import Cells, Lines, Piece, Row
from nnsim.tui.draw.text import cut, width_of
from nnsim.tui.panels.map.beside import ORDERS, Aside, Shown, StoryTable
from nnsim.tui.panels.map.field import FormRow, Grid, Manner, letters
from nnsim.tui.panels.panel import Panel, Scene

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.reading.beliefs import Beliefs

SIDE, WIDEST_SIDE = 19, 34
LIST = 44
LEAST_MAP = 14
"""With fewer columns left for the map there is no text beside it."""
READING = 0.004
"""Seconds for reading epochs that haven't been looked at, each time."""
SHARE, SLOW = 4, 0.05
"""After working out what the network says it rests for so many times as long; four times that
after so many seconds, in which no key is answered."""
CELLS_A_SECOND = 8000
"""So many cells are drawn again at most, each about 40 bytes: more are too many over SSH."""


class MapPanel(Panel, Lines):
    """The map of all forms, with a cursor that opens any of them on the bench."""

    BINDING_GROUP_TITLE = N_("Map")
    HELP = N_(
        "Everything the network believes: a picture of 12 pixels that are on or off has only 4096 "
        "forms, and here they all are. The colour of each says what the network reads it as, and "
        "how surely: the darker, the less sure. A row of the map is one upper half of the picture "
        "with every lower half, and a column is one lower half; neighbours differ by one pixel. "
        "● is an image that it is trained on, × one of them that it reads wrong, ○ a test image, "
        "+ a test image read wrong, : two images. Enter puts the form under the cursor on the "
        "input. Without colours the character of its class stands for each form, and a small sign "
        "where the network is not sure; v shows that with colours too. d shows what a hidden unit "
        "says of every form. z gives the map more room."
    )
    _MOVES = Binding.Group(N_("Move"), compact=True)
    _IMAGES = Binding.Group(N_("Image"), compact=True)
    _BORDER = Binding.Group(N_("Border"), compact=True)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "move(-1, 0)", N_("Left"), id="map.left", group=_MOVES,
                tooltip=N_("The form to the left: one pixel of the lower half is another")),
        Binding("down,j", "move(0, 1)", N_("Down"), id="map.down", group=_MOVES,
                tooltip=N_("The form below: one pixel of the upper half is another")),
        Binding("up,k", "move(0, -1)", N_("Up"), id="map.up", group=_MOVES,
                tooltip=N_("The form above: one pixel of the upper half is another")),
        Binding("right,l", "move(1, 0)", N_("Right"), id="map.right", group=_MOVES,
                tooltip=N_("The form to the right: one pixel of the lower half is another")),
        Binding("pageup", "page(-1)", N_("Page up"), id="map.page_up", show=False,
                tooltip=N_("As many rows up as are in sight")),
        Binding("pagedown", "page(1)", N_("Page down"), id="map.page_down", show=False,
                tooltip=N_("As many rows down as are in sight")),
        Binding("home", "edge(0)", N_("First"), id="map.first", show=False,
                tooltip=N_("The first form of the row")),
        Binding("end", "edge(-1)", N_("Last"), id="map.last", show=False,
                tooltip=N_("The last form of the row")),
        Binding("enter", "open", N_("Open"), id="map.open",
                tooltip=N_("Put the form under the cursor on the input")),
        Binding("i", "image(1)", N_("Next"), id="map.image_next", group=_IMAGES,
                tooltip=N_("The next training image, in the order of the data")),
        Binding("I", "image(-1)", N_("Before"), id="map.image_before", group=_IMAGES,
                tooltip=N_("The training image before")),
        Binding("x", "wrong", N_("Wrong"), id="map.wrong", show=False,
                tooltip=N_("The next training image that is read wrong")),
        Binding("b", "border(1)", N_("Next"), id="map.border_next", group=_BORDER,
                tooltip=N_("The next form that is read otherwise when one pixel is switched")),
        Binding("B", "border(-1)", N_("Before"), id="map.border_before", group=_BORDER,
                tooltip=N_("The form before that is read otherwise when one pixel is switched")),
        Binding("m", "least_sure", N_("Least sure"), id="map.least_sure",
                tooltip=N_("The form that the network is least sure of; again: the next one")),
        Binding("f", "stories", N_("Forgotten"), id="map.stories",
                tooltip=N_("List the training images: first read right, how often forgotten")),
        Binding("o", "order", N_("Order"), id="map.order",
                tooltip=N_("Another order of that list")),
        Binding("d", "unit(1)", N_("Units"), id="map.unit_next",
                tooltip=N_("What the next hidden unit says of every form; last the outputs")),
        Binding("D", "unit(-1)", N_("Unit before"), id="map.unit_before", show=False,
                tooltip=N_("What the hidden unit before says of every form")),
        Binding("v", "signs", N_("Signs"), id="map.signs", show=False,
                tooltip=N_("Tell the classes by characters, or by colours again")),
    ]  # fmt: skip

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.shown: Shown | None = None
        self.cursor = 0
        self.listing = False
        self.as_signs = False
        self.unit: tuple[int, int] | None = None  # the hidden unit that is asked, if one is
        self.table = StoryTable()
        self.top = self.left = 0  # the first line and column of forms in sight
        self.following = True  # whether the cursor is to be in sight, whatever the size
        self._input: bytes | None = None  # of the bench, when it was last looked at
        self._next = 0.0  # when the network may be asked again
        self._again: Timer | None = None
        self._doubtful: int | None = None  # where the key for the least sure has led

    # What is shown ------------------------------------------------------------------------------
    def show(self, scene: Scene) -> None:
        """Show what the network believes now; the cursor follows the input when that changes."""
        self.scene, lab = scene, scene.lab
        if not can_list(lab.experiment):
            self.shown, self._input = None, None
            self.update()
            return
        here = lab.input.tobytes()
        wait = self._next - time.perf_counter()
        known = self.shown is not None and self.shown.experiment is lab.experiment
        if known and here == self._input and wait > 0:
            self._later(wait)
            self.update()
            return
        if self.unit is not None and self.unit not in hidden_units(lab.names):
            self.unit = None
        found = self._believed(lab)
        where = marks(lab, classes=self.unit is None)
        follow = here != self._input or self.cursor >= found.layout.count
        if follow:
            self._input, self.cursor = here, found.layout.number(lab.input)
            self.table.find(lab.sample)
        told = self._stories(lab, where)
        self.shown = Shown(
            lab.experiment, lab.names, found, where, where.signs(found), told
        )  # fmt: skip
        if follow:
            self._go(self.cursor)
        else:
            self.update()
            self._next = max(self._next, time.perf_counter() + self.redrawn / CELLS_A_SECOND)
        if not told.complete:
            self._later(0.05)

    def _believed(self, lab: Lab) -> Beliefs:
        """What the network says; large networks are asked so seldom that training goes on."""
        start = time.perf_counter()
        found = beliefs(lab, self.unit)
        if self.shown is None or found is not self.shown.beliefs:
            end = time.perf_counter()
            cost = end - start
            self._next = end + cost * (SHARE if cost < SLOW else 4 * SHARE)
        return found

    def _later(self, seconds: float) -> None:
        """Look again, unless that is to happen anyway."""

        def again() -> None:
            self._again = None
            if self.is_attached and self.display and self.scene is not None:
                self.show(self.scene)

        if self._again is None:
            self._again = self.set_timer(seconds, again)

    def _at_once(self) -> None:
        """Ask the network now, whatever that costs."""
        self._next = 0.0
        if self.scene is not None:
            self.show(self.scene)

    def _stories(self, lab: Lab, where: Marks) -> Stories:
        """The stories of the training images, where one is looked at."""
        samples = where.samples_at(self.cursor)
        if self.listing or (samples.size and samples[0] < where.count):
            return stories(lab, READING)
        return Stories()

    def _go(self, form: int) -> None:
        shown, scene = self.shown, self.scene
        if shown is None or scene is None:
            return
        self.cursor = form
        if not shown.stories.samples:
            told = self._stories(scene.lab, shown.marks)
            self.shown = replace(shown, stories=told)
            if not told.complete:
                self._later(0.05)
        self.follow()
        self.update()

    def address(self) -> str | None:
        """The output that decides, where the form under the cursor is what is on the bench."""
        shown = self.shown
        if shown is None or not self._on_bench(self.cursor):
            return None
        layer = shown.names.layers[-1]
        unit = int(shown.beliefs.reading[self.cursor]) if layer.units > 1 else 0
        if shown.beliefs.unit is not None:
            place, unit = shown.beliefs.unit
            layer = shown.names.layers[place]
        return f"{layer.name}[{unit + 1}].a"

    def _on_bench(self, form: int) -> bool:
        shown, scene = self.shown, self.scene
        if shown is None or scene is None or scene.lab.experiment is not shown.experiment:
            return False
        return shown.beliefs.layout.number(scene.lab.input) == form

    def hides(self, form: int) -> bool:
        """Whether a lesson asks what the network says of this form, which is on the bench."""
        shown, scene = self.shown, self.scene
        if shown is None or scene is None or not scene.hidden:
            return False
        layer = len(shown.names.layers) - 1
        if shown.beliefs.unit is not None:
            layer = shown.beliefs.unit[0]
        hidden = scene.hidden
        asked = hidden.asks("prediction", "correct") or any(
            q.layer == layer and q.unit >= 0 for q in hidden.quantities
        )
        return asked and self._on_bench(form)

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
    def signs(self) -> bool:
        """Whether characters tell the classes."""
        return self.in_signs or self.as_signs

    @property
    def grid(self) -> Grid:
        """How the map is laid out in the room there is."""
        if self.shown is None:
            return Grid(False, 1, 0, 0)
        layout, room = self.shown.beliefs.layout, (self.map_width, self.content_size.height)
        return Grid.of(layout.rows, layout.columns, room, coloured=not self.signs)

    @property
    def seen(self) -> tuple[int, int]:
        """How many columns and lines of forms are in sight."""
        grid = self.grid
        wide = min(self.map_width, grid.columns) // grid.width
        return wide, min(self.content_size.height, grid.lines)

    @property
    def corner(self) -> tuple[int, int]:
        """The first line and column of forms in sight, as the room there is allows."""
        (columns, lines), grid, top, left = self.seen, self.grid, self.top, self.left
        if self.shown is not None and self.following:
            row, column = self.shown.beliefs.layout.place(self.cursor)
            line = grid.line(row)
            top = min(max(top, line - lines + 1), line)
            left = min(max(left, column - columns + 1), column)
        most = grid.columns // grid.width - columns
        return max(0, min(top, grid.lines - lines)), max(0, min(left, most))

    def follow(self) -> None:
        """Move the window so that the cursor is in it."""
        self.following = True
        self.top, self.left = self.corner
        self.table.follow(self.content_size.height)

    def form_at(self, x: int, y: int) -> int | None:
        """The form at a cell of the content; of two the upper one."""
        grid, (columns, lines) = self.grid, self.seen
        if self.shown is None or not (0 <= x < columns * grid.width and 0 <= y < lines):
            return None
        top, left = self.corner
        row, column = grid.at(x + left * grid.width, y + top)
        return int(self.shown.beliefs.layout.form[row, column])

    # Drawing ------------------------------------------------------------------------------------
    def rows(self, width: int, height: int) -> list[Row | Cells]:  # noqa: ARG002
        """The map or the list, and the text beside it."""
        shown = self.shown
        if shown is None:
            text = _("only of pictures of at most {most} pixels can every form be listed")
            return [[(text.format(most=MOST_PIXELS), "dim")]]
        names = letters(shown.beliefs.names)
        side: list[Row] = []
        if self.side_width:
            classes = names if self.signs else ()
            aside = Aside(shown, self.cursor, classes, self.hides(self.cursor))
            side = aside.rows(self.side_width, height)
        beside: list[Row] = [[(" ", ""), *row] for row in side]
        beside += [[]] * (height - len(beside))
        return self._list(shown, beside) if self.listing else self._map(shown, names, beside)

    def _map(self, shown: Shown, names: tuple[str, ...], beside: list[Row]) -> list[Row | Cells]:
        grid, (columns, lines) = self.grid, self.seen
        plain = self.app.no_color or not self.sheet.mixes
        manner = Manner(grid.halves, grid.width, names, self.signs, plain)
        codes = grid.codes(shown.beliefs, shown.signs, self.cursor)
        top, left = self.corner
        seen = codes[top : top + lines, left : left + columns]
        gap = " " * self.map_width
        return [
            FormRow(seen[y].tobytes(), manner, self.map_width, row)
            if y < len(seen)
            else [(gap, ""), *row]
            for y, row in enumerate(beside)
        ]

    def _list(self, shown: Shown, beside: list[Row]) -> list[Row | Cells]:
        self.table.show(shown.stories)
        width = self.map_width
        rows = self.table.rows(shown.experiment, width, len(beside))
        rows += [[("", "")]] * (len(beside) - len(rows))
        return [
            [Piece(cut(row[0][0], width), row[0][1], *row[0][2:]), *more]
            for row, more in zip(rows, beside, strict=True)
        ]

    def update(self) -> None:
        """Draw what is different, and say on the border what is in sight."""
        if self.is_attached and self.shown is not None:
            self._fit_border(self.shown.beliefs.layout.rows // 2)
        super().update()
        title, text = str(self.border_title or "").split(" · ")[0], self._in_sight()
        if self.shown is not None and self.shown.beliefs.unit is not None:
            name = self.shown.unit_address()
            title += " · " + name.replace("[", " ").rstrip("]")  # brackets would be markup
        if title != self.border_title:
            self.border_title = title
        if text != self.border_subtitle:
            self.border_subtitle = text

    def _in_sight(self) -> str:
        """Which part of the map is in sight, where there is more; or what the list is of."""
        if self.listing:
            text = _("{count} training images, {order}")
            return text.format(count=len(self.table.stories), order=_(ORDERS[self.table.order]))
        grid, (columns, lines) = self.grid, self.seen
        if lines >= grid.lines and columns >= grid.columns // grid.width:
            return ""
        twice = 2 if grid.halves else 1
        top, left = self.corner
        down = (top * twice + 1, (top + lines) * twice, grid.lines * twice)
        right = (left + 1, left + columns, grid.columns // grid.width)
        seen = (*down, *right)
        text = _("rows {a}–{b} of {c}, columns {d}–{e} of {f}")
        text = text.format(**dict(zip("abcdef", seen, strict=True)))
        if width_of(text) + 6 > self.content_size.width:
            text = "{}–{}/{} × {}–{}/{}".format(*seen)
        return text

    def _fit_border(self, lines: int) -> None:
        """Alone on the screen, do without a border where all of the map fits then (at 120×36)."""
        height = self.outer_size.height
        bare = self.screen.has_class("-alone") and height - 2 < lines <= height
        if bare == self.has_class("-bare"):
            return
        self.set_class(bare, "-bare")
        if bare:
            self.styles.border = ("none", "transparent")
        else:
            for side in ("top", "right", "bottom", "left"):
                self.styles.clear_rule(f"border_{side}")

    def notify_style_update(self) -> None:
        super().notify_style_update()
        if self.is_attached:
            self.call_later(self.update)

    # Keys ---------------------------------------------------------------------------------------
    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """The order is one of the list; borders, signs and units are of the map."""
        if action == "order":
            return self.listing
        if self.listing:
            return action not in ("border", "least_sure", "signs", "unit", "wrong")
        return action != "unit" or self.shown is None or bool(hidden_units(self.shown.names))

    def action_move(self, right: int, down: int) -> None:
        if self.shown is None:
            return
        if self.listing:
            self._row(down)
            return
        layout = self.shown.beliefs.layout
        row, column = layout.place(self.cursor)
        row = min(max(row + down, 0), layout.rows - 1)
        column = min(max(column + right, 0), layout.columns - 1)
        self._go(int(layout.form[row, column]))

    def action_page(self, by: int) -> None:
        if self.listing:
            self._row(by * max(1, self.content_size.height - 2))
        elif self.shown is not None:
            lines = self.seen[1]
            self.action_move(0, by * (2 * lines if self.grid.halves else lines))

    def action_edge(self, end: int) -> None:
        if self.listing:
            self._row(len(self.table.stories) * (1 if end else -1))
        elif self.shown is not None:
            layout = self.shown.beliefs.layout
            self.action_move(layout.columns * (1 if end else -1), 0)

    def _row(self, by: int) -> None:
        """Move in the list; the map's cursor goes along."""
        self.table.go(by)
        self._show_row()

    def _show_row(self) -> None:
        shown, sample = self.shown, self.table.sample
        if shown is not None and sample is not None:
            form = int(shown.marks.form[sample])
            self._go(form if form >= 0 else self.cursor)

    def action_open(self) -> None:
        """Put the form on the input: a sample of the data as such, so that its target is known."""
        shown = self.shown
        if shown is None:
            return
        sample = self.table.sample if self.listing else None
        if sample is None:
            samples = shown.marks.samples_at(self.cursor)
            sample = int(samples[0]) if samples.size else None
        if sample is not None:
            self.post_message(self.Asked(f"sample {sample + 1}"))
            return
        experiment = shown.experiment
        picture = shown.beliefs.layout.pictures[self.cursor].reshape(experiment.input_shape)
        self.post_message(self.Asked(f"paint {experiment.format_input(picture)}"))

    def action_image(self, by: int) -> None:
        if self.listing:
            self._row(by)
        elif self.shown is not None:
            forms = self.shown.marks.form[: self.shown.marks.count]
            self._next_of(forms[forms >= 0], by)

    def action_wrong(self) -> None:
        if self.shown is not None and not self.listing:
            forms = self.shown.marks.form[: self.shown.marks.count]
            forms = forms[forms >= 0]
            self._next_of(forms[self.shown.signs[forms] == WRONG], 1)

    def action_border(self, by: int) -> None:
        if self.shown is None:
            return
        layout = self.shown.beliefs.layout
        row, column = layout.place(self.cursor)
        here = row * layout.columns + column
        places = np.flatnonzero(self.shown.beliefs.boundary[layout.form.reshape(-1)])
        if places.size:
            ahead = np.searchsorted(places, here, side="right" if by > 0 else "left")
            place = places[(int(ahead) - (by < 0)) % places.size]
            self._go(int(layout.form.reshape(-1)[place]))

    def action_least_sure(self) -> None:
        if self.shown is None:
            return
        order = np.argsort(self.shown.beliefs.sureness, kind="stable")
        rank = 0
        if self.cursor == self._doubtful:
            rank = (int(np.flatnonzero(order == self.cursor)[0]) + 1) % len(order)
        self._doubtful = int(order[rank])
        self._go(self._doubtful)

    def _next_of(self, forms: np.ndarray, by: int) -> None:
        """Go on in a list of forms from where the cursor is; to its start, if it isn't there."""
        if len(forms):
            at = np.flatnonzero(forms == self.cursor)
            place = 0 if by > 0 else len(forms) - 1
            if at.size:
                place = int(at[-1 if by > 0 else 0]) + by
            self._go(int(forms[place % len(forms)]))

    def action_stories(self) -> None:
        if self.shown is None:
            return
        self.listing = not self.listing
        here = self.shown.marks.samples_at(self.cursor)
        self._at_once()
        if self.listing and self.shown is not None:
            self.table.show(self.shown.stories)
            self.table.find(int(here[0]) if here.size else None)
            self._show_row()
        self.follow()
        self.update()
        self.refresh_bindings()

    def action_order(self) -> None:
        self.table.turn()
        if self.shown is not None:
            self.table.show(self.shown.stories)
        self.follow()
        self.update()

    def action_unit(self, by: int) -> None:
        if self.shown is not None:
            units = (None, *hidden_units(self.shown.names))
            self.unit = units[(units.index(self.unit) + by) % len(units)]
            self._at_once()

    def action_signs(self) -> None:
        self.as_signs = not self.as_signs
        self.follow()
        self.update()

    # Mouse --------------------------------------------------------------------------------------
    def on_click(self, event: events.Click) -> None:
        """Put the cursor under the mouse; a click on the cursor opens its form."""
        place = event.get_content_offset(self)
        if place is None or self.shown is None:
            return
        if self.listing:
            row = self.under(event)
            if row == self.table.cursor:
                self.action_open()
            elif row is not None:
                self._row(row - self.table.cursor)
            return
        form = self.form_at(*place)
        if form is None:
            return
        layout = self.shown.beliefs.layout
        row, column = layout.place(form)
        both = [form] + ([int(layout.form[row + 1, column])] if self.grid.halves else [])
        if self.cursor in both:
            # The cell may hold two forms: the upper one comes first, then the lower one.
            if len(both) == 2 and self.cursor == both[0] and event.chain < 2:
                self._go(both[1])
            else:
                self.action_open()
        else:
            self._go(form)

    def _wheel(self, event: events.MouseEvent, right: int, down: int) -> None:
        """Move the window, not the cursor."""
        if self.shown is None:
            return
        event.stop()
        if self.listing:
            self.table.scroll(down, self.content_size.height)
        else:
            top, left = self.corner
            self.following = False
            self.top, self.left = max(0, top + down), max(0, left + right)
            self.top, self.left = self.corner
        self.update()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, *((6, 0) if event.shift else (0, 3)))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, *((-6, 0) if event.shift else (0, -3)))

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        self._wheel(event, 6, 0)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        self._wheel(event, -6, 0)
