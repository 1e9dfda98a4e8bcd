"""The steps of the forward walk."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnsim.i18n import _
from nnsim.lab.explain.source import Index, Source, size
from nnsim.lab.view import Selection
from nnsim.lab.walk import loss, unweighted
from nnsim.lab.walk.pieces import (
    Inputs,
    curve_of,
    lines,
    say,
    selected,
    values_table,
    whole,
    window_of,
    wires,
)
from nnsim.lab.walk.route import Spot
from nnsim.lab.walk.step import Content, Highlight

Builder = Callable[[Source, Spot], Content]


def the_input(source: Source, _spot: Spot) -> Content:
    """What stands on the input, before anything is computed."""
    count = size(source.shape(-1))
    sentence = _("{count} numbers stand on the input; nothing is computed yet").format(count=count)
    table = values_table(source, -1, "x")
    return Content("input", "input[1]", sentence, highlight=Highlight(layer=-1), table=table)


def a_layer(source: Source, spot: Spot) -> Content:
    """A layer at once."""
    layer = spot.segment.layer
    made, names = source.layer(layer), source.names.layers[layer]
    sentence = _LAYER[made.kind]().format(
        layer=names.name,
        count=size(source.shape(layer)),
        function=made.activation,
    )
    first = source.address("a", layer, tuple(0 for _axis in source.shape(layer)))
    return Content(
        "layer", first, sentence, layer, Highlight(layer=layer), values_table(source, layer, "a")
    )


_LAYER: dict[str, Callable[[], str]] = {
    "dense": lambda: _(
        "{layer}: each of the {count} units adds up its weighted inputs and its bias to z; "
        "{function} makes a of it"
    ),
    "conv2d": lambda: _(
        "{layer}: each filter slides over the image and gives a weighted sum z at every place, "
        "{count} in all; {function} makes a of it"
    ),
    "max_pool2d": lambda: _("{layer}: the largest value of each window goes on, {count} in all"),
    "average_pool2d": lambda: _("{layer}: the mean of each window goes on, {count} in all"),
    "flatten": lambda: _("{layer}: the image is laid out as one row of {count} numbers"),
    "dropout": lambda: _("{layer}: in use, all {count} values pass; only training drops some"),
    "batch_norm": lambda: _("{layer}: {count} values are centred, scaled and shifted"),
    "activation": lambda: _("{layer}: {function} makes a of each of the {count} values"),
}


def a_unit(source: Source, spot: Spot) -> Content:
    """A unit with weights: at once, or one of its terms, its bias, its activation."""
    layer = spot.segment.layer
    index = whole(source, layer, spot.unit)
    inputs = Inputs(source, layer, index)
    count = inputs.w.size
    if spot.segment.each == 1:
        return _unit_at_once(source, layer, index, inputs)
    if spot.inner < count:
        return _term(source, layer, index, inputs, spot.inner)
    if spot.inner == count:
        return _bias(source, layer, index, inputs)
    return _activation(source, layer, index, inputs)


def _results(
    source: Source, layer: int, index: Index, inputs: Inputs, reached: int
) -> dict[str, object]:
    total = float(np.dot(inputs.w, inputs.x))
    bias, z, a = (
        source.number("b", layer, index[-1:]),
        source.number("z", layer, index),
        source.number("a", layer, index),
    )
    found = lines(
        ("Σ wᵢ·xᵢ", total, None),
        ("+ b", bias.value, bias.address),
        ("z", z.value, z.address),
        ("a", a.value, a.address),
        reached=reached,
    )
    return {"lines": found, "window": window_of(source, layer, index), "layer": layer}


def _unit_at_once(source: Source, layer: int, index: Index, inputs: Inputs) -> Content:
    made = source.layer(layer)
    z, a = source.number("z", layer, index), source.number("a", layer, index)
    softmax = made.activation == "softmax"
    text = (
        _("{unit} adds up {count} products and its bias: z = {z}")
        if softmax
        else _("{unit} adds up {count} products and its bias: z = {z}; it is muted, so a = 0")
        if source.is_muted(layer, index)
        else _("{unit} adds up {count} products and its bias: z = {z}; {function} gives a = {a}")
    )
    sentence = text.format(
        unit=source.unit_name(layer, index), count=inputs.w.size, z=say(z.value), a=say(a.value),
        function=made.activation,
    )  # fmt: skip
    return Content(
        "z" if softmax else "unit",
        str(z.address if softmax else a.address),
        sentence,
        highlight=wires(source, layer, index),
        table=inputs.table(None, inputs.w.size),
        addresses=(str(z.address), source.address("b", layer, index[-1:])),
        curve=curve_of(source, layer, index),
        **_results(source, layer, index, inputs, 3 if softmax else 4),  # type: ignore[arg-type]
    )


def _term(source: Source, layer: int, index: Index, inputs: Inputs, i: int) -> Content:
    x, w = float(inputs.x[i]), float(inputs.w[i])
    below = inputs.below(i)
    sentence = _("term {i} of {count}: weight {w} times input {x} is {product}; Σ = {sum}").format(
        i=i + 1, count=inputs.w.size, w=say(w), x=say(x), product=say(w * x),
        sum=say(float(np.dot(inputs.w[: i + 1], inputs.x[: i + 1]))),
    )  # fmt: skip
    unit = selected(layer, index, source)
    dense = len(inputs.kernel) == 1
    wire = frozenset({Selection(layer, unit.unit, i)}) if dense else frozenset()
    read = frozenset() if below is None else frozenset({selected(layer - 1, below, source)})
    from_below = inputs.address(i, 0)
    return Content(
        "term",
        str(inputs.address(i, 1)),
        sentence,
        highlight=Highlight(read, frozenset({unit}), wire),
        table=inputs.table(i, i + 1),
        addresses=(from_below,) if from_below else (),
        **_results(source, layer, index, inputs, 0),  # type: ignore[arg-type]
    )


def _bias(source: Source, layer: int, index: Index, inputs: Inputs) -> Content:
    bias, z = source.number("b", layer, index[-1:]), source.number("z", layer, index)
    sentence = _("the bias {b} is added to the sum: z = {z}").format(
        b=say(bias.value), z=say(z.value)
    )
    return Content(
        "bias",
        str(bias.address),
        sentence,
        highlight=Highlight(units=frozenset({selected(layer, index, source)})),
        table=inputs.table(None, inputs.w.size),
        addresses=(str(z.address),),
        **_results(source, layer, index, inputs, 3),  # type: ignore[arg-type]
    )


def _activation(source: Source, layer: int, index: Index, inputs: Inputs) -> Content:
    z, a = source.number("z", layer, index), source.number("a", layer, index)
    muted = source.is_muted(layer, index)
    text = _("the unit is muted: a = 0") if muted else _("{function} of z = {z} is a = {a}")
    sentence = text.format(function=source.layer(layer).activation, z=say(z.value), a=say(a.value))
    return Content(
        "activation",
        str(a.address),
        sentence,
        highlight=Highlight(units=frozenset({selected(layer, index, source)})),
        table=inputs.table(None, inputs.w.size),
        addresses=(str(z.address),),
        curve=curve_of(source, layer, index),
        **_results(source, layer, index, inputs, 4),  # type: ignore[arg-type]
    )


BUILDERS: dict[str, Builder] = {
    "input": the_input,
    "forward.layer": a_layer,
    "forward.unit": a_unit,
    "forward.z": a_unit,
    "forward.exp": unweighted.an_exp,
    "forward.normalise": unweighted.a_share,
    "forward.pool": unweighted.a_pool,
    "forward.norm": unweighted.a_norm,
    "forward.pass": unweighted.a_pass,
    "prediction": loss.the_prediction,
    "loss": loss.the_loss,
}
