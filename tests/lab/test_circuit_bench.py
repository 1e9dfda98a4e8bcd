"""Circuits on the bench: commands, addresses, undo, and beside a network."""

import math

import pytest

from nnsim.experiments import load
from nnsim.lab import AddressError, Lab, LabError
from nnsim.lab.circuit_bench import (
    CIRCUIT_COMMANDS,
    LARGEST_CIRCUIT,
    CircuitBench,
    ExpressionError,
    of_network,
)


@pytest.fixture
def bench():
    """(x + y)·z at −2, 5, −4: the value is −12, the gradients −4, −4 and 3 (CS231n notes)."""
    return CircuitBench.of_example("add-multiply")


def state(bench):
    return (bench.circuit.values, bench.circuit.gradients, bench.walk.position, bench.expression)


def test_values_gradients_and_the_number_of_gates_can_be_read(bench):
    assert [bench.read(name) for name in ("x", "y", "z")] == [-2, 5, -4]
    assert [bench.read(f"{name}.grad") for name in ("x", "y", "z")] == [-4, -4, 3]
    assert bench.read("gates") == 2
    assert bench.circuit.value == -12


def test_an_unknown_address_names_the_nearest():
    bench = CircuitBench.of_example("apples-and-oranges")
    with pytest.raises(AddressError, match="apple"):
        bench.read("aple")
    with pytest.raises(AddressError, match="tax"):
        bench.read("taxx.grad")


def test_setting_an_input_recomputes_and_keeps_the_place(bench):
    bench.run("last")
    assert bench.run("set y 6") == "y is 6"
    assert (bench.circuit.value, bench.read("z.grad")) == (-16, 4)
    assert bench.walk.position == bench.walk.last


def test_an_expression_of_ones_own(bench):
    bench.run('circuit "s = a + a; s + s" a=3')
    assert (bench.circuit.value, bench.read("a.grad"), bench.read("s.grad")) == (12, 4, 2)
    assert bench.line == 'circuit "s = a + a; s + s" a=3'
    bench.run(bench.line)
    assert bench.circuit.value == 12


@pytest.mark.parametrize("quotes", ['""', "''", "“”"])
def test_any_quotes_do(bench, quotes):
    bench.run(f"circuit {quotes[0]}a*b{quotes[1]} a=2 b=-3")
    assert bench.circuit.value == -6


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("circuit x*y x=1 y=2", "in quotes"),
        ('circuit "x*y x=1 y=2', "in quotes"),
        ('circuit "x*y" x=1', "missing for y"),
        ('circuit "x*y" x=1 y=nan', "not a number"),
        ('circuit "x^y" x=1 y=2', "write [*][*]"),
        ('circuit "__import__(1)"', "character 1"),
        ("circuit", "in quotes"),
        ("example apple", "apples-and-oranges"),
        ("example", "example ID"),
        ("set q 1", "no q here"),
        ("set x nan", "finite"),
        ("set x", "set NAME VALUE"),
        ("fold", "nothing here can be folded"),
        ("unfold", "nothing here is folded"),
        ("fold x", "cannot be folded"),
        ("unfold sigmoid", "cannot be unfolded"),
        ("next 0", "out of range"),
        ("next up", "not a whole number"),
        ("paint 111", "no command"),
        ("undo", "nothing to undo"),
    ],
)
def test_what_is_refused_changes_nothing(bench, line, said):
    bench.walk.go(3)
    before = state(bench)
    with pytest.raises(LabError, match=said):
        bench.run(line)
    assert state(bench) == before
    assert not bench.can_undo


def test_a_result_cannot_be_set(bench):
    bench.run('circuit "s = a + a; s*s" a=1')
    with pytest.raises(LabError, match="s is a result"):
        bench.run("set s 3")


def test_a_refused_expression_says_where(bench):
    with pytest.raises(ExpressionError) as refused:
        bench.run('circuit "x + y^2" x=1 y=2')
    assert (refused.value.expression, refused.value.position) == ("x + y^2", 5)
    assert refused.value.pointer() == "x + y^2\n     ^"


def test_division_by_zero_is_shown_not_refused(bench):
    message = bench.run('circuit "a/b" a=1 b=0')
    assert "division by zero" in message
    assert math.isinf(bench.circuit.value)


def test_every_step_forward_and_back(bench):
    positions = []
    for line in ["next", "next", "next", "previous", "last", "next", "backward", "forward",
                 "next 3", "previous 2", "first", "previous"]:  # fmt: skip
        bench.run(line)
        positions.append(bench.walk.position)
    assert positions == [1, 2, 3, 2, 4, 4, 2, 0, 3, 1, 0, 0]


CHANGES = [
    'circuit "a*b" a=2 b=3',
    "example softmax-log",
    "set w0 7",
    "fold sigmoid",
    "fold",
    "forward",
    "backward",
    "next",
    "next 5",
    "previous",
    "first",
    "last",
]


@pytest.mark.parametrize("line", CHANGES)
def test_every_change_can_be_undone_and_done_again(line):
    bench = CircuitBench.of_example("sigmoid-neuron")
    bench.walk.go(3)
    before = state(bench)
    bench.run(line)
    after = state(bench)
    assert bench.run("undo") == f"undid: {line}"
    assert state(bench) == before
    bench.run("redo")
    assert state(bench) == after


def test_every_command_is_among_those_tried():
    tried = {line.split()[0] for line in CHANGES} | {"unfold", "undo", "redo"}
    assert tried == set(CIRCUIT_COMMANDS)


def test_steps_in_a_row_are_undone_together():
    bench = CircuitBench.of_example("sigmoid-neuron")
    bench.run("set w0 3")
    for line in ("next", "next", "previous", "last"):
        bench.run(line)
    bench.run("undo")
    assert (bench.walk.position, bench.read("w0")) == (0, 3)


def test_folding_keeps_the_gradients_and_the_place_in_the_walk():
    bench = CircuitBench.of_example("sigmoid-neuron")
    names = [f"{name}.grad" for name in bench.circuit.names]
    gradients = [bench.read(name) for name in names]
    for position, folded, opened in [(0, 0, 0), (4, 4, 4), (8, 5, 8), (12, 6, 12), (16, 10, 16)]:
        bench.walk.go(position)
        bench.run("fold sigmoid")
        assert (bench.read("gates"), bench.walk.position) == (5, folded)
        assert [bench.read(name) for name in names] == pytest.approx(gradients, rel=1e-12)
        bench.run("unfold sigmoid")
        assert (bench.read("gates"), bench.walk.position) == (8, opened)


def test_folding_everything_and_opening_everything():
    bench = CircuitBench.of_example("softmax-log")
    bench.run("fold")
    assert bench.circuit.foldable == ()
    assert bench.read("gates") == 6  # three exp, p, log, ×−1
    bench.run("unfold")
    assert (bench.circuit.unfoldable, bench.read("gates")) == ((), 8)


# Beside a network -----------------------------------------------------------------------------


@pytest.fixture
def lab():
    return Lab(load("demons"), load=load)


def test_a_circuit_comes_up_beside_the_network_and_can_be_undone(lab):
    lab.run('circuit "(x + y) * z" x=-2 y=5 z=-4')
    assert [lab.read(a) for a in ("x.grad", "z", "gates")] == [-4, -4, 2]
    lab.run("set x 3")
    assert lab.read("z.grad") == 8
    lab.run("undo")
    assert lab.read("z.grad") == 3
    lab.run("undo")
    assert lab.circuit is None
    with pytest.raises(AddressError):
        lab.read("x.grad")
    lab.run("redo 2")
    assert lab.read("z.grad") == 8


def test_folding_on_the_lab(lab):
    lab.run('circuit "s = 1/(1 + exp(-(w*x + b))); s*2" w=1 x=2 b=-1')
    before = lab.read("w.grad")
    lab.run("fold s")
    assert (lab.read("gates"), lab.read("w.grad")) == (2, pytest.approx(before, rel=1e-12))
    lab.run("unfold s")
    assert lab.read("gates") == 7
    lab.run("undo 2")
    assert lab.read("gates") == 7


def test_walks_go_to_the_circuit_while_one_is_up(lab):
    lab.run('circuit "x*y" x=2 y=3')
    lab.run("next")
    assert lab.circuit.walk.position == 1
    assert lab.walk_place is None
    lab.run("undo")
    assert lab.circuit.walk.position == 0


def test_the_network_goes_on_answering(lab):
    lab.run('circuit "x*y" x=2 y=3')
    lab.run("set hidden[1].b 0.25")
    assert lab.read("hidden[1].b") == 0.25
    assert lab.read("x.grad") == 3


def test_a_refused_circuit_leaves_the_one_that_is_up(lab):
    lab.run('circuit "x*y" x=2 y=3')
    with pytest.raises(ExpressionError):
        lab.run('circuit "x*y)" x=2 y=3')
    with pytest.raises(LabError):
        lab.run("fold q")
    assert lab.read("x.grad") == 3


@pytest.mark.parametrize("line", ["fold", "unfold", "fold s"])
def test_without_a_circuit_there_is_nothing_to_fold(lab, line):
    with pytest.raises(LabError, match="there is no circuit"):
        lab.run(line)


def test_another_experiment_puts_the_circuit_away(lab):
    lab.run('circuit "x*y" x=2 y=3')
    lab.run("experiment digits-4x3")
    assert lab.circuit is None
    lab.run("undo")
    assert lab.read("x.grad") == 3


def test_the_network_as_a_circuit_has_the_engine_s_gradients():
    lab = Lab(load("digits-4x3"), load=load)
    lab.run("sample 3")
    bench = of_network(lab.network, lab.input, lab.target, lab.experiment.title)
    assert bench.circuit.value == pytest.approx(lab.read("loss"), rel=1e-12)
    for name in ("hidden[2].w[5]", "hidden[1].b", "output[2].w[3]"):
        assert bench.read(f"{name}.grad") == pytest.approx(lab.read(f"{name}.grad"), rel=1e-12)
    # One gate for each unit's sum, each activation, and the loss: 3 + 3 + 2 + 2 + 1.
    assert bench.read("gates") == 11


def test_a_network_without_a_target_says_what_to_do(lab):
    with pytest.raises(LabError, match="no target yet"):
        of_network(lab.network, lab.input, lab.target, lab.experiment.title)


def test_a_network_with_too_many_gates_is_refused():
    lab = Lab(load("digits-8x8"), load=load)
    lab.run("sample 1")
    with pytest.raises(LabError, match=f"at most {LARGEST_CIRCUIT}"):
        of_network(lab.network, lab.input, lab.target, lab.experiment.title)


def test_a_layer_that_has_no_gates_is_named():
    lab = Lab(load("digits-8x8-cnn"), load=load)
    lab.run("sample 1")
    with pytest.raises(LabError, match="conv2d"):
        of_network(lab.network, lab.input, lab.target, lab.experiment.title)
