"""Reading a lesson: its parts, and where they stand."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nnsim.tutor.errors import LessonError
from nnsim.tutor.lesson import KINDS, read_lesson


def line_of(text: str, start: str) -> int:
    return next(i for i, line in enumerate(text.splitlines(), 1) if line.startswith(start))


def test_the_head(lesson):
    assert (lesson.id, lesson.title, lesson.minutes) == ("sample", "A sample", 6)
    assert (lesson.needs, lesson.experiment) == ((), "digits-4x3")
    assert lesson.intro == "What it is about."


def test_a_step_of_every_kind(lesson):
    kinds = [step.kind for step in lesson.steps]
    assert kinds == [
        "read", "quiz", "goal", "predict", "blank", "expect", "label", "experiment",
    ]  # fmt: skip
    assert set(kinds) == set(KINDS)


def test_prose_is_what_is_neither_fence_nor_choice_nor_hint(lesson):
    quiz, goal = lesson.steps[1:3]
    assert quiz.prose == "If every pixel is off, what is z of neuron A?"
    assert goal.prose == "Set the bias of **A** so that z is 0.5."


def test_choices_and_their_feedback(lesson):
    choices = lesson.steps[1].choices
    assert [choice.text for choice in choices] == ["always 0", "its bias b", "its weight w₁"]
    assert choices[1].feedback == "right: all twelve products are 0."


def test_hints_in_tiers(lesson):
    assert [hint.text for hint in lesson.steps[2].hints] == [
        "Nothing but the bias is left.",
        "Type `set hidden[1].b 0.5`.",
    ]


def test_everything_has_its_line(lesson, text):
    goal = lesson.steps[2]
    assert goal.place.line == line_of(text, "## Move")
    assert goal.at("goal").line == line_of(text, "goal     =")
    assert goal.hints[0].place.line == line_of(text, "<details>")
    assert lesson.steps[1].choices[0].place.line == line_of(text, "- [ ] always")
    assert lesson.places["minutes"].line == line_of(text, "minutes")


def test_words_of_a_label_step_are_explained_by_its_list(lesson):
    roles = lesson.steps[6]
    assert roles.words == {"plus": "adds its inputs", "times": "multiplies them"}
    assert roles.label == {"plus": "distribute", "times": "swap"}


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_other_line_endings(write, lesson, ending):
    path = write()
    path.write_bytes(path.read_bytes().replace(b"\n", ending.encode()))
    assert [s.id for s in read_lesson(path).steps] == [s.id for s in lesson.steps]


def test_a_byte_order_mark_is_no_part_of_it(write):
    path = write()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_lesson(path).id == "sample"


def test_a_broken_lesson_names_all_its_problems(write, text):
    path = write(("minutes: 6", "minutes: six"), ("answer = 2", "answer = 7"))
    with pytest.raises(LessonError) as caught:
        read_lesson(path)
    assert [problem.line for problem in caught.value.problems] == [4, line_of(text, "answer")]
    assert str(caught.value).startswith(f"{path}:4:1: ")


def test_the_tutor_imports_no_screen():
    code = (
        "import sys, pkgutil, importlib, nnsim.tutor as t\n"
        "names = [m.name for m in pkgutil.walk_packages(t.__path__, 'nnsim.tutor.')]\n"
        "for name in names: importlib.import_module(name)\n"
        "print(sorted({'textual', 'rich'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
