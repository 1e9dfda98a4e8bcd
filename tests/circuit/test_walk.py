from hypothesis import given
from hypothesis import strategies as st

from nnsim.circuit import Phase, Walk, from_expression

CIRCUIT = from_expression("s = x + y; s*z + s", {"x": -2, "y": 5, "z": -4})


def test_forward_gives_each_gate_its_value_in_turn():
    walk = Walk(CIRCUIT)
    assert walk.step is None
    assert walk.phase is Phase.FORWARD
    assert walk.gradients == [None] * len(walk.values)
    seen = []
    for _gate in CIRCUIT.gates:
        before = list(walk.values)
        walk.next()
        assert before[walk.step.node.index] is None
        seen.append((walk.step.node.kind.id, walk.values[walk.step.node.index]))
    assert seen == [("add", 3), ("multiply", -12), ("add", -9)]
    assert walk.phase is Phase.FORWARD
    assert walk.gradients[CIRCUIT.graph.output] == 1


def test_backward_sends_gradients_that_add_up():
    walk = Walk(CIRCUIT, len(CIRCUIT.gates))
    s = CIRCUIT.node("s").index
    assert walk.gradients[s] is None
    seen = []
    while walk.next():
        assert walk.phase is Phase.BACKWARD
        seen.append((walk.step.node.kind.id, walk.gradients[s]))
    assert seen == [("add", 1), ("multiply", -3), ("add", -3)]
    assert walk.gradients == CIRCUIT.gradients
    assert not walk.next()


def test_back_to_the_start():
    walk = Walk(CIRCUIT)
    start = (list(walk.values), list(walk.gradients))
    walk.go(walk.last)
    walk.go(0)
    assert (walk.values, walk.gradients) == start
    assert not walk.previous()


@given(st.lists(st.integers(-3, 12), max_size=12))
def test_a_place_is_the_same_from_wherever_one_comes(places):
    walk = Walk(CIRCUIT)
    for place in places:
        walk.go(place)
        fresh = Walk(CIRCUIT, place)
        assert walk.position == fresh.position == min(max(place, 0), walk.last)
        assert walk.values == fresh.values
        assert walk.gradients == fresh.gradients


def test_a_folded_gate_is_one_step():
    neuron = from_expression("1/(1+exp(-(w*x)))", {"w": 1, "x": 2})
    assert Walk(CIRCUIT).last == 6
    assert Walk(neuron).last == 10
    assert Walk(neuron.fold("sigmoid")).last == 4


def test_a_circuit_without_gates_has_its_gradient_at_once():
    walk = Walk(from_expression("x", {"x": 3}))
    assert walk.last == 0
    assert walk.values == [3]
    assert walk.gradients == [1]


def test_a_value_read_twice_by_one_gate():
    walk = Walk(from_expression("x*x", {"x": 3}))
    walk.go(walk.last)
    assert walk.gradients == [6, 1]
    walk.previous()
    assert walk.gradients == [None, 1]
