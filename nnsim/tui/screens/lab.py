"""The lab: paint, look, walk, change, train. Every key runs a command of the bench."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from nnsim.i18n import N_, _
from nnsim.lab import ADDRESS_KINDS, COMMANDS, Command, Lab
from nnsim.lab.hiding import covered
from nnsim.tui.screens.guard import TooSmall
from nnsim.tui.screens.lab_boards import LOWER, PANELS, PLACES, TABBED, Panels
from nnsim.tui.screens.lab_data import add_sample
from nnsim.tui.screens.lab_keeping import Keeping
from nnsim.tui.screens.lab_showing import Showing
from nnsim.tui.screens.lab_timeline import go_along
from nnsim.tui.screens.lab_why import WhyScreen
from nnsim.tui.widgets.bench_panel import BenchPanel
from nnsim.tui.widgets.data_panel import DataPanel
from nnsim.tui.widgets.diagram import NetworkDiagram
from nnsim.tui.widgets.input_editor import InputEditor
from nnsim.tui.widgets.inspector import Inspector
from nnsim.tui.widgets.key_line import KeyLine
from nnsim.tui.widgets.lines import PanelTabs, StatusLine, TitleLine
from nnsim.tui.widgets.pixels import PixelGrid
from nnsim.tui.widgets.prediction import PredictionBars
from nnsim.tui.widgets.training import TrainingPanel
from nnsim.tui.widgets.vector import VectorInput
from nnsim.tui.widgets.walk_panel import WalkPanel

if TYPE_CHECKING:
    from nnsim.lab.view import NetworkView
    from nnsim.lab.walk import Place
    from nnsim.tui.widgets.train_controls import TrainControls

MOVES = ("next", "previous", "first", "last")
WALKS = ("forward", "backward", *MOVES)
WIDE, HUGE, HIGH = 112, 160, 34


class LabScreen(WhyScreen):
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
        self.panels = Panels(self)
        self.showing = Showing(self)
        self.keeping = Keeping(self)

    # What is on the screen --------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """The panels, in the order of the keys."""
        self._fit_at_once()
        yield TitleLine(id="title")
        with Horizontal(id="bench"):
            yield from self.beside()
            with Vertical(id="left"):
                yield from self.ends()
                training = TrainingPanel(id="training")
                training.add_class("panel", update=False)
                training.border_title = _("Training")
                yield training
            with Vertical(id="right"):
                yield PanelTabs(self.panels.tabs(TABBED), id="tabs")
                yield self.panels.dress(NetworkDiagram(id="diagram"), 2)
                yield PanelTabs(self.panels.tabs(LOWER), id="lower-tabs")
                with Horizontal(id="below"):
                    yield self.panels.dress(WalkPanel("forward", id="forward"), 3)
                    yield self.panels.dress(WalkPanel("backward", id="backward"), 4)
                    yield self.panels.dress(DataPanel(id="samples"), 6)
                inspector = Inspector(id="inspector")
                inspector.add_class("panel", update=False)
                inspector.display = False
                yield inspector
        yield StatusLine(id="status")
        yield KeyLine()
        yield TooSmall()

    def ends(self) -> tuple[Widget, Widget]:
        """What goes in, and what comes out: each network has its own."""
        bars = PredictionBars(self.output_labels(), id="prediction")
        bars.add_class("panel", update=False)
        bars.border_title = _("Prediction")
        return self.panels.dress(self._input_editor(), 1), bars

    def beside(self) -> ComposeResult:
        """What stands beside the bench: nothing, outside of lessons."""
        yield from ()

    def view(self) -> NetworkView:
        """What the picture of the network shows: no number that is hidden."""
        return covered(self.lab, self.hidden) if self.hidden else self.lab.view

    def _fit_at_once(self) -> None:
        """Take the classes of the terminal's size before anything is styled.

        (Textual sets them when the first resize comes, and then styles every widget again.)
        """
        for size, breakpoints in (
            (self.app.size.width, self.HORIZONTAL_BREAKPOINTS or ()),
            (self.app.size.height, self.VERTICAL_BREAKPOINTS or ()),
        ):
            name = [name for least, name in breakpoints if size >= least][-1]
            self.add_class(name, update=False)

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

    @property
    def goes_back(self) -> bool:
        """Whether the Backward panel has the keys, or shares its place with the network."""
        if isinstance(self.focused, WalkPanel):
            return self.focused.direction == "backward"
        place = self.lab.walk_place
        back = place is not None and place.direction == "backward"
        return back and self.panels.lower == 4 and (not self.side_by_side or self.asks_why)

    def _input_editor(self) -> InputEditor:
        given = self.lab.experiment.input
        self.set_class(given.kind in ("point", "number"), "-plot", update=False)
        if given.kind == "pixels":
            return PixelGrid(given.shape, id="input")
        if given.kind == "point":
            from nnsim.tui.widgets.plane import PlaneInput

            return PlaneInput(id="input")
        if given.kind == "number":
            from nnsim.tui.widgets.number import NumberInput

            return NumberInput(id="input")
        return VectorInput(self.lab.names.input_labels, id="input")

    def output_labels(self) -> tuple[str, ...]:
        """What the outputs are called."""
        layer, classes = self.lab.names.layers[-1], self.lab.experiment.classes
        if len(classes) == layer.units:
            return tuple(classes)
        return layer.labels or tuple(str(i + 1) for i in range(layer.units))

    def reference(self) -> tuple[Mapping[str, Command], Mapping[str, str]]:
        """The commands and addresses of the bench."""
        return COMMANDS, ADDRESS_KINDS

    def on_mount(self) -> None:
        """Begin."""
        self.begin()
        self.keeping.begin()

    def begin(self) -> None:
        """Show the bench and take the keys at the input."""
        self._choose(2)
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
                    self._choose(number)
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

    # Panels -----------------------------------------------------------------------------------

    def action_panel(self, number: int) -> None:
        """Go to a panel; where panels share a place, it comes to the front."""
        if number not in TABBED and number not in PLACES:
            return
        if number == 1 and self.panels.room == 2:
            self.panels.zoom()
        if number in TABBED and not (number == 2 and self.side_by_side):
            self.close_why()
        if number in TABBED:
            self._choose(number)
        self.panel(number).focus()

    def _choose(self, number: int) -> None:
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

    def on_resize(self, event: events.Resize) -> None:
        """Panels that were hidden may have come into sight."""
        super().on_resize(event)
        self.call_after_refresh(self.show)

    def on_descendant_focus(self) -> None:
        """The wires carry gradients while the Backward panel has the keys."""
        if self.panel(2).display:
            self.showing.carry()

    # Keys -------------------------------------------------------------------------------------

    def action_timeline(self, by: int) -> None:
        """Go along the timeline, to the kept epoch before or after."""
        go_along(self, by)

    def action_circuit(self) -> None:
        """Show the circuit that is up, or else the network as one."""
        from nnsim.lab.circuit_bench import of_network

        self.stop_training()
        try:
            bench = self.lab.circuit or of_network(self.lab)
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

    # What the panels report -------------------------------------------------------------------

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

    def on_bench_panel_asked(self, message: BenchPanel.Asked) -> None:
        """A key of a panel asks for a command."""
        self.execute(message.command, merge=message.merge)

    def on_bench_panel_asked_why(self, message: BenchPanel.AskedWhy) -> None:
        """A key of a panel asks why."""
        self.open_why(message.address)

    def on_bench_panel_asked_line(self, message: BenchPanel.AskedLine) -> None:
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
        """The person wants to work a number out."""
        self.ask_for(message.address)
