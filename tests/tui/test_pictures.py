"""How the screens look, as text, cell by cell, as somebody has looked at it and found it good.

    NNSIM_GOLDEN=write python -m pytest tests/tui/test_pictures.py

writes the pictures anew; look at the difference before you commit it.
"""

import os
from pathlib import Path

import pytest
from rich.cells import cell_len

from nnsim.i18n import set_language
from nnsim.tui.app import NnsimApp
from nnsim.tui.panels.lesson import LessonPane
from nnsim.tutor.catalogue import find
from nnsim.tutor.lesson import read_lesson
from nnsim.tutor.player import Player
from tests.tui.conftest import LATER, settled

FOLDER = Path(__file__).parent / "golden"
SIZES = [(80, 24), (120, 36)]
# What is opened and pressed before the picture is taken.
LABS = {
    "home": (None, ["down"]),
    "lab": ("digits-4x3", ["right_square_bracket"]),
    "weight": ("demons", ["right_square_bracket", "2", "left", "home", "down"]),
    "overview": ("demons", ["2", "o"]),
    "forward": ("demons", ["right_square_bracket", "3", "right", "right"]),
    "backward": ("demons", ["right_square_bracket", "4", "right", "right"]),
    "train": ("demons", ["5", "b", "b", "b", "left", "down"]),
    "data": ("demons", ["6", "down", "down"]),
    "map": ("demons", ["7", "i", "v"]),
    "demon": ("demons", ["7", "i", "d"]),
    "images": ("window-7x7", ["right_square_bracket", "7", *["right"] * 3, "down"]),
    "starts": ("demons", ["8", "minus", "minus", *["slash"] * 3, "space", "down"]),
    "landscape": ("xor", ["9", "right", "plus"]),
    "spiral": ("spiral", ["right_square_bracket", "7"]),
    "command": ("demons", ["colon", *"set"]),
    "chinese": ("digits-4x3", ["right_square_bracket", "3", "right"]),
}
CASES = [(name, size) for name in LABS for size in SIZES]
CASES += [(name, size) for name in ("lab", "train", "landscape") for size in ((60, 20), (200, 60))]


def title(value: object) -> str | None:
    return "x".join(map(str, value)) if isinstance(value, tuple) else None


def compare(name: str, size: tuple[int, int], lines: list[str]) -> None:
    """See whether the picture is as it was looked at, or write it anew."""
    path, text = FOLDER / f"{name}-{title(size)}.txt", "\n".join(lines) + "\n"
    if os.environ.get("NNSIM_GOLDEN") == "write":
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.fixture
def language():
    """Choose a language for the test."""
    yield set_language
    set_language("en")


@pytest.mark.parametrize(("name", "size"), CASES, ids=title)
async def test_home_and_the_labs(open_app, screen_text, language, name, size):
    target, keys = LABS[name]
    if name == "chinese":
        language("zh")
    app = open_app(target)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.press(*keys)
        await settled(pilot, LATER)
        compare(name, size, screen_text(app))


@pytest.mark.parametrize("theme", ["textual-light", "ansi-dark", "ansi-light"])
async def test_a_theme_changes_no_sign_on_the_screen(open_app, screen_text, theme):
    """What the colours tell stands there in signs as well, so every theme shows the same text."""
    target, keys = LABS["lab"]
    app = open_app(target)
    app.theme = theme
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        await pilot.press(*keys)
        await settled(pilot, LATER)
        assert screen_text(app) == (FOLDER / "lab-120x36.txt").read_text("utf-8").splitlines()


@pytest.mark.parametrize("size", SIZES, ids=title)
async def test_the_circuit(open_app, screen_text, size):
    app = open_app()
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        app.open_circuits()
        await pilot.pause()
        await pilot.press("right", "right", "right")
        compare("circuit", size, screen_text(app))


# Plots alone, whose signs depend on the theme ---------------------------------------------------

PLOTS = {
    "plane": ("spiral", "train 60", ["7", "z"], "ansi-dark"),
    "plane-lab": ("planar", "train 200", [], "ansi-dark"),
    "plane-colour": ("spiral", "train 60", ["7", "z"], "textual-dark"),
    "number": ("curve", "train 600", ["7", "z"], "textual-dark"),
    "number-lab": ("line", "train 30", [], "textual-dark"),
}


@pytest.mark.parametrize("name", PLOTS)
async def test_plots(open_app, screen_text, name):
    target, line, keys, theme = PLOTS[name]
    app = open_app(target)
    app.theme = theme
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.lab.run(line)
        await pilot.press("right_square_bracket", *keys, "right", "right", "up")
        lines = screen_text(app)
    if name.endswith("-lab"):  # the other panels have pictures of their own
        end = next(y for y, line in enumerate(lines) if line.startswith("┗"))
        lines = [line[:40] for line in lines[1 : end + 1]]
    else:
        lines = lines[2:-2]
    compare(name, (80, 24), lines)


# Lessons ----------------------------------------------------------------------------------------

# The first step of a kind in a lesson.
STEPS = [
    ("anatomy", "read"), ("bias", "goal"), ("bias", "quiz"), ("bias", "predict"),
    ("bias", "blank"), ("vectorise", "expect"), ("noise", "label"), ("learning", "experiment"),
    ("gates", "predict"),
]  # fmt: skip


def at_step(name: str, kind: str, chosen: str) -> NnsimApp:
    lesson = read_lesson(find(name, chosen))
    step = next(step for step in lesson.steps if step.kind == kind)
    return NnsimApp(lesson=(Player(lesson, at=step.id), []))


@pytest.mark.parametrize("size", SIZES, ids=title)
async def test_a_lesson(screen_text, size):
    app = at_step("bias", "goal", "en")
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        compare("lesson", size, screen_text(app))


@pytest.mark.parametrize("size", SIZES, ids=title)
@pytest.mark.parametrize("chosen", ["en", "zh"])
async def test_the_page_of_each_kind_of_step(language, chosen, size):
    language(chosen)
    pages = []
    for name, kind in STEPS:
        app = at_step(name, kind, chosen)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            pane = app.screen.query_one(LessonPane)
            lines, width = pane.lines, pane.scrollable_content_region.width
        assert max(cell_len(line) for line in lines) <= width
        pages += [f"--- {name}: {kind}, {width} cells", *lines, ""]
    compare(f"lessons-{chosen}", size, pages[:-1])
