"""``nnsim predict``: what the network says to one input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.cli.output import number
from nnsim.cli.subject import (
    add_input_argument,
    add_network_arguments,
    check_finite,
    open_network,
    open_subject,
    prediction,
    read_input,
)
from nnsim.i18n import _

if TYPE_CHECKING:
    import argparse

    from nnsim.cli.output import Output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_network_arguments(parser)
    add_input_argument(parser)


def run(arguments: argparse.Namespace, output: Output) -> int:
    subject = open_subject(arguments.experiment)
    experiment = subject.experiment
    x = read_input(experiment, arguments.input)
    result = open_network(subject, arguments).forward(x)[0]
    check_finite(_("the output"), result)
    answer = prediction(experiment, result)
    if output.as_json:
        output.json({"output": result, "prediction": answer})
        return 0
    last = experiment.network.layers[-1]
    names = last.labels or (
        experiment.classes
        if len(experiment.classes) == len(result)
        else [f"{last.name}[{k}]" for k in range(1, len(result) + 1)]
    )
    rows = [(name, number(value)) for name, value in zip(names, result, strict=True)]
    output.table(_(experiment.title), (_("output"), _("value")), rows)
    if answer is not None:
        output.line(_("Prediction: {answer}").format(answer=answer))
    return 0
