"""The step of a circuit's walk in words and numbers, or what there is to say of a chosen value."""

from __future__ import annotations

from collections.abc import Sequence

from nnsim.circuit import Circuit, Node, Phase, Step, Walk
from nnsim.circuit.gates import CONSTANT, INPUT, kind_in_words
from nnsim.circuit.graph import Block, local_formula, value_formula
from nnsim.i18n import _
from nnsim.lab.circuit_bench import CircuitBench
from nnsim.lab.hiding import MARK, NOTHING, Hidden, hidden_in_circuit
from nnsim.tui.draw.lines import Row, Table
from nnsim.tui.draw.text import width_of, wrap_cells
from nnsim.tui.panels.circuit import blamed

MOST_OPERANDS = 6  # of a folded gate, before its formula only counts them
NO_NODES: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())
MOST_PARTS = 6  # of a sum of gradients that is written out


def written(value: float) -> str:
    from nnsim.lab.explain.arithmetic import written as write

    return write(value)


def equals(value: float) -> str:
    """``= 3``, or ``≈ 0.333333`` where digits were dropped."""
    from math import isfinite

    from nnsim.lab.explain.arithmetic import as_fraction

    rounded = isfinite(value) and as_fraction(value) is None
    return f"{'≈' if rounded else '='} {written(value)}"


class StepText:
    """Writes the rows of the panel.

    Parameters
    ----------
    selected : int or None
        A node to tell about instead of the walk's step.
    width : int
        Cells of a row.
    hidden : frozenset of str
        Addresses of numbers that are not told.
    """

    def __init__(
        self, bench: CircuitBench, selected: int | None, width: int, hidden: Hidden = NOTHING
    ) -> None:
        self.bench, self.selected, self.width = bench, selected, max(20, width)
        self._hidden = hidden_in_circuit(bench.circuit, hidden) if hidden else NO_NODES
        self.circuit: Circuit = bench.circuit
        self.walk: Walk = bench.walk
        self._numbers = {node.index: i for i, node in enumerate(self.circuit.gates, 1)}

    def rows(self) -> list[Row]:
        if self.selected is not None:
            return self._chosen(self.circuit.graph.nodes[self.selected])
        step = self.walk.step
        if step is None:
            return self._start()
        if self.walk.phase is Phase.FORWARD:
            return [self._head(step.node), *self._forward(step), *self._turn()]
        return self._backward(step)

    def title(self) -> str:
        """Which step it is, and which way the walk goes."""
        if self.selected is not None:
            return _("chosen: {name}").format(name=self.name(self.selected))
        walk = self.walk
        if walk.position == 0:
            return _("before the first of {steps} steps").format(steps=walk.last)
        way = _("forward") if walk.phase is Phase.FORWARD else _("backward")
        return _("step {step} of {steps} · {way}").format(
            step=walk.position, steps=walk.last, way=way
        )

    def name(self, index: int) -> str:
        """What a node is called: its name, its number if it stays, or its place in the walk."""
        node = self.circuit.graph.nodes[index]
        return node.name or (f"#{self._numbers[index]}" if node.kind.is_gate else node.label())

    # Pieces -------------------------------------------------------------------------------------
    def _wrapped(self, text: str, look: str = "") -> list[Row]:
        return [[(f" {line}", look)] for line in wrap_cells(text, self.width - 2)]

    # Numbers, as far as they are told -----------------------------------------------------------
    def _is_hidden(self, index: int, what: str = "") -> bool:
        """Whether the value of a node is hidden, or with ``.grad`` its gradient."""
        return index in self._hidden[1 if what else 0]

    def _value(self, index: int, value: float) -> str:
        return MARK if self._is_hidden(index) else written(value)

    def _equals(self, index: int, value: float, what: str = "") -> str:
        return f"= {MARK}" if self._is_hidden(index, what) else equals(value)

    def _head(self, node: Node, more: str = "") -> Row:
        name = self.name(node.index)
        kind = _("folded gate") if isinstance(node.kind, Block) else _(node.kind.id)
        symbol = node.label()
        what = kind if symbol in (node.kind.id, name) else f"{symbol} {kind}"
        return [(f" {name}", "strong"), (f"  {what}{more}", "dim")]

    def _start(self) -> list[Row]:
        rows = self._wrapped(_(self.bench.note)) if self.bench.note else []
        if self.circuit.trouble:
            rows += self._wrapped(f"! {self.circuit.trouble.in_words()}", "wrong")
        rows += self._wrapped(
            _("Only the inputs are known. → takes a step: a gate computes its value. End does all.")
        )
        return rows

    def _turn(self) -> list[Row]:
        """At the end of the forward steps: where the backward walk begins."""
        if self.walk.position * 2 != self.walk.last:
            return []
        return self._wrapped(
            _("That is the circuit's value. Its gradient by itself is 1; → takes it back.")
        )

    def _forward(self, step: Step) -> list[Row]:
        rows: list[Row] = []
        node = step.node
        if isinstance(node.kind, Block) and len(node.inputs) > MOST_OPERANDS:
            inside = len(node.kind.inside.gates)
            count = _("{gates} gates folded into one read {inputs} values; x opens it").format(
                gates=inside, inputs=len(node.inputs)
            )
            rows += self._wrapped(count)
            rows += self._formula(self.name(node.index), self._equals(node.index, step.value))
        else:
            formula = value_formula(node, [self.name(source) for source in node.inputs])
            inputs = zip(node.inputs, step.inputs, strict=True)
            worked = value_formula(node, [self._value(source, value) for source, value in inputs])
            result = self._equals(node.index, step.value)
            rows += self._formula(formula, f"= {worked} {result}")
        return rows + self._trouble(node)

    def _formula(self, formula: str, worked: str) -> list[Row]:
        if width_of(formula) + width_of(worked) + 3 <= self.width:
            return [[(f" {formula} ", ""), (worked, "strong")]]
        return [*self._wrapped(formula), *self._wrapped(worked, "strong")]

    def _trouble(self, node: Node) -> list[Row]:
        if blamed(self.circuit) != node.index or not self.circuit.trouble:
            return []
        return self._wrapped(f"! {self.circuit.trouble.in_words()}", "wrong")

    # Backward -----------------------------------------------------------------------------------
    def _backward(self, step: Step) -> list[Row]:
        node = step.node
        upstream = _("upstream, ∂ value / ∂ {name}").format(name=self.name(node.index))
        rows = [self._head(node)]
        rows += self._wrapped(kind_in_words(node.kind))
        known = self._equals(node.index, step.upstream, ".grad")
        rows.append([(f" {upstream} ", ""), (known, "back")])
        rows += self._table(step)
        rows += self._trouble(node)
        sources = dict.fromkeys(node.inputs)
        for source in sources if len(sources) <= MOST_OPERANDS else ():
            rows += self._sum(source)
        return rows

    def _table(self, step: Step) -> list[Row]:
        """For each input of the gate: local × upstream = gradient."""
        node = step.node
        names = [self.name(source) for source in node.inputs]
        come = self._come_back(step)
        numbers = [written(slope) for slope in step.local]
        told = []
        for i, (number, slope) in enumerate(zip(numbers, step.local, strict=True)):
            formula = local_formula(node, i, names, self.name(node.index)).replace("-", "−")
            told.append(number if formula == number else f"{formula} {equals(slope)}")
        rows = _aligned(names, told, come)
        if max(sum(width_of(piece[0]) for piece in row) for row in rows) <= self.width:
            return rows
        rows = _aligned(names, numbers, come)  # and the formulas under the table
        for text in told:
            if text not in numbers:
                rows += self._wrapped(_("local {formula}").format(formula=text))
        return rows

    def _come_back(self, step: Step) -> list[tuple[str, str, str]]:
        """For each input of a gate the upstream gradient, and sign and number of the product."""
        node = step.node
        upstream = MARK if self._is_hidden(node.index, ".grad") else written(step.upstream)
        rows = []
        for source, gradient in zip(node.inputs, step.gradient, strict=True):
            whole = not self.circuit.sums(source)  # else it is only a part of what is asked
            told = self._equals(source, gradient, ".grad") if whole else equals(gradient)
            sign, _space, number = told.partition(" ")
            rows.append((upstream, sign, number))
        return rows

    def _sum(self, source: int) -> list[Row]:
        """What has come back so far to a value that is used more than once."""
        circuit, so_far = self.circuit, self.walk.gradients[source]
        node = circuit.graph.nodes[source]
        if not circuit.sums(source) or node.kind is CONSTANT or so_far is None:
            return []
        parts = circuit.parts(source)
        done = self._done()
        come = [part.gradient for part in parts if part.reader.index in done]
        text = _("{name} is used {times} times; what comes back is summed: {sum}").format(
            name=self.name(source), times=len(parts), sum=self._added(source, come, so_far)
        )
        if len(come) < len(parts):
            text += _(" so far")
        return self._wrapped(text)

    def _added(self, source: int, parts: list[float], total: float) -> str:
        told = self._equals(source, total, ".grad")
        if len(parts) < 2 or len(parts) > MOST_PARTS:
            return told.partition(" ")[2]
        terms = [written(part) for part in parts]
        shown = [terms[0], *(f"({t})" if t.startswith("−") else t for t in terms[1:])]
        return f"{' + '.join(shown)} {told}"

    def _done(self) -> set[int]:
        """The gates that the backward walk has been through."""
        gates = self.circuit.gates
        taken = max(0, self.walk.position - len(gates))
        return {node.index for node in gates[len(gates) - taken :]}

    # What is chosen -----------------------------------------------------------------------------
    def _chosen(self, node: Node) -> list[Row]:
        index = node.index
        value, gradient = self.walk.values[index], self.walk.gradients[index]
        if node.kind is INPUT:
            rows: list[Row] = [[(f" {node.name}", "strong"), (_("  input; e sets it"), "dim")]]
            rows += self._formula(_("value"), self._equals(index, self.circuit.values[index]))
        else:
            rows = [self._head(node)]
            if value is None:
                return rows + self._wrapped(_("The forward walk has not come here yet."))
            rows += self._forward(self.circuit.step(index))
        if gradient is None:
            return rows + self._wrapped(_("The backward walk has not come here yet."))
        text = _("gradient, ∂ value / ∂ {name}").format(name=self.name(index))
        rows.append([(f" {text} ", ""), (self._equals(index, gradient, ".grad"), "back")])
        rows += self._sum(index)
        told = not self._is_hidden(index, ".grad")
        if node.kind is INPUT and told and self.walk.position == self.walk.last:
            rows += self._wrapped(
                _("if {name} grows by 0.001, the circuit's value changes by about {change}").format(
                    name=node.name, change=written(0.001 * gradient)
                )
            )
        return rows


def _aligned(names: list[str], local: list[str], come: list[tuple[str, str, str]]) -> list[Row]:
    """The rows of the table, their columns as wide as they need."""
    cells = [(_("back to"), _("local"), "×", _("upstream"), "", _("gradient"))]
    for name, slope, (upstream, sign, number) in zip(names, local, come, strict=True):
        cells.append((name, slope, "×", upstream, sign, number))
    widths = [max(width_of(row[i]) for row in cells) for i in range(6)]
    rows: list[Row] = []
    for place, row in enumerate(cells):
        texts = [cell + " " * (w - width_of(cell)) for cell, w in zip(row, widths, strict=True)]
        look = "" if place else "header"
        rows.append([(f" {' '.join(texts[:5])} ", look), (texts[5], look or "back")])
    return rows


class StepPanel(Table, can_focus=False):
    """Shows those rows; scrolls where they are more than fit."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._shows: tuple[CircuitBench, int | None, Hidden] | None = None
        self._said: list[Row] = []
        self._title = ""

    def show(self, bench: CircuitBench, selected: int | None, hidden: Hidden = NOTHING) -> None:
        self._shows = bench, selected, hidden
        self.update()
        if self.scroll_offset.y:
            self.scroll_to(0, 0, animate=False, force=True)

    def _say(self) -> None:
        if self._shows is not None:
            bench, selected, hidden = self._shows
            text = StepText(bench, selected, self.line_width, hidden)
            self._said, self._title = text.rows(), text.title()

    def update(self) -> None:
        self._say()
        super().update()

    def rows(self, width: int, height: int) -> Sequence[Row]:
        self._say()
        return super().rows(width, height)

    def header(self) -> str:
        return f" {self._title}" if self._said else ""

    def row_count(self) -> int:
        """As many as there is to say, and empty ones up to the bottom.

        (Whenever a list's length changes, Textual lays the whole screen out anew.)
        """
        return max(len(self._said), self.area.height - self._top)

    def row(self, index: int) -> Row:
        return self._said[index] if index < len(self._said) else []
