"""Many networks at once: the same numbers as one after the other."""

from __future__ import annotations

import numpy as np
import pytest

from nnsim.engine import (
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    EngineError,
    Ensemble,
    Flatten,
    Network,
    Trainer,
)
from nnsim.engine import ensemble as module


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(11, 4)), np.eye(2)[rng.integers(0, 2, 11)]


def dense(seed: int = 0) -> Network:
    return Network([Dense(3, "sigmoid"), Dense(2, "sigmoid")], (4,), seed=seed, l2=0.01)


def mixed(seed: int = 0) -> Network:
    layers = [BatchNorm(), Dense(3, "tanh"), BatchNorm(), Dense(4, "gelu"), Dense(2, "softmax")]
    return Network(layers, (4,), "softmax_cross_entropy", seed=seed, l1=0.01)


def dropped(seed: int = 0) -> Network:
    return Network([Dense(3, "relu"), Dropout(0.3), Dense(2)], (4,), loss="hinge", seed=seed)


@pytest.mark.parametrize("make", [dense, mixed, dropped])
@pytest.mark.parametrize("batch_size", [None, 4])
@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "rmsprop", "adamw"])
def test_as_many_separate_runs(make, batch_size, optimizer, monkeypatch):
    monkeypatch.setattr(module, "_GROUP_BYTES", 4000)  # several groups, the last one smaller
    x, t = data()
    seeds, rates = [3, 1, 4, 1, 5], [0.1, 0.05, 0.02, 0.2, 0.1]
    many = Ensemble(make(), seeds, rates, optimizer, batch_size, schedule="cosine")
    *_, progress = many.run(x, t, epochs=6)
    assert many.parameters.shape == (5, make().parameters.size)
    for r, (seed, rate) in enumerate(zip(seeds, rates, strict=True)):
        net = make(seed)
        trainer = Trainer(net, optimizer, rate, batch_size, seed=seed, schedule="cosine")
        *_, last = trainer.run(x, t, epochs=6)
        assert np.allclose(many.parameters[r], net.parameters, rtol=1e-12, atol=1e-12)
        assert progress.losses[r] == pytest.approx(last.loss, rel=1e-12)
        assert progress.costs[r] == pytest.approx(last.cost, rel=1e-12)
        assert progress.accuracies[r] == last.accuracy
        one = many.network(r)
        assert np.allclose(one.forward(x), net.forward(x), rtol=0, atol=1e-12)
        assert np.allclose(many.forward(x)[r], net.forward(x), rtol=0, atol=1e-12)
    assert many.losses(x, t) == pytest.approx(progress.losses)
    assert len(many) == 5


@pytest.mark.parametrize("make", [dense, dropped])
def test_one_seed_to_shuffle_by_and_frozen_biases(make):
    x, t = data()
    many = Ensemble(make(), [3, 1], 0.1, batch_size=4, train_biases=False, shuffle_seed=8)
    list(many.run(x, t, epochs=5))
    for r, seed in enumerate([3, 1]):
        net = make(seed)
        list(Trainer(net, "sgd", 0.1, 4, seed=8, train_biases=False).run(x, t, epochs=5))
        assert np.allclose(many.parameters[r], net.parameters, rtol=1e-12, atol=1e-12)
        assert not net.layers[-1].bias.any()


def test_one_that_diverges_leaves_the_others_alone():
    x = np.arange(-1.0, 5)[:, None]
    net = Network([Dense(1)], (1,), loss="mean_squared_error")
    many = Ensemble(net, seeds=7, learning_rates=[0.05, 5.0, 0.1])
    *_, last = many.run(x, 2 * x - 1, epochs=1500)
    assert many.alive.tolist() == [True, False, True]
    assert np.isfinite(many.parameters).all()
    assert last.accuracies is None
    for r in (0, 2):
        assert many.network(r).forward([[10.0]])[0, 0] == pytest.approx(19, abs=1e-6)


def test_images_too():
    rng = np.random.default_rng(0)
    x, t = rng.random((5, 4, 4, 1)), np.eye(2)[[0, 1, 0, 1, 1]]

    def make(seed: int = 0) -> Network:
        return Network([Conv2D(2, 2, activation="relu"), Flatten(), Dense(2)], (4, 4, 1), seed=seed)

    many = Ensemble(make(), [8, 9], 0.1)
    list(many.run(x, t, epochs=3))
    for r, seed in enumerate([8, 9]):
        net = make(seed)
        list(Trainer(net, learning_rate=0.1).run(x, t, epochs=3))
        assert np.allclose(many.network(r).parameters, net.parameters, rtol=0, atol=1e-12)


def test_metrics_must_be_read_in_time():
    x, t = data()
    first, second = Ensemble(dense(), range(3)).run(x, t, epochs=2)
    with pytest.raises(EngineError, match="epoch 1"):
        _ = first.losses
    assert second.losses.shape == (3,)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"seeds": [1, 2], "learning_rates": [0.1, 0.2, 0.3]}, "2 seeds and 3 learning rates"),
        ({"seeds": []}, "0 seeds"),
        ({"seeds": [1, -2]}, "seed is -2"),
        ({"seeds": 1, "learning_rates": [0.1, np.inf]}, "finite"),
        ({"seeds": range(2_000_000)}, "2000000 seeds"),
    ],
)
def test_what_makes_no_sense_is_refused(options, sentence):
    with pytest.raises(EngineError, match=sentence):
        Ensemble(dense(), **options)


def test_a_rate_whose_square_overflows_takes_out_its_network_alone():
    network = Network([Dense(1)], 2)
    ensemble = Ensemble(network, range(3), [0.1, 1e200, 0.2])
    list(ensemble.run(np.ones((4, 2)), np.array([[1.0], [0], [1], [0]]), epochs=2))
    assert ensemble.alive.tolist() == [True, False, True]
