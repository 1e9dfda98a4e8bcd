"""Losses: closed forms, published figures, extreme scores, refused targets."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nnsim.engine import Activation, Dense, EngineError, Network


def through(loss: str, *activations: str, n: int = 3, **options: object) -> Network:
    """A network that hands its input through: the scores are what one puts in."""
    return Network([Activation(a) for a in activations], (n,), loss=loss, **options)


def test_squared_error():
    net = through("squared_error", "identity", n=2, reduction="sum")
    assert net.loss([[1, 2]], [[4, 6]]) == pytest.approx(0.5 * (9 + 16))
    assert net.trace([[1, 2]], [[4, 6]]).layers[0].delta.tolist() == [[-3, -4]]


def test_mean_squared_error_is_over_outputs():
    net = through("mean_squared_error", "identity", n=2)
    assert net.loss([[1, 2], [4, 6]], [[4, 6], [4, 6]]) == pytest.approx((9 + 16) / 2 / 2)
    assert net.trace([[1, 2]], [[4, 6]]).layers[0].delta.tolist() == [[-3, -4]]


@pytest.mark.parametrize(
    ("scores", "right", "loss"),
    [  # Stanford cs231n, lecture 3, "Multiclass SVM loss": cat, car, frog
        ([3.2, 5.1, -1.7], 0, 2.9),
        ([1.3, 4.9, 2.0], 1, 0.0),
        ([2.2, 2.5, -3.1], 2, 12.9),
    ],
)
def test_hinge_of_cs231n(scores, right, loss):
    net = through("hinge", "identity")
    assert net.loss([scores], np.eye(3)[[right]]) == pytest.approx(loss, abs=1e-12)


def test_hinge_delta():
    delta = through("hinge", "identity").trace([[2.2, 2.5, -3.1]], [[0, 0, 1.0]]).layers[0].delta
    assert delta.tolist() == [[1, 1, -2]]


@pytest.mark.parametrize("activation", ["softmax", "identity"])
def test_softmax_cross_entropy_of_cs231n(activation):
    # cs231n notes, "Linear classification": scores -2.85, 0.86, 0.28, the right class is the third.
    net = through("softmax_cross_entropy", activation)
    assert net.loss([[-2.85, 0.86, 0.28]], [[0, 0, 1]]) == pytest.approx(1.04, abs=5e-3)
    e = [math.exp(z) for z in (-2.85, 0.86, 0.28)]
    assert net.loss([[-2.85, 0.86, 0.28]], [[0, 0, 1]]) == pytest.approx(-math.log(e[2] / sum(e)))


def test_softmax_delta_is_a_minus_t_over_m():
    net = Network([Dense(3, "softmax")], (4,), loss="softmax_cross_entropy", seed=1)
    x, t = np.random.default_rng(0).normal(size=(5, 4)), np.eye(3)[[0, 1, 2, 0, 1]]
    trace = net.trace(x, t)
    assert np.allclose(trace.layers[0].delta, (trace.output - t) / 5, rtol=0, atol=1e-16)


def test_binary_cross_entropy_sums_over_outputs():
    net = through("binary_cross_entropy", "sigmoid", n=2)
    a = [1 / (1 + math.exp(-z)) for z in (0.5, -1.5)]
    wanted = -math.log(a[0]) - (0.25 * math.log(a[1]) + 0.75 * math.log(1 - a[1]))
    assert net.loss([[0.5, -1.5]], [[1, 0.25]]) == pytest.approx(wanted, rel=1e-14)
    assert net.trace([[0.5, -1.5]], [[1, 0.25]]).layers[0].delta[0] == pytest.approx(
        [a[0] - 1, a[1] - 0.25]
    )


def test_extreme_scores_are_exact_and_silent():
    with np.errstate(all="raise", under="ignore"):
        bce = through("binary_cross_entropy", "sigmoid", n=2)
        x, t = np.array([[1e4, -1e4], [1e4, -1e4]]), np.array([[1.0, 0.0], [0.0, 1.0]])
        assert bce.losses(x, t).tolist() == [0, 2e4]
        assert bce.trace(x, t).layers[0].delta.tolist() == [[0, 0], [0.5, -0.5]]
        for activation in ("softmax", "identity"):
            ce = through("softmax_cross_entropy", activation, n=2)
            assert ce.losses(x, t).tolist() == [0, 2e4]
            assert ce.trace(x, t).layers[0].delta.tolist() == [[0, 0], [0.5, -0.5]]


def test_reduction_and_penalty():
    x, t = np.ones((4, 2)), np.zeros((4, 2))
    options = {"loss": "squared_error", "l2": 0.5, "l1": 0.25, "seed": 3}
    mean = Network([Dense(2)], (2,), reduction="mean", **options)
    whole = Network([Dense(2)], (2,), reduction="sum", **options)
    mean.layers[0].bias[:] = whole.layers[0].bias[:] = [7, -7]
    w = mean.layers[0].weight
    penalty = 0.25 * (w**2).sum() + 0.25 * np.abs(w).sum()
    losses = mean.losses(x, t)
    assert mean.loss(x, t) == pytest.approx(losses.mean() + penalty, rel=1e-14)
    assert whole.loss(x, t) == pytest.approx(losses.sum() + penalty, rel=1e-14)
    mean.l2 = mean.l1 = 0
    assert mean.loss(x, t) == pytest.approx(losses.mean(), rel=1e-14)


@pytest.mark.parametrize(
    ("loss", "activation", "target", "sentence"),
    [
        ("binary_cross_entropy", "sigmoid", [[0, 0.5, 1.5]], "from 0 to 1"),
        ("softmax_cross_entropy", "softmax", [[1, 1, 0]], "sum 1"),
        ("softmax_cross_entropy", "softmax", [[1.5, -0.5, 0]], "not negative"),
        ("hinge", "identity", [[1, 1, 0]], "a single 1"),
    ],
)
def test_targets_that_make_no_sense(loss, activation, target, sentence):
    with pytest.raises(EngineError, match=sentence):
        through(loss, activation).loss([[0, 0, 0]], target)


def test_accuracy():
    net = through("softmax_cross_entropy", "identity", n=3)
    x = [[1, 1, 0], [0, 2, 1], [0, 0, 5]]
    assert net.predict(x).tolist() == [0, 1, 2]  # the first on a tie
    assert net.accuracy(x, np.eye(3)[[0, 1, 0]]) == pytest.approx(2 / 3)
    one = through("squared_error", "identity", n=1)
    assert one.predict([[0.5], [0.49]]).tolist() == [1, 0]
    assert one.accuracy([[0.5], [0.49]], [[1], [1]]) == 0.5
    assert one.accuracy([[0.5]], [[3.7]]) is None
    two = through("squared_error", "identity", n=2)
    assert two.accuracy([[0.5, 0.2]], [[0.3, 0.7]]) is None
