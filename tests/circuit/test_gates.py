import math

import pytest

from nnsim.circuit.gates import KINDS

ROLES = {
    "add": "distribute", "subtract": "distribute", "multiply": "swap", "divide": "scale",
    "negate": "scale", "power": "scale", "reciprocal": "scale", "exp": "scale", "log": "scale",
    "sqrt": "scale", "sin": "scale", "cos": "scale", "tanh": "scale", "abs": "scale",
    "relu": "route", "max": "route", "min": "route",
}  # fmt: skip

# Values and derivatives as the tables of any calculus book have them, at (a, b) = (2, 5).
TABLE = [
    ("add", (2, 5), 0, 7, (1, 1)),
    ("subtract", (2, 5), 0, -3, (1, -1)),
    ("multiply", (2, 5), 0, 10, (5, 2)),
    ("divide", (2, 5), 0, 0.4, (1 / 5, -2 / 25)),
    ("negate", (2,), 0, -2, (-1,)),
    ("reciprocal", (2,), 0, 0.5, (-1 / 4,)),
    ("power", (2,), 3, 8, (12,)),
    ("power", (2,), -1, 0.5, (-1 / 4,)),
    ("power", (4,), 0.5, 2, (1 / 4,)),
    ("power", (0,), 0, 1, (0,)),
    ("power", (0,), 1, 0, (1,)),
    ("exp", (2,), 0, math.e**2, (math.e**2,)),
    ("log", (2,), 0, math.log(2), (1 / 2,)),
    ("sqrt", (4,), 0, 2, (1 / 4,)),
    ("sin", (2,), 0, math.sin(2), (math.cos(2),)),
    ("cos", (2,), 0, math.cos(2), (-math.sin(2),)),
    ("tanh", (2,), 0, math.tanh(2), (1 / math.cosh(2) ** 2,)),
    ("abs", (-2,), 0, 2, (-1,)),
    ("abs", (2,), 0, 2, (1,)),
    ("abs", (0,), 0, 0, (0,)),
    ("relu", (2,), 0, 2, (1,)),
    ("relu", (-2,), 0, 0, (0,)),
    ("relu", (0,), 0, 0, (0,)),
    ("max", (2, 5), 0, 5, (0, 1)),
    ("max", (5, 2), 0, 5, (1, 0)),
    ("max", (2, 2), 0, 2, (1, 0)),
    ("min", (2, 5), 0, 2, (1, 0)),
    ("min", (5, 2), 0, 2, (0, 1)),
    ("min", (2, 2), 0, 2, (1, 0)),
]


@pytest.mark.parametrize(("name", "inputs", "number", "value", "local"), TABLE)
def test_value_and_local_gradients(name, inputs, number, value, local):
    kind, inputs = KINDS[name], tuple(map(float, inputs))
    computed = kind.evaluate(inputs, number)
    assert computed == pytest.approx(value, rel=1e-15)
    assert kind.local_gradients(inputs, computed, number) == pytest.approx(local, rel=1e-14)


def test_every_kind_is_in_the_table():
    assert {row[0] for row in TABLE} == set(KINDS) == set(ROLES)


@pytest.mark.parametrize("name", ROLES)
def test_roles_are_stable_ids(name):
    assert KINDS[name].role == ROLES[name]


@pytest.mark.parametrize(
    ("name", "inputs", "number", "value"),
    [
        ("divide", (1.0, 0.0), 0, math.inf),
        ("divide", (-1.0, 0.0), 0, -math.inf),
        ("divide", (0.0, 0.0), 0, math.nan),
        ("reciprocal", (0.0,), 0, math.inf),
        ("log", (0.0,), 0, -math.inf),
        ("log", (-1.0,), 0, math.nan),
        ("sqrt", (-1.0,), 0, math.nan),
        ("exp", (1000.0,), 0, math.inf),
        ("exp", (-1000.0,), 0, 0.0),
        ("power", (0.0,), -1, math.inf),
        ("power", (-2.0,), 0.5, math.nan),
        ("power", (1e200,), 2, math.inf),
        ("sin", (math.inf,), 0, math.nan),
    ],
)
def test_what_cannot_be_computed_follows_ieee_754(name, inputs, number, value):
    assert KINDS[name].evaluate(inputs, number) == pytest.approx(value, nan_ok=True)
