"""``nnsim gradcheck``: the gradients of backpropagation against those of nudging every weight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.cli.output import CommandError
from nnsim.cli.subject import add_network_arguments, open_network, open_subject
from nnsim.i18n import _

if TYPE_CHECKING:
    import argparse

    from nnsim.cli.output import Output
    from nnsim.engine import Network
    from nnsim.engine.gradcheck import GradientCheck

MOST_SAMPLES = 32
"""Samples that the gradients are taken over, the first of the data."""
FAILED = 1


def gradcheck_arguments(parser: argparse.ArgumentParser) -> None:
    add_network_arguments(parser)


def run_gradcheck(arguments: argparse.Namespace, output: Output) -> int:
    """Print the largest relative error of each block of parameters; status 1 if one is wrong."""
    from nnsim.engine import check_gradients

    subject = open_subject(arguments.experiment)
    experiment = subject.experiment
    data = experiment.data
    if not data.count:
        problem = _("{experiment} has no data to take gradients on")
        raise CommandError(problem.format(experiment=experiment.id))
    network = open_network(subject, arguments)
    check = check_gradients(network, data.inputs[:MOST_SAMPLES], data.targets[:MOST_SAMPLES])
    if output.as_json:
        output.json({"largest": check.largest, "blocks": check.blocks})
    else:
        rows = [
            (name, _verdict(error, check.skipped[name] < size), f"{error:.1e}", skipped)
            for name, error, size, skipped in _blocks(network, check)
        ]
        skipped = str(sum(check.skipped.values()))
        rows.append((_("all"), _verdict(check.largest, True), f"{check.largest:.1e}", skipped))
        columns = (_("parameters"), "", _("relative error"), _("skipped at a kink"))
        output.table(_(experiment.title), columns, rows, left=2)
    return FAILED if check.verdict == "fail" else 0


def _blocks(network: Network, check: GradientCheck) -> list[tuple[str, float, int, str]]:
    sizes = {name: block.size for name, block in network.blocks(network.parameters).items()}
    return [
        (name, error, sizes[name], str(check.skipped[name])) for name, error in check.blocks.items()
    ]


def _verdict(error: float, checked: bool) -> str:
    """Say what an error means; nothing where no parameter could be checked."""
    if not checked:
        return _("not checked")
    from nnsim.engine.gradcheck import verdict

    return {"pass": _("right"), "suspect": _("suspect"), "fail": _("wrong")}[verdict(error)]
