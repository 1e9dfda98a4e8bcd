"""Gradient checks find what is planted, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from nnsim.engine import (
    BUGS,
    BatchNorm,
    Conv2D,
    Dense,
    EngineError,
    Flatten,
    Network,
    Trainer,
    check_gradients,
)


def network(**options: object) -> Network:
    layers = [Dense(3, "tanh", name="hidden"), Dense(2, "sigmoid", name="output")]
    return Network(layers, (4,), seed=1, **options)


def data(m: int = 6) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(m, 4)), rng.random((m, 2))


@pytest.mark.parametrize("method", ["central", "complex"])
def test_a_sound_network_passes(method):
    check = check_gradients(network(l2=0.1), *data(), method)
    assert check.passed
    assert check.verdict == "pass"
    assert list(check.blocks) == ["hidden.weight", "hidden.bias", "output.weight", "output.bias"]
    assert check.largest == max(check.blocks.values()) < 1e-7
    assert check.checked == 23
    assert check.layer("hidden") == max(check.blocks["hidden.weight"], check.blocks["hidden.bias"])
    with pytest.raises(EngineError, match="no parameters"):
        check.layer("other")


def test_float32_is_checked_in_float64():
    assert check_gradients(network(dtype="float32"), *data()).passed


@pytest.mark.parametrize("bug", BUGS)
@pytest.mark.parametrize("layer", ["hidden", "output"])
def test_a_planted_bug_is_found_in_its_layer(bug, layer):
    net, (x, t) = network(), data()
    sound = net.gradients(x, t)
    net.plant(bug, layer)
    assert net.bug == (bug, ["hidden", "output"].index(layer))
    check = check_gradients(net, x, t)
    assert check.verdict == "fail"
    assert check.layer(layer) > 1e-3
    if (bug, layer) != ("forgot_slope", "output"):  # that one spoils what comes below it, too
        other = "output" if layer == "hidden" else "hidden"
        assert check.layer(other) < 1e-7
    assert not np.allclose(net.gradients(x, t), sound)
    net.mend()
    assert net.bug is None
    assert np.array_equal(net.gradients(x, t), sound)
    assert check_gradients(net, x, t).passed


def test_a_bug_reaches_a_trainer_that_runs_already():
    net, other, (x, t) = network(), network(), data()
    trainer = Trainer(net)
    list(trainer.run(x, t, epochs=1))
    list(Trainer(other).run(x, t, epochs=1))
    net.plant("wrong_sign", "output")
    g = other.gradients(x, t)
    before = net.parameters.copy()
    list(trainer.run(x, t, epochs=1))
    step = before - net.parameters
    assert np.allclose(step[:15], 0.2 * g[:15], rtol=0, atol=1e-14)
    assert np.allclose(step[15:], -0.2 * g[15:], rtol=0, atol=1e-14)


def test_bugs_in_a_convolution():
    layers = [Conv2D(2, 2, activation="tanh", name="conv"), Flatten(), Dense(2)]
    net = Network(layers, (3, 3, 2), seed=1)
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(3, 3, 3, 2)), rng.random((3, 2))
    for bug in BUGS:
        net.plant(bug, "conv")
        assert check_gradients(net, x, t).layer("conv") > 1e-3, bug
    net.mend()
    assert check_gradients(net, x, t).passed


@pytest.mark.parametrize(
    ("make", "bug", "layer", "sentence"),
    [
        (network, "typo", "hidden", "unknown bug"),
        (network, "doubled", "third", "no layer 'third'"),
        (lambda: network(reduction="sum"), "missing_mean", "hidden", "no 1/m"),
        (lambda: network(loss="binary_cross_entropy"), "forgot_slope", "output", "no slope"),
        (lambda: Network([Dense(1, name="a")], (4,)), "mixed_up", "a", "one row"),
        (lambda: Network([Dense(2, name="a")], (4,)), "forgot_slope", "a", "no activation"),
        (lambda: Network([BatchNorm(name="a")], (4,)), "no_bias", "a", "no weights"),
        (lambda: Network([Flatten(name="a"), Dense(1)], (4,)), "doubled", "a", "no parameters"),
    ],
)
def test_bugs_that_would_change_nothing_are_refused(make, bug, layer, sentence):
    with pytest.raises(EngineError, match=sentence):
        make().plant(bug, layer)


def test_kinks_are_skipped():
    net = Network([Dense(2, "relu", name="a"), Dense(1, name="b")], (1,), seed=0)
    net.parameters[:] = [1, 0, 1, 0, 1, 1, 0]  # z = 0 exactly for x = 0
    for method in ("central", "complex"):
        check = check_gradients(net, [[0.0], [1.0]], [[3.0], [1.0]], method)
        assert check.passed
        assert check.skipped["a.bias"] == 2
        assert check.skipped["b.weight"] == 0


def test_some_of_many():
    check = check_gradients(network(), *data(), most=2)
    assert check.checked == 8
    assert check.passed
    with pytest.raises(EngineError, match="method"):
        check_gradients(network(), *data(), "forward")


def test_the_network_is_left_as_it_was():
    net = network()
    before = net.parameters.copy()
    check_gradients(net, *data(), training=True)
    assert np.array_equal(net.parameters, before)
