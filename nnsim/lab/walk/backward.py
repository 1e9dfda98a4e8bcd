"""The steps of the backward walk: loss, δ, gradients, layer by layer; then the update."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnsim.circuit.gates import ROUTE
from nnsim.i18n import _
from nnsim.lab.addresses import Quantity
from nnsim.lab.explain import explain, losses
from nnsim.lab.explain.arithmetic import Number, Sum, written
from nnsim.lab.explain.explanation import Array, Index, Source, named, size
from nnsim.lab.hiding import Selection
from nnsim.lab.kinds import kind_of
from nnsim.lab.walk.forward import Builder, the_loss
from nnsim.lab.walk.route import Spot
from nnsim.lab.walk.step import (
    Highlight,
    Labels,
    Line,
    Step,
    Table,
    bracketed,
    column,
    curve_of,
    layer_column,
    lines,
    products_table,
    say,
    selected,
    table,
    unit_labels,
    whole,
)

MOST_WIRES = 4096


# --- δ -----------------------------------------------------------------------------------------
def deltas_of_layer(source: Source, spot: Spot) -> Step:
    layer = spot.segment.layer
    names, activation = source.names.layers[layer], source.layer(layer).activation
    found = explain(source.lab, named("delta", layer, whole(source, layer, 0)))
    sentence = _("δ of {layer}: for each of its {count} values, {formula}").format(
        layer=names.name, count=size(source.shape(layer)), formula=found.formula
    )
    fused = layer == source.last and losses.fused(source)
    kinds = {"a": "a", "slope": "f′(z)", "delta": "δ"}
    if not names.has_z or fused or activation in ("identity", "softmax"):
        del kinds["slope"]
    columns = (layer_column(source, layer, kind, name) for kind, name in kinds.items())
    return Step(
        "delta_layer", found.quantity, sentence, layer, Highlight(layer=layer),
        table(source, "i", unit_labels(source, layer), *columns),
        roles=found.roles,
    )  # fmt: skip


def delta_of_unit(source: Source, spot: Spot) -> Step:
    """δ of one unit: at once, or one of the terms that come back, or the local slope."""
    layer, each = spot.segment.layer, spot.segment.each
    delta = _Delta(source, layer, whole(source, layer, spot.unit))
    up = delta.found.upstream
    if each == 1 or up is None:  # nothing comes back to a muted unit
        return delta.at_once()
    if spot.inner == each - 1:
        return delta.times_local()
    if layer < source.last and kind_of(source, layer + 1).back_by_terms and isinstance(up, Sum):
        return delta.term(up, spot.inner)
    return delta.came_back()


class _Delta:
    """The steps about δ of one unit."""

    def __init__(self, source: Source, layer: int, index: Index) -> None:
        self.source, self.layer, self.index = source, layer, index
        self.found = explain(source.lab, named("delta", layer, index))
        self.name = source.unit_name(layer, index)
        self.unit = selected(layer, index, source)
        self.activation = source.layer(layer).activation

    def at_once(self) -> Step:
        found = self.found
        return Step(
            "delta", found.quantity, self._sentence(), self.layer, self._wires(),
            self._table(), self._lines(3), found.rests_on, found.roles,
            curve_of(self.source, self.layer, self.index), gate=found.gate,
        )  # fmt: skip

    def _sentence(self) -> str:
        found = self.found
        if found.upstream is None or found.local is None or found.roles == ("scale",):
            return _("δ of {unit}: {worked}").format(unit=self.name, worked=found.worked)
        if self.activation == "identity":
            return _("δ of {unit} is what comes back: {value}").format(
                unit=self.name, value=say(found.value)
            )
        return _("δ of {unit}: what comes back, {up}, times the slope {slope} is {value}").format(
            unit=self.name, up=say(found.upstream.evaluate()), slope=say(found.local.evaluate()),
            value=say(found.value),
        )  # fmt: skip

    def term(self, up: Sum, k: int) -> Step:
        """One w·δ that comes back from the units of the next layer."""
        w, back = up.terms[k].numbers()
        sentence = _("from {unit} comes {w}·{delta} = {value}: multiply swaps").format(
            unit=self.source.unit_name(self.layer + 1, (k,)), w=say(w.value),
            delta=bracketed(back.value), value=say(up.terms[k].evaluate()),
        )  # fmt: skip
        highlight = Highlight(
            frozenset({Selection(self.layer + 1, k)}),
            frozenset({self.unit}),
            frozenset({Selection(self.layer + 1, k, self.unit.unit)}),
        )
        return Step(
            "upstream", w.quantity, sentence, self.layer, highlight, self._table(k),
            self._lines(0), (back.quantity,), self.found.roles[:1],
        )  # fmt: skip

    def came_back(self) -> Step:
        """All that comes back, before the local slope."""
        up, roles = self.found.upstream, self.found.roles
        assert up is not None
        sentence = _("∂C/∂a of {unit}, what comes back: {text} = {value}").format(
            unit=self.name, text=up.write(lambda n: n.text or say(n.value)),
            value=say(up.evaluate()),
        )  # fmt: skip
        return Step(
            "upstream", self.found.quantity, sentence, self.layer, self._wires(), self._table(),
            self._lines(1), tuple(n.quantity for n in up.numbers()), roles[:-1] or roles,
        )  # fmt: skip

    def times_local(self) -> Step:
        found = self.found
        if found.local is None or self.activation == "identity":
            return self.at_once()
        assert found.upstream is not None
        local, up = found.local.evaluate(), found.upstream.evaluate()
        text = _("{up} times the slope f′(z) = {slope} is δ = {value}")
        if found.role == ROUTE:
            text = (
                _("z > 0, so {up} passes: δ = {value}")
                if local
                else _("z ≤ 0, so nothing passes: δ = 0")
            )
        return Step(
            "local", found.quantity,
            text.format(up=say(up), slope=say(local), value=say(found.value)), self.layer,
            Highlight(units=frozenset({self.unit})), self._table(), self._lines(3),
            (named("slope", self.layer, self.index),), found.roles[-1:],
            curve_of(self.source, self.layer, self.index), gate=found.gate,
        )  # fmt: skip

    def _lines(self, reached: int) -> tuple[Line, ...]:
        """What comes back, the local slope, and their product."""
        source, found = self.source, self.found
        delta = ("δ", found.number)
        if found.upstream is None or found.local is None:
            return lines(source, delta, reached=int(reached == 3))
        if self.layer == source.last and losses.fused(source):
            a, t = source.number("a", self.layer, self.index), source.targets()[self.index[0]]
            return lines(source, ("a", a), ("t", t), delta)
        up = (_("comes back"), Number(found.upstream.evaluate()))
        if self.activation == "identity":
            return lines(source, up, delta, reached=min(reached, 2))
        symbol, kind = ("a", "a") if self.activation == "softmax" else ("f′(z)", "slope")
        local = Number(found.local.evaluate(), named(kind, self.layer, self.index))
        return lines(source, up, (symbol, local), delta, reached=reached)

    def _table(self, current: int | None = None) -> Table | None:
        up = self.found.upstream
        if up is None:
            return None
        first = next(up.numbers(), None)
        columns = ("k", "wₖ", "δₖ", "wₖ·δₖ", "Σ")
        if first is None or first.quantity is None:  # behind a max pool
            columns = ("k", _("won"), "δₖ", _("won·δₖ"), "Σ")
        elif first.quantity.kind == "delta":  # behind batch norm
            columns = ("k", "δₖ", _("slope"), _("slope·δₖ"), "Σ")
        count = len(up.terms) if isinstance(up, Sum) else 1
        known = count if current is None else current + 1
        return products_table(self.source, up, columns, current, known)

    def _wires(self) -> Highlight:
        source, above = self.source, self.layer + 1
        own = frozenset({self.unit})
        if self.layer == source.last:
            return Highlight(units=own)
        count = size(source.shape(above))
        if kind_of(source, above).back_by_terms and count <= MOST_WIRES:
            return Highlight(
                frozenset(Selection(above, k) for k in range(count)),
                own,
                frozenset(Selection(above, k, self.unit.unit) for k in range(count)),
            )
        deltas = (n.quantity for n in kind_of(source, above).back(self.index)[0].numbers())
        return Highlight(
            frozenset(
                selected(q.layer, (*q.position, q.unit), source)
                for q in deltas
                if q is not None and q.kind == "delta"
            ),
            own,
        )


# --- gradients of parameters ---------------------------------------------------------------------
def gradients_of_layer(source: Source, spot: Spot) -> Step:
    layer = spot.segment.layer
    kind = kind_of(source, layer)
    found = explain(source.lab, kind.parameter(0, 0).gradient)

    def parameter(row: int) -> Quantity:
        return kind.parameter(*divmod(row, kind.each))

    gradients = kind.parameter_table(".grad").reshape(-1)
    sentence = kind.gradients_sentence().format(layer=kind.names.name, formula=found.formula)
    return Step(
        "gradient_layer", found.quantity, sentence, layer, Highlight(layer=layer),
        table(
            source, "", Labels(gradients.size, lambda row: source.text(parameter(row))),
            ("w", kind.parameter_table().reshape(-1), parameter),
            ("∂C/∂w", gradients, lambda row: parameter(row).gradient),
        ),
        roles=found.roles,
    )  # fmt: skip


def gradients_of_unit(source: Source, spot: Spot) -> Step:
    """The gradients of all parameters of one unit, filter or channel."""
    layer, unit = spot.segment.layer, spot.unit
    kind = kind_of(source, layer)
    sentence, gradient_table = kind.unit_gradients(unit)
    gradients = tuple(kind.parameter(unit, position).gradient for position in range(kind.each))
    return Step(
        "gradient", gradients[0], sentence.format(unit=source.unit_name(layer, (unit,))), layer,
        kind.parameter_wires(unit), gradient_table, also=gradients,
        roles=explain(source.lab, gradients[0]).roles,
    )  # fmt: skip


def one_gradient(source: Source, spot: Spot) -> Step:
    kind = kind_of(source, spot.segment.layer)
    found = explain(source.lab, kind.parameter(spot.unit, spot.inner).gradient)
    sentence = found.formula + found.worked.removeprefix(found.symbol)
    columns = ("", "δ", "x", "δ·x", "Σ")
    products = products_table(source, found.arithmetic, columns, None, len(found.terms))
    return Step(
        "gradient", found.quantity, sentence, kind.layer,
        kind.parameter_wires(spot.unit, spot.inner), products,
        lines(source, (found.symbol, found.number)),
        found.rests_on, found.roles,
    )  # fmt: skip


# --- the update ----------------------------------------------------------------------------------
def rate(source: Source) -> float:
    """η, the step size."""
    return float(source.lab.trainer.learning_rate)


def update_of_layer(source: Source, spot: Spot) -> Step:
    """The step w ← w − η·∂C/∂w of every parameter of a layer."""
    return _updates(source, spot, range(source.shape(spot.segment.layer)[-1]), None)


def update_of_unit(source: Source, spot: Spot) -> Step:
    return _updates(source, spot, range(spot.unit, spot.unit + 1), None)


def one_update(source: Source, spot: Spot) -> Step:
    return _updates(source, spot, range(spot.unit, spot.unit + 1), spot.inner)


def _updates(source: Source, spot: Spot, units: range, position: int | None) -> Step:
    """Before, gradient, step and after of some parameters."""
    kind = kind_of(source, spot.segment.layer)
    places = range(kind.each) if position is None else range(position, position + 1)
    cut = np.ix_(units, places)
    before, gradients = kind.parameter_table()[cut], kind.parameter_table(".grad")[cut]
    frozen = [kind.is_frozen(place) for place in places]
    steps = np.where(frozen, 0.0, -rate(source) * gradients)
    after = before + steps

    def parameter(row: int) -> Quantity:
        return kind.parameter(units[row // len(places)], places[row % len(places)])

    whole_layer = spot.segment.kind == "update.layer"
    also = () if whole_layer else tuple(parameter(row) for row in range(before.size))
    found: tuple[Line, ...] = ()
    if position is None:
        sentence = _("every weight takes a step against its gradient: w ← w − {rate}·∂C/∂w")
        sentence = sentence.format(rate=say(rate(source)))
    else:
        row = (before.item(), gradients.item(), after.item())
        sentence = _update_sentence(source, source.text(parameter(0)), *row, frozen=frozen[0])
        found = lines(source, (_("after"), Number(after.item())))
    highlight = Highlight(layer=kind.layer)
    if not whole_layer:
        highlight = kind.parameter_wires(spot.unit, position)
    return Step(
        "update_layer" if whole_layer else "update", parameter(0), sentence, kind.layer,
        highlight,
        table(
            source, "", Labels(before.size, lambda row: source.text(parameter(row))),
            (_("before"), before.reshape(-1), parameter),
            ("∂C/∂w", gradients.reshape(-1), lambda row: parameter(row).gradient),
            ("−η·∂C/∂w", steps.reshape(-1), None), (_("after"), after.reshape(-1), None),
        ),
        found, (*also, Quantity("learning_rate")),
    )  # fmt: skip


def _update_sentence(
    source: Source, address: str, before: float, gradient: float, after: float, *, frozen: bool
) -> str:
    if frozen:
        text = _("{address} stays {before}: the biases are frozen here")
        return text.format(address=address, before=say(before))
    return _("{address}: {before} − {rate}·{gradient} = {after}").format(
        address=address, before=written(before), rate=written(rate(source)),
        gradient=f"({written(gradient)})" if gradient < 0 else written(gradient),
        after=written(after),
    )  # fmt: skip


# --- the two ends --------------------------------------------------------------------------------
def the_loss_before(source: Source, spot: Spot) -> Step:
    """Where the way back starts: the derivative of the loss by itself is 1."""
    content = the_loss(source, spot)
    sentence = _("the way back starts at the loss, {loss}: how does each number change it?").format(
        loss=say(source.lab.sample_loss)
    )
    return replace(content, sentence=sentence)


def the_loss_after(source: Source, _spot: Spot) -> Step:
    """The loss of this sample after the update; the bench keeps its parameters."""
    before = source.lab.sample_loss
    output, after = _with_parameters(source, updated(source))
    outputs, targets = source.outputs(), source.targets()
    labels = unit_labels(source, source.last)
    return Step(
        "after", Quantity("loss"), _after_sentence(source, before, after),
        highlight=Highlight(units=frozenset(Selection(source.last, k) for k in range(len(labels)))),
        table=table(
            source, "k", labels, column("tₖ", targets), column(_("aₖ before"), outputs),
            (_("aₖ after"), output, None),
        ),
        lines=lines(
            source, (_("before"), Number(before, Quantity("loss"))), (_("after"), Number(after))
        ),
    )  # fmt: skip


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
    "update.layer": update_of_layer,
    "update.unit": update_of_unit,
    "update.each": one_update,
    "after": the_loss_after,
}
