"""Optimisers: the published rules in plain loops, and PyTorch where it is installed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nnsim.engine import OPTIMIZERS, Dense, EngineError, Network, Trainer
from nnsim.engine.optimizers import FLUSH_EVERY, Adam, Momentum, RMSProp

STEPS, RATE = 60, 0.05


def problem(dtype: str = "float64") -> tuple[Network, np.ndarray, np.ndarray]:
    net = Network([Dense(4, "tanh"), Dense(2, "sigmoid")], (3,), seed=1, dtype=dtype)
    rng = np.random.default_rng(0)
    return net, rng.normal(size=(8, 3)), rng.random((8, 2))


def by_the_book(name: str, net: Network, x: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The rules of torch.optim's documentation, parameter by parameter."""
    theta = net.parameters.copy()
    slots = [{"v": 0.0, "m": 0.0, "s": 0.0} for _ in theta]
    for step in range(1, STEPS + 1):
        net.parameters[:] = theta
        for i, g in enumerate(net.gradients(x, t)):
            slot = slots[i]
            if name == "sgd":
                theta[i] -= RATE * g
            elif name in ("momentum", "nesterov"):
                slot["v"] = 0.9 * slot["v"] + g
                theta[i] -= RATE * (slot["v"] if name == "momentum" else g + 0.9 * slot["v"])
            elif name == "adagrad":
                slot["s"] += g * g
                theta[i] -= RATE * g / (math.sqrt(slot["s"]) + 1e-10)
            elif name == "rmsprop":
                slot["s"] = 0.9 * slot["s"] + 0.1 * g * g
                theta[i] -= RATE * g / (math.sqrt(slot["s"]) + 1e-8)
            else:
                if name == "adamw":
                    theta[i] -= RATE * 0.01 * theta[i]
                slot["m"] = 0.9 * slot["m"] + 0.1 * g
                slot["s"] = 0.999 * slot["s"] + 0.001 * g * g
                m_hat = slot["m"] / (1 - 0.9**step)
                s_hat = slot["s"] / (1 - 0.999**step)
                theta[i] -= RATE * m_hat / (math.sqrt(s_hat) + 1e-8)
    return theta


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_sixty_steps_by_the_book(name):
    net, x, t = problem()
    wanted = by_the_book(name, problem()[0], x, t)
    list(Trainer(net, name, RATE).run(x, t, epochs=STEPS))
    assert np.allclose(net.parameters, wanted, rtol=0, atol=1e-11)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_sixty_steps_as_pytorch(name):
    torch = pytest.importorskip("torch")
    net, x, t = problem()
    model = torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2), torch.nn.Sigmoid()
    ).double()
    with torch.no_grad():
        for module, layer in zip((model[0], model[2]), net.layers, strict=True):
            module.weight.copy_(torch.tensor(layer.weight.T.copy()))
            module.bias.copy_(torch.tensor(layer.bias.copy()))
    p, optim = list(model.parameters()), torch.optim
    rule = {
        "sgd": lambda: optim.SGD(p, RATE),
        "momentum": lambda: optim.SGD(p, RATE, momentum=0.9),
        "nesterov": lambda: optim.SGD(p, RATE, momentum=0.9, nesterov=True),
        "adagrad": lambda: optim.Adagrad(p, RATE),
        "rmsprop": lambda: optim.RMSprop(p, RATE, alpha=0.9),
        "adam": lambda: optim.Adam(p, RATE),
        "adamw": lambda: optim.AdamW(p, RATE),
    }[name]()
    inputs, targets = torch.tensor(x), torch.tensor(t)
    for _ in range(STEPS):
        rule.zero_grad()
        (0.5 * (targets - model(inputs)) ** 2).sum(dim=1).mean().backward()
        rule.step()
    list(Trainer(net, name, RATE).run(x, t, epochs=STEPS))
    for module, layer in zip((model[0], model[2]), net.layers, strict=True):
        assert np.allclose(layer.weight, module.weight.detach().numpy().T, rtol=0, atol=1e-6)
        assert np.allclose(layer.bias, module.bias.detach().numpy(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_float32_follows_float64(name):
    (double, x, t), (single, *_) = problem(), problem("float32")
    list(Trainer(double, name, 0.01).run(x, t, epochs=20))
    list(Trainer(single, name, 0.01).run(x, t, epochs=20))
    assert single.parameters.dtype == np.float32
    assert np.allclose(single.parameters, double.parameters, rtol=0, atol=2e-4)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_frozen_biases_stay(name):
    net, x, t = problem()
    net.layers[0].bias[:] = [1, 2, 3, 4]
    before = net.layers[0].weight.copy()
    list(Trainer(net, name, RATE, train_biases=False).run(x, t, epochs=5))
    assert net.layers[0].bias.tolist() == [1, 2, 3, 4]
    assert (net.layers[1].bias == 0).all()
    assert not np.allclose(net.layers[0].weight, before)


def test_clipping():
    net, x, t = problem()
    start, g = net.parameters.copy(), net.gradients(x, t)
    norm = np.linalg.norm(g)
    list(Trainer(net, "sgd", 1.0, clip=norm / 10).run(x, t, epochs=1))
    assert start - net.parameters == pytest.approx(g / 10, rel=1e-4)
    net.parameters[:] = start
    list(Trainer(net, "sgd", 1.0, clip=norm * 10).run(x, t, epochs=1))
    assert start - net.parameters == pytest.approx(g, rel=1e-12)


def test_constants_of_your_own():
    net, x, t = problem()
    start, g = net.parameters.copy(), net.gradients(x, t)
    list(Trainer(net, Momentum(0.5), 0.1).run(x, t, epochs=1))
    first = net.parameters.copy()
    assert start - first == pytest.approx(0.1 * g)
    g2 = net.gradients(x, t)
    list(Trainer(net, Momentum(0.5), 0.1).run(x, t, epochs=1))
    assert first - net.parameters == pytest.approx(0.1 * g2)


@pytest.mark.parametrize(
    "make", [lambda: Momentum(1), lambda: RMSProp(epsilon=0), lambda: Adam(beta1=-0.1)]
)
def test_constants_that_make_no_sense(make):
    with pytest.raises(EngineError, match="give a number"):
        make()


def test_unknown_names():
    with pytest.raises(EngineError, match="sgd, momentum"):
        Trainer(problem()[0], "sdg")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["momentum", "nesterov", "rmsprop", "adam", "adamw"])
def test_what_fades_does_not_become_subnormal(name, dtype):
    """A unit that has died has a gradient of 0, and what its slots remember of it fades."""
    net = Network([Dense(3, "relu"), Dense(2)], (4,), dtype=dtype)
    x, t = np.ones((8, 4)), np.ones((8, 2))
    trainer = Trainer(net, name, 1e-4)
    list(trainer.run(x, t, 2))
    net.layers[0].bias = [-1e3] * 3
    rule = trainer.optimizer
    list(trainer.run(x, t, FLUSH_EVERY - 2))
    for slot in rule.slots.values():
        slot[...] = np.where(np.abs(slot) > 0, slot, 0) * np.finfo(dtype).tiny
    before = net.parameters.copy()
    list(trainer.run(x, t, FLUSH_EVERY))
    for key, slot in rule.slots.items():
        small = (slot != 0) & (np.abs(slot) < np.finfo(slot.dtype).tiny)
        assert not small.any(), key
    assert np.isfinite(net.parameters - before).all()
