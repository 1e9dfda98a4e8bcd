"""From the formulas of the gates to functions.

Every text that is compiled here is put together from the formulas in `gates.py`, node numbers
and the digits of floats. Nothing that a person typed, not even a name, gets into it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

_NAMES = ("exp", "log", "sqrt", "sin", "cos", "tanh", "pow")
_MATH: dict[str, Any] = {name: getattr(math, name) for name in _NAMES}
# The same by IEEE 754, where Python's own raise.
_IEEE: dict[str, Any] = {**{name: getattr(np, name) for name in _NAMES[:-1]}, "pow": np.power}


def define(source: str, name: str, functions: dict[str, Any] = _MATH) -> Callable[..., Any]:
    """Compile `source`, which this package has generated, and return its function `name`."""
    scope = {**functions, "inf": math.inf, "nan": math.nan}
    exec(compile(source, f"<nnsim circuit: {name}>", "exec"), scope)
    function: Callable[..., Any] = scope[name]
    return function


def substitute(formula: str, operands: dict[str, str]) -> str:
    """Put `operands` in the places of ``a``, ``b``, ``f`` and ``k``."""
    return re.sub(r"\b[abfk]\b", lambda match: operands[match[0]], formula)


@dataclass(frozen=True)
class ScalarFunctions:
    """A formula and its derivatives as functions that never raise."""

    fast_value: Callable[..., float]
    ieee_value: Callable[..., Any]
    fast_local: Callable[..., tuple[float, ...]]
    ieee_local: Callable[..., tuple[Any, ...]]

    def value(self, inputs: tuple[float, ...], number: float) -> float:
        """Evaluate the formula."""
        a, b = inputs[0], inputs[-1]
        try:
            return self.fast_value(a, b, number)
        except (ArithmeticError, ValueError):
            with np.errstate(all="ignore"):
                return float(self.ieee_value(np.float64(a), np.float64(b), np.float64(number)))

    def local(self, inputs: tuple[float, ...], value: float, number: float) -> tuple[float, ...]:
        """Evaluate the derivatives by each input."""
        a, b = inputs[0], inputs[-1]
        try:
            return self.fast_local(a, b, number, value)
        except (ArithmeticError, ValueError):
            with np.errstate(all="ignore"):
                numbers = map(np.float64, (a, b, number, value))
                return tuple(map(float, self.ieee_local(*numbers)))


@cache
def scalar_functions(formula: str, local: tuple[str, ...]) -> ScalarFunctions:
    """Compile the formulas of one kind of gate."""
    value_source = f"def value(a, b, k): return {formula}\n"
    local_source = f"def local(a, b, k, f): return ({', '.join(local)},)\n"
    return ScalarFunctions(
        define(value_source, "value"),
        define(value_source, "value", _IEEE),
        define(local_source, "local"),
        define(local_source, "local", _IEEE),
    )
