"""JAX: one jitted step per call, and a whole loop compiled at once."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np

os.environ.setdefault(
    "XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)

import jax
import jax.numpy as jnp

from peers import Step, Workload

jax.config.update("jax_enable_x64", True)

HIDDEN = {"sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh, "relu": jax.nn.relu}
LOOP = 100


def _update(work: Workload) -> Callable:
    x, t = jnp.asarray(work.x), jnp.asarray(work.target)

    def loss(p: list) -> jax.Array:
        w1, b1, w2, b2 = p
        z = HIDDEN[work.hidden](x @ w1 + b1) @ w2 + b2
        if work.loss == "squared_error":
            return 0.5 * ((jax.nn.sigmoid(z) - t) ** 2).sum()
        if work.loss == "softmax_cross_entropy":
            return -(t * jax.nn.log_softmax(z)).sum() / len(x)
        return (jax.nn.softplus(z) - t * z).sum() / len(x)

    def update(p: list) -> list:
        rate = jnp.asarray(work.rate, p[0].dtype)
        return [a - rate * g for a, g in zip(p, jax.grad(loss)(p), strict=True)]

    return update


def step(work: Workload) -> Step:
    """One step per call."""
    update = jax.jit(_update(work))
    p = [jnp.asarray(a) for a in work.start]

    def run() -> None:
        nonlocal p
        p = update(p)
        p[0].block_until_ready()

    return Step(run, lambda: [np.asarray(a) for a in p])


def loop(work: Workload) -> Callable[[], object]:
    """LOOP steps per call."""
    update = _update(work)
    whole = jax.jit(lambda p: jax.lax.fori_loop(0, LOOP, lambda _, p: update(p), p))
    start = [jnp.asarray(a) for a in work.start]
    return lambda: whole(start)[0].block_until_ready()
