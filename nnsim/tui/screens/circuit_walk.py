"""A circuit's bench on the screen: it is shown, takes commands, and is walked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual.app import ComposeResult

from nnsim.i18n import _
from nnsim.lab import Command
from nnsim.lab.circuit_bench import (
    CIRCUIT_ADDRESSES,
    CIRCUIT_COMMANDS,
    CircuitBench,
    ExpressionError,
)
from nnsim.lab.hiding import HIDDEN, NOTHING, Hidden
from nnsim.tui.playing import Playing
from nnsim.tui.screens.base import LineScreen, TooSmall
from nnsim.tui.screens.frame import KeyLine, StatusLine, TitleLine
from nnsim.tui.widgets.circuit_graph import CircuitGraph
from nnsim.tui.widgets.circuit_lines import wire_number
from nnsim.tui.widgets.circuit_steps import StepPanel
from nnsim.tui.widgets.painter import FRAME

if TYPE_CHECKING:
    from nnsim.circuit import Node


class CircuitWalkScreen(LineScreen):
    """A circuit bench: the picture above, the step in words and numbers below."""

    def __init__(self, bench: CircuitBench) -> None:
        super().__init__()
        self.bench = bench
        self._selected: int | None = None
        self._picture_is_due = False
        self._playing = Playing(self, self._play_step, rate=2.0)

    @property
    def selected(self) -> int | None:
        """The node that is chosen; None while the picture follows the walk."""
        return self._selected

    @property
    def hidden(self) -> Hidden:
        """The numbers that are hidden until they are worked out."""
        return NOTHING

    def reference(self) -> tuple[Mapping[str, Command], Mapping[str, str]]:
        """The commands and addresses of this bench."""
        return CIRCUIT_COMMANDS, CIRCUIT_ADDRESSES

    def compose(self) -> ComposeResult:
        """The title, the picture, the step, what was done, the keys."""
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
        """Show the bench."""
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
        """The node that is chosen, or the gate whose turn it is."""
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
        """Run a command of the bench."""
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
        """Play faster or slower."""
        self._playing.change(by)
        self._say_speed()
