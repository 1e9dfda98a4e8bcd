"""Layers against plain loops, and their gradients against nudged losses over random shapes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnsim.engine import (
    ACTIVATIONS,
    Activation,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    EngineError,
    Flatten,
    MaxPool2D,
    Network,
    check_gradients,
)

TRAINABLE = sorted(set(ACTIVATIONS) - {"step"})
LOSSES = ["squared_error", "mean_squared_error", "softmax_cross_entropy", "hinge"]


def batch(net: Network, m: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(m, *net.input_shape))
    if net.loss_function.classifies and net.output_shape != (1,):
        return x, np.eye(net.output_shape[0])[rng.integers(0, net.output_shape[0], m)]
    return x, rng.random((m, *net.output_shape))


def assert_gradients(net: Network, m: int, seed: int, stiff: bool = False) -> None:
    """Compare in both modes; `stiff` for batch norm, which magnifies rounding by 1/√ε."""
    rng = np.random.default_rng(seed)
    net.parameters[:] += rng.normal(0, 0.1, net.parameters.shape)
    x, t = batch(net, m, seed)
    for training in (False, True):
        exact = check_gradients(net, x, t, "complex", training)
        assert exact.largest < (1e-7 if stiff else 1e-9), (training, exact)
        nudged = check_gradients(net, x, t, "central", training)
        # Losses of size 1 are rounded to 2e-16, so differences over 2h = 2e-5 to 1e-11: beside the
        # smallest gradients that count, 1e-5, that is 1e-6 for each rounding that adds up.
        assert nudged.largest < (1e-4 if stiff else 2e-5), (training, nudged)
    assert exact.checked > 0


@given(
    n_in=st.integers(1, 5), units=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    m=st.integers(1, 6), seed=st.integers(0, 10**6), data=st.data(),
)  # fmt: skip
def test_dense_networks(n_in, units, m, seed, data):
    names = [data.draw(st.sampled_from(TRAINABLE)) for _ in units]
    loss = data.draw(st.sampled_from(LOSSES))
    if loss in ("softmax_cross_entropy", "hinge"):
        units[-1] = max(2, units[-1])
    if data.draw(st.booleans()):
        names[-1], loss = "sigmoid", "binary_cross_entropy"
    net = Network(
        [Dense(n, name) for n, name in zip(units, names, strict=True)],
        (n_in,),
        loss=loss,
        reduction=data.draw(st.sampled_from(["mean", "sum"])),
        l2=data.draw(st.sampled_from([0, 0.3])),
        l1=data.draw(st.sampled_from([0, 0.2])),
        seed=seed,
    )
    assert_gradients(net, m, seed)


@given(
    height=st.integers(3, 7), width=st.integers(3, 7), channels=st.integers(1, 3),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)), stride=st.integers(1, 3),
    padding=st.integers(0, 2), size=st.integers(1, 3), pool_stride=st.integers(1, 3),
    average=st.booleans(), m=st.integers(1, 3), seed=st.integers(0, 10**6),
)  # fmt: skip
def test_image_networks(
    height, width, channels, kernel, stride, padding, size, pool_stride, average, m, seed
):
    conv = Conv2D(2, kernel, stride, padding, activation="tanh")
    rows, columns, _ = conv.shape_after((height, width, channels))
    size = min(size, rows, columns)
    pool = (AveragePool2D if average else MaxPool2D)(size, pool_stride)
    layers = [Conv2D(2, 1), conv, pool, BatchNorm(), Flatten(), Dense(2, "softmax")]
    net = Network(layers, (height, width, channels), loss="softmax_cross_entropy", seed=seed)
    assert_gradients(net, m, seed, stiff=True)


@given(n=st.integers(1, 4), m=st.integers(1, 6), seed=st.integers(0, 10**6))
def test_normalized_networks(n, m, seed):
    layers = [BatchNorm(), Dense(n, "elu"), Dropout(0.4), Dense(3), BatchNorm(epsilon=0.1),
              Activation("gelu"), Dense(1, "sigmoid")]  # fmt: skip
    net = Network(layers, (n,), loss="binary_cross_entropy", seed=seed)
    net.running[:] += np.random.default_rng(seed).random(net.running.shape)
    assert_gradients(net, m, seed, stiff=True)


@given(
    height=st.integers(2, 6), width=st.integers(2, 6), channels=st.integers(1, 3),
    kernel=st.tuples(st.integers(1, 3), st.integers(1, 3)), stride=st.integers(1, 3),
    padding=st.integers(0, 2), seed=st.integers(0, 10**6),
)  # fmt: skip
def test_convolution_is_the_sum_over_the_window(
    height, width, channels, kernel, stride, padding, seed
):
    kernel = (min(kernel[0], height), min(kernel[1], width))
    net = Network([Conv2D(3, kernel, stride, padding)], (height, width, channels), seed=seed)
    conv = net.layers[0]
    x = np.random.default_rng(seed).normal(size=(2, height, width, channels))
    conv.bias = [1, 2, 3]
    padded = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    z = net.forward(x)
    rows, columns = ((s + 2 * padding - k) // stride + 1 for s, k in zip((height, width), kernel))  # noqa: B905
    assert z.shape == (2, rows, columns, 3)
    for m in range(2):
        for r in range(rows):
            for c in range(columns):
                top, left = r * stride, c * stride
                window = padded[m, top : top + kernel[0], left : left + kernel[1]]
                for f in range(3):
                    wanted = (window * conv.weight[:, :, :, f]).sum() + conv.bias[f]
                    assert z[m, r, c, f] == pytest.approx(wanted, abs=1e-12)


@given(
    height=st.integers(1, 7), width=st.integers(1, 7), size=st.integers(1, 3),
    stride=st.integers(1, 3), seed=st.integers(0, 10**6),
)  # fmt: skip
def test_pools_take_whole_windows_and_drop_the_rest(height, width, size, stride, seed):
    size = min(size, height, width)
    x = np.random.default_rng(seed).normal(size=(2, height, width, 2))
    for layer, of in ((MaxPool2D(size, stride), np.max), (AveragePool2D(size, stride), np.mean)):
        a = Network([layer], (height, width, 2)).forward(x)
        rows, columns = (height - size) // stride + 1, (width - size) // stride + 1
        assert a.shape == (2, rows, columns, 2)
        for r in range(rows):
            for c in range(columns):
                window = x[:, r * stride : r * stride + size, c * stride : c * stride + size]
                assert a[:, r, c] == pytest.approx(of(window, axis=(1, 2)), abs=1e-14)


def test_convolution_over_many_rows_at_a_time():
    # So many samples that the windows take several turns in the column buffer.
    net = Network([Conv2D(4, 3, padding=1), Flatten(), Dense(2)], (9, 8, 3), dtype="float64")
    x = np.random.default_rng(0).normal(size=(400, 9, 8, 3))
    t = np.zeros((400, 2))
    one = np.concatenate([net.forward(sample[None]) for sample in x])
    assert np.allclose(net.forward(x), one, rtol=0, atol=1e-12)
    parts = np.mean([net.gradients(x[i : i + 40], t[:40]) for i in range(0, 400, 40)], axis=0)
    assert np.allclose(net.gradients(x, t), parts, rtol=0, atol=1e-12)


def test_max_pool_gives_to_the_first_winner_only():
    net = Network([Conv2D(1, 1), MaxPool2D(2)], (2, 2, 1), reduction="sum")
    net.layers[0].weight[:] = 1
    trace = net.trace(np.ones((1, 2, 2, 1)), np.zeros((1, 1, 1, 1)))
    assert trace.layers[0].delta[0, :, :, 0].tolist() == [[1, 0], [0, 0]]


def test_flatten_is_row_by_row():
    x = np.arange(24.0).reshape(1, 2, 3, 4)
    assert Network([Flatten()], (2, 3, 4)).forward(x).tolist() == x.reshape(1, -1).tolist()
    flat = np.arange(6.0).reshape(1, 2, 3)
    assert Network([Flatten()], (2, 3)).forward(flat).tolist() == flat.reshape(1, -1).tolist()


def test_weights_of_a_convolution_are_live():
    net = Network([Conv2D(2, (2, 3), name="conv")], (4, 4, 3))
    assert net.layers[0].weight.shape == (2, 3, 3, 2)
    net.parameters[:] = 0
    net.layers[0].weight[1, 2, 0, 1] = 5
    x = np.zeros((1, 4, 4, 3))
    x[0, 1, 2, 0] = 1
    assert net.forward(x)[0, 0, 0].tolist() == [0, 5]
    assert net.summary()[0].parameters == 2 * 3 * 3 * 2 + 2


def test_batch_norm_by_hand():
    net = Network([BatchNorm(momentum=0.8, epsilon=1e-5)], (1,))
    bn = net.layers[0]
    x = np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])  # mean 3, biased variance 2
    trace = net.trace(x, np.zeros((5, 1)), training=True)
    assert trace.output[:, 0] == pytest.approx((x[:, 0] - 3) / np.sqrt(2 + 1e-5), abs=1e-14)
    assert trace.layers[0].saved["mean"] == pytest.approx([3])
    assert trace.layers[0].saved["variance"] == pytest.approx([2])
    # Looking, even in training mode, changes nothing; in use the running statistics count.
    assert (bn.running_mean[0], bn.running_variance[0]) == (0, 1)
    assert net.forward(x) == pytest.approx(x / np.sqrt(1 + 1e-5))
    plan = net.plan(5)
    plan.inputs[:], plan.targets[:] = x, 0
    plan.run()
    assert bn.running_mean == pytest.approx([0.2 * 3])
    assert bn.running_variance == pytest.approx([0.8 + 0.2 * 2])


def test_batch_norm_of_images_is_per_channel():
    x = np.random.default_rng(0).normal(size=(3, 4, 5, 2))
    a = Network([BatchNorm()], (4, 5, 2)).trace(x, training=True).output
    assert a.mean(axis=(0, 1, 2)) == pytest.approx([0, 0], abs=1e-12)
    assert a.var(axis=(0, 1, 2)) == pytest.approx([1, 1], abs=1e-4)


def test_dropout_is_inverted_and_off_in_use():
    net = Network([Dropout(0.25)], (1000,))
    x = np.ones((20, 1000))
    assert np.array_equal(net.forward(x), x)
    a = net.trace(x, training=True).output
    assert set(np.unique(a)) == {0, 1 / 0.75}
    # 20,000 draws: the share that is kept lies within five standard deviations.
    assert abs((a > 0).mean() - 0.75) < 5 * np.sqrt(0.75 * 0.25 / 20_000)
    net.layers[0].rate = 0
    assert np.array_equal(net.trace(x, training=True).output, x)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Network([Conv2D(1, 5)], (4, 4, 1)), "larger than its padded input"),
        (lambda: Network([Conv2D(1, 2)], (4,)), "takes images"),
        (lambda: Network([MaxPool2D(3)], (2, 2, 1)), "larger than its input"),
        (lambda: Conv2D(1, (1, 2, 3)), "kernel_size"),
        (lambda: Conv2D(1, 2, stride=0), "stride is 0"),
        (lambda: Conv2D(1, 2, padding=-1), "padding is -1"),
        (lambda: Conv2D(1, 2, activation="softmax"), "flat layer"),
        (lambda: Dropout(1), "rate is 1"),
        (lambda: Dropout("half"), "rate is 'half'"),
        (lambda: BatchNorm(momentum=2), "momentum is 2"),
        (lambda: BatchNorm(epsilon=0), "epsilon is 0"),
        (lambda: Network([Activation("softmax")], (2, 2, 1)), "flat input"),
        (lambda: Network([Conv2D(10_000, 1)], (100, 100, 1)), "10,000,000"),
    ],
)
def test_what_makes_no_sense_is_refused(make, sentence):
    with pytest.raises(EngineError, match=sentence):
        make()
