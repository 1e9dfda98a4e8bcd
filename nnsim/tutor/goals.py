"""Goals: predicates over addresses, such as ``hidden[1].z == 0.5 +- 0.01``.

``ADDRESS OP NUMBER [+- TOLERANCE]`` or ``ADDRESS OP ADDRESS [+- TOLERANCE]``; ``all: …`` asks it of
every sample of the data. A goal is read into parts and compared number by number.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnsim.i18n import _
from nnsim.lab import Address, AddressError, LabError
from nnsim.lab.values import WHOLE

if TYPE_CHECKING:
    from nnsim.lab import Lab, Quantity

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}
LONGEST_GOAL = 500
MOST_SAMPLES = 5000
_NUMBER = re.compile(r"[+\-−]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+\-]?\d+)?")
_GOAL = re.compile(
    r"\s*(?P<all>all:)?\s*(?P<left>[^\s=!<>]+)\s*(?P<op>==|!=|<=|>=|<|>)\s*"
    r"(?P<right>[^\s=!<>]+)(?:\s*(?:\+-|±)\s*(?P<tolerance>\S+))?\s*"
)


class GoalError(ValueError):
    """A goal that can't be read; the message says what one looks like."""


@dataclass(frozen=True)
class Goal:
    """One predicate."""

    text: str  # as it was written
    left: str  # an address
    operator: str  # one of `OPERATORS`
    right: float | str  # a number, or another address
    tolerance: float | None
    every: bool  # whether it is asked of every sample of the data

    def holds(self, value: float, wanted: float) -> bool:
        """Whether a value meets the goal; nothing that is not a number does."""
        if math.isnan(value) or math.isnan(wanted):
            return False
        if self.tolerance is not None and self.operator in ("==", "!="):
            near = value == wanted or abs(value - wanted) <= self.tolerance
            return near == (self.operator == "==")
        slack = self.tolerance or 0.0
        if self.operator in ("<=", "<"):
            wanted += slack
        elif self.operator in (">=", ">"):
            wanted -= slack
        return OPERATORS[self.operator](value, wanted)


@dataclass(frozen=True)
class Standing:
    """How a goal stands."""

    goal: Goal
    met: bool
    # value, wanted: what is and what should be: now, or at the first sample that fails. None where
    # there is no such number now; `trouble` says why.
    value: float | None = None
    wanted: float | None = None
    failing: int = 0  # of an ``all:`` goal, how many samples fail, and
    sample: int | None = None  # the first of them, counted from 1
    trouble: str = ""


def parse_goal(text: str) -> Goal:
    """Read a goal.

    Raises
    ------
    GoalError
    """
    if len(text) > LONGEST_GOAL:
        raise GoalError(_("this goal is too long"))
    match = _GOAL.fullmatch(text)
    if match is None:
        raise GoalError(
            _('"{goal}" is no goal; one looks like hidden[1].z == 0.5 +- 0.01').format(goal=text)
        )
    tolerance = match["tolerance"]
    if tolerance is not None:
        number = _number(tolerance)
        if number is None or number < 0:
            raise GoalError(
                _('"{goal}": the tolerance {tolerance} is no number from 0').format(
                    goal=text, tolerance=tolerance
                )
            )
    right: float | str | None = _number(match["right"])
    try:
        Address.parse(match["left"])
        if right is None:
            right = match["right"]
            Address.parse(right)
    except AddressError as error:
        raise GoalError(_('"{goal}": {reason}').format(goal=text, reason=error)) from None
    return Goal(
        text=text.strip(),
        left=match["left"],
        operator=match["op"],
        right=right,
        tolerance=None if tolerance is None else _number(tolerance),
        every=match["all"] is not None,
    )


def _number(text: str) -> float | None:
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text.replace("−", "-"))
    return value if math.isfinite(value) else None


def check_goal(goal: Goal, lab: Lab) -> None:
    """Refuse a goal that can't be asked of what is on the bench.

    Raises
    ------
    GoalError
        When an address names nothing, or a real number is compared by ``==`` without a tolerance.
    """
    sides = [goal.left] + ([goal.right] if isinstance(goal.right, str) else [])
    whole = True
    for address in sides:
        if lab.circuit is not None and lab.circuit.reads(address):
            whole = whole and address == "gates"
            continue
        try:
            quantity = lab.names.resolve(address)
        except LabError as error:
            raise GoalError(_('"{goal}": {reason}').format(goal=goal.text, reason=error)) from None
        whole = whole and _is_whole(lab, quantity)
    if goal.operator in ("==", "!=") and goal.tolerance is None and not whole:
        raise GoalError(
            _('"{goal}": {operator} on a real number needs a tolerance: … +- 0.01').format(
                goal=goal.text, operator=goal.operator
            )
        )
    if goal.every and not lab.sample_count:
        raise GoalError(_('"{goal}": the experiment has no data').format(goal=goal.text))
    if goal.every and lab.sample_count > MOST_SAMPLES:
        raise GoalError(
            _('"{goal}": all: asks at most {most} samples; there are {count}').format(
                goal=goal.text, most=MOST_SAMPLES, count=lab.sample_count
            )
        )


def _is_whole(lab: Lab, quantity: Quantity) -> bool:
    """Whether a number is a count, a position or a yes or no: compared without a tolerance."""
    if quantity.kind == "a":
        return bool(lab.network.layers[quantity.layer].activation == "step")
    if quantity.kind == "target":
        data = lab.experiment.data
        return data.count > 0 and bool(np.all(np.asarray(data.targets) % 1 == 0))
    return quantity.kind in WHOLE


def evaluate(goal: Goal, lab: Lab) -> Standing:
    """Tell how a goal stands on the bench; the bench is left as it was.

    A number that does not exist now (a loss without a target) leaves the goal unmet; so does an
    address that names nothing, after the learner has put another experiment on the bench.
    """
    if not goal.every:
        return _evaluate(goal, lab)
    if lab.sample_count > MOST_SAMPLES:  # the learner has put other data on the bench
        text = _("all: asks at most {most} samples; there are {count}")
        trouble = text.format(most=MOST_SAMPLES, count=lab.sample_count)
        return Standing(goal, met=False, trouble=trouble)
    failing, first = 0, None
    last = Standing(goal, met=False, trouble=_("the experiment has no data"))
    with _visiting(lab) as samples:
        for number in samples:
            last = _evaluate(goal, lab)
            if not last.met:
                failing += 1
                if first is None:
                    first = number, last
    if first is None:
        return last
    number, standing = first
    return Standing(goal, False, standing.value, standing.wanted, failing, number, standing.trouble)


@contextmanager
def _visiting(lab: Lab) -> Iterator[Iterator[int]]:
    """Go through every sample of the data, as on the input; then put back what lay there."""
    kept = lab.input, lab.target

    def samples() -> Iterator[int]:
        for index in range(lab.sample_count):
            lab.input, lab.target = lab.sample_at(index)
            lab.changed()
            yield index + 1

    try:
        yield samples()
    finally:
        lab.input, lab.target = kept
        lab.changed()


def _evaluate(goal: Goal, lab: Lab) -> Standing:
    try:
        value = float(lab.read(goal.left))
        wanted = float(lab.read(goal.right)) if isinstance(goal.right, str) else goal.right
    except LabError as error:
        return Standing(goal, met=False, trouble=str(error))
    return Standing(goal, goal.holds(value, wanted), value, wanted)


def in_words(standing: Standing) -> str:
    """A goal with its current value beside the wanted one, in a line."""
    goal = standing.goal
    mark = "✓" if standing.met else "✗"
    if standing.trouble:
        now = standing.trouble
    elif goal.every and standing.met:
        now = _("for every sample")
    elif standing.value is None:
        now = ""
    else:
        now = _("now {value}").format(value=f"{standing.value:.6g}")
        if isinstance(goal.right, str) and standing.wanted is not None:
            now += " " + _("and {wanted}").format(wanted=f"{standing.wanted:.6g}")
        if standing.sample is not None:
            now = _("{failing} samples fail; sample {sample}: {now}").format(
                failing=standing.failing, sample=standing.sample, now=now
            )
    return f"{mark} {goal.text}   {now}".rstrip()
