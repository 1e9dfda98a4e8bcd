import pytest

from nnsim.circuit import from_expression
from nnsim.circuit.gates import ADD, KINDS, SUBTRACT, kind_in_words, role_in_words
from nnsim.circuit.graph import local_formula, value_formula


def test_roles_in_words_say_what_happens():
    assert "whole gradient" in role_in_words("distribute")
    assert "other input" in role_in_words("swap")
    assert "winner" in role_in_words("route")
    assert "slope" in role_in_words("scale")
    assert "adds up" in role_in_words("sum")
    assert "negative" in kind_in_words(SUBTRACT)
    assert kind_in_words(ADD) == role_in_words("distribute")


@pytest.mark.parametrize(
    ("expression", "value", "local"),
    [
        ("x + y", "x + y", ("1", "1")),
        ("x - y", "x − y", ("1", "−1")),
        ("x*y", "x·y", ("y", "x")),
        ("x/y", "x / y", ("1 / y", "−v / y")),
        ("-x", "−x", ("−1",)),
        ("1/x", "1 / x", ("−v / x",)),
        ("x**3", "x^3", ("3·x^2",)),
        ("x**2", "x^2", ("2·x",)),
        ("x**-1", "x^(-1)", ("(-1)·x^(-2)",)),
        ("exp(x)", "exp(x)", ("v",)),
        ("log(x)", "log(x)", ("1 / x",)),
        ("sqrt(x)", "√(x)", ("0.5 / v",)),
        ("sin(x)", "sin(x)", ("cos(x)",)),
        ("cos(x)", "cos(x)", ("−sin(x)",)),
        ("tanh(x)", "tanh(x)", ("1 − v·v",)),
        ("abs(x)", "|x|", ("1 if x > 0 else −1 if x < 0 else 0",)),
        ("relu(x)", "max(0, x)", ("1 if x > 0 else 0",)),
        ("max(x, y)", "max(x, y)", ("1 if x ≥ y else 0", "0 if x ≥ y else 1")),
        ("min(x, y)", "min(x, y)", ("1 if x ≤ y else 0", "0 if x ≤ y else 1")),
        ("sigmoid(x)", "σ(x)", ("v·(1 − v)",)),
    ],
)
def test_formulas_with_names(expression, value, local):
    names = ["x", "y"] if "y" in expression else ["x"]
    node = from_expression(expression, dict.fromkeys(names, 2)).gates[-1]
    assert value_formula(node, names) == value
    assert tuple(local_formula(node, i, names, "v") for i in range(len(names))) == local


def test_every_kind_has_a_formula_to_read():
    for kind in KINDS.values():
        assert kind.formula
        assert len(kind.local) in (1, 2)


def test_negative_numbers_stand_in_brackets():
    node = from_expression("x*y", {"x": 2, "y": -3}).gates[0]
    assert value_formula(node, ["2", "-3"]) == "2·(-3)"
    assert local_formula(node, 0, ["2", "-3"], "-6") == "-3"


def test_a_folded_part_is_a_function_of_its_inputs():
    circuit = from_expression("s = w*x + b; s*s", {"w": 1, "x": 2, "b": 3}).fold("s")
    node = circuit.node("s")
    assert value_formula(node, ["w", "x", "b"]) == "s(w, x, b)"
    assert local_formula(node, 1, ["w", "x", "b"], "s") == "∂s/∂x"
    assert "chain rule inside" in kind_in_words(node.kind)


def test_a_part_may_have_the_name_of_a_kind():
    circuit = from_expression("power = w*x + b; power*power", {"w": 1, "x": 2, "b": 3})
    node = circuit.fold("power").node("power")
    assert node.label() == "power"
    assert value_formula(node, ["w", "x", "b"]) == "power(w, x, b)"
