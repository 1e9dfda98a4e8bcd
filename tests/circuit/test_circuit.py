import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnsim.circuit import CircuitError, from_expression, parse
from nnsim.circuit.circuit import compile_graph

EVERY_KIND = (
    "s = sigmoid(a*b - c); t = max(a, b) + min(b, c)*relu(c) - abs(a);"
    "u = exp(sin(a))/(1 + cos(b)**2) + sqrt(2 + tanh(c)); -s*t*u + log(1/(1 + s))"
)


def test_the_first_circuit_of_cs231n():
    # Karpathy, Li, Johnson: CS231n notes, "Backpropagation, Intuitions": f = (x + y) z.
    circuit = from_expression("(x+y)*z", {"x": -2, "y": 5, "z": -4})
    assert circuit.value == -12
    assert [circuit.gradient_of(name) for name in "xyz"] == [-4, -4, 3]


def test_the_sigmoid_neuron_of_cs231n():
    # The same notes: w = [2, −3, −3], x = [−1, −2]; the figures in the drawing.
    circuit = from_expression(
        "1/(1+exp(-(w0*x0+w1*x1+w2)))", {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}
    )
    assert round(circuit.value, 2) == 0.73
    forward = [round(step.value, 2) for step in circuit.steps()]
    assert forward == [-2, 6, 4, 1, -1, 0.37, 1.37, 0.73]
    upstream = [round(step.upstream, 2) for step in circuit.steps()]
    assert upstream == [0.2, 0.2, 0.2, 0.2, -0.2, -0.53, -0.53, 1]
    gradients = {name: round(circuit.gradient_of(name), 2) for name in circuit.inputs}
    assert gradients == {"w0": -0.2, "x0": 0.39, "w1": -0.39, "x1": -0.59, "w2": 0.2}


def test_a_value_used_more_than_once_sums_what_comes_back():
    circuit = from_expression("(a+a)+(a+a)", {"a": 3})
    node = circuit.node("a").index
    assert circuit.gradient_of("a") == 4
    assert [part.gradient for part in circuit.parts(node)] == [1, 1, 1, 1]
    assert circuit.sums(node)


def test_a_value_used_once_sums_nothing():
    circuit = from_expression("a*b", {"a": 3, "b": 2})
    assert not circuit.sums(circuit.node("a").index)


@given(st.fixed_dictionaries({name: st.floats(-3, 3) for name in "abc"}))
def test_parts_add_up_to_the_gradient(values):
    circuit = from_expression(EVERY_KIND, values)
    for index, _node in enumerate(circuit.graph.nodes):
        if index != circuit.graph.output:
            total = sum(part.gradient for part in circuit.parts(index))
            assert total == pytest.approx(circuit.gradients[index], rel=1e-12, abs=1e-12)


@given(st.fixed_dictionaries({name: st.floats(-3, 3) for name in "abc"}))
def test_the_program_computes_what_the_walk_from_gate_to_gate_does(values):
    graph = parse(EVERY_KIND)
    leaves = list(values.values())
    assert compile_graph(graph)(leaves) == graph.evaluate(leaves)


@given(st.fixed_dictionaries({name: st.floats(-3, 3) for name in "abc"}))
def test_gradient_is_local_times_upstream(values):
    for step in from_expression(EVERY_KIND, values).steps():
        assert step.gradient == tuple(slope * step.upstream for slope in step.local)


def test_inputs_can_be_set_again_and_again():
    circuit = from_expression("x*y + x", {"x": 2, "y": 3})
    for x, y in [(1, 1), (4, -2), (0.5, 8)]:
        circuit.set({"x": x})
        circuit.set({"y": y})
        assert circuit.value == x * y + x
        assert circuit.gradient_of("x") == y + 1
        assert circuit.gradient_of("y") == x
        assert circuit.inputs == {"x": x, "y": y}


def test_a_refused_value_changes_nothing():
    circuit = from_expression("s = x*y; s + x", {"x": 2, "y": 3})
    with pytest.raises(CircuitError, match="finite"):
        circuit.set({"x": 5, "y": math.nan})
    with pytest.raises(CircuitError, match="no s here"):
        circuit.set({"x": 5, "s": 1})
    assert circuit.inputs == {"x": 2, "y": 3}
    assert circuit.value == 8


def test_an_unknown_name_comes_with_the_nearest():
    circuit = from_expression("weight*x", {"weight": 2, "x": 3})
    with pytest.raises(CircuitError, match="weight"):
        circuit.gradient_of("wait")


def test_a_constant_expression_has_a_value_and_no_inputs():
    circuit = from_expression("2*3 + 1", {})
    assert circuit.value == 7
    assert circuit.inputs == {}
    circuit.evaluate([])
    assert circuit.value == 7


@pytest.mark.parametrize(
    ("expression", "x", "gate", "reason"),
    [
        ("exp(3/(x-2) + 1)", 2, "divide", "division by zero"),
        ("1/x + x", 0, "reciprocal", "division by zero"),
        ("log(x) * 2", -1, "log", "log of a negative number"),
        ("log(x) * 2", 0, "log", "log of zero"),
        ("sqrt(x - 1)", 0, "sqrt", "sqrt of a negative number"),
        ("x**-1 * 2", 0, "power", "zero to a negative power"),
        ("x**0.5 * 2", -4, "power", "fractional power"),
        ("2*exp(x) - exp(x)", 1000, "exp", "overflow"),
        ("x**2 * 2", 1e200, "power", "overflow"),
        ("sin(x*x)", 1e200, "multiply", "overflow"),
        ("s = exp(x); s/s", 1000, "exp", "overflow"),
        # The value is finite, the gradient is not.
        ("2*sqrt(x)", 0, "sqrt", "slope of sqrt at zero"),
        ("2*x**0.5", 0, "power", "slope of a root"),
        ("1/(1 + exp(-x))", -1000, "exp", "overflow"),
    ],
)
def test_what_is_not_finite_is_found_at_its_gate(expression, x, gate, reason):
    circuit = from_expression(expression, {"x": x})
    assert circuit.trouble.node.kind.id == gate
    assert reason in circuit.trouble.in_words()
    assert gate in circuit.trouble.in_words()


def test_trouble_comes_and_goes_with_the_inputs():
    circuit = from_expression("1/x", {"x": 1})
    for x, troubled in [(0, True), (2, False), (0, True), (4, False)]:
        circuit.set({"x": x})
        assert (circuit.trouble is not None) == troubled
    assert circuit.value == 0.25


def test_a_finite_circuit_has_no_trouble():
    assert from_expression("log(x)", {"x": 2}).trouble is None


def test_trouble_inside_a_folded_gate_is_found_inside():
    circuit = from_expression("s = exp(log(x) + 1); s*2", {"x": -1}).fold("s")
    assert [node.kind.id for node in circuit.gates] == ["s", "multiply"]
    assert circuit.trouble.node.kind.id == "log"


def test_step_as_json():
    steps = from_expression("(x+y)*z", {"x": -2, "y": 5, "z": -4}).steps()
    assert [step.as_json() for step in steps] == [
        {
            "gate": "add", "inputs": [-2, 5], "value": 3, "local": [1, 1], "upstream": -4,
            "gradient": [-4, -4], "role": "distribute",
        },
        {
            "gate": "multiply", "inputs": [3, -4], "value": -12, "local": [-4, 3], "upstream": 1,
            "gradient": [-4, 3], "role": "swap",
        },
    ]  # fmt: skip


def test_nothing_typed_gets_into_the_program():
    from nnsim.circuit.circuit import source

    text = source(parse("secret = tanh(alpha*beta) + 2.5; secret*secret"))
    assert "alpha" not in text
    assert "secret" not in text
    assert "2.5" in text


def test_a_circuit_is_compiled_when_it_has_been_walked_often_enough(monkeypatch):
    compiled = []
    monkeypatch.setattr("nnsim.circuit.circuit.GATES_PER_WALK", 2)
    monkeypatch.setattr(
        "nnsim.circuit.circuit.compile_graph",
        lambda graph: compiled.append(graph) or compile_graph(graph),
    )
    circuit = from_expression("x*x*x + x*x", {"x": 1})
    for x, count in [(2, 0), (3, 1), (4, 1)]:
        circuit.set({"x": x})
        assert len(compiled) == count
        assert circuit.value == x**3 + x**2
        assert circuit.gradient_of("x") == 3 * x**2 + 2 * x


def test_a_circuit_too_large_for_a_program_is_walked(monkeypatch):
    monkeypatch.setattr("nnsim.circuit.circuit.LARGEST_PROGRAM", 2)
    monkeypatch.setattr("nnsim.circuit.circuit.compile_graph", None)
    circuit = from_expression("x*x*x + x", {"x": 1})
    for x in (3, 4, 5):
        circuit.set({"x": x})
        assert circuit.value == x**3 + x
        assert circuit.gradient_of("x") == 3 * x**2 + 1


def test_a_long_chain_doubles_forty_times():
    chain = "; ".join(["x0 = x + x", *(f"x{i} = x{i - 1} + x{i - 1}" for i in range(1, 40))])
    circuit = from_expression(f"{chain}; x39", {"x": 1})
    assert circuit.value == 2**40
    assert circuit.gradient_of("x") == 2**40
