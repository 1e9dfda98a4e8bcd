"""The page of one step of each kind, in both languages and at both layouts, as it was looked at.

    NNSIM_GOLDEN=write python -m pytest tests/tui/test_golden_lessons.py

writes them anew; look at the difference before you commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rich.cells import cell_len

from nnsim.i18n import set_language
from nnsim.tui.app import NnsimApp
from nnsim.tutor.catalogue import find
from nnsim.tutor.lesson import read_lesson
from nnsim.tutor.player import Player

FOLDER = Path(__file__).parent / "golden"
# The first step of a kind in a lesson.
STEPS = [
    ("anatomy", "read"), ("bias", "goal"), ("bias", "quiz"), ("bias", "predict"),
    ("bias", "blank"), ("vectorise", "expect"), ("noise", "label"), ("learning", "experiment"),
    ("gates", "predict"),
]  # fmt: skip


@pytest.fixture(params=["en", "zh"])
def language(request):
    set_language(request.param)
    yield request.param
    set_language("en")


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_pages_are_as_they_were_looked_at(language, size):
    pages = []
    for name, kind in STEPS:
        lesson = read_lesson(find(name, language))
        step = next(step for step in lesson.steps if step.kind == kind)
        app = NnsimApp(lesson=(Player(lesson, at=step.id), []))
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            pane = app.screen.pane
            lines, width = pane.lines, pane.scrollable_content_region.width
        assert max(cell_len(line) for line in lines) <= width
        pages.append("\n".join([f"--- {name}: {kind}, {width} cells", *lines, ""]))
    text = "\n".join(pages)
    path = FOLDER / f"lessons-{language}-{size[0]}x{size[1]}.txt"
    if os.environ.get("NNSIM_GOLDEN") == "write":
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")
