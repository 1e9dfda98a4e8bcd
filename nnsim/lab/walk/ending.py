"""The two ends of the backward walk: the loss, and the update with the loss evaluated again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnsim.i18n import _
from nnsim.lab.explain.source import Array, Source, deep
from nnsim.lab.view import Selection
from nnsim.lab.walk.loss import the_loss
from nnsim.lab.walk.pieces import label, lines, say
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
    source: Source, layer: int, addresses: list[str], highlight: Highlight, current: int | None
) -> Content:
    """Before, gradient, step and after of some parameters, or of one of them (`current`)."""
    shown = addresses if current is None else [addresses[current]]
    free = source.lab.experiment.training.train_biases
    frozen = np.array([not free and address.endswith(".b") for address in shown])
    before = np.array([source.lab.read(address) for address in shown])
    gradients = np.array([source.lab.read(f"{address}.grad") for address in shown])
    steps = np.where(frozen, 0.0, -rate(source) * gradients)
    values = np.column_stack([before, gradients, steps, before + steps])
    columns = ("", _("before"), "∂C/∂w", "−η·∂C/∂w", _("after"))

    def address(row: int, column: int) -> str | None:
        return {0: shown[row], 1: f"{shown[row]}.grad"}.get(column)

    if current is None:
        sentence = _("every weight takes a step against its gradient: w ← w − {rate}·∂C/∂w").format(
            rate=say(rate(source))
        )
    elif frozen[0]:
        sentence = _("{address} stays {before}: the biases are frozen here").format(
            address=shown[0], before=say(before[0])
        )
    else:
        sentence = _("{address}: {before} − {rate}·{gradient} = {after}").format(
            address=shown[0], before=say(before[0]), rate=say(rate(source)),
            gradient=_bracketed(gradients[0]), after=say(values[0, 3]),
        )  # fmt: skip
    table = Table(columns, tuple(shown), values, address, None, len(shown))
    return Content(
        "update" if highlight.layer is None else "update_layer", shown[0], sentence, layer,
        highlight, table, addresses=(*shown, "learning_rate"),
        lines=lines((_("after"), float(values[0, 3]), None)) if current is not None else (),
    )  # fmt: skip


def _bracketed(value: float) -> str:
    text = say(value)
    return f"({text})" if text.startswith("−") else text


def the_loss_after(source: Source, _spot: Spot) -> Content:
    """The loss of this sample after the update, computed on a copy of the network."""
    lab = source.lab
    before = lab.sample_loss
    copy = lab.experiment.build_network()
    copy.parameters[:] = updated(source)
    copy.running[:] = source.network.running
    with np.errstate(all="ignore"):
        after = float(copy.losses(lab.input[None], lab.trace.target)[0])
        output = copy.forward(lab.input[None])[0].reshape(-1)
    outputs, targets = source.outputs(), source.targets()
    values = np.column_stack([[t.value for t in targets], [a.value for a in outputs], output])

    def address(row: int, column: int) -> str | None:
        return (targets[row].address, outputs[row].address, None)[column]

    labels = tuple(
        label(source, source.last, deep(k, source.shape(source.last))) for k in range(len(outputs))
    )
    table = Table(
        ("k", "tₖ", _("aₖ before"), _("aₖ after")), labels, values, address, None, len(labels)
    )
    return Content(
        "after", "loss", _after_sentence(source, before, after),
        highlight=Highlight(units=frozenset(Selection(source.last, k) for k in range(len(labels)))),
        table=table, lines=lines((_("before"), before, "loss"), (_("after"), after, None)),
    )  # fmt: skip


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
