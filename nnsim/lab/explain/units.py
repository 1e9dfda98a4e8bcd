"""Why a number of a unit is what it is: z, a, slope and δ, whatever the kind of its layer."""

from __future__ import annotations

from dataclasses import replace

from nnsim.circuit.gates import KINDS, ROUTE, SCALE, SUM
from nnsim.i18n import _
from nnsim.lab.explain import losses
from nnsim.lab.explain.arithmetic import (
    ONE,
    Apply,
    Node,
    Number,
    Product,
    Quotient,
    Square,
    Sum,
    minus,
)
from nnsim.lab.explain.explanation import Explanation, Index, Source, flat
from nnsim.lab.kinds import kind_of


def activation(source: Source, layer: int, index: Index) -> Explanation:
    """What comes out of a unit."""
    made = source.layer(layer)
    name = _("a of {unit}: its activation, what it passes on").format(
        unit=source.unit_name(layer, index)
    )
    if source.is_muted(layer, index):
        note = _("the unit is muted: its activation counts as 0, whatever its z")
        return Explanation(name, "a", "a = 0", Number(0.0), note=note)
    found = kind_of(source, layer).passed(index, name)
    if found is not None:
        return found
    if made.activation == "softmax":
        return _softmax(source, layer, index, name)
    formula = made.function.formula
    return Explanation(
        name, "a", formula if formula.startswith("a =") else f"a = {formula}",
        _function(source, layer, source.number("z", layer, index)),
    )  # fmt: skip


def _function(source: Source, layer: int, argument: Node) -> Node:
    """f(z) of a layer whose activation takes one number."""
    made = source.layer(layer)
    if made.activation == "identity":
        return argument
    if made.activation == "leaky_relu":
        return Apply("leaky_relu", (argument, Number(made.function.leak)))
    return Apply(made.activation, (argument,))


def _softmax(source: Source, layer: int, index: Index, name: str) -> Explanation:
    scores = [source.number("z", layer, i) for i in source.indices(layer)]
    own = scores[index[0]]
    formula = "aᵢ = e^zᵢ / Σⱼ e^zⱼ"
    if max(abs(score.value) for score in scores) < 700:
        whole = Sum(tuple(Apply("exp", (score,)) for score in scores))
        return Explanation(name, "a", formula, Quotient(Apply("exp", (own,)), whole))
    note = _("computed with z − max z, which changes nothing and never overflows")
    return Explanation(name, "a", formula, Apply("softmax", (own, *scores)), note=note)


def slope(source: Source, layer: int, index: Index) -> Explanation:
    """The derivative of the activation at z."""
    formula = source.layer(layer).function.slope_formula
    if formula.startswith("a′"):
        formula = "f′(z) = 1"
    if source.layer(layer).activation == "softmax":
        formula = "∂aᵢ/∂zᵢ = aᵢ(1 − aᵢ)"
    name = _("slope of the activation of {unit} at z").format(unit=source.unit_name(layer, index))
    return Explanation(name, "f′(z)", formula, _slope(source, layer, index))


def _computed(source: Source, layer: int, index: Index) -> Node:
    """f(z): the unit's a, or what a would be of one that is muted."""
    if not source.is_muted(layer, index):
        return source.number("a", layer, index)
    if source.layer(layer).activation == "softmax":
        return _softmax(source, layer, index, "").arithmetic
    return _function(source, layer, source.number("z", layer, index))


def _slope(source: Source, layer: int, index: Index) -> Node:
    """f′(z) as a node; for softmax ∂aᵢ/∂zᵢ."""
    made = source.layer(layer)
    name = made.activation
    z_value = source.number("z", layer, index)
    if name in ("sigmoid", "softmax"):
        a = _computed(source, layer, index)
        return Product((a, minus(ONE, a)))
    if name == "tanh":
        return minus(ONE, Square(_computed(source, layer, index)))
    if name == "identity":
        return ONE
    if name == "step":
        return Number(0.0)
    if name == "leaky_relu":
        return Apply("leaky_slope", (z_value, Number(made.function.leak)))
    functions = {"relu": "positive", "softplus": "sigmoid"}
    return Apply(functions.get(name, f"{name}_slope"), (z_value,))


def coming_back(source: Source, layer: int, index: Index) -> tuple[Node, str, tuple[str, ...]]:
    """∂C/∂a of one output of a layer: the node, its formula, the roles of the gates passed."""
    if layer < source.last:
        return kind_of(source, layer + 1).back(index)
    node, formula = losses.by_output(source, flat(index, source.shape(layer)))
    return node, formula, (ROUTE if source.network.loss_name == "hinge" else SCALE,)


def delta(source: Source, layer: int, index: Index) -> Explanation:
    """∂C/∂z of a unit (∂C/∂a, where a layer has no z)."""
    found = _delta(source, layer, index)
    if layer == source.last:
        return replace(found, chosen_by=losses.choosing(source))
    return replace(found, chosen_by=kind_of(source, layer + 1).rivals(index))


def _delta(source: Source, layer: int, index: Index) -> Explanation:
    made = source.layer(layer)
    source.targets()
    unit = source.unit_name(layer, index)
    name = _("δ of {unit}: how the loss changes with its z").format(unit=unit)
    if source.is_muted(layer, index) and made.activation != "softmax":
        note = _("the unit is muted: nothing goes on from it, so the loss does not depend on it")
        return Explanation(name, "δ", "δ = 0", Number(0.0), note=note)
    if layer == source.last and losses.fused(source):
        a, t = source.number("a", layer, index), source.targets()[index[0]]
        note = _("activation and loss as one gate: their derivatives cancel down to a − t")
        return Explanation(
            name, "δ", "δ = ∂C/∂z = a − t", minus(a, t), (SCALE,), ONE, minus(a, t), note
        )
    up, formula, roles = coming_back(source, layer, index)
    if not source.names.layers[layer].has_z:
        name = _("δ of {unit}: how the loss changes with its a").format(unit=unit)
        return Explanation(name, "δ", f"δ = ∂C/∂a = {formula}", up, roles, up, ONE)
    if made.activation == "softmax":
        return _through_softmax(source, layer, index, name)
    if made.activation == "identity":
        return Explanation(name, "δ", f"δ = ∂C/∂z = {formula}", up, roles, up, ONE)
    local = source.number("slope", layer, index)
    role = ROUTE if made.activation == "relu" else SCALE
    formula = f"δ = ∂C/∂a · f′(z) = ({formula}) · f′(z)"
    gate = made.activation if made.activation in KINDS else ""
    node = Product((up, local))
    return Explanation(name, "δ", formula, node, (*roles, role), up, local, gate=gate)


def _through_softmax(source: Source, layer: int, index: Index, name: str) -> Explanation:
    """δᵢ = aᵢ(∂C/∂aᵢ − Σⱼ aⱼ ∂C/∂aⱼ): every output of softmax depends on every z."""
    up, formula, roles = coming_back(source, layer, index)
    a = _computed(source, layer, index)
    if source.is_muted(layer, index):  # its own a does not count, but it takes from the others
        up = Number(0.0)
    total = Sum(
        tuple(
            Product((source.number("a", layer, j), coming_back(source, layer, j)[0]))
            for j in source.indices(layer)
        )
    )
    text = f"δᵢ = aᵢ·(∂C/∂aᵢ − Σⱼ aⱼ·∂C/∂aⱼ), ∂C/∂a = {formula}"
    node = Product((a, minus(up, total)))
    return Explanation(name, "δ", text, node, (*roles, SUM, SCALE), minus(up, total), a)
