"""What a network says of one input: ``nnsim predict``, ``trace`` and ``explain``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nnsim.cli.output import CommandError, number
from nnsim.cli.subject import add_network_arguments, open_network, open_subject
from nnsim.experiments.files import decode, read_bytes
from nnsim.i18n import _

if TYPE_CHECKING:
    import argparse

    import numpy as np
    from numpy.typing import NDArray

    from nnsim.cli.output import Output
    from nnsim.engine import LayerTrace, Trace
    from nnsim.experiments import Experiment
    from nnsim.lab import Lab
    from nnsim.lab.explain import Explanation


WIDEST_LAYER = 12
"""Units of a layer whose weights are still printed, a column per unit."""
MOST_ROWS = 60
"""Rows of a table that are printed for people."""
WIDTH_OF_NAMES, WIDTH_OF_NUMBERS = 14, 15
_SIGNS = {
    "weight": "w", "bias": "b", "z": "z", "a": "a", "delta": "δ", "grad_weight": "∂w",
    "grad_bias": "∂b",
}  # fmt: skip
"""What is traced of a layer, by the engine's names, and its signs for people."""
MOST_CAUSES = 40
"""Causes that are printed for people; ``--json`` has them all."""
NEED_TARGET = ("delta", "target", "correct", "loss", "loss.squared_error", "loss.cross_entropy")
_ASCII_GUIDES = str.maketrans({"├": "+", "└": "`", "─": "-", "│": "|"})


def _add_input(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--input",
        required=True,
        metavar="TEXT",
        help=_('numbers as in "0.05 0.10", pixel rows as in 111/101/101/111, or @FILE'),
    )


def _add_target(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--target", metavar="TEXT", help=_("what is right: numbers, or the name of a class")
    )


def _read_input(experiment: Experiment, text: str) -> NDArray[np.float64]:
    """Return the input that `text`, or the file of ``@FILE``, writes, with a batch axis.

    Raises ExperimentError if there is no such file, or no such input in it.
    """
    if text.startswith("@"):
        text = decode(read_bytes(Path(text[1:]), 64 * 2**20), text[1:])
    return experiment.parse_input(text)[None]


def _prediction(experiment: Experiment, output: NDArray[np.float64]) -> str | None:
    """Return the name of the class that `output` reads; None for regression."""
    index = experiment.decide(output)
    return None if index is None else experiment.classes[index]


def _check_finite(name: str, values: NDArray[np.float64] | None) -> None:
    """Refuse numbers that have left the range of floating point."""
    import numpy as np

    if values is not None and not np.isfinite(values).all():
        problem = _("{name} is no longer finite: the input or the weights are too large")
        raise CommandError(problem.format(name=name))


def predict_arguments(parser: argparse.ArgumentParser) -> None:
    add_network_arguments(parser)
    _add_input(parser)


def run_predict(arguments: argparse.Namespace, output: Output) -> int:
    subject = open_subject(arguments.experiment)
    experiment = subject.experiment
    x = _read_input(experiment, arguments.input)
    result = open_network(subject, arguments).forward(x)[0]
    _check_finite(_("the output"), result)
    answer = _prediction(experiment, result)
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
    _print_prediction(answer, output)
    return 0


def _print_prediction(answer: str | None, output: Output) -> None:
    if answer is not None:
        output.line(_("Prediction: {answer}").format(answer=answer))


def trace_arguments(parser: argparse.ArgumentParser) -> None:
    add_network_arguments(parser)
    _add_input(parser)
    _add_target(parser)


def run_trace(arguments: argparse.Namespace, output: Output) -> int:
    subject = open_subject(arguments.experiment)
    experiment = subject.experiment
    x = _read_input(experiment, arguments.input)
    target = None
    if arguments.target is not None:
        target = experiment.parse_target(arguments.target)[None]
    trace = open_network(subject, arguments).trace(x, target)
    for layer in trace.layers:
        for name, values in _of_sample(layer).items():
            _check_finite(f"{layer.name}.{name}", values)
    _check_finite("loss", trace.losses)
    if output.as_json:
        output.json(_as_json(experiment, trace))
    else:
        _print_trace(experiment, trace, output)
    return 0


def _of_sample(layer: LayerTrace) -> dict[str, NDArray[np.float64] | None]:
    found = {}
    for name in _SIGNS:
        values = getattr(layer, name)
        found[name] = values[0] if name in ("z", "a", "delta") and values is not None else values
    return found


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
        "prediction": _prediction(experiment, trace.output[0]),
        "loss": None if trace.losses is None else trace.losses[0],
    }


def _print_trace(experiment: Experiment, trace: Trace, output: Output) -> None:
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
    _print_prediction(_prediction(experiment, trace.output[0]), output)
    if trace.losses is not None:
        output.line(_("Loss: {value}").format(value=number(trace.losses[0])))


def _rows(layer: LayerTrace, before: list[str]) -> list[tuple[str, NDArray[np.float64]]]:
    """Return the numbers of a layer as named rows, a value per unit (or filter) in each."""
    rows: list[tuple[str, NDArray[np.float64]]] = []
    for name, values in _of_sample(layer).items():
        if values is not None:
            named = before if name.endswith("weight") else None
            rows += _places(_SIGNS[name], values, named)
    return rows


def _places(
    name: str, values: NDArray[np.float64], before: list[str] | None = None
) -> list[tuple[str, NDArray[np.float64]]]:
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
    output: Output, title: str, names: list[str], rows: list[tuple[str, NDArray[np.float64]]]
) -> None:
    """Print a column per unit, as many side by side as fit."""
    fit = max(1, (output.console().width - WIDTH_OF_NAMES) // WIDTH_OF_NUMBERS)
    for start in range(0, len(names), fit):
        part = slice(start, start + fit)
        table = [(name, *map(number, values[part])) for name, values in rows]
        _print_table(output, title, ("", *names[part]), table)


def _print_units(
    output: Output, title: str, names: list[str], rows: list[tuple[str, NDArray[np.float64]]]
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


def explain_arguments(parser: argparse.ArgumentParser) -> None:
    add_network_arguments(parser)
    parser.add_argument(
        "address",
        metavar="ADDRESS",
        help=_("which number, such as hidden[2].z or output[1].w[3].grad"),
    )
    _add_input(parser)
    _add_target(parser)


def run_explain(arguments: argparse.Namespace, output: Output) -> int:
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
    _check_finite(explanation.address, np.asarray(explanation.value))
    if output.as_json:
        answer = explanation.as_json()
        if kind == "prediction":  # a class goes by its name in JSON
            answer["value"] = lab.experiment.classes[int(explanation.value) - 1]
        output.json(answer)
    else:
        _print_explanation(lab, explanation, output)
    return 0


def _bench(arguments: argparse.Namespace) -> Lab:
    from nnsim.lab import Lab

    subject = open_subject(arguments.experiment)
    experiment = subject.experiment
    x = _read_input(experiment, arguments.input)[0]
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


def _print_explanation(lab: Lab, explanation: Explanation, output: Output) -> None:
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
