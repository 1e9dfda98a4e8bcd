"""The calls of a tape written out by hand, with local names: what the tape itself may cost."""

from __future__ import annotations

import numpy as np

from peers import Step, Workload


def step(work: Workload) -> Step:
    """The step of sigmoid layers with squared error, samples as columns."""
    n_in, n1 = work.start[0].shape
    n2, m = work.start[2].shape[1], len(work.x)
    x = np.ones((n_in + 1, m))
    x[:n_in] = work.x.T
    t = work.target.T.copy()
    theta = np.concatenate(
        [np.vstack([w, b]).T.ravel() for w, b in (work.start[:2], work.start[2:])]
    )
    grad, change = np.zeros_like(theta), np.zeros_like(theta)
    cut = n1 * (n_in + 1)
    w1, w2 = theta[:cut].reshape(n1, -1), theta[cut:].reshape(n2, -1)
    g1, g2 = grad[:cut].reshape(n1, -1), grad[cut:].reshape(n2, -1)
    z1, z2 = np.zeros((n1, m)), np.zeros((n2, m))
    a1_ones, d1, s1 = np.ones((n1 + 1, m)), np.zeros((n1, m)), np.zeros((n1, m))
    a1, a2, d2, s2 = a1_ones[:n1], np.zeros((n2, m)), np.zeros((n2, m)), np.zeros((n2, m))
    one, rate = np.array(1.0), np.array(work.rate)
    w1_dot, w2_dot, w2t_dot, d1_dot, d2_dot = w1.dot, w2.dot, w2[:, :n1].T.dot, d1.dot, d2.dot
    a1t, xt = a1_ones.T, x.T
    negative, exp, add, reciprocal = np.negative, np.exp, np.add, np.reciprocal
    subtract, multiply = np.subtract, np.multiply

    def run() -> None:
        w1_dot(x, z1)
        negative(z1, a1)
        exp(a1, a1)
        add(a1, one, a1)
        reciprocal(a1, a1)
        w2_dot(a1_ones, z2)
        negative(z2, a2)
        exp(a2, a2)
        add(a2, one, a2)
        reciprocal(a2, a2)
        subtract(a2, t, d2)
        subtract(one, a2, s2)
        multiply(s2, a2, s2)
        multiply(d2, s2, d2)
        d2_dot(a1t, g2)
        w2t_dot(d2, d1)
        subtract(one, a1, s1)
        multiply(s1, a1, s1)
        multiply(d1, s1, d1)
        d1_dot(xt, g1)
        multiply(grad, rate, change)
        subtract(theta, change, theta)

    return Step(run, lambda: [w1[:, :-1].T, w1[:, -1], w2[:, :-1].T, w2[:, -1]])


def gemms(work: Workload) -> Step:
    """Nothing but the matrix products of a step, in the engine's layout and their best order."""
    n_in, n1 = work.start[0].shape
    n2, m = work.start[2].shape[1], len(work.x)
    rng, dtype = np.random.default_rng(0), work.x.dtype

    def some(*shape: int) -> np.ndarray:
        return rng.random(shape).astype(dtype)

    w1, w2, x, a1 = some(n1, n_in), some(n2, n1), some(n_in, m), some(n1, m)
    z1, z2, d1, d2 = some(n1, m), some(n2, m), some(n1, m), some(n2, m)
    g1, g2 = some(n1, n_in), some(n2, n1)

    def run() -> None:
        w1.dot(x, z1)
        w2.dot(a1, z2)
        d2.dot(a1.T, g2)
        w2.T.dot(d2, d1)
        d1.dot(x.T, g1)

    return Step(run, lambda: [])
