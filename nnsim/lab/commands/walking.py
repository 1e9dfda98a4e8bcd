"""Commands of the walks through a network, and of circuits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.i18n import N_, _
from nnsim.lab.commands.table import command
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.lab.lab import Lab


def _walk_command(usage: str, summary: str) -> None:
    def run(lab: Lab, rest: str) -> str:
        from nnsim.lab.walk import walking  # late: the first picture needs no walk

        return walking.COMMANDS[usage.split()[0]](lab, rest.split())

    command(usage, summary, merges=True, group="walk")(run)


_walk_command("forward [GRAIN]", N_("walk the forward pass; GRAIN is layer, neuron or term"))
_walk_command("backward [GRAIN]", N_("walk the backward pass, from the loss to the update"))
_walk_command("next [N]", N_("go to the next step of the walk, or N steps on"))
_walk_command("previous [N]", N_("go back a step of the walk, or N steps"))
_walk_command("first", N_("go to the first step of the walk"))
_walk_command("last", N_("go to the last step of the walk"))


@command(
    'circuit "EXPRESSION" [NAME=VALUE …]',
    N_('put a circuit up beside the network: circuit "(x + y) * z" x=-2 y=5 z=-4'),
)
def _circuit(lab: Lab, rest: str) -> str:
    from nnsim.lab.circuit_bench import CircuitBench, built, put_up

    circuit, expression = built(rest)
    lab.circuit = CircuitBench(circuit, title=expression, expression=expression)
    return put_up(lab.circuit)


def _no_circuit(lab: Lab, rest: str) -> str:  # noqa: ARG001
    raise LabError(
        _("there is no circuit; put one up: {usage}").format(
            usage='circuit "(x + y) * z" x=-2 y=5 z=-4'
        )
    )


# While a circuit is up, these go to it.
command("fold [NAME]", N_("make a part of the circuit one gate; without a name, all parts"))(
    _no_circuit
)
command("unfold [NAME]", N_("open a folded gate of the circuit; without a name, all"))(_no_circuit)
