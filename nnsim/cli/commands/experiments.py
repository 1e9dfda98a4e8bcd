"""``nnsim experiments``: those that ship; ``nnsim summary``: layers and sizes of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.cli.subject import add_experiment_argument, open_subject
from nnsim.i18n import _

if TYPE_CHECKING:
    import argparse

    from nnsim.cli.output import Output


def experiments_arguments(parser: argparse.ArgumentParser) -> None:
    """Take no arguments."""


def run_experiments(_arguments: argparse.Namespace, output: Output) -> int:
    from nnsim.experiments import catalogue

    if output.as_json:
        output.json([{"id": e.id, "title": e.title, "path": str(e.path)} for e in catalogue()])
        return 0
    output.table(
        _("Experiments: nnsim ID opens one"),
        (_("id"), _("title"), _("input"), _("network")),
        [(e.id, _(e.title), e.kind, e.summary) for e in catalogue()],
        left=4,
    )
    return 0


def summary_arguments(parser: argparse.ArgumentParser) -> None:
    add_experiment_argument(parser)


def run_summary(arguments: argparse.Namespace, output: Output) -> int:
    experiment = open_subject(arguments.experiment).experiment
    summary = experiment.build_network().summary()
    if output.as_json:
        layers = [
            {
                "name": row.name,
                "kind": row.kind,
                "output_shape": row.output_shape,
                "parameters": row.parameters,
            }
            for row in summary
        ]
        output.json({"layers": layers, "parameters": summary.parameters})
        return 0
    rows = [
        (row.name, row.kind, layer.activation, _shape(row.output_shape), f"{row.parameters:,}")
        for row, layer in zip(summary, experiment.network.layers, strict=True)
    ]
    rows.append((_("total"), "", "", "", f"{summary.parameters:,}"))
    output.table(
        _(experiment.title),
        (_("layer"), _("kind"), _("activation"), _("output shape"), _("parameters")),
        [(_("input"), experiment.input.kind, "", _shape(experiment.input_shape), "0"), *rows],
        left=3,
    )
    return 0


def _shape(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
