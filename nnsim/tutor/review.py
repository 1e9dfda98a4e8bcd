"""Asking earlier items again: after one, three and seven lessons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnsim.tutor.errors import LessonError
from nnsim.tutor.lesson import Lesson, Step, read_lesson

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnsim.tutor.progress import Progress

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
