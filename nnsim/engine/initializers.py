"""Where training starts: the first values of the weights. Biases start at 0.

========  ==========================================================================
zeros     w = 0
constant  w = value (``"constant:0.5"``)
normal    w ~ N(0, scale²), scale 1 (``"normal:0.1"`` for another)
uniform   w ~ U(−scale, scale), scale 1
xavier    w ~ U(−r, r), r = √(6 / (fan_in + fan_out)); Glorot and Bengio 2010, eq. 16
he        w ~ N(0, 2 / fan_in); He, Zhang, Ren and Sun 2015, eq. 10
========  ==========================================================================
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from nnsim.engine.checks import EngineError
from nnsim.engine.tape import Array

NAMES = ("zeros", "constant", "normal", "uniform", "xavier", "he")
_TAKES_VALUE = ("constant", "normal", "uniform")


@dataclass(frozen=True, slots=True)
class Initializer:
    """A rule for first weights: its name, and the value or scale that goes with it."""

    name: str
    value: float | None = None

    def draw(
        self, rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int
    ) -> Array:
        """Return weights of `shape` for units with `fan_in` inputs and `fan_out` outputs."""
        scale = 1.0 if self.value is None else self.value
        if self.name == "zeros":
            return np.zeros(shape)
        if self.name == "constant":
            return np.full(shape, scale)
        if self.name == "normal":
            return scale * rng.standard_normal(shape)
        if self.name == "uniform":
            return rng.uniform(-scale, scale, shape)
        if self.name == "xavier":
            r = math.sqrt(6 / (fan_in + fan_out))
            return rng.uniform(-r, r, shape)
        if self.name == "he":
            return math.sqrt(2 / fan_in) * rng.standard_normal(shape)
        raise EngineError(f"unknown initializer {self.name!r}")

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name}:{self.value!r}"


def initializer(given: Any) -> Initializer:
    """Read an initialiser from ``"xavier"``, ``"constant:0.5"`` or ``("constant", 0.5)``.

    Raises EngineError if the name is unknown, or the value missing, superfluous or not a finite
    number.
    """
    if isinstance(given, Initializer):
        return given
    name, value = _parts(given)
    if not isinstance(name, str) or name not in NAMES:
        what, hint = repr(given), ""
        if isinstance(given, np.ndarray | list | tuple):
            what = f"of shape {given.shape}" if isinstance(given, np.ndarray) else what
            hint = "; for exact values set the layer's weight once the network is built"
        raise EngineError(f"unknown initializer {what}: give one of {', '.join(NAMES)}{hint}")
    if value is None:
        if name == "constant":
            raise EngineError('initializer "constant" needs a value: "constant:0.5"')
        return Initializer(name)
    if name not in _TAKES_VALUE:
        raise EngineError(f'initializer "{name}" takes no value, but {value!r} came')
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or (name != "constant" and number < 0):
        raise EngineError(f'initializer "{name}" needs a finite number, but {value!r} came')
    return Initializer(name, number)


def _parts(given: Any) -> tuple[Any, Any]:
    if isinstance(given, str):
        name, colon, value = given.partition(":")
        return name, value if colon else None
    if isinstance(given, tuple | list) and len(given) == 2:
        return given[0], given[1]
    return given, None
