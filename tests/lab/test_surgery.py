"""Muting units, joining linear layers, planting mistakes: what every number reads afterwards."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnsim.circuit import CircuitError
from nnsim.circuit.unroll import unroll
from nnsim.experiments import load
from nnsim.lab import Lab, LabError
from nnsim.lab.training.runner import Runner
from nnsim.lab.walk import Walk


@pytest.fixture
def lab():
    lab = Lab(load("demons"))
    lab.run("sample 3")
    return lab


# Muting ---------------------------------------------------------------------------------------


def test_everything_follows_from_a_muted_unit(lab):
    """As if the weights that lead out of B were 0, which is how to compute it by hand."""
    by_hand = Lab(load("demons"))
    by_hand.run("sample 3")
    for output in (1, 2):
        by_hand.run(f"set output[{output}].w[2] 0")
    z = lab.read("hidden[B].z")
    assert "hidden[2]" in lab.run("mute hidden[B]")
    assert lab.read("hidden[B].a") == 0
    assert lab.read("hidden[B].delta") == 0
    assert lab.read("hidden[B].z") == z != 0
    assert lab.view.layers[0].a[1] == 0
    for address in ("output[1].a", "output[2].delta", "loss", "cost", "right", "test_accuracy",
                    "hidden[1].w[5].grad", "output[1].w[1].grad", "prediction"):  # fmt: skip
        assert lab.read(address) == pytest.approx(by_hand.read(address), rel=1e-12), address
    assert lab.read("output[1].w[2]") != 0  # the weight itself is as it was
    assert lab.read("gradcheck.hidden") < 1e-7
    assert lab.explain("output[1].z").recompute() == pytest.approx(lab.read("output[1].z"))
    lab.run("unmute")
    assert lab.read("hidden[B].a") == pytest.approx(1 / (1 + np.exp(-z)), rel=1e-12)


def test_muting_adds_up_and_is_taken_back_one_by_one(lab):
    lab.run("mute hidden[1]")
    lab.run("mute hidden[C]")
    assert [lab.read(f"hidden[{u}].a") == 0 for u in "ABC"] == [True, False, True]
    assert "hidden[1], hidden[3]" in lab.run("unmute")
    lab.run("undo")
    with pytest.raises(LabError, match="is muted already"):
        lab.run("mute hidden[A]")
    with pytest.raises(LabError, match=r"hidden\[2\] is not muted, but hidden\[1\], hidden\[3\]"):
        lab.run("unmute hidden[2]")
    lab.run("unmute hidden[A]")
    assert [lab.read(f"hidden[{u}].a") == 0 for u in "ABC"] == [False, False, True]


@pytest.mark.parametrize("line", ["train 3", "step"])
def test_training_is_refused_while_a_unit_is_muted(lab, line):
    lab.run("mute hidden[2]")
    before = lab.network.parameters.copy()
    with pytest.raises(LabError, match=r"hidden\[2\] would not count in training; type unmute"):
        lab.run(line)
    with pytest.raises(LabError, match="unmute"):
        Runner(lab).run("train 3")
    assert np.array_equal(lab.network.parameters, before)
    assert lab.network.muted == {0: (1,)}


def test_the_past_can_be_looked_at_with_a_muted_unit(lab):
    lab.run("train 5")
    lab.run("mute hidden[2]")
    lab.run("rewind 2")
    assert lab.read("hidden[2].a") == 0
    assert lab.read("epoch") == 2
    lab.run("reset")
    assert lab.read("hidden[2].a") == 0


def test_walks_say_that_a_unit_is_muted_and_circuits_refuse(lab):
    lab.run("mute hidden[B]")
    for grain in ("neuron", "term"):
        said = [step.sentence for step in Walk(lab, "forward", grain) if "muted" in step.sentence]
        assert len(said) == 1
        assert "a = 0" in said[0]
    with pytest.raises(CircuitError, match="unmute"):
        unroll(lab.network, lab.input, lab.target)


def test_a_filter_is_muted_whole():
    lab = Lab(load("digits-8x8-cnn"), untrained=True)
    lab.run("sample 1")
    lab.run("mute conv[3]")
    a = lab.trace.layers[0].a[0]
    assert not a[..., 2].any()
    assert a[..., 1].any()


# Planting -------------------------------------------------------------------------------------


@pytest.mark.parametrize("bug", ["forgot_slope", "wrong_sign", "no_bias", "doubled", "mixed_up"])
@pytest.mark.parametrize("layer", ["hidden", "output"])
def test_a_planted_mistake_is_found_by_the_gradient_check_and_mended(lab, bug, layer):
    good = lab.network.gradients(lab.input[None], lab.target[None])
    assert lab.read(f"gradcheck.{layer}") < 1e-7
    assert bug in lab.run(f"plant {bug} {layer}")
    assert lab.read(f"gradcheck.{layer}") > 1e-2
    # δ goes wrong only where the slope is forgotten, and then in the layers below as well.
    if layer == "hidden" or bug != "forgot_slope":
        assert lab.read(f"gradcheck.{'output' if layer == 'hidden' else 'hidden'}") < 1e-7
    other = "output" if layer == "hidden" else "hidden"
    with pytest.raises(LabError, match=f"not in {other}"):
        lab.run(f"mend {other}")
    assert lab.read(f"gradcheck.{layer}") > 1e-2
    lab.run(f"mend {layer}")
    assert lab.read(f"gradcheck.{layer}") < 1e-7
    assert np.array_equal(lab.network.gradients(lab.input[None], lab.target[None]), good)


def test_a_second_mistake_takes_the_place_of_the_first(lab):
    lab.run("plant wrong_sign hidden")
    lab.run("plant doubled output")
    assert lab.read("gradcheck.hidden") < 1e-7
    assert lab.read("gradcheck.output") > 1e-2
    lab.run("undo")
    assert lab.read("gradcheck.hidden") > 1
    assert lab.read("gradcheck.output") < 1e-7


def test_training_with_a_planted_mistake_goes_the_wrong_way(lab):
    cost = lab.read("cost")
    lab.run("plant wrong_sign hidden")
    lab.run("plant wrong_sign output")
    lab.run("train 5")
    assert lab.read("cost") > cost


# Joining --------------------------------------------------------------------------------------


def activations(draw):
    names = draw(
        st.lists(st.sampled_from(["identity", "identity", "tanh"]), min_size=1, max_size=4)
    )
    return [*names, draw(st.sampled_from(["identity", "sigmoid"]))]


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_joined_layers_compute_the_same(random_labs, data):
    functions = activations(data.draw)
    widths = [data.draw(st.integers(1, 4)) for _f in functions[:-1]] + [2]
    layers = [
        f'{{ type = "dense", units = {n}, activation = "{f}" }}'
        for n, f in zip(widths, functions, strict=True)
    ]
    rng = np.random.default_rng(data.draw(st.integers(0, 999)))
    inputs = '{ kind = "vector", names = ["a", "b", "c"] }'
    lab = random_labs.open(inputs, layers, "squared_error", rng, 3, 2)
    x = rng.normal(size=(20, 3))
    before, cost = lab.network.forward(x), lab.read("cost")
    linear = functions[:-1].count("identity")
    if not linear:
        with pytest.raises(LabError, match="nothing to collapse"):
            lab.run("collapse")
        return
    lab.run("collapse")
    size = np.abs(before).max()
    np.testing.assert_allclose(lab.network.forward(x), before, rtol=1e-12, atol=1e-12 * size)
    assert lab.read("cost") == pytest.approx(cost, rel=1e-12)
    names = [layer.name for layer in lab.network.layers]
    assert names == [f"layer{i + 1}" for i in range(len(functions) - linear)]
    assert [layer.activation for layer in lab.network.layers] == [
        f for f in functions[:-1] if f != "identity"
    ] + functions[-1:]
    lab.run("undo")
    assert np.array_equal(lab.network.forward(x), before)
    assert len(lab.names.layers) == len(functions)


LINEAR = [
    '{ type = "dense", name = "one", units = 4 }',
    '{ type = "activation", name = "nothing", activation = "identity" }',
    '{ type = "dense", name = "two", units = 3, activation = "tanh", labels = ["P", "Q", "R"] }',
    '{ type = "dense", name = "three", units = 2 }',
]


@pytest.fixture
def linear(random_labs):
    inputs = '{ kind = "vector", names = ["a", "b"] }'
    return random_labs.open(inputs, LINEAR, "squared_error", np.random.default_rng(0), 2, 2)


def test_names_labels_and_focus_follow(linear):
    linear.run("optimizer momentum")
    linear.run("rate 0.05")
    linear.run("train 3")
    linear.run("forward neuron")
    linear.run("focus one[3].w[1]")
    first = {name: block.copy() for name, block in
             linear.network.blocks(linear.network.parameters).items()}  # fmt: skip
    assert "two is one layer from 2 to 3" in linear.run("collapse")
    assert [names.name for names in linear.names.layers] == ["two", "three"]
    assert linear.walk is None
    # W = W₁W₂ and b = b₁W₂ + b₂, from the definition.
    w = first["one.weight"] @ first["two.weight"]
    b = first["one.bias"] @ first["two.weight"] + first["two.bias"]
    assert linear.read("two[Q].w[2]") == pytest.approx(w[1, 1], rel=1e-12)
    assert linear.read("two[R].b") == pytest.approx(b[2], rel=1e-12)
    assert linear.read("parameters") == 3 * 3 + 4 * 2
    linear.names.resolve(linear.focus)
    assert (linear.read("epoch"), linear.read("learning_rate")) == (3, 0.05)
    assert linear.trainer.optimizer.name == "momentum"
    linear.run("undo")
    assert str(linear.focus) == "one[3].w[1]"
    assert linear.walk is not None


def test_a_collapsed_network_trains_and_resets(linear):
    linear.run("reset")
    x = np.random.default_rng(1).normal(size=(5, 2))
    start = linear.network.forward(x)
    linear.run("train 4")
    linear.run("collapse")
    cost = linear.read("cost")
    linear.run("train 5")
    assert linear.read("epoch") == 9
    assert linear.read("cost") < cost
    linear.run("reset")  # the start of the joined network says what the old start said
    np.testing.assert_allclose(linear.network.forward(x), start, rtol=1e-12)
    with pytest.raises(LabError, match="nothing to collapse"):
        linear.run("collapse")


@pytest.mark.parametrize(
    ("first", "said"), [("mute one[1]", "unmute"), ("plant doubled two", "mend")]
)
def test_what_would_get_lost_is_taken_out_first(linear, first, said):
    linear.run(first)
    with pytest.raises(LabError, match=said):
        linear.run("collapse")
    assert len(linear.network.layers) == 4
