"""The steps of the forward walk: the input, layer after layer, the prediction, the loss."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nnsim.i18n import _
from nnsim.lab.addresses import Quantity
from nnsim.lab.explain import explain, losses
from nnsim.lab.explain.arithmetic import Number, exp
from nnsim.lab.explain.explanation import Source, named, size
from nnsim.lab.hiding import Selection
from nnsim.lab.kinds import kind_of
from nnsim.lab.walk.route import Spot
from nnsim.lab.walk.step import (
    Highlight,
    Step,
    Table,
    column,
    layer_column,
    lines,
    say,
    selected,
    table,
    unit_labels,
    values_table,
    whole,
)

Builder = Callable[[Source, Spot], Step]


def the_input(source: Source, _spot: Spot) -> Step:
    """What stands on the input, before anything is computed."""
    count = size(source.shape(-1))
    sentence = _("{count} numbers stand on the input; nothing is computed yet").format(count=count)
    table, first = values_table(source, -1, "x"), Quantity("input", position=(0,))
    return Step("input", first, sentence, highlight=Highlight(layer=-1), table=table)


def a_layer(source: Source, spot: Spot) -> Step:
    layer = spot.segment.layer
    sentence = kind_of(source, layer).sentence().format(
        layer=source.names.layers[layer].name, count=size(source.shape(layer)),
        function=source.layer(layer).activation,
    )  # fmt: skip
    return Step(
        "layer", named("a", layer, whole(source, layer, 0)), sentence, layer,
        Highlight(layer=layer), values_table(source, layer, "a"),
    )  # fmt: skip


def a_unit(source: Source, spot: Spot) -> Step:
    layer = spot.segment.layer
    index = whole(source, layer, spot.unit)
    return kind_of(source, layer).step(index, spot.inner, fine=spot.segment.each > 1)


def an_exp(source: Source, spot: Spot) -> Step:
    """E to the z of one unit of a softmax layer."""
    layer, index = spot.segment.layer, whole(source, spot.segment.layer, spot.unit)
    z = source.number("z", layer, index)
    sentence = _("softmax makes every score positive: e^{z} = {power}").format(
        z=say(z.value) if z.value >= 0 else f"({say(z.value)})", power=say(exp(z.value))
    )
    unit = frozenset({selected(layer, index, source)})
    table = _softmax_table(source, layer, spot.unit, done=False)
    return Step("exp", z.quantity, sentence, layer, Highlight(units=unit), table)


def a_share(source: Source, spot: Spot) -> Step:
    layer, index = spot.segment.layer, whole(source, spot.segment.layer, spot.unit)
    z, a = source.number("z", layer, index), source.number("a", layer, index)
    total = sum(exp(float(score)) for score in source.field(layer, "z"))
    sentence = _("e^z = {power} is {share} of the sum {total}: a = {share}").format(
        power=say(exp(z.value)), total=say(total), share=say(a.value)
    )
    everything = frozenset(Selection(layer, k) for k in range(size(source.shape(layer))))
    return Step(
        "normalise", a.quantity, sentence, layer,
        Highlight(everything, frozenset({selected(layer, index, source)})),
        _softmax_table(source, layer, spot.unit, done=True),
        lines(source, ("Σ e^z", Number(total)), ("a", a)),
        tuple(named("z", layer, i) for i in source.indices(layer)),
    )  # fmt: skip


def _softmax_table(source: Source, layer: int, current: int, *, done: bool) -> Table:
    with np.errstate(over="ignore"):
        powers = np.exp(source.field(layer, "z"))
    last = layer_column(source, layer, "a", "aₖ") if done else ("Σ", np.cumsum(powers), None)
    return table(
        source, "k", unit_labels(source, layer), layer_column(source, layer, "z", "zₖ"),
        ("e^zₖ", powers, None), last, current=current, known=current + 1,
    )  # fmt: skip


def the_prediction(source: Source, _spot: Spot) -> Step:
    lab = source.lab
    position = lab.prediction
    assert position is not None
    sentence = _("the network reads: {name}").format(name=lab.experiment.classes[position])
    outputs, said = source.outputs(), Quantity("prediction")
    return Step(
        "prediction", said, sentence,
        highlight=Highlight(
            frozenset(Selection(source.last, k) for k in range(len(outputs))),
            frozenset({Selection(source.last, position if len(outputs) > 1 else 0)}),
        ),
        table=values_table(source, source.last, "a"),
        lines=lines(source, (_("prediction, counted from 1"), Number(position + 1, said))),
        also=tuple(output.quantity for output in outputs),
    )  # fmt: skip


def the_loss(source: Source, spot: Spot) -> Step:
    """The loss, or one of the terms that it adds up."""
    found, loss = explain(source.lab, Quantity("loss")), Quantity("loss")
    result = (found.formula, found.number)
    last = spot.inner == spot.segment.each - 1
    table = _loss_table(source, None if last else spot.inner)
    if last:
        sentence = _("the loss of this sample is {loss}").format(loss=say(found.value))
        return Step(
            "loss", loss, sentence, highlight=Highlight(layer=source.last), table=table,
            lines=lines(source, result), also=found.rests_on,
        )  # fmt: skip
    term = losses.loss_terms(source)[spot.inner]
    causes = tuple(n.quantity for n in term.numbers() if n.quantity)
    sentence = _("term {i} of the loss: {text} = {value}").format(
        i=spot.inner + 1, text=term.write(lambda n: n.text or say(n.value)),
        value=say(term.evaluate()),
    )  # fmt: skip
    unit = frozenset({Selection(source.last, _loss_rows(source)[spot.inner])})
    return Step(
        "loss_term", causes[0], sentence, highlight=Highlight(unit, unit), table=table,
        lines=lines(source, result, reached=0), also=causes,
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
    outputs, targets, rows = source.outputs(), source.targets(), _loss_rows(source)
    terms = [term.evaluate() for term in losses.loss_terms(source)]
    return table(
        source, "k", [unit_labels(source, source.last)[k] for k in rows],
        column("tₖ", [targets[k] for k in rows]), column("aₖ", [outputs[k] for k in rows]),
        (_("term"), terms, None), ("Σ", np.cumsum(terms), None),
        current=current, known=None if current is None else current + 1,
    )  # fmt: skip


BUILDERS: dict[str, Builder] = {
    "input": the_input,
    "forward.layer": a_layer,
    "forward.unit": a_unit,
    "forward.exp": an_exp,
    "forward.normalise": a_share,
    "prediction": the_prediction,
    "loss": the_loss,
}
