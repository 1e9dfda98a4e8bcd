"""Playing a lesson: where the learner is, what is asked, what was answered. No screen, no I/O.

A screen (or plain mode) shows `Player.step` and `Player.lab`, hands over what the learner types,
and shows what comes back. Events go to `record`, which may write them to the progress log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nnsim.i18n import _, ngettext
from nnsim.lab.hiding import NOTHING, Hidden
from nnsim.tutor.answers import AnswerError, Feedback, Question, check_answer
from nnsim.tutor.errors import LessonError
from nnsim.tutor.goals import Standing, evaluate, parse_goal
from nnsim.tutor.lesson import Lesson, Step, read_lesson
from nnsim.tutor.progress import Event
from nnsim.tutor.stage import Stage

if TYPE_CHECKING:
    from nnsim.experiments import Experiment
    from nnsim.lab import Lab
    from nnsim.lab.undo import UndoState
    from nnsim.tutor.goals import Goal
    from nnsim.tutor.markdown import Hint
    from nnsim.tutor.progress import Progress

SOLVED, REVEALED, SKIPPED, MISSED, OPEN = "solved", "revealed", "skipped", "missed", ""


@dataclass
class StepState:
    """What the learner has done with one step in this session."""

    # ``solved``, ``revealed``, ``skipped``, ``missed`` (a prediction that was off), or empty
    status: str = OPEN
    hints: int = 0  # how many tiers are open
    tries: int = 0  # answers that were not right
    labels: dict[str, str] = field(default_factory=dict)  # what was matched rightly so far
    feedback: Feedback | None = None  # the last

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


AFTER = (1, 3, 7)
ASKABLE = ("quiz", "expect", "label")
"""The kinds of step that need nothing on the bench."""


@dataclass(frozen=True)
class Review:
    """One earlier item, to be asked again."""

    lesson: Lesson
    step: Step
    after: int


def lessons_due(progress: Progress, current: str) -> list[tuple[str, int]]:
    """Return the lessons that were finished one, three and seven lessons before `current`."""
    history = progress.finished
    if current in history:
        history = history[: history.index(current)]
    return [(history[-after], after) for after in AFTER if len(history) >= after]


def due(progress: Progress, current: str, open_lesson: Callable[[str], Lesson]) -> list[Review]:
    """Return what is to be asked again before lesson `current`, one item of each lesson due.

    Of a lesson's items those are taken first that were asked again the fewest times, and among
    them those that were not solved at the first go.
    """
    reviews = []
    for name, after in lessons_due(progress, current):
        try:
            lesson = open_lesson(name)
        except LessonError:  # gone, or changed and broken: nothing to ask
            continue
        steps = [step for step in lesson.steps if step.kind in ASKABLE and not step.keep]
        missed = progress.of_lesson(name).missed
        steps.sort(key=lambda s: (progress.asked_again[name, s.id], s.id not in missed))
        if steps:
            reviews.append(Review(lesson, steps[0], after))
    return reviews


def due_shipped(progress: Progress, current: str, language: str) -> list[Review]:
    """Return what is due among the lessons that ship, in a language."""
    from nnsim.tutor.catalogue import find

    return due(progress, current, lambda name: read_lesson(find(name, language)))


Record = Callable[[Event], object]


class Player:
    """A session over a lesson.

    Parameters
    ----------
    key : str, optional
        The lesson's name in events; its id, unless given.
    record : callable, optional
        Takes every `Event`.
    reviews : sequence of Review, optional
        Earlier items to ask again, before the lesson or whenever the screen likes.
    load : callable, optional
        Finds experiments by name.
    at : str, optional
        The id of the step to begin with, where one wants to continue.

    Attributes
    ----------
    index : int
        The current step, from 0; ``len(lesson.steps)`` at the end, where the summary stands.
    lab : Lab
        The bench of the current step; **another object after every change of step or reset**.
    free : bool
        Whether the learner plays off the path.
    """

    lab: Lab

    def __init__(
        self,
        lesson: Lesson,
        *,
        key: str = "",
        record: Record | None = None,
        reviews: Sequence[Review] = (),
        load: Callable[[str], Experiment] | None = None,
        at: str = "",
    ) -> None:
        self.lesson = lesson
        self.key = key or lesson.id
        self._record: Record = record or (lambda _event: None)
        self._stage = Stage(lesson, load)
        self.reviews = list(reviews)
        self.states = [StepState() for _step in lesson.steps]
        self._away: tuple[Lab, UndoState] | None = None
        self._finished = False
        self.index = 0
        self._goals: tuple[Goal, ...] = ()
        ids = [step.id for step in lesson.steps]
        self.go(ids.index(at) if at in ids else 0)

    # Where the learner is ---------------------------------------------------------------------
    @property
    def step(self) -> Step:
        """The current step (the last one, at the end)."""
        return self.lesson.steps[min(self.index, len(self.lesson.steps) - 1)]

    @property
    def state(self) -> StepState:
        """What became of the current step."""
        return self.states[min(self.index, len(self.states) - 1)]

    @property
    def at_end(self) -> bool:
        """Whether all steps are behind the learner."""
        return self.index == len(self.lesson.steps)

    @property
    def asked(self) -> tuple[str, ...]:
        """Addresses of the numbers that are asked for now; an answer is about the first."""
        return () if self.free or self.at_end else self._question.asked

    @property
    def hidden(self) -> Hidden:
        """The numbers that must not be shown now: what is asked, and what would tell it."""
        return NOTHING if self.free or self.at_end else self._question.hidden

    def go(self, index: int) -> None:
        """Open a step (from 0) as it starts, or the summary behind the last."""
        if not 0 <= index <= len(self.lesson.steps):
            raise IndexError(f"there is no step {index}")
        if index == len(self.lesson.steps):
            self._end()
            return
        lab = self._stage.start(index)
        self._open(index, lab)

    def again(self) -> None:
        """Begin anew at the first step, as if nothing had been answered in this session."""
        self.states = [StepState() for _step in self.lesson.steps]
        self._finished = False
        self.go(0)

    def next(self) -> None:
        """Go on; a step that keeps the bench goes on from where a solved one has led."""
        index = self.index + 1
        if self.at_end:
            return
        onward = index < len(self.lesson.steps) and self.lesson.steps[index].keep
        if not onward or not (self.state.over or not self.step.asks):
            self.go(index)
            return
        self.come_back()
        lab = self.lab
        self._stage.prepare(self.lesson.steps[index], lab)
        self._open(index, lab)

    def back(self) -> None:
        """Go back a step."""
        if self.index:
            self.go(self.index - 1)

    def skip(self) -> None:
        """Pass over a step."""
        if self.at_end:
            return
        if self.step.asks and not self.state.over:
            self.state.status = SKIPPED
            self._note("skipped")
        self.next()

    def reset(self) -> None:
        """Bring the bench back to where the step starts; hints stay open."""
        if self.at_end:
            return
        self._away = None
        self.lab = self._stage.start(self.index)
        self.state.feedback = None
        if self.state.status not in (SOLVED, REVEALED):
            self.state.labels.clear()
        self._question = Question(self.step, self.lab, self.state)

    def _open(self, index: int, lab: Lab) -> None:
        self._away = None
        self.index, self.lab = index, lab
        self._goals = tuple(parse_goal(line) for line in self.step.goal)
        self.state.feedback = None
        self._question = Question(self.step, self.lab, self.state)
        self._note("opened")
        if not self.step.asks and not self.state.status:
            self.state.status = SOLVED
            self._note("solved")

    def _end(self) -> None:
        self._away = None
        self.index = len(self.lesson.steps)
        if not self._finished:
            self._finished = True
            self._record(Event("finished", self.key))

    def _note(self, kind: str) -> None:
        self._record(Event(kind, self.key, self.step.id))

    # Free play ----------------------------------------------------------------------------------
    @property
    def free(self) -> bool:
        """Whether the learner plays off the path."""
        return self._away is not None

    def play_freely(self) -> None:
        """Leave the path; the place and the bench as it stands are kept."""
        if self._away is None:
            self._away = self.lab, self.lab.undo_state()

    def come_back(self) -> None:
        """Return to the place, with the bench as it was left."""
        if self._away is not None:
            self.lab, state = self._away
            self._away = None
            self.lab.restore(state)

    # Goals --------------------------------------------------------------------------------------
    def run(self, line: str) -> str:
        """Run a line on the bench and see whether the goals are met; raises as `Lab.run` does."""
        message = self.lab.run(line)
        self.update()
        return message

    def goals(self) -> list[Standing]:
        return [evaluate(goal, self.lab) for goal in self._goals]

    def update(self) -> bool:
        """Look at the goals after any change of the bench; True when that has solved the step."""
        if self.free or self.at_end or not self._goals or self.state.over:
            return False
        if all(standing.met for standing in self.goals()):
            self._settle(SOLVED)
            return True
        return False

    def _settle(self, status: str) -> None:
        self.state.status = status
        self._note(status)

    # Answers ------------------------------------------------------------------------------------
    def answer(self, text: str) -> Feedback:
        """Take an answer to the current step.

        A quiz takes the number of a choice; *predict*, *blank* and *expect* a number (of several
        blanks the first that is still hidden is meant) or a shape; *label* a pair as in
        ``plus = distribute`` or, by position, ``1 2``.

        Raises
        ------
        AnswerError
            The answer can't be read; nothing was counted.
        """
        if self.at_end:
            raise AnswerError(_("the lesson is over"))
        state = self.state
        feedback = state.feedback = self._question.answer(text)
        if not feedback.right:
            state.tries += 1
            if state.tries == 1 and not feedback.done and not state.over:
                self._note("wrong")
        if feedback.done and not state.over:
            self._settle(SOLVED if feedback.right else MISSED)
        return feedback

    # Help ---------------------------------------------------------------------------------------
    def hint(self) -> Hint | None:
        """Open the next tier of help; None when there is no more (then `reveal` is left)."""
        if self.at_end or self.state.hints >= len(self.step.hints):
            return None
        self.state.hints += 1
        return self.step.hints[self.state.hints - 1]

    @property
    def hints(self) -> tuple[Hint, ...]:
        return () if self.at_end else self.step.hints[: self.state.hints]

    def reveal(self) -> str:
        """Play the solution, and say what it is; the step counts as revealed, not as solved."""
        if self.at_end or not self.step.asks:
            return ""
        if self.step.goal:
            self._away = None
            self.lab = self._stage.start(self.index)
            self._stage.solve(self.index, self.lab)
            self._question = Question(self.step, self.lab, self.state)
            text = "\n".join(self.step.solution)
        else:
            text = self._question.reveal()
        if not self.state.over:
            self._settle(REVEALED)
        return text

    # Re-asking, and the end ---------------------------------------------------------------------
    @property
    def review(self) -> Review | None:
        """The earlier item that is to be asked next."""
        return self.reviews[0] if self.reviews else None

    def answer_review(self, text: str) -> Feedback:
        """Take the answer to `review`; right or wrong, it counts as asked, and the next is due.

        Raises
        ------
        AnswerError
            The answer can't be read; the item stays.
        """
        if not self.reviews:
            raise AnswerError(_("nothing is to be asked again"))
        review = self.reviews[0]
        feedback = check_answer(review.step, text)
        self.reviews.pop(0)
        self._record(Event("reviewed", review.lesson.id, review.step.id, feedback.right))
        return feedback

    def summary(self) -> Summary:
        """How the session went so far."""
        asked = [s for step, s in zip(self.lesson.steps, self.states, strict=True) if step.asks]
        return Summary.of(asked)
