"""What one step asks: what it hides on the bench, and what is said to an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.i18n import _
from nnsim.lab import LabError
from nnsim.lab.blanks import Blanks, check
from nnsim.tutor.answers import Feedback, check_answer, check_labels, read_label, read_number

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
        self._of_circuit: list[str] = []  # addresses of a circuit, which `Blanks` doesn't know
        if step.kind == "blank" and not state.over:
            for address in step.blank:
                self._hide(address)

    def _hide(self, address: str) -> None:
        if self.lab.circuit is not None and self.lab.circuit.reads(address):
            self._of_circuit.append(address)
        else:
            self._blanks.hide(self.lab, address, self.step.tolerance)

    @property
    def hidden(self) -> frozenset[str]:
        """Addresses whose numbers must not be shown now."""
        if self.step.kind == "predict" and not self.state.over:
            return frozenset([self._canonical(self.step.predict)])
        return frozenset([*self._blanks.hidden, *self._of_circuit])

    def answer(self, text: str) -> Feedback:
        """Check an answer; raises `AnswerError` where it can't be read."""
        if self.step.kind == "predict":
            return self._predict(read_number(text))
        if self.step.kind == "blank":
            return self._fill(read_number(text))
        if self.step.kind == "label":
            return self._match(*read_label(self.step, text))
        return check_answer(self.step, text)

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
        if self._blanks.hidden:
            address = next(iter(self._blanks.hidden))
            verdict = self._blanks.answer(self.lab, address, value)
            return Feedback(verdict.right, verdict.sentence, done=not self.hidden)
        if not self._of_circuit:
            return Feedback(True, _("every blank is filled"), done=True)
        actual = float(self.lab.read(self._of_circuit[0]))
        if not _close(value, actual, self.step.tolerance):
            wrong_way = _close(-value, actual, self.step.tolerance)
            text = _("the sign is the wrong way round") if wrong_way else _("not that")
            return Feedback(False, text)
        address = self._of_circuit.pop(0)
        return Feedback(True, f"{address} = {actual:.6g}", done=not self.hidden)

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
        self._of_circuit.clear()
        return "\n".join(self._worked(address) for address in step.blank or (step.predict,))

    def _worked(self, address: str) -> str:
        try:
            return f"{address}: {self.lab.explain(address).worked}"
        except LabError:
            return f"{address} = {float(self.lab.read(address)):.6g}"

    def _canonical(self, address: str) -> str:
        try:
            return str(self.lab.names.address(self.lab.names.resolve(address)))
        except LabError:  # a name of a circuit
            return address


def _close(value: float, wanted: float, tolerance: float | None) -> bool:
    allowed = max(5e-3 * abs(wanted), 1e-9) if tolerance is None else tolerance
    return value == wanted or abs(value - wanted) <= allowed
