"""PyTorch, eager: modules, autograd and torch.optim."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from peers import Step, Workload

torch.set_num_threads(1)

HIDDEN = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}


def _linear(weight: np.ndarray, bias: np.ndarray) -> nn.Linear:
    layer = nn.Linear(*weight.shape)
    layer = layer.double() if weight.dtype == np.float64 else layer
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight.T.copy()))
        layer.bias.copy_(torch.from_numpy(bias.copy()))
    return layer


def step(work: Workload) -> Step:
    """One step: zero_grad, forward, backward, optimizer.step."""
    layers = [_linear(*work.start[:2]), HIDDEN[work.hidden](), _linear(*work.start[2:])]
    if work.loss == "squared_error":
        layers.append(nn.Sigmoid())
    model = nn.Sequential(*layers)
    kind = torch.optim.Adam if work.optimizer == "adam" else torch.optim.SGD
    optimizer = kind(model.parameters(), lr=work.rate)
    x, t = torch.from_numpy(work.x), torch.from_numpy(work.target)
    classes = t.argmax(dim=1)
    cross_entropy, bce = nn.CrossEntropyLoss(), nn.BCEWithLogitsLoss()

    def run() -> None:
        optimizer.zero_grad()
        out = model(x)
        if work.loss == "squared_error":
            loss = 0.5 * ((out - t) ** 2).sum()
        else:
            loss = cross_entropy(out, classes) if out.shape[1] > 1 else bce(out, t)
        loss.backward()
        optimizer.step()

    def parameters() -> list[np.ndarray]:
        return [p.detach().numpy().T for p in model.parameters()]

    return Step(run, parameters)


def cnn(x: np.ndarray, target: np.ndarray, rate: float) -> Callable[[], object]:
    """The two convolutions, two pools and the dense layer of W5."""
    model = nn.Sequential(
        nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(512, 10),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    images = torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))
    classes = torch.from_numpy(target).argmax(dim=1)
    cross_entropy = nn.CrossEntropyLoss()

    def run() -> None:
        optimizer.zero_grad()
        cross_entropy(model(images), classes).backward()
        optimizer.step()

    return run


def many(starts: list[np.ndarray], x: np.ndarray, t: np.ndarray, rate: float) -> Step:
    """R networks of sigmoid layers: baddbmm and autograd."""
    parameters = [torch.from_numpy(p.copy()).requires_grad_() for p in starts]
    w1, b1, w2, b2 = parameters
    optimizer = torch.optim.SGD(parameters, lr=rate)
    target = torch.from_numpy(t)
    inputs = torch.from_numpy(x).expand(len(starts[0]), *x.shape)

    def run() -> None:
        optimizer.zero_grad()
        a1 = torch.sigmoid(torch.baddbmm(b1, inputs, w1))
        a2 = torch.sigmoid(torch.baddbmm(b2, a1, w2))
        (0.5 * ((a2 - target) ** 2).sum() / len(x)).backward()
        optimizer.step()

    return Step(run, lambda: [p.detach().numpy() for p in parameters])


def many_by_hand(starts: list[np.ndarray], x: np.ndarray, t: np.ndarray, rate: float) -> Step:
    """The same without autograd: the backward pass written out, updates in place."""
    w1, b1, w2, b2 = (torch.from_numpy(p.copy()) for p in starts)
    target = torch.from_numpy(t)
    inputs = torch.from_numpy(x).expand(len(starts[0]), *x.shape)
    inputs_t = inputs.transpose(1, 2)

    @torch.no_grad()
    def run() -> None:
        a1 = torch.sigmoid(torch.baddbmm(b1, inputs, w1))
        a2 = torch.sigmoid(torch.baddbmm(b2, a1, w2))
        d2 = (a2 - target).mul_(a2).mul_(1 - a2).div_(len(x))
        d1 = torch.bmm(d2, w2.transpose(1, 2)).mul_(a1).mul_(1 - a1)
        w2.baddbmm_(a1.transpose(1, 2), d2, alpha=-rate)
        b2.sub_(d2.sum(1, keepdim=True), alpha=rate)
        w1.baddbmm_(inputs_t, d1, alpha=-rate)
        b1.sub_(d1.sum(1, keepdim=True), alpha=rate)

    return Step(run, lambda: [w1.numpy(), b1.numpy(), w2.numpy(), b2.numpy()])


def predict(work: Workload) -> Callable[[], object]:
    """The outputs for one sample: addmm and sigmoid, no module, no gradient."""
    w1, b1, w2, b2 = (torch.from_numpy(p) for p in work.start)
    x = torch.from_numpy(work.x[:1])

    def run() -> torch.Tensor:
        with torch.inference_mode():
            a1 = torch.sigmoid(torch.addmm(b1, x, w1))
            return torch.sigmoid(torch.addmm(b2, a1, w2))

    return run


def predict_bare(work: Workload) -> Callable[[], object]:
    """The same with gradients switched off once and for all, outside the loop."""
    w1, b1, w2, b2 = (torch.from_numpy(p) for p in work.start)
    x = torch.from_numpy(work.x[:1])
    sigmoid, addmm = torch.sigmoid, torch.addmm

    def run() -> torch.Tensor:
        return sigmoid(addmm(b2, sigmoid(addmm(b1, x, w1)), w2))

    return run
