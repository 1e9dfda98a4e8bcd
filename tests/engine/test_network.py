"""Networks: shapes, live views, published figures, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from nnsim.engine import Activation, Dense, EngineError, Network, Trainer


def mazur() -> Network:
    """The network of Matt Mazur, "A Step by Step Backpropagation Example" (2015)."""
    net = Network(
        [Dense(2, "sigmoid", name="hidden"), Dense(2, "sigmoid", name="output")],
        input_shape=(2,),
        reduction="sum",
    )
    hidden, output = net.layers
    hidden.weight[:] = [[0.15, 0.25], [0.20, 0.30]]
    hidden.bias[:] = 0.35
    output.weight[:] = [[0.40, 0.50], [0.45, 0.55]]
    output.bias[:] = 0.60
    return net


X, T = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])


def test_mazurs_forward_pass():
    trace = mazur().trace(X, T)
    assert trace.layers[0].z[0, 0] == pytest.approx(0.3775, abs=1e-12)
    assert trace.layers[0].a[0] == pytest.approx([0.593269992, 0.596884378], abs=1e-9)
    assert trace.output[0] == pytest.approx([0.75136507, 0.772928465], abs=1e-8)
    assert trace.loss == pytest.approx(0.298371109, abs=1e-9)


def test_mazurs_backward_pass():
    trace = mazur().trace(X, T)
    assert trace["output"].delta[0, 0] == pytest.approx(0.138498562, abs=1e-9)
    assert trace["output"].grad_weight[0, 0] == pytest.approx(0.082167041, abs=1e-9)
    assert trace["hidden"].grad_weight[0, 0] == pytest.approx(0.000438568, abs=1e-9)


def test_mazurs_update():
    # The article leaves the biases as they are.
    net = mazur()
    list(Trainer(net, learning_rate=0.5, train_biases=False).run(X, T, epochs=1))
    assert net.layers[1].weight[:, 0] == pytest.approx([0.35891648, 0.408666186], abs=1e-8)
    assert net.layers[1].weight[:, 1] == pytest.approx([0.511301270, 0.561370121], abs=1e-8)
    assert net.layers[0].weight[:, 0] == pytest.approx([0.149780716, 0.19956143], abs=1e-8)
    assert net.layers[0].weight[:, 1] == pytest.approx([0.24975114, 0.29950229], abs=1e-8)
    assert net.layers[0].bias.tolist() == [0.35, 0.35]
    assert net.loss(X, T) == pytest.approx(0.291027924, abs=3e-5)


def test_forward_is_affine_then_activation():
    net = Network([Dense(4, "tanh"), Dense(3, "identity")], input_shape=(5,), seed=3)
    x = np.random.default_rng(0).normal(size=(7, 5))
    first, second = net.layers
    hidden = np.tanh(x @ first.weight + first.bias)
    assert np.allclose(net.forward(x), hidden @ second.weight + second.bias, rtol=0, atol=1e-14)


def test_views_are_live_and_copies_stay():
    net = Network([Dense(3, "sigmoid", name="hidden"), Dense(2)], input_shape=(12,))
    x = np.ones((1, 12))
    before = net.forward(x)
    kept = before.copy()
    snapshot = net.parameters.copy()
    net.layers[0].weight[4, 1] = 9
    assert np.count_nonzero(net.parameters != snapshot) == 1
    assert not np.array_equal(net.forward(x), kept)
    assert np.array_equal(before, kept)
    net.parameters[:] = snapshot
    assert np.array_equal(net.forward(x), kept)
    assert net.layers[0].weight.shape == (12, 3)
    net.layers[0].bias = [1, 2, 3]
    assert net.layers[0].bias.tolist() == [1, 2, 3]


def test_trace_agrees_with_forward_loss_and_gradients():
    net = Network([Dense(4, "relu"), Activation("tanh"), Dense(2, "sigmoid")], (3,), seed=1, l2=0.1)
    rng = np.random.default_rng(1)
    x, t = rng.normal(size=(6, 3)), rng.random((6, 2))
    trace = net.trace(x, t)
    assert np.array_equal(trace.output, net.forward(x))
    assert trace.loss == pytest.approx(net.loss(x, t), rel=1e-14)
    parts = net.blocks(net.gradients(x, t))
    assert np.array_equal(trace.layers[0].grad_weight, parts["layer1.weight"])
    assert np.array_equal(trace.layers[2].grad_bias, parts["layer3.bias"])
    # Without penalty ∂C/∂b is the sum of δ, and ∂C/∂W is xᵀ δ.
    assert trace.layers[0].grad_bias == pytest.approx(trace.layers[0].delta.sum(axis=0), abs=1e-15)
    outer = trace.layers[0].x.T @ trace.layers[0].delta + 0.1 * net.layers[0].weight
    assert np.allclose(trace.layers[0].grad_weight, outer, atol=1e-15)
    untargeted = net.trace(x)
    assert untargeted.loss is None
    assert untargeted.layers[0].delta is None


def test_summary_counts_parameters():
    net = Network([Dense(3, "sigmoid", name="hidden"), Dense(2, "sigmoid")], input_shape=(12,))
    rows = [tuple(row) if isinstance(row, tuple) else row for row in net.summary()]
    assert [(r.name, r.kind, r.output_shape, r.parameters) for r in rows] == [
        ("hidden", "dense", (3,), 39),
        ("layer2", "dense", (2,), 8),
    ]
    assert net.summary().parameters == 47
    assert "47" in str(net.summary())


def test_same_seed_same_start_and_initialize():
    def made(seed: int) -> Network:
        return Network([Dense(3), Dense(2)], input_shape=(4,), seed=seed)

    assert np.array_equal(made(5).parameters, made(5).parameters)
    assert not np.array_equal(made(5).parameters, made(6).parameters)
    net = made(5)
    net.initialize("constant:0.5")
    assert (net.layers[0].weight == 0.5).all()
    assert (net.layers[0].bias == 0).all()
    net.initialize(seed=6)
    assert np.array_equal(net.parameters, made(6).parameters)
    net.initialize(seed=5)
    assert np.array_equal(net.parameters, made(5).parameters)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Dense(0), "units is 0"),
        (lambda: Dense(2.5), "whole number"),
        (lambda: Dense(20_000_000), "10,000,000"),
        (lambda: Dense(3, "sigmiod"), "unknown activation 'sigmiod'"),
        (lambda: Dense(3, initializer="constant"), "needs a value"),
        (lambda: Dense(3, initializer="xavier:2"), "takes no value"),
        (lambda: Network([], (2,)), "at least one layer"),
        (lambda: Network([Dense(2)], ()), "input_shape"),
        (lambda: Network([Dense(2)], "ab"), "input_shape"),
        (lambda: Network([Dense(2)], (3, 3, 1)), "Flatten"),
        (
            lambda: Network([Dense(2, name="a"), Dense(2, name="a")], (2,)),
            'two layers are called "a"',
        ),
        (lambda: Network([Dense(2)], (2,), loss="mse"), "unknown loss 'mse'"),
        (lambda: Network([Dense(2)], (2,), reduction="max"), "mean"),
        (lambda: Network([Dense(2)], (2,), dtype="int32"), "float64"),
        (lambda: Network([Dense(2)], (2,), l2=-1), "l2 is -1"),
        (lambda: Network([Dense(2)], (2,), seed=None), "seed is None"),
        (lambda: Network([Dense(2)], (10**6, 10**6)), "more than 10,000,000"),
        (lambda: Network([Dense(100_000), Dense(100_000)], (2,)), "parameters"),
        (lambda: Network([Dense(2)], (2,), loss="binary_cross_entropy"), "sigmoid"),
        (lambda: Network([Dense(1)], (2,), loss="softmax_cross_entropy"), "two outputs"),
    ],
)
def test_what_makes_no_sense_is_refused(make, sentence):
    with pytest.raises(EngineError, match=sentence.replace("(", r"\(")):
        make()


@pytest.mark.parametrize(
    ("x", "sentence"),
    [
        (np.zeros(3), "(1, 3)"),
        (np.zeros((2, 4)), "(m, 3)"),
        (np.zeros((0, 3)), "no samples"),
        ([[1, 2, 3], [1, 2]], "rows differ"),
        ([["a", "b", "c"]], "real numbers"),
        (np.zeros((1, 3), complex), "real numbers"),
        ([[0, np.nan, 0]], "x[0, 1] = nan"),
        ([[0, 0, np.inf]], "x[0, 2] = inf"),
    ],
)
def test_bad_samples_are_refused(x, sentence):
    net = Network([Dense(2)], input_shape=(3,))
    with pytest.raises(EngineError) as refusal:
        net.forward(x)
    assert sentence in str(refusal.value)


def test_numbers_too_large_for_float32_are_refused():
    net = Network([Dense(2)], input_shape=(1,), dtype="float32")
    with pytest.raises(EngineError, match="too large for float32"):
        net.forward([[1e39]])


def test_targets_are_checked():
    net = Network([Dense(2)], input_shape=(3,))
    with pytest.raises(EngineError, match="2 samples, but target has 1"):
        net.loss(np.zeros((2, 3)), np.zeros((1, 2)))
    with pytest.raises(EngineError, match="target has shape"):
        net.loss(np.zeros((2, 3)), np.zeros((2, 3)))


def test_training_through_a_step_is_refused():
    net = Network([Dense(1, "step")], input_shape=(2,))
    assert net.forward([[0.0, 0.0]]).tolist() == [[1.0]]
    with pytest.raises(EngineError, match="step activation"):
        Trainer(net).run(np.zeros((1, 2)), np.zeros((1, 1)))
    with pytest.raises(EngineError, match="step activation"):
        net.plan(1)
    assert net.plan(1, training=False).outputs.shape == (1, 1)


def test_parameters_are_written_in_place():
    net = Network([Dense(2)], (3,), dtype="float32")
    live = net.parameters
    net.parameters = np.arange(8)
    assert net.parameters is live
    assert net.layers[0].weight.tolist() == [[0, 4], [1, 5], [2, 6]]
    assert net.layers[0].bias.tolist() == [3, 7]
    net.parameters += 1
    assert net.parameters is live
    assert live.tolist() == list(range(1, 9))
    for bad in (0.0, np.zeros(7), np.zeros((2, 4)), [[0.0] * 8]):
        with pytest.raises(EngineError, match=r"parameters has shape .*, but the network has 8: "):
            net.parameters = bad
    with pytest.raises(EngineError, match="parameters holds str"):
        net.parameters = ["a"] * 8
    assert live.tolist() == list(range(1, 9))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_what_is_computed_in_blocks_is_what_is_computed_at_once(reduction, monkeypatch):
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(50, 3)), rng.random((50, 2))
    net = Network([Dense(4, "tanh"), Dense(2)], (3,), reduction=reduction, l2=0.3, l1=0.1)
    whole = net.forward(x), net.losses(x, t), net.loss(x, t), net.gradients(x, t)
    monkeypatch.setattr("nnsim.engine.network._BLOCK", 7)
    parts = net.forward(x), net.losses(x, t), net.loss(x, t), net.gradients(x, t)
    for one, other in zip(whole, parts, strict=True):
        assert np.allclose(one, other, rtol=1e-13, atol=1e-14)
