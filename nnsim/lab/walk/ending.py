"""The two ends of the backward walk: the loss, and the update with the loss evaluated again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnsim.i18n import _
from nnsim.lab.explain.numbers import written
from nnsim.lab.explain.source import Array, Source
from nnsim.lab.view import Selection
from nnsim.lab.walk.loss import the_loss
from nnsim.lab.walk.parameters import Parameters
from nnsim.lab.walk.pieces import Labels, lines, say, unit_labels
from nnsim.lab.walk.route import Spot
from nnsim.lab.walk.step import Content, Highlight, Table


def the_loss_before(source: Source, spot: Spot) -> Content:
    """Where the way back starts: the derivative of the loss by itself is 1."""
    content = the_loss(source, spot)
    sentence = _("the way back starts at the loss, {loss}: how does each number change it?").format(
        loss=say(source.lab.sample_loss)
    )
    return replace(content, sentence=sentence)


def rate(source: Source) -> float:
    """η, the step size."""
    return float(source.lab.trainer.learning_rate)


def updated(source: Source) -> Array:
    """The parameters after one plain step against the gradient of this sample alone, flat."""
    network = source.network
    gradient = np.zeros_like(network.parameters)
    for name, block in network.blocks(gradient).items():
        layer, _dot, part = name.rpartition(".")
        if part == "bias" and not source.lab.experiment.training.train_biases:
            continue
        block[...] = source.lab.trace[layer].gradients[part]
    result: Array = network.parameters - rate(source) * gradient
    return result


def updates(
    source: Source, layer: int, unit: int | None, position: int | None, highlight: Highlight
) -> Content:
    """Before, gradient, step and after of a layer's parameters, of one unit's, or of one alone."""
    parameters = Parameters(source, layer)
    units = slice(None) if unit is None else slice(unit, unit + 1)
    places = slice(None) if position is None else slice(position, position + 1)
    before = parameters.values()[units, places]
    gradients = parameters.gradients()[units, places]
    steps = np.where(parameters.frozen()[places], 0.0, -rate(source) * gradients)
    parts = (before, gradients, steps, before + steps)
    values = np.column_stack([part.reshape(-1) for part in parts])
    each, first, start = before.shape[1], unit or 0, position or 0

    def name(row: int) -> str:
        return parameters.address(first + row // each, start + row % each)

    def address(row: int, column: int) -> str | None:
        return {0: name(row), 1: f"{name(row)}.grad"}.get(column)

    columns = ("", _("before"), "∂C/∂w", "−η·∂C/∂w", _("after"))
    table = Table(columns, Labels(len(values), name), values, address, None, len(values))
    also = tuple(name(row) for row in range(len(values))) if unit is not None else ()
    found = lines((_("after"), float(values[0, 3]), None)) if position is not None else ()
    return Content(
        "update_layer" if unit is None else "update", name(0),
        _update_sentence(source, parameters, position, name(0), values[0]), layer, highlight,
        table, found, (*also, "learning_rate"),
    )  # fmt: skip


def _update_sentence(
    source: Source, parameters: Parameters, position: int | None, name: str, row: Array
) -> str:
    before, gradient, _step, after = row
    if position is None:
        text = _("every weight takes a step against its gradient: w ← w − {rate}·∂C/∂w")
        return text.format(rate=say(rate(source)))
    if parameters.frozen()[position]:
        text = _("{address} stays {before}: the biases are frozen here")
        return text.format(address=name, before=say(before))
    return _("{address}: {before} − {rate}·{gradient} = {after}").format(
        address=name, before=written(before), rate=written(rate(source)),
        gradient=f"({written(gradient)})" if gradient < 0 else written(gradient),
        after=written(after),
    )  # fmt: skip


def the_loss_after(source: Source, _spot: Spot) -> Content:
    """The loss of this sample after the update; the bench keeps its parameters."""
    lab = source.lab
    before = lab.sample_loss
    output, after = _with_parameters(source, updated(source))
    outputs, targets = source.outputs(), source.targets()
    values = np.column_stack([[t.value for t in targets], [a.value for a in outputs], output])

    def address(row: int, column: int) -> str | None:
        return (targets[row].address, outputs[row].address, None)[column]

    labels = unit_labels(source, source.last)
    table = Table(
        ("k", "tₖ", _("aₖ before"), _("aₖ after")), labels, values, address, None, len(labels)
    )
    return Content(
        "after", "loss", _after_sentence(source, before, after),
        highlight=Highlight(units=frozenset(Selection(source.last, k) for k in range(len(labels)))),
        table=table, lines=lines((_("before"), before, "loss"), (_("after"), after, None)),
    )  # fmt: skip


def _with_parameters(source: Source, parameters: Array) -> tuple[Array, float]:
    """What the network would say of the sample with other parameters, and its loss."""
    network, trace = source.network, source.lab.trace
    kept = network.parameters.copy()
    try:
        network.parameters[:] = parameters
        with np.errstate(all="ignore"):
            after = float(network.losses(trace.input, trace.target)[0])
            return network.forward(trace.input)[0].reshape(-1), after
    finally:
        network.parameters[:] = kept


def _after_sentence(source: Source, before: float, after: float) -> str:
    text = (
        _("with these weights the loss of this sample falls from {before} to {after}")
        if after < before
        else _("with these weights the loss of this sample goes from {before} to {after}")
    )
    sentence = text.format(before=say(before), after=say(after))
    name = source.lab.trainer.optimizer.name
    if name != "sgd":
        sentence += " " + _(
            "(a plain step for this sample alone; training itself follows {optimizer})"
        ).format(optimizer=name)
    return sentence
