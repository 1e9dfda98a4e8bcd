"""Activations: closed forms, slopes by the complex step, extreme scores."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nnsim.engine import ACTIVATIONS, EngineError, activation

# Written down again from the textbooks, in plain Python.
CLOSED_FORMS = {
    "step": lambda z: 1.0 if z >= 0 else 0.0,
    "identity": lambda z: z,
    "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
    "tanh": math.tanh,
    "relu": lambda z: max(0.0, z),
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "elu": lambda z: z if z > 0 else math.exp(z) - 1,
    "softplus": lambda z: math.log(1 + math.exp(z)),
    "gelu": lambda z: 0.5 * z * (1 + math.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))),
    "swish": lambda z: z / (1 + math.exp(-z)),
}
ELEMENTWISE = sorted(CLOSED_FORMS)


def test_all_are_there():
    assert set(ACTIVATIONS) == {*CLOSED_FORMS, "softmax"}


@pytest.mark.parametrize("name", ELEMENTWISE)
@given(z=st.floats(-20, 20))
def test_values(name, z):
    assert activation(name).f(z) == pytest.approx(CLOSED_FORMS[name](z), rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("name", ELEMENTWISE)
@given(z=st.floats(-8, 8))
def test_slopes_are_central_differences(name, z):
    if abs(z) < 1e-4:  # kinks
        return
    f, h = CLOSED_FORMS[name], 1e-5
    numeric = (f(z + h) - f(z - h)) / (2 * h)
    assert activation(name).derivative(z) == pytest.approx(numeric, rel=1e-8, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "at_zero", "slope_at_zero"),
    [
        ("step", 1, 0),
        ("relu", 0, 0),
        ("leaky_relu", 0, 0.01),
        ("elu", 0, 1),
        ("sigmoid", 0.5, 0.25),
        ("tanh", 0, 1),
        ("softplus", math.log(2), 0.5),
        ("gelu", 0, 0.5),
        ("swish", 0, 0.5),
    ],
)
def test_at_zero(name, at_zero, slope_at_zero):
    assert activation(name).f(0.0) == pytest.approx(at_zero, abs=1e-15)
    assert activation(name).derivative(0.0) == pytest.approx(slope_at_zero, abs=1e-15)


def test_published_values():
    # Matt Mazur, "A Step by Step Backpropagation Example": σ(0.3775).
    assert activation("sigmoid").f(0.3775) == pytest.approx(0.593269992, abs=1e-9)
    # Goldberg's and many others' table value: σ(2).
    assert activation("sigmoid").f(2.0) == pytest.approx(0.88079708, abs=1e-8)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_extreme_scores_are_finite_and_silent(name):
    z = np.array([-1e4, 1e4, -800.0, 800.0])
    with np.errstate(all="raise", under="ignore"):
        a, slope = activation(name).f(z), activation(name).derivative(z)
    assert np.isfinite(a).all()
    assert np.isfinite(slope).all()
    if name == "sigmoid":
        assert a.tolist() == [0, 1, 0, 1]


def test_softmax():
    a = activation("softmax").f([[1.0, 2.0, 3.0], [0.0, 0.0, 1000.0]])
    e = [math.exp(z) for z in (1, 2, 3)]
    assert a[0] == pytest.approx([x / sum(e) for x in e], rel=1e-14)
    assert a[1].tolist() == [0, 0, 1]
    assert a.sum(axis=1) == pytest.approx([1, 1], abs=1e-15)


def test_leaky_slope():
    leaky = activation("leaky_relu", 0.3)
    assert leaky.f([-2.0, 2.0]) == pytest.approx([-0.6, 2])
    assert leaky.derivative([-2.0, 2.0]) == pytest.approx([0.3, 1])
    assert "0.3" in leaky.formula
    with pytest.raises(EngineError, match="slope"):
        activation("leaky_relu", 1.5)
    with pytest.raises(EngineError, match="leaky_relu"):
        activation("relu", 0.1)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_formulas_are_written(name):
    assert "=" in activation(name).formula
    assert "=" in activation(name).slope_formula
