"""Asking why: which number a key is about, and the inspector that explains it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widget import Widget

from nnsim.i18n import _
from nnsim.lab import Lab
from nnsim.lab.values import settable
from nnsim.tui.panels.panel import Panel
from nnsim.tui.screens.lab_commands import CommandScreen
from nnsim.tui.widgets.input_editor import InputEditor
from nnsim.tui.widgets.inspector import Inspector
from nnsim.tui.widgets.training import TrainingPanel
from nnsim.tui.widgets.walk_panel import WalkPanel

if TYPE_CHECKING:
    from nnsim.tui.screens.lab_showing import Showing


class WhyScreen(CommandScreen):
    """A bench's screen with an inspector, in sight while it is displayed."""

    showing: Showing

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self._before_why: Widget | None = None

    @property
    def asks_why(self) -> bool:
        """Whether the inspector is in sight."""
        return bool(self.query_one(Inspector).display)

    def action_why(self) -> None:
        """Say why the number in the status line is what it is."""
        self.open_why(str(self.lab.focus))

    def action_why_here(self) -> None:
        """Say why the number under the cursor is what it is."""
        focused, address = self.focused, str(self.lab.focus)
        if isinstance(focused, InputEditor):
            address = f"input[{focused.chosen_input + 1}]"
        elif isinstance(focused, TrainingPanel):
            address = focused.address(focused.cursor)
        elif isinstance(focused, WalkPanel):
            address = focused.selected
        elif isinstance(focused, Panel):
            address = focused.address() or address
        self.open_why(address)

    def open_why(self, address: str) -> None:
        """Open the inspector at a number."""
        inspector = self.query_one(Inspector)
        try:
            inspector.open(self.lab, address, self.hidden)
        except ValueError as problem:
            self.show(str(problem), wrong=True)
            return
        self._look_at(address)
        if not inspector.display:
            self._before_why = self.focused
            inspector.display = True
        inspector.focus()
        self.showing.why_first()

    def close_why(self) -> None:
        """Close it; the keys go back to where they were."""
        inspector = self.query_one(Inspector)
        if inspector.display:
            inspector.display = False
            back = self._before_why
            if self.focused is None or isinstance(self.focused, Inspector):
                (
                    back if back is not None and back.is_attached else self.query_one("#input")
                ).focus()
            self.call_after_refresh(self.show)

    def _look_at(self, address: str) -> None:
        """Look at a number without leaving the walk."""
        away = self.showing.away
        if address != str(self.lab.focus):
            self.execute(f"focus {address}")
            self.showing.away = away

    def on_inspector_went(self, message: Inspector.Went) -> None:
        """The inspector went on to another number."""
        self._look_at(message.address)

    def on_inspector_closed(self) -> None:
        """Go back to where the keys were."""
        self.close_why()

    def action_edit(self) -> None:
        """Type a new value for the number that is selected where the keys are."""
        address = self._editable()
        if address is None:
            self.show(
                _("{address} is a result; edit an input, a weight or a bias").format(
                    address=self.lab.focus
                ),
                wrong=True,
            )
            return
        self.open_bar(f"{self.lab.read(address):.10g}", setting=address)

    def _editable(self) -> str | None:
        names = self.lab.names
        if isinstance(self.focused, InputEditor):
            return f"input[{self.focused.chosen_input + 1}]"
        if isinstance(self.focused, TrainingPanel):
            return "learning_rate"
        quantity = names.resolve(self.lab.focus)
        if settable(quantity):
            return str(self.lab.focus)
        if quantity.layer >= 0 and quantity.unit >= 0 and names.layers[quantity.layer].has_bias:
            return f"{names.layers[quantity.layer].name}[{quantity.unit + 1}].b"
        return None
