import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nnsim.circuit import CircuitError
from nnsim.circuit.unroll import unroll
from nnsim.engine import ACTIVATIONS, Activation, Dense, EngineError, Network

IN_GATES = [name for name, function in ACTIVATIONS.items() if function().scalar]

# What the last layer may be under each loss.
OUTPUTS = [
    ("squared_error", "sigmoid"),
    ("squared_error", "softmax"),
    ("squared_error", "identity"),
    ("mean_squared_error", "tanh"),
    ("binary_cross_entropy", "sigmoid"),
    ("softmax_cross_entropy", "softmax"),
    ("softmax_cross_entropy", "identity"),
    ("hinge", "identity"),
]

STRAIGHT = ("identity", "relu", "leaky_relu")


def network(hidden="sigmoid", output="sigmoid", loss="squared_error", **options):
    layers = [Dense(3, hidden, name="hidden"), Dense(2, output, name="output")]
    net = Network(layers, input_shape=(4,), loss=loss, seed=0, **options)
    net.parameters[:] = np.random.default_rng(1).normal(size=net.parameters.size)
    return net


def circuit_gradient(net, circuit):
    """Return the circuit's gradients in the order of the network's parameters."""
    gradient = np.full(net.parameters.size, np.nan)
    blocks = net.blocks(gradient)
    for layer in net.layers:
        if layer.kind == "dense":
            weight, bias = blocks[f"{layer.name}.weight"], blocks[f"{layer.name}.bias"]
            for (i, k), _ in np.ndenumerate(weight):
                weight[i, k] = circuit.gradient_of(f"{layer.name}[{k + 1}].w[{i + 1}]")
            for (k,), _ in np.ndenumerate(bias):
                bias[k] = circuit.gradient_of(f"{layer.name}[{k + 1}].b")
    return gradient


def assert_same_gradients(net, circuit, x, target):
    expected = net.gradients(x[None], target[None])
    computed = circuit_gradient(net, circuit)
    assert circuit.value == pytest.approx(net.loss(x[None], target[None]), rel=1e-12, abs=1e-14)
    np.testing.assert_allclose(
        computed, expected, rtol=1e-12, atol=1e-12 * abs(expected).max() + 1e-99
    )


@pytest.mark.parametrize("hidden", IN_GATES)
@pytest.mark.parametrize(("loss", "output"), OUTPUTS)
def test_gradients_are_those_of_the_engine(hidden, loss, output):
    net = network(hidden, output, loss)
    x, target = np.random.default_rng(2).normal(size=4), np.array([0.0, 1.0])
    assert_same_gradients(net, unroll(net, x, target), x, target)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(IN_GATES),
    st.sampled_from(OUTPUTS),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 0.1]),
)
def test_gradients_of_random_networks(hidden, last, widths, seed, penalty):
    loss, output = last
    rng = np.random.default_rng(seed)
    layers = [*(Dense(n, hidden) for n in widths), Dense(3, output)]
    net = Network(layers, input_shape=(2,), loss=loss, l2=penalty, l1=penalty / 2)
    net.parameters[:] = rng.normal(scale=0.7, size=net.parameters.size)
    x, target = rng.normal(size=2), np.eye(3)[rng.integers(3)]
    # A saturated unit keeps few digits of 1 − a, in the engine as in the circuit.
    smooth = [seen for seen in net.trace(x[None]).layers if seen.activation not in STRAIGHT]
    assume(all(abs(seen.z).max() < 3 for seen in smooth))
    assert_same_gradients(net, unroll(net, x, target), x, target)


@pytest.mark.parametrize(("loss", "output"), OUTPUTS)
def test_gradients_where_scores_are_extreme(loss, output):
    net = network("relu", output, loss)
    x, target = np.array([4e4, -3e4, 2e4, 1e4]), np.array([1.0, 0.0])
    circuit = unroll(net, x, target)
    assert abs(net.trace(x[None]).layers[-1].z).max() > 1e3
    assert circuit.trouble is None
    assert_same_gradients(net, circuit, x, target)


def test_soft_targets():
    net = network("tanh", "softmax", "softmax_cross_entropy")
    x, target = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.3, 0.7])
    assert_same_gradients(net, unroll(net, x, target), x, target)


def test_a_slope_of_its_own_for_leaky_relu():
    layers = [Dense(3, "leaky_relu", slope=0.3), Dense(1)]
    net = Network(layers, input_shape=(2,), loss="squared_error", seed=1)
    x, target = np.array([-1.0, 2.0]), np.array([1.0])
    assert_same_gradients(net, unroll(net, x, target), x, target)


def test_an_activation_layer_of_its_own():
    layers = [Dense(3, name="one"), Activation("tanh", name="two"), Dense(1, name="three")]
    net = Network(layers, input_shape=(2,), seed=1)
    x, target = np.array([-1.0, 2.0]), np.array([1.0])
    circuit = unroll(net, x, target)
    assert_same_gradients(net, circuit, x, target)
    assert circuit.value_of("two[3].a") == pytest.approx(np.tanh(circuit.value_of("one[3].a")))


@pytest.mark.parametrize("hidden", ["relu", "leaky_relu", "elu", "softplus", "gelu", "swish"])
def test_slopes_at_zero_are_those_of_the_engine(hidden):
    net = network(hidden, "sigmoid")
    net.parameters[:15] = 0
    x, target = np.ones(4), np.array([1.0, 0.0])
    assert (net.trace(x[None]).layers[0].z == 0).all()
    assert_same_gradients(net, unroll(net, x, target), x, target)


def test_every_number_of_the_trace_has_its_address():
    net = network()
    x, target = np.random.default_rng(3).normal(size=4), np.array([1.0, 0.0])
    circuit, trace = unroll(net, x, target), net.trace(x[None], target[None])
    for layer in trace.layers:
        for k in range(len(layer.bias)):
            unit = f"{layer.name}[{k + 1}]"
            assert circuit.value_of(f"{unit}.z") == pytest.approx(layer.z[0, k], rel=1e-12)
            assert circuit.value_of(f"{unit}.a") == pytest.approx(layer.a[0, k], rel=1e-12)
            assert circuit.gradient_of(f"{unit}.z") == pytest.approx(layer.delta[0, k], rel=1e-12)
            assert circuit.value_of(f"{unit}.b") == layer.bias[k]
            for i in range(len(layer.weight)):
                assert circuit.value_of(f"{unit}.w[{i + 1}]") == layer.weight[i, k]
    assert [circuit.value_of(f"input[{i}]") for i in (1, 2, 3, 4)] == x.tolist()
    assert [circuit.value_of(f"target[{k}]") for k in (1, 2)] == target.tolist()
    assert circuit.value_of("loss") == circuit.value


def test_the_loss_is_named_apart_from_the_penalty():
    net, plain = network(l2=0.1), network()
    x, target = np.ones(4), np.array([1.0, 0.0])
    circuit = unroll(net, x, target)
    assert circuit.value_of("loss") == pytest.approx(plain.loss(x[None], target[None]), rel=1e-12)
    weights = [block for name, block in net.blocks(net.parameters).items() if "weight" in name]
    penalty = 0.05 * sum((w**2).sum() for w in weights)
    assert circuit.value_of("penalty") == pytest.approx(penalty, rel=1e-12)


def test_parameters_and_pixels_can_be_set():
    net = network()
    x, target = np.ones(4), np.array([1.0, 0.0])
    circuit = unroll(net, x, target)
    circuit.set({"hidden[2].w[3]": 0.5, "input[1]": 0, "output[1].b": -2})
    net.layers[0].weight[2, 1], x[0], net.layers[1].bias[0] = 0.5, 0, -2
    assert_same_gradients(net, circuit, x, target)


def test_sums_activations_and_the_loss_fold():
    net = network("swish")
    x, target = np.ones(4), np.array([1.0, 0.0])
    circuit = unroll(net, x, target)
    folded = circuit.fold(*circuit.foldable)
    units = ["hidden[1].z", "hidden[1].a", "hidden[3].z", "output[2].z", "loss"]
    assert set(units) <= set(circuit.foldable)
    assert len(folded.gates) == 3 + 3 + 2 + 2 + 1
    assert_same_gradients(net, folded, x, target)
    inside = folded.inside(folded.node("hidden[2].z").index)
    assert len(inside.gates) == 8
    assert "hidden[2].w[1]" in inside.inputs


def test_the_12_3_2_network_has_its_gates():
    layers = [Dense(3, "sigmoid", name="hidden"), Dense(2, "sigmoid", name="output")]
    net = Network(layers, input_shape=(12,), loss="squared_error", seed=0)
    circuit = unroll(net, np.ones(12), np.array([1.0, 0.0]))
    # 12·3 + 3·2 products, as many sums, 5 sigmoids; ½Σ(t − a)²: 2 differences, 2 squares, a sum, ½.
    assert len(circuit.gates) == 42 + 42 + 5 + 6
    assert len(circuit.inputs) == 12 + 47 + 2


def test_what_has_no_gates_is_refused():
    x, target = np.ones(4), np.array([1.0, 0.0])
    with pytest.raises(CircuitError, match="step of hidden"):
        unroll(network("step"), x, target)
    with pytest.raises(CircuitError, match="2 samples"):
        unroll(network(), np.ones((2, 4)), np.ones((2, 2)))
    with pytest.raises(EngineError):
        unroll(network(), np.ones(5), target)
    with pytest.raises(EngineError):
        unroll(network(), np.array([1, 2, 3, np.nan]), target)


def test_too_large_a_network_is_refused():
    net = Network([Dense(100), Dense(1)], input_shape=(400,), seed=0)
    with pytest.raises(CircuitError, match="50,000"):
        unroll(net, np.ones(400), np.ones(1))
