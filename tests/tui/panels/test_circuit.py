"""Where boxes, wires and numbers of a circuit are drawn, and what a line of it says."""

import random
import re

import pytest

from nnsim.circuit import Walk, from_expression
from nnsim.circuit.expression import examples
from nnsim.circuit.gates import CONSTANT
from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.lab.circuit_bench import CircuitBench, of_network
from nnsim.tui.ascii import to_ascii
from nnsim.tui.panels.circuit import Picture, blamed, wire_number
from nnsim.tui.panels.circuit.layout import (
    DOWN,
    LEFT,
    LIGHT,
    NUMBER,
    RIGHT,
    STUB,
    UP,
    CircuitLayout,
    Net,
    assign_tracks,
    cells_along,
    cells_of_net,
    drawn,
    sides,
)
from nnsim.tui.panels.circuit.steps import StepText


def random_circuit(seed):
    """An expression over a few names, some of them used often."""
    rng = random.Random(seed)

    def term(depth):
        if depth == 0 or rng.random() < 0.2:
            return rng.choice(["x", "y", "z", "2", "0.5"])
        kind = rng.choice(["+", "-", "*", "max", "exp", "tanh", "sigmoid"])
        if kind in "+-*":
            return f"({term(depth - 1)} {kind} {term(depth - 1)})"
        if kind == "max":
            return f"max({term(depth - 1)}, {term(depth - 1)})"
        return f"{kind}({term(depth - 1)})"

    expression = f"x*y + z*({term(4)})"
    return from_expression(expression, {"x": 0.5, "y": -1.0, "z": 2.0})


def unrolled():
    lab = Lab(load("digits-4x3"), load=load)
    lab.run("sample 1")
    return of_network(lab.network, lab.input, lab.target, lab.experiment.title)


CIRCUITS = {
    **{entry.id: entry.circuit() for entry in examples()},
    **{f"random {seed}": random_circuit(seed) for seed in range(12)},
    "network": unrolled().circuit,
    "network, all gates": unrolled().circuit.unfold(*unrolled().circuit.unfoldable[:3]),
}


@pytest.mark.parametrize("circuit", CIRCUITS.values(), ids=CIRCUITS.keys())
def test_boxes_and_numbers_have_their_cells_for_themselves(circuit):
    layout = CircuitLayout(circuit.graph)
    taken = {}
    for box in layout.boxes.values():
        cells = {
            (x, y)
            for x in range(box.x, box.end)
            for y in range(box.y - box.half, box.y + box.half + 1)
        }
        if circuit.graph.nodes[box.node].kind is not CONSTANT:
            numbers = range(box.end + 1, box.end + 1 + NUMBER)
            cells |= {(x, y) for x in numbers for y in (box.y - 1, box.y + 1)}
        for cell in cells:
            assert cell not in taken, (box, taken.get(cell))
            taken[cell] = box
        assert box.x >= 0
        assert box.end + STUB < layout.width
        assert box.y - max(1, box.half) >= 0
        assert box.y + max(1, box.half) < layout.height
    for y, line in layout.cells.items():
        for x in line:
            assert (x, y) not in taken, "a wire runs through a box or a number"


@pytest.mark.parametrize("circuit", CIRCUITS.values(), ids=CIRCUITS.keys())
def test_every_wire_leads_from_its_source_to_its_gate(circuit):
    layout = CircuitLayout(circuit.graph)
    part = drawn(circuit.graph)
    found = 0
    for gate in part.graph.gates:
        whole = part.nodes[gate.index]
        for source, cells in layout.ways_into(whole):
            cells = list(cells)
            assert source in circuit.graph.nodes[whole].inputs
            assert (layout.boxes[source].end, layout.boxes[source].y) in cells
            ends = {(layout.boxes[whole].x - 1, port) for port in layout.boxes[whole].ports}
            assert ends & set(cells)
            for x, y in cells:
                assert source in layout.cells[y][x]  # and it is drawn
            found += 1
    assert found == sum(len(gate.inputs) for gate in part.graph.gates)


def test_the_parameters_of_a_folded_neuron_stay_in_its_box():
    bench = unrolled()
    layout = CircuitLayout(bench.circuit.graph)
    shown = {bench.circuit.graph.nodes[index].name for index in layout.boxes}
    assert "input[12]" in shown
    assert "hidden[1].w[1]" not in shown
    gate = bench.circuit.graph.names["hidden[1].z"]
    assert len(layout.inside[gate]) == 13  # twelve weights and a bias
    opened = CircuitLayout(bench.circuit.unfold("hidden[1].z").graph)
    assert bench.circuit.unfold("hidden[1].z").graph.names["hidden[1].w[1]"] in opened.boxes


def test_tracks_of_nets_that_overlap_differ():
    nets = [Net(0, 0, {4}), Net(1, 2, {6}), Net(2, 8, {8}), Net(3, 10, {12})]
    assert assign_tracks(nets) == 2
    assert nets[0].track != nets[1].track
    assert nets[2].track == -1  # straight
    assert nets[3].track == 0


def test_a_net_that_leaves_where_another_enters_turns_first():
    leaving, entering = Net(0, 4, {0}), Net(1, 8, {4})
    assign_tracks([entering, leaving])
    assert leaving.track < entering.track


def test_the_cells_of_a_net_are_those_of_its_wires():
    net = Net(0, 2, {0, 2, 5})
    cells = dict(cells_of_net(net, 10, 14, 17))
    joined = {}
    for enters in net.enters:
        for cell, part in cells_along([(10, 2), (14, 2), (14, enters), (17, enters)]).items():
            joined[cell] = joined.get(cell, 0) | part
    assert cells == joined
    assert cells[14, 2] == UP | DOWN | LEFT | RIGHT
    assert LIGHT[cells[14, 0]] == "┌"


def test_a_crossing_passes_over_and_a_junction_joins():
    assert LIGHT[sides({1: UP | DOWN, 2: LEFT | RIGHT})] == "│"
    assert LIGHT[sides({1: UP | DOWN | RIGHT, 2: LEFT | RIGHT})] == "┼"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"), (-12.0, "−12"), (1 / 3, "0.3333"), (-0.19661193, "−0.1966"), (-0.0, "0"),
        (1.2e-5, "1.2e−5"), (-1.234e-5, "−1.23e−5"[:7]), (123456.0, "1.235e5"),
        (float("inf"), "inf"), (float("-inf"), "−inf"), (float("nan"), "nan"),
    ],
)  # fmt: skip
def test_numbers_on_wires_are_short(value, text):
    shown = wire_number(value)
    assert len(shown) <= NUMBER
    if text != "−1.23e−":
        assert shown == text
    else:
        assert shown == "−1.2e−5"


def lines(scene):
    layout = scene.layout
    return [
        "".join(piece.text for piece in scene.line(y, 0, layout.width).pieces())
        for y in range(layout.height)
    ]


def test_a_part_of_a_line_is_that_part():
    circuit = CIRCUITS["sigmoid-neuron"]
    layout = CircuitLayout(circuit.graph)
    scene = Picture.make(layout, Walk(circuit, 7), None)
    for y, whole in enumerate(lines(scene)):
        for left in (-5, 3, 40, 200):
            part = "".join(piece.text for piece in scene.line(y, left, 30).pieces())
            padded = " " * 50 + whole.ljust(300)
            assert part == padded[50 + left : 80 + left]


@pytest.mark.parametrize("circuit", CIRCUITS.values(), ids=CIRCUITS.keys())
def test_everything_drawn_has_an_ascii_character(circuit):
    scene = Picture.make(CircuitLayout(circuit.graph), Walk(circuit, 5), None)
    for line in lines(scene):
        assert to_ascii(line.replace("σ", "s")).isascii()


def test_what_is_to_blame_is_found():
    circuit = from_expression("1 + a/(x - y)", {"a": 1, "x": 2, "y": 2})
    assert circuit.graph.nodes[blamed(circuit)].kind.id == "divide"
    circuit = from_expression("sqrt(x) + 1", {"x": 0})  # finite, but for its slope
    assert circuit.graph.nodes[blamed(circuit)].kind.id == "sqrt"
    assert blamed(CIRCUITS["add-multiply"]) is None


# The step in words ------------------------------------------------------------------------------


def said(bench, selected=None, width=100):
    text = StepText(bench, selected, width)
    return ["".join(piece[0] for piece in row).rstrip() for row in text.rows()]


def test_a_forward_step_is_a_formula_with_names_and_with_numbers():
    bench = CircuitBench.of_example("add-multiply")
    bench.run("next 2")
    assert " #1·z = 3·(−4) = −12" in said(bench)


def test_what_is_used_twice_sums_as_it_comes_back():
    bench = CircuitBench.of_example("add-multiply")
    bench.run('circuit "(a+a)+(a+a)" a=1')
    bench.run("backward")
    bench.run("next 2")
    assert said(bench)[-1] == " a is used 4 times; what comes back is summed: 1 + 1 = 2 so far"
    bench.run("last")
    assert said(bench)[-1] == " a is used 4 times; what comes back is summed: 1 + 1 + 1 + 1 = 4"


def test_rounding_is_said():
    bench = CircuitBench.of_example("sigmoid-neuron")
    bench.run("next 6")
    assert " exp(#5) = exp(−1) ≈ 0.367879" in said(bench)


@pytest.mark.parametrize("width", [58, 78, 118])
@pytest.mark.parametrize("bench", [unrolled(), CircuitBench.of_example("softmax-log")])
def test_no_row_is_wider_than_the_panel(bench, width):
    for position in range(bench.walk.last + 1):
        bench.walk.go(position)
        for selected in (None, bench.circuit.graph.output, bench.circuit.graph.inputs[0]):
            for row in said(bench, selected, width):
                assert len(row) <= width, row


def test_the_table_multiplies_out():
    bench = CircuitBench.of_example("softmax-log")
    bench.run("last")
    for _back in range(bench.walk.last // 2):
        for row in said(bench):
            found = re.fullmatch(r" \S+ .*?(\S+) +× (\S+) +[=≈] (\S+)", row)
            if found:
                local, upstream, gradient = (float(t.replace("−", "-")) for t in found.groups())
                assert gradient == pytest.approx(local * upstream, rel=1e-4)
        bench.run("previous")
