"""Options and arguments of the commands, read by argparse."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NoReturn

from nnsim import __version__
from nnsim.cli.errors import CommandError
from nnsim.cli.output import Output, to_ascii
from nnsim.cli.registry import COMMANDS, module_of
from nnsim.i18n import LANGUAGES, _

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, by an exception."""

    ascii_only = False

    def format_help(self) -> str:
        text = super().format_help()
        return to_ascii(text) if self.ascii_only else text

    def error(self, message: str) -> NoReturn:
        hint = _("{program} --help has the options").format(program=self.prog)
        raise CommandError(f"{message}; {hint}")


def run_command(command: str | None, words: Sequence[str]) -> int:
    """Carry out `command`, or without one print help or version, and return the status."""
    if command not in COMMANDS:
        return _general(words)
    module = module_of(command)
    parser = _Parser(
        prog=f"nnsim {command}", description=module.help(), allow_abbrev=False, add_help=False
    )
    parser.ascii_only = "--ascii" in words
    module.add_arguments(parser)
    add_common(parser)
    rest = list(words)
    rest.remove(command)
    try:
        arguments = parser.parse_args(_with_values(rest, parser))
    except SystemExit as done:  # --help and --version have printed
        return int(done.code or 0)
    return int(module.run(arguments, Output(ascii_only=arguments.ascii, as_json=arguments.json)))


def add_common(parser: argparse.ArgumentParser) -> None:
    """Add the options that every command has."""
    group = parser.add_argument_group(_("common options"))
    group.add_argument("--lang", choices=LANGUAGES, help=_("the language of messages"))
    group.add_argument("--ascii", action="store_true", help=_("print nothing but ASCII"))
    group.add_argument("--json", action="store_true", help=_("print JSON, for programs"))
    group.add_argument(
        "--version", action="version", version=f"nnsim {__version__}", help=_("print the version")
    )
    group.add_argument("-h", "--help", action="help", help=_("print this"))


def _with_values(words: Sequence[str], parser: argparse.ArgumentParser) -> list[str]:
    """Tie values that begin with a minus to their options, as in ``--input -1,2``.

    argparse would take such a value for an option.
    """
    takes_value = {
        option
        for action in parser._actions
        for option in action.option_strings
        if action.nargs is None
    }
    tied: list[str] = []
    for word in words:
        number = word[:1] == "-" and word[1:2] and word[1] in "0123456789."
        if tied and tied[-1] in takes_value and number:
            tied[-1] += f"={word}"
        else:
            tied.append(word)
    return tied


def _general(words: Sequence[str]) -> int:
    """Print the version, or what nnsim can do."""
    if "--version" in words:
        print(f"nnsim {__version__}")
        return 0
    output = Output(ascii_only="--ascii" in words)
    output.line(_("usage: nnsim [EXPERIMENT | LESSON | FILE]   open the app"))
    output.line(_("       nnsim COMMAND …                      do one thing, without a screen"))
    output.line()
    output.line(_("commands:"))
    for command in COMMANDS:
        output.line(f"  {command:<14}{module_of(command).help()}")
    output.line()
    output.line(_("options:"))
    rows = (
        ("--lang en|zh", _("the language of messages")),
        ("--ascii", _("print nothing but ASCII")),
        ("--json", _("print JSON, for programs (of a command)")),
        ("--untrained", _("open at the start weights what else opens trained")),
        ("--version", _("print the version")),
        ("-h, --help", _("print this; nnsim COMMAND --help has more")),
    )
    for option, meaning in rows:
        output.line(f"  {option:<14}{meaning}")
    return 0
