"""The textbook's NumPy: samples as rows, one expression per formula, new arrays every time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from peers import Step, Workload

# f, and f′ by way of a = f(z).
ACTIVATIONS: dict[str, tuple[Callable, Callable]] = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda a: a * (1 - a)),
    "tanh": (np.tanh, lambda a: 1 - a**2),
    "relu": (lambda z: np.maximum(0, z), lambda a: a > 0),
}


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def step(work: Workload) -> Step:
    """One step of gradient descent for a network of two dense layers."""
    x, t = work.x, work.target
    w1, b1, w2, b2 = (p.copy() for p in work.start)
    f, slope = ACTIVATIONS[work.hidden]
    rate, m = work.rate, len(x)

    def run() -> None:
        nonlocal w1, b1, w2, b2
        z1 = x @ w1 + b1
        a1 = f(z1)
        z2 = a1 @ w2 + b2
        if work.loss == "squared_error":
            a2 = 1 / (1 + np.exp(-z2))
            d2 = (a2 - t) * a2 * (1 - a2)
        else:
            a2 = softmax(z2) if work.loss == "softmax_cross_entropy" else 1 / (1 + np.exp(-z2))
            d2 = (a2 - t) / m
        d1 = (d2 @ w2.T) * slope(a1)
        w2 = w2 - rate * (a1.T @ d2)
        b2 = b2 - rate * d2.sum(axis=0)
        w1 = w1 - rate * (x.T @ d1)
        b1 = b1 - rate * d1.sum(axis=0)

    return Step(run, lambda: [w1, b1, w2, b2])


def many(starts: list[np.ndarray], x: np.ndarray, t: np.ndarray, rate: float) -> Step:
    """R networks of sigmoid layers at once, with einsum's matrix product."""
    w1, b1, w2, b2 = (p.copy() for p in starts)
    m = len(x)

    def run() -> None:
        nonlocal w1, b1, w2, b2
        a1 = 1 / (1 + np.exp(-(x @ w1 + b1)))
        a2 = 1 / (1 + np.exp(-(a1 @ w2 + b2)))
        d2 = (a2 - t) * a2 * (1 - a2) / m
        d1 = (d2 @ w2.transpose(0, 2, 1)) * a1 * (1 - a1)
        w2 = w2 - rate * (a1.transpose(0, 2, 1) @ d2)
        b2 = b2 - rate * d2.sum(axis=1, keepdims=True)
        w1 = w1 - rate * (x.T @ d1)
        b1 = b1 - rate * d1.sum(axis=1, keepdims=True)

    return Step(run, lambda: [w1, b1, w2, b2])


def predict(work: Workload) -> Callable[[], object]:
    """Return the outputs for one sample."""
    x = work.x[:1]
    w1, b1, w2, b2 = work.start

    def run() -> np.ndarray:
        a1 = 1 / (1 + np.exp(-(x @ w1 + b1)))
        return 1 / (1 + np.exp(-(a1 @ w2 + b2)))

    return run
