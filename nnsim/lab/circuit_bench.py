"""The circuit bench: a circuit, the walk through its gates, and every change undoable.

A `Lab` puts one up at `Lab.circuit`; the circuit screen has one of its own. No screen, no I/O.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from nnsim.circuit import Circuit, CircuitError, Graph, Node, Walk, from_expression, read_values
from nnsim.circuit.expression import example
from nnsim.circuit.graph import fold, foldable, unfold, unfoldable
from nnsim.i18n import N_, _
from nnsim.lab.bench import Bench
from nnsim.lab.commands.table import COMMANDS, Command, number, whole
from nnsim.lab.commands.table import command as table_command
from nnsim.lab.errors import AddressError, LabError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nnsim.engine import Network

    Array = NDArray[np.float64]

# One row per kind of address while a circuit is up. docs/language.md lists the same.
CIRCUIT_ADDRESSES: dict[str, str] = {
    "NAME": N_("a named value of the circuit, such as x"),
    "NAME.grad": N_("derivative of the circuit's value with respect to it"),
    "gates": N_("how many gates the circuit has; a folded part is one"),
}
LARGEST_CIRCUIT = 1_500
"""Gates of a network that can still be drawn, folded and walked through without waiting."""
_QUOTES = {'"': '"', "'": "'", "“": "”", "”": "”", "„": "“"}
_NODE_BYTES = 300


class ExpressionError(LabError):
    """An expression that is refused, and the character of it that is to blame, from 0."""

    def __init__(self, error: CircuitError) -> None:
        super().__init__(str(error))
        self._error = error
        self.expression, self.position = error.expression, error.position

    def pointer(self, width: int = 72) -> str:
        """Two lines, the expression around the place and a caret; empty without a place."""
        return self._error.pointer(width)


@dataclass(frozen=True)
class CircuitState:
    """A circuit and the place in the walk, for undo. A circuit on the bench never changes."""

    circuit: Circuit
    position: int
    title: str
    note: str
    expression: str

    @property
    def size(self) -> int:
        return len(self.circuit.graph.nodes) * _NODE_BYTES


CIRCUIT_COMMANDS: dict[str, Command] = {}


class CircuitBench(Bench[CircuitState]):
    """A circuit to set, fold and walk through.

    `title` and `note` say what it is, and what to look for; `expression` is what it was made of,
    empty for an unrolled network. The circuit is replaced, never changed.
    """

    commands = CIRCUIT_COMMANDS

    def __init__(
        self, circuit: Circuit, *, title: str = "", note: str = "", expression: str = ""
    ) -> None:
        super().__init__()
        self.put(circuit, title=title, note=note, expression=expression)

    @classmethod
    def of_example(cls, name: str) -> CircuitBench:
        return cls(**_shipped(name))

    def put(self, circuit: Circuit, *, title: str, note: str = "", expression: str = "") -> None:
        self.circuit, self.walk = circuit, Walk(circuit)
        self.title, self.note, self.expression = title, note, expression

    def undo_state(self) -> CircuitState:
        return CircuitState(
            self.circuit, self.walk.position, self.title, self.note, self.expression
        )

    def restore(self, state: CircuitState) -> None:
        self.title, self.note, self.expression = state.title, state.note, state.expression
        if self.circuit is state.circuit:
            self.walk.go(state.position)
        else:
            self.circuit = state.circuit
            self.walk = Walk(state.circuit, state.position)

    def takes(self, name: str, rest: str) -> bool:
        if name == "set":
            return rest.split(" ", 1)[0] in self.circuit.names
        return name in CIRCUIT_COMMANDS and name not in ("circuit", "undo", "redo")

    def reads(self, address: str) -> bool:
        names = self.circuit.graph.names
        return address in names or address.removesuffix(".grad") in names or address == "gates"

    def read(self, address: str) -> float | int:
        """The number at ``x``, ``x.grad`` or ``gates``.

        Raises AddressError naming the nearest that there are.
        """
        address = address.strip()
        try:
            if address in self.circuit.graph.names:
                return self.circuit.value_of(address)
            if address == "gates":
                return len(self.circuit.gates)
            if address.endswith(".grad"):
                return self.circuit.gradient_of(address.removesuffix(".grad"))
            return self.circuit.value_of(address)
        except CircuitError as error:
            raise AddressError(str(error)) from None

    @property
    def line(self) -> str:
        """The command that puts this circuit up; empty where no expression made it."""
        if not self.expression:
            return ""
        values = "".join(f" {name}={value:.12g}" for name, value in self.circuit.inputs.items())
        return f'circuit "{self.expression}"{values}'

    def change(self, graph: Graph) -> None:
        """Take another graph of the same inputs; the walk stays at the gate where it is."""
        position = moved(self.walk, self.circuit.graph, graph)
        self.circuit = Circuit(graph, list(self.circuit.inputs.values()))
        self.walk = Walk(self.circuit, position)


def of_network(
    network: Network, inputs: Array, target: Array | None, title: str = ""
) -> CircuitBench:
    """A network with its sample and loss as a circuit, folded to one gate per part.

    Raises LabError without a target; when a layer has no gates; when there would be too many gates.
    """
    from nnsim.circuit.unroll import unroll

    if target is None:
        raise LabError(
            _(
                "a circuit ends in a loss, and there is no target yet: choose a sample (sample 1) "
                "or say what it is (target …)"
            )
        )
    try:
        circuit = unroll(network, inputs, target)
    except ValueError as error:
        raise LabError(str(error)) from None
    if len(circuit.gates) > LARGEST_CIRCUIT:
        raise LabError(
            _("{gates} gates; the circuit bench takes at most {most} of a network").format(
                gates=len(circuit.gates), most=LARGEST_CIRCUIT
            )
        )
    circuit = Circuit(fold_all(circuit.graph), list(circuit.inputs.values()))
    return CircuitBench(
        circuit,
        title=title,
        note=_("The network with its present input, and its loss. x opens a folded gate."),
    )


def _split(rest: str) -> tuple[str, list[str]]:
    closing = _QUOTES.get(rest[:1])
    end = rest.find(closing, 1) if closing else -1
    if end < 0:
        raise LabError(
            _("put the expression in quotes: {example}").format(
                example='circuit "(x + y) * z" x=-2 y=5 z=-4'
            )
        )
    return rest[1:end], rest[end + 1 :].split()


def built(rest: str) -> tuple[Circuit, str]:
    """Build the circuit that stands behind ``circuit``, and return its expression too.

    Raises ExpressionError where the expression or a value is to blame.
    """
    expression, values = _split(rest)
    try:
        circuit = from_expression(expression, read_values(values))
    except CircuitError as error:
        raise ExpressionError(error) from None
    return circuit, " ".join(expression.split())


def put_up(bench: CircuitBench) -> str:
    trouble = bench.circuit.trouble
    if trouble:
        return _("no finite result: {trouble}").format(trouble=trouble.in_words())
    return _("{gates} gates; → walks through them").format(gates=len(bench.circuit.gates))


def _shipped(name: str) -> dict[str, Any]:
    """What `CircuitBench.put` takes, of a circuit that ships."""
    found = example(name)
    return {
        "circuit": found.circuit(),
        "title": found.title,
        "note": found.note,
        "expression": found.expression,
    }


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except CircuitError as error:
        raise LabError(str(error)) from None


command = partial(table_command, table=CIRCUIT_COMMANDS)


@command(
    'circuit "EXPRESSION" [NAME=VALUE …]',
    N_('put a circuit up: circuit "(x + y) * z" x=-2 y=5 z=-4'),
    rest=True,
)
def _circuit(bench: CircuitBench, rest: str) -> str:
    circuit, expression = built(rest)
    bench.put(circuit, title=expression, expression=expression)
    return put_up(bench)


@command("example ID", N_("put up a circuit that ships"))
def _example(bench: CircuitBench, name: str) -> str:
    with _refusing():
        bench.put(**_shipped(name))
    return _(bench.note)


@command("set NAME VALUE", N_("set an input of the circuit: set x 3"))
def _set(bench: CircuitBench, name: str, text: str) -> str:
    value = number(text)
    inputs = bench.circuit.inputs
    if name not in inputs:
        if name in bench.circuit.names:
            raise LabError(_("{name} is a result: it follows from its inputs").format(name=name))
        bench.read(name)  # refuses, with the nearest names
        raise LabError(_("{name} cannot be set").format(name=name))
    inputs[name] = value
    position = bench.walk.position
    bench.circuit = Circuit(bench.circuit.graph, list(inputs.values()))
    bench.walk = Walk(bench.circuit, position)
    return _("{name} is {value}").format(name=name, value=f"{value:.12g}")


@command(
    "fold [NAME]",
    N_("make a named part (or sigmoid) one gate; without a name, all that can be"),
    rest=True,
)
def _fold(bench: CircuitBench, rest: str) -> str:
    graph = bench.circuit.graph
    if not rest and not foldable(graph):
        raise LabError(_("nothing here can be folded"))
    with _refusing():
        bench.change(fold(graph, rest) if rest else fold_all(graph))
    return _("folded; {gates} gates").format(gates=len(bench.circuit.graph.gates))


@command("unfold [NAME]", N_("open a folded gate; without a name, all"), rest=True)
def _unfold(bench: CircuitBench, rest: str) -> str:
    graph = bench.circuit.graph
    if not rest and not unfoldable(graph):
        raise LabError(_("nothing here is folded"))
    with _refusing():
        bench.change(unfold(graph, rest) if rest else unfold_all(graph))
    return _("unfolded; {gates} gates").format(gates=len(bench.circuit.graph.gates))


def _walk_command(usage: str, summary: str, go: Callable[[Walk, int], object]) -> None:
    """A command that walks: `go` takes the walk and how many steps were asked for."""

    def run(bench: CircuitBench, count: str = "1") -> str:
        go(bench.walk, whole(count, 1, 10**6))
        return _("step {step} of {steps}").format(step=bench.walk.position, steps=bench.walk.last)

    command(usage, summary, merges=True, group="walk")(run)


_walk_command("forward", N_("go to the start of the forward walk"), lambda at, _n: at.go(0))
_walk_command(
    "backward", N_("go to the start of the backward walk"), lambda at, _n: at.go(at.last // 2)
)
_walk_command("next [N]", N_("go one step on, or N"), lambda at, n: at.go(at.position + n))
_walk_command("previous [N]", N_("go one step back, or N"), lambda at, n: at.go(at.position - n))
_walk_command("first", N_("go to where only the inputs are known"), lambda at, _n: at.go(0))
_walk_command("last", N_("go to where everything is known"), lambda at, _n: at.go(at.last))
CIRCUIT_COMMANDS |= {name: COMMANDS[name] for name in ("undo", "redo")}


def moved(walk: Walk, old: Graph, new: Graph) -> int:
    """The position in `new` that answers to the walk's in `old`: after the same gates.

    The gates before and behind those that were folded are the same in both; a place in between
    stays as far in between.
    """
    before, after = [_key(n) for n in old.gates], [_key(n) for n in new.gates]
    least = min(len(before), len(after))
    head = next((i for i in range(least) if before[i] != after[i]), least)
    tail = next((i for i in range(least - head) if before[-1 - i] != after[-1 - i]), least - head)
    backward = walk.position > len(before)
    done = walk.last - walk.position if backward else walk.position
    if done > head:
        behind = len(before) - done
        if behind <= tail:
            done = len(after) - behind
        else:
            share = (done - head) / (len(before) - head - tail)
            done = head + math.ceil(share * (len(after) - head - tail))
    return 2 * len(after) - done if backward else done


def _key(node: Node) -> tuple[object, ...]:
    return node.kind.id, node.name, node.number, node.block


def fold_all(graph: Graph) -> Graph:
    while names := foldable(graph):
        for name in names:
            with suppress(CircuitError):  # one fold can take the next one's gates away
                graph = fold(graph, name)
    return graph


def unfold_all(graph: Graph) -> Graph:
    """Open everything that is folded, also inside of what was."""
    while names := unfoldable(graph):
        graph = unfold(graph, names[0])
    return graph
