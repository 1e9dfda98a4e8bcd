"""Commands that take a network apart: join layers, mute units, plant a mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.i18n import N_, _
from nnsim.lab import surgery
from nnsim.lab.commands.table import command, no_more, words

if TYPE_CHECKING:
    from nnsim.lab.lab import Lab


@command("collapse", N_("make one of dense layers with no activation between them"))
def _collapse(lab: Lab, rest: str) -> str:
    no_more(rest, "collapse")
    return lab.collapse()


@command("mute UNIT", N_("let the activation of a unit count as 0: mute hidden[2]"))
def _mute(lab: Lab, rest: str) -> str:
    (unit,) = words(rest, "mute", 1, 1)
    return _("{unit} is muted: its activation counts as 0").format(unit=surgery.mute(lab, unit))


@command("unmute [UNIT]", N_("let a muted unit be heard again; without a unit, all"))
def _unmute(lab: Lab, rest: str) -> str:
    unit = " ".join(words(rest, "unmute", 0, 1))
    return _("heard again: {units}").format(units=surgery.unmute(lab, unit))


@command("plant BUG LAYER", N_("let the gradients of a layer be wrong: plant wrong_sign hidden"))
def _plant(lab: Lab, rest: str) -> str:
    bug, layer = words(rest, "plant", 2, 2)
    surgery.plant(lab, bug, layer)
    return _("{layer} makes a mistake on the way back: {bug}").format(layer=layer, bug=bug)


@command("mend LAYER", N_("take the planted mistake out of the layer that it is in"))
def _mend(lab: Lab, rest: str) -> str:
    (layer,) = words(rest, "mend", 1, 1)
    surgery.mend(lab, layer)
    return _("the mistake was in {layer}, and is taken out").format(layer=layer)
