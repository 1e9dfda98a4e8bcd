"""``nnsim trace``: every number of a forward pass, and of the backward pass with a target.

The numbers are those of the engine's own buffers.
"""

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

    import numpy as np
    from numpy.typing import NDArray

    from nnsim.cli.output import Output
    from nnsim.engine import LayerTrace, Trace
    from nnsim.experiments import Experiment

    Array = NDArray[np.float64]

WIDEST_LAYER = 12
"""Units of a layer whose weights are still printed, a column per unit."""
MOST_ROWS = 60
"""Rows of a table that are printed for people."""
WIDTH_OF_NAMES, WIDTH_OF_NUMBERS = 14, 15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_network_arguments(parser)
    add_input_argument(parser)
    parser.add_argument(
        "--target", metavar="TEXT", help=_("what is right: numbers, or the name of a class")
    )


def run(arguments: argparse.Namespace, output: Output) -> int:
    subject = open_subject(arguments.experiment)
    experiment = subject.experiment
    x = read_input(experiment, arguments.input)
    target = None
    if arguments.target is not None:
        target = experiment.parse_target(arguments.target)[None]
    trace = open_network(subject, arguments).trace(x, target)
    for layer in trace.layers:
        for name, values in _of_sample(layer).items():
            check_finite(f"{layer.name}.{name}", values)
    check_finite("loss", trace.losses)
    if output.as_json:
        output.json(_as_json(experiment, trace))
    else:
        _print(experiment, trace, output)
    return 0


def _of_sample(layer: LayerTrace) -> dict[str, Array | None]:
    return {
        "weight": layer.weight,
        "bias": layer.bias,
        "z": None if layer.z is None else layer.z[0],
        "a": layer.a[0],
        "delta": None if layer.delta is None else layer.delta[0],
        "grad_weight": layer.grad_weight,
        "grad_bias": layer.grad_bias,
    }


def _as_json(experiment: Experiment, trace: Trace) -> dict[str, object]:
    return {
        "input": trace.input[0],
        "target": None if trace.target is None else trace.target[0],
        "layers": [
            {
                "name": layer.name,
                "kind": layer.kind,
                "activation": layer.activation,
                **_of_sample(layer),
            }
            for layer in trace.layers
        ],
        "output": trace.output[0],
        "prediction": prediction(experiment, trace.output[0]),
        "loss": None if trace.losses is None else trace.losses[0],
    }


def _print(experiment: Experiment, trace: Trace, output: Output) -> None:
    output.line(_(experiment.title))
    output.line(_("input: {text}").format(text=experiment.format_input(trace.input[0])))
    before: list[str] = list(experiment.input.names)
    for layer, spec in zip(trace.layers, experiment.network.layers, strict=True):
        columns = layer.a.shape[-1]
        names = list(spec.labels) or [str(k) for k in range(1, columns + 1)]
        rows = _rows(layer, before)
        title = f"{layer.name} ({layer.kind}, {layer.activation})"
        if columns <= WIDEST_LAYER or layer.a.ndim > 2:
            _print_columns(output, title, names, rows)
        else:
            _print_units(output, title, names, rows)
        before = names
    answer = prediction(experiment, trace.output[0])
    if answer is not None:
        output.line(_("Prediction: {answer}").format(answer=answer))
    if trace.losses is not None:
        output.line(_("Loss: {value}").format(value=number(trace.losses[0])))


def _rows(layer: LayerTrace, before: list[str]) -> list[tuple[str, Array]]:
    """Return the numbers of a layer as named rows, a value per unit (or filter) in each."""
    rows: list[tuple[str, Array]] = []
    if layer.weight is not None:
        rows += _places("w", layer.weight, before)
    if layer.bias is not None:
        rows.append(("b", layer.bias))
    if layer.z is not None:
        rows += _places("z", layer.z[0])
    rows += _places("a", layer.a[0])
    if layer.delta is not None:
        rows += _places("δ", layer.delta[0])
    if layer.grad_weight is not None:
        rows += _places("∂w", layer.grad_weight, before)
    if layer.grad_bias is not None:
        rows.append(("∂b", layer.grad_bias))
    return rows


def _places(name: str, values: Array, before: list[str] | None = None) -> list[tuple[str, Array]]:
    """Return the rows of an array over its last axis: ``w[pixel]``, ``a[row,column]``."""
    import numpy as np

    if values.ndim == 1:
        return [(name, values)]
    if values.ndim == 2 and before is not None:
        return [(f"{name}[{each}]", row) for each, row in zip(before, values, strict=True)]
    return [
        (f"{name}[{','.join(str(k + 1) for k in place)}]", values[place])
        for place in np.ndindex(values.shape[:-1])
    ]


def _print_columns(
    output: Output, title: str, names: list[str], rows: list[tuple[str, Array]]
) -> None:
    """Print a column per unit, as many side by side as fit."""
    fit = max(1, (output.console().width - WIDTH_OF_NAMES) // WIDTH_OF_NUMBERS)
    for start in range(0, len(names), fit):
        part = slice(start, start + fit)
        table = [(name, *map(number, values[part])) for name, values in rows]
        _print_table(output, title, ("", *names[part]), table)


def _print_units(
    output: Output, title: str, names: list[str], rows: list[tuple[str, Array]]
) -> None:
    """Print a row per unit of a wide layer, without its weights."""
    vectors = [(name, values) for name, values in rows if "[" not in name]
    units = zip(names, *(values for _name, values in vectors), strict=True)
    table = [(name, *map(number, values)) for name, *values in units]
    _print_table(output, title, (_("unit"), *(name for name, _values in vectors)), table)


def _print_table(
    output: Output, title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]
) -> None:
    output.table(title, columns, rows[:MOST_ROWS])
    if len(rows) > MOST_ROWS:
        more = _("… and {count} more rows; --json has them all")
        output.line(more.format(count=len(rows) - MOST_ROWS))
