"""A whole graph as one straight-line function: every gate a line forward and a line back.

It computes what `Graph.evaluate` computes, to the bit, where every number is finite, without a
loop, a list or a call per gate. Where Python's arithmetic raises, it raises.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nnsim.circuit.formulas import define, substitute
from nnsim.circuit.gates import CONSTANT, INPUT
from nnsim.circuit.graph import Block, Graph, Node

Program = Callable[[Sequence[float]], tuple[list[float], list[float]]]


def compile_graph(graph: Graph) -> Program:
    """Return a function from the values of `graph.inputs` to all values and all gradients."""
    return define(source(graph), "run")


def source(graph: Graph) -> str:
    """Return the text of that function."""
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
