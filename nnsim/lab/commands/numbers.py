"""Commands that set a number, or look at one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.i18n import N_, _
from nnsim.lab import values
from nnsim.lab.addresses import Address
from nnsim.lab.commands.table import command, number, words
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.lab.lab import Lab


@command("set ADDRESS VALUE", N_("set a weight, bias, input, target or rate: set hidden[2].b 0.5"))
def set_number(lab: Lab, rest: str) -> str:
    """Set the number at an address."""
    address, text = words(rest, "set", 2, 2)
    quantity = lab.names.resolve(address)
    value = number(text)
    if quantity.kind == "learning_rate" and value < 0:
        raise LabError(_("a learning rate is not negative: {value}").format(value=text))
    if quantity.kind == "l2" and value < 0:
        raise LabError(_("a penalty is not negative: {value}").format(value=text))
    values.write(lab, quantity, value)
    lab.edited = lab.edited or quantity.kind == "input"
    lab.changed(parameters=quantity.kind not in ("input", "target"))
    if quantity.kind in ("w", "b", "theta"):
        lab.set_by_hand()
    return _("{address} is {value}").format(
        address=lab.names.address(quantity), value=f"{value:.12g}"
    )


@command("focus ADDRESS", N_("look at a number: focus hidden[2].z"), merges=True)
def _focus(lab: Lab, rest: str) -> str:
    (text,) = words(rest, "focus", 1, 1)
    lab.focus = _focus_address(lab, text)
    return _("looking at {address}").format(address=lab.focus)


def _focus_address(lab: Lab, text: str) -> Address:
    return lab.names.address(lab.names.resolve(text))
