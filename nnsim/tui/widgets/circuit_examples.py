"""The list of the circuits that ship, over the circuit screen."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import ModalScreen

from nnsim.circuit.expression import examples
from nnsim.i18n import N_, _
from nnsim.tui.draw.text import left
from nnsim.tui.widgets.rows import Row, RowList


class ExampleList(RowList):
    """Titles and expressions; Enter takes one."""

    BINDING_GROUP_TITLE = N_("Examples")
    HELP = N_("Choose a circuit with the arrows and take it with Enter.")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "take", N_("Take"), id="examples.take",
                tooltip=N_("Put this circuit on the bench")),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.entries = examples()
        self._width = max(cell_len(_(entry.title)) for entry in self.entries)

    def row_count(self) -> int:
        """One row for each."""
        return len(self.entries)

    def row(self, index: int) -> Row:
        """Its title and its expression."""
        entry = self.entries[index]
        mark = "▶" if index == self.cursor else " "
        return [
            (f" {mark} {left(_(entry.title), self._width)}  ", "strong"),
            (entry.expression, "dim"),
        ]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """As high as the list."""
        return self.row_count()

    def watch_cursor(self, before: int, after: int) -> None:
        """The mark is on the row of the cursor."""
        super().watch_cursor(before, after)

    def action_take(self) -> None:
        """Take the one under the cursor."""
        self.post_message(self.Chosen(self, self.cursor))


class ExamplesScreen(ModalScreen[str | None]):
    """Ends with the id of an example, or without one."""

    AUTO_FOCUS = "ExampleList"
    BINDING_GROUP_TITLE = N_("Examples")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,o,q", "dismiss", N_("Back"), id="examples.leave",
                tooltip=N_("Close the list; the circuit stays")),
    ]  # fmt: skip

    def compose(self) -> ComposeResult:
        """The list alone."""
        panel = ExampleList()
        panel.border_title = _("Examples")
        panel.border_subtitle = _("Enter takes one · Esc closes")
        yield panel

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        """Hand the id on."""
        message.stop()
        self.dismiss(self.query_one(ExampleList).entries[message.row].id)
