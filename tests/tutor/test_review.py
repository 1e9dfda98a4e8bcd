"""What is asked again, and when."""

from __future__ import annotations

import pytest

from nnsim.tutor.errors import LessonError, Problem
from nnsim.tutor.player import due, lessons_due
from nnsim.tutor.progress import Event, Progress


def finished(*names: str) -> Progress:
    return Progress.of(Event("finished", name) for name in names)


@pytest.mark.parametrize(
    ("done", "again"),
    [
        ("", []),
        ("a", [("a", 1)]),
        ("ab", [("b", 1)]),
        ("abc", [("c", 1), ("a", 3)]),
        ("abcdefg", [("g", 1), ("e", 3), ("a", 7)]),
        ("abcdefgh", [("h", 1), ("f", 3), ("b", 7)]),
    ],
)
def test_after_one_three_and_seven_lessons(done, again):
    assert lessons_due(finished(*done), "new") == again


def test_taking_a_lesson_again_asks_what_came_before_it():
    assert lessons_due(finished("a", "b", "c", "d"), "c") == [("b", 1)]


def test_items_that_were_missed_come_first_then_those_asked_least(lesson):
    progress = finished("sample")
    chosen = lambda: due(progress, "new", lambda _name: lesson)[0].step.id  # noqa: E731
    assert chosen() == "silence"
    progress.note(Event("wrong", "sample", "shape"))
    assert chosen() == "shape"
    progress.note(Event("reviewed", "sample", "shape", right=True))
    assert chosen() == "silence"


def test_a_lesson_that_is_gone_is_not_asked():
    def gone(_name):
        raise LessonError([Problem("x", 1, 1, "gone")])

    assert due(finished("a"), "new", gone) == []
