"""``nnsim trace``: every number of a forward pass, and of the backward pass with a target.

The numbers are those of the engine's own buffers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.cli.subject import add_input_argument, add_network_arguments
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
"""Units of a layer whose weights are still printed as a table."""


def help() -> str:  # noqa: A001
    """Return the command's line of help."""
    return _("every number of a forward pass; with --target of the backward pass too")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take an experiment, an input and perhaps a target."""
    add_network_arguments(parser)
    add_input_argument(parser)
    parser.add_argument(
        "--target", metavar="TEXT", help=_("what is right: numbers, or the name of a class")
    )


def run(arguments: argparse.Namespace, output: Output) -> int:
    """Print layer by layer."""
    from nnsim.cli.subject import check_finite, open_network, read_input
    from nnsim.experiments import load

    experiment = load(arguments.experiment)
    x = read_input(experiment, arguments.input)
    target = None
    if arguments.target is not None:
        target = experiment.parse_target(arguments.target)[None]
    trace = open_network(experiment, arguments).trace(x, target)
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
    """Return the arrays of a layer for the one sample, without the batch axis."""
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
    from nnsim.cli.subject import prediction

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
    from nnsim.cli.output import number
    from nnsim.cli.subject import prediction

    output.line(experiment.title)
    output.line(_("input: {text}").format(text=experiment.format_input(trace.input[0])))
    before: list[str] = list(experiment.input.names)
    for layer, spec in zip(trace.layers, experiment.network.layers, strict=True):
        units = layer.a[0].size
        names = list(spec.labels) if len(spec.labels) == units else _numbers(units)
        title = f"{layer.name} ({layer.kind}, {layer.activation})"
        if layer.kind == "dense" and units <= WIDEST_LAYER:
            _print_dense(output, title, layer, before, names)
        else:
            _print_units(output, title, layer, names)
        before = names
    answer = prediction(experiment, trace.output[0])
    if answer is not None:
        output.line(_("Prediction: {answer}").format(answer=answer))
    if trace.losses is not None:
        output.line(_("Loss: {value}").format(value=number(trace.losses[0])))


def _numbers(count: int) -> list[str]:
    return [str(k) for k in range(1, count + 1)]


def _print_dense(
    output: Output, title: str, layer: LayerTrace, before: list[str], names: list[str]
) -> None:
    """Print a dense layer with a column per unit: its weights, b, z, a, and what went back."""
    from nnsim.cli.output import number

    def row(name: str, values: Array) -> tuple[str, ...]:
        return (name, *map(number, values))

    assert layer.weight is not None
    assert layer.bias is not None
    assert layer.z is not None
    rows = [row(f"w[{name}]", w) for name, w in zip(before, layer.weight, strict=True)]
    rows += [row("b", layer.bias), row("z", layer.z[0]), row("a", layer.a[0])]
    if layer.delta is not None and layer.grad_weight is not None and layer.grad_bias is not None:
        rows.append(row("δ", layer.delta[0]))
        rows += [row(f"∂w[{name}]", g) for name, g in zip(before, layer.grad_weight, strict=True)]
        rows.append(row("∂b", layer.grad_bias))
    output.table(title, ("", *names), rows)


def _print_units(output: Output, title: str, layer: LayerTrace, names: list[str]) -> None:
    """Print a layer of another kind, or a wide one, with a row per value."""
    from nnsim.cli.output import number

    columns = [
        (name, values[0].reshape(-1))
        for name, values in (("z", layer.z), ("a", layer.a), ("δ", layer.delta))
        if values is not None
    ]
    shown = 40
    rows = [
        (names[k], *(number(values[k]) for _name, values in columns))
        for k in range(min(shown, len(names)))
    ]
    output.table(title, (_("unit"), *(name for name, _values in columns)), rows)
    if len(names) > shown:
        more = _("… and {count} more; --json has them all").format(count=len(names) - shown)
        output.line(more)
