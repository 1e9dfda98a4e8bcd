import tomllib

import pytest

from nnsim.circuit import CircuitError, from_expression
from nnsim.circuit.expression import FOLDER, example, examples
from nnsim.resources import resource

# Values and gradients from the sources that the files cite: CS231n's drawings (to their printed
# digits), Saitoh's figures; softmax's are p − t, computed by hand with a pocket calculator.
FIGURES = {
    "add-multiply": (-12, {"x": -4, "y": -4, "z": 3}, 1e-12),
    "sigmoid-neuron": (0.73, {"w0": -0.2, "x0": 0.39, "w1": -0.39, "x1": -0.59, "w2": 0.2}, 5e-3),
    "max-routing": (-20, {"x": -8, "y": 6, "z": 2, "w": 0}, 1e-12),
    "apples-and-oranges": (
        715,
        {"apple": 2.2, "apples": 110, "orange": 3.3, "oranges": 165, "tax": 650},
        1e-9,
    ),
    "softmax-log": (0.46437, {"s1": 0.23122, "s2": 0.62853 - 1, "s3": 0.14024}, 5e-6),
}


def test_all_of_them_ship():
    assert {entry.id for entry in examples()} == set(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_figures_of_the_source(name):
    value, gradients, tolerance = FIGURES[name]
    circuit = example(name).circuit()
    assert circuit.value == pytest.approx(value, abs=tolerance)
    for key, gradient in gradients.items():
        assert circuit.gradient_of(key) == pytest.approx(gradient, abs=tolerance)


@pytest.mark.parametrize("entry", examples(), ids=lambda entry: entry.id)
def test_each_says_what_it_is_and_where_it_is_from(entry):
    assert entry.title
    assert entry.note
    assert entry.source
    assert entry.circuit().trouble is None
    file = resource(FOLDER) / f"{entry.id}.toml"
    assert tomllib.loads(file.read_text(encoding="utf-8"))["id"] == entry.id


def test_the_command_rebuilds_it():
    entry = example("add-multiply")
    assert entry.command == '"(x + y) * z" x=-2 y=5 z=-4'
    assert from_expression(entry.expression, entry.values).value == -12


def test_an_unknown_one_is_refused_with_the_nearest():
    with pytest.raises(CircuitError, match="sigmoid-neuron"):
        example("sigmoid-neurone")
