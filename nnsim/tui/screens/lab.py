"""The lab: paint, look, walk, change, train. Every key runs a command of the bench."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from nnsim.i18n import N_, _
from nnsim.lab import ADDRESS_KINDS, COMMANDS, Command, Lab
from nnsim.lab.hiding import Hidden, covered
from nnsim.tui.panels import DOORS, LOWER, TABBED
from nnsim.tui.panels.network import NetworkDiagram
from nnsim.tui.panels.panel import Panel
from nnsim.tui.panels.walk import WalkPanel
from nnsim.tui.panels.why import Inspector
from nnsim.tui.screens.base import LineScreen, TooSmall
from nnsim.tui.screens.frame import KeyLine, PanelTabs, StatusLine, TitleLine
from nnsim.tui.screens.lab_data import DataWork, add_sample
from nnsim.tui.screens.lab_panels import HIGH, HUGE, WIDE, Panels
from nnsim.tui.screens.lab_showing import Showing
from nnsim.tui.screens.lab_training import Training
from nnsim.tui.screens.lab_why import Asking, Why
from nnsim.tui.sessions import Keeping

if TYPE_CHECKING:
    from nnsim.lab.hiding import NetworkView
    from nnsim.lab.walk import Place
    from nnsim.tui.panels.train import TrainPanel

MOVES = ("next", "previous", "first", "last")
WALKS = ("forward", "backward", *MOVES)


class LabScreen(LineScreen):
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
            Binding(str(number), f"panel('{door.id}')", door.title, id=f"lab.panel_{number}",
                    show=False, tooltip=N_("Go to this panel"))
            for number, door in enumerate(DOORS, start=1)
        ),
        Binding("escape", "leave", N_("Home"), id="lab.leave",
                tooltip=N_("Stop what runs, or go to Home; the bench stays as it is")),
    ]  # fmt: skip

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self.lab = lab
        self.panels = Panels(self, lambda: self.lab, lambda: self.side_by_side)
        self.showing = Showing(
            self, self.panels,
            bench=lambda: self.lab, view=self.view, hidden=lambda: self.hidden,
            is_alone=lambda: not self.side_by_side or self.why.is_open,
        )  # fmt: skip
        self.training = Training(self, self.showing, self.show_training)
        self.why = Why(self, self.showing)
        self.asking = Asking(self, self.showing)
        self.keeping = Keeping(self)
        self.data_work = DataWork(self)

    # What is on the screen --------------------------------------------------------------------
    def compose(self) -> ComposeResult:
        self.panels.fit_at_once()
        yield TitleLine(id="title")
        with Horizontal(id="bench"):
            yield from self.beside()
            yield from self.panels.compose()
        yield StatusLine(id="status")
        yield KeyLine()
        yield TooSmall()

    def beside(self) -> ComposeResult:
        """What stands beside the bench: nothing, outside of lessons."""
        yield from ()

    @property
    def hidden(self) -> Hidden:
        """The numbers that are hidden until they are worked out."""
        return self.asking.hidden

    def view(self) -> NetworkView:
        """What the picture of the network shows: no number that is hidden."""
        return covered(self.lab, self.hidden) if self.hidden else self.lab.view

    def reference(self) -> tuple[Mapping[str, Command], Mapping[str, str]]:
        """The commands and addresses of the bench."""
        return COMMANDS, ADDRESS_KINDS

    def on_mount(self) -> None:
        self.begin()
        self.keeping.begin()

    def begin(self) -> None:
        """Show the bench and take the keys at the input."""
        self.training.settle_pace()
        self.panels.choose(TABBED[0])
        self.panels.choose_lower(LOWER[0])
        self.bench_widget().focus()
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

    def show_training(self) -> None:
        """Bring the screen in line with a bench that is being trained; called at every poll."""
        self.showing.while_training()

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.call_after_refresh(self.show)

    def on_descendant_focus(self) -> None:
        self.showing.focus_moved()

    def _on_timer_update(self) -> None:
        """Draw what has changed (this is where Textual does it), while training waits."""
        self.training.give_way()
        super()._on_timer_update()
        self.training.go_on()

    def give_way(self) -> None:
        """Let training wait for a moment, while something is worked out for the screen."""
        self.training.give_way()

    def go_on(self) -> None:
        """Let training go on."""
        self.training.go_on()

    def on_unmount(self) -> None:
        self.training.end()

    # Commands -----------------------------------------------------------------------------------
    def execute(self, line: str, *, merge: bool = False) -> bool:
        """Run a command of the bench and show what came of it; say whether it was done."""
        self.keeping.attach()
        if self.data_work.takes(line):
            return self.data_work.begin(line)
        return self.run_command(line, merge=merge)

    def run_command(self, line: str, *, merge: bool = False) -> bool:
        network = self.lab.experiment.network
        try:
            message = self.training.run_line(line, merge=merge)
        except ValueError as problem:
            self.complain(str(problem))
            return False
        if self.lab.experiment.network is not network:  # (other data alone leaves it)
            if self.bar is not None:  # it goes with the widgets
                self.close_bar()
            self.call_later(self.recompose)
            self.call_after_refresh(self.on_mount)
        elif message:
            self.done(line, message)
        else:
            self.training.show_state(at_once=True)
        return True

    def done(self, line: str, message: str) -> None:
        """Show what a command has done; a walk comes to the front."""
        word = line.split()[0]
        if word in WALKS and self.lab.circuit is None:
            self.showing.away = False
            place = self.lab.walk_place
            if place is not None and not (self.walk_panel(place).display or self.why.is_open):
                self.choose_panel(place.direction)
            self.showing.step_first(message)
            return
        if word == "focus":
            self.showing.away = True
        self.show(message)
        if word == "circuit":
            self.call_later(self.action_circuit)
        elif word in LOWER and self.panels.chosen != word:
            self.call_later(self.action_panel, word)

    def bench_widget(self) -> Widget:
        return self.panels.get(DOORS[0].id)

    # Panels -------------------------------------------------------------------------------------
    @property
    def side_by_side(self) -> bool:
        """Whether there is room for the network and a walk at the same time."""
        return self.size.width >= WIDE and self.size.height >= HIGH

    def walk_panel(self, place: Place) -> WalkPanel:
        return self.query_one(f"#{place.direction}", WalkPanel)

    def action_panel(self, name: str) -> None:
        panels = self.panels
        if name not in TABBED:
            if panels.room == 2:
                panels.zoom()
        else:
            if not (name == TABBED[0] and self.side_by_side):
                self.why.close()
            self.choose_panel(name)
        panels.get(name).focus()

    def choose_panel(self, name: str) -> None:
        """Bring a panel to the front of its place, and show the bench there."""
        self.panels.choose(name)
        self.call_after_refresh(self.show)

    def action_zoom(self) -> None:
        """Give the panel that is in front more room, or its own place again."""
        self.panels.zoom()
        self.call_after_refresh(self.show)

    def on_panel_tabs_pressed(self, message: PanelTabs.Pressed) -> None:
        self.action_panel(message.panel)

    def on_panel_asked(self, message: Panel.Asked) -> None:
        if message.paused:
            self.training.stop()
        self.execute(message.command, merge=message.merge)

    def on_panel_asked_why(self, message: Panel.AskedWhy) -> None:
        self.why.open(message.address)

    def on_panel_asked_line(self, message: Panel.AskedLine) -> None:
        self.action_command(message.text)

    def on_train_panel_asked_pace(self, message: TrainPanel.AskedPace) -> None:
        self.training.change_pace(message.by)

    def on_network_diagram_selected(self, message: NetworkDiagram.Selected) -> None:
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

    def on_walk_panel_asked(self, message: WalkPanel.Asked) -> None:
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
            self.asking.ask_for(message.address)
        else:
            self.on_walk_panel_asked(WalkPanel.Asked(message.panel, message.panel.direction))

    # Questions about a number -------------------------------------------------------------------
    def action_why(self) -> None:
        self.why.open(str(self.lab.focus))

    def action_why_here(self) -> None:
        self.why.open(self.why.here())

    def on_inspector_went(self, message: Inspector.Went) -> None:
        self.why.look_at(message.address)

    def on_inspector_closed(self) -> None:
        self.why.close()

    def action_edit(self) -> None:
        address = self.why.editable()
        if address is None:
            text = _("{address} is a result; edit an input, a weight or a bias")
            self.show(text.format(address=self.lab.focus), wrong=True)
        else:
            self.open_bar(f"{self.lab.read(address):.10g}", setting=address)

    def on_command_bar_closed(self) -> None:
        self.asking.give_up()

    # Keys -------------------------------------------------------------------------------------
    def action_sample(self, by: int) -> None:
        count = self.lab.sample_count
        if not count:
            self.show(_("this experiment has no samples"), wrong=True)
            return
        now = self.lab.sample
        place = (0 if by > 0 else count - 1) if now is None else (now + by) % count
        self.execute(f"sample {place + 1}")

    def action_add_sample(self) -> None:
        add_sample(self)

    def action_toggle_training(self) -> None:
        self.training.toggle()

    def action_timeline(self, by: int) -> None:
        """Go so many kept epochs back or forward; several in a row are undone together."""
        from nnsim.lab.training.timeline import kept_epoch  # late: the first picture needs none

        epoch = kept_epoch(self.lab.timeline.run, self.lab.trainer, by)
        if epoch is not None:
            self.execute(f"rewind {epoch}", merge=True)
        elif by < 0:
            self.show(_("this is the first epoch of the run"))
        else:
            self.show(_("this is the last epoch so far; t trains on"))

    def action_save_session(self) -> None:
        self.keeping.save()

    def action_circuit(self) -> None:
        from nnsim.lab.circuit_bench import of_network

        self.training.stop()
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
        if self.training.live is not None:
            self.training.stop()
        elif self.data_work.busy:
            self.data_work.stop()
        elif self.why.is_open:
            self.why.close()
        elif any(panel.playing for panel in self.query(WalkPanel)):
            for panel in self.query(WalkPanel):
                panel.stop()
        else:
            self.app.show_home()  # type: ignore[attr-defined]
