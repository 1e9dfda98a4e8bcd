"""The lab: paint, look, change, train. Every key runs a command of the bench."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget

from nnsim.i18n import N_, _
from nnsim.lab import ADDRESS_KINDS, COMMANDS, Command, Lab, NoValueError
from nnsim.lab.values import settable
from nnsim.lab.view import Selection
from nnsim.tui.numbers import short
from nnsim.tui.screens.guard import GuardedScreen, TooSmall
from nnsim.tui.widgets.diagram import NetworkDiagram
from nnsim.tui.widgets.key_line import KeyLine
from nnsim.tui.widgets.lines import PanelTabs, StatusLine, TitleLine
from nnsim.tui.widgets.pixels import PixelGrid
from nnsim.tui.widgets.prediction import PredictionBars, verdict
from nnsim.tui.widgets.rows import RowList
from nnsim.tui.widgets.samples import SampleList
from nnsim.tui.widgets.training import TrainingPanel
from nnsim.tui.widgets.unit_values import UnitValues
from nnsim.tui.widgets.vector import VectorInput

if TYPE_CHECKING:
    from nnsim.tui.widgets.command_bar import CommandBar

PANELS = {1: N_("Input"), 2: N_("Network"), 3: N_("Values"), 4: N_("Data"), 5: N_("Train")}
FRAME = 0.01  # seconds until the panels follow that may follow
TABBED = (2, 3, 4)  # those that share one place where the terminal is narrow


class LabScreen(GuardedScreen):
    """The bench of one experiment, as panels."""

    CSS_PATH = "lab.tcss"
    AUTO_FOCUS = ""
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [  # noqa: RUF012 (as in Screen)
        (0, "-small"),
        (80, "-medium"),
        (112, "-wide"),
    ]
    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-low"), (34, "-tall")]  # noqa: RUF012
    BINDING_GROUP_TITLE = N_("Lab")
    _SAMPLES = Binding.Group(N_("Sample"), compact=True)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket", "sample(-1)", N_("Before"), id="lab.sample_before",
                group=_SAMPLES, tooltip=N_("The sample before")),
        Binding("right_square_bracket", "sample(1)", N_("Next"), id="lab.sample_next",
                group=_SAMPLES, tooltip=N_("The next sample")),
        Binding("c", "execute('clear')", N_("Clear"), id="lab.clear",
                tooltip=N_("Blank the input")),
        Binding("u", "execute('undo')", N_("Undo"), id="lab.undo",
                tooltip=N_("Take back the last change")),
        Binding("U", "execute('redo')", N_("Redo"), id="lab.redo", show=False,
                tooltip=N_("Do again what was undone")),
        Binding("e", "edit", N_("Edit"), id="lab.edit",
                tooltip=N_("Type a new value for the selected number")),
        Binding("g", "circuit", N_("Gates"), id="lab.circuit", show=False,
                tooltip=N_("This network, its input and loss as a circuit of gates")),
        Binding("colon", "command", N_("Command"), id="lab.command",
                tooltip=N_("Type a command")),
        *(
            Binding(str(number), f"panel({number})", name, id=f"lab.panel_{number}", show=False,
                    tooltip=N_("Go to this panel"))
            for number, name in PANELS.items()
        ),
        Binding("escape", "leave", N_("Home"), id="lab.leave",
                tooltip=N_("Stop training, or go to Home; the bench stays as it is")),
    ]  # fmt: skip

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self.lab = lab
        self._panel = 2
        self._selection = Selection(0, 0)
        self._lines: list[str] = []
        self._values_title: Content | None = None
        self._rest_is_due = False
        self._training: Iterator[object] | None = None
        self._bar: CommandBar | None = None
        self._before_bar: Widget | None = None

    # What is on the screen --------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """The panels, in the order of the keys."""
        yield TitleLine(id="title")
        with Horizontal(id="bench"):
            with Vertical(id="left"):
                yield self._titled(self._input_editor(), 1)
                bars = PredictionBars(self._output_labels(), id="prediction")
                bars.add_class("panel")
                bars.border_title = _("Prediction")
                yield bars
                yield self._titled(TrainingPanel(id="training"), 5)
            with Vertical(id="right"):
                yield PanelTabs({n: _(PANELS[n]) for n in TABBED}, id="tabs")
                yield self._titled(NetworkDiagram(id="diagram"), 2)
                with Horizontal(id="below"):
                    yield self._titled(UnitValues(id="values"), 3)
                    yield self._titled(SampleList(id="samples"), 4)
        yield StatusLine(id="status")
        yield KeyLine()
        yield TooSmall()

    @staticmethod
    def _titled(panel: Widget, number: int) -> Widget:
        panel.add_class("panel", f"panel-{number}")
        panel.border_title = f"{number} {_(PANELS[number])}"
        return panel

    def _panel_of(self, number: int) -> Widget:
        return self.query_one(f".panel-{number}")

    def _input_editor(self) -> PixelGrid | VectorInput:
        shape = self.lab.experiment.input.shape
        if self.lab.experiment.input.kind == "pixels" and (len(shape) == 2 or shape[2] == 1):
            return PixelGrid((shape[0], shape[1]), id="input")
        return VectorInput(self.lab.names.input_labels, id="input")

    def _output_labels(self) -> tuple[str, ...]:
        layer, classes = self.lab.names.layers[-1], self.lab.experiment.classes
        if len(classes) == layer.units:
            return tuple(classes)
        return layer.labels or tuple(str(i + 1) for i in range(layer.units))

    def reference(self) -> tuple[Mapping[str, Command], Mapping[str, str]]:
        """The commands and addresses of the bench."""
        return COMMANDS, ADDRESS_KINDS

    def on_mount(self) -> None:
        """Show the bench and take the keys at the input."""
        self._choose(2)
        self.query_one("#input").focus()
        self.show(_("paint with Space or the mouse; ? explains every key"))

    # Showing the bench ------------------------------------------------------------------------

    def show(self, message: str | None = None, *, wrong: bool = False) -> None:
        """Bring the screen in line with the bench.

        Input and prediction come first, in a frame of their own, so that a stroke of the brush is
        seen at once; the other panels follow in the next frame, once for all the keys in between.
        """
        lab = self.lab
        self._show_input()
        target = None if lab.target is None else lab.describe_target(lab.target)
        self._show_prediction(target)
        self._show_title(target)
        if message is not None:
            self.query_one(StatusLine).say(message, self._readout(), wrong=wrong)
        if not self._rest_is_due:
            self._rest_is_due = True
            # (call_after_refresh would still come before the frame is drawn.)
            self.set_timer(FRAME, self._show_rest)

    def _show_rest(self) -> None:
        """Bring the panels in line that explain the prediction; each redraws what changed."""
        self._rest_is_due = False
        lab = self.lab
        selection, field = self._selected()
        if self._panel_of(2).display:
            self.query_one(NetworkDiagram).show(lab.view, selection)
        if self._panel_of(3).display:
            self._show_values(selection, field)
        if self._panel_of(4).display:
            self.query_one(SampleList).show(lab)
        self.query_one(TrainingPanel).show(lab)

    def _show_input(self) -> None:
        editor = self.query_one("#input")
        assert isinstance(editor, PixelGrid | VectorInput)
        editor.show(self.lab.input.reshape(-1))

    def _show_prediction(self, target: str | None) -> None:
        lab, classes = self.lab, self._output_labels()
        said = lab.prediction
        reading = None if said is None or said >= len(classes) else classes[said]
        if lab.output.size == 1 and said is not None:
            reading = lab.experiment.classes[said]
        right = None
        if lab.target is not None and said is not None:
            right = said == lab.decide(lab.target)
        winner = 0 if lab.output.size == 1 and said == 1 else said
        self.query_one(PredictionBars).show(
            lab.output, winner if lab.output.size > 1 or said else None,
            verdict(reading, target, right),
        )  # fmt: skip

    def _show_values(self, selection: Selection, field: str) -> None:
        table = self.query_one(UnitValues)
        table.show(self.lab.view, selection, field)
        title = Content(f"3 {_(PANELS[3])} · {table.title()}")  # a label in brackets is no markup
        if self._values_title != title:
            self._values_title = title
            table.border_title = title

    def _show_title(self, target: str | None) -> None:
        lab = self.lab
        sizes = "-".join(
            str(n) for n in (lab.names.input_size, *(layer.units for layer in lab.names.layers))
        )
        where = _("epoch {n}").format(n=lab.trainer.epoch)
        if lab.sample is not None:
            sample = _("sample {n}").format(n=lab.sample + 1) + (" *" if lab.edited else "")
            where = f"{sample} ({target}) · {where}"
        title = f"nnsim · {lab.experiment.title}"
        self.query_one(TitleLine).show(
            (title, f"nnsim · {lab.experiment.id}"), f"{sizes} · {where}"
        )

    def _selected(self) -> tuple[Selection, str]:
        """The unit or weight that the focus is on (the last one, where it is on neither)."""
        quantity = self.lab.names.resolve(self.lab.focus)
        field = quantity.kind.split(".")[0]
        if quantity.kind == "input":
            self._selection = Selection(-1, quantity.position[0])
        elif quantity.layer >= 0 and quantity.unit >= 0:
            dense = len(self.lab.names.layers[quantity.layer].kernel_shape) == 1
            source = quantity.position[0] if field == "w" and dense else None
            self._selection = Selection(quantity.layer, quantity.unit, source)
        return self._selection, field

    def _readout(self) -> str:
        """The number that is looked at, with its address."""
        address = self.lab.focus
        try:
            value = self.lab.read(address)
        except NoValueError:
            return f"{address} = –"
        return f"{address} = {value if isinstance(value, int) else short(value, 9).strip()}"

    # Commands ---------------------------------------------------------------------------------

    def execute(self, line: str, *, merge: bool = False) -> bool:
        """Run a command of the bench and show what came of it; say whether it was done."""
        if self._training is not None:
            self._complain(_("training is running; Esc stops it"))
            return False
        if line.split()[:1] == ["train"]:
            return self._start_training(line)
        experiment = self.lab.experiment
        try:
            message = self.lab.run(line, merge=merge)
        except ValueError as problem:
            self._complain(str(problem))
            return False
        if self.lab.experiment is not experiment:
            self.call_later(self.recompose)
            self.call_after_refresh(self.on_mount)
        else:
            self.show(message)
            if line.split()[:1] == ["circuit"]:
                self.call_later(self.action_circuit)
        return True

    def _complain(self, problem: str) -> None:
        """Say why something was refused: beside the line that was typed, if one was."""
        if self._bar is not None:
            self._bar.complain(problem)
        else:
            self.show(problem, wrong=True)

    def _start_training(self, line: str) -> bool:
        try:
            self._training = self.lab.run_in_steps(line)
        except ValueError as problem:
            self._complain(str(problem))
            return False
        self._train_slice()
        return True

    def _train_slice(self) -> None:
        """Train for a moment, then let keys and the screen have their turn."""
        from time import perf_counter

        if self._training is None:
            return
        until = perf_counter() + 0.03
        try:
            while perf_counter() < until:
                next(self._training)
        except StopIteration:
            self._training = None
            self.show(self.lab.message)
        except ValueError as problem:
            self._training = None
            self.show(str(problem), wrong=True)
        else:
            epoch = _("training: epoch {n}; Esc stops").format(n=self.lab.trainer.epoch)
            self.query_one(StatusLine).say(epoch, "")
            self.set_timer(0.001, self._train_slice)

    def _stop_training(self) -> None:
        if self._training is not None:
            self._training.close()  # type: ignore[attr-defined]
            self._training = None
            self.show(self.lab.message)

    def action_execute(self, line: str) -> None:
        """Run a command of the bench."""
        self.execute(line)

    def action_sample(self, by: int) -> None:
        """Go through the samples; they go round."""
        count = self.lab.sample_count
        if not count:
            self.show(_("this experiment has no samples"), wrong=True)
            return
        now = self.lab.sample
        place = (0 if by > 0 else count - 1) if now is None else (now + by) % count
        self.execute(f"sample {place + 1}")

    def action_panel(self, number: int) -> None:
        """Go to a panel; where panels share a place, it comes to the front."""
        if number in TABBED:
            self._choose(number)
        self._panel_of(number).focus()

    def _choose(self, number: int) -> None:
        self._panel = number
        for other in TABBED:
            self._panel_of(other).set_class(other == number, "-chosen")
        self.query_one("#below").set_class(number != 2, "-chosen")
        self.query_one(PanelTabs).choose(number)
        self.call_after_refresh(self.show)

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
        self._open_bar(f"{self.lab.read(address):.10g}", setting=address)

    def _editable(self) -> str | None:
        names = self.lab.names
        if isinstance(self.focused, PixelGrid | VectorInput):
            return f"input[{self.focused.cursor + 1}]"
        if isinstance(self.focused, TrainingPanel):
            return "learning_rate"
        quantity = names.resolve(self.lab.focus)
        if settable(quantity):
            return str(self.lab.focus)
        if quantity.layer >= 0 and quantity.unit >= 0 and names.layers[quantity.layer].has_bias:
            return f"{names.layers[quantity.layer].name}[{quantity.unit + 1}].b"
        return None

    def action_circuit(self) -> None:
        """Show the circuit that is up, or else the network as one."""
        from nnsim.lab.circuit_bench import of_network

        if self._training is not None:
            self._complain(_("training is running; Esc stops it"))
            return
        try:
            bench = self.lab.circuit or of_network(self.lab)
        except ValueError as problem:
            self.show(str(problem), wrong=True)
            return
        self.app.show_circuit(bench)  # type: ignore[attr-defined]

    def action_command(self, text: str = "") -> None:
        """Open the line for a command."""
        self._open_bar(text)

    def _open_bar(self, text: str, setting: str = "") -> None:
        from nnsim.tui.widgets.command_bar import CommandBar

        if self._bar is None:
            self._before_bar = self.focused
            self._bar = CommandBar(self._lines, text=text, setting=setting)
            self.mount(self._bar)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.remove()
            self._bar = None
        back = self._before_bar
        (back if back is not None and back.is_attached else self.query_one("#input")).focus()

    def on_command_bar_entered(self, message: CommandBar.Entered) -> None:
        """Run what was typed; what is refused can be mended."""
        message.stop()
        if self.execute(message.line):
            self._close_bar()

    def on_command_bar_closed(self, _message: CommandBar.Closed) -> None:
        """Go back to where the keys were."""
        self._close_bar()

    def action_leave(self) -> None:
        """Stop training first; then go Home."""
        if self._training is not None:
            self._stop_training()
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
        self._focus_on(message.selection)

    def _focus_on(self, selection: Selection, field: str = "z") -> None:
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
                address = f"{unit}.{field if layer.has_z else 'a'}"
        self.execute(f"focus {address}")

    def on_row_list_moved(self, message: RowList.Moved) -> None:
        """The cursor moved in the values or in the data."""
        if isinstance(message.rows, SampleList):
            self.execute(f"sample {message.row + 1}")
        elif isinstance(message.rows, UnitValues):
            place = message.rows.place(message.row)
            if place is None or place.field == "sum":
                return
            if place.field == "input":
                self._focus_on(Selection(-1, place.source or 0))
                return
            at = self._selection
            self._focus_on(
                Selection(at.layer, at.unit, place.source),
                place.field,
            )

    def on_training_panel_asked(self, message: TrainingPanel.Asked) -> None:
        """A key of the training panel."""
        self.execute(message.command)

    def on_panel_tabs_pressed(self, message: PanelTabs.Pressed) -> None:
        """A tab was clicked."""
        self.action_panel(message.number)

    def on_resize(self, event: events.Resize) -> None:
        """Panels that were hidden may have come into sight."""
        super().on_resize(event)
        self.call_after_refresh(self.show)
