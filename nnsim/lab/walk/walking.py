"""The commands that walk: forward, backward, next, previous, first, last."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nnsim.i18n import _
from nnsim.lab.errors import LabError
from nnsim.lab.walk import Place, Walk
from nnsim.lab.walk.step import Direction, Grain, as_grain

if TYPE_CHECKING:
    from nnsim.lab.lab import Lab


def _start(lab: Lab, direction: Direction, words: list[str]) -> str:
    """Start a walk at its first step, or go on at another grain from where the walk stands."""
    if len(words) > 1:
        raise LabError(_("say it like this: {usage}").format(usage=f"{direction} [GRAIN]"))
    before = lab.walk_place
    grain: Grain = "neuron" if before is None else before.grain
    if words:
        grain = as_grain(words[0])
    walk = Walk(lab, direction, grain)
    index = 0
    if before is not None and before.direction == direction and before.grain != grain and lab.walk:
        index = walk.near(lab.walk.spot(min(before.index, len(lab.walk) - 1)))
    return _go(lab, direction, grain, index)


def _go(lab: Lab, direction: Direction, grain: Grain, index: int) -> str:
    """Put the walk at a step, look at its number, and say what happens there."""
    lab.walk_to(Place(direction, grain, index))
    step = lab.walk_step
    if step is None:
        raise LabError(_("there is no walk; start one: forward, or backward"))
    if step.quantity is not None:
        lab.focus = lab.names.address(step.quantity)
    return _("{number}/{total} · {sentence}").format(
        number=step.index + 1, total=step.total, sentence=step.sentence
    )


def _standing(lab: Lab) -> tuple[Walk, Place, int]:
    """The walk, its place, and the index, which a change on the bench may have moved."""
    if lab.walk is None or lab.walk_place is None:
        raise LabError(_("there is no walk; start one: forward, or backward"))
    return lab.walk, lab.walk_place, min(lab.walk_place.index, len(lab.walk) - 1)


def _move(lab: Lab, words: list[str], sign: int) -> str:
    walk, place, index = _standing(lab)
    count = 1
    if words:
        if len(words) > 1 or not (words[0].isascii() and words[0].isdecimal()) or not int(words[0]):
            raise LabError(
                _('"{text}" is no number of steps; say next, or next 10').format(
                    text=" ".join(words)
                )
            )
        count = int(words[0])
    to = min(max(0, index + sign * count), len(walk) - 1)
    if to == index:
        raise LabError(
            _("this is the last step of the walk") if sign > 0 else _("this is the first step")
        )
    return _go(lab, place.direction, place.grain, to)


def _end(lab: Lab, words: list[str], *, last: bool) -> str:
    if words:
        raise LabError(_("first and last take nothing behind them"))
    walk, place, _index = _standing(lab)
    return _go(lab, place.direction, place.grain, len(walk) - 1 if last else 0)


COMMANDS: dict[str, Callable[[Lab, list[str]], str]] = {
    "forward": lambda lab, words: _start(lab, "forward", words),
    "backward": lambda lab, words: _start(lab, "backward", words),
    "next": lambda lab, words: _move(lab, words, 1),
    "previous": lambda lab, words: _move(lab, words, -1),
    "first": lambda lab, words: _end(lab, words, last=False),
    "last": lambda lab, words: _end(lab, words, last=True),
}
