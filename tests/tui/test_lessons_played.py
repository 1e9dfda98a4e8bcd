"""Lessons played to their end in the real app at 80×24, by their own solutions and answers."""

from __future__ import annotations

import pytest

from nnsim.i18n import set_language
from nnsim.tui.app import NnsimApp
from nnsim.tui.screens.bar import CommandInput
from nnsim.tutor.answers import names_to_match
from nnsim.tutor.catalogue import open_player, shipped
from nnsim.tutor.progress import ProgressLog
from tests.tui.conftest import trains, until

QUICK = ("bias", "demons", "noise")
LESSONS = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
    for name in [entry.id for entry in shipped()]
]


@pytest.fixture(params=["en", "zh"])
def language(request):
    set_language(request.param)
    yield request.param
    set_language("en")


async def enter(app, pilot, key: str, text: str) -> None:
    """Open a line with a key, type a text into it, and press Enter."""
    await pilot.press(key)
    app.screen.query_one(CommandInput).value = text
    await pilot.press("enter")
    await until(lambda: not trains(app))
    await pilot.pause()


def answers(player) -> list[str]:
    """What is right to type at a step that is answered in a line."""
    step, lab = player.step, player.lab
    if step.kind == "predict":
        return [repr(float(lab.read(step.predict)))]
    if step.kind == "blank":
        return [repr(float(lab.read(address))) for address in step.blank]
    if step.kind == "label":
        names = names_to_match(step)
        return [f"{i} {names.index(name) + 1}" for i, name in enumerate(step.label.values(), 1)]
    return [step.expect]


async def play(app, pilot) -> None:
    player = app.screen.desk.player
    step = player.step
    if step.kind == "quiz":
        await pilot.press(str(step.answer))
    elif step.goal:
        assert not player.state.over
        for line in step.solution:
            await enter(app, pilot, ":", line)
        await until(lambda: player.state.over)  # the goals are looked at after the frame
    elif step.asks:
        bar = None
        await pilot.press("a")
        for answer in answers(player):  # the line comes again while something is left to answer
            before = bar
            await until(lambda before=before: app.screen.bar not in (None, before))
            bar = app.screen.bar
            await until(lambda bar=bar: bar.query(CommandInput))
            bar.query_one(CommandInput).value = answer
            await pilot.press("enter")
            await pilot.pause()
    assert player.state.status == "solved", (step.id, app.screen.pane.lines)


@pytest.mark.parametrize("name", LESSONS)
async def test_a_lesson_is_played_to_its_end(name, language):
    app = NnsimApp(lesson=open_player(name))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        player = app.screen.desk.player
        for index, step in enumerate(player.lesson.steps):
            assert player.index == index, step.id
            await play(app, pilot)
            await pilot.press("n")
            await until(lambda index=index: player.index == index + 1)
            await until(lambda: app.screen.desk.wants_circuit == app.screen.SHOWS_CIRCUIT)
            await pilot.pause()
        assert player.at_end
        asked = sum(step.asks for step in player.lesson.steps)
        assert (player.summary().solved, player.summary().asked) == (asked, asked)
        assert player.summary().in_words() in " ".join(app.screen.pane.lines)
    progress = ProgressLog().progress()
    assert progress.of_lesson(name).finished
    assert progress.of_lesson(name).done(s.id for s in player.lesson.steps) == index + 1
