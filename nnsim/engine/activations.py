"""The activation functions a = f(z), each with its slope f′(z).

`value` writes f onto a tape and `slope` writes f′, from z and the a that is already there. What the
tape does is also what `Activation.f` and `Activation.derivative` compute, for a curve or a table.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from nnsim.engine.checks import EngineError
from nnsim.engine.tape import Array, Tape


class ActivationFunction:
    """a = f(z).

    Attributes
    ----------
    formula, slope_formula : str
        f and f′ as a person writes them.
    scalar : str
        f(z) of one number as an expression of the circuits, whose gates have the slope that f′ has
        at a kink too; empty where there is none. ``{slope}`` is that of leaky_relu.
    start : str
        The initializer that suits the weights before it.
    trainable : bool
        False where the slope is 0 everywhere.
    kink : float or None
        The z at which f has no derivative.
    elementwise : bool
        False where an output depends on every z of the layer (softmax).
    in_place : bool
        Whether a may take the place of z: the way back needs a only.
    bounded : bool
        Whether a never leaves −1 … 1.
    """

    name: ClassVar[str]
    formula: ClassVar[str]
    slope_formula: ClassVar[str]
    scalar: ClassVar[str] = ""
    start: ClassVar[str] = "xavier"
    trainable: ClassVar[bool] = True
    kink: ClassVar[float | None] = None
    elementwise: ClassVar[bool] = True
    in_place: ClassVar[bool] = False
    bounded: ClassVar[bool] = False

    def value(self, tape: Tape, z: Array, a: Array) -> None:
        """Write a = f(z) onto the tape."""
        raise NotImplementedError

    def slope(self, tape: Tape, z: Array, a: Array, out: Array) -> None:
        """Write out = f′(z) onto the tape."""
        raise NotImplementedError

    def backward(self, tape: Tape, z: Array, a: Array, delta: Array) -> None:
        """Turn ∂C/∂a, which lies in `delta`, into ∂C/∂z = ∂C/∂a · f′(z)."""
        slope = tape.slopes.get(id(a))
        if slope is None:
            slope = tape.scratch(delta, "slope")
            self.slope(tape, z, a, slope)
        tape.do(np.multiply, delta, slope, out=delta, note="δ = ∂C/∂a · f′(z)")

    def f(self, z: Any) -> Array:
        """Return f(z) for numbers of any shape (softmax: over the last axis)."""
        return self._on_tape(z)[0]

    def derivative(self, z: Any) -> Array:
        """Return f′(z) for numbers of any shape; for softmax ∂aᵢ/∂zᵢ = aᵢ(1 − aᵢ)."""
        return self._on_tape(z)[1]

    def _on_tape(self, z: Any) -> tuple[Array, Array]:
        columns = np.atleast_1d(np.asarray(z, np.float64))
        columns = np.array(np.moveaxis(columns, -1, 0).reshape(columns.shape[-1], -1))
        a, slope = np.zeros_like(columns), np.zeros_like(columns)
        tape = Tape()
        with np.errstate(all="ignore"):
            self.value(tape, columns, a)
            self.slope(tape, columns, a, slope)
        shape = np.shape(z)
        back = (*shape[-1:], *shape[:-1])
        a, slope = (np.moveaxis(v.reshape(back), 0, -1) if shape else v[0, 0] for v in (a, slope))
        return a, slope

    def config(self) -> dict[str, Any]:
        return {}


def absolute(tape: Tape, z: Array, out: Array) -> None:
    """Write out = |z|; on a complex tape z · sign(re z), which has the derivative of |z|."""
    if tape.dtype.kind == "c":
        tape.do(np.sign, z.real, out=out, note="sign of z")
        tape.do(np.multiply, out, z, out=out, note="|z|")
    else:
        tape.do(np.absolute, z, out=out, note="|z|")


def add_units(tape: Tape, terms: Array, row: Array, note: str) -> None:
    """Write row = Σ over the units; for one network as a product with ones, which is fastest."""
    if terms.ndim == 2 and terms.flags.c_contiguous:
        ones = tape.ones(terms.shape[0])
        tape.do(ones.dot, terms, out=row, note=note)
    else:
        tape.do(np.add.reduce, terms, 0, None, out=row[0], note=note)


class Step(ActivationFunction):
    """u(z) = 1 for z ≥ 0, else 0: all or nothing."""

    name = "step"
    bounded = True
    formula = "u(z) = 1 if z ≥ 0 else 0"
    slope_formula = "u′(z) = 0"
    trainable = False
    kink = 0.0

    def value(self, tape: Tape, z: Array, a: Array) -> None:
        tape.do(np.greater_equal, z, tape.const(0.0), out=a, note="a = 1 where z ≥ 0, else 0")

    def slope(self, tape: Tape, z: Array, a: Array, out: Array) -> None:
        tape.do(np.copyto, tape.const(0.0), out=out, note="u′(z) = 0")


class Identity(ActivationFunction):
    name = "identity"
    formula = "a = z"
    slope_formula = "a′ = 1"
    scalar = "z"

    def value(self, tape: Tape, z: Array, a: Array) -> None:
        tape.do(np.copyto, z, out=a, note="a = z")

    def slope(self, tape: Tape, z: Array, a: Array, out: Array) -> None:
        tape.do(np.copyto, tape.const(1.0), out=out, note="f′(z) = 1")

    def backward(self, tape: Tape, z: Array, a: Array, delta: Array) -> None:
        return


class Sigmoid(ActivationFunction):
    """σ(z) = 1 / (1 + e⁻ᶻ). Where e⁻ᶻ overflows, 1 / (1 + ∞) = 0 is the right value."""

    name = "sigmoid"
    bounded = True
    formula = "σ(z) = 1 / (1 + e⁻ᶻ)"
    slope_formula = "σ′(z) = σ(z)(1 − σ(z))"
    scalar = "sigmoid(z)"
    in_place = True

    def value(self, tape: Tape, z: Array, a: Array) -> None:
        tape.do(np.negative, z, out=a, note="−z")
        tape.do(np.exp, a, out=a, note="e⁻ᶻ")
        tape.do(np.add, a, tape.const(1.0), out=a, note="1 + e⁻ᶻ")
        tape.do(np.reciprocal, a, out=a, note="a = 1 / (1 + e⁻ᶻ)")

    def slope(self, tape: Tape, z: Array, a: Array, out: Array) -> None:
        tape.do(np.subtract, tape.const(1.0), a, out=out, note="1 − a")
        tape.do(np.multiply, out, a, out=out, note="f′(z) = a(1 − a)")


class Tanh(ActivationFunction):
    name = "tanh"
    bounded = True
    formula = "tanh z = (eᶻ − e⁻ᶻ) / (eᶻ + e⁻ᶻ)"
    slope_formula = "tanh′ z = 1 − tanh² z"
    scalar = "tanh(z)"
    in_place = True

    def value(self, tape: Tape, z: Array, a: Array) -> None:
        tape.do(np.tanh, z, out=a, note="a = tanh z")

    def slope(self, tape: Tape, z: Array, a: Array, out: Array) -> None:
        tape.do(np.multiply, a, a, out=out, note="a²")
        tape.do(np.subtract, tape.const(1.0), out, out=out, note="f′(z) = 1 − a²")


class Relu(ActivationFunction):
    """relu(z) = max(0, z); its slope at the kink is taken as 0."""

    name = "relu"
    formula = "relu(z) = max(0, z)"
    slope_formula = "relu′(z) = 1 if z > 0 else 0"
    scalar = "relu(z)"
    start = "he"
    kink = 0.0
    in_place = True

    def value(self, tape: Tape, z: Array, a: Array) -> None:
        z, a, zeros = tape.zeros_like(z, a)
        tape.do(np.maximum, z, zeros, out=a, note="a = max(0, z)")

    def slope(self, tape: Tape, z: Array, a: Array, out: Array) -> None:
        tape.do(np.greater, a, tape.const(0.0), out=out, note="f′(z) = 1 where a > 0, else 0")


class LeakyRelu(ActivationFunction):
    """leaky(z) = z for z > 0, else s·z. Maas, Hannun and Ng 2013; s is .01 unless told."""

    name = "leaky_relu"
    formula = "leaky(z) = z if z > 0 else 0.01·z"
    slope_formula = "leaky′(z) = 1 if z > 0 else 0.01"
    scalar = "max({slope!r}*z, z)"  # on a tie the first is the winner
    start = "he"
    kink = 0.0

    def __init__(self, slope: float = 0.01) -> None:
        if isinstance(slope, bool) or not isinstance(slope, int | float) or not 0 <= slope < 1:
            raise EngineError(f"the slope of leaky_relu is {slope!r}: give a number from 0 below 1")
        self.leak = float(slope)
        if slope != 0.01:
            self.formula = f"leaky(z) = z if z > 0 else {slope}·z"  # type: ignore[misc]
            self.slope_formula = f"leaky′(z) = 1 if z > 0 else {slope}"  # type: ignore[misc]

    def value(self, tape: Tape, z: Array, a: Array) -> None:
        tape.do(np.multiply, z, tape.const(self.leak), out=a, note="s·z")
        tape.do(np.maximum, z, a, out=a, note="a = max(z, s·z)")

    def slope(self, tape: Tape, z: Array, a: Array, out: Array) -> None:
        tape.do(np.greater, z, tape.const(0.0), out=out, note="1 where z > 0, else 0")
        tape.do(np.maximum, out, tape.const(self.leak), out=out, note="f′(z) = 1 or s")

    def config(self) -> dict[str, Any]:
        return {"slope": self.leak}


class Elu(ActivationFunction):
    """elu(z) = z for z > 0, else eᶻ − 1. Clevert, Unterthiner and Hochreiter 2016, α = 1."""

    name = "elu"
    formula = "elu(z) = z if z > 0 else eᶻ − 1"
    slope_formula = "elu′(z) = 1 if z > 0 else eᶻ"
    scalar = "relu(z) + (exp(min(z, 0)) - 1)"
    start = "he"

    def value(self, tape: Tape, z: Array, a: Array) -> None:
        positive = tape.scratch(z, "positive")
        tape.do(np.minimum, z, tape.const(0.0), out=a, note="min(z, 0)")
        tape.do(np.expm1, a, out=a, note="e^min(z, 0) − 1")
        tape.do(np.maximum, z, tape.const(0.0), out=positive, note="max(z, 0)")
        tape.do(np.add, a, positive, out=a, note="a = max(z, 0) + e^min(z, 0) − 1")

    def slope(self, tape: Tape, z: Array, a: Array, out: Array) -> None:
        tape.do(np.minimum, z, tape.const(0.0), out=out, note="min(z, 0)")
        tape.do(np.exp, out, out=out, note="f′(z) = e^min(z, 0)")


class Softplus(ActivationFunction):
    """softplus(z) = ln(1 + eᶻ) = max(z, 0) + ln(1 + e^−|z|); its slope is σ(z)."""

    name = "softplus"
    formula = "softplus(z) = ln(1 + eᶻ)"
    slope_formula = "softplus′(z) = σ(z)"
    scalar = "log(1 + exp(z))"

    def value(self, tape: Tape, z: Array, a: Array) -> None:
        softplus(tape, z, a)

    def slope(self, tape: Tape, z: Array, a: Array, out: Array) -> None:
        sigmoid.value(tape, z, out)


def softplus(tape: Tape, z: Array, out: Array) -> None:
    """Write out = ln(1 + eᶻ) in the form that never overflows."""
    positive = tape.scratch(z, "positive")
    absolute(tape, z, out)
    tape.do(np.negative, out, out=out, note="−|z|")
    tape.do(np.exp, out, out=out, note="e^−|z|")
    tape.do(np.log1p, out, out=out, note="ln(1 + e^−|z|)")
    tape.do(np.maximum, z, tape.const(0.0), out=positive, note="max(z, 0)")
    tape.do(np.add, out, positive, out=out, note="ln(1 + eᶻ)")


class Gelu(ActivationFunction):
    """gelu(z) = ½z(1 + tanh u), u = √(2/π)(z + 0.044715 z³). Hendrycks and Gimpel 2016, §2."""

    name = "gelu"
    formula = "gelu(z) = ½·z·(1 + tanh(√(2/π)·(z + 0.044715·z³)))"
    slope_formula = "gelu′(z) = ½(1 + tanh u) + ½·z·(1 − tanh² u)·√(2/π)·(1 + 0.134145·z²)"
    scalar = "0.5*z*(1 + tanh(0.7978845608028654*(z + 0.044715*z**3)))"
    start = "he"

    def _tanh_u(self, tape: Tape, z: Array, out: Array) -> None:
        k = math.sqrt(2 / math.pi)
        tape.do(np.multiply, z, z, out=out, note="z²")
        tape.do(np.multiply, out, tape.const(0.044715 * k), out=out, note="√(2/π)·0.044715·z²")
        tape.do(np.add, out, tape.const(k), out=out, note="√(2/π)(1 + 0.044715·z²)")
        tape.do(np.multiply, out, z, out=out, note="u = √(2/π)(z + 0.044715·z³)")
        tape.do(np.tanh, out, out=out, note="tanh u")

    def value(self, tape: Tape, z: Array, a: Array) -> None:
        self._tanh_u(tape, z, a)
        tape.do(np.add, a, tape.const(1.0), out=a, note="1 + tanh u")
        tape.do(np.multiply, a, z, out=a, note="z(1 + tanh u)")
        tape.do(np.multiply, a, tape.const(0.5), out=a, note="a = ½z(1 + tanh u)")

    def slope(self, tape: Tape, z: Array, a: Array, out: Array) -> None:
        k = math.sqrt(2 / math.pi)
        rest = tape.scratch(z, "rest")
        self._tanh_u(tape, z, out)
        tape.do(np.multiply, z, z, out=rest, note="z²")
        tape.do(np.multiply, rest, tape.const(3 * 0.044715 * k), out=rest, note="3·0.0447·√(2/π)z²")
        tape.do(np.add, rest, tape.const(k), out=rest, note="u′ = √(2/π)(1 + 0.134145·z²)")
        tape.do(np.multiply, rest, z, out=rest, note="z·u′")
        tanh_u = tape.scratch(z, "tanh_u")
        tape.do(np.copyto, out, out=tanh_u, note="tanh u")
        tape.do(np.multiply, out, out, out=out, note="tanh² u")
        tape.do(np.subtract, tape.const(1.0), out, out=out, note="1 − tanh² u")
        tape.do(np.multiply, out, rest, out=out, note="z(1 − tanh² u)·u′")
        tape.do(np.add, out, tanh_u, out=out, note="tanh u + z(1 − tanh² u)·u′")
        tape.do(np.add, out, tape.const(1.0), out=out, note="1 + tanh u + z(1 − tanh² u)·u′")
        tape.do(np.multiply, out, tape.const(0.5), out=out, note="f′(z)")


class Swish(ActivationFunction):
    """swish(z) = z·σ(z). Ramachandran, Zoph and Le 2017 (also called SiLU)."""

    name = "swish"
    formula = "swish(z) = z·σ(z)"
    slope_formula = "swish′(z) = σ(z)(1 + z(1 − σ(z)))"
    scalar = "z*sigmoid(z)"
    start = "he"

    def value(self, tape: Tape, z: Array, a: Array) -> None:
        sigmoid.value(tape, z, a)
        tape.do(np.multiply, a, z, out=a, note="a = z·σ(z)")

    def slope(self, tape: Tape, z: Array, a: Array, out: Array) -> None:
        s = tape.scratch(z, "sigma")
        sigmoid.value(tape, z, s)
        tape.do(np.subtract, tape.const(1.0), s, out=out, note="1 − σ")
        tape.do(np.multiply, out, z, out=out, note="z(1 − σ)")
        tape.do(np.add, out, tape.const(1.0), out=out, note="1 + z(1 − σ)")
        tape.do(np.multiply, out, s, out=out, note="f′(z) = σ(1 + z(1 − σ))")


class Softmax(ActivationFunction):
    """aᵢ = e^zᵢ / Σⱼ e^zⱼ, computed with zᵢ − max z, which changes nothing and never overflows."""

    name = "softmax"
    bounded = True
    formula = "aᵢ = e^zᵢ / Σⱼ e^zⱼ"
    slope_formula = "∂aᵢ/∂zⱼ = aᵢ([i = j] − aⱼ)"
    elementwise = False
    in_place = True

    def value(self, tape: Tape, z: Array, a: Array) -> None:
        row = tape.scratch(z[:1], "row")
        tape.do(np.maximum.reduce, z, 0, None, out=row[0], note="max z")
        tape.do(np.subtract, z, row, out=a, note="z − max z")
        tape.do(np.exp, a, out=a, note="e^(z − max z)")
        add_units(tape, a, row, "Σ e^(z − max z)")
        tape.do(np.divide, a, row, out=a, note="a = e^z / Σ e^z")

    def slope(self, tape: Tape, z: Array, a: Array, out: Array) -> None:
        sigmoid.slope(tape, z, a, out)

    def backward(self, tape: Tape, z: Array, a: Array, delta: Array) -> None:
        """∂C/∂zᵢ = aᵢ(∂C/∂aᵢ − Σⱼ aⱼ ∂C/∂aⱼ)."""
        product, row = tape.scratch(delta, "slope"), tape.scratch(delta[:1], "row")
        tape.do(np.multiply, delta, a, out=product, note="a·∂C/∂a")
        tape.do(np.add.reduce, product, 0, None, out=row[0], note="Σ a·∂C/∂a")
        tape.do(np.subtract, delta, row, out=delta, note="∂C/∂a − Σ a·∂C/∂a")
        tape.do(np.multiply, delta, a, out=delta, note="δ = a(∂C/∂a − Σ a·∂C/∂a)")


sigmoid = Sigmoid()
softmax = Softmax()

ACTIVATIONS: dict[str, Callable[..., ActivationFunction]] = {
    kind.name: kind
    for kind in (
        Step, Identity, Sigmoid, Tanh, Relu, LeakyRelu, Elu, Softplus, Gelu, Swish, Softmax,
    )
}  # fmt: skip


def activation(name: Any, slope: float | None = None) -> ActivationFunction:
    """Return the activation of this name, with the slope of leaky_relu for z < 0.

    Raises EngineError if there is none of this name, or a slope is given to one that has none.
    """
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise EngineError(f"unknown activation {name!r}: give one of {', '.join(ACTIVATIONS)}")
    if slope is None:
        return ACTIVATIONS[name]()
    if name != "leaky_relu":
        raise EngineError(f"slope belongs to leaky_relu, but the activation is {name}")
    return LeakyRelu(slope)
