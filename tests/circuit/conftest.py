"""An independent reading of expressions, by Python itself over complex numbers."""

import cmath
from collections.abc import Callable

import pytest

# The derivative of f at x is the imaginary part of f(x + ih)/h, without any cancellation, for h as
# small as one likes (Squire and Trapp 1998). Where f has a kink, the real part decides.
H = 1e-30


def _sigmoid(z: complex) -> complex:
    return 1 / (1 + cmath.exp(-z))


def _max(*values: complex) -> complex:
    winner = values[0]
    for value in values[1:]:
        winner = winner if complex(winner).real >= complex(value).real else value
    return winner


def _min(*values: complex) -> complex:
    return -_max(*[-value for value in values])


def _relu(z: complex) -> complex:
    return z if complex(z).real > 0 else 0 * z


def _abs(z: complex) -> complex:
    real = complex(z).real
    return z if real > 0 else -z if real < 0 else 0 * z


_FUNCTIONS = {
    "exp": cmath.exp,
    "log": cmath.log,
    "sqrt": cmath.sqrt,
    "sin": cmath.sin,
    "cos": cmath.cos,
    "tanh": cmath.tanh,
    "sigmoid": _sigmoid,
    "relu": _relu,
    "max": _max,
    "min": _min,
    "abs": _abs,
}


def _evaluate(expression: str, values: dict[str, complex]) -> complex:
    *parts, last = expression.split(";")
    names = dict(values)
    for part in parts:
        name, _, text = part.partition("=")
        names[name.strip()] = eval(text.strip(), dict(_FUNCTIONS), names)
    return complex(eval(last.strip(), dict(_FUNCTIONS), names))


@pytest.fixture(scope="session")
def evaluate() -> Callable[[str, dict[str, complex]], complex]:
    return _evaluate


@pytest.fixture(scope="session")
def derivative() -> Callable[[str, dict[str, float], str], float]:
    def by_complex_step(expression: str, values: dict[str, float], name: str) -> float:
        shifted = {other: complex(v, H if other == name else 0) for other, v in values.items()}
        return _evaluate(expression, shifted).imag / H

    return by_complex_step
