"""The circuit screen: an expression or a network as gates, walked forward and backward."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from nnsim.circuit.gates import INPUT
from nnsim.circuit.graph import Block
from nnsim.i18n import N_, _
from nnsim.tui.screens.circuit_walk import CircuitWalkScreen
from nnsim.tui.widgets.circuit_graph import CircuitGraph
from nnsim.tui.widgets.circuit_steps import StepPanel

if TYPE_CHECKING:
    from textual.widget import Widget

FIRST_LINE = 'circuit "(x + y) * z" x=-2 y=5 z=-4'


class CircuitScreen(CircuitWalkScreen):
    """A circuit bench with its keys: they walk, choose, change values, fold and open."""

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

    # Choosing, editing, folding -----------------------------------------------------------------

    def on_circuit_graph_selected(self, message: CircuitGraph.Selected) -> None:
        """A value or gate was chosen."""
        self.stop()
        self._selected = message.node
        self.show("")

    def action_edit(self) -> None:
        """Type a new value for the chosen input."""
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
        """Scroll the explanation."""
        panel = self.query_one(StepPanel)
        panel.scroll_relative(y=by * max(1, panel.size.height - 1), animate=False, force=True)

    def action_examples(self) -> None:
        """Choose one of the circuits that ship."""
        from nnsim.tui.widgets.circuit_examples import ExamplesScreen

        self.stop()
        self.app.push_screen(ExamplesScreen(), self._take_example)

    def _take_example(self, name: str | None) -> None:
        if name is not None:
            self.execute(f"example {name}")

    # The line -----------------------------------------------------------------------------------

    def action_expression(self) -> None:
        """Type an expression; it starts from the one that is up."""
        self.open_bar(self.bench.line or FIRST_LINE)

    def open_bar(self, text: str, setting: str = "") -> None:
        """Open a line; nothing plays meanwhile."""
        self.stop()
        super().open_bar(text, setting)

    def bench_widget(self) -> Widget:
        """The picture."""
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
        """Stop playing first; then leave, to the bench this came from or Home."""
        if self.stop():
            self.show(_("stopped; Space plays on"))
        else:
            self.app.leave_circuit()  # type: ignore[attr-defined]
