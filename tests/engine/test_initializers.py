"""First weights: their distributions, and how they are named."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nnsim.engine import Conv2D, Dense, EngineError, Network


def weights(rule: object, activation: str = "identity") -> np.ndarray:
    net = Network([Dense(200, activation, initializer=rule)], (300,), seed=4)
    assert (net.layers[0].bias == 0).all()
    return net.layers[0].weight


@pytest.mark.parametrize(
    ("rule", "bound", "deviation"),
    [
        ("zeros", 0, 0),
        ("constant:0.5", 0.5, 0),
        (("constant", -2), 2, 0),
        ("uniform", 1, 1 / math.sqrt(3)),
        ("uniform:0.1", 0.1, 0.1 / math.sqrt(3)),
        ("normal", None, 1),
        ("normal:0.01", None, 0.01),
        # Glorot and Bengio 2010, eq. 16: uniform on ±√6 / √(n_in + n_out).
        ("xavier", math.sqrt(6 / 500), math.sqrt(6 / 500 / 3)),
        # He et al. 2015, eq. 10: normal with variance 2 / n_in.
        ("he", None, math.sqrt(2 / 300)),
    ],
)
def test_distributions(rule, bound, deviation):
    w = weights(rule)
    if bound is not None:
        assert bound * 0.999 <= np.abs(w).max() <= bound
    # 60,000 draws: the standard deviation is known to about .3 %.
    assert w.std() == pytest.approx(deviation, rel=0.02, abs=1e-15)
    if deviation:
        assert abs(w.mean()) < 5 * deviation / math.sqrt(w.size)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu"])
def test_he_is_the_default_of_the_relu_family(activation):
    assert np.array_equal(weights(None, activation), weights("he"))


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "identity", "softmax"])
def test_xavier_is_the_default_of_the_rest(activation):
    assert np.array_equal(weights(None, activation), weights("xavier"))


def test_fans_of_a_convolution():
    net = Network([Conv2D(64, 5, activation="relu")], (9, 9, 16), seed=0)
    assert net.layers[0].weight.std() == pytest.approx(math.sqrt(2 / (25 * 16)), rel=0.02)


@pytest.mark.parametrize(
    "rule",
    ["xaver", "constant", "constant:x", "constant:inf", "zeros:1", "normal:-1", 3, None.__class__],
)
def test_what_makes_no_sense_is_refused(rule):
    with pytest.raises(EngineError, match="initializer"):
        Dense(2, initializer=rule)


@pytest.mark.parametrize("make", [lambda given: Dense(2, initializer=given),
                                  lambda given: Conv2D(2, 3, initializer=given)])  # fmt: skip
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (np.ones((3, 2)), r"initializer of shape \(3, 2\): give one of zeros, .* set the layer's"),
        (np.ones(2), r"initializer of shape \(2,\): give one of zeros"),
        ([[1, 2], [3, 4]], r"initializer \[\[1, 2\], \[3, 4\]\]: give one of .* set the layer's"),
        ((np.ones(2), 3), "give one of zeros"),
        (("constant", np.ones(3)), '"constant" needs a finite number'),
        (5, "unknown initializer 5: give one of zeros, constant, normal, uniform, xavier, he$"),
    ],
)
def test_values_are_no_initializer(make, given, said):
    with pytest.raises(EngineError, match=said):
        make(given)
