"""The kinds of gate: what each computes, its local gradients, and its role on the way back.

A formula is written once, in Python's notation over the inputs ``a`` and ``b``, the value ``f``
of the gate itself and the number ``k`` of a power. From it come the function that evaluates one
gate, the straight-line program of a whole circuit (`circuit.py`) and what people read of a node
(`graph.py`). Every text that is compiled is put together from these formulas, node numbers and
the digits of floats. Nothing that a person typed, not even a name, gets into it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from nnsim.i18n import _

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


DISTRIBUTE, SWAP, ROUTE, SCALE, SUM = "distribute", "swap", "route", "scale", "sum"


@dataclass(frozen=True, eq=False)
class Kind:
    """One kind of gate."""

    id: str  # stable name, such as ``"multiply"``
    symbol: str  # what stands in the box of a drawing, and the same without Unicode
    ascii: str
    # what it does to the gradient that comes back: ``distribute``, ``swap``, ``route`` or
    # ``scale``. (A *value* that is used more than once has the role ``sum``.)
    role: str
    formula: str = ""  # its value, over ``a``, ``b`` and ``k``
    # the derivative of the value by each input, over ``a``, ``b``, ``k`` and ``f``
    local: tuple[str, ...] = ()
    written: str = ""  # its value as a textbook has it, where that is not the formula in its signs

    @property
    def is_gate(self) -> bool:
        return bool(self.local)

    def evaluate(self, inputs: tuple[float, ...], number: float = 0.0) -> float:
        return compute((self.formula,), inputs[0], inputs[-1], number, 0.0)[0]

    def local_gradients(
        self, inputs: tuple[float, ...], value: float, number: float = 0.0
    ) -> tuple[float, ...]:
        """Return ∂value/∂input for each input, at `inputs`."""
        return compute(self.local, inputs[0], inputs[-1], number, value)


INPUT = Kind("input", "", "", SUM)
CONSTANT = Kind("constant", "", "", SUM)

ADD = Kind("add", "+", "+", DISTRIBUTE, "a + b", ("1.0", "1.0"))
SUBTRACT = Kind("subtract", "−", "-", DISTRIBUTE, "a - b", ("1.0", "-1.0"))
MULTIPLY = Kind("multiply", "×", "*", SWAP, "a * b", ("b", "a"))
DIVIDE = Kind("divide", "÷", "/", SCALE, "a / b", ("1.0 / b", "-f / b"))
NEGATE = Kind("negate", "×−1", "*-1", SCALE, "-a", ("-1.0",))
RECIPROCAL = Kind("reciprocal", "1/x", "1/x", SCALE, "1.0 / a", ("-f / a",))
POWER = Kind(
    "power", "^", "^", SCALE, "pow(a, k)", ("0.0 if k == 0.0 else k * pow(a, k - 1.0)",), "a^k"
)  # fmt: skip
EXP = Kind("exp", "exp", "exp", SCALE, "exp(a)", ("f",))
LOG = Kind("log", "log", "log", SCALE, "log(a)", ("1.0 / a",))
SQRT = Kind("sqrt", "√", "sqrt", SCALE, "sqrt(a)", ("0.5 / f",))
SIN = Kind("sin", "sin", "sin", SCALE, "sin(a)", ("cos(a)",))
COS = Kind("cos", "cos", "cos", SCALE, "cos(a)", ("-sin(a)",))
TANH = Kind("tanh", "tanh", "tanh", SCALE, "tanh(a)", ("1.0 - f * f",))
ABS = Kind(
    "abs", "|x|", "abs", SCALE, "abs(a)", ("1.0 if a > 0.0 else -1.0 if a < 0.0 else 0.0",), "|a|"
)  # fmt: skip
RELU = Kind(
    "relu", "relu", "relu", ROUTE, "0.0 if a <= 0.0 else a", ("1.0 if a > 0.0 else 0.0",),
    "max(0, a)",
)  # fmt: skip
# On a tie the first input is the winner.
MAX = Kind(
    "max", "max", "max", ROUTE, "a if a >= b else b",
    ("1.0 if a >= b else 0.0", "0.0 if a >= b else 1.0"), "max(a, b)",
)  # fmt: skip
MIN = Kind(
    "min", "min", "min", ROUTE, "a if a <= b else b",
    ("1.0 if a <= b else 0.0", "0.0 if a <= b else 1.0"), "min(a, b)",
)  # fmt: skip

KINDS = {
    kind.id: kind
    for kind in (
        ADD, SUBTRACT, MULTIPLY, DIVIDE, NEGATE, RECIPROCAL, POWER, EXP, LOG, SQRT, SIN, COS,
        TANH, ABS, RELU, MAX, MIN,
    )
}  # fmt: skip


def role_in_words(role: str) -> str:
    """Return what a gate of that role (or a value used more than once) does to the gradient."""
    return {
        DISTRIBUTE: _("distributes: every input gets the whole gradient, copied, not shared out"),
        SWAP: _("swaps: each input gets the gradient times the value of the other input"),
        ROUTE: _("routes: the winner gets the whole gradient, the other gets none"),
        SCALE: _("scales: the gradient is multiplied by the slope of the gate"),
        SUM: _("sums: used more than once, it adds up the gradients that come back"),
    }[role]


def kind_in_words(kind: Kind) -> str:
    """Return what this kind of gate does to the gradient; more exact than its role where it can."""
    if kind.is_gate and not kind.local:
        return _(
            "scales: each input gets the gradient times its slope, found by the chain rule inside"
        )
    special = {
        SUBTRACT: _("distributes: the first input gets the gradient, the second its negative"),
        NEGATE: _("scales: the gradient changes its sign"),
        RELU: _("routes: lets the gradient through above 0 and stops it otherwise"),
        ABS: _("scales: by 1 above 0 and by −1 below"),
    }
    return special.get(kind) or role_in_words(kind.role)


def trouble_in_words(kind: Kind, inputs: tuple[float, ...], number: float) -> str:
    """Return why a gate with finite `inputs` has a value, or a local gradient, that is not."""
    last = inputs[-1]
    if kind in (DIVIDE, RECIPROCAL) and last == 0:
        return _("division by zero")
    if kind is LOG and last <= 0:
        return _("log of zero") if last == 0 else _("log of a negative number")
    if kind is SQRT and last <= 0:
        return _("the slope of sqrt at zero") if last == 0 else _("sqrt of a negative number")
    if kind is POWER and last == 0:
        return _("zero to a negative power") if number < 0 else _("the slope of a root at zero")
    if kind is POWER and last < 0 and number != int(number):
        return _("a negative number to a fractional power")
    return _("overflow: the number is too large to hold")
