"""``nnsim explain``: why one number is what it is, and which numbers it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.cli.output import CommandError
from nnsim.cli.subject import (
    add_input_argument,
    add_network_arguments,
    check_finite,
    open_network,
    open_subject,
    read_input,
)
from nnsim.i18n import _

if TYPE_CHECKING:
    import argparse

    from nnsim.cli.output import Output
    from nnsim.lab import Lab
    from nnsim.lab.explain import Explanation

MOST_CAUSES = 40
"""Causes that are printed for people; ``--json`` has them all."""
NEED_TARGET = ("delta", "target", "correct", "loss", "loss.squared_error", "loss.cross_entropy")
_ASCII_GUIDES = str.maketrans({"├": "+", "└": "`", "─": "-", "│": "|"})


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_network_arguments(parser)
    parser.add_argument(
        "address",
        metavar="ADDRESS",
        help=_("which number, such as hidden[2].z or output[1].w[3].grad"),
    )
    add_input_argument(parser)
    parser.add_argument(
        "--target", metavar="TEXT", help=_("what is right: numbers, or the name of a class")
    )


def run(arguments: argparse.Namespace, output: Output) -> int:
    import numpy as np

    from nnsim.lab import LabError

    lab = _bench(arguments)
    try:
        kind = lab.names.resolve(arguments.address).kind
        if lab.target is None and (kind.endswith(".grad") or kind in NEED_TARGET):
            problem = _("{address} rests on what is right: add --target")
            raise CommandError(problem.format(address=arguments.address))
        explanation = lab.explain(arguments.address)
    except LabError as error:
        raise CommandError(str(error)) from None
    check_finite(explanation.address, np.asarray(explanation.value))
    if output.as_json:
        answer = explanation.as_json()
        if kind == "prediction":  # a class goes by its name in JSON
            answer["value"] = lab.experiment.classes[int(explanation.value) - 1]
        output.json(answer)
    else:
        _print(lab, explanation, output)
    return 0


def _bench(arguments: argparse.Namespace) -> Lab:
    from nnsim.lab import Lab

    subject = open_subject(arguments.experiment)
    experiment = subject.experiment
    x = read_input(experiment, arguments.input)[0]
    target = None if arguments.target is None else experiment.parse_target(arguments.target)
    lab = subject.lab
    if lab is None:
        lab = Lab(experiment, untrained=arguments.untrained or arguments.model is not None)
    elif arguments.untrained:
        lab.restart()
    if arguments.model is not None:
        network = open_network(subject, arguments)
        lab.network.parameters[:] = network.parameters
        lab.network.running[:] = network.running
    lab.input, lab.target = x, target
    lab.changed(parameters=True)
    return lab


def _print(lab: Lab, explanation: Explanation, output: Output) -> None:
    """Print name, formula, arithmetic and result, and below it the causes as a tree."""
    from rich.text import Text
    from rich.tree import Tree

    output.line(f"{explanation.address}: {explanation.name}")
    output.line(f"  {explanation.formula}")
    output.line(f"  {explanation.worked}")
    for sentence in (explanation.role_words, explanation.note):
        if sentence:
            output.line(f"  {sentence}")
    if not explanation.causes:
        return
    tree = Tree(Text(output.text(_("it comes from"))))
    for cause in explanation.causes[:MOST_CAUSES]:
        tree.add(Text(output.text(_because(lab, cause))))
    if len(explanation.causes) > MOST_CAUSES:
        more = _("… and {count} more; --json has them all").format(
            count=len(explanation.causes) - MOST_CAUSES
        )
        tree.add(Text(output.text(more)))
    console = output.console()
    with console.capture() as captured:
        console.print(tree)
    drawn = captured.get().rstrip()
    output.line(drawn.translate(_ASCII_GUIDES) if output.ascii_only else drawn)


def _because(lab: Lab, cause: str) -> str:
    from nnsim.lab.explain.arithmetic import written

    found = lab.explain(cause)
    return f"{cause} {found.sign} {written(found.value)} · {found.name}"
