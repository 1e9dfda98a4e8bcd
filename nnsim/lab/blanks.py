"""Blanks: a number is hidden until the learner has worked it out.

Every wrong answer is compared with what the usual mistakes would give; each is computed from the
explanation of the number itself, so that the feedback can name the mistake.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nnsim.i18n import _
from nnsim.lab import values
from nnsim.lab.addresses import Quantity
from nnsim.lab.errors import NoValueError
from nnsim.lab.explain import Explanation, explain
from nnsim.lab.explain.arithmetic import Node, Number, Product, Quotient, Sum, written
from nnsim.lab.values import WHOLE

if TYPE_CHECKING:
    from nnsim.lab.lab import Lab

# An answer may be off by so much of the number, and by so much of what was added up: a learner
# works with the rounded digits on the screen.
RELATIVE, OF_TERMS, LEAST = 5e-3, 5e-5, 1e-9
MOST_TERMS = 1000


@dataclass(frozen=True)
class Verdict:
    """What is to be said about an answer."""

    right: bool
    # for the learner: that it is right, or the likely mistake; it never gives the number away
    sentence: str
    # A stable id: sign bias slope mean sum a-for-z z-for-a term factor half percent digits; None
    # for a right answer, or a wrong one of no known kind
    mistake: str | None = None


@dataclass(frozen=True)
class Mistake:
    """A usual mistake, the answer that it gives, and what to say of it."""

    id: str
    answer: float
    sentence: str


@dataclass(frozen=True)
class Blank:
    """One hidden number of the bench."""

    address: str
    # by how much an answer may be off; by as much as rounded digits explain, if None
    tolerance: float | None = None

    def check(self, lab: Lab, answer: float) -> Verdict:
        """Compare an answer with the number as it stands on the bench.

        Raises AddressError or NoValueError when there is no such number, or it has no value now.
        """
        return check(lab, explain(lab, self.address), answer, self.tolerance)


def tolerance_of(explanation: Explanation) -> float:
    """By how much an answer may be off: half a percent, or what rounded digits explain."""
    if explanation.quantity.kind in WHOLE:
        return 0.0
    value, terms = abs(float(explanation.value)), explanation.arithmetic.magnitude()
    if not math.isfinite(terms):
        return RELATIVE * value
    return max(RELATIVE * value, min(OF_TERMS * terms, 0.05 * value), LEAST)


def check(
    lab: Lab, explanation: Explanation, answer: float, tolerance: float | None = None
) -> Verdict:
    value = float(explanation.value)
    allowed = tolerance_of(explanation) if tolerance is None else tolerance
    if _close(answer, value, allowed):
        return Verdict(True, _("right: {worked}").format(worked=explanation.worked))
    for mistake in mistakes(lab, explanation):
        # A mistake is named only where it can't be taken for the right answer.
        if abs(mistake.answer - value) > 2 * allowed and _close(
            answer, mistake.answer, max(RELATIVE * abs(mistake.answer), min(allowed, 1e-3), LEAST)
        ):
            return Verdict(False, mistake.sentence, mistake.id)
    return _rounded_too_far(answer, value) or Verdict(
        False, _("not that; the rule is {formula}").format(formula=explanation.formula)
    )


def _close(answer: float, value: float, allowed: float) -> bool:
    return answer == value or abs(answer - value) <= allowed


def _rounded_too_far(answer: float, value: float) -> Verdict | None:
    if not math.isfinite(value):
        return None
    for digits in (2, 1):
        if answer == float(f"{value:.{digits}g}") or answer == round(value, digits):
            sentence = _("nearly: that is rounded too far; give three digits or more")
            return Verdict(False, sentence, "digits")
    return None


def mistakes(lab: Lab, explanation: Explanation) -> Iterator[Mistake]:
    """Go through the usual mistakes with this number, the most telling first."""
    value = float(explanation.value)
    yield from _of_kind(lab, explanation)
    yield from _of_gradient(explanation)
    if value:
        yield Mistake("sign", -value, _("the sign is the wrong way round"))
    yield from _of_sums(explanation)
    yield from _of_terms(explanation)
    yield from _of_factors(explanation)
    if value:
        yield Mistake(
            "percent", 100 * value, _("that is in percent; give the number itself, 0.73 for 73 %")
        )


def _of_kind(lab: Lab, explanation: Explanation) -> Iterator[Mistake]:
    number = explanation.quantity
    for cause in explanation.rests_on:
        if number.kind == "z" and cause.kind == "b":
            left = float(explanation.value) - float(values.read(lab, cause))
            yield Mistake("bias", left, _("the bias is left out: add b to the sum"))
    other = {"z": "a", "a": "z"}.get(number.kind)
    if other is None or not lab.names.layers[number.layer].has_z:
        return
    instead = float(values.read(lab, replace(number, kind=other)))
    if other == "a":
        yield Mistake(
            "a-for-z", instead, _("that is a; z is the sum before the activation is taken")
        )
    else:
        yield Mistake("z-for-a", instead, _("that is z; the activation is still to be taken of it"))


def _of_gradient(explanation: Explanation) -> Iterator[Mistake]:
    up, local = explanation.upstream, explanation.local
    if up is None or local is None:
        return
    if explanation.quantity.kind == "delta":
        without = _("the slope is forgotten: multiply what comes back by f′(z)")
        alone = _("that is the slope f′(z) alone; multiply it by what comes back")
        yield Mistake("slope", up.evaluate(), without)
        yield Mistake("factor", local.evaluate(), alone)
    elif explanation.role == "swap":
        yield Mistake("factor", up.evaluate(), _("that is δ alone; multiply it by the input"))
        yield Mistake("factor", local.evaluate(), _("that is the input alone; multiply it by δ"))


def _of_sums(explanation: Explanation) -> Iterator[Mistake]:
    """The mean for the sum, the sum for the mean, ½ forgotten."""
    node, value = explanation.arithmetic, float(explanation.value)
    mean = _("that is the mean; here the terms are added up, not averaged")
    if isinstance(node, Quotient) and isinstance(node.top, Sum):
        total = node.top.evaluate()
        yield Mistake("sum", total, _("that is the sum; divide it by how many there are"))
        return
    if isinstance(node, Product) and isinstance(node.factors[0], Number) and node.factors[0].text:
        half = _("the factor ½ is forgotten")
        yield Mistake("half", value / node.factors[0].value, half)
    total_of = _sum_in(node)
    if total_of is None:
        return
    count = len(total_of.terms)
    if isinstance(node, Product) and isinstance(node.factors[0], Quotient):
        yield Mistake(
            "sum", total_of.evaluate(), _("that is the sum; divide it by how many there are")
        )
    elif count > 1:
        rest = value - total_of.evaluate() if isinstance(node, Sum) else 0.0
        scale = value / total_of.evaluate() if not isinstance(node, Sum) and value else 1.0
        whole = total_of.evaluate() / count
        yield Mistake("mean", whole + rest if isinstance(node, Sum) else whole * scale, mean)
        if isinstance(node, Product):
            yield Mistake("mean", whole, mean)


def _sum_in(node: Node) -> Sum | None:
    """The sum that an explanation is about: itself, its first part, or a factor."""
    if isinstance(node, Sum):
        first = node.terms[0] if node.terms else None
        return first if isinstance(first, Sum) else node
    if isinstance(node, Product):
        for factor in node.factors:
            if isinstance(factor, Sum) and len(factor.terms) > 1:
                return factor
    return None


def _of_terms(explanation: Explanation) -> Iterator[Mistake]:
    node, value = explanation.arithmetic, float(explanation.value)
    total = _sum_in(node)
    if total is None or not 2 <= len(total.terms) <= MOST_TERMS:
        return
    others = 1.0
    if isinstance(node, Product):
        for factor in node.factors:
            others *= 1.0 if factor is total else factor.evaluate()
    values = [term.evaluate() * others for term in total.terms]
    for number, term in enumerate(values, 1):
        if term:
            yield Mistake(
                "term", value - term, _("term {number} is left out").format(number=number)
            )
    for number, term in enumerate(values, 1):
        if term:
            text = _("term {number} has the wrong sign").format(number=number)
            yield Mistake("sign", value - 2 * term, text)


def _of_factors(explanation: Explanation) -> Iterator[Mistake]:
    node, value = explanation.arithmetic, float(explanation.value)
    if not isinstance(node, Product):
        return
    for factor in node.factors:
        one = factor.evaluate()
        if one not in (0.0, 1.0):
            text = _("a factor is left out: {factor}").format(
                factor=factor.write() if not isinstance(factor, Number) else written(one)
            )
            yield Mistake("factor", value / one, text)


class Blanks:
    """The numbers that are hidden at the moment."""

    def __init__(self) -> None:
        self.hidden: dict[Quantity, Blank] = {}

    def hide(self, lab: Lab, address: str | Quantity, tolerance: float | None = None) -> Blank:
        """Hide a number; raises as `Lab.read` does where there is none to hide."""
        quantity = lab.quantity(address)
        lab.read(quantity)
        self.hidden[quantity] = Blank(str(lab.names.address(quantity)), tolerance)
        return self.hidden[quantity]

    def answer(self, lab: Lab, address: str | Quantity, answer: float) -> Verdict:
        """Check an answer; a right one uncovers the number."""
        quantity = lab.quantity(address)
        if quantity not in self.hidden:
            text = str(lab.names.address(quantity))
            raise NoValueError(_("{address} is not hidden").format(address=text))
        verdict = self.hidden[quantity].check(lab, answer)
        if verdict.right:
            del self.hidden[quantity]
        return verdict
