"""The fully connected layer, and an activation that stands alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnsim.engine.checks import EngineError, as_count
from nnsim.engine.layers.base import Layer, Shape, Signals, Weighted
from nnsim.engine.tape import Array, Tape


class Dense(Weighted):
    """Every unit sees every input: z = x W + b, a = f(z).

    Parameters
    ----------
    units : int
        How many units, n_out.
    activation : str
        Name of f.
    initializer : str or tuple, optional
        Of the weights, such as ``"normal:0.1"``; one that suits the activation unless told.
    slope : float, optional
        Of leaky_relu, for z < 0.

    Attributes
    ----------
    weight, bias : array (n_in, n_out) and (n_out,)
        Live.

    Notes
    -----
    Backward, with δ = ∂C/∂z: ∂C/∂W = xᵀ δ, ∂C/∂b = Σ δ over the samples, ∂C/∂x = δ Wᵀ.

    Inside, samples are columns and weight and bias lie side by side, (n_out, n_in + 1): under x
    is a row of ones, so that one product gives W x + b, and one ∂C/∂W together with ∂C/∂b.
    """

    kind = "dense"
    shares_input = True

    def __init__(
        self,
        units: int,
        activation: str = "identity",
        name: str | None = None,
        initializer: Any = None,
        slope: float | None = None,
    ) -> None:
        super().__init__(name, activation, slope, initializer)
        self.units = as_count(units, "units")

    def shape_after(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 1:
            raise EngineError(
                f"{self.title} takes a flat input, but {input_shape} comes in: put a Flatten before"
            )
        return (self.units,)

    @property
    def parameter_count(self) -> int:
        return self.units * (self.input_shape[0] + 1)

    @property
    def rows(self) -> int:
        return self.units

    def _inner(self, flat: Array) -> Array:
        return flat.reshape(self.units, *self.lead, self.input_shape[0] + 1)

    def views(self, flat: Array) -> dict[str, Array]:
        inner = flat.reshape(self.units, self.input_shape[0] + 1)
        return {"weight": inner[:, :-1].T, "bias": inner[:, -1]}

    @property
    def fans(self) -> tuple[int, int]:
        return self.input_shape[0], self.units

    def forward(self, tape: Tape, x: Array) -> Signals:
        n_out = self.units
        a = self.output(tape)
        together = self.takes_place_of_z(tape)
        z = a if together else tape.new((n_out, *self.lead, tape.batch), f"{self.name}.z")
        weights = tape.name(self._inner(self.theta), f"{self.name}.W")
        product(tape, weights, tape.augmented(x), z, "z = W x + b")
        if not (together and self.is_identity):
            self.function.value(tape, z, a)
        return Signals(self, x, z, a)

    def parameter_gradients(self, tape: Tape, signals: Signals, delta: Array) -> None:
        grad = tape.name(self._inner(self.gradient), f"{self.name}.grad")
        x = tape.augmented(signals.x)
        product(tape, delta, x.T, grad, "∂C/∂W = δ xᵀ, and ∂C/∂b beside it")

    def input_gradient(self, tape: Tape, signals: Signals, delta: Array, dx: Array) -> None:
        weight = self._inner(self.theta)[..., : self.input_shape[0]].T
        product(tape, weight, delta, dx, "∂C/∂x = Wᵀ δ")

    def config(self) -> dict[str, Any]:
        return {"units": self.units, **super().config()}


def product(tape: Tape, left: Array, right: Array, out: Array, note: str) -> None:
    """Write out = left · right; of many networks, one product for each.

    Matrices of R networks are (rows, R, columns). Networks that share `right` need one product
    only, with their rows of `left` stacked.
    """
    if left.ndim == 2:
        tape.do(left.dot, right, out=out, note=note)
    elif right.ndim == 2:
        stacked = left.reshape(-1, left.shape[-1])
        tape.do(stacked.dot, right, out=out.reshape(-1, out.shape[-1]), note=note)
    else:
        one, other, result = (matrix.transpose(1, 0, 2) for matrix in (left, right, out))
        tape.do(np.matmul, one, other, out=result, note=note)


class Activation(Layer):
    """An activation as a layer of its own: a = f(z), where z is what comes in."""

    kind = "activation"

    def __init__(
        self, activation: str, name: str | None = None, slope: float | None = None
    ) -> None:
        super().__init__(name, activation, slope)

    def shape_after(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 1 and not self.function.elementwise:
            raise EngineError(
                f"{self.title} ({self.activation}) takes a flat input, but {input_shape} comes in"
            )
        return input_shape

    def forward(self, tape: Tape, x: Array) -> Signals:
        a = self.output(tape)
        self.function.value(tape, x, a)
        return Signals(self, x, x, a)

    def input_gradient(self, tape: Tape, signals: Signals, delta: Array, dx: Array) -> None:
        tape.do(np.copyto, delta, out=dx, note="∂C/∂x = δ")

    def config(self) -> dict[str, Any]:
        return {"activation": self.activation, **self.function.config()}
