"""What one step asks: what it hides on the bench, how an answer is read, and what is said to it."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from nnsim.i18n import _
from nnsim.lab import LabError, Quantity
from nnsim.lab.blanks import Blanks, check
from nnsim.lab.hiding import Hidden
from nnsim.lab.values import layer_field

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from nnsim.lab import Lab
    from nnsim.tutor.lesson import Step
    from nnsim.tutor.player import StepState

RELATIVE = 1e-3
_SPLIT = re.compile(r"\s*[,，×xX*]\s*|\s+")
_FULL_WIDTH = str.maketrans("０１２３４５６７８９．，（）－＋−＝", "0123456789.,()-+-=")


@dataclass(frozen=True)
class Feedback:
    """What is said to an answer."""

    right: bool
    text: str
    done: bool = False  # whether the step is over with it
    # predicted, actual: of a *predict* step
    predicted: float | None = None
    actual: float | None = None

    @property
    def difference(self) -> float | None:
        """Prediction minus actual value."""
        if self.predicted is None or self.actual is None:
            return None
        return self.predicted - self.actual


class AnswerError(ValueError):
    """An answer that can't be read; nothing was counted."""


def read_number(text: str) -> float:
    """Return the number that a learner typed; ``1/2``, ``,5`` and full-width digits are fine.

    Raises
    ------
    AnswerError
    """
    plain = text.translate(_FULL_WIDTH).strip().replace("_", "")
    if re.fullmatch(r"[+-]?\d*,\d+", plain):
        plain = (
            plain.replace(",", ".")
            if not re.fullmatch(r"[+-]?\d{1,3},\d{3}", plain)
            else (plain.replace(",", ""))
        )
    percent = plain.endswith("%")
    numerator, slash, denominator = plain.removesuffix("%").partition("/")
    try:
        value = float(numerator) / (float(denominator) if slash else 1.0)
    except (ValueError, ZeroDivisionError):
        value = math.nan
    if not math.isfinite(value):
        raise AnswerError(
            _("{text} is not a number; type one such as 0.5").format(text=f'"{text.strip()[:40]}"')
        )
    return value / 100 if percent else value


def check_answer(step: Step, text: str) -> Feedback:
    """Check an answer that needs no bench: of a quiz, an *expect* step, or all of a *label* step.

    For *label* the pairs stand one after another, with commas: ``plus = distribute, max = route``.

    Raises
    ------
    AnswerError
    """
    if step.kind == "quiz":
        return check_choice(step, text)
    if step.kind == "expect":
        return check_expect(step, text)
    if step.kind == "label":
        pairs = [read_label(step, part) for part in text.split(",") if part.strip()]
        return check_labels(step, dict(pairs))
    raise AnswerError(_("this step takes no answer; do what it says on the bench"))


def check_choice(step: Step, text: str) -> Feedback:
    """Check the answer to a quiz: the number of a choice, or its letter.

    Raises
    ------
    AnswerError
        When there is no such choice.
    """
    plain = text.translate(_FULL_WIDTH).strip().lower()
    count = len(step.choices)
    number = 0
    if plain.isascii() and plain.isdecimal() and len(plain) < 4:
        number = int(plain)
    elif len(plain) == 1 and "a" <= plain <= "z":
        number = ord(plain) - ord("a") + 1
    if not 1 <= number <= count:
        raise AnswerError(_("choose from 1 to {count}").format(count=count))
    right = number == step.answer
    return Feedback(right, step.choices[number - 1].feedback, done=right)


def check_expect(step: Step, text: str) -> Feedback:
    """Check a number or a shape that the learner worked out.

    Raises
    ------
    AnswerError
        When `text` is neither.
    """
    wanted = _shape(step.expect)
    given = _shape(text)
    if len(wanted) != 1 or "(" in step.expect:
        return _check_shape(given, wanted, step)
    if len(given) > 1:
        return Feedback(False, _("one number is asked for, not a shape"))
    value, right = given[0], wanted[0]
    tolerance = step.tolerance
    if tolerance is None:
        tolerance = 0.0 if right == int(right) else RELATIVE * abs(right)
    if value == right or abs(value - right) <= tolerance:
        return Feedback(True, _("right: {value}").format(value=step.expect), done=True)
    return Feedback(False, _number_mistake(value, right))


def _number_mistake(value: float, right: float) -> str:
    if value == -right:
        return _("the sign is the wrong way round")
    if right == int(right) and value == int(value) and abs(value - right) == 1:
        return _("off by one: count once more, the first and the last too")
    ratio = value / right if right else 0.0
    if ratio in (10.0, 100.0, 1000.0, 0.1, 0.01, 0.001):
        return _("the decimal point is in the wrong place")
    if ratio == 2.0:
        return _("that is twice as much; is something counted two times?")
    if ratio == 0.5:
        return _("that is half of it; something is left out")
    if ratio == 3.0:
        return _("that is three times as much; are channels counted that should not be?")
    if abs(ratio - 1 / 3) < 1e-12:
        return _("that is a third of it; are there channels still to count?")
    if ratio and abs(ratio - 1) <= 0.02:
        return _("nearly: give more digits")
    return _("not that; too large") if value > right else _("not that; too small")


def _check_shape(given: tuple[float, ...], wanted: tuple[float, ...], step: Step) -> Feedback:
    if given == wanted:
        return Feedback(True, _("right: {value}").format(value=step.expect), done=True)
    if len(given) == 1 and given[0] == math.prod(wanted):
        text = _("that is how many numbers there are; the shape says how they are arranged")
    elif given == wanted[::-1]:
        text = _("the numbers are right, their order is turned round")
    elif sorted(given) == sorted(wanted):
        text = _("the numbers are right, their order is not")
    elif len(given) != len(wanted):
        text = _("a shape of {wanted} numbers is asked for; you gave {given}").format(
            wanted=len(wanted), given=len(given)
        )
    else:
        wrong = [i + 1 for i, (g, w) in enumerate(zip(given, wanted, strict=True)) if g != w]
        text = _("number {place} of the shape is not right").format(place=wrong[0])
    return Feedback(False, text)


def _shape(text: str) -> tuple[float, ...]:
    """The numbers of ``(4, 3)``, ``4 × 3`` or ``12``."""
    plain = text.translate(_FULL_WIDTH).strip()
    if plain[:1] in ("(", "[") and plain[-1:] in (")", "]"):
        plain = plain[1:-1]
        parts = [part for part in _SPLIT.split(plain.strip().strip(",")) if part]
    elif re.fullmatch(r"\d+(\s*[,，×xX*]\s*\d+)+", plain) and not re.fullmatch(
        r"\d{1,3}(,\d{3})+", plain
    ):
        parts = _SPLIT.split(plain)
    else:
        if re.fullmatch(r"\d{1,3}(,\d{3})+", plain):  # 90,000
            plain = plain.replace(",", "")
        parts = [plain]
    return tuple(read_number(part) for part in parts)


def check_labels(step: Step, given: Mapping[str, str]) -> Feedback:
    """Check which name goes with which thing, as far as they were matched."""
    wrong = [thing for thing, name in given.items() if step.label.get(thing) != name]
    if wrong:
        return Feedback(False, _("not yet right: {things}").format(things=", ".join(wrong)))
    left = [thing for thing in step.label if thing not in given]
    if left:
        return Feedback(
            True, _("right so far; still to match: {things}").format(things=", ".join(left))
        )
    return Feedback(True, _("right: every one is matched"), done=True)


def read_label(step: Step, text: str) -> tuple[str, str]:
    """Return the pair of ``plus = distribute``, or of two numbers as in ``1 2``.

    The numbers are those of the things and of `names_to_match`, from 1.

    Raises
    ------
    AnswerError
    """
    plain = text.translate(_FULL_WIDTH).strip()
    thing, equals, name = (part.strip() for part in plain.partition("="))
    if not equals:
        thing, _space, name = (part.strip() for part in plain.partition(" "))
    things, names = list(step.label), names_to_match(step)
    return _chosen(thing, things), _chosen(name, names)


def _chosen(word: str, known: list[str]) -> str:
    if word.isascii() and word.isdecimal() and len(word) < 4 and 1 <= int(word) <= len(known):
        return known[int(word) - 1]
    for name in known:
        if word.casefold() == name.casefold():
            return name
    raise AnswerError(
        _("match like this: {example}; there are {names}").format(
            example="1 2", names=", ".join(known)
        )
    )


def names_to_match(step: Step) -> list[str]:
    """The names of a *label* step, each once, in an order that gives nothing away."""
    return sorted(set(step.label.values()), key=str.casefold)


MOST_WEIGHTS = 64
_SAME = (("accuracy", "right"), ("prediction", "correct"))
_LOSSES = {
    "loss.squared_error": ("squared_error",),
    "loss.cross_entropy": ("softmax_cross_entropy", "binary_cross_entropy"),
}


def covered_with(lab: Lab, quantity: Quantity) -> frozenset[Quantity]:
    """Return the numbers that would answer for this one, itself too."""
    found = {quantity}
    for other in _twins(lab, quantity):
        with suppress(LabError):  # this network has none
            found.add(lab.names.resolve(lab.names.address(other)))
    return frozenset(found)


def _twins(lab: Lab, quantity: Quantity) -> Iterator[Quantity]:
    kind = quantity.kind
    for group in _SAME:
        if kind in group:
            yield from map(Quantity, group)
    loss = lab.experiment.network.loss
    if kind == "loss":
        yield from (Quantity(name) for name, of in _LOSSES.items() if loss in of)
    elif loss in _LOSSES.get(kind, ()):
        yield Quantity("loss")
    if kind == "statistic" and quantity.statistic in ("min", "max"):
        yield from _where_it_stands(lab, quantity)
    if quantity.layer < 0 or quantity.unit < 0:
        return
    layer = lab.network.layers[quantity.layer]
    if kind == "z" or (kind == "a" and getattr(layer, "activation", "") == "identity"):
        yield replace(quantity, kind="a" if kind == "z" else "z")
    if kind in ("a", "z") and getattr(layer, "activation", "") == "softmax":  # they sum up to 1
        for unit in range(lab.names.layers[quantity.layer].units):
            yield replace(quantity, kind="a", unit=unit)
    if kind == "a" and not quantity.position:  # a layer that passes on what comes in
        for later, names in enumerate(lab.network.layers[quantity.layer + 1 :], quantity.layer + 1):
            if names.kind not in ("dropout", "flatten"):
                break
            yield replace(quantity, layer=later)
    if kind == "delta" and not quantity.position:
        yield from _gradients(lab, quantity)


def _where_it_stands(lab: Lab, extreme: Quantity) -> Iterator[Quantity]:
    """The unit or weight that is the smallest or largest of a layer."""
    values = layer_field(lab, extreme.layer, extreme.field)
    find = np.argmin if extreme.statistic == "min" else np.argmax
    *place, unit = np.unravel_index(int(find(values)), values.shape)
    position = tuple(int(i) for i in place) if extreme.field == "w" else ()
    if extreme.field == "w" or len(lab.names.layers[extreme.layer].output_shape) == 1:
        yield Quantity(extreme.field, extreme.layer, int(unit), position=position)


def _gradients(lab: Lab, delta: Quantity) -> Iterator[Quantity]:
    """Those of a unit's bias and weights: δ itself, or δ times an input that is often 1."""
    names = lab.names.layers[delta.layer]
    if names.has_bias:
        yield replace(delta, kind="b.grad")
    if len(names.kernel_shape) == 1 and names.kernel_shape[0] <= MOST_WEIGHTS:
        for source in range(names.kernel_shape[0]):
            yield replace(delta, kind="w.grad", position=(source,))


class Question:
    """A step on its bench.

    Parameters
    ----------
    lab : Lab
        As the step starts on it.
    state : StepState
        What was answered so far; a step that is over hides nothing.
    """

    def __init__(self, step: Step, lab: Lab, state: StepState) -> None:
        self.step, self.lab, self.state = step, lab, state
        self._blanks = Blanks()
        self._asked: list[Quantity] = []  # in their order; those that are worked out are gone
        self._covers: dict[Quantity, frozenset[Quantity]] = {}
        self._began_with = _numbers(lab)
        if not state.over:
            for address in step.blank or filter(None, [step.predict]):
                self._ask(address)

    def _ask(self, named: str) -> None:
        quantity = self.lab.quantity(named)
        self._asked.append(quantity)
        self._covers[quantity] = covered_with(self.lab, quantity)
        if self.step.kind == "blank" and quantity.kind != "node":
            self._blanks.hide(self.lab, quantity, self.step.tolerance)

    @property
    def asked(self) -> tuple[str, ...]:
        """Addresses of the numbers that are still asked for; an answer is about the first."""
        asked = () if self.state.over else self._asked
        return tuple(str(self.lab.names.address(quantity)) for quantity in asked)

    @property
    def hidden(self) -> Hidden:
        """The numbers that must not be shown now: what is asked, and what would tell it."""
        asked = () if self.state.over else self._asked
        return Hidden(frozenset().union(*map(self._covers.__getitem__, asked)), self.lab.names)

    def answer(self, text: str) -> Feedback:
        """Check an answer; raises `AnswerError` where it can't be read."""
        if self.step.kind == "predict":
            return self._about_then(self._predict(read_number(text)))
        if self.step.kind == "blank":
            return self._about_then(self._fill(read_number(text)))
        if self.step.kind == "label":
            return self._match(*read_label(self.step, text))
        return check_answer(self.step, text)

    def _about_then(self, feedback: Feedback) -> Feedback:
        """Say so where an answer is wrong because the learner has changed the bench meanwhile."""
        if feedback.right or _numbers(self.lab) == self._began_with:
            return feedback
        moved = _(
            "input or network are no longer as this step began, so its numbers are others now; "
            "reset the step to have them back"
        )
        return replace(feedback, text=f"{feedback.text}. {moved}")

    def _predict(self, predicted: float) -> Feedback:
        address, tolerance = self.step.predict, self.step.tolerance
        actual = float(self.lab.read(address))
        try:
            verdict = check(self.lab, self.lab.explain(address), predicted, tolerance)
            right, text = verdict.right, verdict.sentence
        except LabError:  # a number of a circuit has no explanation
            right, text = _close(predicted, actual, tolerance), ""
        shown = _("you said {predicted}; it is {actual}; difference {difference}").format(
            predicted=f"{predicted:.6g}",
            actual=f"{actual:.6g}",
            difference=f"{predicted - actual:+.3g}",
        )
        text = shown if right or not text else f"{shown}. {text}"
        return Feedback(right, text, True, predicted, actual)

    def _fill(self, value: float) -> Feedback:
        if not self._asked:
            return Feedback(True, _("every blank is filled"), done=True)
        quantity = self._asked[0]
        if quantity in self._blanks.hidden:
            verdict = self._blanks.answer(self.lab, quantity, value)
            right, text = verdict.right, verdict.sentence
        else:
            right, text = self._fill_of_circuit(quantity, value)
        if right:
            self._asked.pop(0)
        return Feedback(right, text, done=not self._asked)

    def _fill_of_circuit(self, node: Quantity, value: float) -> tuple[bool, str]:
        actual = float(self.lab.read(node))
        if _close(value, actual, self.step.tolerance):
            return True, f"{node.field} = {actual:.6g}"
        wrong_way = _close(-value, actual, self.step.tolerance)
        return False, _("the sign is the wrong way round") if wrong_way else _("not that")

    def _match(self, thing: str, name: str) -> Feedback:
        labels = self.state.labels
        feedback = check_labels(self.step, {**labels, thing: name})
        if feedback.right:
            labels[thing] = name
        return feedback

    def reveal(self) -> str:
        """What would have been right; nothing is hidden any more."""
        step = self.step
        if step.kind == "quiz" and step.answer:
            choice = step.choices[step.answer - 1]
            return f"{step.answer}. {choice.text} — {choice.feedback}"
        if step.kind == "label":
            self.state.labels = dict(step.label)
            return "\n".join(f"{thing} = {name}" for thing, name in step.label.items())
        if step.kind == "expect":
            return step.expect
        self._blanks.hidden.clear()
        self._asked.clear()
        return "\n".join(self._worked(address) for address in step.blank or (step.predict,))

    def _worked(self, address: str) -> str:
        try:
            return f"{address}: {self.lab.explain(address).worked}"
        except LabError:
            return f"{address} = {float(self.lab.read(address)):.6g}"


def _numbers(lab: Lab) -> tuple[bytes, bytes]:
    return lab.network.parameters.tobytes(), lab.input.tobytes()


def _close(value: float, wanted: float, tolerance: float | None) -> bool:
    allowed = max(5e-3 * abs(wanted), 1e-9) if tolerance is None else tolerance
    return value == wanted or abs(value - wanted) <= allowed
