"""The loss of one sample, and its derivative by the outputs."""

from __future__ import annotations

from collections.abc import Sequence

from nnsim.i18n import N_, _
from nnsim.lab.addresses import Quantity
from nnsim.lab.explain.arithmetic import (
    ONE,
    Apply,
    Negative,
    Node,
    Number,
    Product,
    Quotient,
    Square,
    Sum,
    minus,
)
from nnsim.lab.explain.explanation import Explanation
from nnsim.lab.explain.source import Source

HALF = Number(0.5, text="½")

LOSSES = {
    "squared_error": N_("squared error"),
    "mean_squared_error": N_("mean squared error"),
    "binary_cross_entropy": N_("binary cross-entropy"),
    "softmax_cross_entropy": N_("cross-entropy of the softmax"),
    "hinge": N_("hinge loss"),
}


def loss_in_words(name: str) -> str:
    return _(LOSSES[name]) if name in LOSSES else name.replace("_", " ")


def loss(source: Source) -> Explanation:
    """The loss of the current sample, without reduction and penalty."""
    rule = source.network.loss_function
    name = _("loss of the current sample ({loss})").format(loss=loss_in_words(rule.name))
    terms = Sum(tuple(loss_terms(source)))
    node: Node = terms
    if rule.name == "squared_error":
        node = Product((HALF, terms))
    elif rule.name == "mean_squared_error":
        node = Product((Quotient(ONE, Number(float(len(terms.terms)))), terms))
    note = ""
    if rule.name == "softmax_cross_entropy" and not fused(source):
        note = _("the outputs are scores; a is their softmax")
    return Explanation(name, "C", rule.formula, node, note=note, chosen_by=choosing(source))


def choosing(source: Source) -> tuple[Quantity, ...]:
    """The addresses of the targets, where they only choose which outputs are compared."""
    if source.network.loss_name != "hinge":
        return ()
    return tuple(target.quantity for target in source.targets() if target.quantity)


def loss_terms(source: Source) -> list[Node]:
    """What the loss adds up: a term for each output (hinge: for each wrong one)."""
    name = source.network.loss_name
    outputs, targets = source.outputs(), source.targets()
    if name in ("squared_error", "mean_squared_error"):
        return [Square(minus(t, a)) for a, t in zip(outputs, targets, strict=True)]
    if name == "binary_cross_entropy":
        return [_binary(source, k) for k in range(len(outputs))]
    if name == "softmax_cross_entropy":
        return [Negative(Product((t, ln_softmax(source, k)))) for k, t in enumerate(targets)]
    right = right_class(targets)
    return [
        Apply("hinge", (margin(s, outputs[right]),)) for j, s in enumerate(outputs) if j != right
    ]


def _binary(source: Source, k: int) -> Node:
    """−[t ln a + (1 − t) ln(1 − a)] of one output, its logarithms computed from z."""
    a, t = source.outputs()[k], source.targets()[k]
    z = source.number("z", source.last, (k,))
    yes = Product((t, Apply("ln_sigmoid", (z,), (a,))))
    no = Product((minus(ONE, t), Apply("ln_one_minus_sigmoid", (z,), (a,))))
    return Negative(Sum((yes, no)))


def fused(source: Source) -> bool:
    """Whether activation and loss belong together, so that δ = a − t."""
    rule = source.network.loss_function
    return bool(rule.fused_with) and source.layer(source.last).activation == rule.fused_with


def ln_softmax(source: Source, k: int) -> Node:
    """Ln of the softmax of the last layer's scores, computed from the scores."""
    if not fused(source):
        scores = source.outputs()
        return Apply("ln_softmax", (scores[k], *scores), (Apply("softmax", (scores[k], *scores)),))
    scores = [source.number("z", source.last, i) for i in source.indices(source.last)]
    return Apply("ln_softmax", (scores[k], *scores), (source.outputs()[k],))


def right_class(targets: Sequence[Number]) -> int:
    """The position of the one target that is 1."""
    return max(range(len(targets)), key=lambda k: targets[k].value)


def margin(score: Node, right: Node) -> Node:
    """By how much a wrong class is inside the margin: s − s_right + 1."""
    return Sum((score, Negative(right), ONE))


def by_output(source: Source, k: int) -> tuple[Node, str]:
    """∂C/∂a of an output, and its formula."""
    name = source.network.loss_name
    outputs, targets = source.outputs(), source.targets()
    a, t = outputs[k], targets[k]
    if name == "squared_error":
        return minus(a, t), "a − t"
    if name == "mean_squared_error":
        two = Quotient(Number(2.0), Number(float(len(outputs))))
        return Product((two, minus(a, t))), "(2/n)·(a − t)"
    if name == "softmax_cross_entropy":
        return minus(Apply("softmax", (a, *outputs)), t), "softmax(a) − t"
    if name == "hinge":
        return _by_score(outputs, right_class(targets), k)
    return Quotient(minus(a, t), Product((a, minus(ONE, a)))), "(a − t)/(a·(1 − a))"


def _by_score(scores: Sequence[Number], right: int, k: int) -> tuple[Node, str]:
    """∂C/∂s under hinge: 1 inside the margin; for the right class minus how many are inside."""
    inside = [
        Apply("positive", (margin(s, scores[right]),)) for j, s in enumerate(scores) if j != right
    ]
    if k == right:
        return Negative(Sum(tuple(inside))), "−Σⱼ [sⱼ − s_right + 1 > 0]"
    return Apply("positive", (margin(scores[k], scores[right]),)), "[s − s_right + 1 > 0]"


def squared_error(source: Source) -> Explanation:
    """½ Σ (t − a)², whatever the network's own loss."""
    terms = [Square(minus(t, a)) for a, t in zip(source.outputs(), source.targets(), strict=True)]
    name = _("squared error of the current sample")
    return Explanation(name, "C", "C = ½ Σ (t − a)²", Product((HALF, Sum(tuple(terms)))))


def cross_entropy(source: Source) -> Explanation:
    """−Σ t ln a, whatever the network's own loss; with one output, of yes and no."""
    outputs, targets = source.outputs(), source.targets()
    name = _("cross-entropy of the current sample")
    if len(outputs) > 1:
        terms = [Negative(Apply("t_ln", (t, a))) for a, t in zip(outputs, targets, strict=True)]
        return Explanation(name, "C", "C = −Σ t ln a", Sum(tuple(terms)))
    (a,), (t,) = outputs, targets
    both = (Apply("t_ln", (t, a)), Apply("t_ln", (minus(ONE, t), minus(ONE, a))))
    return Explanation(name, "C", "C = −[t ln a + (1 − t) ln(1 − a)]", Negative(Sum(both)))
