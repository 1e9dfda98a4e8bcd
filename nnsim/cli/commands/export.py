"""``nnsim export``: a network as a program that runs by itself."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from nnsim.cli.output import CommandError, to_ascii, write
from nnsim.cli.subject import (
    add_network_arguments,
    are_one,
    open_network,
    open_subject,
    open_trainer,
    refuse_without_data,
)
from nnsim.experiments.files import nearest, quoted, write_file
from nnsim.i18n import _

if TYPE_CHECKING:
    from nnsim.cli.output import Output
    from nnsim.cli.subject import Subject
    from nnsim.engine import Network

TARGETS = ("numpy", "keras", "torch")


def export_arguments(parser: argparse.ArgumentParser) -> None:
    add_network_arguments(parser)
    parser.add_argument(
        "--to",
        required=True,
        type=_target,
        metavar="LIBRARY",
        help=_("what the program runs on: numpy, keras or torch"),
    )
    parser.add_argument(
        "--training",
        action="store_true",
        help=_("write its training, call by call: it ends at the numbers of nnsim train (numpy)"),
    )
    parser.add_argument(
        "--output", metavar="PATH", help=_("write the program to this file, not on the screen")
    )


def _target(text: str) -> str:
    if text in TARGETS:
        return text
    problem = _("--to is {value}; {hint}")
    raise argparse.ArgumentTypeError(
        problem.format(value=quoted(text), hint=nearest(text, TARGETS))
    )


def run_export(arguments: argparse.Namespace, output: Output) -> int:
    from nnsim.experiments.export import program, subject_of

    subject = open_subject(arguments.experiment)
    path = arguments.output
    # A file is UTF-8; what is printed may go where only ASCII is welcome.
    ascii_only = output.ascii_only and path is None
    if arguments.training:
        network, written = _training(subject, arguments)
        written = _in_ascii(written) if ascii_only else written
    else:
        network = open_network(subject, arguments)
        example = None if subject.lab is None else subject.lab.input
        about = subject_of(subject.experiment, network, example)
        written = program(about, arguments.to, ascii_only=ascii_only)
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


def _training(subject: Subject, arguments: argparse.Namespace) -> tuple[Network, str]:
    """Return the network at its start, and the program that trains it."""
    from nnsim.engine.program import MOST_NUMBERS, training_program

    experiment = subject.experiment
    data = experiment.data
    if arguments.to != "numpy":
        raise CommandError(_("--training is written for numpy only"))
    refuse_without_data(experiment)
    numbers = data.inputs.size + data.targets.size
    if numbers > MOST_NUMBERS:
        problem = _("{experiment} has data of {numbers} numbers; a program holds at most {most}")
        raise CommandError(
            problem.format(experiment=experiment.id, numbers=numbers, most=MOST_NUMBERS)
        )
    if subject.lab is not None and arguments.untrained:
        subject.lab.restart()
    network, trainer = open_trainer(subject, None)
    if arguments.model is not None:
        given = open_network(subject, arguments)
        network.parameters[:], network.running[:] = given.parameters, given.running
    written = training_program(trainer, data.inputs, data.targets, experiment.training.epochs)
    return network, f"# {experiment.title!a}\n{written}"


def _in_ascii(program: str) -> str:
    """Return a program with comments in ASCII, and names of layers that have other signs."""
    lines = (line.partition("#") for line in program.splitlines())
    return "".join(
        re.sub(r"[^\x00-\x7f]", lambda sign: f"u{ord(sign[0]):x}", code)
        + mark
        + to_ascii(comment)
        + "\n"
        for code, mark, comment in lines
    )


def _write(path: str, written: str, *sources: str) -> None:
    """Write the program to a file that is none of those it was made of."""
    if any(are_one(path, source) for source in sources):
        problem = _("{file}: this is what the program is made of; give another file")
        raise CommandError(problem.format(file=path))
    write_file(path, written)
