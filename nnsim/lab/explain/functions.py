"""The functions that occur in explanations, in plain Python and as people write them.

They are written anew here, with the `math` module and by IEEE 754 (an overflow is ∞, no error), so
that an explanation checks the engine instead of asking it again.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any


def exp(z: float) -> float:
    try:
        return math.exp(z)
    except OverflowError:
        return math.inf


def ln(x: float) -> float:
    """Return ln x; −∞ for 0."""
    if x > 0:
        return math.log(x)
    return -math.inf if x == 0 else math.nan


def root(x: float) -> float:
    return math.sqrt(x) if x >= 0 else math.nan


def divide(top: float, bottom: float) -> float:
    if bottom != 0:
        return top / bottom
    if top == 0 or math.isnan(top):
        return math.nan
    return math.copysign(math.inf, top) * math.copysign(1.0, bottom)


def sigmoid(z: float) -> float:
    return 1 / (1 + exp(-z))


def softplus(z: float) -> float:
    """Return ln(1 + eᶻ), without overflow."""
    return max(z, 0.0) + math.log1p(exp(-abs(z)))


def gelu(z: float) -> float:
    """Return gelu in its tanh form."""
    return 0.5 * z * (1 + math.tanh(_gelu_u(z)))


def gelu_slope(z: float) -> float:
    t = math.tanh(_gelu_u(z))
    return 0.5 * (1 + t) + 0.5 * z * (1 - t * t) * math.sqrt(2 / math.pi) * (1 + 0.134145 * z * z)


def _gelu_u(z: float) -> float:
    return math.sqrt(2 / math.pi) * (z + 0.044715 * z * z * z)


def swish_slope(z: float) -> float:
    s = sigmoid(z)
    return s * (1 + z * (1 - s))


def ln_softmax(score: float, *scores: float) -> float:
    """Return ln of the softmax of the first among the others, which has it too."""
    top = max(scores)
    return (score - top) - math.log(math.fsum(exp(s - top) for s in scores))


def softmax(score: float, *scores: float) -> float:
    """Return the softmax of the first among the others, which has it too."""
    top = max(scores)
    return divide(exp(score - top), math.fsum(exp(s - top) for s in scores))


def t_ln(t: float, a: float) -> float:
    """Return t·ln a, where 0·ln 0 is 0."""
    return 0.0 if t == 0 else t * ln(a)


def argmax(*values: float) -> float:
    """Return the position of the largest, from 1; the first on a tie."""
    return float(values.index(max(values)) + 1) if not any(map(math.isnan, values)) else math.nan


@dataclass(frozen=True)
class Function:
    """One function."""

    compute: Callable[..., float]
    # {0} is the first argument as it stands between brackets or commas, {0!} one that brackets
    # protect, {0-} its negative
    template: str
    # the same for fractions, where it has a value among them
    exact: Callable[..., Fraction | int] | None = None


def _leaky(z: Any, s: Any) -> Any:
    return max(z, s * z)


def _leaky_slope(z: Any, s: Any) -> Any:
    return 1 if z > 0 else s


FUNCTIONS: dict[str, Function] = {
    "exp": Function(exp, "e^{0!}"),
    "ln": Function(ln, "ln {0!}"),
    "root": Function(root, "√{0!}"),
    "sigmoid": Function(sigmoid, "1/(1 + e^{0-})"),
    "tanh": Function(math.tanh, "tanh {0!}"),
    "relu": Function(lambda z: max(z, 0.0), "max(0, {0})", lambda z: max(z, Fraction(0))),
    "leaky_relu": Function(_leaky, "max({0}, {1}·{0!})", _leaky),
    "elu": Function(lambda z: z if z > 0 else math.expm1(z), "elu({0})"),
    "softplus": Function(softplus, "ln(1 + e^{0!})"),
    "softplus_minus": Function(lambda z: softplus(-z), "ln(1 + e^{0-})"),
    "gelu": Function(gelu, "gelu({0})"),
    "swish": Function(lambda z: z * sigmoid(z), "{0!}/(1 + e^{0-})"),
    "step": Function(
        lambda z: 1.0 if z >= 0 else 0.0, "u({0})", lambda z: Fraction(1 if z >= 0 else 0)
    ),
    "leaky_slope": Function(_leaky_slope, "[1 if {0} > 0 else {1}]", _leaky_slope),
    "elu_slope": Function(lambda z: exp(min(z, 0.0)), "e^min({0}, 0)"),
    "gelu_slope": Function(gelu_slope, "gelu′({0})"),
    "swish_slope": Function(swish_slope, "swish′({0})"),
    "positive": Function(lambda x: float(x > 0), "[{0} > 0]", lambda x: int(x > 0)),
    "nonzero": Function(lambda x: float(x != 0), "[{0} ≠ 0]", lambda x: Fraction(x != 0)),
    "sign": Function(lambda x: float((x > 0) - (x < 0)), "sign {0!}", lambda x: (x > 0) - (x < 0)),
    "max": Function(max, "max({*})", max),
    "min": Function(min, "min({*})", min),
    "hinge": Function(lambda x: max(0.0, x), "max(0, {0})", lambda x: max(x, Fraction(0))),
    "argmax": Function(argmax, "argmax({*})"),
    "half": Function(lambda a: 2.0 if a >= 0.5 else 1.0, "[2 if {0} ≥ 0.5 else 1]"),
    "same": Function(lambda a, b: float(a == b), "[{0} = {1}]", lambda a, b: int(a == b)),
    "softmax": Function(softmax, "softmax({0})"),
    "t_ln": Function(t_ln, "{0!}·ln {1!}"),
    # The logarithm of an output, computed from its z, where nothing is lost to rounding.
    "ln_sigmoid": Function(lambda z: -softplus(-z), "ln {0!}"),
    "ln_one_minus_sigmoid": Function(lambda z: -softplus(z), "ln(1 − {0!})"),
    "ln_softmax": Function(ln_softmax, "ln {0!}"),
}  # fmt: skip

CANCELLING = ("gelu", "gelu_slope", "swish_slope", "ln_softmax")
"""Where terms of size 1 (or of the arguments') may cancel out to a small result."""
