"""Commands that set a number or look at one: the walks, circuits, the loss landscape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnsim.engine.checks import LARGEST_SEED
from nnsim.i18n import N_, _
from nnsim.lab import values
from nnsim.lab.commands.table import COMMANDS, Effect, command, number, whole
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.lab.lab import Lab
    from nnsim.lab.walk.step import Direction, Grain


def _effect_of_set(lab: Lab, rest: str) -> Effect:
    try:
        kind = lab.names.resolve(rest.split()[0]).kind
    except (LabError, IndexError):
        return "leaves"  # it will be refused
    return "leaves" if kind in ("input", "target") else "restarts"


@command(
    "set ADDRESS VALUE",
    N_("set a weight, bias, input, target or rate: set hidden[2].b 0.5"),
    training=_effect_of_set,
)
def set_number(lab: Lab, address: str, text: str) -> str:
    quantity = lab.names.resolve(address)
    value = number(text)
    if quantity.kind == "learning_rate" and value < 0:
        raise LabError(_("a learning rate is not negative: {value}").format(value=text))
    if quantity.kind == "l2" and value < 0:
        raise LabError(_("a penalty is not negative: {value}").format(value=text))
    if quantity.kind == "l2" and value > MOST_PENALTY:
        raise LabError(
            _("a penalty is at most {most}, not {value}").format(
                most=f"{MOST_PENALTY:g}", value=text
            )
        )
    values.write(lab, quantity, value)
    lab.edited = lab.edited or quantity.kind == "input"
    lab.changed(parameters=quantity.kind not in ("input", "target"))
    if quantity.kind in ("w", "b", "theta"):
        lab.set_by_hand()
    return _("{address} is {value}").format(
        address=lab.names.address(quantity), value=f"{value:.12g}"
    )


@command("focus ADDRESS", N_("look at a number: focus hidden[2].z"), merges=True, training="leaves")
def _focus(lab: Lab, text: str) -> str:
    lab.focus = lab.names.address(lab.names.resolve(text))
    return _("looking at {address}").format(address=lab.focus)


_WALK: dict[str, Any] = {"merges": True, "group": "walk", "training": "leaves"}


@command(
    "forward [GRAIN]", N_("walk the forward pass; GRAIN is layer, neuron, term or line"), **_WALK
)
def _forward(lab: Lab, grain: str = "") -> str:
    return _start(lab, "forward", grain)


@command("backward [GRAIN]", N_("walk the backward pass, from the loss to the update"), **_WALK)
def _backward(lab: Lab, grain: str = "") -> str:
    return _start(lab, "backward", grain)


def _start(lab: Lab, direction: Direction, word: str) -> str:
    """Start a walk at its first step, or go on at another grain from where the walk stands."""
    from nnsim.lab.walk import Walk, as_grain  # late: the first picture needs no walk

    before = lab.walk_place
    grain = as_grain(word or ("neuron" if before is None else before.grain))
    walk, index = Walk(lab, direction, grain), 0
    if before is not None and before.direction == direction and before.grain != grain and lab.walk:
        index = walk.near(lab.walk.spot(min(before.index, len(lab.walk) - 1)))
    return _walk_to(lab, direction, grain, index)


def _walk_to(lab: Lab, direction: Direction, grain: Grain, index: int) -> str:
    """Put the walk at a step, look at its number, and say what happens there."""
    from nnsim.lab.walk import Place

    lab.walk_to(Place(direction, grain, index))
    step = lab.walk_step
    if step is None:
        raise LabError(_("there is no walk; start one: forward, or backward"))
    if step.quantity is not None:
        lab.focus = lab.names.address(step.quantity)
    return _("{number}/{total} · {sentence}").format(
        number=step.index + 1, total=step.total, sentence=step.sentence
    )


def _move(lab: Lab, count: str, sign: int) -> str:
    """Go so many steps on or back; without a count, to the end."""
    if lab.walk is None or lab.walk_place is None:
        raise LabError(_("there is no walk; start one: forward, or backward"))
    if count and not (count.isascii() and count.isdecimal() and len(count) < 10 and int(count)):
        raise LabError(_('"{text}" is no number of steps; say next, or next 10').format(text=count))
    last, place = len(lab.walk) - 1, lab.walk_place
    before = min(place.index, last)  # a change on the bench may have moved it
    to = min(max(0, before + sign * (int(count) if count else last)), last)
    if to == before and count:
        raise LabError(
            _("this is the last step of the walk") if sign > 0 else _("this is the first step")
        )
    return _walk_to(lab, place.direction, place.grain, to)


@command("next [N]", N_("go to the next step of the walk, or N steps on"), **_WALK)
def _next(lab: Lab, count: str = "1") -> str:
    return _move(lab, count, 1)


@command("previous [N]", N_("go back a step of the walk, or N steps"), **_WALK)
def _previous(lab: Lab, count: str = "1") -> str:
    return _move(lab, count, -1)


@command("first", N_("go to the first step of the walk"), **_WALK)
def _first(lab: Lab) -> str:
    return _move(lab, "", -1)


@command("last", N_("go to the last step of the walk"), **_WALK)
def _last(lab: Lab) -> str:
    return _move(lab, "", 1)


@command(
    'circuit "EXPRESSION" [NAME=VALUE …]',
    N_('put a circuit up beside the network: circuit "(x + y) * z" x=-2 y=5 z=-4'),
    training="leaves",
    rest=True,
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
command(
    "fold [NAME]",
    N_("make a part of the circuit one gate; without a name, all parts"),
    training="leaves",
    rest=True,
)(_no_circuit)
command(
    "unfold [NAME]",
    N_("open a folded gate of the circuit; without a name, all"),
    training="leaves",
    rest=True,
)(_no_circuit)


MOST_PENALTY = 1e100


@command(
    "landscape [WHAT]",
    N_("look at the cost over two weights or biases (their addresses), random [SEED], or path"),
    changes=False,
    training="leaves",
    rest=True,
)
def _landscape(lab: Lab, rest: str) -> str:
    from nnsim.lab import landscape  # late: the first picture needs no landscape

    found = rest.split()
    before, network, run = lab.landscape, lab.network, lab.timeline.run
    if not found:
        plane = landscape.usual_plane(network, lab.names, run)
    elif found[0] == landscape.RANDOM and len(found) < 3:
        seed = 0 if before is None or before.seed is None else before.seed + 1
        plane = landscape.random_plane(
            network, whole(found[1], 0, LARGEST_SEED) if found[1:] else seed
        )
    elif found == [landscape.PATH]:
        plane = landscape.path_plane(network, run)
    elif len(found) == 2:
        plane = landscape.plane_of_parameters(network, lab.names, *found)
    else:
        raise LabError(_("say it like this: {usage}").format(usage=COMMANDS["landscape"].usage))
    lab.landscape = plane
    return _("the landscape is over {what}").format(what=plane.description)


@command("place X Y", N_("put the parameters of a point of the landscape onto the bench"))
def _place(lab: Lab, across: str, up: str) -> str:
    x, y = number(across), number(up)
    plane = lab.landscape
    if plane is None:
        raise LabError(_("there is no landscape to go to a point of; type landscape first"))
    lab.network.parameters[:] = plane.through(lab.network.parameters).point(x, y)
    lab.changed(parameters=True)
    lab.set_by_hand()
    return _("{first} is {x}, {second} is {y} · cost {cost}").format(
        first=plane.names[0], second=plane.names[1], x=f"{x:.6g}", y=f"{y:.6g}",
        cost=f"{lab.metrics.cost:.4g}",
    )  # fmt: skip
