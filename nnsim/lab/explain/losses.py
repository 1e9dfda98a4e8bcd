"""The loss of one sample, and its derivative by the outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
    written,
)
from nnsim.lab.explain.explanation import Explanation, Source

HALF = Number(0.5, text="½")


@dataclass(frozen=True)
class Rule:
    """What explanations know of one kind of loss."""

    words: str
    terms: Callable[[Source], list[Node]]  # what it adds up, for each output (hinge: each wrong)
    by_output: Callable[[Source, int], tuple[Node, str]]  # ∂C/∂a of an output, and its formula
    factor: Callable[[int], Node] | None = None  # by what so many terms are multiplied


def loss(source: Source) -> Explanation:
    """The loss of the current sample, without reduction and penalty."""
    rule, function = RULES[source.network.loss_name], source.network.loss_function
    name = _("loss of the current sample ({loss})").format(loss=_(rule.words))
    terms = rule.terms(source)
    node: Node = Sum(tuple(terms))
    if rule.factor is not None:
        node = Product((rule.factor(len(terms)), node))
    note = ""
    if rule.terms is _softmax_terms and not fused(source):
        note = _("the outputs are scores; a is their softmax")
    return Explanation(name, "C", function.formula, node, note=note, chosen_by=choosing(source))


def choosing(source: Source) -> tuple[Quantity, ...]:
    """The targets, where they only choose which outputs are compared."""
    if source.network.loss_name != "hinge":
        return ()
    return tuple(target.quantity for target in source.targets() if target.quantity)


def loss_terms(source: Source) -> list[Node]:
    """What the network's loss adds up."""
    return RULES[source.network.loss_name].terms(source)


def by_output(source: Source, k: int) -> tuple[Node, str]:
    """∂C/∂a of an output, and its formula."""
    return RULES[source.network.loss_name].by_output(source, k)


def fused(source: Source) -> bool:
    """Whether activation and loss belong together, so that δ = a − t."""
    rule = source.network.loss_function
    return bool(rule.fused_with) and source.layer(source.last).activation == rule.fused_with


def _squares(source: Source) -> list[Node]:
    return [Square(minus(t, a)) for a, t in zip(source.outputs(), source.targets(), strict=True)]


def _difference(source: Source, k: int) -> tuple[Node, str]:
    return minus(source.outputs()[k], source.targets()[k]), "a − t"


def _mean_difference(source: Source, k: int) -> tuple[Node, str]:
    two = Quotient(Number(2.0), Number(float(len(source.outputs()))))
    return Product((two, _difference(source, k)[0])), "(2/n)·(a − t)"


def squared_error(source: Source) -> Explanation:
    """½ Σ (t − a)², whatever the network's own loss."""
    name = _("squared error of the current sample")
    node = Product((HALF, Sum(tuple(_squares(source)))))
    return Explanation(name, "C", "C = ½ Σ (t − a)²", node)


def _ln(source: Source, k: int) -> Node:
    """Ln a of an output; behind sigmoid and softmax computed from z, which can't overflow."""
    a, activation = source.outputs()[k], source.layer(source.last).activation
    if activation == "softmax":
        scores = [source.number("z", source.last, i) for i in source.indices(source.last)]
        return _ln_softmax(scores, k, a if a.value else None)
    if activation != "sigmoid":
        return Apply("ln", (a,))
    z = source.number("z", source.last, (k,))
    return Apply("ln_sigmoid", (z,), (a,)) if a.value else Negative(Apply("softplus_minus", (z,)))


def _ln_rest(source: Source, k: int) -> Node:
    """Ln(1 − a) of an output, likewise; as the digits of a say nothing near 1, then by its z."""
    a = source.outputs()[k]
    if source.layer(source.last).activation != "sigmoid":
        return Apply("ln", (minus(ONE, a),))
    z = source.number("z", source.last, (k,))
    if written(a.value) == "1":
        return Negative(Apply("softplus", (z,)))
    return Apply("ln_one_minus_sigmoid", (z,), (a,))


def _ln_softmax(scores: Sequence[Number], k: int, share: Number | None) -> Node:
    """Ln of the softmax of scores, written as that of its share, if that is given."""
    arguments = (scores[k], *scores)
    return Apply("ln_softmax", arguments, (share or Apply("softmax", arguments),))


def _yes_or_no(source: Source, k: int) -> Node:
    """−[t ln a + (1 − t) ln(1 − a)] of one output."""
    t = source.targets()[k]
    rest = minus(ONE, t)
    return Negative(Sum((_times_ln(t, _ln(source, k)), _times_ln(rest, _ln_rest(source, k)))))


def _times_ln(t: Node, ln: Node) -> Node:
    """t·ln a, where 0·ln 0 is 0."""
    if isinstance(ln, Apply) and ln.function == "ln":
        return Apply("t_ln", (t, *ln.arguments))
    return Product((t, ln))


def _binary_terms(source: Source) -> list[Node]:
    return [_yes_or_no(source, k) for k in range(len(source.outputs()))]


def _binary_by_output(source: Source, k: int) -> tuple[Node, str]:
    a, t = source.outputs()[k], source.targets()[k]
    return Quotient(minus(a, t), Product((a, minus(ONE, a)))), "(a − t)/(a·(1 − a))"


def _softmax_terms(source: Source) -> list[Node]:
    outputs, of_scores = source.outputs(), not fused(source)
    return [
        Negative(Product((t, _ln_softmax(outputs, k, None) if of_scores else _ln(source, k))))
        for k, t in enumerate(source.targets())
    ]


def _softmax_by_output(source: Source, k: int) -> tuple[Node, str]:
    outputs = source.outputs()
    return minus(Apply("softmax", (outputs[k], *outputs)), source.targets()[k]), "softmax(a) − t"


def cross_entropy(source: Source) -> Explanation:
    """−Σ t ln a, whatever the network's own loss; with one output, of yes and no."""
    targets = source.targets()
    name = _("cross-entropy of the current sample")
    if len(targets) == 1:
        formula = "C = −[t ln a + (1 − t) ln(1 − a)]"
        return Explanation(name, "C", formula, _yes_or_no(source, 0))
    terms = tuple(Negative(_times_ln(t, _ln(source, k))) for k, t in enumerate(targets))
    return Explanation(name, "C", "C = −Σ t ln a", Sum(terms))


def right_class(targets: Sequence[Number]) -> int:
    """The position of the one target that is 1."""
    return max(range(len(targets)), key=lambda k: targets[k].value)


def _margins(source: Source) -> list[Node]:
    """By how much each wrong class is inside the margin: s − s_right + 1."""
    scores, right = source.outputs(), right_class(source.targets())
    return [Sum((s, Negative(scores[right]), ONE)) for j, s in enumerate(scores) if j != right]


def _hinge_terms(source: Source) -> list[Node]:
    return [Apply("hinge", (margin,)) for margin in _margins(source)]


def _by_score(source: Source, k: int) -> tuple[Node, str]:
    """1 inside the margin; for the right class minus how many are inside."""
    inside = [Apply("positive", (margin,)) for margin in _margins(source)]
    right = right_class(source.targets())
    if k == right:
        return Negative(Sum(tuple(inside))), "−Σⱼ [sⱼ − s_right + 1 > 0]"
    return inside[k - (k > right)], "[s − s_right + 1 > 0]"


RULES = {
    "squared_error": Rule(N_("squared error"), _squares, _difference, lambda _count: HALF),
    "mean_squared_error": Rule(
        N_("mean squared error"), _squares, _mean_difference,
        lambda count: Quotient(ONE, Number(float(count))),
    ),
    "binary_cross_entropy": Rule(N_("binary cross-entropy"), _binary_terms, _binary_by_output),
    "softmax_cross_entropy": Rule(
        N_("cross-entropy of the softmax"), _softmax_terms, _softmax_by_output
    ),
    "hinge": Rule(N_("hinge loss"), _hinge_terms, _by_score),
}  # fmt: skip
