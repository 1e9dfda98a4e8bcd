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
        "nnsim: character 7: a name has no underscores in front, nor two in a row",
        "x + y.__class__",
        "      ^",
    ]


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
        ((), "EXPRESSION"),
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
