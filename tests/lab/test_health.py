"""Dead and saturated units, in networks whose numbers can be worked out by hand."""

import math

import numpy as np
import pytest

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.lab.reading.signals import FLAT, GradientHistory, Looking, in_one_line, troubles


@pytest.fixture
def lab_of(tmp_path):
    """A bench with dense layers of these activations and sizes, and these inputs and targets."""

    def make(layers, inputs, targets, loss="squared_error"):
        rows = ",".join(
            f'{{ type = "dense", name = "{name}", units = {units}, activation = "{activation}" }}'
            for name, units, activation in layers
        )
        path = tmp_path / "made.toml"
        path.write_text(
            f'id = "made"\ninput = {{ kind = "vector", shape = [{len(inputs[0])}] }}\n'
            f'[network]\nloss = "{loss}"\nlayers = [{rows}]\n'
            f"[data]\ninputs = {inputs}\ntargets = {targets}\n"
        )
        return Lab(load(path))

    return make


def found(lab):
    return troubles(Looking().signals(lab.network, lab.experiment))


def set_layer(lab, name, weight, bias):
    layer = lab.network.layer(name)
    layer.weight[...], layer.bias[...] = weight, bias
    lab.changed(parameters=True)


def test_a_relu_unit_that_is_0_for_every_sample_is_dead(lab_of):
    layers = [("hidden", 3, "relu"), ("output", 1, "identity")]
    lab = lab_of(layers, [[0.0], [1.0], [2.0]], [[0.0], [1.0], [2.0]])
    # z of the units: x, −x − 1 (never above 0), and x − 2, which is 0 for all three samples.
    set_layer(lab, "hidden", [[1.0, -1.0, 1.0]], [0.0, -1.0, -2.0])
    (trouble,) = found(lab)
    assert (trouble.kind, trouble.layer, trouble.units) == ("dead", "hidden", (1, 2))
    assert trouble.sentence == "hidden: 2 of 3 units are dead, 0 for all 3 samples: 2, 3"
    set_layer(lab, "hidden", [[1.0, -1.0, 1.0]], [0.0, -1.0, -1.5])  # 0.5 for the last sample
    (trouble,) = found(lab)
    assert trouble.sentence == "hidden[2] is dead: 0 for all 3 samples"
    # And it is true: no gradient reaches its weight and bias.
    data = lab.experiment.data
    gradient = lab.network.blocks(lab.network.gradients(data.inputs, data.targets))
    assert gradient["hidden.weight"][0, 1] == gradient["hidden.bias"][1] == 0


def test_leaky_relu_is_never_dead(lab_of):
    layers = [("hidden", 1, "leaky_relu"), ("output", 1, "identity")]
    lab = lab_of(layers, [[1.0], [2.0]], [[0.0], [1.0]])
    set_layer(lab, "hidden", [[-5.0]], [-5.0])
    assert found(lab) == ()


@pytest.mark.parametrize(
    # Where the slope is 2 % of the steepest: 4a(1−a) = 0.02 and z = log(a/(1−a));
    # 1 − tanh² z = 0.02.
    ("activation", "edge"),
    [
        ("sigmoid", math.log((1 + math.sqrt(1 - FLAT)) / (1 - math.sqrt(1 - FLAT)))),
        ("tanh", math.atanh(math.sqrt(1 - FLAT))),
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_unit_is_saturated_beyond_where_its_slope_is_a_fiftieth(lab_of, activation, edge, sign):
    layers = [("hidden", 2, activation), ("output", 1, "identity")]
    lab = lab_of(layers, [[1.0]] * 20, [[1.0]] * 20)
    set_layer(lab, "hidden", [[sign * edge * 1.001, sign * edge * 0.999]], 0.0)
    (trouble,) = found(lab)
    assert (trouble.kind, trouble.units) == ("saturated", (0,))
    assert trouble.sentence == "hidden[1] is saturated: slope below 2% for 20 of 20 samples"


def test_the_edges_that_the_documentation_names():
    a = 1 / (1 + math.exp(-5.28))
    assert 4 * a * (1 - a) == pytest.approx(FLAT, rel=0.02)
    assert 1 - math.tanh(2.64) ** 2 == pytest.approx(FLAT, rel=0.02)


@pytest.mark.parametrize(("between", "saturated"), [(1, True), (2, False)])
def test_nearly_all_samples_are_19_of_20(lab_of, between, saturated):
    inputs = [[0.0]] * between + [[9.0]] * (20 - between)
    layers = [("hidden", 1, "sigmoid"), ("output", 1, "identity")]
    lab = lab_of(layers, inputs, [[0.0]] * 20)
    set_layer(lab, "hidden", [[1.0]], [0.0])
    assert [t.kind for t in found(lab)] == (["saturated"] if saturated else [])


def test_outputs_that_are_flat_and_right_are_no_trouble(lab_of):
    layers = [("output", 1, "sigmoid")]
    lab = lab_of(layers, [[-1.0], [1.0]], [[0.0], [1.0]])
    set_layer(lab, "output", [[20.0]], [0.0])
    assert found(lab) == ()
    set_layer(lab, "output", [[-20.0]], [0.0])  # sure of the opposite
    (trouble,) = found(lab)
    assert trouble.sentence == "output[1] is saturated: flat for 2 of the 2 samples it says wrong"
    other = lab_of(layers, [[-1.0], [1.0]], [[0.0], [1.0]], loss="binary_cross_entropy")
    set_layer(other, "output", [[-20.0]], [0.0])  # δ = a − t: this loss pulls it back
    assert found(other) == ()


def test_overflown_numbers_and_no_data_are_no_trouble(lab_of):
    layers = [("hidden", 2, "tanh"), ("output", 1, "identity")]
    lab = lab_of(layers, [[1.0]], [[0.0]])
    lab.network.parameters[:] = np.nan
    assert found(lab) == ()
    assert troubles(None) == ()


def test_many_units_are_named_up_to_eight_and_layers_in_one_line(lab_of):
    layers = [("one", 12, "relu"), ("two", 1, "relu"), ("output", 1, "identity")]
    lab = lab_of(layers, [[1.0]], [[0.0]])
    set_layer(lab, "one", [[-1.0] * 12], 0.0)
    set_layer(lab, "two", [[0.0]] * 12, -1.0)
    first, second = found(lab)
    assert first.sentence.endswith("samples: 1, 2, 3, 4, 5, 6, 7, 8, …")
    assert in_one_line(found(lab)) == f"{first.sentence} · {second.sentence}"
    assert in_one_line(()) == ""


def test_of_a_convolution_the_unit_is_the_filter(lab_of):
    lab = Lab(load("digits-8x8-cnn"), untrained=True)
    conv = lab.network.layers[0]
    conv.weight[..., 2], conv.bias[2] = 0.0, -1.0
    names = [(t.layer, t.units) for t in found(lab) if t.kind == "dead"]
    assert (conv.name, (2,)) in names


def test_gradient_lengths_are_those_of_central_differences(lab_of):
    layers = [("hidden", 3, "tanh"), ("output", 2, "sigmoid")]
    lab = lab_of(layers, [[0.3, -1.0], [2.0, 0.5]], [[0.0, 1.0], [1.0, 0.0]])
    net, data = lab.network, lab.experiment.data
    signals = Looking().signals(net, lab.experiment)
    gradient = np.zeros_like(net.parameters)
    for i in range(gradient.size):
        kept = net.parameters[i]
        ends = []
        for nudge in (1e-6, -1e-6):
            net.parameters[i] = kept + nudge
            ends.append(net.loss(data.inputs, data.targets))
        net.parameters[i] = kept
        gradient[i] = (ends[0] - ends[1]) / 2e-6
    hidden = net.layers[0].parameter_count
    assert signals.layers[0].norm == pytest.approx(np.linalg.norm(gradient[:hidden]), rel=1e-6)
    assert signals.layers[1].norm == pytest.approx(np.linalg.norm(gradient[hidden:]), rel=1e-6)


def test_past_gradients_are_those_of_their_epochs_and_computed_once():
    lab = Lab(load("digits-4x3"), untrained=True)
    lab.run("train 200")
    history = GradientHistory()
    points, whole = history.along(lab.timeline.run, 32, 10.0)
    assert whole
    assert (points[0][0], points[-1][0]) == (0, 200)
    assert 16 <= len(points) <= 33
    again, _whole = history.along(lab.timeline.run, 32, 0.0)
    assert again == points
    epoch, norms = points[len(points) // 2]
    lab.run(f"rewind {epoch}")
    signals = Looking().signals(lab.network, lab.experiment)
    assert {la.name: la.norm for la in signals.layers} == pytest.approx(norms, rel=1e-12)


def test_of_a_large_set_every_class_is_looked_at():
    lab = Lab(load("digits-8x8"), untrained=True)
    signals = Looking().signals(lab.network, lab.experiment)
    assert (signals.samples, signals.of) == (512, lab.experiment.data.count)
    assert set(signals.targets.argmax(axis=1)) == set(range(10))


def test_layers_without_parameters_have_no_gradient():
    lab = Lab(load("digits-8x8-cnn"), untrained=True)
    layers = Looking().signals(lab.network, lab.experiment).layers
    for layer in layers:
        assert (layer.norm is None) == (layer.parameters == 0)
        assert (layer.root_mean_square is None) == (layer.parameters == 0)
        assert layer.a.shape[1] == layer.units
    assert any(layer.norm is None for layer in layers)


@pytest.mark.parametrize("size", [1e200, 1e308, np.inf, np.nan])
def test_overflown_gradients_have_a_length_all_the_same(size):
    lab = Lab(load("planar"), untrained=True)
    lab.network.parameters[:] = size
    layers = Looking().signals(lab.network, lab.experiment).layers
    assert all(layer.norm is not None for layer in layers)
    assert troubles(Looking().signals(lab.network, lab.experiment)) is not None


def test_a_pass_in_parts_is_the_pass_over_all():
    lab = Lab(load("digits-8x8"), untrained=True)  # 512 samples go through it in parts
    looking = Looking()
    signals = looking.signals(lab.network, lab.experiment)
    data = lab.experiment.data
    rows = np.unique(np.linspace(0, data.count - 1, 512).round()).astype(int)
    x, target = data.inputs[rows], data.targets[rows]
    gradient = lab.network.gradients(x, target)
    hidden = lab.network.layers[0].parameter_count
    assert signals.layers[0].norm == pytest.approx(np.linalg.norm(gradient[:hidden]), rel=1e-9)
    np.testing.assert_allclose(signals.layers[-1].a, lab.network.forward(x), rtol=1e-9)
    assert looking.norms(lab.network, lab.experiment) == {
        layer.name: pytest.approx(layer.norm) for layer in signals.layers
    }
