"""Commands of the loss landscape: what it is of, and going to a point of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.i18n import N_, _
from nnsim.lab.commands.table import COMMANDS, command, number, whole, words
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.lab.lab import Lab

LARGEST = 2**63 - 1


@command(
    "landscape [WHAT]",
    N_("look at the cost over two weights or biases (their addresses), random [SEED], or path"),
    changes=False,
)
def _landscape(lab: Lab, rest: str) -> str:
    from nnsim.lab import directions  # late: the first picture needs no landscape

    found = words(rest, "landscape", 0, 2)
    before = directions.plane_of(lab)
    if not found:
        plane = directions.usual_plane(lab)
    elif found[0] == directions.RANDOM:
        seed = 0 if before is None or before.seed is None else before.seed + 1
        plane = directions.random_plane(lab, whole(found[1], 0, LARGEST) if found[1:] else seed)
    elif found == [directions.PATH]:
        plane = directions.path_plane(lab)
    elif len(found) == 2:
        plane = directions.plane_of_parameters(lab, *found)
    else:
        raise LabError(_("say it like this: {usage}").format(usage=COMMANDS["landscape"].usage))
    lab.landscape = plane
    return _("the landscape is over {what}").format(what=plane.description)


@command("place X Y", N_("put the parameters of a point of the landscape onto the bench"))
def _place(lab: Lab, rest: str) -> str:
    from nnsim.lab import directions

    x, y = (number(text) for text in words(rest, "place", 2, 2))
    plane = directions.plane_of(lab)
    if plane is None:
        raise LabError(_("there is no landscape to go to a point of; type landscape first"))
    lab.network.parameters[:] = plane.through(lab.network.parameters).point(x, y)
    lab.changed(parameters=True)
    lab.set_by_hand()
    return _("{first} is {x}, {second} is {y} · cost {cost}").format(
        first=plane.names[0], second=plane.names[1], x=f"{x:.6g}", y=f"{y:.6g}",
        cost=f"{lab.metrics.cost:.4g}",
    )  # fmt: skip
