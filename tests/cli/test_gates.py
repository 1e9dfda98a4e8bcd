import math
import os
import sys

import pytest


def test_json_of_the_first_circuit_of_cs231n(nnsim):
    # CS231n notes, "Backpropagation, Intuitions": f = −12, gradients −4, −4, 3.
    result = nnsim("gates", "(x+y)*z", "x=-2", "y=5", "z=-4", "--json")
    assert result.status == 0
    assert result.json == {
        "value": -12,
        "gradients": {"x": -4, "y": -4, "z": 3},
        "steps": [
            {
                "gate": "add", "inputs": [-2, 5], "value": 3, "local": [1, 1], "upstream": -4,
                "gradient": [-4, -4], "role": "distribute",
            },
            {
                "gate": "multiply", "inputs": [3, -4], "value": -12, "local": [-4, 3],
                "upstream": 1, "gradient": [-4, 3], "role": "swap",
            },
        ],
    }  # fmt: skip


def test_named_parts_have_gradients_too(nnsim):
    result = nnsim("gates", "s = x*y; s*s", "x=2", "y=3", "--json")
    assert result.json["gradients"] == {"x": 36, "y": 24, "s": 12}


def test_folding_changes_the_steps_and_not_the_gradients(nnsim):
    words = ("gates", "1/(1+exp(-(w*x)))", "w=2", "x=-1", "--json")
    plain, folded = nnsim(*words).json, nnsim(*words, "--fold", "sigmoid").json
    assert [step["gate"] for step in folded["steps"]] == ["multiply", "sigmoid"]
    assert [step["gate"] for step in plain["steps"]] == [
        "multiply", "negate", "exp", "add", "reciprocal",
    ]  # fmt: skip
    assert folded["value"] == plain["value"]
    assert folded["gradients"] == pytest.approx(plain["gradients"], rel=1e-14)


def test_unfolding_shows_the_four_gates(nnsim):
    result = nnsim("gates", "sigmoid(x)", "x=1", "--json", "--unfold", "sigmoid")
    assert [step["gate"] for step in result.json["steps"]] == ["negate", "exp", "add", "reciprocal"]


def test_for_people_it_walks_forward_and_back(nnsim):
    result = nnsim("gates", "s = x + y; s*s", "x=-2", "y=5")
    assert result.status == 0
    for text in (
        "Forward",
        "Backward",
        "x + y",
        "(-2) + 5",
        "s = 3",
        "swaps",
        "distributes",
        "3 + 3",
        "∂ 6",
    ):
        assert text in result.out
    assert result.out.index("Forward") < result.out.index("Backward")
    assert "Value of the circuit: 9" in result.out


def test_ascii_only(nnsim):
    result = nnsim("gates", "sqrt(x)*y - sigmoid(x)/y", "x=4", "y=5", "--ascii")
    assert result.status == 0
    assert result.out.isascii()


def test_an_expression_may_begin_with_a_minus(nnsim):
    assert nnsim("gates", "-x*y", "x=2", "y=3", "--json").json["value"] == -6


def test_a_bad_expression_is_pointed_at(nnsim):
    result = nnsim("gates", "x + y.__class__", "x=1", "y=2")
    assert result.status == 2
    assert result.out == ""
    assert result.err.splitlines() == [
        "nnsim: character 7: a name has no underscores in front, nor two in a row"
    ]


def test_at_a_terminal_a_caret_shows_the_place(nnsim, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    result = nnsim("gates", "x + y.__class__", "x=1", "y=2")
    assert result.err.splitlines() == [
        "nnsim: character 7: a name has no underscores in front, nor two in a row",
        "x + y.__class__",
        "      ^",
    ]


@pytest.mark.skipif(os.name == "nt", reason="terminals of Unix")
def test_a_real_terminal_gets_the_caret(terminal):
    result = terminal("gates", "2*(3+x", "x=1")
    assert result.status == 2
    lines = result.err.splitlines()
    assert lines[0].startswith("nnsim: character ")
    assert lines[1] == "2*(3+x"
    assert lines[2].strip() == "^"


def zeros(value):
    """Return how often a minus stands before a zero in JSON."""
    if isinstance(value, dict | list):
        return sum(map(zeros, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float) and value == 0 and math.copysign(1, value) < 0


def test_no_zero_has_a_minus(nnsim, tmp_path):
    result = nnsim("gates", "x*y - relu(z)", "x=0", "y=-1", "z=-2", "--json")
    assert result.json["value"] == 0
    assert zeros(result.json) == 0
    assert "-0.0" not in result.out
    path = tmp_path / "minus.toml"
    path.write_text(
        'input = { kind = "number" }\n[network]\nlayers = [{ type = "dense", units = 2 }]\n'
        "[network.parameters]\nlayer1.weight = [[-1, -0.0]]\nlayer1.bias = [-0.0, -0.0]\n"
    )
    for words in (["trace", path], ["explain", path, "layer1[1].w[1].grad"], ["predict", path]):
        target = [] if words[0] == "predict" else ["--target", "-1 0"]
        result = nnsim(*words, "--input", "0", *target, "--json")
        assert result.status == 0
        assert zeros(result.json) == 0
        assert "-0.0" not in result.out.replace('"', " ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("1/x", "x=0"), "division by zero, at the gate reciprocal with 0"),
        (("log(x)", "x=-1"), "log of a negative number, at the gate log with -1"),
        (("2*exp(x)", "x=1000"), "overflow"),
        (("sqrt(x)", "x=0"), "the slope of sqrt at zero, at the gate sqrt"),
        (("x*y", "x=1"), "a value is missing for y"),
        (("x", "x=1", "y=1"), "there is no y here"),
        (("x", "x=1", "x=2"), "x is given twice"),
        (("x", "x=nan"), "not a number"),
        (("x", "x"), "write it as x=-2"),
        (("x*y", "x=1", "y=1", "--fold", "s"), "s cannot be folded"),
        ((), 'EXPRESSION is missing: such as "(x+y)*z", or with named parts "s = sigmoid(w*x+b); '),
        ((), 's*y"; nnsim gates --help has the options'),
    ],
)
def test_refusals_take_one_line(nnsim, words, said):
    for options in ((), ("--json",)):
        result = nnsim("gates", *words, *options)
        assert (result.status, result.out) == (2, "")
        assert said in result.err
        assert result.err.count("\n") == 1


def test_hostile_text_gets_no_traceback(process):
    result = process("gates", "().__class__.__bases__[0]", "x=1\x1b[31m")
    assert result.status == 2
    assert "Traceback" not in result.err
    assert "\x1b" not in result.err


def test_a_long_chain_is_printed(nnsim):
    result = nnsim("gates", "x" + "+x" * 900, "x=1")
    assert result.status == 0
    assert "901" in result.out


def test_a_tower_that_overflows_names_its_gate(nnsim):
    result = nnsim("gates", "exp(" * 100 + "x" + ")" * 100, "x=-1e300")
    assert result.status == 2
    assert "overflow: the number is too large to hold, at the gate exp" in result.err
