"""Checking what a learner answers, with feedback that names the mistake.

Everything here needs the step alone; numbers of the bench are checked by `nnsim.lab.blanks`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnsim.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nnsim.tutor.lesson import Step

RELATIVE = 1e-3
_SPLIT = re.compile(r"\s*[,，×xX*]\s*|\s+")
_FULL_WIDTH = str.maketrans("０１２３４５６７８９．，（）－＋−＝", "0123456789.,()-+-=")


@dataclass(frozen=True)
class Feedback:
    """What is said to an answer.

    Attributes
    ----------
    right : bool
    text : str
    done : bool
        Whether the step is over with it.
    predicted, actual : float or None
        Of a *predict* step.
    """

    right: bool
    text: str
    done: bool = False
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
