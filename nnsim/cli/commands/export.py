"""``nnsim export``: a network as a program that runs by itself."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from nnsim.cli.output import CommandError, write
from nnsim.cli.subject import add_network_arguments, are_one, open_network, open_subject
from nnsim.i18n import _

if TYPE_CHECKING:
    from nnsim.cli.output import Output

TARGETS = ("numpy", "keras", "torch")


def help() -> str:  # noqa: A001
    """Return the command's line of help."""
    return _("write a network as a program that runs by itself: NumPy, Keras or PyTorch")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take an experiment or a session, and what the program should be written for."""
    add_network_arguments(parser)
    parser.add_argument(
        "--to",
        required=True,
        type=_target,
        metavar="LIBRARY",
        help=_("what the program runs on: numpy, keras or torch"),
    )
    parser.add_argument(
        "--output", metavar="PATH", help=_("write the program to this file, not on the screen")
    )


def _target(text: str) -> str:
    """Return the library that `text` names."""
    if text in TARGETS:
        return text
    from nnsim.experiments.errors import nearest, quoted

    problem = _("--to is {value}; {hint}")
    raise argparse.ArgumentTypeError(
        problem.format(value=quoted(text), hint=nearest(text, TARGETS))
    )


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print the program, or write it to a file."""
    from nnsim.experiments.export import program, subject_of

    subject = open_subject(arguments.experiment)
    network = open_network(subject, arguments)
    example = None if subject.lab is None else subject.lab.input
    path = arguments.output
    written = program(
        subject_of(subject.experiment, network, example),
        arguments.to,
        # A file is UTF-8; what is printed may go where only ASCII is welcome.
        ascii_only=output.ascii_only and path is None,
    )
    if path is not None:
        _write(path, written, arguments.experiment, str(subject.experiment.path))
    if output.as_json:
        output.json({
            "to": arguments.to,
            "path": path,
            "parameters": int(network.parameters.size),
            "program": None if path is not None else written,
        })  # fmt: skip
    elif path is not None:
        output.line(_("Written to {file}; python {file} runs it").format(file=path))
    else:
        write(written)
    return 0


def _write(path: str, written: str, *sources: str) -> None:
    """Write the program to a file that is none of those it was made of."""
    from nnsim.experiments.files import write_file

    if any(are_one(path, source) for source in sources):
        problem = _("{file}: this is what the program is made of; give another file")
        raise CommandError(problem.format(file=path))
    write_file(path, written)
