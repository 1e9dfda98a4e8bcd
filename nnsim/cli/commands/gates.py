"""``nnsim gates``: an expression as a circuit, its value, its gradients, and every step."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from nnsim.cli.output import CommandError, number
from nnsim.i18n import _

if TYPE_CHECKING:
    import argparse

    from nnsim.circuit import Circuit, Node, Step
    from nnsim.cli.output import Output

LARGEST_TREE = 60
"""Gates of a circuit that is still printed as a tree."""
MOST_PARTS = 8
"""Gradients whose sum is still written out."""


def gates_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "expression",
        metavar="EXPRESSION",
        help=_('such as "(x+y)*z", or with named parts "s = sigmoid(w*x+b); s*y"'),
    )
    parser.add_argument(
        "values", metavar="NAME=VALUE", nargs="*", help=_("a value for every name, such as x=-2")
    )
    parser.add_argument(
        "--fold",
        metavar="NAME",
        action="append",
        default=[],
        help=_("show a named part, or every 1/(1+exp(-z)) as sigmoid, as one gate"),
    )
    parser.add_argument(
        "--unfold",
        metavar="NAME",
        action="append",
        default=[],
        help=_("show the gates inside of a folded one, such as sigmoid"),
    )
    # An expression may begin with a minus: only two of them make an option.
    parser._negative_number_matcher = re.compile(r"-[^-]")


def run_gates(arguments: argparse.Namespace, output: Output) -> int:
    from nnsim.circuit import CircuitError

    try:
        circuit = _circuit(arguments)
    except CircuitError as error:  # its sentence names the character, the pointer shows it
        raise CommandError(str(error), error.pointer()) from None
    if circuit.trouble:
        problem = _("the circuit has no finite result: {trouble}")
        raise CommandError(problem.format(trouble=circuit.trouble.in_words()))
    if output.as_json:
        output.json(_as_json(circuit))
    else:
        _print(circuit, output)
    return 0


def _circuit(arguments: argparse.Namespace) -> Circuit:
    from nnsim.circuit import from_expression, read_values

    circuit = from_expression(arguments.expression, read_values(arguments.values))
    return circuit.unfold(*arguments.unfold).fold(*arguments.fold)


def _as_json(circuit: Circuit) -> dict[str, object]:
    return {
        "value": circuit.value,
        "gradients": {name: circuit.gradient_of(name) for name in circuit.names},
        "steps": [step.as_json() for step in circuit.steps()],
    }


def _print(circuit: Circuit, output: Output) -> None:
    steps = circuit.steps()
    called = _Names(circuit, output.ascii_only)
    _print_forward(steps, called, output)
    _print_backward(steps, called, output)
    _print_values(circuit, output)
    if len(steps) <= LARGEST_TREE:
        output.line(_("Value and gradient of every gate, from the output to the inputs:"))
        for line in _tree(circuit, called):
            output.line(line)


class _Names:
    """What the tables call a node: its name, its number if it stays, or its step."""

    def __init__(self, circuit: Circuit, ascii_only: bool) -> None:
        self._nodes = circuit.graph.nodes
        self.ascii_only = ascii_only
        self._steps = {node.index: step for step, node in enumerate(circuit.gates, 1)}

    def __call__(self, index: int) -> str:
        node = self._nodes[index]
        return node.name or (f"#{self._steps[index]}" if node.kind.is_gate else node.label())

    def gate(self, node: Node) -> str:
        sign = node.label(ascii_only=self.ascii_only)
        return f"{sign} {node.name}" if node.name and node.name != sign else sign


def _print_forward(steps: list[Step], called: _Names, output: Output) -> None:
    from nnsim.circuit.graph import value_formula

    rows = []
    for position, step in enumerate(steps, 1):
        formula = value_formula(step.node, [called(source) for source in step.node.inputs])
        worked = value_formula(step.node, [number(value) for value in step.inputs])
        gate = called.gate(step.node)
        rows.append((f"#{position}", gate, formula, worked, number(step.value)))
    columns = ("", _("gate"), _("formula"), _("with numbers"), _("value"))
    output.table(_("Forward"), columns, rows, left=4)


def _print_backward(steps: list[Step], called: _Names, output: Output) -> None:
    """Print a row per input of each gate, from the output back."""
    from nnsim.circuit.gates import kind_in_words
    from nnsim.circuit.graph import local_formula

    rows = []
    for position, step in reversed(list(enumerate(steps, 1))):
        node = step.node
        head = (f"#{position}", called.gate(node), kind_in_words(step.kind), number(step.upstream))
        operands = [called(source) for source in node.inputs]
        for i, (operand, local) in enumerate(zip(operands, step.local, strict=True)):
            formula = local_formula(node, i, operands, called(node.index))
            shown = number(local)
            slope = shown if formula in (shown, shown.replace("-", "−")) else f"{formula} = {shown}"
            rows.append((*head, operand, slope, number(step.gradient[i])))
            head = ("", "", "", "")
    columns = (
        "", _("gate"), _("role"), _("upstream"), _("back to"), _("× local"), _("= gradient"),
    )  # fmt: skip
    output.table(_("Backward"), columns, rows, left=3)


def _print_values(circuit: Circuit, output: Output) -> None:
    """Print every named value; where several gradients came back, how they add up."""
    rows = []
    for name in circuit.names:
        index = circuit.node(name).index
        parts = [number(part.gradient) for part in circuit.parts(index)]
        sums = " + ".join(parts) if circuit.sums(index) and len(parts) <= MOST_PARTS else ""
        rows.append((name, sums, number(circuit.values[index]), number(circuit.gradients[index])))
    columns = (_("name"), _("sums what comes back"), _("value"), _("gradient"))
    output.table(_("Values"), columns, rows, left=2)
    output.line(_("Value of the circuit: {value}").format(value=number(circuit.value)))


def _tree(circuit: Circuit, called: _Names) -> list[str]:
    """Return the circuit as a tree; what is read again is not drawn again."""
    fork, corner, bar = ("|-", "`-", "| ") if called.ascii_only else ("├─", "└─", "│ ")
    lines: list[str] = []
    drawn: set[int] = set()

    def draw(index: int, head: str, below: str) -> None:
        node = circuit.graph.nodes[index]
        text = called.gate(node) if node.kind.is_gate else node.label()
        numbers = f"{number(circuit.values[index])}, ∂ {number(circuit.gradients[index])}"
        again = index in drawn and bool(node.inputs)
        lines.append(f"{head}{text}   {numbers}{'   …' if again else ''}")
        drawn.add(index)
        for position, source in enumerate(() if again else node.inputs, 1):
            last = position == len(node.inputs)
            draw(source, below + (corner if last else fork), below + ("  " if last else bar))

    draw(circuit.graph.output, "", "")
    return lines
