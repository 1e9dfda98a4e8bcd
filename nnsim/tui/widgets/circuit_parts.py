"""Which nodes of a circuit are drawn: all, but for what only one large folded gate reads.

A folded neuron reads its inputs, all its weights and its bias; the parameters stay inside its box,
or the picture would be nothing but them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from nnsim.circuit import Circuit, Graph, Node
from nnsim.circuit.gates import INPUT
from nnsim.circuit.graph import Block

MOST_WIRES = 4  # into a folded gate before its parameters go inside
_ALWAYS = "input["  # the inputs of an unrolled network are always drawn


@dataclass(frozen=True)
class Drawn:
    """The part of a graph that is drawn, as a graph of its own.

    Attributes
    ----------
    graph : Graph
    nodes : tuple of int
        For each node of it, the node of the whole graph.
    inside : dict of int to tuple of int
        For each gate of the whole graph that has any, the inputs drawn inside its box.
    """

    graph: Graph
    nodes: tuple[int, ...]
    inside: dict[int, tuple[int, ...]]


def drawn(graph: Graph) -> Drawn:
    """Return the part of `graph` that is drawn."""
    inside: dict[int, tuple[int, ...]] = {}
    for gate in graph.gates:
        if isinstance(gate.kind, Block) and len(gate.inputs) > MOST_WIRES:
            kept = [
                source
                for source in gate.inputs
                if graph.nodes[source].kind is INPUT
                and len(graph.readers[source]) == 1
                and not graph.nodes[source].name.startswith(_ALWAYS)
            ]
            if kept:
                inside[gate.index] = tuple(kept)
    hidden = {source for sources in inside.values() for source in sources}
    if not hidden:
        return Drawn(graph, tuple(range(len(graph.nodes))), {})
    nodes: list[Node] = []
    new: dict[int, int] = {}
    for node in graph.nodes:
        if node.index in hidden:
            continue
        new[node.index] = len(nodes)
        sources = tuple(new[source] for source in node.inputs if source in new)
        nodes.append(replace(node, index=len(nodes), inputs=sources))
    return Drawn(Graph(tuple(nodes), new[graph.output], {}), tuple(new), inside)


def blamed(circuit: Circuit) -> int | None:
    """Return the first gate that is not finite: in its value, or else in what it sends back."""
    from math import isfinite

    for node in circuit.gates:
        if not isfinite(circuit.values[node.index]):
            return node.index
    for node in reversed(circuit.gates):
        if not all(isfinite(circuit.gradients[source]) for source in node.inputs):
            return node.index
    return None
