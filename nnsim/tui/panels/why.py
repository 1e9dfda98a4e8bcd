"""The inspector: why a number is what it is, and the way to the numbers it came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from nnsim.i18n import N_, _
from nnsim.lab.hiding import MARK, masked, values_of
from nnsim.tui.draw.lines import Lines, Piece, Row
from nnsim.tui.draw.numbers import precise
from nnsim.tui.draw.text import cut, wrap_cells
from nnsim.tui.panels.panel import Panel, Scene

if TYPE_CHECKING:
    from nnsim.lab.explain import Explanation

LEAST_CAUSES = 4


class Inspector(Panel, Lines):
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
        self._found: Explanation | None = None
        self._problem = ""
        self.causes: tuple[str, ...] = ()  # the numbers that it came from
        self._way: list[tuple[str, int]] = []  # the numbers before this one, and the cause chosen
        self._cursor = self._top = 0  # the cause chosen, and the first one in sight

    @property
    def asked(self) -> str:
        return "" if self._found is None else self._found.address

    def open(self, scene: Scene, address: str) -> None:
        """Explain a number; the way here starts with it.

        Raises
        ------
        ValueError
            Where there is nothing to explain yet.
        """
        self._way.clear()
        self._cursor = self._top = 0
        self.scene = scene
        self._explain(address)

    def show(self, scene: Scene) -> None:
        """Explain the same number as the bench is now."""
        self.scene = scene
        if self._found is not None:
            self._explain(self.asked)

    def _explain(self, address: str) -> None:
        assert self.scene is not None
        try:
            self._found, self._problem = self.scene.lab.explain(address), ""
        except ValueError as problem:
            if self._found is None:
                raise
            self._problem = str(problem)
        self.causes = self._found.causes
        title = _("Why {address}?").format(address=self._found.address).replace("[", "\\[")
        if title != self.border_title:
            self.border_title = title
        self._choose(self._cursor)

    def rows(self, width: int, height: int) -> Sequence[Row]:
        if self._found is None or width < 4:
            return []
        rows = self._head(self._found, width, height)
        shown = self._in_sight(height - len(rows) - 1)
        if shown:
            rows.append([(self._caption(shown), "header")])
            names = max(cell_len(self.causes[i]) for i in shown)
            rows += [self._cause(i, names) for i in shown]
        return rows

    def _in_sight(self, room: int) -> range:
        """Which causes are in sight: moved no further than the chosen one asks for."""
        seen = max(0, min(len(self.causes), room))
        top = min(max(self._top, self._cursor - seen + 1), self._cursor, len(self.causes) - seen)
        return range(max(0, top), max(0, top) + seen)

    def _seen_now(self) -> range:
        width, height = self.area
        if self._found is None or width < 4 or height < 1:
            return range(0)
        return self._in_sight(height - len(self._head(self._found, width, height)) - 1)

    def _caption(self, shown: range) -> str:
        if len(shown) == len(self.causes):
            return _("it came from")
        return _("it came from these {count} ({first} to {last} in sight)").format(
            count=len(self.causes), first=shown.start + 1, last=shown.stop
        )

    def _head(self, found: Explanation, width: int, height: int) -> list[Row]:
        """Name, rule, worked arithmetic, role: as much as there is room for."""
        if self._problem:
            return [[(line, "wrong")] for line in wrap_cells(f"! {self._problem}", width, 4)]
        assert self.scene is not None
        room = height - min(len(self.causes) + 1, LEAST_CAUSES)
        hidden, secrets = self.scene.hidden, values_of(self.scene.lab, self.scene.hidden)
        worked = masked(found.worked_without(hidden), secrets)
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

    def _cause(self, index: int, names: int) -> Row:
        assert self.scene is not None
        address = self.causes[index]
        try:
            value: Any = self.scene.lab.read(address)
        except ValueError:
            text = "–"
        else:
            text = str(value) if isinstance(value, int) else precise(float(value), 12)
        if self.scene.hidden.covers(address):
            text = MARK
        here = index == self._cursor
        return [
            Piece("▸ " if here else "  ", "here", index),
            Piece(f"{cut(address, names)}  ", "cursor" if here else "", index),
            Piece(f"{text:>12}", "strong", index),
        ]

    def _choose(self, index: int) -> None:
        """Choose a cause, or the nearest there is, and keep it in sight."""
        self._cursor = min(max(0, index), max(0, len(self.causes) - 1))
        self._top = self._seen_now().start
        self.update()

    def action_move(self, by: int) -> None:
        self._choose(self._cursor + by)

    def action_page(self, by: int) -> None:
        self._choose(self._cursor + by * max(1, len(self._seen_now()) - 1))

    def action_edge(self, end: int) -> None:
        self._choose(0 if end == 0 else len(self.causes))

    def action_follow(self) -> None:
        if self.causes:
            address = self.causes[self._cursor]
            self._way.append((self.asked, self._cursor))
            self._cursor = self._top = 0
            self._go(address)

    def action_back(self) -> None:
        if not self._way:
            self.action_close()
            return
        address, self._cursor = self._way.pop()
        self._go(address)

    def _go(self, address: str) -> None:
        self._explain(address)
        self.post_message(self.Went(address))

    def action_close(self) -> None:
        self.post_message(self.Closed())

    def on_click(self, event: events.Click) -> None:
        index = self.under(event)
        if index is None:
            return
        if index == self._cursor:
            self.action_follow()
        else:
            self._choose(index)


def _from_the_end(text: str, width: int) -> str:
    if cell_len(text) <= width:
        return text
    while cell_len(text) > width - 1:
        text = text[1:]
    return f"…{text}"
