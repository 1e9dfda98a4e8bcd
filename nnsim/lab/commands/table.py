"""The table of commands, and reading what stands behind one."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Literal, TypeVar

from nnsim.i18n import _
from nnsim.lab.errors import LabError

MOST_WORDS = 10**6

Effect = Literal["starts", "restarts", "pauses", "leaves"]
"""What a command does to training that goes on: it ``starts`` it anew; it ``restarts`` it, which
goes on with what has changed; it ``pauses`` it, to look at the past or at something else; or it
``leaves`` it alone, as it is about the input, a walk or a circuit only."""


@dataclass(frozen=True)
class Command:
    """One command of the language: this row says all that anybody knows of it."""

    # usage is the line as one writes it, summary a sentence (English, translated by `_` where it
    # is shown)
    name: str
    usage: str
    summary: str
    run: Callable[[Any, str], str]
    changes: bool = True  # whether it changes the bench (then it can be undone)
    merges: bool = False  # whether several in a row are undone together
    group: str = ""  # others that count as the same in that; nothing for the command alone
    training: Effect | Callable[[Any, str], Effect] = "restarts"

    def effect(self, bench: Any, rest: str) -> Effect:
        return self.training if isinstance(self.training, str) else self.training(bench, rest)

    @property
    def undone_with(self) -> str:
        """What it is undone together with, where it merges: the commands of its group."""
        return self.group or self.name


COMMANDS: dict[str, Command] = {}
Function = TypeVar("Function", bound=Callable[..., str])


def command(
    usage: str,
    summary: str,
    table: dict[str, Command] = COMMANDS,
    *,
    rest: bool = False,
    **more: Any,
) -> Callable[[Function], Function]:
    """Put the function that follows into a bench's table of commands; `more` is of its row.

    The usage says how many words it takes; the function gets each of them, or with `rest` what
    stands behind the name as it is (a text in quotes it looks for itself).
    """
    name, *takes = usage.split()
    least = len(list(takewhile(lambda word: word[0] not in '["', takes)))

    def register(function: Function) -> Function:
        def run(bench: Any, line: str) -> str:
            found = words(line, usage, least, MOST_WORDS if rest else len(takes))
            return function(bench, line) if rest else function(bench, *found)

        table[name] = Command(name, usage, summary, run, **more)
        return function

    return register


def parse(line: str, table: Mapping[str, Command] = COMMANDS) -> tuple[Command, str]:
    """Find the command of a line in a bench's table, and the rest of the line behind it."""
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


def number(text: str) -> float:
    """A number, refused where it is none or not finite."""
    try:
        value = float(text.replace("−", "-"))
    except ValueError:
        raise LabError(_('"{text}" is not a number').format(text=text)) from None
    if not math.isfinite(value):
        raise LabError(_('"{text}" is not a finite number').format(text=text))
    return value


def whole(text: str, least: int, most: int) -> int:
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


def words(rest: str, usage: str, least: int, most: int) -> list[str]:
    """The words behind a command, refused where there are too few or too many."""
    found = rest.split()
    if not least <= len(found) <= most:
        raise LabError(_("say it like this: {usage}").format(usage=usage))
    return found
