"""The structure of a circuit: nodes in topological order, each naming the nodes it reads.

Several gates can be folded into one: a named sub-expression, or four gates that are the sigmoid.
Nothing is claimed about the derivative of a folded gate: it is the chain rule through what is
inside. For the sigmoid, with r = 1/s, s = 1 + e, e = exp(n), n = −z:

    ∂r/∂z = (−r/s) · 1 · e · (−1) = r²·e = r²·(1/r − 1) = r·(1 − r)
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import isfinite

from nnsim.circuit.gates import (
    ADD,
    CONSTANT,
    EXP,
    INPUT,
    NEGATE,
    POWER,
    RECIPROCAL,
    SCALE,
    Kind,
    substitute,
)  # fmt: skip
from nnsim.i18n import _

# A negative number that has brackets, bars or commas around it already: exp((−1)).
_ALONE = re.compile(r"([(|]|, )\(([-−][^()]*)\)(?=[)|,])")
_SIGNS = {" * ": "·", "-": "−", ">=": "≥", "<=": "≤", "sqrt(": "√("}


class CircuitError(ValueError):
    """A circuit that cannot be built or evaluated."""

    def __init__(self, message: str, position: int | None = None, expression: str = "") -> None:
        super().__init__(message)
        self.position = position  # the character of `expression` to blame, counted from 0
        self.expression = expression  # the text it was found in; empty where there is none

    def pointer(self, width: int = 72) -> str:
        """Return two lines: the expression around the place, at most `width` columns, and a caret.

        Empty where there is no place to point at.
        """
        if self.position is None or not self.expression:
            return ""
        start = max(0, self.position - width // 2)
        excerpt = [_printable(char) for char in self.expression[start : start + width]]
        before = sum(map(_columns, excerpt[: self.position - start]))
        return f"{_fit(excerpt, width)}\n{' ' * before}^"


def _printable(char: str) -> str:
    return char if char.isprintable() else " " if char.isspace() else "\N{REPLACEMENT CHARACTER}"


def _columns(char: str) -> int:
    """How many terminal columns a character takes."""
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _fit(chars: list[str], width: int) -> str:
    text, used = "", 0
    for char in chars:
        used += _columns(char)
        if used > width:
            break
        text += char
    return text


@dataclass(frozen=True)
class Node:
    """An input, a constant or a gate."""

    index: int  # its position in `Graph.nodes`
    kind: Kind
    inputs: tuple[int, ...] = ()  # the nodes it reads; each comes before it
    name: str = ""  # what the learner or the network calls its value; empty where it has no name
    number: float = 0.0  # the value of a constant, the exponent of a power
    block: str = ""  # the named sub-expression it was written in; empty outside of any

    def label(self, *, ascii_only: bool = False) -> str:
        if self.kind is INPUT:
            return self.name
        if self.kind is CONSTANT:
            return f"{self.number:g}"
        symbol = self.kind.ascii if ascii_only else self.kind.symbol
        return f"{symbol}{self.number:g}" if self.kind is POWER else symbol


def value_formula(node: Node, operands: Sequence[str]) -> str:
    """Return what a gate computes, with `operands` (names, or numbers) for its inputs: ``w·x``."""
    kind = node.kind
    if not (kind.formula or kind.written):
        return f"{kind.id}({', '.join(operands)})"
    return _filled(kind.written or _in_notation(kind.formula), node, operands, "")


def local_formula(node: Node, position: int, operands: Sequence[str], value: str) -> str:
    """Return a gate's derivative by the input at `position`, with `value` for its own value.

    That of a folded part has no short form: it is ``∂s/∂w``.
    """
    kind = node.kind
    if not kind.local:
        return f"∂{kind.id}/∂{operands[position]}"
    if kind is POWER:
        lower = replace(node, number=node.number - 1)
        power = value_formula(lower, operands) if lower.number != 1 else operands[0]
        return f"{_in_brackets(f'{node.number:g}')}·{_in_brackets(power)}"
    return _filled(_in_notation(kind.local[position]), node, operands, value)


def _in_notation(formula: str) -> str:
    text = re.sub(r"\b(\d+)\.0\b", r"\1", formula)
    for sign, instead in _SIGNS.items():
        text = text.replace(sign, instead)
    return text


def _filled(formula: str, node: Node, operands: Sequence[str], value: str) -> str:
    if formula in ("a", "b", "f"):
        return {"a": operands[0], "b": operands[-1], "f": value}[formula]
    text = substitute(
        formula,
        {
            "a": _in_brackets(operands[0]),
            "b": _in_brackets(operands[-1]),
            "f": _in_brackets(value),
            "k": _in_brackets(f"{node.number:g}"),
        },
    )
    return _ALONE.sub(r"\1\2", text)


def _in_brackets(operand: str) -> str:
    """Put a negative number into brackets: 2·(−3)."""
    return f"({operand})" if operand.startswith(("-", "−")) else operand


@dataclass(frozen=True)
class Graph:
    """Nodes in topological order, and the one whose value is the circuit's."""

    nodes: tuple[Node, ...]
    output: int  # the node that the gradients are of
    # every named value: inputs first, in the order in which they appear
    names: dict[str, int] = field(hash=False)

    @cached_property
    def inputs(self) -> tuple[int, ...]:
        return tuple(node.index for node in self.nodes if node.kind is INPUT)

    @cached_property
    def gates(self) -> tuple[Node, ...]:
        return tuple(node for node in self.nodes if node.kind.is_gate)

    @cached_property
    def readers(self) -> tuple[tuple[tuple[int, int], ...], ...]:
        """For each node, the places it is read: pairs of node and position among its inputs."""
        found: list[list[tuple[int, int]]] = [[] for _ in self.nodes]
        for node in self.nodes:
            for position, source in enumerate(node.inputs):
                found[source].append((node.index, position))
        return tuple(map(tuple, found))

    def evaluate(self, leaves: Sequence[float]) -> tuple[list[float], list[float]]:
        """Return the value of every node and the gradient of the output by it.

        One gate at a time, from the values of `inputs` in their order, and by IEEE 754: what cannot
        be computed becomes inf or nan.
        """
        values = [node.number for node in self.nodes]
        for index, leaf in zip(self.inputs, leaves, strict=True):
            values[index] = leaf
        for node in self.gates:
            arguments = tuple([values[source] for source in node.inputs])
            values[node.index] = node.kind.evaluate(arguments, node.number)

        gradients = [0.0] * len(self.nodes)
        gradients[self.output] = 1.0
        for node in reversed(self.gates):
            arguments = tuple([values[source] for source in node.inputs])
            local = node.kind.local_gradients(arguments, values[node.index], node.number)
            upstream = gradients[node.index]
            for source, slope in zip(node.inputs, local, strict=True):
                gradients[source] += slope * upstream
        return values, gradients


@dataclass(frozen=True, eq=False)
class Block(Kind):
    """Several gates folded into one: its local gradients are the chain rule through its inside.

    A `local` formula is only read by people.
    """

    # the gates; its inputs are the inputs of the block, in order
    inside: Graph = field(kw_only=True)
    # whether the value is right, and flat, where a gate inside overflows: σ(−800) is 0, though
    # exp(800) is more than a float can hold
    saturates: bool = field(kw_only=True, default=False)

    @property
    def is_gate(self) -> bool:
        return True

    def evaluate(self, inputs: tuple[float, ...], number: float = 0.0) -> float:  # noqa: ARG002
        return self.inside.evaluate(inputs)[0][self.inside.output]

    def local_gradients(
        self,
        inputs: tuple[float, ...],
        value: float,  # noqa: ARG002
        number: float = 0.0,  # noqa: ARG002
    ) -> tuple[float, ...]:
        values, gradients = self.inside.evaluate(inputs)
        flat = isfinite(values[self.inside.output]) and not all(map(isfinite, values))
        if self.saturates and flat:
            return (0.0,) * len(inputs)
        return tuple(gradients[index] for index in self.inside.inputs)


class Builder:
    """Puts a graph together, node by node, every node after those it reads."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.names: dict[str, int] = {}
        self._block = ""

    def input(self, name: str) -> int:
        return self._add(INPUT, (), name, 0.0)

    def constant(self, number: float) -> int:
        return self._add(CONSTANT, (), "", number)

    def gate(self, kind: Kind, *inputs: int, name: str = "", number: float = 0.0) -> int:
        return self._add(kind, inputs, name, number)

    def name(self, index: int, name: str) -> None:
        """Call the value of a node `name` (too, if it has a name)."""
        self.names[name] = index
        if not self.nodes[index].name:
            self.nodes[index] = replace(self.nodes[index], name=name)

    @contextmanager
    def block(self, name: str) -> Iterator[None]:
        """Let the gates added meanwhile belong to the block `name`."""
        outer, self._block = self._block, name
        yield
        self._block = outer

    def copy(self, node: Node, inputs: tuple[int, ...], block: str) -> int:
        """Add a node like `node` that reads `inputs`."""
        self._block = block
        return self._add(node.kind, inputs, node.name, node.number)

    def insert(self, inside: Graph, *inputs: int, block: str | None = None) -> int:
        """Add the gates of another graph, on `inputs`; return the one with its value.

        Those that are in no block of their own go into `block`, or that of the moment.
        """
        around = self._block
        block = around if block is None else block
        new = dict(zip(inside.inputs, inputs, strict=True))
        for node in inside.nodes:
            if node.kind is not INPUT:
                sources = tuple(new[source] for source in node.inputs)
                new[node.index] = self.copy(node, sources, node.block or block)
        self._block = around
        return new[inside.output]

    def build(self, output: int) -> Graph:
        inputs = {name: i for name, i in self.names.items() if self.nodes[i].kind is INPUT}
        return Graph(tuple(self.nodes), output, {**inputs, **self.names})

    def _add(self, kind: Kind, inputs: tuple[int, ...], name: str, number: float) -> int:
        index = len(self.nodes)
        block = "" if kind is INPUT else self._block
        self.nodes.append(Node(index, kind, inputs, name, number, block))
        if name:
            self.names[name] = index
        return index


def _four_gates() -> Graph:
    builder = Builder()
    exponential = builder.gate(EXP, builder.gate(NEGATE, builder.input("z")))
    total = builder.gate(ADD, builder.constant(1.0), exponential)
    return builder.build(builder.gate(RECIPROCAL, total))


SIGMOID = Block(
    "sigmoid", "σ", "sigmoid", SCALE, "", ("f * (1.0 - f)",), "σ(a)",
    inside=_four_gates(), saturates=True,
)  # fmt: skip


def foldable(graph: Graph) -> tuple[str, ...]:
    """Return the names that `fold` takes; ``sigmoid`` first, the others as the walk meets them."""
    names: dict[str, None] = {}
    if any(_sigmoid_ending_at(graph, node) for node in graph.gates):
        names[SIGMOID.id] = None
    for node in graph.gates:
        if node.name and (len(_members(graph, node.name)) > 1 or _sigmoid_ending_at(graph, node)):
            names[node.name] = None
    return tuple(names)


def unfoldable(graph: Graph) -> tuple[str, ...]:
    """Return the names that `unfold` takes, in the order of the forward walk."""
    names: dict[str, None] = {}
    for node in graph.gates:
        if isinstance(node.kind, Block):
            names.update(dict.fromkeys([node.name or node.kind.id]))
            if node.kind is SIGMOID:
                names[SIGMOID.id] = None
    return tuple(names)


def fold(graph: Graph, name: str) -> Graph:
    """Return `graph` with the block `name` as one gate, or refuse to if there is no such block.

    It is a named sub-expression, or ``"sigmoid"``: every four gates that are 1/(1+exp(−z)).
    """
    if name in graph.names:
        output = graph.nodes[graph.names[name]]
        members = _members(graph, name)
        sigmoid = _sigmoid_ending_at(graph, output)
        if sigmoid and members <= sigmoid:
            return _fold_sigmoid(graph, output, sigmoid)
        if sum(graph.nodes[index].kind.is_gate for index in members) > 1:
            return _fold_members(graph, output, members)
    elif name == SIGMOID.id:
        folded = graph
        while found := _first_sigmoid(folded):
            folded = _fold_sigmoid(folded, *found)
        if folded is not graph:
            return folded
    raise CircuitError(_refusal(_("{name} cannot be folded"), name, foldable(graph)))


def unfold(graph: Graph, name: str) -> Graph:
    """Return `graph` with the folded gate `name` (or every ``"sigmoid"``) as the gates inside it.

    Raises CircuitError when there is no such folded gate.
    """

    def chosen(node: Node) -> bool:
        if name in graph.names:
            return node.index == graph.names[name]
        return name == node.kind.id

    if not any(chosen(node) and isinstance(node.kind, Block) for node in graph.nodes):
        raise CircuitError(_refusal(_("{name} cannot be unfolded"), name, unfoldable(graph)))
    return _rebuild(graph, graph.nodes, chosen)


def _refusal(message: str, name: str, names: tuple[str, ...]) -> str:
    listed = ", ".join(names)
    hint = _("possible here: {names}").format(names=listed) if names else _("nothing here can be")
    return f"{message.format(name=name)}; {hint}"


def _members(graph: Graph, name: str) -> frozenset[int]:
    return frozenset(node.index for node in graph.nodes if node.block == name)


def _first_sigmoid(graph: Graph) -> tuple[Node, frozenset[int]] | None:
    for node in graph.gates:
        if members := _sigmoid_ending_at(graph, node):
            return node, members
    return None


def _sigmoid_ending_at(graph: Graph, end: Node) -> frozenset[int]:
    """Return the nodes of 1/(1+exp(−z)) that end at `end`; empty where they are something else.

    Its inner values must have no other reader and no name, or folding would take them away.
    """
    if end.kind is not RECIPROCAL:
        return frozenset()
    plus = graph.nodes[end.inputs[0]]
    if plus.kind is not ADD:
        return frozenset()
    terms = sorted((graph.nodes[i] for i in plus.inputs), key=lambda node: node.kind is EXP)
    one, exponential = terms
    if one.kind is not CONSTANT or one.number != 1.0 or exponential.kind is not EXP:
        return frozenset()
    negation = graph.nodes[exponential.inputs[0]]
    inner = (plus, one, exponential, negation)
    if negation.kind is not NEGATE or any(
        node.name or len(graph.readers[node.index]) != 1 or node.block != end.block
        for node in inner
    ):
        return frozenset()
    return frozenset(node.index for node in (*inner, end))


def _fold_sigmoid(graph: Graph, output: Node, members: frozenset[int]) -> Graph:
    (z,) = {source for index in members for source in graph.nodes[index].inputs} - members
    return _replace(graph, members, output, SIGMOID, (z,))


def _fold_members(graph: Graph, output: Node, members: frozenset[int]) -> Graph:
    read = [source for index in sorted(members) for source in graph.nodes[index].inputs]
    inputs = tuple(dict.fromkeys(source for source in read if source not in members))
    builder = Builder()
    new = {source: builder.input(graph.nodes[source].name or f"#{source}") for source in inputs}
    for index in sorted(members):
        node = graph.nodes[index]
        new[index] = builder.copy(node, tuple(new[i] for i in node.inputs), node.block)
    inside = builder.build(new[output.index])
    kind = Block(output.name, output.name, output.name, SCALE, inside=inside)
    return _replace(graph, members, output, kind, inputs)


def _replace(
    graph: Graph, members: frozenset[int], output: Node, kind: Block, inputs: tuple[int, ...]
) -> Graph:
    folded = replace(output, kind=kind, inputs=inputs, number=0.0)
    kept = [
        folded if node.index == output.index else node
        for node in graph.nodes
        if node.index == output.index or node.index not in members
    ]
    return _rebuild(graph, kept, lambda _node: False)


def _rebuild(graph: Graph, nodes: Sequence[Node], unfolds: Callable[[Node], bool]) -> Graph:
    """Build from `nodes`, with every name of `graph` that is still there (a node can have more)."""
    builder = Builder()
    new: dict[int, int] = {}
    for node in nodes:
        inputs = tuple(new[i] for i in node.inputs)
        if isinstance(node.kind, Block) and unfolds(node):
            new[node.index] = builder.insert(node.kind.inside, *inputs, block=node.block)
            if node.name:
                builder.name(new[node.index], node.name)
        else:
            new[node.index] = builder.copy(node, inputs, node.block)
    rebuilt = builder.build(new[graph.output])
    kept = {name: new[index] for name, index in graph.names.items() if index in new}
    return Graph(rebuilt.nodes, rebuilt.output, {**kept, **rebuilt.names})
