"""The lessons that ship: checked, replayed, and played to the end by their own solutions."""

from __future__ import annotations

import pytest

from nnsim.resources import resource
from nnsim.tutor.catalogue import find, shipped
from nnsim.tutor.errors import LessonError
from nnsim.tutor.lesson import Lesson, read_lesson
from nnsim.tutor.linter import check
from nnsim.tutor.player import Player

NAMES = [path.stem for path in sorted(resource("lessons").glob("en/[0-9][0-9]-*.md"))]


def solve(player: Player) -> None:
    """Answer the current step as its file says, on the bench as a learner has it."""
    step = player.step
    if step.kind == "quiz":
        player.answer(str(step.answer))
    elif step.kind == "expect":
        player.answer(step.expect)
    elif step.kind == "predict":
        player.answer(f"{player.lab.read(step.predict):.9g}")
    elif step.kind == "blank":
        for address in step.blank:
            player.answer(f"{player.lab.read(address):.9g}")
    elif step.kind == "label":
        for thing, name in step.label.items():
            player.answer(f"{thing} = {name}")
    for line in step.solution:
        player.run(line)


def test_all_that_ship_pass_the_check():
    files, problems = check()
    assert [str(problem) for problem in problems] == []
    assert files == 2 * len(NAMES)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", NAMES)
def test_played_to_the_end_by_its_own_solutions(name, language):
    lesson = read_lesson(resource("lessons") / language / f"{name}.md")
    player = Player(lesson)
    while not player.at_end:
        if player.step.asks:
            assert not player.state.over
            solve(player)
        assert player.state.status == "solved", player.step.id
        player.next()
    assert player.summary().solved == player.summary().asked > 0


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", NAMES)
def test_reveal_brings_every_step_to_its_end(name, language):
    player = Player(read_lesson(resource("lessons") / language / f"{name}.md"))
    for index, step in enumerate(player.lesson.steps):
        player.go(index)
        if step.asks:
            assert player.reveal()
            assert player.state.status == "revealed"
            assert all(standing.met for standing in player.goals())
            assert not player.hidden


def lessons() -> list[Lesson]:
    return [read_lesson(entry.path) for entry in shipped("en")]


def test_each_is_a_lesson_and_no_lecture():
    for lesson in lessons():
        assert 5 <= lesson.minutes <= 12, lesson.id
        asking = sum(step.asks for step in lesson.steps)
        assert asking >= 4, lesson.id
        assert asking > len(lesson.steps) / 2, lesson.id
        assert any(step.goal for step in lesson.steps) or lesson.id == "output", lesson.id


def test_a_light_look_sees_the_same_steps():
    for entry in shipped("en"):
        lesson = read_lesson(entry.path)
        assert entry.step_ids == tuple(step.id for step in lesson.steps)
        assert (entry.id, entry.title, entry.minutes) == (lesson.id, lesson.title, lesson.minutes)


def test_chinese_titles_where_there_is_a_translation():
    titles = {entry.id: entry.title for entry in shipped("zh")}
    assert titles["tensors"] == "张量与图像"
    assert list(titles) == [entry.id for entry in shipped("en")]


def test_a_lesson_is_found_by_id_number_or_path():
    path = resource("lessons") / "en" / "01-tensors.md"
    assert find("tensors") == find("01-tensors") == path
    assert find("tensors", "zh").parent.name == "zh"
    assert find(str(path)) == path
    with pytest.raises(LessonError, match='"tensors"'):
        find("tensor")
