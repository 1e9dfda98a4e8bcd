"""The inspector: why a number is what it is, and the way to the numbers it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from nnsim.i18n import N_, _
from nnsim.lab.hiding import NOTHING, Hidden, masked, values_of
from nnsim.tui.draw.text import cut, precise, wrap_cells
from nnsim.tui.widgets.board import Board
from nnsim.tui.widgets.rows import Row

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.explain import Explanation

LEAST_CAUSES = 4


class Inspector(Board):
    """One explanation, with its causes to go on to."""

    BINDING_GROUP_TITLE = N_("Why")
    HELP = N_(
        "Why a number is what it is: its rule, the rule with its numbers, and what it came from. "
        "Up and down choose a cause, Enter asks why of that one, Backspace comes back. ≈ stands "
        "where printed digits are rounded; the bench computes with all of them."
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", N_("Up"), id="why.up", show=False,
                tooltip=N_("The cause above")),
        Binding("down,j", "move(1)", N_("Down"), id="why.down", show=False,
                tooltip=N_("The cause below")),
        Binding("enter,right,l", "follow", N_("Why this one?"), id="why.follow",
                key_display="⏎", tooltip=N_("Ask why of the chosen cause")),
        Binding("backspace,left,h", "back", N_("Back"), id="why.back",
                tooltip=N_("The number before")),
        Binding("escape", "close", N_("Close"), id="why.close", tooltip=N_("Close the inspector")),
        Binding("pageup", "page(-1)", N_("Page up"), id="why.page_up", show=False),
        Binding("pagedown", "page(1)", N_("Page down"), id="why.page_down", show=False),
        Binding("home", "edge(0)", N_("First"), id="why.first", show=False),
        Binding("end", "edge(-1)", N_("Last"), id="why.last", show=False),
    ]  # fmt: skip

    class Went(Message):
        """The person went on to another number."""

        def __init__(self, address: str) -> None:
            self.address = address
            super().__init__()

    class Closed(Message):
        """The person has seen enough."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lab: Lab | None = None
        self._found: Explanation | None = None
        self._problem = ""
        self._causes: tuple[str, ...] = ()
        self._way: list[tuple[str, int]] = []  # the numbers before this one, and the cause chosen
        self._cursor = self._top = 0
        self._first = 0  # the line on which the causes start
        self._visible = 1
        self._hidden: Hidden = NOTHING

    # What it shows ----------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """The number it explains."""
        return "" if self._found is None else self._found.address

    @property
    def causes(self) -> tuple[str, ...]:
        """The numbers that it came from."""
        return self._causes

    def open(self, lab: Lab, address: str, hidden: Hidden = NOTHING) -> None:
        """Explain a number; the way here starts with it."""
        self._way.clear()
        self._cursor = self._top = 0
        self._hidden = hidden
        self._explain(lab, address)

    def show(self, lab: Lab, hidden: Hidden = NOTHING) -> None:
        """Explain the same number as the bench is now."""
        self._hidden = hidden
        if self.address:
            self._explain(lab, self.address)

    def _explain(self, lab: Lab, address: str) -> None:
        """Explain a number; one that has no value now says so.

        Raises
        ------
        ValueError
            Where there is nothing to explain yet.
        """
        self._lab = lab
        try:
            self._found, self._problem = lab.explain(address), ""
        except ValueError as problem:
            if self._found is None:
                raise
            self._problem = str(problem)
        self._causes = self._found.causes
        self._cursor = min(self._cursor, max(0, len(self._causes) - 1))
        title = _("Why {address}?").format(address=self._found.address)
        if title != self._title:
            self._title = title
            self.border_title = title.replace("[", "\\[")
        self._put()

    _title = ""

    def _put(self) -> None:
        width, height = self.content_size
        if self._found is None or width < 4 or height < 1:
            return
        causes = len(self._causes)
        rows = self._head(self._found, width, height - min(causes + 1, LEAST_CAUSES))
        self._first = len(rows) + 1
        self._visible = max(0, min(causes, height - self._first))
        if causes and self._visible:
            self._top = min(max(self._top, self._cursor - self._visible + 1), self._cursor)
            self._top = min(self._top, max(0, causes - self._visible))
            rows.append([(self._caption(causes), "header")])
            shown = self._causes[self._top : self._top + self._visible]
            names = max(cell_len(address) for address in shown)
            rows += [self._cause(self._top + i, shown[i], names) for i in range(len(shown))]
        self.set_rows(rows[:height])

    def _caption(self, causes: int) -> str:
        if self._visible >= causes:
            return _("it came from")
        return _("it came from these {count} ({first} to {last} in sight)").format(
            count=causes, first=self._top + 1, last=self._top + self._visible
        )

    def _head(self, found: Explanation, width: int, room: int) -> list[Row]:
        """Name, rule, worked arithmetic, role: as much as there is room for."""
        if self._problem:
            return [[(line, "hidden")] for line in wrap_cells(f"! {self._problem}", width, 4)]
        secrets = values_of(self._lab, self._hidden) if self._lab is not None else ()
        worked = masked(found.worked_without(self._hidden), secrets)
        parts: list[tuple[str, str, int]] = [
            (found.name, "", 2),
            (found.formula, "dim", 3),
            (worked, "strong", max(2, room - 6)),
        ]
        if found.role_words:
            role = _("this gate {role}").format(role=found.role_words)
            parts.append((role, "", 3))
        if found.note:
            parts.append((masked(found.note, secrets), "dim", 2))
        rows: list[Row] = []
        if self._way:
            way = " → ".join([*(address for address, _row in self._way), found.address])
            rows.append([(_from_the_end(way, width), "dim")])
        for text, style, most in parts:
            if len(rows) < room or style == "strong":
                rows += [[(line, style)] for line in wrap_cells(text, width, most)]
        return rows[: max(2, room)]

    def _cause(self, index: int, address: str, names: int) -> Row:
        assert self._lab is not None
        try:
            value = self._lab.read(address)
        except ValueError:
            text = "–"
        else:
            text = str(value) if isinstance(value, int) else precise(float(value), 12)
        if self._hidden.covers(address):
            text = "?"
        here = index == self._cursor
        name = cut(address, names)
        mark = "▸ " if here else "  "
        return [(mark, "here"), (f"{name}  ", "cursor" if here else ""), (f"{text:>12}", "strong")]

    def on_resize(self) -> None:
        """Lay it out for the new size."""
        super().on_resize()
        self._put()

    # Keys -------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Choose another cause."""
        if self._causes:
            self._cursor = min(max(0, self._cursor + by), len(self._causes) - 1)
            self._put()

    def action_page(self, by: int) -> None:
        """Go through the causes by pages."""
        self.action_move(by * max(1, self._visible - 1))

    def action_edge(self, end: int) -> None:
        """Choose the first or the last cause."""
        self.action_move(-len(self._causes) if end == 0 else len(self._causes))

    def action_follow(self) -> None:
        """Explain the chosen cause."""
        if self._lab is None or not self._causes:
            return
        address = self._causes[self._cursor]
        self._way.append((self.address, self._cursor))
        self._cursor = self._top = 0
        self._go(address)

    def action_back(self) -> None:
        """Explain the number before; without one, close."""
        if not self._way:
            self.action_close()
            return
        address, self._cursor = self._way.pop()
        self._go(address)

    def _go(self, address: str) -> None:
        assert self._lab is not None
        self._explain(self._lab, address)
        self.post_message(self.Went(address))

    def action_close(self) -> None:
        """Close it."""
        self.post_message(self.Closed())

    def on_click(self, event: events.Click) -> None:
        """Choose the cause under the mouse; a second click follows it."""
        place = event.get_content_offset(self)
        index = -1 if place is None else place.y - self._first + self._top
        if place is None or place.y < self._first or not 0 <= index < len(self._causes):
            return
        if index == self._cursor:
            self.action_follow()
        else:
            self._cursor = index
            self._put()


def _from_the_end(text: str, width: int) -> str:
    """The end of a text that is too long."""
    if cell_len(text) <= width:
        return text
    while cell_len(text) > width - 1:
        text = text[1:]
    return f"…{text}"
