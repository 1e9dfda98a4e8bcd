"""What the learner has done: with one step, and with a lesson as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from nnsim.tutor.answers import Feedback

SOLVED, REVEALED, SKIPPED, MISSED, OPEN = "solved", "revealed", "skipped", "missed", ""


@dataclass
class StepState:
    """What the learner has done with one step in this session.

    Attributes
    ----------
    status : str
        ``solved``, ``revealed``, ``skipped``, ``missed`` (a prediction that was off), or empty.
    hints : int
        How many tiers are open.
    tries : int
        Answers that were not right.
    labels : dict of str to str
        What was matched rightly so far.
    feedback : Feedback or None
        The last.
    """

    status: str = OPEN
    hints: int = 0
    tries: int = 0
    labels: dict[str, str] = field(default_factory=dict)
    feedback: Feedback | None = None

    @property
    def over(self) -> bool:
        """Whether the step is behind the learner, one way or the other."""
        return self.status in (SOLVED, REVEALED, MISSED)


@dataclass(frozen=True)
class Summary:
    """How a session went: the steps that asked something, by what became of them."""

    asked: int
    solved: int
    revealed: int
    missed: int
    skipped: int
    hints: int

    @classmethod
    def of(cls, states: Iterable[StepState]) -> Summary:
        """Count what became of steps that asked something."""
        states = list(states)
        counts = Counter(state.status for state in states)
        return cls(
            asked=len(states),
            solved=counts[SOLVED],
            revealed=counts[REVEALED],
            missed=counts[MISSED],
            skipped=counts[SKIPPED],
            hints=sum(state.hints for state in states),
        )

    def in_words(self) -> str:
        """One or two sentences."""
        text = ngettext(
            "{solved} of {n} step solved", "{solved} of {n} steps solved", self.asked
        ).format(solved=self.solved, n=self.asked)
        parts = [
            (self.revealed, _("{n} shown to you")),
            (self.missed, _("{n} predicted differently")),
            (self.skipped, _("{n} passed over")),
            (self.hints, _("hints opened: {n}")),
        ]
        return "; ".join([text, *(words.format(n=n) for n, words in parts if n)])
