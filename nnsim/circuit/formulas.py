"""From the formulas of the gates to functions.

Every text that is compiled here is put together from the formulas in `gates.py`, node numbers
and the digits of floats. Nothing that a person typed, not even a name, gets into it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import cache
from typing import Any

_NAMES = ("exp", "log", "sqrt", "sin", "cos", "tanh", "pow")
_MATH: dict[str, Any] = {name: getattr(math, name) for name in _NAMES}


def define(source: str, name: str, functions: dict[str, Any] = _MATH) -> Callable[..., Any]:
    """Compile `source`, which this package has generated, and return its function `name`."""
    scope = dict(functions)
    exec(compile(source, f"<nnsim circuit: {name}>", "exec"), scope)
    function: Callable[..., Any] = scope[name]
    return function


def substitute(formula: str, operands: dict[str, str]) -> str:
    """Put `operands` in the places of ``a``, ``b``, ``f`` and ``k``."""
    return re.sub(r"\b[abfk]\b", lambda match: operands[match[0]], formula)


def compute(formulas: tuple[str, ...], a: float, b: float, k: float, f: float) -> tuple[float, ...]:
    """Return what the formulas come to, by IEEE 754: 1/0 is inf, log(−1) is nan; never an error."""
    try:
        result: tuple[float, ...] = _function(formulas)(a, b, k, f)
    except (ArithmeticError, ValueError):
        import numpy as np  # seldom needed, and slow to import

        with np.errstate(all="ignore"):
            result = tuple(map(float, _ieee_function(formulas)(*map(np.float64, (a, b, k, f)))))
    return result


@cache
def _function(formulas: tuple[str, ...]) -> Callable[..., Any]:
    return define(_source(formulas), "compute")


@cache
def _ieee_function(formulas: tuple[str, ...]) -> Callable[..., Any]:
    """Return the same function over NumPy's numbers, which do not raise where Python's do."""
    import numpy as np

    functions = {name: getattr(np, name) for name in _NAMES if name != "pow"}
    return define(_source(formulas), "compute", {**functions, "pow": np.power})


def _source(formulas: tuple[str, ...]) -> str:
    return f"def compute(a, b, k, f): return ({', '.join(formulas)},)\n"
