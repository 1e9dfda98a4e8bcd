"""The Forward and the Backward panel: one step of a walk, and the keys that walk."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from nnsim.i18n import N_, _
from nnsim.lab.hiding import NOTHING, Hidden
from nnsim.tui.playing import Playing
from nnsim.tui.widgets.board import Board
from nnsim.tui.widgets.rows import Row
from nnsim.tui.widgets.walk_layout import Cursor, Layout, lay_out
from nnsim.tui.widgets.walk_page import Page

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.view import Selection
    from nnsim.lab.walk import Step

Matrices = Literal["", "sample", "batch"]
GRAINS = ("layer", "neuron", "term")
_COMPUTED = re.compile(r"^loss|\]\.(z|a|delta|slope)\b|\.grad$")
_STEP = Binding.Group(N_("Step"), compact=True)
_SPEED = Binding.Group(N_("Speed"), compact=True)


class WalkPanel(Board):
    """A walk in one direction, step by step."""

    HELP = N_(
        "A walk through the network in small steps. Right and left go a step on and back, f makes "
        "the steps smaller (layer, neuron, term), Space plays. Up and down choose a number, Enter "
        "says why it is what it is. m shows the same step as matrices: for this sample, then for "
        "the whole batch. b hides the number of this step until you have worked it out."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "walk('previous')", N_("Back"), id="walk.previous", group=_STEP,
                tooltip=N_("A step back")),
        Binding("right,l", "walk('next')", N_("Step"), id="walk.next", group=_STEP,
                tooltip=N_("The next step; the first one starts the walk")),
        Binding("space", "play", N_("Play"), id="walk.play",
                tooltip=N_("Go on by itself, or stop")),
        Binding("f", "grain", N_("Size"), id="walk.grain",
                tooltip=N_("Steps of another size: layer, neuron, term")),
        Binding("m", "matrices", N_("Matrices"), id="walk.matrices",
                tooltip=N_("The same step as matrices: this sample, the whole batch, or numbers")),
        Binding("b", "blank", N_("Blank"), id="walk.blank",
                tooltip=N_("Hide the number of this step and work it out")),
        Binding("home", "walk('first')", N_("First"), id="walk.first", show=False,
                tooltip=N_("The first step")),
        Binding("end", "walk('last')", N_("Last"), id="walk.last", show=False,
                tooltip=N_("The last step")),
        Binding("minus", "speed(-1)", N_("Slower"), id="walk.slower", group=_SPEED, show=False,
                tooltip=N_("Play slower")),
        Binding("plus,equals_sign", "speed(1)", N_("Faster"), id="walk.faster", group=_SPEED,
                show=False, tooltip=N_("Play faster")),
        Binding("up,k", "move(-1)", N_("Up"), id="walk.up", show=False,
                tooltip=N_("The number above")),
        Binding("down,j", "move(1)", N_("Down"), id="walk.down", show=False,
                tooltip=N_("The number below")),
        Binding("pageup", "page(-1)", N_("Page up"), id="walk.page_up", show=False),
        Binding("pagedown", "page(1)", N_("Page down"), id="walk.page_down", show=False),
        Binding("comma", "column(-1)", N_("Column before"), id="walk.column_before", show=False,
                tooltip=N_("The number to the left in its row")),
        Binding("full_stop", "column(1)", N_("Next column"), id="walk.column_next", show=False,
                tooltip=N_("The number to the right in its row")),
    ]  # fmt: skip

    class Asked(Message):
        """A key asked for a command of the bench."""

        def __init__(self, panel: WalkPanel, command: str) -> None:
            self.panel = panel
            self.command = command
            super().__init__()

    class Blanked(Message):
        """The person wants to work a number out."""

        def __init__(self, panel: WalkPanel, address: str) -> None:
            self.panel = panel
            self.address = address
            super().__init__()

    def __init__(self, direction: Literal["forward", "backward"], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.BINDING_GROUP_TITLE = N_("Forward") if direction == "forward" else N_("Backward")
        self.direction = direction
        self.matrices: Matrices = ""
        self._lab: Lab | None = None
        self._page = Page()
        self._step: Step | None = None
        self._shown: tuple[object, ...] = ()
        self._cursor = Cursor()
        self._moved = False  # by the person, since the step is on
        self._chosen = ""  # the address that the person moved to
        self._layout = Layout()
        self._playing = Playing(self, lambda: self._ask("next"), rate=1.0)

    # What it shows ----------------------------------------------------------------------------

    def show(
        self,
        lab: Lab,
        selection: Selection,
        *,
        away: bool = False,
        hidden: Hidden = NOTHING,
    ) -> None:
        """Show the step at which the bench's walk stands, or the selected unit without one."""
        self._lab = lab
        place = lab.walk_place
        step = None
        if place is not None and place.direction == self.direction and not away:
            step = lab.walk_step
        page = self._make_page(lab, step, selection, hidden)
        about = (page.place, page.address, page.table_rows)
        if about != self._shown and (step is not None or page.address != self._chosen):
            row, column = page.start()
            self._cursor = Cursor(row, column, self._cursor.top)
            self._moved = False
        self._shown, self._step, self._page = about, step, page
        if step is not None and step.index == step.total - 1:
            self.stop()
        self._put()

    def _make_page(self, lab: Lab, step: Step | None, selection: Selection, hidden: Hidden) -> Page:
        if step is not None:
            from nnsim.tui.widgets.walk_pages import step_page

            return step_page(lab, step, hidden)
        if self.direction == "backward":
            from nnsim.tui.widgets.walk_pages import backward_start

            return backward_start(lab, hidden)
        from nnsim.tui.widgets.unit_values import values_page

        return values_page(lab, selection, hidden)

    def _put(self) -> None:
        """Lay the page out anew and draw the lines that differ."""
        width, height = self.content_size
        if self.matrices and self._step is not None and self._lab is not None:
            self._put_matrices(self._lab, self._step, width, height)
            return
        cursor = replace(self._cursor, seen=self.has_focus)
        self._layout = lay_out(self._page, width, height, cursor)
        self._cursor = replace(self._cursor, top=self._layout.top)
        self._put_rows(self._layout.rows)

    def _put_matrices(self, lab: Lab, step: Step, width: int, height: int) -> None:
        from nnsim.tui.widgets.walk_matrices import matrix_rows

        assert lab.walk is not None
        view = lab.walk.matrices(step.index, batch=self.matrices == "batch")
        self._layout = Layout()
        rows = matrix_rows(view, self._page.place, width, height, self._page.secrets)
        self._put_rows(rows[:height])

    def _put_rows(self, rows: list[Row]) -> None:
        self.set_rows(self._with_play(rows))
        if (self.border_subtitle or None) != self._layout.in_sight:
            self.border_subtitle = self._layout.in_sight

    def _with_play(self, rows: list[Row]) -> list[Row]:
        """The rows, with how fast it plays behind where it stands, while it does."""
        if not self._playing.on or not self._page.place:
            return rows
        text = _("▶ {speed} a second").format(speed=f"{self._playing.rate:g}")
        return [_behind(row, self._page.place, (f"  {text}", "here")) for row in rows]

    @property
    def playing(self) -> bool:
        """Whether it goes on by itself."""
        return self._playing.on

    @property
    def page(self) -> Page:
        """What it shows now."""
        return self._page

    @property
    def selected(self) -> str:
        """The address of the number under the cursor; of the one in focus, without one there."""
        found = self._page.address_at(self._cursor.row, self._cursor.column)
        return found or self._page.address

    def on_resize(self) -> None:
        """Lay it out for the new size."""
        super().on_resize()
        self._put()

    def on_focus(self) -> None:
        """Show the cursor."""
        self._put()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self._put()

    # Keys -------------------------------------------------------------------------------------

    def action_walk(self, command: str) -> None:
        """Go through the walk; without one, start it."""
        self.stop()
        self._ask(command)

    def _ask(self, command: str) -> None:
        self.post_message(self.Asked(self, command))

    def action_grain(self) -> None:
        """Take the next size of steps."""
        place = None if self._lab is None else self._lab.walk_place
        now = "layer" if place is None else place.grain
        after = GRAINS[(GRAINS.index(now) + 1) % len(GRAINS)]
        self.post_message(self.Asked(self, f"{self.direction} {after}"))

    def action_play(self) -> None:
        """Start or stop going on by itself."""
        if self._playing.on:
            self.stop()
        else:
            self._playing.start()
            self._ask("next")

    def stop(self) -> None:
        """Stop playing."""
        if self._playing.stop():
            self._put()

    def action_speed(self, by: int) -> None:
        """Play faster or slower."""
        self._playing.change(by)
        if self._playing.on:
            self._put()

    def action_matrices(self) -> None:
        """Change between numbers, the matrices of this sample, and those of the batch."""
        following: dict[Matrices, Matrices] = {"": "sample", "sample": "batch", "batch": ""}
        self.matrices = following[self.matrices]
        self._put()

    def action_blank(self) -> None:
        """Hide the number of this step."""
        address = self.selected if self._moved else _worth_asking(self._page)
        self.post_message(self.Blanked(self, address))

    def action_move(self, by: int) -> None:
        """Choose another number."""
        row = min(max(0, self._cursor.row + by), max(0, self._page.stops - 1))
        self._go(replace(self._cursor, row=row))

    def action_page(self, by: int) -> None:
        """Go through the table by pages."""
        self.action_move(by * self._layout.page_rows)

    def action_column(self, by: int) -> None:
        """Choose another number of the same row."""
        columns = self._page.columns_at(self._cursor.row)
        if columns:
            now = columns.index(self._cursor.column) if self._cursor.column in columns else 0
            column = columns[min(max(0, now + by), len(columns) - 1)]
            self._go(replace(self._cursor, column=column))

    def _go(self, cursor: Cursor) -> None:
        columns = self._page.columns_at(cursor.row)
        if columns and cursor.column not in columns:
            cursor = replace(cursor, column=columns[0])
        if cursor != self._cursor:
            self._cursor, self._moved = cursor, True
            self._put()
            if (address := self._page.address_at(cursor.row, cursor.column)) is not None:
                self._chosen = address
                self.post_message(self.Asked(self, f"focus {address}"))

    def on_click(self, event: events.Click) -> None:
        """Choose the number under the mouse."""
        place = event.get_content_offset(self)
        stop = None if place is None else self._layout.stops.get(place.y)
        if stop is not None:
            self._go(replace(self._cursor, row=stop))


def _behind(row: Row, text: str, piece: tuple[str, str]) -> Row:
    """The row with a piece behind one of its texts, where it has that."""
    at = next((i for i, (said, _style) in enumerate(row) if said == text), None)
    return row if at is None else [*row[: at + 1], piece, *row[at + 1 :]]


def _worth_asking(page: Page) -> str:
    """The number of a step that a learner can work out: a result rather than a weight."""
    lines = [line for line in page.results if line.address]
    for line in [line for line in lines if line.current] + lines:
        if _COMPUTED.search(str(line.address)):
            return str(line.address)
    return page.address
