"""The structure of a circuit: nodes in topological order, each naming the nodes it reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import isfinite

from nnsim.circuit.gates import CONSTANT, INPUT, POWER, SCALE, Kind


@dataclass(frozen=True)
class Node:
    """An input, a constant or a gate.

    Attributes
    ----------
    index : int
        Its position in `Graph.nodes`.
    kind : Kind
    inputs : tuple of int
        The nodes it reads; each comes before it.
    name : str
        What the learner or the network calls its value; empty where it has no name.
    number : float
        The value of a constant, the exponent of a power.
    block : str
        The named sub-expression it was written in; empty outside of any.
    """

    index: int
    kind: Kind
    inputs: tuple[int, ...] = ()
    name: str = ""
    number: float = 0.0
    block: str = ""

    def label(self, *, ascii_only: bool = False) -> str:
        """Return what to write into the box: a name, a number, a symbol."""
        if self.kind is INPUT:
            return self.name
        if self.kind is CONSTANT:
            return f"{self.number:g}"
        symbol = self.kind.ascii if ascii_only else self.kind.symbol
        return f"{symbol}{self.number:g}" if self.kind is POWER else symbol


@dataclass(frozen=True)
class Graph:
    """Nodes in topological order, and the one whose value is the circuit's.

    Attributes
    ----------
    nodes : tuple of Node
    output : int
        The node that the gradients are of.
    names : dict of str to int
        Every named value: inputs first, in the order in which they appear.
    """

    nodes: tuple[Node, ...]
    output: int
    names: dict[str, int] = field(hash=False)

    @cached_property
    def inputs(self) -> tuple[int, ...]:
        """The nodes whose values are set from outside, in order."""
        return tuple(node.index for node in self.nodes if node.kind is INPUT)

    @cached_property
    def gates(self) -> tuple[Node, ...]:
        """The nodes that compute something, in the order of the forward walk."""
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

        One gate at a time and by IEEE 754: what cannot be computed becomes inf or nan.

        Parameters
        ----------
        leaves : sequence of float
            The values of `inputs`, in their order.
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

    Attributes
    ----------
    inside : Graph
        The gates; its inputs are the inputs of the block, in order.
    saturates : bool
        Whether the value is right, and flat, where a gate inside overflows: σ(−800) is 0, though
        exp(800) is more than a float can hold.
    """

    inside: Graph = field(kw_only=True)
    saturates: bool = field(kw_only=True, default=False)

    @property
    def is_gate(self) -> bool:
        """A block computes something."""
        return True

    def evaluate(self, inputs: tuple[float, ...], number: float = 0.0) -> float:  # noqa: ARG002
        """Return the value of the inside."""
        return self.inside.evaluate(inputs)[0][self.inside.output]

    def local_gradients(
        self,
        inputs: tuple[float, ...],
        value: float,  # noqa: ARG002
        number: float = 0.0,  # noqa: ARG002
    ) -> tuple[float, ...]:
        """Return the gradients of the inside by its inputs."""
        values, gradients = self.inside.evaluate(inputs)
        if (
            self.saturates
            and isfinite(values[self.inside.output])
            and not all(map(isfinite, values))
        ):
            return (0.0,) * len(inputs)
        return tuple(gradients[index] for index in self.inside.inputs)


def block_of(name: str, inside: Graph) -> Block:
    """Return the gates of `inside` as one kind of gate called `name`."""
    return Block(name, name, name, SCALE, inside=inside)


class Builder:
    """Puts a graph together, node by node, every node after those it reads."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.names: dict[str, int] = {}
        self._block = ""

    def input(self, name: str) -> int:
        """Add a value that is set from outside."""
        return self._add(INPUT, (), name, 0.0)

    def constant(self, number: float) -> int:
        """Add a number that stays."""
        return self._add(CONSTANT, (), "", number)

    def gate(self, kind: Kind, *inputs: int, name: str = "", number: float = 0.0) -> int:
        """Add a gate that reads `inputs`."""
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
        """Return the graph."""
        inputs = {name: i for name, i in self.names.items() if self.nodes[i].kind is INPUT}
        return Graph(tuple(self.nodes), output, {**inputs, **self.names})

    def _add(self, kind: Kind, inputs: tuple[int, ...], name: str, number: float) -> int:
        index = len(self.nodes)
        block = "" if kind is INPUT else self._block
        self.nodes.append(Node(index, kind, inputs, name, number, block))
        if name:
            self.names[name] = index
        return index
