"""Walks, step by step, against published numbers; and the commands that walk."""

import numpy as np
import pytest

from nnsim.experiments import load
from nnsim.lab import Lab, LabError, NoValueError
from nnsim.lab.hiding import Selection
from nnsim.lab.walk import Place, Walk


def kinds(walk: Walk) -> list[str]:
    return [step.kind for step in walk]


def test_the_way_forward_at_three_grains(mazur):
    assert kinds(Walk(mazur, "forward", "layer")) == ["input", "layer", "layer", "loss"]
    assert kinds(Walk(mazur, "forward", "neuron")) == ["input", *["unit"] * 4, "loss"]
    unit = ["term", "term", "bias", "activation"]
    assert kinds(Walk(mazur, "forward", "term")) == [
        "input", *unit * 4, "loss_term", "loss_term", "loss",
    ]  # fmt: skip


def test_the_way_forward_by_lines_fills_what_the_trace_holds(mazur):
    walk = Walk(mazur, "forward", "line")
    texts = [step.call.text for step in walk if step.call]
    assert texts[0] == "hidden_W.dot(x1, out=hidden_z)"
    assert walk[1].sentence == "hidden: z = W x + b: hidden_W.dot(x1, out=hidden_z)"
    assert kinds(walk) == ["input"] + ["line"] * len(texts)
    filled = {step.call.writes[0]: step.call.after for step in walk if step.call}
    np.testing.assert_array_equal(filled["output.a"][:, 0], mazur.trace.layers[1].a[0])
    assert filled["losses"] == pytest.approx(0.298371109, abs=1e-9)
    assert walk[walk.find("output[2].a")].layer == 1
    assert walk[1].address == "hidden[1].z"


def test_the_way_back_by_lines_ends_with_the_published_weights(mazur):
    """Mazur's w1 … w8 after the step, as the trainer's own tape computes them; nothing changes."""
    walk = Walk(mazur, "backward", "line")
    assert walk[0].kind == "loss"
    after = walk[-1].call
    assert (after.section, after.writes[0]) == ("update", "parameters")
    hidden, output = after.after.reshape(2, 2, 3)  # units × weights, the bias last
    published = [[0.149780716, 0.19956143, 0.35], [0.24975114, 0.29950229, 0.35]]
    np.testing.assert_allclose(hidden, published, atol=6e-9)
    published = [[0.35891648, 0.408666186, 0.6], [0.511301270, 0.561370121, 0.6]]
    np.testing.assert_allclose(output, published, atol=6e-9)
    assert mazur.read("output[1].w[1]") == 0.4
    assert walk[walk.find("hidden[1].w[1].grad")].layer == 0


def test_lines_of_training_say_that_they_are_not_those_in_use(random_labs):
    layers = ['{ type = "dropout", name = "drop", rate = 0.5 }', '{ type = "dense", units = 2 }']
    inputs = '{ kind = "vector", names = ["a", "b"] }'
    rng = np.random.default_rng(1)
    lab = random_labs.open(inputs, layers, "squared_error", rng, 2, 2)
    assert "as in training" in Walk(lab, "backward", "line")[0].sentence
    lab.network.muted = {0: {0}}
    lab.changed(parameters=True)
    walk = Walk(lab, "backward", "line")  # muted units don't train: there is no update
    assert {step.call.section for step in walk if step.call} == {"backward"}


def test_the_way_back_at_three_grains(mazur):
    assert kinds(Walk(mazur, "backward", "layer")) == [
        "loss", "delta_layer", "gradient_layer", "delta_layer", "gradient_layer",
        "update_layer", "update_layer", "after",
    ]  # fmt: skip
    term = Walk(mazur, "backward", "term")
    assert kinds(term)[:5] == ["loss", "upstream", "local", "upstream", "local"]
    assert kinds(term)[5:11] == ["gradient"] * 6
    assert kinds(term)[11:14] == ["upstream", "upstream", "local"]


def test_the_update_and_the_loss_after_it_are_as_published(mazur):
    """Mazur's tables: w1 … w8 after the step, and the error it leaves (his biases stay)."""
    walk = Walk(mazur, "backward", "term")
    after = {
        step.address: step.table.values[0, 3]
        for step in walk
        if step.kind == "update" and ".w" in step.address
    }
    published = {
        "output[1].w[1]": 0.35891648, "output[1].w[2]": 0.408666186,
        "output[2].w[1]": 0.511301270, "output[2].w[2]": 0.561370121,
        "hidden[1].w[1]": 0.149780716, "hidden[1].w[2]": 0.19956143,
        "hidden[2].w[1]": 0.24975114, "hidden[2].w[2]": 0.29950229,
    }  # fmt: skip
    assert after == pytest.approx(published, abs=6e-9)
    assert walk[-1].lines[1].value == pytest.approx(0.291027924, abs=2e-7)
    assert "falls from 0.2984 to 0.291" in walk[-1].sentence
    biases = [s for s in walk if s.kind == "update" and s.address.endswith(".b")]
    assert all("frozen" in step.sentence for step in biases)
    assert mazur.read("output[1].w[1]") == 0.4


def test_the_loss_after_a_plain_step_is_that_of_the_engine(random_labs):
    rng = np.random.default_rng(7)
    layers = [
        '{ type = "dense", name = "hidden", units = 3, activation = "tanh" }',
        '{ type = "dense", name = "out", units = 2, activation = "softmax" }',
    ]
    inputs = '{ kind = "vector", names = ["a", "b"] }'
    lab = random_labs.open(inputs, layers, "softmax_cross_entropy", rng, 2, 2)
    after = Walk(lab, "backward", "neuron")[-1].lines[1].value
    x, target = lab.input[None], lab.target[None]
    plan = lab.network.plan(1, learning_rate=lab.trainer.learning_rate)
    plan.inputs[...], plan.targets[...] = x, target
    plan.run()
    assert after == pytest.approx(lab.network.losses(x, target)[0], rel=1e-12)


def test_table_diagram_and_pixels_point_at_the_same_thing(mazur):
    step = Walk(mazur, "forward", "term")[2]
    assert step.address == "hidden[1].w[2]"
    assert step.addresses == ("hidden[1].w[2]", "input[2]")
    assert step.table.current == 1
    assert step.highlight.sources == {Selection(-1, 1)}
    assert step.highlight.units == {Selection(0, 0)}
    assert step.highlight.weights == {Selection(0, 0, 1)}
    assert step.table.values[1].tolist() == pytest.approx([0.1, 0.2, 0.02, 0.0275])
    assert [line.value for line in step.lines] == [None] * 4


def test_results_appear_one_after_another(mazur):
    walk = Walk(mazur, "forward", "term")
    bias, activation = walk[3], walk[4]
    assert [line.label for line in bias.lines if line.value is not None] == [
        "Σ wᵢ·xᵢ", "+ b", "z",
    ]  # fmt: skip
    assert activation.lines[-1].value == pytest.approx(0.593269992, abs=1e-9)
    assert activation.curve.name == "sigmoid"
    assert activation.curve.z == pytest.approx(0.3775)
    assert activation.curve.slope == pytest.approx(0.241300709, abs=1e-9)


def test_each_step_back_has_its_gate(mazur):
    walk = Walk(mazur, "backward", "term")
    by_kind = {(step.kind, step.address): step.role for step in walk}
    assert by_kind["upstream", "output[1].w[1]"] == "swap"
    assert by_kind["local", "hidden[1].delta"] == "scale"
    assert by_kind["gradient", "hidden[1].b.grad"] == "distribute"
    assert walk[11].role_words.startswith("swaps")


def test_relu_and_max_pooling_are_routers(random_labs):
    rng = np.random.default_rng(3)
    layers = [
        '{ type = "conv2d", name = "conv", filters = 1, kernel_size = 2, activation = "relu" }',
        '{ type = "max_pool2d", name = "pool", size = 2 }',
        '{ type = "flatten", name = "flat" }',
        '{ type = "dense", name = "out", units = 2 }',
    ]
    lab = random_labs.open(
        '{ kind = "pixels", shape = [3, 3] }', layers, "squared_error", rng, 9, 2
    )
    walk = Walk(lab, "backward", "term")
    roles = {(step.layer, step.kind): step.role for step in walk if step.layer == 0}
    assert roles[0, "upstream"] == "route"
    assert roles[0, "local"] == "route"
    local = next(step for step in walk if (step.layer, step.kind) == (0, "local"))
    assert local.role_words == "routes: lets the gradient through above 0 and stops it otherwise"
    step = Walk(lab, "forward", "term")[Walk(lab, "forward", "term").find("conv[1].z[2,2]")]
    assert (step.window.top, step.window.left, step.window.rows) == (1, 1, 2)
    assert step.table.labels[0] == "2,2"


def test_nothing_comes_back_to_a_muted_unit(mazur):
    mazur.run("mute hidden[1]")
    for step in Walk(mazur, "backward", "term"):
        if step.address == "hidden[1].delta":
            assert "δ = 0" in step.sentence
    assert Walk(mazur, "backward", "term").find("hidden[1].delta") is not None


def test_any_of_a_hundred_thousand_steps_is_as_near_as_the_first(random_labs):
    layers = [
        '{ type = "dense", name = "hidden", units = 128, activation = "relu" }',
        '{ type = "dense", name = "output", units = 10, activation = "softmax" }',
    ]
    rng = np.random.default_rng(0)
    inputs = '{ kind = "pixels", shape = [28, 28] }'
    lab = random_labs.open(inputs, layers, "softmax_cross_entropy", rng, 784, 10)
    walk = Walk(lab, "forward", "term")
    assert len(walk) == 1 + 128 * 786 + 10 * 129 + 10 + 10 + 1 + 11
    assert walk[1 + 127 * 786 + 783].address == "hidden[128].w[784]"
    assert walk[-1].address == "loss"
    assert walk[len(walk) - 1].index == len(walk) - 1
    with pytest.raises(IndexError):
        walk[len(walk)]
    assert walk.find("hidden[128].z") == 1 + 127 * 786


def test_matrices_for_the_sample_and_for_the_batch():
    lab = Lab(load("digits-4x3"))
    lab.run("sample 5")
    walk = Walk(lab, "forward", "neuron")
    index = walk.find("hidden[1].z")
    for batch, m in ((False, 1), (True, 64)):
        view = walk.matrices(index, batch=batch)
        named = {matrix.name: matrix for matrix in view.matrices}
        assert view.samples == m
        assert named["x"].shape == (m, 12)
        assert (named["W"].axes, named["W"].shape) == (("n_in", "n_out"), (12, 3))
        assert named["z"].line == "hidden_W.dot(x1, out=hidden_z)"
        assert named["a"].line == "np.reciprocal(hidden_a, out=hidden_a)"
        z = named["x"].values @ named["W"].values + named["b"].values
        np.testing.assert_allclose(named["z"].values, z, rtol=1e-12)
    back = Walk(lab, "backward", "layer")
    view = back.matrices(back.find("hidden[1].delta"), batch=True)
    named = {matrix.name: matrix.values for matrix in view.matrices}
    delta = (named["δ of output"] @ named["W of output"].T) * named["f′(z)"]
    np.testing.assert_allclose(named["δ"], delta, rtol=1e-12)
    assert view.matrices[-1].line == "np.multiply(hidden_delta, slopes[0:3], out=hidden_delta)"
    gradients = back.matrices(back.find("hidden[1].w[1].grad"), batch=True)
    named = {matrix.name: matrix.values for matrix in gradients.matrices}
    np.testing.assert_allclose(named["∂C/∂W"], named["x"].T @ named["δ"], atol=1e-14)


def test_a_step_says_whether_it_gives_a_hidden_number_away(mazur):
    walk = Walk(mazur, "forward", "term")
    hidden = {"hidden[1].z"}
    assert [step.index for step in walk if step.gives_away(hidden)] == [3, 4]


# --- commands ------------------------------------------------------------------------------------


def test_walking_moves_what_is_looked_at(mazur):
    said = mazur.run("forward term")
    assert said.startswith("1/20")
    assert str(mazur.focus) == "input[1]"
    mazur.run("next")
    assert str(mazur.focus) == "hidden[1].w[1]"
    mazur.run("next 3")
    assert mazur.walk_step.kind == "activation"
    mazur.run("previous")
    assert mazur.walk_step.kind == "bias"
    mazur.run("last")
    assert mazur.walk_step.kind == "loss"
    mazur.run("first")
    assert mazur.walk_place == Place("forward", "term", 0)


def test_moves_are_undone_together(mazur):
    mazur.run("set hidden[1].b 0.5")
    for line in ("backward", "next", "next", "previous", "last"):
        mazur.run(line)
    mazur.run("undo")
    assert mazur.walk_place is None
    assert mazur.walk_step is None
    assert mazur.read("hidden[1].b") == 0.5
    mazur.run("redo")
    assert mazur.walk_step.kind == "after"


def test_another_grain_goes_on_from_the_same_place(mazur):
    mazur.run("forward neuron")
    mazur.run("next 3")
    assert mazur.walk_step.address == "output[1].a"
    mazur.run("forward term")
    assert mazur.walk_step.address == "output[1].w[1]"
    mazur.run("forward layer")
    assert mazur.walk_step.address == "output[1].a"
    mazur.run("forward line")
    assert mazur.walk_step.address == "output[1].z"
    mazur.run("forward term")
    assert mazur.walk_step.address == "output[1].w[1]"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("next", "no walk"),
        ("last", "no walk"),
        ("forward leap", "layer, neuron, term"),
        ("forward term neuron", "say it like this"),
    ],
)
def test_what_is_no_walk_is_refused(mazur, line, said):
    with pytest.raises(LabError, match=said):
        mazur.run(line)
    assert mazur.walk_place is None


def test_the_ends_and_bad_counts_are_refused(mazur):
    mazur.run("forward layer")
    for line in ("previous", "next 0", "next -1", "next x", "first now"):
        with pytest.raises(LabError):
            mazur.run(line)
    mazur.run("next 1000")
    with pytest.raises(LabError, match="last step"):
        mazur.run("next")


def test_the_way_back_needs_a_target(mazur):
    mazur.run("clear")
    with pytest.raises(NoValueError, match="target"):
        mazur.run("backward")
    mazur.run("sample 1")
    mazur.run("backward")
    mazur.run("clear")
    assert mazur.walk_step is None


def test_a_walk_shows_what_is_on_the_bench_now(mazur):
    mazur.run("forward")
    mazur.run("next")
    mazur.run("set hidden[1].b 1")
    assert mazur.walk_step.lines[2].value == pytest.approx(1.0275)
