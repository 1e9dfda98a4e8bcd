"""What a bench's screen does with its panels: keys lead to them, what they report is a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widget import Widget

from nnsim.i18n import _
from nnsim.lab import Lab
from nnsim.tui.panels.network import NetworkDiagram
from nnsim.tui.panels.panel import Panel
from nnsim.tui.screens.lab_boards import PLACES, TABBED, Panels
from nnsim.tui.screens.lab_layout import HIGH, WIDE
from nnsim.tui.screens.lab_why import WhyScreen
from nnsim.tui.widgets.lines import PanelTabs
from nnsim.tui.widgets.pixels import PixelGrid
from nnsim.tui.widgets.vector import VectorInput
from nnsim.tui.widgets.walk_panel import WalkPanel

if TYPE_CHECKING:
    from nnsim.lab.walk import Place
    from nnsim.tui.widgets.train_controls import TrainControls

MOVES = ("next", "previous", "first", "last")
WALKS = ("forward", "backward", *MOVES)


class PanelScreen(WhyScreen):
    """A bench's screen with panels that number keys lead to."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.panels = Panels(self)

    def panel(self, number: int) -> Widget:
        """The panel that a number key leads to."""
        return self.panels.get(number)

    def walk_panel(self, place: Place | None) -> WalkPanel | None:
        """The panel of a walk."""
        return None if place is None else self.query_one(f"#{place.direction}", WalkPanel)

    @property
    def side_by_side(self) -> bool:
        """Whether there is room for the network and a walk at the same time."""
        return self.size.width >= WIDE and self.size.height >= HIGH

    # Going to them ----------------------------------------------------------------------------

    def action_panel(self, number: int) -> None:
        """Go to a panel; where panels share a place, it comes to the front."""
        if number not in TABBED and number not in PLACES:
            return
        if number == 1 and self.panels.room == 2:
            self.panels.zoom()
        if number in TABBED and not (number == 2 and self.side_by_side):
            self.close_why()
        if number in TABBED:
            self.choose_panel(number)
        self.panel(number).focus()

    def choose_panel(self, number: int) -> None:
        """Bring a panel to the front of its place, and show the bench there."""
        self.panels.choose(number)
        self.call_after_refresh(self.show)

    def action_zoom(self) -> None:
        """Give the panel that is in front more room, or its own place again."""
        self.panels.zoom()
        self.call_after_refresh(self.show)

    def on_panel_tabs_pressed(self, message: PanelTabs.Pressed) -> None:
        """A tab was clicked."""
        self.action_panel(message.number)

    # What they report --------------------------------------------------------------------------

    def on_pixel_grid_painted(self, message: PixelGrid.Painted) -> None:
        """A pixel was painted."""
        self.execute(f"pixel {message.index + 1} {message.value:g}", merge=message.stroke)

    def on_vector_input_changed(self, message: VectorInput.Changed) -> None:
        """A number of the input was nudged."""
        self.execute(f"set input[{message.index + 1}] {message.value:.10g}")

    def on_network_diagram_selected(self, message: NetworkDiagram.Selected) -> None:
        """A unit, weight or input was selected in the picture."""
        selection = message.selection
        if selection.layer < 0:
            address = f"input[{selection.unit + 1}]"
        else:
            layer = self.lab.names.layers[selection.layer]
            if len(layer.output_shape) > 1:
                self.show(_("{name} is a stack of pictures").format(name=layer.name))
                return
            unit = f"{layer.name}[{selection.unit + 1}]"
            if selection.source is not None:
                address = f"{unit}.w[{selection.source + 1}]"
            else:
                address = f"{unit}.{'z' if layer.has_z else 'a'}"
        self.execute(f"focus {address}")

    def on_panel_asked(self, message: Panel.Asked) -> None:
        """A key of a panel asks for a command."""
        self.execute(message.command, merge=message.merge)

    def on_panel_asked_why(self, message: Panel.AskedWhy) -> None:
        """A key of a panel asks why."""
        self.open_why(message.address)

    def on_panel_asked_line(self, message: Panel.AskedLine) -> None:
        """A key of a panel opens the line for a command."""
        self.action_command(message.text)

    def on_train_controls_asked_pace(self, message: TrainControls.AskedPace) -> None:
        """Training is to go slower or faster."""
        self.change_pace(message.by)

    def on_walk_panel_asked(self, message: WalkPanel.Asked) -> None:
        """A key of a walk panel."""
        command, away = message.command, self.showing.away
        word, place = command.split()[0], self.lab.walk_place
        if word in WALKS and self.lab.circuit is not None:
            message.panel.stop()
            self.show(
                _("a circuit is up, and walks go through it: g shows it, u takes it down"),
                wrong=True,
            )
            return
        direction = message.panel.direction
        if word in MOVES and (place is None or place.direction != direction):
            command = direction  # no walk this way yet: it starts
        if not self.execute(command):
            message.panel.stop()
        elif word == "focus":
            self.showing.away = away

    def on_walk_panel_blanked(self, message: WalkPanel.Blanked) -> None:
        """The person wants to work a number out; where none stands yet, the walk begins."""
        if message.address:
            self.ask_for(message.address)
        else:
            self.on_walk_panel_asked(WalkPanel.Asked(message.panel, message.panel.direction))
