"""The steps of the forward walk."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnsim.i18n import _
from nnsim.lab.explain import explain, losses
from nnsim.lab.explain import forward as rules
from nnsim.lab.explain.arithmetic import Number
from nnsim.lab.explain.functions import exp
from nnsim.lab.explain.source import Index, Source, deep, size
from nnsim.lab.view import Selection
from nnsim.lab.walk.pieces import (
    Inputs,
    curve_of,
    label,
    lines,
    say,
    selected,
    unit_labels,
    values_table,
    whole,
    window_of,
    wires,
)
from nnsim.lab.walk.route import Spot
from nnsim.lab.walk.step import Content, Highlight, Table

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


# --- softmax -------------------------------------------------------------------------------------


def an_exp(source: Source, spot: Spot) -> Content:
    """E to the z of one unit of a softmax layer."""
    layer, index = spot.segment.layer, whole(source, spot.segment.layer, spot.unit)
    z = source.number("z", layer, index)
    sentence = _("softmax makes every score positive: e^{z} = {power}").format(
        z=say(z.value) if z.value >= 0 else f"({say(z.value)})", power=say(exp(z.value))
    )
    unit = frozenset({selected(layer, index, source)})
    table = _softmax_table(source, layer, spot.unit, done=False)
    return Content("exp", str(z.address), sentence, layer, Highlight(units=unit), table)


def a_share(source: Source, spot: Spot) -> Content:
    """One unit of a softmax layer: its share of the sum of all e^z."""
    layer, index = spot.segment.layer, whole(source, spot.segment.layer, spot.unit)
    z, a = source.number("z", layer, index), source.number("a", layer, index)
    total = sum(exp(float(score)) for score in source.field(layer, "z"))
    sentence = _("e^z = {power} is {share} of the sum {total}: a = {share}").format(
        power=say(exp(z.value)), total=say(total), share=say(a.value)
    )
    everything = frozenset(Selection(layer, k) for k in range(size(source.shape(layer))))
    return Content(
        "normalise", str(a.address), sentence, layer,
        Highlight(everything, frozenset({selected(layer, index, source)})),
        _softmax_table(source, layer, spot.unit, done=True),
        lines(("Σ e^z", total, None), ("a", a.value, a.address)),
        tuple(source.address("z", layer, i) for i in source.indices(layer)),
    )  # fmt: skip


def _softmax_table(source: Source, layer: int, current: int, *, done: bool) -> Table:
    z, a = source.field(layer, "z"), source.field(layer, "a")
    with np.errstate(over="ignore"):
        powers = np.exp(z)
    columns = ("k", "zₖ", "e^zₖ", "Σ")
    values = np.column_stack([z, powers, np.cumsum(powers)])
    if done:
        columns, values = ("k", "zₖ", "e^zₖ", "aₖ"), np.column_stack([z, powers, a])

    def address(row: int, column: int) -> str | None:
        kind = {0: "z", 2: "a" if done else ""}.get(column, "")
        return source.address(kind, layer, (row,)) if kind else None

    labels = unit_labels(source, layer)
    return Table(columns, labels, values, address, current, current + 1)


# --- layers without weights ----------------------------------------------------------------------


def a_pool(source: Source, spot: Spot) -> Content:
    """A window of a pool: one of its values, or what becomes of them."""
    layer = spot.segment.layer
    index = whole(source, layer, spot.unit)
    pixels = rules.window(source, layer, index)
    largest = source.layer(layer).kind == "max_pool2d"
    a = source.number("a", layer, index)
    inner = spot.inner if spot.segment.each > 1 else len(pixels)
    table = _window_table(pixels, inner, largest)
    around = wires(source, layer, index)
    if inner < len(pixels):
        sentence = _("the window looks at {x}").format(x=say(pixels[inner].value))
        kind, address = "look", str(pixels[inner].address)
        read = frozenset({sorted(around.sources, key=lambda s: s.unit)[inner]})
        around = Highlight(read, around.units)
    elif largest:
        won = pixels[rules.winner(source, layer, index)]
        sentence = _("the largest of the window goes on: a = {a}").format(a=say(a.value))
        kind, address = "winner", str(a.address)
        return Content(
            kind, address, sentence, layer, around, table, lines(("a", a.value, a.address)),
            (str(won.address),), window=window_of(source, layer, index),
        )  # fmt: skip
    else:
        sentence = _("the mean of the window goes on: a = {a}").format(a=say(a.value))
        kind, address = "mean", str(a.address)
    reached = int(inner == len(pixels))
    return Content(
        kind, address, sentence, layer, around, table,
        lines(("a", a.value, a.address), reached=reached), (str(a.address),) * reached,
        window=window_of(source, layer, index),
    )  # fmt: skip


def _window_table(pixels: list[Number], inner: int, largest: bool) -> Table:
    values = np.array([pixel.value for pixel in pixels])
    running = np.maximum.accumulate(values) if largest else np.cumsum(values)
    columns = ("i", "xᵢ", _("largest so far") if largest else "Σ")
    current = inner if inner < len(pixels) else None
    if current is None and largest:
        current = int(values.argmax())

    def address(row: int, column: int) -> str | None:
        return None if column else pixels[row].address

    labels = tuple(str(i + 1) for i in range(len(pixels)))
    known = min(len(pixels), inner + 1)
    return Table(columns, labels, np.column_stack([values, running]), address, current, known)


def a_norm(source: Source, spot: Spot) -> Content:
    """Batch norm of one value: normalised, then scaled and shifted."""
    layer = spot.segment.layer
    index = whole(source, layer, spot.unit)
    normal = rules.normal_value(source, layer, index)
    a = source.number("a", layer, index)
    both = spot.segment.each == 1 or spot.inner == 1
    gamma, beta = (source.number(kind, layer, index[-1:]) for kind in ("gamma", "beta"))
    sentence = (
        _("scaled by γ and shifted by β: a = {a}").format(a=say(a.value))
        if both
        else _("normalised: (x − mean)/√(variance + ε) = {value}").format(
            value=say(normal.evaluate())
        )
    )
    found = lines(
        ("x̂", normal.evaluate(), None), ("γ", gamma.value, gamma.address),
        ("β", beta.value, beta.address), ("a", a.value, a.address), reached=4 if both else 1,
    )  # fmt: skip
    numbers = [*normal.numbers(), gamma, beta]
    return Content(
        "shift" if both else "normal", str(a.address), sentence, layer,
        wires(source, layer, index), None, found,
        (source.address("z", layer, index), *(n.address for n in numbers if n.address)),
    )  # fmt: skip


def a_pass(source: Source, spot: Spot) -> Content:
    """A value that is passed on: by flatten, dropout, or through an activation layer."""
    layer = spot.segment.layer
    index = whole(source, layer, spot.unit)
    made = source.layer(layer)
    below = deep(spot.unit, source.shape(layer - 1))
    x, a = source.going_in(layer, below), source.number("a", layer, index)
    if made.kind == "activation":
        sentence = _("{function} of z = {z} is a = {a}").format(
            function=made.activation, z=say(x.value), a=say(a.value)
        )
        also = [source.address("z", layer, index), str(x.address)]
    else:
        sentence = _("passed on as it is: a = x = {a}").format(a=say(a.value))
        also = [str(x.address)]
    highlight = Highlight(
        frozenset({Selection(layer - 1, spot.unit)}), frozenset({Selection(layer, spot.unit)})
    )
    curve = curve_of(source, layer, index) if made.kind == "activation" else None
    return Content(
        "activation" if made.kind == "activation" else "pass", str(a.address), sentence, layer,
        highlight, None, lines(("x", x.value, x.address), ("a", a.value, a.address)), tuple(also),
        curve=curve,
    )  # fmt: skip


def the_prediction(source: Source, _spot: Spot) -> Content:
    """Which class the outputs say."""
    lab = source.lab
    position = lab.prediction
    assert position is not None
    classes = lab.experiment.classes
    sentence = _("the network reads: {name}").format(name=classes[position])
    outputs = source.outputs()
    unit = position if len(outputs) > 1 else 0
    return Content(
        "prediction", "prediction", sentence,
        highlight=Highlight(
            frozenset(Selection(source.last, k) for k in range(len(outputs))),
            frozenset({Selection(source.last, unit)}),
        ),
        table=values_table(source, source.last, "a"),
        lines=lines((_("prediction, counted from 1"), position + 1, "prediction")),
        addresses=tuple(str(output.address) for output in outputs),
    )  # fmt: skip


def the_loss(source: Source, spot: Spot) -> Content:
    """The loss, or one of the terms that it adds up."""
    terms = losses.loss_terms(source)
    explanation = explain(source.lab, "loss")
    last = spot.inner == spot.segment.each - 1
    table = _loss_table(source, None if last else spot.inner)
    if last:
        sentence = _("the loss of this sample is {loss}").format(loss=say(explanation.value))
        return Content(
            "loss", "loss", sentence, highlight=Highlight(layer=source.last), table=table,
            lines=lines((explanation.formula, explanation.value, "loss")),
            addresses=explanation.causes,
        )  # fmt: skip
    term = terms[spot.inner]
    causes = tuple(n.address for n in term.numbers() if n.address)
    sentence = _("term {i} of the loss: {text} = {value}").format(
        i=spot.inner + 1, text=term.write(lambda n: n.text or say(n.value)),
        value=say(term.evaluate()),
    )  # fmt: skip
    unit = frozenset({Selection(source.last, _loss_rows(source)[spot.inner])})
    return Content(
        "loss_term", causes[0], sentence, highlight=Highlight(unit, unit), table=table,
        lines=lines((explanation.formula, explanation.value, "loss"), reached=0), addresses=causes,
    )  # fmt: skip


def _loss_rows(source: Source) -> list[int]:
    """The outputs that the terms of the loss are about."""
    targets = source.targets()
    rows = list(range(len(targets)))
    if source.network.loss_name == "hinge":  # it has no term for the right class
        rows.remove(losses.right_class(targets))
    return rows


def _loss_table(source: Source, current: int | None) -> Table:
    """K, tₖ, aₖ and what each output adds to the loss (before a factor such as ½)."""
    outputs, targets = source.outputs(), source.targets()
    values = [term.evaluate() for term in losses.loss_terms(source)]
    rows = _loss_rows(source)
    table = np.array([[targets[k].value, outputs[k].value] for k in rows])
    columns = ("k", "tₖ", "aₖ", _("term"), "Σ")

    def address(row: int, column: int) -> str | None:
        return (targets, outputs)[column][rows[row]].address if column < 2 else None

    labels = tuple(label(source, source.last, deep(k, source.shape(source.last))) for k in rows)
    known = len(rows) if current is None else current + 1
    both = np.column_stack([table, values, np.cumsum(values)])
    return Table(columns, labels, both, address, current, known)


BUILDERS: dict[str, Builder] = {
    "input": the_input,
    "forward.layer": a_layer,
    "forward.unit": a_unit,
    "forward.z": a_unit,
    "forward.exp": an_exp,
    "forward.normalise": a_share,
    "forward.pool": a_pool,
    "forward.norm": a_norm,
    "forward.pass": a_pass,
    "prediction": the_prediction,
    "loss": the_loss,
}
