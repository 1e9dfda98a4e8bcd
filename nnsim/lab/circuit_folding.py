"""Folding a circuit on the bench: all of it at once, and where the walk stands afterwards."""

from __future__ import annotations

import math
from contextlib import suppress

from nnsim.circuit import CircuitError, Graph, Node, Walk, blocks


def moved(walk: Walk, old: Graph, new: Graph) -> int:
    """The position in `new` that answers to the walk's in `old`: after the same gates.

    The gates before and behind those that were folded are the same in both; a place in between
    stays as far in between.
    """
    before, after = [_key(n) for n in old.gates], [_key(n) for n in new.gates]
    least = min(len(before), len(after))
    head = next((i for i in range(least) if before[i] != after[i]), least)
    tail = next((i for i in range(least - head) if before[-1 - i] != after[-1 - i]), least - head)
    backward = walk.position > len(before)
    done = walk.last - walk.position if backward else walk.position
    if done > head:
        behind = len(before) - done
        if behind <= tail:
            done = len(after) - behind
        else:
            share = (done - head) / (len(before) - head - tail)
            done = head + math.ceil(share * (len(after) - head - tail))
    return 2 * len(after) - done if backward else done


def _key(node: Node) -> tuple[object, ...]:
    return node.kind.id, node.name, node.number, node.block


def fold_all(graph: Graph) -> Graph:
    """Fold everything that can be."""
    while names := blocks.foldable(graph):
        for name in names:
            with suppress(CircuitError):  # one fold can take the next one's gates away
                graph = blocks.fold(graph, name)
    return graph


def unfold_all(graph: Graph) -> Graph:
    """Open everything that is folded, also inside of what was."""
    while names := blocks.unfoldable(graph):
        graph = blocks.unfold(graph, names[0])
    return graph
