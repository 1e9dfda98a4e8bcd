"""Batch norm and dropout: the two layers that behave otherwise in training than in use."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnsim.engine import checks
from nnsim.engine.checks import EngineError
from nnsim.engine.layers.base import Layer, Live, Shape, Signals, new_activation
from nnsim.engine.tape import Array, Tape


class BatchNorm(Layer):
    """x̂ = (x − mean) / √(variance + ε), a = γ x̂ + β. Ioffe and Szegedy 2015, algorithm 1.

    In training, mean and (biased) variance are those of the batch, per feature, or per channel of
    an image over all its pixels; in use, the running ones.

    Parameters
    ----------
    momentum : float
        Training sets running ← momentum · running + (1 − momentum) · batch.

    Attributes
    ----------
    gamma, beta : array (features,)
        Live parameters, 1 and 0 at the start.
    running_mean, running_variance : array (features,)
        Live, 0 and 1 at the start.

    Notes
    -----
    Backward in training, over the M values of a feature: ∂C/∂γ = Σ δ x̂, ∂C/∂β = Σ δ,
    ∂C/∂x = γ / √(variance + ε) · (δ − (Σ δ + x̂ Σ δ x̂) / M).
    """

    kind = "batch_norm"
    whole_batch = True

    gamma = Live("The scale γ, (features,).")
    beta = Live("The shift β, (features,).")
    running_mean = Live("What stands in for the mean in use, (features,).")
    running_variance = Live("What stands in for the variance in use, (features,).")

    def __init__(
        self, momentum: float = 0.9, epsilon: float = 1e-5, name: str | None = None
    ) -> None:
        super().__init__(name)
        self.momentum = checks.real(momentum, "momentum", least=0)
        if self.momentum > 1:
            raise EngineError(f"momentum is {momentum}: give a number from 0 to 1")
        self.epsilon = checks.real(epsilon, "epsilon", above=0)

    @property
    def features(self) -> int:
        """How many means there are: features of a flat input, channels of an image."""
        return self.input_shape[-1]

    @property
    def parameter_count(self) -> int:
        return 2 * self.features

    @property
    def running_count(self) -> int:
        return 2 * self.features

    def shape_after(self, input_shape: Shape) -> Shape:
        if len(input_shape) not in (1, 3):
            raise EngineError(f"{self.title} takes flat inputs or images, but {input_shape} came")
        return input_shape

    def _halves(self, flat: Array) -> tuple[Array, Array]:
        """View a vector of 2·features numbers as two columns (features, …, 1)."""
        pair = flat.reshape(2, self.features, *self.lead, 1)
        return pair[0], pair[1]

    @property
    def rows(self) -> int:
        return 2 * self.features

    def views(self, flat: Array) -> dict[str, Array]:
        n = self.features
        return {"gamma": flat[:n], "beta": flat[n:]}

    def bind(self, theta: Array, gradient: Array, running: Array, lead: Shape) -> None:
        super().bind(theta, gradient, running, lead)
        if lead:
            _, variance = self._halves(running)
            variance[...] = 1
        else:
            n = self.features
            self._public |= {"running_mean": running[:n], "running_variance": running[n:]}

    def initialize(self, rng: np.random.Generator, initializer: Any = None) -> None:
        self.gamma, self.beta = np.ones(self.features), np.zeros(self.features)
        self.running_mean, self.running_variance = self.beta * 0, self.gamma * 0 + 1

    def _over(self, tape: Tape, array: Array) -> Array:
        """View an activation as (features, …, M)."""
        if len(self.input_shape) == 1:
            return array
        return array.reshape(self.features, -1)

    def forward(self, tape: Tape, x: Array) -> Signals:
        a_whole = new_activation(tape, self.output_shape, f"{self.name}.a")
        x_, a = self._over(tape, x), self._over(tape, a_whole)
        column = (self.features, *tape.lead, 1)
        normal = tape.new(a.shape, f"{self.name}.normal")
        inverse = tape.new(column, f"{self.name}.inverse")
        if tape.training:
            mean = tape.new(column, f"{self.name}.mean")
            variance = tape.new(column, f"{self.name}.variance")
            self._statistics(tape, x_, normal, mean, variance)
        else:
            mean, variance = self._running(tape)
            tape.do(np.subtract, x_, mean, out=normal, note="x − mean")
        tape.do(np.add, variance, tape.const(self.epsilon), out=inverse, note="variance + ε")
        tape.do(np.sqrt, inverse, out=inverse, note="√(variance + ε)")
        tape.do(np.reciprocal, inverse, out=inverse, note="1 / √(variance + ε)")
        tape.do(np.multiply, normal, inverse, out=normal, note="x̂ = (x − mean) / √(variance + ε)")
        gamma, beta = self._halves(self.theta)
        tape.do(np.multiply, normal, tape.name(gamma, f"{self.name}.gamma"), out=a, note="γ x̂")
        tape.do(np.add, a, tape.name(beta, f"{self.name}.beta"), out=a, note="a = γ x̂ + β")
        internal = {"normal": normal, "inverse": inverse}
        saved = {"mean": mean, "variance": variance}
        return Signals(self, x, a_whole, a_whole, saved=saved, internal=internal)

    def _statistics(
        self, tape: Tape, x: Array, centred: Array, mean: Array, variance: Array
    ) -> None:
        share = tape.const(1 / x.shape[-1])
        tape.do(np.add.reduce, x, -1, None, out=mean[..., 0], note="Σ x")
        tape.do(np.multiply, mean, share, out=mean, note="mean = Σ x / M")
        tape.do(np.subtract, x, mean, out=centred, note="x − mean")
        squares = tape.scratch(centred, "squares")
        tape.do(np.multiply, centred, centred, out=squares, note="(x − mean)²")
        tape.do(np.add.reduce, squares, -1, None, out=variance[..., 0], note="Σ (x − mean)²")
        tape.do(np.multiply, variance, share, out=variance, note="variance = Σ (x − mean)² / M")

    def _running(self, tape: Tape) -> tuple[Array, Array]:
        mean, variance = self._halves(self.running)
        return (
            tape.name(mean, f"{self.name}.running_mean"),
            tape.name(variance, f"{self.name}.running_variance"),
        )

    def parameter_gradients(self, tape: Tape, signals: Signals, delta: Array) -> None:
        normal, dy = signals.internal["normal"], self._over(tape, delta)
        grad_gamma, grad_beta = self._halves(self.gradient)
        product = tape.scratch(normal, "squares")
        tape.do(np.multiply, dy, normal, out=product, note="δ x̂")
        tape.do(np.add.reduce, product, -1, None, out=grad_gamma[..., 0], note="∂C/∂γ = Σ δ x̂")
        tape.do(np.add.reduce, dy, -1, None, out=grad_beta[..., 0], note="∂C/∂β = Σ δ")

    def input_gradient(self, tape: Tape, signals: Signals, delta: Array, dx: Array) -> None:
        normal, inverse = signals.internal["normal"], signals.internal["inverse"]
        dy, dx = self._over(tape, delta), self._over(tape, dx)
        grad_gamma, grad_beta = self._halves(self.gradient)
        if tape.training:
            share = tape.const(1 / normal.shape[-1])
            tape.do(np.multiply, normal, grad_gamma, out=dx, note="x̂ Σ δ x̂")
            tape.do(np.add, dx, grad_beta, out=dx, note="Σ δ + x̂ Σ δ x̂")
            tape.do(np.multiply, dx, share, out=dx, note="(Σ δ + x̂ Σ δ x̂) / M")
            tape.do(np.subtract, dy, dx, out=dx, note="δ − (Σ δ + x̂ Σ δ x̂) / M")
        else:
            tape.do(np.copyto, dy, out=dx, note="δ")
        gamma, _ = self._halves(self.theta)
        tape.do(np.multiply, dx, inverse, out=dx, note="… / √(variance + ε)")
        tape.do(np.multiply, dx, gamma, out=dx, note="∂C/∂x = γ / √(variance + ε) · …")

    def update_running(self, tape: Tape, signals: Signals) -> None:
        for name, running in zip(("mean", "variance"), self._running(tape), strict=True):
            batch = signals.saved[name]
            part = tape.scratch(batch, "part")
            keep, new = tape.const(self.momentum), tape.const(1 - self.momentum)
            tape.do(np.multiply, running, keep, out=running, note=f"momentum · running {name}")
            tape.do(np.multiply, batch, new, out=part, note=f"(1 − momentum) · {name}")
            tape.do(np.add, running, part, out=running, note=f"running {name}")

    def public_saved(self, name: str, value: Array) -> Array:
        return value[..., 0].copy()

    def config(self) -> dict[str, Any]:
        return {"momentum": self.momentum, "epsilon": self.epsilon}


class Dropout(Layer):
    """In training, switch each input off with probability `rate`, and scale the rest up.

    a = x · mask / (1 − rate), mask = 1 with probability 1 − rate; in use a = x ("inverted"
    dropout, so that the mean stays the same). Srivastava et al. 2014.

    Parameters
    ----------
    rate : float
        From 0 below 1; can be changed while training runs.
    """

    kind = "dropout"
    has_z = False
    for_many = False

    def __init__(self, rate: float, name: str | None = None) -> None:
        super().__init__(name)
        self._keep, self._scale = np.ones(()), np.ones(())
        self.rate = rate

    @property
    def rate(self) -> float:
        return self._rate

    @rate.setter
    def rate(self, value: float) -> None:
        self._rate = checks.real(value, "rate", least=0)
        if self._rate >= 1:
            raise EngineError(f"rate is {value}: give a number from 0 below 1")
        self._keep[...] = 1 - self._rate
        self._scale[...] = 1 / (1 - self._rate)

    def bind(self, theta: Array, gradient: Array, running: Array, lead: Shape) -> None:
        super().bind(theta, gradient, running, lead)
        dtype = theta.real.dtype
        self._keep, self._scale = self._keep.astype(dtype), self._scale.astype(dtype)
        self.rate = self._rate

    def forward(self, tape: Tape, x: Array) -> Signals:
        a = self.output(tape)
        if not tape.training:
            tape.do(np.copyto, x, out=a, note="a = x")
            return Signals(self, x, None, a)
        kind = self._keep.dtype
        mask = tape.new(x.shape, f"{self.name}.mask", dtype=kind)
        keep = tape.name(self._keep, f"{self.name}.keep")
        scale = tape.name(self._scale, f"{self.name}.scale")
        tape.do(tape.generator.random, out=mask, dtype=kind, note="u, uniform from 0 below 1")
        tape.do(np.add, mask, keep, out=mask, note="u + 1 − rate")
        tape.do(np.floor, mask, out=mask, note="mask = 1 with probability 1 − rate, else 0")
        tape.do(np.multiply, mask, scale, out=mask, note="mask / (1 − rate)")
        tape.do(np.multiply, x, mask, out=a, note="a = x · mask / (1 − rate)")
        return Signals(self, x, None, a, saved={"mask": mask})

    def input_gradient(self, tape: Tape, signals: Signals, delta: Array, dx: Array) -> None:
        if "mask" in signals.saved:
            tape.do(np.multiply, delta, signals.saved["mask"], out=dx, note="∂C/∂x = δ · mask")
        else:
            tape.do(np.copyto, delta, out=dx, note="∂C/∂x = δ")

    def config(self) -> dict[str, Any]:
        return {"rate": self.rate}
