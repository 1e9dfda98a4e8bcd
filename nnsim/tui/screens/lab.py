"""The lab: paint, look, walk, change, train. Every key runs a command of the bench."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from nnsim.i18n import N_, _
from nnsim.lab import ADDRESS_KINDS, COMMANDS, Command, Lab
from nnsim.lab.hiding import covered
from nnsim.tui.panels.network import NetworkDiagram
from nnsim.tui.screens.guard import TooSmall
from nnsim.tui.screens.lab_boards import PANELS
from nnsim.tui.screens.lab_data import add_sample
from nnsim.tui.screens.lab_keeping import Keeping
from nnsim.tui.screens.lab_layout import HIGH, HUGE, WIDE, bench, fit_at_once
from nnsim.tui.screens.lab_panels import WALKS, PanelScreen
from nnsim.tui.screens.lab_showing import Showing
from nnsim.tui.screens.lab_timeline import go_along
from nnsim.tui.widgets.key_line import KeyLine
from nnsim.tui.widgets.lines import StatusLine, TitleLine
from nnsim.tui.widgets.walk_panel import WalkPanel

if TYPE_CHECKING:
    from nnsim.lab.view import NetworkView


class LabScreen(PanelScreen):
    """The bench of one experiment, as panels."""

    CSS_PATH = "lab.tcss"
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [  # noqa: RUF012 (as in Screen)
        (0, "-small"),
        (80, "-medium"),
        (WIDE, "-wide"),
        (HUGE, "-huge"),
    ]
    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [  # noqa: RUF012
        (0, "-low"),
        (HIGH, "-tall"),
        (48, "-high"),
    ]
    BINDING_GROUP_TITLE = N_("Lab")
    _SAMPLES = Binding.Group(N_("Sample"), compact=True)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "why", N_("Why"), id="lab.why",
                tooltip=N_("Why the number in the status line is what it is")),
        Binding("left_square_bracket", "sample(-1)", N_("Before"), id="lab.sample_before",
                group=_SAMPLES, tooltip=N_("The sample before")),
        Binding("right_square_bracket", "sample(1)", N_("Next"), id="lab.sample_next",
                group=_SAMPLES, tooltip=N_("The next sample")),
        Binding("c", "execute('clear')", N_("Clear"), id="lab.clear",
                tooltip=N_("Blank the input")),
        Binding("enter", "why_here", N_("Why"), id="lab.why_here", show=False,
                tooltip=N_("Why the number under the cursor is what it is")),
        Binding("u", "execute('undo')", N_("Undo"), id="lab.undo",
                tooltip=N_("Take back the last change")),
        Binding("U", "execute('redo')", N_("Redo"), id="lab.redo", show=False,
                tooltip=N_("Do again what was undone")),
        Binding("e", "edit", N_("Edit"), id="lab.edit",
                tooltip=N_("Type a new value for the selected number")),
        Binding("g", "circuit", N_("Gates"), id="lab.circuit", show=False,
                tooltip=N_("This network, its input and loss as a circuit of gates")),
        Binding("z", "zoom", N_("Larger"), id="lab.zoom", show=False,
                tooltip=N_("More room for this panel, or its own place again")),
        Binding("t", "toggle_training", N_("Train"), id="lab.training", show=False,
                tooltip=N_("Train until it is stopped; stop")),
        Binding("less_than_sign,comma", "timeline(-1)", N_("Earlier"), id="lab.earlier", show=False,
                tooltip=N_("Back along the timeline, to the epoch kept before")),
        Binding("greater_than_sign,full_stop", "timeline(1)", N_("Later"), id="lab.later",
                show=False, tooltip=N_("Forward along the timeline, to the next epoch kept")),
        Binding("s,ctrl+s", "save_session", N_("Save"), id="lab.save", show=False,
                tooltip=N_("Save the session: the network, its training, the data")),
        Binding("A", "add_sample", N_("Add"), id="lab.add", show=False,
                tooltip=N_("Add the input to the training data, with a label")),
        Binding("colon", "command", N_("Command"), id="lab.command",
                tooltip=N_("Type a command")),
        *(
            Binding(str(number), f"panel({number})", name, id=f"lab.panel_{number}", show=False,
                    tooltip=N_("Go to this panel"))
            for number, name in PANELS.items()
        ),
        Binding("escape", "leave", N_("Home"), id="lab.leave",
                tooltip=N_("Stop what runs, or go to Home; the bench stays as it is")),
    ]  # fmt: skip

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.showing = Showing(self)
        self.keeping = Keeping(self)

    # What is on the screen --------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """The panels, in the order of the keys."""
        fit_at_once(self)
        yield TitleLine(id="title")
        yield from bench(self)
        yield StatusLine(id="status")
        yield KeyLine()
        yield TooSmall()

    def beside(self) -> ComposeResult:
        """What stands beside the bench: nothing, outside of lessons."""
        yield from ()

    def view(self) -> NetworkView:
        """What the picture of the network shows: no number that is hidden."""
        return covered(self.lab, self.hidden) if self.hidden else self.lab.view

    @property
    def goes_back(self) -> bool:
        """Whether the Backward panel has the keys, or shares its place with the network."""
        if isinstance(self.focused, WalkPanel):
            return self.focused.direction == "backward"
        place = self.lab.walk_place
        back = place is not None and place.direction == "backward"
        return back and self.panels.lower == 4 and (not self.side_by_side or self.asks_why)

    def reference(self) -> tuple[Mapping[str, Command], Mapping[str, str]]:
        """The commands and addresses of the bench."""
        return COMMANDS, ADDRESS_KINDS

    def on_mount(self) -> None:
        """Begin."""
        self.begin()
        self.keeping.begin()

    def begin(self) -> None:
        """Show the bench and take the keys at the input."""
        self.settle_pace()
        self.choose_panel(2)
        self.panels.choose_lower(3)
        self.query_one("#input").focus()
        self.show(
            _("paint with Space or the mouse; ? explains every key")
            if self.lab.experiment.input.kind == "pixels"
            else _("arrows move the probe, Space adds it to the data; ? explains every key")
            if self.has_class("-plot")
            else _("← and → change a number, e types one; ? explains every key")
        )

    def show(self, message: str | None = None, *, wrong: bool = False) -> None:
        """Bring the screen in line with the bench, input and prediction first."""
        self.showing.input_first(message, wrong=wrong)

    def readout(self) -> str:
        """The number that is looked at, with its address."""
        return self.showing.readout()

    def show_training(self) -> None:
        """Bring the screen in line with a bench that is being trained."""
        self.showing.while_training()

    def done(self, line: str, message: str) -> None:
        """Show what a command has done; a walk comes to the front."""
        word = line.split()[0]
        if word in WALKS and self.lab.circuit is None:
            self.showing.away = False
            place = self.lab.walk_place
            if place is not None:
                number = 3 if place.direction == "forward" else 4
                if not self.panel(number).display and not self.asks_why:
                    self.choose_panel(number)
            self.showing.step_first(message)
            return
        if word == "focus":
            self.showing.away = True
        self.show(message)
        if word == "circuit":
            self.call_later(self.action_circuit)
        elif word == "landscape" and self.panels.chosen != 9:
            self.call_later(self.action_panel, 9)

    def execute(self, line: str, *, merge: bool = False) -> bool:
        """Run a command of the bench and show what came of it; say whether it was done."""
        self.keeping.attach()
        return super().execute(line, merge=merge)

    def action_save_session(self) -> None:
        """Save the session: to its file, or to one whose name is typed."""
        self.keeping.save()

    def action_add_sample(self) -> None:
        """Add the input to the training data, with a label."""
        add_sample(self)

    def on_resize(self, event: events.Resize) -> None:
        """Panels that were hidden may have come into sight."""
        super().on_resize(event)
        self.call_after_refresh(self.show)

    def on_descendant_focus(self) -> None:
        """The wires carry gradients while the Backward panel has the keys."""
        if self.panel(2).display:
            self.query_one(NetworkDiagram).show(self.showing.scene())

    # Keys -------------------------------------------------------------------------------------

    def action_timeline(self, by: int) -> None:
        """Go along the timeline, to the kept epoch before or after."""
        go_along(self, by)

    def action_circuit(self) -> None:
        """Show the circuit that is up, or else the network as one."""
        from nnsim.lab.circuit_bench import of_network

        self.stop_training()
        try:
            lab = self.lab
            bench = lab.circuit or of_network(
                lab.network, lab.input, lab.target, lab.experiment.title
            )
        except ValueError as problem:
            self.show(str(problem), wrong=True)
            return
        self.app.show_circuit(bench)  # type: ignore[attr-defined]

    def action_leave(self) -> None:
        """Stop training or playing first, close the inspector; then go Home."""
        if self.live is not None:
            self.stop_training()
        elif self.data_work.busy:
            self.data_work.stop()
        elif self.asks_why:
            self.close_why()
        elif any(panel.playing for panel in self.query(WalkPanel)):
            for panel in self.query(WalkPanel):
                panel.stop()
        else:
            self.app.show_home()  # type: ignore[attr-defined]
