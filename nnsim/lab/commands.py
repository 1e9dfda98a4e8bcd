"""The command language: one table from which parsing, help, palette and documentation come.

A command is a line such as ``set hidden[2].b 0.5``. Keys, lessons, the command bar and tests all
run the same ones, through :meth:`nnsim.lab.Lab.run`.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nnsim.i18n import N_, _, ngettext
from nnsim.lab import values
from nnsim.lab.addresses import Address
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.lab.lab import Lab

MOST_EPOCHS = 10_000_000


@dataclass(frozen=True)
class Command:
    """One command of the language.

    Attributes
    ----------
    name, usage, summary : str
        ``usage`` is the line as one writes it, ``summary`` a sentence (English, translated by `_`
        where it is shown).
    run : callable (bench, rest of the line) -> message
    changes : bool
        Whether it changes the bench (then it can be undone).
    merges : bool
        Whether several in a row are undone together.
    group : str
        Others that count as the same in that; nothing for the command alone.
    """

    name: str
    usage: str
    summary: str
    run: Callable[[Any, str], str]
    changes: bool = True
    merges: bool = False
    group: str = ""

    @property
    def undone_with(self) -> str:
        """What it is undone together with, where it merges: the commands of its group."""
        return self.group or self.name


COMMANDS: dict[str, Command] = {}


def _command(
    usage: str, summary: str, *, changes: bool = True, merges: bool = False, group: str = ""
) -> Callable[[Callable[[Lab, str], str]], Callable[[Lab, str], str]]:
    def register(function: Callable[[Lab, str], str]) -> Callable[[Lab, str], str]:
        name = usage.split()[0]
        COMMANDS[name] = Command(name, usage, summary, function, changes, merges, group)
        return function

    return register


def parse(line: str, table: Mapping[str, Command] = COMMANDS) -> tuple[Command, str]:
    """Find the command of a line in a bench's table, and the rest of the line behind it.

    Raises
    ------
    LabError
        Naming the nearest command.
    """
    name, _space, rest = line.strip().partition(" ")
    if name in table:
        return table[name], rest.strip()
    if not name:
        first = next(iter(table.values()))
        raise LabError(_("type a command, such as: {usage}").format(usage=first.usage))
    near = difflib.get_close_matches(name, table, n=2)
    raise LabError(
        _('there is no command "{name}"; {known}').format(
            name=name,
            known=_("did you mean {names}?").format(names=", ".join(near))
            if near
            else _("the commands are {names}").format(names=" ".join(table)),
        )
    )


# Reading what stands behind a command -----------------------------------------------------------


def number(text: str) -> float:
    """A finite number.

    Raises
    ------
    LabError
        When `text` is no number, or none that is finite.
    """
    try:
        value = float(text.replace("−", "-"))
    except ValueError:
        raise LabError(_('"{text}" is not a number').format(text=text)) from None
    if not math.isfinite(value):
        raise LabError(_('"{text}" is not a finite number').format(text=text))
    return value


def whole(text: str, least: int, most: int) -> int:
    """A whole number between bounds (both included)."""
    try:
        value = int(text)
    except ValueError:
        raise LabError(_('"{text}" is not a whole number').format(text=text)) from None
    if not least <= value <= most:
        raise LabError(
            _("{value} is out of range: {least} to {most}").format(
                value=value, least=least, most=most
            )
        )
    return value


def words(
    rest: str, command: str, least: int, most: int, table: Mapping[str, Command] = COMMANDS
) -> list[str]:
    """The words behind a command, as many as it takes."""
    found = rest.split()
    if not least <= len(found) <= most:
        raise LabError(_("say it like this: {usage}").format(usage=table[command].usage))
    return found


def _no_more(rest: str, command: str) -> None:
    words(rest, command, 0, 0)


# The input ----------------------------------------------------------------------------------------


def _put_input(lab: Lab, text: str) -> None:
    lab.input = lab.experiment.parse_input(text)
    if lab.sample is not None:
        lab.target = None  # it belonged to the sample that is gone
    lab.sample, lab.edited = None, False
    lab.changed()


@_command("paint ROWS", N_("paint the whole picture: paint 111/101/101/111"))
def _paint(lab: Lab, rest: str) -> str:
    if lab.experiment.input.kind != "pixels":
        raise LabError(_("there are no pixels here; use: input 0.5 1 …"))
    words(rest, "paint", 1, 10**6)
    _put_input(lab, rest)
    return _("painted {picture}").format(picture=lab.experiment.format_input(lab.input))


@_command("input NUMBERS", N_("put numbers on the inputs: input 0.05 0.10"))
def _input(lab: Lab, rest: str) -> str:
    words(rest, "input", 1, 10**6)
    _put_input(lab, rest)
    return _("the input is {numbers}").format(numbers=lab.experiment.format_input(lab.input))


@_command("pixel I [VALUE]", N_("set one pixel, 0 to 1; without a value, switch it"))
def _pixel(lab: Lab, rest: str) -> str:
    place, *value = words(rest, "pixel", 1, 2)
    flat = lab.input.reshape(-1)
    i = whole(place, 1, flat.size) - 1
    new = number(value[0]) if value else float(flat[i] < 0.5)
    if lab.experiment.input.kind == "pixels" and not 0 <= new <= 1:
        raise LabError(
            _("a pixel is between 0 (dark) and 1 (light), not {value}").format(value=new)
        )
    flat[i] = new
    lab.edited = True
    lab.changed()
    return _("pixel {number} is {value}").format(number=i + 1, value=f"{new:g}")


@_command("clear", N_("blank the input and forget the target"))
def _clear(lab: Lab, rest: str) -> str:
    _no_more(rest, "clear")
    lab.input = np.zeros_like(lab.input)
    lab.target, lab.sample, lab.edited = None, None, False
    lab.changed()
    return _("the input is blank")


@_command("sample N", N_("put sample N of the data on the input (test samples follow)"))
def _sample(lab: Lab, rest: str) -> str:
    (text,) = words(rest, "sample", 1, 1)
    i = whole(text, 1, lab.sample_count) - 1
    inputs, target = lab.sample_at(i)
    lab.input, lab.target = inputs.copy(), target.copy()
    lab.sample, lab.edited = i, False
    lab.changed()
    what = lab.describe_target(lab.target)
    if i >= lab.experiment.data.count:
        return _("sample {number}, {what}, never trained on").format(number=i + 1, what=what)
    return _("sample {number}, {what}").format(number=i + 1, what=what)


@_command("target NUMBERS", N_('say what the input is: target 1 0, or by class: target "1"'))
def _target(lab: Lab, rest: str) -> str:
    words(rest, "target", 1, 10**4)
    lab.target = lab.experiment.parse_target(rest)
    lab.changed()
    return _("the target is {what}").format(what=lab.describe_target(lab.target))


# Any number ------------------------------------------------------------------------------------


@_command("set ADDRESS VALUE", N_("set a weight, bias, input, target or rate: set hidden[2].b 0.5"))
def _set(lab: Lab, rest: str) -> str:
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
    return _("{address} is {value}").format(
        address=lab.names.address(quantity), value=f"{value:.12g}"
    )


@_command("focus ADDRESS", N_("look at a number: focus hidden[2].z"), merges=True)
def _focus(lab: Lab, rest: str) -> str:
    (text,) = words(rest, "focus", 1, 1)
    lab.focus = _focus_address(lab, text)
    return _("looking at {address}").format(address=lab.focus)


def _focus_address(lab: Lab, text: str) -> Address:
    return lab.names.address(lab.names.resolve(text))


# Walks -----------------------------------------------------------------------------------------


def _walk_command(usage: str, summary: str) -> None:
    def run(lab: Lab, rest: str) -> str:
        from nnsim.lab.walk import walking  # late: the first picture needs no walk

        return walking.COMMANDS[usage.split()[0]](lab, rest.split())

    _command(usage, summary, merges=True, group="walk")(run)


_walk_command("forward [GRAIN]", N_("walk the forward pass; GRAIN is layer, neuron or term"))
_walk_command("backward [GRAIN]", N_("walk the backward pass, from the loss to the update"))
_walk_command("next [N]", N_("go to the next step of the walk, or N steps on"))
_walk_command("previous [N]", N_("go back a step of the walk, or N steps"))
_walk_command("first", N_("go to the first step of the walk"))
_walk_command("last", N_("go to the last step of the walk"))


# Circuits --------------------------------------------------------------------------------------


@_command(
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
_command("fold [NAME]", N_("make a part of the circuit one gate; without a name, all parts"))(
    _no_circuit
)
_command("unfold [NAME]", N_("open a folded gate of the circuit; without a name, all"))(_no_circuit)


# Training --------------------------------------------------------------------------------------


@_command("train N", N_("train N more epochs"))
def _train(lab: Lab, rest: str) -> str:
    for _progress in lab.training(epochs(COMMANDS["train"], rest)):
        pass
    return trained(lab)


def epochs(command: Command, rest: str) -> int:
    """How many epochs a ``train N`` asks for."""
    (text,) = words(rest, command.name, 1, 1)
    return whole(text, 1, MOST_EPOCHS)


def trained(lab: Lab) -> str:
    """Where training has led, in a sentence."""
    epochs = _("epoch {epoch}").format(epoch=lab.trainer.epoch)
    if lab.diverged:
        return _("{epochs}: the numbers left the finite; the last finite state is kept").format(
            epochs=epochs
        )
    metrics = lab.metrics
    cost = _("cost {cost}").format(cost=f"{metrics.cost:.4g}")
    if metrics.right is None:
        return f"{epochs} · {cost}"
    right = _("{right} of {samples} right").format(right=metrics.right, samples=metrics.samples)
    return f"{epochs} · {right} · {cost}"


@_command("rate R", N_("set the learning rate"))
def _rate(lab: Lab, rest: str) -> str:
    (text,) = words(rest, "rate", 1, 1)
    return _set(lab, f"learning_rate {text}")


@_command("optimizer NAME", N_("train on with another optimizer: sgd, momentum, adam, …"))
def _optimizer(lab: Lab, rest: str) -> str:
    (name,) = words(rest, "optimizer", 1, 1)
    lab.use_optimizer(name)
    return _("the optimizer is {name}").format(name=name)


@_command("reset", N_("go back to the start parameters, epoch 0"))
def _reset(lab: Lab, rest: str) -> str:
    _no_more(rest, "reset")
    lab.restart()
    return _("back at the start, epoch 0")


@_command("seed N", N_("start anew from another seed, epoch 0"))
def _seed(lab: Lab, rest: str) -> str:
    (text,) = words(rest, "seed", 1, 1)
    seed = whole(text, 0, 2**32 - 1)
    lab.restart(seed=seed)
    return _("a new start from seed {seed}, epoch 0").format(seed=seed)


@_command("start KIND [VALUE]", N_("start anew: start zeros, constant V, normal, xavier or he"))
def _start(lab: Lab, rest: str) -> str:
    kind, *value = words(rest, "start", 1, 2)
    known = ("zeros", "constant", "normal", "xavier", "he", "uniform")
    if kind not in known or (kind == "constant") != bool(value):
        raise LabError(_("say it like this: {usage}").format(usage=_(COMMANDS["start"].summary)))
    start = f"constant:{number(value[0]):.17g}" if value else kind
    lab.restart(initializer=start)
    return _("a new start ({kind}), epoch 0").format(kind=rest)


@_command("experiment ID", N_("put another experiment on the bench"))
def _experiment(lab: Lab, rest: str) -> str:
    words(rest, "experiment", 1, 100)
    lab.load_experiment(rest)
    return _("on the bench: {title}").format(title=lab.experiment.title)


# Undo ------------------------------------------------------------------------------------------


@_command("undo [N]", N_("take back the last change, or the last N"), changes=False)
def _undo(lab: Lab, rest: str) -> str:
    times = _times(rest, "undo")
    lines = [lab.undo()]
    lines += [lab.undo() for _i in range(times - 1) if lab.can_undo]
    return _said(lines, N_("undid: {line}"), "undid {n} change", "undid {n} changes")


@_command("redo [N]", N_("do again what was undone"), changes=False)
def _redo(lab: Lab, rest: str) -> str:
    times = _times(rest, "redo")
    lines = [lab.redo()]
    lines += [lab.redo() for _i in range(times - 1) if lab.can_redo]
    return _said(lines, N_("redid: {line}"), "redid {n} change", "redid {n} changes")


def _times(rest: str, command: str) -> int:
    found = words(rest, command, 0, 1)
    return whole(found[0], 1, 1000) if found else 1


def _said(lines: list[str], one: str, singular: str, plural: str) -> str:
    if len(lines) == 1:
        return _(one).format(line=lines[0])
    return ngettext(singular, plural, len(lines)).format(n=len(lines))
