"""Training takes little memory: 8 × the parameters + 6 × the activations of a batch."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from nnsim.engine import Conv2D, Dense, Flatten, MaxPool2D, Network, Trainer


def dense() -> Network:
    layers = [Dense(256, "relu"), Dense(256, "sigmoid"), Dense(10, "softmax")]
    return Network(layers, (64,), "softmax_cross_entropy", dtype="float32")


def images() -> Network:
    layers = [Conv2D(16, 5, activation="relu"), MaxPool2D(2), Conv2D(32, 5, activation="relu"),
              MaxPool2D(2), Flatten(), Dense(10, "softmax")]  # fmt: skip
    return Network(layers, (28, 28, 1), "softmax_cross_entropy", dtype="float32")


@pytest.mark.parametrize(("make", "batch"), [(dense, 250), (images, 48)])
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_peak_memory(make, batch, optimizer):
    probe, rng = make(), np.random.default_rng(0)
    x = rng.random((300, *probe.input_shape)).astype(np.float32)
    t = np.eye(10, dtype=np.float32)[rng.integers(0, 10, 300)]
    outputs = sum(int(np.prod(layer.output_shape)) for layer in probe.layers)
    allowed = 8 * probe.parameters.nbytes + 6 * 4 * batch * outputs
    list(Trainer(probe, optimizer, batch_size=batch).run(x, t, epochs=1))  # imports, caches
    tracemalloc.start()
    try:
        for progress in Trainer(make(), optimizer, 0.01, batch).run(x, t, epochs=2):
            assert np.isfinite(progress.loss)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= allowed


@pytest.mark.parametrize("what", ["forward", "loss", "gradients"])
def test_many_samples_go_through_a_large_layer_in_blocks(what):
    net = Network([Dense(50_000, "relu"), Dense(1)], (1,))
    x = np.linspace(-1, 1, 2000)[:, None]
    tracemalloc.start()
    try:
        assert np.isfinite(net.forward(x) if what == "forward" else getattr(net, what)(x, x)).all()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # The activations of all samples at once are 800 MB, and as much for z, δ and the slopes each.
    assert peak < 250e6
