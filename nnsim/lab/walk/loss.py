"""The steps about the prediction and the loss."""

from __future__ import annotations

import numpy as np

from nnsim.i18n import _
from nnsim.lab.explain import explain, losses
from nnsim.lab.explain.source import Source, deep
from nnsim.lab.view import Selection
from nnsim.lab.walk.pieces import label, lines, say, values_table
from nnsim.lab.walk.route import Spot
from nnsim.lab.walk.step import Content, Highlight, Table


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
