"""Commands for what is on the input, and what it is said to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import N_, _
from nnsim.lab.commands.table import command, number, whole
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.lab.lab import Lab


Array = NDArray[np.float64]


def learnable_target(lab: Lab, text: str) -> Array:
    """Read a target, one that the network's loss makes sense for."""
    target = lab.experiment.parse_target(text)
    lab.network.loss_function.check_targets(target[None])
    return target


def _put_input(lab: Lab, text: str) -> None:
    lab.input = lab.experiment.parse_input(text)
    if lab.sample is not None:
        lab.target = None  # it belonged to the sample that is gone
    lab.sample, lab.edited = None, False
    lab.changed()


@command(
    "paint ROWS", N_("paint the whole picture: paint 111/101/101/111"), training="leaves", rest=True
)
def _paint(lab: Lab, rest: str) -> str:
    if lab.experiment.input.kind != "pixels":
        raise LabError(_("there are no pixels here; use: input 0.5 1 …"))
    _put_input(lab, rest)
    return _("painted {picture}").format(picture=lab.experiment.format_input(lab.input))


@command(
    "input NUMBERS", N_("put numbers on the inputs: input 0.05 0.10"), training="leaves", rest=True
)
def _input(lab: Lab, rest: str) -> str:
    _put_input(lab, rest)
    return _("the input is {numbers}").format(numbers=lab.experiment.format_input(lab.input))


@command(
    "pixel I [VALUE]", N_("set one pixel, 0 to 1; without a value, switch it"), training="leaves"
)
def _pixel(lab: Lab, place: str, value: str = "") -> str:
    flat = lab.input.reshape(-1)
    i = whole(place, 1, flat.size) - 1
    new = number(value) if value else float(flat[i] < 0.5)
    if lab.experiment.input.kind == "pixels" and not 0 <= new <= 1:
        raise LabError(
            _("a pixel is between 0 (dark) and 1 (light), not {value}").format(value=new)
        )
    flat[i] = new
    lab.edited = True
    lab.changed()
    return _("pixel {number} is {value}").format(number=i + 1, value=f"{new:g}")


@command("clear", N_("blank the input and forget the target"), training="leaves")
def _clear(lab: Lab) -> str:
    lab.input = np.zeros_like(lab.input)
    lab.target, lab.sample, lab.edited = None, None, False
    lab.changed()
    return _("the input is blank")


@command(
    "sample N", N_("put sample N of the data on the input (test samples follow)"), training="leaves"
)
def _sample(lab: Lab, text: str) -> str:
    i = whole(text, 1, lab.sample_count) - 1
    inputs, target = lab.sample_at(i)
    lab.input, lab.target = inputs.copy(), target.copy()
    lab.sample, lab.edited = i, False
    lab.changed()
    what = lab.describe_target(lab.target)
    if i >= lab.experiment.data.count:
        return _("sample {number}, {what}, never trained on").format(number=i + 1, what=what)
    return _("sample {number}, {what}").format(number=i + 1, what=what)


@command(
    "target NUMBERS",
    N_('say what the input is: target 1 0, or by class: target "1"'),
    training="leaves",
    rest=True,
)
def _target(lab: Lab, rest: str) -> str:
    lab.target = learnable_target(lab, rest)
    lab.changed()
    return _("the target is {what}").format(what=lab.describe_target(lab.target))
