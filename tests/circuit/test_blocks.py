import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnsim.circuit import CircuitError, from_expression
from nnsim.circuit.gates import KINDS
from nnsim.circuit.graph import SIGMOID

NEURON = "1/(1 + exp(-(w0*x0 + w1*x1 + w2)))"
VALUES = {"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3}


def kinds(circuit):
    return [node.kind.id for node in circuit.gates]


def gradients(circuit):
    return [circuit.gradient_of(name) for name in circuit.inputs]


# The sigmoid --------------------------------------------------------------------------------------


@given(st.floats(-30, 30))
def test_the_slope_of_the_sigmoid_is_that_of_its_four_gates(z):
    # By hand, gate by gate, with the local gradients of the four kinds: not with the folding.
    kind, product, value = KINDS, 1.0, z
    for name, inputs in [("negate", ()), ("exp", ()), ("add", (1.0,)), ("reciprocal", ())]:
        arguments = (*inputs, value)
        value = kind[name].evaluate(arguments)
        product *= kind[name].local_gradients(arguments, value)[-1]
    folded = SIGMOID.evaluate((z,))
    assert folded == value
    assert SIGMOID.local_gradients((z,), folded) == pytest.approx((product,), rel=1e-14)


@given(st.floats(-30, 8))
def test_the_slope_of_the_sigmoid_is_sigma_times_one_minus_sigma(z):
    # The closed form, where 1 − σ keeps enough digits.
    value = 1 / (1 + math.exp(-z))
    slope = SIGMOID.local_gradients((z,), SIGMOID.evaluate((z,)))[0]
    assert slope == pytest.approx(value * (1 - value), rel=1e-11)


@pytest.mark.parametrize(("z", "value"), [(-800.0, 0.0), (-1e4, 0.0), (800.0, 1.0), (1e4, 1.0)])
def test_the_folded_sigmoid_is_flat_where_its_exp_overflows(z, value):
    assert SIGMOID.evaluate((z,)) == value
    assert SIGMOID.local_gradients((z,), value) == (0.0,)
    circuit = from_expression("2*sigmoid(z)", {"z": z})
    circuit.evaluate([z])
    assert circuit.trouble is None
    assert circuit.gradient_of("z") == 0


@given(st.fixed_dictionaries({name: st.floats(-3, 3) for name in VALUES}))
def test_four_gates_fold_into_one_and_back(values):
    circuit = from_expression(NEURON, values)
    folded = circuit.fold("sigmoid")
    assert kinds(folded) == ["multiply", "multiply", "add", "add", "sigmoid"]
    assert kinds(folded.unfold("sigmoid")) == kinds(circuit)
    for other in (folded, folded.unfold("sigmoid")):
        assert other.value == circuit.value
        assert gradients(other) == pytest.approx(gradients(circuit), rel=1e-14, abs=1e-15)


@pytest.mark.parametrize(
    "expression",
    [
        "1/(1 + exp(x))", "1/(2 + exp(-x))", "2/(1 + exp(-x))", "1/(1 - exp(-x))",
        "e = exp(-x); 1/(1 + e)", "e = exp(-x); e/(1 + e)", "1/(1 + sin(-x))",
    ],
)  # fmt: skip
def test_what_is_no_sigmoid_is_not_folded_into_one(expression):
    circuit = from_expression(expression, {"x": 1})
    assert "sigmoid" not in circuit.foldable
    with pytest.raises(CircuitError, match="sigmoid cannot be folded"):
        circuit.fold("sigmoid")


def test_the_other_way_of_adding_one_is_a_sigmoid_too():
    circuit = from_expression("1/(exp(-x) + 1)", {"x": 1})
    assert kinds(circuit.fold("sigmoid")) == ["sigmoid"]


def test_every_sigmoid_is_folded_at_once():
    values = {"x": 1, "y": 2}
    circuit = from_expression("(1/(1+exp(-x))) * (1/(1+exp(-(x*y))))", values).fold("sigmoid")
    assert kinds(circuit) == ["sigmoid", "multiply", "sigmoid", "multiply"]


# Named parts --------------------------------------------------------------------------------------

NAMED = "z = w*x + b; s = 1/(1 + exp(-z)); l = (y - s)**2/2; l + z*z"


def test_what_can_be_folded_is_listed():
    circuit = from_expression(NAMED, {"w": 1, "x": 2, "b": 3, "y": 4})
    assert circuit.foldable == ("sigmoid", "z", "s", "l")
    assert circuit.unfoldable == ()
    assert circuit.fold("z").fold("s").unfoldable == ("z", "s", "sigmoid")


@given(
    st.fixed_dictionaries({name: st.floats(-3, 3) for name in "wxby"}),
    st.permutations(["z", "s", "l"]),
    st.permutations(["z", "s", "l"]),
)
def test_folding_changes_no_value_and_no_gradient(values, first, second):
    circuit = from_expression(NAMED, values)
    folded = circuit
    for name in first:
        folded = folded.fold(name)
        assert folded.value == circuit.value
        assert gradients(folded) == pytest.approx(gradients(circuit), rel=1e-12, abs=1e-14)
        assert folded.gradient_of("z") == pytest.approx(circuit.gradient_of("z"), abs=1e-12)
    assert kinds(folded) == ["z", "sigmoid", "l", "multiply", "add"]
    for name in second:
        folded = folded.unfold(name)
    assert sorted(kinds(folded)) == sorted(kinds(circuit))
    assert gradients(folded) == pytest.approx(gradients(circuit), rel=1e-12, abs=1e-14)


def test_a_folded_gate_can_be_looked_into():
    values = {"w": 1, "x": 2, "b": 3, "y": 4}
    circuit = from_expression(NAMED, values).fold("z")
    step = circuit.step(circuit.node("z").index)
    assert step.inputs == (1, 2, 3)
    assert step.local == (2, 1, 1)  # ∂(w x + b) by w, x and b
    inside = circuit.inside(step.node.index)
    assert kinds(inside) == ["multiply", "add"]
    assert inside.value == step.value
    assert tuple(gradients(inside)) == step.local
    assert list(inside.inputs) == ["w", "x", "b"]


def test_only_a_folded_gate_has_an_inside():
    circuit = from_expression("x*y", {"x": 1, "y": 2})
    with pytest.raises(CircuitError, match="multiply"):
        circuit.inside(circuit.graph.output)


def test_a_block_within_a_block():
    circuit = from_expression("s = sigmoid(w*x + b); s*y", {"w": 1, "x": 2, "b": -1, "y": 3})
    folded = circuit.fold("s")
    assert kinds(folded) == ["s", "multiply"]
    assert kinds(folded.inside(folded.node("s").index)) == ["multiply", "add", "sigmoid"]
    assert gradients(folded) == pytest.approx(gradients(circuit), rel=1e-14)
    assert kinds(folded.unfold("s")) == kinds(circuit)
    assert kinds(folded.unfold("s").unfold("s"))[2:6] == ["negate", "exp", "add", "reciprocal"]


def test_a_folded_circuit_can_be_set():
    circuit = from_expression(NEURON, VALUES).fold("sigmoid")
    circuit.set({"w2": -4})
    assert circuit.value == pytest.approx(0.5, rel=1e-15)
    assert circuit.gradient_of("w2") == pytest.approx(0.25, rel=1e-15)


@pytest.mark.parametrize("name", ["x", "nothing", "p", "sigmoid", ""])
def test_what_cannot_be_folded_or_unfolded_is_refused(name):
    circuit = from_expression("p = x*y; q = p + p*x; q", {"x": 1, "y": 2})
    with pytest.raises(CircuitError, match="possible here: q"):
        circuit.fold(name)
    with pytest.raises(CircuitError, match="cannot be unfolded"):
        circuit.unfold(name)
