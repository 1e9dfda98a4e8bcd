"""``nnsim explain``: for people, as JSON, and what it refuses."""

import json

import pytest

EXAMPLE = """
id = "mazur"
title = "A step by step backpropagation example"
input = { kind = "vector", names = ["i1", "i2"] }
[network]
layers = [
  { type = "dense", name = "hidden", units = 2, activation = "sigmoid", labels = ["A", "B"] },
  { type = "dense", name = "output", units = 2, activation = "sigmoid" },
]
[network.parameters]
hidden.weight = [[0.15, 0.25], [0.20, 0.30]]
hidden.bias = [0.35, 0.35]
output.weight = [[0.40, 0.50], [0.45, 0.55]]
output.bias = [0.60, 0.60]
[data]
inputs = [[0.05, 0.10]]
targets = [[0.01, 0.99]]
"""


@pytest.fixture
def mazur(tmp_path):
    """Matt Mazur, "A Step by Step Backpropagation Example" (2015)."""
    path = tmp_path / "mazur.toml"
    path.write_text(EXAMPLE, encoding="utf-8")
    return path


def test_a_gradient_for_people(nnsim, mazur):
    result = nnsim(
        "explain", mazur, "output[1].w[A].grad", "--input", "0.05 0.10", "--target", "0.01 0.99"
    )
    assert result.status == 0
    assert "∂C/∂w = δ·x" in result.out
    assert "∂C/∂w = 0.138499·0.59327 ≈ 0.082167" in result.out  # as published
    assert "swaps" in result.out
    assert "├── output[1].delta ≈ 0.138499" in result.out
    assert "└── hidden[1].a ≈ 0.59327" in result.out


def test_json(nnsim, mazur):
    result = nnsim(
        "explain",
        mazur,
        "output[1].delta",
        "--input",
        "0.05 0.10",
        "--target",
        "0.01 0.99",
        "--json",
    )
    assert list(result.json) == [
        "address", "name", "formula", "worked", "value", "role", "causes",
    ]  # fmt: skip
    assert result.json["value"] == pytest.approx(0.138498562, abs=1e-9)
    assert result.json["role"] == "scale"
    assert result.json["causes"] == ["output[1].a", "target[1]", "output[1].slope"]


def test_a_number_of_the_way_forward_needs_no_target(nnsim, mazur):
    result = nnsim("explain", mazur, "hidden[B].z", "--input", "0.05 0.10", "--json")
    assert result.json["address"] == "hidden[2].z"
    assert result.json["value"] == pytest.approx(0.25 * 0.05 + 0.3 * 0.1 + 0.35)
    assert result.json["role"] is None


def test_ascii(nnsim, mazur):
    result = nnsim("explain", mazur, "hidden[1].a", "--input", "0.05 0.10", "--ascii")
    assert result.out.isascii()
    assert "a = sigma(z) = 1 / (1 + e^-z)" in result.out
    assert "`-- hidden[1].z = 0.3775" in result.out
    assert "?" not in result.out


def test_a_model_takes_the_place_of_the_start_weights(nnsim, mazur, tmp_path):
    model = tmp_path / "model.npz"
    nnsim("train", mazur, "--epochs", "20", "--save", model, "--json")
    words = ("explain", mazur, "output[1].a", "--input", "0.05 0.10", "--json")
    trained = nnsim(*words, "--model", model).json["value"]
    assert trained < nnsim(*words).json["value"]  # it learns towards 0.01
    traced = nnsim("trace", mazur, "--input", "0.05 0.10", "--model", model, "--json").json
    assert trained == traced["output"][0]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("hidden[3].z", "counts from 1 to 2"),
        ("hiden[1].z", "did you mean hidden"),
        ("hidden[1].y", "there are .z .a"),
        ("hidden[C].z", "A, B"),
        ("nothing at all", "not an address"),
        ("output[1].delta", "--target"),
        ("loss", "--target"),
        ("accuracy", "no meaning"),
    ],
)
def test_bad_addresses_are_refused_in_a_line(nnsim, mazur, address, said):
    result = nnsim("explain", mazur, address, "--input", "0.05 0.10")
    assert result.status == 2
    assert result.out == ""
    assert said in result.err
    assert result.err.count("\n") == 1


def test_every_number_of_a_trace_can_be_explained(nnsim, mazur):
    words = ("--input", "0.05 0.10", "--target", "0.01 0.99", "--json")
    trace = nnsim("trace", mazur, *words).json
    for layer in trace["layers"]:
        for field in ("z", "a", "delta"):
            for unit, value in enumerate(layer[field], 1):
                address = f"{layer['name']}[{unit}].{field}"
                assert json.loads(nnsim("explain", mazur, address, *words).out)["value"] == value
        for source, row in enumerate(layer["grad_weight"], 1):
            for unit, value in enumerate(row, 1):
                address = f"{layer['name']}[{unit}].w[{source}].grad"
                assert json.loads(nnsim("explain", mazur, address, *words).out)["value"] == value
