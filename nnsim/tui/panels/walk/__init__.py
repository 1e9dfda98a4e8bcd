"""The Forward and the Backward panel: one step of a walk, and the keys that walk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, Literal

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from nnsim.i18n import N_, _
from nnsim.tui.draw.lines import Lines, Row
from nnsim.tui.panels.panel import Panel, Scene
from nnsim.tui.panels.walk.layout import Cursor, Layout, lay_out, place
from nnsim.tui.panels.walk.pages import Page, backward_start, step_page, values_page, worth_asking
from nnsim.tui.playing import Playing

Matrices = Literal["", "sample", "batch"]
_STEP = Binding.Group(N_("Step"), compact=True)
_SPEED = Binding.Group(N_("Speed"), compact=True)


class WalkPanel(Panel, Lines):
    """A walk in one direction, step by step."""

    HELP = N_(
        "A walk through the network in small steps. Right and left go a step on and back, f makes "
        "the steps smaller (layer, neuron, term, then one NumPy line of the engine), Space plays. "
        "Up and down choose a number, Enter says why it is what it is. m shows the same step as "
        "matrices: for this sample, then for the whole batch. b hides the number of this step "
        "until you have worked it out."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "walk('previous')", N_("Back"), id="walk.previous", group=_STEP,
                tooltip=N_("A step back")),
        Binding("right,l", "walk('next')", N_("Step"), id="walk.next", group=_STEP,
                tooltip=N_("The next step; the first one starts the walk")),
        Binding("space", "play", N_("Play"), id="walk.play",
                tooltip=N_("Go on by itself, or stop")),
        Binding("f", "grain", N_("Size"), id="walk.grain",
                tooltip=N_("Steps of another size: layer, neuron, term, NumPy line")),
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

    class Asked(Panel.Asked):
        """A key asked for a command of the bench."""

        def __init__(self, panel: WalkPanel, command: str) -> None:
            super().__init__(command)
            self.panel = panel

    class Blanked(Message):
        """The person wants to work a number out."""

        def __init__(self, panel: WalkPanel, address: str) -> None:
            self.panel = panel
            self.address = address
            super().__init__()

    def __init__(
        self,
        direction: Literal["forward", "backward"],
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id)
        self.BINDING_GROUP_TITLE = N_("Forward") if direction == "forward" else N_("Backward")
        self.direction = direction
        self.matrices: Matrices = ""
        self.page = Page()
        self._step: int | None = None  # the index of the step that it shows
        self._cursor = Cursor()
        self._moved = False  # by the person, since the step is on
        self._chosen = ""  # the address that the person moved to
        self._laid_out = Layout()
        self._playing = Playing(self, lambda: self._order("next"), rate=1.0)

    def show(self, scene: Scene) -> None:
        """Show the step at which the bench's walk stands, or the selected unit without one."""
        lab = scene.lab
        at = lab.walk_place
        step = None
        if at is not None and at.direction == self.direction and not scene.away:
            step = lab.walk_step
        if step is not None:
            page = step_page(lab, step, scene.hidden)
        elif self.direction == "backward":
            page = backward_start(lab, scene.hidden)
        else:
            page = values_page(lab, scene.selection, scene.hidden)
        before, self.scene, self.page = self.page, scene, page
        self._step = None if step is None else step.index
        others = any(
            getattr(before, name) != getattr(page, name)
            for name in ("place", "address", "table_rows")
        )
        if others and (step is not None or page.address != self._chosen):
            row, column = page.start()
            self._put_cursor(Cursor(row, column))
            self._moved = False
        if step is not None and step.index == step.total - 1:
            self._playing.stop()
        self.update()

    def rows(self, width: int, height: int) -> Sequence[Row]:
        page, scene = self.page, self.scene
        if self._playing.on:
            text = _("▶ {speed} a second").format(speed=f"{self._playing.rate:g}")
            page = replace(page, pace=text)
        if self.matrices and self._step is not None and scene is not None:
            from nnsim.tui.panels.walk.pictures import matrix_rows

            assert scene.lab.walk is not None
            view = scene.lab.walk.matrices(self._step, batch=self.matrices == "batch")
            self._laid_out = Layout()
            return matrix_rows(view, place(page), width, height, page.secrets)
        self._laid_out = lay_out(page, width, height, replace(self._cursor, seen=self.has_focus))
        return self._laid_out.rows

    def update(self) -> None:
        super().update()
        if (self.border_subtitle or None) != self._laid_out.in_sight:
            self.border_subtitle = self._laid_out.in_sight

    def _put_cursor(self, cursor: Cursor) -> None:
        """Put the cursor somewhere; the table scrolls from where it is now."""
        self._cursor = replace(cursor, top=self._laid_out.top)

    @property
    def playing(self) -> bool:
        return self._playing.on

    def address(self) -> str:
        """The number under the cursor; the one in focus, without one there."""
        found = self.page.address_at(self._cursor.row, self._cursor.column)
        return found or self.page.address

    def action_walk(self, command: str) -> None:
        self.stop()
        self._order(command)

    def _order(self, command: str) -> None:
        self.post_message(self.Asked(self, command))

    def action_grain(self) -> None:
        from nnsim.lab.walk import GRAINS

        at = None if self.scene is None else self.scene.lab.walk_place
        now = 0 if at is None else GRAINS.index(at.grain)
        self._order(f"{self.direction} {GRAINS[(now + 1) % len(GRAINS)]}")

    def action_play(self) -> None:
        if self._playing.on:
            self.stop()
        else:
            self._playing.start()
            self._order("next")

    def stop(self) -> None:
        if self._playing.stop():
            self.update()

    def action_speed(self, by: int) -> None:
        self._playing.change(by)
        self.update()

    def action_matrices(self) -> None:
        following: dict[Matrices, Matrices] = {"": "sample", "sample": "batch", "batch": ""}
        self.matrices = following[self.matrices]
        self.update()

    def action_blank(self) -> None:
        if self.scene is not None:
            asked = self.address() if self._moved else worth_asking(self.scene.lab, self.page)
            self.post_message(self.Blanked(self, asked))

    def action_move(self, by: int) -> None:
        row = min(max(0, self._cursor.row + by), max(0, self.page.stops - 1))
        self._go(replace(self._cursor, row=row))

    def action_page(self, by: int) -> None:
        self.action_move(by * self._laid_out.page_rows)

    def action_column(self, by: int) -> None:
        columns = self.page.columns_at(self._cursor.row)
        if columns:
            now = columns.index(self._cursor.column) if self._cursor.column in columns else 0
            column = columns[min(max(0, now + by), len(columns) - 1)]
            self._go(replace(self._cursor, column=column))

    def _go(self, cursor: Cursor) -> None:
        columns = self.page.columns_at(cursor.row)
        if columns and cursor.column not in columns:
            cursor = replace(cursor, column=columns[0])
        if cursor != self._cursor:
            self._put_cursor(cursor)
            self._moved = True
            self.update()
            if (address := self.page.address_at(cursor.row, cursor.column)) is not None:
                self._chosen = address
                self._order(f"focus {address}")

    def on_click(self, event: events.Click) -> None:
        stop = self.under(event)
        if stop is not None:
            self._go(replace(self._cursor, row=stop))
