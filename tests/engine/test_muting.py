"""Muted units: 0 goes on from them, and everything else is exact for the network that is left."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnsim.engine import (
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
    Trainer,
    check_gradients,
)

SMOOTH = ("identity", "sigmoid", "tanh", "softplus", "swish", "softmax")


def network(*layers, shape=(4,), **more):
    net = Network(list(layers), shape, seed=3, **more)
    net.parameters[:] = np.random.default_rng(5).normal(size=net.parameters.size)
    return net


@settings(max_examples=40, deadline=None)
@given(
    first=st.sampled_from(SMOOTH),
    second=st.sampled_from(SMOOTH),
    m=st.integers(1, 5),
    muted=st.dictionaries(st.integers(0, 1), st.sets(st.integers(0, 2), min_size=1), min_size=1),
)
def test_a_muted_unit_is_a_unit_that_nothing_listens_to(first, second, m, muted):
    """The same outputs as with the weights out of it set to 0, which is how one would build it."""
    net = network(Dense(3, first), Dense(3, second), Dense(2, "sigmoid"))
    cut = network(Dense(3, first), Dense(3, second), Dense(2, "sigmoid"))
    for layer, units in muted.items():
        cut.layers[layer + 1].weight[sorted(units)] = 0
    net.muted = muted
    rng = np.random.default_rng(m)
    x, target = rng.normal(size=(m, 4)), rng.uniform(size=(m, 2))
    np.testing.assert_allclose(net.forward(x), cut.forward(x), rtol=1e-12)
    np.testing.assert_allclose(net.losses(x, target), cut.losses(x, target), rtol=1e-12)
    trace, other = net.trace(x, target), cut.trace(x, target)
    for i in range(3):
        np.testing.assert_allclose(trace.layers[i].delta, other.layers[i].delta, rtol=1e-12)
        if i not in muted:
            np.testing.assert_allclose(trace.layers[i].a, other.layers[i].a, rtol=1e-12)
            continue
        units = sorted(muted[i])
        assert not trace.layers[i].a[:, units].any()
        assert trace.layers[i].z[:, units].any()
        # No gradient for the weights that lead out of it: it gives 0, whatever they are.
        assert not trace.layers[i + 1].grad_weight[units].any()


@pytest.mark.parametrize("method", ["central", "complex"])
def test_gradients_with_muted_channels_pass_the_check(method):
    net = network(
        Conv2D(3, 2, activation="tanh"),
        BatchNorm(),
        Activation("sigmoid"),
        MaxPool2D(2, 1),
        Dropout(0.3),
        AveragePool2D(2),
        Flatten(),
        Dense(3, "softmax"),
        shape=(6, 6, 2),
        loss="softmax_cross_entropy",
        l2=0.1,
    )
    rng = np.random.default_rng(0)
    x, target = rng.normal(size=(4, 6, 6, 2)), np.eye(3)[[0, 1, 2, 0]]
    for layer in range(7):
        net.muted = {layer: [1], 6: [0, 1, 5]}
        assert check_gradients(net, x, target, method).largest < 1e-6
        assert not net.trace(x).layers[layer].a[..., 1].any()


def test_unmuting_leads_back_to_the_same_numbers():
    net = network(Dense(3, "sigmoid"), Dense(2, "sigmoid"))
    x = np.random.default_rng(1).normal(size=(2, 4))
    before = net.forward(x)
    net.muted = {0: [2]}
    assert net.muted == {0: (2,)}
    assert not np.allclose(net.forward(x), before)
    net.muted = {}
    assert np.array_equal(net.forward(x), before)


def test_a_muted_network_still_writes_itself_as_a_program():
    net = network(Dense(3, "sigmoid"), Dense(2, "sigmoid"))
    net.muted = {0: [1]}
    plan = net.plan(2, training=False)
    plan.inputs[...] = np.random.default_rng(1).normal(size=(2, 4))
    plan.run()
    space = {}
    exec(plan.source(1), space)
    assert any(
        isinstance(value, np.ndarray) and np.array_equal(value, plan.outputs.T)
        for value in space.values()
    )


@pytest.mark.parametrize("muted", [{2: [0]}, {-1: [0]}, {0: [3]}, {0: [-1]}, {0: [0.5]}])
def test_what_is_no_unit_with_something_behind_it_is_refused(muted):
    net = network(Dense(3, "sigmoid"), Dense(3), Dense(2, "sigmoid"))
    net.muted = {1: [0]}
    with pytest.raises(EngineError, match=r"muted"):
        net.muted = muted
    assert net.muted == {1: (0,)}


def test_training_with_muted_units_is_refused():
    net = network(Dense(3, "sigmoid"), Dense(2, "sigmoid"))
    before = net.parameters.copy()
    x, target = np.ones((2, 4)), np.ones((2, 2))
    net.muted = {0: [1]}
    with pytest.raises(EngineError, match="unmute"):
        Trainer(net).step(x, target)
    with pytest.raises(EngineError, match="unmute"):
        next(Trainer(net).run(x, target, epochs=1))
    assert np.array_equal(net.parameters, before)
