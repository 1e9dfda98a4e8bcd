"""Options and arguments of the commands, read by argparse."""

from __future__ import annotations

import argparse
import math
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from nnsim import __version__
from nnsim.cli.commands import COMMANDS, functions_of
from nnsim.cli.output import CommandError, Output, write
from nnsim.experiments.files import nearest, quoted
from nnsim.i18n import LANGUAGES, _

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LARGEST_COUNT = 2**62


def _number(
    option: str, read: Callable[[str], float], fits: Callable[[float], bool], problem: str
) -> Callable[[str], Any]:
    """Return what reads a number behind `option`.

    It raises ArgumentTypeError, whose text is the whole sentence, where the number doesn't fit.
    """

    def read_number(text: str) -> float:
        try:
            value = read(text)
        except ValueError:
            value = math.nan
        if not fits(value):
            sentence = problem.format(option=option, value=quoted(text))
            raise argparse.ArgumentTypeError(sentence)
        return value

    return read_number


def count(option: str, most: int = LARGEST_COUNT) -> Callable[[str], int]:
    problem = (
        _("{option} is {value}; it should be a whole number from 0, such as 50")
        if most == LARGEST_COUNT
        else _("{option} is {value}; it should be a whole number from 0 to {most}").replace(
            "{most}", str(most)
        )
    )
    return _number(option, int, lambda value: 0 <= value <= most, problem)


def seed(option: str) -> Callable[[str], int]:
    """Return what reads a seed behind `option`, as experiment files and the engine take it."""

    def read(text: str) -> int:
        from nnsim.engine.checks import LARGEST_SEED  # which takes NumPy

        return count(option, LARGEST_SEED)(text)

    return read


def share(option: str) -> Callable[[str], float]:
    problem = _("{option} is {value}; it should be a number from 0 to below 1, such as 0.2")
    return _number(option, float, lambda value: 0 <= value < 1, problem)


def rate(option: str) -> Callable[[str], float]:
    problem = _("{option} is {value}; it should be a finite number from 0, such as 0.1")
    return _number(option, float, lambda value: 0 <= value < math.inf, problem)


class _Formatter(argparse.HelpFormatter):
    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, prefix or _("usage:") + " ")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in a sentence of ours, by an exception."""

    output: Output

    def _print_message(self, message: str, file: Any = None) -> None:
        if file is None or file is sys.stdout:
            write(self.output.text(message))
        else:
            super()._print_message(message, file)

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """Return the arguments that the `words` are.

        Raises CommandError that says which argument is wrong, missing or none of the command's.
        """
        try:
            arguments, unknown = self.parse_known_args(words)
        except argparse.ArgumentError as error:
            raise self._refusal(error) from None
        if unknown:
            problem = _("{word} makes no sense here; {hint}")
            word = unknown[0].partition("=")[0]
            hint = self._help_hint()
            if word.startswith("--"):
                hint = nearest(word, [name for name in self._options() if name.startswith("--")])
            raise CommandError(problem.format(word=quoted(unknown[0]), hint=hint))
        return arguments

    def error(self, message: str) -> NoReturn:
        """Say what argparse has no exception for: arguments that are missing, at its end."""
        names = message.rpartition(": ")[2].split(", ")
        missing = [a for a in self._actions if _name(a) in names and a.nargs is None]
        if not missing:
            raise CommandError(f"{message}; {self._help_hint()}")
        sentences = [
            _("{name} is missing: {help}").format(name=_name(action), help=action.help)
            for action in missing
        ]
        raise CommandError("; ".join([*sentences, self._help_hint()]))

    def _refusal(self, error: argparse.ArgumentError) -> CommandError:
        """Return argparse's refusal of one argument in words of ours."""
        if isinstance(error.__context__, argparse.ArgumentTypeError):
            return CommandError(error.message)  # the sentence of `nnsim.cli.arguments`
        action = next((a for a in self._actions if error.argument_name == _full_name(a)), None)
        if action is None:
            self.error(error.message)
        if action.nargs == 0:
            return CommandError(_("{name} takes no value").format(name=_name(action)))
        if action.choices is not None:
            problem = _("{name} should be one of {names}")
            names = ", ".join(map(str, action.choices))
            return CommandError(problem.format(name=_name(action), names=names))
        problem = _("{name} needs a value behind it: {help}")
        return CommandError(problem.format(name=_name(action), help=action.help))

    def _options(self) -> list[str]:
        return [option for action in self._actions for option in action.option_strings]

    def _help_hint(self) -> str:
        return _("{program} --help has the options").format(program=self.prog)


def _full_name(action: argparse.Action) -> str | None:
    """Return the name by which argparse speaks of an argument: ``-h/--help``."""
    return "/".join(action.option_strings) or _name(action)


def _name(action: argparse.Action) -> str:
    if action.option_strings:
        return action.option_strings[-1]
    return action.metavar if isinstance(action.metavar, str) else action.dest


def run_command(command: str | None, words: Sequence[str]) -> int:
    """Carry out `command`, or without one print help or version, and return the status."""
    if command not in COMMANDS:
        return _general(words)
    add_arguments, run = functions_of(command)
    parser = _Parser(
        prog=f"nnsim {command}",
        description=_(COMMANDS[command]),
        allow_abbrev=False,
        add_help=False,
        exit_on_error=False,
        formatter_class=_Formatter,
    )
    parser._positionals.title = _("arguments")
    parser._optionals.title = _("options")
    parser.output = Output(ascii_only="--ascii" in words)
    add_arguments(parser)
    add_common(parser)
    rest = list(words)
    rest.remove(command)
    try:
        arguments = parser.read(_with_values(rest, parser))
    except SystemExit as done:  # --help and --version have printed
        return int(done.code or 0)
    return run(arguments, Output(ascii_only=arguments.ascii, as_json=arguments.json))


def add_common(parser: argparse.ArgumentParser) -> None:
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
        write(f"nnsim {__version__}\n")
        return 0
    output = Output(ascii_only="--ascii" in words)
    output.line(_("usage: nnsim [EXPERIMENT | LESSON | FILE]   open the app"))
    output.line(_("       nnsim COMMAND …                      do one thing, without a screen"))
    output.line()
    output.line(_("commands:"))
    for command, does in COMMANDS.items():
        output.line(f"  {command:<14}{_(does)}")
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
