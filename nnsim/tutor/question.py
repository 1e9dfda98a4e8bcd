"""What one step asks: what it hides on the bench, and what is said to an answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nnsim.i18n import _
from nnsim.lab import LabError, Quantity
from nnsim.lab.blanks import Blanks, check
from nnsim.lab.hiding import Hidden
from nnsim.tutor.answers import Feedback, check_answer, check_labels, read_label, read_number
from nnsim.tutor.covering import covered_with

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.tutor.lesson import Step
    from nnsim.tutor.state import StepState


class Question:
    """A step on its bench.

    Parameters
    ----------
    step : Step
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
    """What the numbers of a step rest on."""
    return lab.network.parameters.tobytes(), lab.input.tobytes()


def _close(value: float, wanted: float, tolerance: float | None) -> bool:
    allowed = max(5e-3 * abs(wanted), 1e-9) if tolerance is None else tolerance
    return value == wanted or abs(value - wanted) <= allowed
