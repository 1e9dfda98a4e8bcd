"""The steps of the backward walk: loss, δ, gradients, layer by layer; then the update."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnsim.circuit.gates import ROUTE
from nnsim.i18n import _
from nnsim.lab.explain import Explanation, explain, losses
from nnsim.lab.explain import backward as rules
from nnsim.lab.explain.arithmetic import Sum, written
from nnsim.lab.explain.source import Array, Index, Source, size
from nnsim.lab.view import Selection
from nnsim.lab.walk.forward import Builder, the_loss
from nnsim.lab.walk.pieces import (
    MOST_WIRES,
    Inputs,
    Labels,
    Parameters,
    bracketed,
    curve_of,
    lines,
    products_table,
    say,
    selected,
    unit_labels,
    whole,
)
from nnsim.lab.walk.route import Spot
from nnsim.lab.walk.step import Content, Highlight, Line, Table

# --- δ -----------------------------------------------------------------------------------------


def deltas_of_layer(source: Source, spot: Spot) -> Content:
    """All δ of a layer."""
    layer = spot.segment.layer
    names = source.names.layers[layer]
    first = tuple(0 for _axis in source.shape(layer))
    found = explain(source.lab, source.address("delta", layer, first))
    sentence = _("δ of {layer}: for each of its {count} values, {formula}").format(
        layer=names.name, count=size(source.shape(layer)), formula=found.formula
    )
    activation = source.layer(layer).activation
    fused = layer == source.last and losses.fused(source)
    kinds = ["a", "slope", "delta"]
    if not names.has_z or fused or activation in ("identity", "softmax"):
        kinds.remove("slope")
    columns = tuple({"a": "a", "slope": "f′(z)", "delta": "δ"}[kind] for kind in kinds)
    values = np.column_stack([source.field(layer, kind).reshape(-1) for kind in kinds])

    def address(row: int, column: int) -> str | None:
        return source.address(kinds[column], layer, whole(source, layer, row))

    labels = unit_labels(source, layer)
    table = Table(("i", *columns), labels, values, address, None, len(labels))
    return Content(
        "delta_layer", found.address, sentence, layer, Highlight(layer=layer), table,
        roles=found.roles,
    )  # fmt: skip


def delta_of_unit(source: Source, spot: Spot) -> Content:
    """δ of one unit: at once, or one of the terms that come back, or the local slope."""
    layer = spot.segment.layer
    index = whole(source, layer, spot.unit)
    found = explain(source.lab, source.address("delta", layer, index))
    each, inner = spot.segment.each, spot.inner
    if each == 1:
        return _delta(source, layer, index, found, _delta_sentence(source, layer, index, found))
    assert found.upstream is not None
    if inner == each - 1:
        return _times_local(source, layer, index, found, each)
    dense = layer < source.last and source.layer(layer + 1).kind == "dense"
    if not dense or not isinstance(found.upstream, Sum):
        return _came_back(source, layer, index, found)
    return _term_back(source, layer, index, found, found.upstream, inner)


def _delta_sentence(source: Source, layer: int, index: Index, found: Explanation) -> str:
    unit = source.unit_name(layer, index)
    if found.upstream is None or found.local is None or found.roles == ("scale",):
        return _("δ of {unit}: {worked}").format(unit=unit, worked=found.worked)
    if source.layer(layer).activation == "identity":
        return _("δ of {unit} is what comes back: {value}").format(
            unit=unit, value=say(found.value)
        )
    return _("δ of {unit}: what comes back, {up}, times the slope {slope} is {value}").format(
        unit=unit, up=say(found.upstream.evaluate()), slope=say(found.local.evaluate()),
        value=say(found.value),
    )  # fmt: skip


def _delta(source: Source, layer: int, index: Index, found: Explanation, sentence: str) -> Content:
    return Content(
        "delta", found.address, sentence, layer, _back_wires(source, layer, index),
        _upstream_table(found, None), _delta_lines(source, layer, index, found, 3), found.causes,
        found.roles, curve_of(source, layer, index), gate=found.gate,
    )  # fmt: skip


def _delta_lines(
    source: Source, layer: int, index: Index, found: Explanation, reached: int
) -> tuple[Line, ...]:
    """What comes back, the local slope, and their product."""
    delta = ("δ", found.value, found.address)
    if found.upstream is None or found.local is None:
        return lines(delta, reached=int(reached == 3))
    if layer == source.last and losses.fused(source):
        a, t = source.number("a", layer, index), source.targets()[index[0]]
        return lines(("a", a.value, a.address), ("t", t.value, t.address), delta)
    up = (_("comes back"), found.upstream.evaluate(), None)
    activation = source.layer(layer).activation
    if activation == "identity":
        return lines(up, delta, reached=min(reached, 2))
    symbol, kind = ("a", "a") if activation == "softmax" else ("f′(z)", "slope")
    local = (symbol, found.local.evaluate(), source.address(kind, layer, index))
    return lines(up, local, delta, reached=reached)


def _upstream_table(
    found: Explanation, current: int | None, known: int | None = None
) -> Table | None:
    if found.upstream is None:
        return None
    count = len(found.upstream.terms) if isinstance(found.upstream, Sum) else 1
    first = next(found.upstream.numbers(), None)
    address = "" if first is None else first.address or ""
    columns = ("k", "wₖ", "δₖ", "wₖ·δₖ", "Σ")
    if not address:  # behind a max pool
        columns = ("k", _("won"), "δₖ", _("won·δₖ"), "Σ")
    elif ".delta" in address:  # behind batch norm
        columns = ("k", "δₖ", _("slope"), _("slope·δₖ"), "Σ")
    return products_table(found.upstream, columns, current, count if known is None else known)


def _term_back(
    source: Source, layer: int, index: Index, found: Explanation, upstream: Sum, k: int
) -> Content:
    """One w·δ that comes back from a dense layer."""
    term = upstream.terms[k]
    w, back = (number for number in term.numbers())
    sentence = _("from {unit} comes {w}·{delta} = {value}: multiply swaps").format(
        unit=source.unit_name(layer + 1, (k,)), w=say(w.value), delta=bracketed(back.value),
        value=say(term.evaluate()),
    )  # fmt: skip
    unit = selected(layer, index, source)
    highlight = Highlight(
        frozenset({Selection(layer + 1, k)}),
        frozenset({unit}),
        frozenset({Selection(layer + 1, k, unit.unit)}),
    )
    return Content(
        "upstream", str(w.address), sentence, layer, highlight,
        _upstream_table(found, k, k + 1), _delta_lines(source, layer, index, found, 0),
        (str(back.address),), found.roles[:1],
    )  # fmt: skip


def _came_back(source: Source, layer: int, index: Index, found: Explanation) -> Content:
    assert found.upstream is not None
    sentence = _("∂C/∂a of {unit}, what comes back: {text} = {value}").format(
        unit=source.unit_name(layer, index),
        text=found.upstream.write(lambda n: n.text or say(n.value)),
        value=say(found.upstream.evaluate()),
    )
    also = tuple(dict.fromkeys(n.address for n in found.upstream.numbers() if n.address))
    roles = found.roles[:-1] or found.roles
    return Content(
        "upstream", found.address, sentence, layer, _back_wires(source, layer, index),
        _upstream_table(found, None), _delta_lines(source, layer, index, found, 1), also, roles,
    )  # fmt: skip


def _times_local(
    source: Source, layer: int, index: Index, found: Explanation, each: int
) -> Content:
    if found.local is None or source.layer(layer).activation == "identity" or each == 1:
        return _delta(source, layer, index, found, _delta_sentence(source, layer, index, found))
    assert found.upstream is not None
    local, up = found.local.evaluate(), found.upstream.evaluate()
    values = {"up": say(up), "slope": say(local), "value": say(found.value)}
    if found.role == ROUTE:
        text = (
            _("z > 0, so {up} passes: δ = {value}")
            if local
            else _("z ≤ 0, so nothing passes: δ = 0")
        )
    else:
        text = _("{up} times the slope f′(z) = {slope} is δ = {value}")
    return Content(
        "local", found.address, text.format(**values), layer,
        Highlight(units=frozenset({selected(layer, index, source)})), _upstream_table(found, None),
        _delta_lines(source, layer, index, found, 3),
        (source.address("slope", layer, index),), found.roles[-1:], curve_of(source, layer, index),
        gate=found.gate,
    )  # fmt: skip


def _back_wires(source: Source, layer: int, index: Index) -> Highlight:
    """The unit and where its gradient comes from."""
    unit = selected(layer, index, source)
    alone = Highlight(units=frozenset({unit}))
    if layer == source.last:
        return alone
    above = size(source.shape(layer + 1))
    if source.layer(layer + 1).kind == "dense" and above <= MOST_WIRES:
        return Highlight(
            frozenset(Selection(layer + 1, k) for k in range(above)),
            frozenset({unit}),
            frozenset(Selection(layer + 1, k, unit.unit) for k in range(above)),
        )
    up, _formula, _roles = rules.coming_back(source, layer, index)
    read = frozenset(
        _selection_of(source, number.address)
        for number in up.numbers()
        if number.address and ".delta" in number.address
    )
    return Highlight(read, frozenset({unit}))


def _selection_of(source: Source, address: str) -> Selection:
    quantity = source.names.resolve(address)
    return selected(quantity.layer, (*quantity.position, quantity.unit), source)


# --- gradients of parameters ---------------------------------------------------------------------


def gradients_of_layer(source: Source, spot: Spot) -> Content:
    """All gradients of a layer's parameters."""
    layer = spot.segment.layer
    name = source.names.layers[layer].name
    kind = source.layer(layer).kind
    first = {
        "dense": ("w.grad", (0, 0)), "conv2d": ("w.grad", (0, 0, 0, 0)),
    }.get(kind, ("gamma.grad", (0,)))  # fmt: skip
    found = explain(source.lab, source.address(first[0], layer, first[1]))
    sentence = _("the gradients of {layer}: {formula} for each weight, ∂C/∂b = δ for each bias")
    if kind == "conv2d":
        sentence = _("the gradients of {layer}: {formula}, and ∂C/∂b = Σ δ for each filter")
    if kind == "batch_norm":
        sentence = _("the gradients of {layer}: {formula}, and ∂C/∂β = Σ δ")
    parameters = Parameters(source, layer)
    values = np.column_stack([parameters.values().reshape(-1), parameters.gradients().reshape(-1)])

    def row_name(row: int) -> str:
        return parameters.address(*divmod(row, parameters.each))

    def address(row: int, column: int) -> str | None:
        return row_name(row) + (".grad" if column else "")

    labels = Labels(len(values), row_name)
    table = Table(("", "w", "∂C/∂w"), labels, values, address, None, len(values))
    return Content(
        "gradient_layer", found.address, sentence.format(layer=name, formula=found.formula), layer,
        Highlight(layer=layer), table, roles=found.roles,
    )  # fmt: skip


def gradients_of_unit(source: Source, spot: Spot) -> Content:
    """The gradients of all parameters of one unit, filter or channel."""
    layer, unit = spot.segment.layer, spot.unit
    parameters = Parameters(source, layer)
    addresses, values = parameters.addresses(unit), parameters.gradients()[unit][:, None]
    name = source.unit_name(layer, (unit,))
    labels = tuple(address.partition(".")[2] for address in addresses)
    columns: tuple[str, ...] = ("", _("gradient"))
    sentence = _("the gradients of {unit}: each weight gets δ times its input, the bias gets δ")
    dense = source.layer(layer).kind == "dense"
    if dense:
        index = (unit,)
        inputs, back = Inputs(source, layer, index), source.number("delta", layer, index).value
        x = np.append(inputs.x, 1.0)
        values = np.column_stack([np.full(len(x), back), x, values[:, 0]])
        columns = ("", "δ", "xᵢ", "∂C/∂w")
    else:
        sentence = _("the gradients of {unit}, each summed over the places of the image")

    def address(row: int, column: int) -> str | None:
        if column == values.shape[1] - 1:
            return f"{addresses[row]}.grad"
        if column == 0:
            return source.address("delta", layer, (unit,))
        return inputs.address(row, 0) if row < inputs.x.size else None

    return Content(
        "gradient", f"{addresses[0]}.grad", sentence.format(unit=name), layer,
        _parameter_wires(source, layer, unit),
        Table(columns, labels, values, address, None, len(labels)),
        addresses=tuple(f"{address}.grad" for address in addresses),
        roles=explain(source.lab, f"{addresses[0]}.grad").roles,
    )  # fmt: skip


def one_gradient(source: Source, spot: Spot) -> Content:
    """The gradient of one parameter."""
    layer, unit = spot.segment.layer, spot.unit
    parameter = Parameters(source, layer).address(unit, spot.inner)
    found = explain(source.lab, f"{parameter}.grad")
    sentence = found.formula + found.worked.removeprefix(found.symbol)
    columns = ("", "δ", "x", "δ·x", "Σ")
    table = products_table(found.arithmetic, columns, None, len(found.terms))
    return Content(
        "gradient", found.address, sentence, layer, _one_wire(source, layer, unit, spot.inner),
        table, lines((found.symbol, found.value, found.address)), found.causes, found.roles,
    )  # fmt: skip


def _one_wire(source: Source, layer: int, unit: int, position: int) -> Highlight:
    own = frozenset({Selection(layer, unit)})
    if source.layer(layer).kind != "dense":
        return _channel(source, layer, unit)
    if position >= size(source.shape(layer - 1)):
        return Highlight(units=own)
    wire = frozenset({Selection(layer, unit, position)})
    return Highlight(frozenset({Selection(layer - 1, position)}), own, wire)


def _parameter_wires(source: Source, layer: int, unit: int) -> Highlight:
    if source.layer(layer).kind != "dense":
        return _channel(source, layer, unit)
    count = size(source.shape(layer - 1))
    return Highlight(
        frozenset(Selection(layer - 1, i) for i in range(count)),
        frozenset({Selection(layer, unit)}),
        frozenset(Selection(layer, unit, i) for i in range(count)),
    )


def _channel(source: Source, layer: int, unit: int) -> Highlight:
    """All places of one filter or channel."""
    *image, channels = source.shape(layer)
    places = range(unit, size((*image, channels)), channels)
    return Highlight(units=frozenset(Selection(layer, place) for place in places))


def an_update(source: Source, spot: Spot) -> Content:
    """Give the step w ← w − η·∂C/∂w of one parameter, of one unit, or of a layer."""
    layer, kind = spot.segment.layer, spot.segment.kind
    if kind == "update.layer":
        return updates(source, layer, None, None, Highlight(layer=layer))
    if kind == "update.unit":
        return updates(source, layer, spot.unit, None, _parameter_wires(source, layer, spot.unit))
    wire = _one_wire(source, layer, spot.unit, spot.inner)
    return updates(source, layer, spot.unit, spot.inner, wire)


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


BUILDERS: dict[str, Builder] = {
    "loss": the_loss_before,
    "delta.layer": deltas_of_layer,
    "delta.unit": delta_of_unit,
    "gradient.layer": gradients_of_layer,
    "gradient.unit": gradients_of_unit,
    "gradient.each": one_gradient,
    "update.layer": an_update,
    "update.unit": an_update,
    "update.each": an_update,
    "after": the_loss_after,
}
