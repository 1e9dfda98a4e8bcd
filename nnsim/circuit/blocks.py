"""Folding several gates into one, and unfolding them again.

Two things can be folded: a named sub-expression, and four gates that are the sigmoid. Nothing is
claimed about the derivative of a folded gate: it is the chain rule through what is inside. For
the sigmoid, with r = 1/s, s = 1 + e, e = exp(n), n = −z:

    ∂r/∂z = (−r/s) · 1 · e · (−1) = r²·e = r²·(1/r − 1) = r·(1 − r)
"""

from __future__ import annotations

from collections.abc import Callable

from nnsim.circuit.errors import CircuitError
from nnsim.circuit.gates import ADD, CONSTANT, EXP, NEGATE, RECIPROCAL, SCALE
from nnsim.circuit.graph import Block, Builder, Graph, Node, block_of
from nnsim.i18n import _


def _four_gates() -> Graph:
    builder = Builder()
    exponential = builder.gate(EXP, builder.gate(NEGATE, builder.input("z")))
    return builder.build(
        builder.gate(RECIPROCAL, builder.gate(ADD, builder.constant(1.0), exponential))
    )


SIGMOID = Block("sigmoid", "σ", "sigmoid", SCALE, inside=_four_gates(), saturates=True)


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
    """Return `graph` with the block `name` as one gate.

    Parameters
    ----------
    name : str
        A named sub-expression, or ``"sigmoid"`` for every four gates that are 1/(1+exp(−z)).

    Raises
    ------
    CircuitError
        When there is no such block.
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

    Raises
    ------
    CircuitError
        When there is no such folded gate.
    """

    def chosen(node: Node) -> bool:
        if name in graph.names:
            return node.index == graph.names[name]
        return name == node.kind.id

    if not any(chosen(node) and isinstance(node.kind, Block) for node in graph.nodes):
        raise CircuitError(_refusal(_("{name} cannot be unfolded"), name, unfoldable(graph)))
    return _rebuild(graph, lambda node: chosen(node))


def _refusal(message: str, name: str, names: tuple[str, ...]) -> str:
    listed = ", ".join(names)
    hint = _("possible here: {names}").format(names=listed) if names else _("nothing here can be")
    return f"{message.format(name=name)}; {hint}"


def _members(graph: Graph, name: str) -> frozenset[int]:
    """Return the nodes of the block `name`."""
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
    (z,) = {
        source for index in members for source in graph.nodes[index].inputs if source not in members
    }
    return _replace(graph, members, output, SIGMOID, (z,))


def _fold_members(graph: Graph, output: Node, members: frozenset[int]) -> Graph:
    inputs = tuple(
        dict.fromkeys(
            source
            for index in sorted(members)
            for source in graph.nodes[index].inputs
            if source not in members
        )
    )
    builder = Builder()
    new = {source: builder.input(graph.nodes[source].name or f"#{source}") for source in inputs}
    for index in sorted(members):
        node = graph.nodes[index]
        new[index] = builder.copy(node, tuple(new[i] for i in node.inputs), node.block)
    kind = block_of(output.name, builder.build(new[output.index]))
    return _replace(graph, members, output, kind, inputs)


def _replace(
    graph: Graph, members: frozenset[int], output: Node, kind: Block, inputs: tuple[int, ...]
) -> Graph:
    """Return `graph` with one gate of `kind`, reading `inputs`, in the place of `members`."""
    builder = Builder()
    new: dict[int, int] = {}
    for node in graph.nodes:
        if node.index == output.index:
            folded = Node(node.index, kind, inputs, node.name)
            new[node.index] = builder.copy(folded, tuple(new[i] for i in inputs), node.block)
        elif node.index not in members:
            new[node.index] = builder.copy(node, tuple(new[i] for i in node.inputs), node.block)
    return _finish(graph, builder, new)


def _rebuild(graph: Graph, unfolds: Callable[[Node], bool]) -> Graph:
    """Return `graph` with the insides of the blocks that `unfolds` chooses in their place."""
    builder = Builder()
    new: dict[int, int] = {}
    for node in graph.nodes:
        inputs = tuple(new[i] for i in node.inputs)
        if isinstance(node.kind, Block) and unfolds(node):
            new[node.index] = builder.insert(node.kind.inside, *inputs, block=node.block)
            if node.name:
                builder.name(new[node.index], node.name)
        else:
            new[node.index] = builder.copy(node, inputs, node.block)
    return _finish(graph, builder, new)


def _finish(graph: Graph, builder: Builder, new: dict[int, int]) -> Graph:
    """Build, with every name of `graph` that is still there (a node can have several)."""
    rebuilt = builder.build(new[graph.output])
    kept = {name: new[index] for name, index in graph.names.items() if index in new}
    return Graph(rebuilt.nodes, rebuilt.output, {**kept, **rebuilt.names})
