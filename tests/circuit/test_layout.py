import itertools
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnsim.circuit import parse
from nnsim.circuit.expression import examples
from nnsim.circuit.layout import lay_out
from nnsim.circuit.unroll import unroll
from nnsim.engine import Dense, Network

NEURON = "1/(1 + exp(-(w0*x0 + w1*x1 + w2)))"


def crossings_by_hand(layout):
    """Count crossing wires pair by pair, segment by segment."""
    segments = {pair for wire in layout.wires for pair in itertools.pairwise(wire.path)}
    return sum(
        (one[0][1] - other[0][1]) * (one[1][1] - other[1][1]) < 0
        for one, other in itertools.combinations(segments, 2)
        if one[0][0] == other[0][0]
    )


def assert_sound(graph, layout):
    assert len(layout.places) == len(graph.nodes)
    assert len(set(layout.places)) == len(layout.places)
    assert {column for column, _ in layout.places} == set(range(layout.columns))
    assert min(row for _, row in layout.places) >= 0
    points = {point for wire in layout.wires for point in wire.path}
    assert max((row for _, row in points), default=0) < layout.rows
    for column in range(layout.columns):
        rows = sorted({row for c, row in points | set(layout.places) if c == column})
        assert all(below - above >= 2 for above, below in itertools.pairwise(rows))
    reads = [(s, node.index, i) for node in graph.nodes for i, s in enumerate(node.inputs)]
    assert [(wire.source, wire.target, wire.position) for wire in layout.wires] == reads
    for wire in layout.wires:
        assert wire.path[0] == layout.places[wire.source]
        assert wire.path[-1] == layout.places[wire.target]
        columns = [column for column, _ in wire.path]
        assert columns == list(range(columns[0], columns[-1] + 1))
        assert len(columns) > 1
        assert not set(wire.path[1:-1]) & set(layout.places)
    assert layout.crossings == crossings_by_hand(layout)


def test_x_plus_y_times_z():
    graph = parse("(x+y)*z")
    layout = lay_out(graph)
    places = {node.label(): layout.places[node.index] for node in graph.nodes}
    assert places == {"x": (0, 0), "y": (0, 2), "+": (1, 1), "z": (1, 3), "×": (2, 2)}
    assert (layout.columns, layout.rows, layout.crossings) == (3, 4, 0)


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.id)
def test_the_examples_are_drawn_soundly(example):
    graph = parse(example.expression)
    assert_sound(graph, lay_out(graph))


@pytest.mark.parametrize("expression", [NEURON, "a*b + c*d - e/f", "x", "max(a, max(b, c))*-d"])
def test_a_tree_has_no_crossing(expression):
    graph = parse(expression)
    layout = lay_out(graph)
    assert_sound(graph, layout)
    assert layout.crossings == 0


def test_crossings_that_can_be_avoided_are():
    # Drawn in the order of the text, a and d would cross; b and c too.
    layout = lay_out(parse("p = a*b; q = c*d; r = exp(c)*sin(d); s = a + b; (p*s)*(q*r)"))
    assert layout.crossings == crossings_by_hand(layout) <= 4


@given(st.data())
def test_random_graphs_are_drawn_soundly(data):
    names, parts, unused = ["x", "y", "z"], [], []
    for name in data.draw(st.sampled_from(["p", "pq", "pqrst", "pqrstuvw"])):
        left, right = data.draw(st.tuples(st.sampled_from(names), st.sampled_from(names)))
        parts.append(f"{name} = {left} {data.draw(st.sampled_from('+-*'))} {right}")
        unused = [other for other in unused if other not in (left, right)] + [name]
        names.append(name)
    graph = parse("; ".join([*parts, " + ".join(unused)]))
    assert_sound(graph, lay_out(graph))


def test_an_unrolled_network_is_drawn_soundly_folded_and_not():
    layers = [Dense(3, "sigmoid", name="hidden"), Dense(2, "sigmoid", name="output")]
    net = Network(layers, input_shape=(12,), seed=0)
    circuit = unroll(net, np.ones(12), np.array([1.0, 0.0]))
    start = time.perf_counter()
    whole = lay_out(circuit.graph)
    for name in circuit.foldable:
        circuit = circuit.fold(name)
    folded = lay_out(circuit.graph)
    assert time.perf_counter() - start < 1
    assert_sound(circuit.graph, folded)
    assert folded.columns == 6  # inputs, z, a, z, a, loss
    assert whole.columns > folded.columns
