"""The circuit screen: an expression or a network as gates, walked forward and backward."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import ModalScreen

from nnsim.circuit.expression import examples
from nnsim.circuit.gates import INPUT
from nnsim.circuit.graph import Block
from nnsim.i18n import N_, _
from nnsim.lab import Command
from nnsim.lab.circuit_bench import (
    CIRCUIT_ADDRESSES,
    CIRCUIT_COMMANDS,
    CircuitBench,
    ExpressionError,
)
from nnsim.lab.hiding import HIDDEN, NOTHING, Hidden
from nnsim.tui.draw.lines import Row, Table
from nnsim.tui.draw.text import left
from nnsim.tui.panels.circuit import CircuitGraph, wire_number
from nnsim.tui.panels.circuit.steps import StepPanel
from nnsim.tui.playing import Playing
from nnsim.tui.screens.base import FRAME, LineScreen, TooSmall
from nnsim.tui.screens.frame import KeyLine, StatusLine, TitleLine

if TYPE_CHECKING:
    from textual.widget import Widget

    from nnsim.circuit import Node

FIRST_LINE = 'circuit "(x + y) * z" x=-2 y=5 z=-4'


class CircuitScreen(LineScreen):
    """A circuit bench: the picture above, the step in words and numbers below.

    Its keys walk, choose, change values, fold and open.
    """

    CSS_PATH = "circuit.tcss"
    AUTO_FOCUS = "CircuitGraph"
    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [  # noqa: RUF012 (as in Screen)
        (0, "-low"),
        (24, "-middle"),
        (34, "-tall"),
    ]
    BINDING_GROUP_TITLE = N_("Circuit")
    HELP = N_(
        "Each step of the walk is a gate: forward it computes its value, backward it sends "
        "gradients (upstream × local) to its inputs. Type an expression of your own with `i`."
    )
    _WALK = Binding.Group(N_("Step"), compact=True)
    _FOLD = Binding.Group(N_("Fold, open"), compact=True)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "execute('previous')", N_("Back"), id="circuit.previous", group=_WALK,
                tooltip=N_("The step before")),
        Binding("right,l", "execute('next')", N_("Next"), id="circuit.next", group=_WALK,
                tooltip=N_("The next step")),
        Binding("space", "play", N_("Play"), id="circuit.play",
                tooltip=N_("Walk on by itself, or stop")),
        Binding("e", "edit", N_("Edit"), id="circuit.edit",
                tooltip=N_("Type a new value for the chosen input")),
        Binding("i", "expression", N_("Expression"), id="circuit.expression",
                tooltip=N_("Type an expression, with the values of its names")),
        Binding("o", "examples", N_("Examples"), id="circuit.examples",
                tooltip=N_("The circuits that ship")),
        Binding("z", "fold", N_("Fold"), id="circuit.fold", group=_FOLD,
                tooltip=N_("Make the part that the chosen gate belongs to one gate")),
        Binding("x", "unfold", N_("Open"), id="circuit.unfold", group=_FOLD,
                tooltip=N_("Open the chosen folded gate")),
        Binding("Z", "execute('fold')", N_("Fold all"), id="circuit.fold_all", show=False,
                tooltip=N_("Fold all that can be")),
        Binding("X", "execute('unfold')", N_("Open all"), id="circuit.unfold_all", show=False,
                tooltip=N_("Open all that is folded")),
        Binding("u", "execute('undo')", N_("Undo"), id="circuit.undo",
                tooltip=N_("Take back the last change")),
        Binding("U", "execute('redo')", N_("Redo"), id="circuit.redo", show=False,
                tooltip=N_("Do again what was undone")),
        Binding("home", "execute('first')", N_("Start"), id="circuit.first", show=False,
                tooltip=N_("To where only the inputs are known")),
        Binding("end", "execute('last')", N_("End"), id="circuit.last", show=False,
                tooltip=N_("To where everything is known")),
        Binding("f", "execute('forward')", N_("Forward"), id="circuit.forward", show=False,
                tooltip=N_("To the start of the forward walk")),
        Binding("b", "execute('backward')", N_("Backward"), id="circuit.backward", show=False,
                tooltip=N_("To the start of the backward walk")),
        Binding("plus,equals_sign", "speed(1)", N_("Faster"), id="circuit.faster", show=False,
                tooltip=N_("Play faster")),
        Binding("minus", "speed(-1)", N_("Slower"), id="circuit.slower", show=False,
                tooltip=N_("Play slower")),
        Binding("left_square_bracket", "roll(-1)", N_("Text up"), id="circuit.text_up",
                show=False, tooltip=N_("Scroll the explanation up")),
        Binding("right_square_bracket", "roll(1)", N_("Text down"), id="circuit.text_down",
                show=False, tooltip=N_("Scroll the explanation down")),
        Binding("colon", "command", N_("Command"), id="circuit.command",
                tooltip=N_("Type a command")),
        Binding("escape", "leave", N_("Back"), id="circuit.leave",
                tooltip=N_("Stop playing, or leave; the circuit stays as it is")),
    ]  # fmt: skip

    def __init__(self, bench: CircuitBench) -> None:
        super().__init__()
        self.bench = bench
        self._selected: int | None = None
        self._picture_is_due = False
        self._playing = Playing(self, self._play_step, rate=2.0)

    @property
    def selected(self) -> int | None:
        return self._selected

    @property
    def hidden(self) -> Hidden:
        return NOTHING

    def reference(self) -> tuple[Mapping[str, Command], Mapping[str, str]]:
        return CIRCUIT_COMMANDS, CIRCUIT_ADDRESSES

    def compose(self) -> ComposeResult:
        yield TitleLine(id="title")
        graph = CircuitGraph(id="graph")
        graph.add_class("panel")
        graph.border_subtitle = _("over a wire its value · under it its gradient")
        yield graph
        step = StepPanel(id="step")
        step.add_class("panel")
        yield step
        yield StatusLine(id="status")
        yield KeyLine()
        yield TooSmall()

    def on_mount(self) -> None:
        self.show(_("→ takes a step; i types an expression; ? explains every key"))

    def show_bench(self, bench: CircuitBench) -> None:
        """Show another bench, with nothing chosen on it."""
        self.stop()
        self.bench, self._selected = bench, None
        self.show("")

    # Showing ------------------------------------------------------------------------------------
    def show(self, message: str | None = None, *, wrong: bool = False) -> None:
        """Bring the screen in line with the bench; only what changed is drawn again.

        The step comes first, in a frame of its own; the picture follows in the next.
        """
        bench = self.bench
        if not self._picture_is_due:
            self._picture_is_due = True
            self.set_timer(FRAME, self._show_picture)
        self.query_one(StepPanel).show(bench, self._selected, self.hidden)
        output = bench.circuit.graph.output
        known = bench.walk.values[output]
        if known is not None and self.hidden.covers(bench.circuit.graph.nodes[output].name):
            known = HIDDEN
        value = "" if known is None else _("value {value}").format(value=wire_number(known))
        shown = _(bench.title)
        self.query_one(TitleLine).show(
            (f"nnsim · {_('circuit')} · {shown}", f"nnsim · {shown}", shown), value
        )
        if message is not None:
            self.query_one(StatusLine).say(message, "", wrong=wrong)

    def _show_picture(self) -> None:
        self._picture_is_due = False
        bench, graph = self.bench, self.query_one(CircuitGraph)
        graph.show(bench, self._selected, self.hidden)
        if graph.border_title != (title := bench.expression or _("a network as gates")):
            graph.border_title = title.replace("[", r"\[")

    def _at(self) -> Node | None:
        nodes = self.bench.circuit.graph.nodes
        if self._selected is not None:
            return nodes[self._selected]
        step = self.bench.walk.step
        return None if step is None else step.node

    # Commands -----------------------------------------------------------------------------------
    def execute(self, line: str, *, merge: bool = False) -> bool:
        """Run a command of the bench and show what came of it; say whether it was done."""
        graph = self.bench.circuit.graph
        position = self.bench.walk.position
        try:
            message = self.bench.run(line, merge=merge)
        except ValueError as problem:
            self._refuse(problem)
            return False
        if self.bench.circuit.graph is not graph or self.bench.walk.position != position:
            self._selected = None  # from here on, the picture follows the walk
        walked = self.bench.commands[line.split()[0]].group == "walk"
        self.show("" if walked else message)  # the panel says which step it is
        return True

    def _refuse(self, problem: ValueError) -> None:
        """Say why something was refused, and where in the line that was typed."""
        text = str(problem)
        if isinstance(problem, ExpressionError) and self.bar is not None:
            pointer = problem.pointer(max(20, self.size.width - 4))
            text = f"{text}\n{pointer}" if pointer else text
            self.bar.point_at(problem.expression, problem.position)
        self.complain(text)

    def action_execute(self, line: str) -> None:
        self.stop()
        self.execute(line)

    # Playing ------------------------------------------------------------------------------------
    def action_play(self) -> None:
        """Walk on by itself, from the start if the walk is at its end; or stop."""
        if self.stop():
            self.show(_("stopped; Space plays on"))
            return
        if self.bench.walk.position == self.bench.walk.last:
            self.execute("first")
        self._playing.start()
        self._say_speed()

    def _say_speed(self) -> None:
        speed = _("{steps:g} steps a second; + and − change it, Space stops")
        self.query_one(StatusLine).say(speed.format(steps=self._playing.rate), "")

    def _play_step(self) -> None:
        if self._bar is not None:
            return
        self.execute("next")
        if self.bench.walk.position == self.bench.walk.last:
            self.stop()
        else:
            self._say_speed()

    def stop(self) -> bool:
        """Stop playing; say whether it did play."""
        return self._playing.stop()

    def action_speed(self, by: int) -> None:
        self._playing.change(by)
        self._say_speed()

    # Choosing, editing, folding -----------------------------------------------------------------
    def on_circuit_graph_selected(self, message: CircuitGraph.Selected) -> None:
        self.stop()
        self._selected = message.node
        self.show("")

    def action_edit(self) -> None:
        node = self._at() if self._selected is not None else None
        if node is None or node.kind is not INPUT:
            self.show(_("choose an input first, with Tab; a gate's value is a result"), wrong=True)
            return
        value = self.bench.circuit.values[node.index]
        self.open_bar(f"{value:.10g}", setting=node.name)

    def action_fold(self) -> None:
        """Fold the part that the chosen gate (or the walk's) belongs to."""
        names = self.bench.circuit.foldable
        node = self._at()
        wanted = [] if node is None else [node.name, node.block]
        found = [name for name in wanted if name and name in names]
        if not found and (len(names) == 1 or "sigmoid" in names):
            found = [names[0]]
        if found:
            if self.execute(f"fold {found[0]}"):
                self._selected = self.bench.circuit.graph.names.get(found[0])
                self.show()
        elif names:
            listed = ", ".join(names)
            self.show(
                _("choose a gate of the part to fold (↑ ↓); possible are {names}").format(
                    names=listed
                ),
                wrong=True,
            )
        else:
            self.execute("fold")  # refused, with the reason

    def action_unfold(self) -> None:
        """Open the chosen gate (or the walk's), if it is a folded one."""
        names = self.bench.circuit.unfoldable
        node = self._at()
        if node is not None and isinstance(node.kind, Block):
            self.execute(f"unfold {node.name or node.kind.id}")
        elif len(names) == 1:
            self.execute(f"unfold {names[0]}")
        elif names:
            self.show(
                _("choose a folded gate, a double box (↑ ↓); there are {names}").format(
                    names=", ".join(names)
                ),
                wrong=True,
            )
        else:
            self.execute("unfold")  # refused, with the reason

    def action_roll(self, by: int) -> None:
        panel = self.query_one(StepPanel)
        panel.scroll_relative(y=by * max(1, panel.size.height - 1), animate=False, force=True)

    def action_examples(self) -> None:
        self.stop()
        self.app.push_screen(ExamplesScreen(), self._take_example)

    def _take_example(self, name: str | None) -> None:
        if name is not None:
            self.execute(f"example {name}")

    # The line -----------------------------------------------------------------------------------
    def action_expression(self) -> None:
        self.open_bar(self.bench.line or FIRST_LINE)

    def open_bar(self, text: str, setting: str = "") -> None:
        self.stop()
        super().open_bar(text, setting)

    def bench_widget(self) -> Widget:
        return self.query_one(CircuitGraph)

    def entered(self, line: str) -> bool:
        """Run a line; a value that was set stays chosen."""
        selected = self._selected
        done = self.execute(line)
        if done and line.startswith("set "):
            self._selected = selected
            self.show()
        return done

    def action_leave(self) -> None:
        if self.stop():
            self.show(_("stopped; Space plays on"))
        else:
            self.app.leave_circuit()  # type: ignore[attr-defined]


class ExampleList(Table):
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
        return len(self.entries)

    def row(self, index: int) -> Row:
        entry = self.entries[index]
        mark = "▶" if index == self.cursor else " "
        return [
            (f" {mark} {left(_(entry.title), self._width)}  ", "strong"),
            (entry.expression, "dim"),
        ]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        return self.row_count()

    def action_take(self) -> None:
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
        panel = ExampleList()
        panel.border_title = _("Examples")
        panel.border_subtitle = _("Enter takes one · Esc closes")
        yield panel

    def on_table_chosen(self, message: Table.Chosen) -> None:
        message.stop()
        self.dismiss(self.query_one(ExampleList).entries[message.row].id)
