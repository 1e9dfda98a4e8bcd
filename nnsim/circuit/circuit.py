"""A graph with values: what every gate computed, what came back to it, and the walk through them.

A graph that is evaluated again and again is compiled to one straight-line function, with a line
forward and a line back for every gate. It computes what `Graph.evaluate` computes, to the bit,
where every number is finite, without a loop, a list or a call per gate. Where Python's arithmetic
raises, it raises.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from math import isfinite

from nnsim.circuit import graph as structure
from nnsim.circuit.gates import CONSTANT, INPUT, Kind, define, substitute, trouble_in_words
from nnsim.circuit.graph import Block, CircuitError, Graph, Node
from nnsim.i18n import _

Program = Callable[[Sequence[float]], tuple[list[float], list[float]]]

# Compiling a program takes as long as some tens of walks from gate to gate, the more the larger it
# is: it waits for one walk per hundred gates. Above the limit it would be felt.
GATES_PER_WALK = 100
LARGEST_PROGRAM = 5_000


@dataclass(frozen=True)
class Step:
    """One gate, forward and backward."""

    node: Node
    inputs: tuple[float, ...]  # the values it reads
    value: float  # what it makes of them
    local: tuple[float, ...]  # ∂value/∂input, one per input
    upstream: float  # ∂output/∂value: all that came back to the gate
    gradient: tuple[float, ...]  # local × upstream, one per input: what it sends back

    @property
    def kind(self) -> Kind:
        return self.node.kind

    def as_json(self) -> dict[str, object]:
        return {
            "gate": self.kind.id,
            "inputs": list(self.inputs),
            "value": self.value,
            "local": list(self.local),
            "upstream": self.upstream,
            "gradient": list(self.gradient),
            "role": self.kind.role,
        }


@dataclass(frozen=True)
class Part:
    """A share of a gradient: what one reader of a value sends back to it."""

    reader: Node  # the gate that reads the value
    position: int  # which of its inputs the value is, from 0
    gradient: float  # local × upstream there


@dataclass(frozen=True)
class Trouble:
    """The first gate that has no finite value, or else no finite gradient."""

    node: Node  # the gate; inside a folded block, the gate inside
    inputs: tuple[float, ...]
    value: float  # inf, −inf or nan; finite where only the gradient is not

    def in_words(self) -> str:
        return _("{reason}, at the gate {gate} with {inputs}").format(
            reason=trouble_in_words(self.node.kind, self.inputs, self.node.number),
            gate=_named(self.node),
            inputs=", ".join(f"{number:g}" for number in self.inputs),
        )


class Circuit:
    """A graph that has been evaluated, forward and backward, with `leaves` for its inputs."""

    values: list[float]  # of each node
    gradients: list[float]  # ∂output/∂value; where a value is used more than once, the sum

    def __init__(self, graph: Graph, leaves: Sequence[float]) -> None:
        self.graph = graph
        self._program: Program | None = None
        self._runs = 0
        self.evaluate(leaves)

    # What it is -------------------------------------------------------------------------------
    @property
    def value(self) -> float:
        return self.values[self.graph.output]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.graph.names)

    @property
    def gates(self) -> tuple[Node, ...]:
        """The gates in the order of the forward walk; a folded block is one of them."""
        return self.graph.gates

    @property
    def inputs(self) -> dict[str, float]:
        nodes = self.graph.nodes
        return {nodes[index].name: self.values[index] for index in self.graph.inputs}

    def node(self, name: str) -> Node:
        """Return the node called `name`; if there is none, the refusal names the nearest."""
        if name not in self.graph.names:
            raise CircuitError(unknown_name(name, self.names))
        return self.graph.nodes[self.graph.names[name]]

    def value_of(self, name: str) -> float:
        return self.values[self.node(name).index]

    def gradient_of(self, name: str) -> float:
        return self.gradients[self.node(name).index]

    # Evaluating -------------------------------------------------------------------------------
    def set(self, values: Mapping[str, float]) -> None:
        """Change some inputs and evaluate again.

        Raises CircuitError when a name is not that of an input, or a value is not finite; nothing
        changes then.
        """
        inputs = self.inputs
        for name, value in values.items():
            if name not in inputs:
                raise CircuitError(unknown_name(name, tuple(inputs)))
            inputs[name] = checked(name, value)
        self.evaluate(list(inputs.values()))

    def evaluate(self, leaves: Sequence[float]) -> None:
        """Evaluate forward and backward with `leaves`, the values of all inputs in their order.

        Once it has been done a few times, the graph is compiled to a straight-line program.
        """
        size = len(self.gates)
        if self._program is None and size <= min(LARGEST_PROGRAM, self._runs * GATES_PER_WALK):
            self._program = compile_graph(self.graph)
        self._runs += 1
        if self._program is not None:
            try:
                self.values, self.gradients = self._program(leaves)
            except (ArithmeticError, ValueError):
                pass  # something is not finite: gate by gate, to see where
            else:
                return
        self.values, self.gradients = self.graph.evaluate(leaves)

    # Explaining -------------------------------------------------------------------------------
    def step(self, index: int) -> Step:
        node = self.graph.nodes[index]
        inputs = tuple(self.values[source] for source in node.inputs)
        value, upstream = self.values[index], self.gradients[index]
        local = node.kind.local_gradients(inputs, value, node.number)
        gradient = tuple(slope * upstream for slope in local)
        return Step(node, inputs, value, local, upstream, gradient)

    def steps(self) -> list[Step]:
        return [self.step(node.index) for node in self.gates]

    def parts(self, index: int) -> list[Part]:
        """Return what comes back to a node from each reader of its value; they sum to its gradient.

        In the order of the backward walk. Empty for the output, whose gradient is 1 by itself.
        """
        places = sorted(self.graph.readers[index], key=lambda place: (-place[0], place[1]))
        return [
            Part(self.graph.nodes[reader], position, self.step(reader).gradient[position])
            for reader, position in places
        ]

    def sums(self, index: int) -> bool:
        """Whether the value of a node is used more than once: its role is then ``sum``."""
        return len(self.graph.readers[index]) > 1

    @property
    def trouble(self) -> Trouble | None:
        for node in self.gates:
            if not isfinite(self.values[node.index]):
                return self._innermost(node)
        for node in reversed(self.gates):
            step = self.step(node.index)
            sent = (*step.gradient, *(self.gradients[source] for source in node.inputs))
            if isfinite(step.upstream) and not all(map(isfinite, sent)):
                return self._innermost(node)
        return None

    def _innermost(self, node: Node) -> Trouble:
        """Look into a folded gate, for the gate inside that is to blame."""
        if isinstance(node.kind, Block) and not node.kind.saturates:
            found = self.inside(node.index).trouble
            if found:
                return found
        inputs = tuple(self.values[source] for source in node.inputs)
        return Trouble(node, inputs, self.values[node.index])

    # Folding ----------------------------------------------------------------------------------
    @property
    def foldable(self) -> tuple[str, ...]:
        return structure.foldable(self.graph)

    @property
    def unfoldable(self) -> tuple[str, ...]:
        return structure.unfoldable(self.graph)

    def fold(self, *names: str) -> Circuit:
        """Return the same circuit with the blocks `names` as one gate each; see `graph.fold`."""
        return Circuit(reduce(structure.fold, names, self.graph), list(self.inputs.values()))

    def unfold(self, *names: str) -> Circuit:
        """Return the same circuit with the folded gates `names` as the gates inside them."""
        return Circuit(reduce(structure.unfold, names, self.graph), list(self.inputs.values()))

    def inside(self, index: int) -> Circuit:
        """Return what is inside a folded gate, evaluated where it stands.

        The gradients in there start from 1 at the gate's own value: those of the inputs are the
        gate's local gradients.

        Raises CircuitError when the gate is not a folded one.
        """
        node = self.graph.nodes[index]
        if not isinstance(node.kind, Block):
            message = _("the gate {gate} is not a folded one").format(gate=_named(node))
            raise CircuitError(message)
        return Circuit(node.kind.inside, [self.values[source] for source in node.inputs])


def checked(name: str, value: float) -> float:
    """Return `value` if it is finite, else refuse it."""
    if not isfinite(value):
        raise CircuitError(_("{name} must be a finite number").format(name=name))
    return float(value)


def unknown_name(name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, 3, 0.5) or names[:8]
    return _("there is no {name} here; there are: {names}").format(
        name=name, names=", ".join(near) or _("none")
    )


def _named(node: Node) -> str:
    return f"{node.kind.id} ({node.name})" if node.name else node.kind.id


class Phase(StrEnum):
    FORWARD = "forward"
    BACKWARD = "backward"


class Walk:
    """A place in the walk through a circuit of n gates: 0, nothing done, to 2n, all done.

    The first n steps are the gates in topological order; each gives its gate a value. The next n
    are the same gates in reverse; each sends gradients back to the inputs of its gate, where they
    add up.

    `values` is what is known of each node's value, None before its gate's turn; `gradients` what
    has come back to each so far, None where nothing has. The output has its gradient, 1, as soon as
    the forward steps are done.
    """

    def __init__(self, circuit: Circuit, position: int = 0) -> None:
        self.circuit = circuit
        self._order = [node.index for node in circuit.gates]
        self._trail: list[dict[int, float | None]] = []  # of each step, what it wrote over
        self.position = 0
        gates = set(self._order)
        self.values: list[float | None] = [
            None if index in gates else value for index, value in enumerate(circuit.values)
        ]
        self.gradients: list[float | None] = [None] * len(circuit.values)
        self._seed()
        self.go(position)

    @property
    def last(self) -> int:
        return 2 * len(self._order)

    @property
    def phase(self) -> Phase:
        return Phase.BACKWARD if self.position > len(self._order) else Phase.FORWARD

    @property
    def step(self) -> Step | None:
        """The last step taken; None before the first.

        Its numbers are those of the whole pass; what is known yet is in `values` and `gradients`.
        """
        return self.circuit.step(self._gate(self.position - 1)) if self.position else None

    def next(self) -> bool:
        """Take a step; return whether there was one to take."""
        if self.position == self.last:
            return False
        index = self._gate(self.position)
        backward = self.position >= len(self._order)
        self.position += 1
        if backward:
            self._send_back(self.circuit.step(index))
        else:
            self.values[index] = self.circuit.values[index]
            self._seed()
        return True

    def previous(self) -> bool:
        """Undo a step; return whether there was one to undo."""
        if self.position == 0:
            return False
        self.position -= 1
        if self.position >= len(self._order):
            for node, gradient in self._trail.pop().items():
                self.gradients[node] = gradient
        else:
            self.values[self._gate(self.position)] = None
            self.gradients[self.circuit.graph.output] = None
        return True

    def go(self, position: int) -> None:
        """Take or undo steps until `position`, or the end that is nearest to it."""
        while self.position < position and self.next():
            pass
        while self.position > position and self.previous():
            pass

    def _gate(self, position: int) -> int:
        count = len(self._order)
        return self._order[position if position < count else 2 * count - 1 - position]

    def _seed(self) -> None:
        """At the end of the forward steps, the output has the gradient 1."""
        if self.position == len(self._order):
            self.gradients[self.circuit.graph.output] = 1.0

    def _send_back(self, step: Step) -> None:
        self._trail.append({source: self.gradients[source] for source in step.node.inputs})
        for source, gradient in zip(step.node.inputs, step.gradient, strict=True):
            self.gradients[source] = (self.gradients[source] or 0.0) + gradient


def compile_graph(graph: Graph) -> Program:
    return define(source(graph), "run")


def source(graph: Graph) -> str:
    writer = _Writer()
    leaves = [f"v{index}" for index in graph.inputs]
    values = writer.forward(graph, leaves, "")
    gradients = writer.backward(graph, values, "1.0", "")
    lines = [f"{', '.join(leaves)}, = leaves"] if leaves else []
    lines += [*writer.lines, f"return [{', '.join(values)}], [{', '.join(gradients)}]"]
    return "def run(leaves):\n" + "".join(f"    {line}\n" for line in lines)


class _Writer:
    """Collects the lines; `prefix` keeps the variables of a block apart from those around it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._inside: dict[str, list[str]] = {}  # of each block, the names of its values

    def forward(self, graph: Graph, leaves: Sequence[str], prefix: str) -> list[str]:
        """Write the forward pass; return the text by which each node's value can be read."""
        values: list[str] = []
        remaining = iter(leaves)
        for node in graph.nodes:
            if node.kind is INPUT:
                values.append(next(remaining))
            elif node.kind is CONSTANT:
                values.append(f"({node.number!r})")
            else:
                values.append(f"v{prefix}{node.index}")
                formula = self._formula(node, values, prefix)
                self.lines.append(f"{values[-1]} = {formula}")
        return values

    def _formula(self, node: Node, values: list[str], prefix: str) -> str:
        if not isinstance(node.kind, Block):
            return substitute(node.kind.formula, _operands(node, values))
        inner = f"{prefix}{node.index}_"
        arguments = [values[source] for source in node.inputs]
        self._inside[inner] = self.forward(node.kind.inside, arguments, inner)
        return self._inside[inner][node.kind.inside.output]

    def backward(self, graph: Graph, values: list[str], seed: str, prefix: str) -> list[str]:
        """Write the backward pass; return the text by which each node's gradient can be read."""
        gradients = [""] * len(graph.nodes)
        gradients[graph.output] = seed
        for node in reversed(graph.gates):
            upstream = gradients[node.index]
            if not upstream:  # the output does not depend on it
                continue
            for source, slope in zip(node.inputs, self._local(node, values, prefix), strict=True):
                term = _product(slope, upstream)
                name = f"g{prefix}{source}"
                self.lines.append(f"{name} {'+=' if gradients[source] else '='} {term}")
                gradients[source] = name
        return [gradient or "0.0" for gradient in gradients]

    def _local(self, node: Node, values: list[str], prefix: str) -> list[str]:
        if not isinstance(node.kind, Block):
            operands = _operands(node, values)
            return [substitute(formula, operands) for formula in node.kind.local]
        inner = f"{prefix}{node.index}_"
        gradients = self.backward(node.kind.inside, self._inside[inner], "1.0", inner)
        return [gradients[index] for index in node.kind.inside.inputs]


def _operands(node: Node, values: list[str]) -> dict[str, str]:
    return {
        "a": values[node.inputs[0]],
        "b": values[node.inputs[-1]],
        "f": values[node.index],
        "k": f"({node.number!r})",
    }


def _product(slope: str, upstream: str) -> str:
    """Return slope × upstream, without the factors of 1."""
    if slope in ("1.0", "-1.0"):
        return slope.replace("1.0", upstream)
    return slope if upstream == "1.0" else f"({slope}) * {upstream}"
