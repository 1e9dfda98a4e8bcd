"""Whole screens as text, at every size that the app is laid out for.

    NNSIM_GOLDEN=write python -m pytest tests/tui/test_golden_screens.py

writes them anew; look at the difference before you commit it.
"""

import os
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "golden"
SIZES = [(60, 20), (80, 24), (120, 36), (200, 60)]
# What is opened and pressed before the screen is taken.
SCREENS = {
    "home": (None, ["down"]),
    "lab": ("demons", ["right_square_bracket"]),
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
    "command": ("demons", ["colon", *"set"]),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCREENS)
async def test_the_screen_is_as_it_was_looked_at(open_app, screen_text, name, size):
    target, keys = SCREENS[name]
    app = open_app(target)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()  # Home fills its list after its first picture
        await pilot.press(*keys)
        await pilot.pause()
        text = "\n".join(screen_text(app)) + "\n"
    path = FOLDER / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("NNSIM_GOLDEN") == "write":
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize("theme", ["textual-light", "ansi-dark", "ansi-light"])
async def test_a_theme_changes_no_sign_on_the_screen(open_app, screen_text, theme):
    """What the colours tell stands there in signs as well, so every theme shows the same text."""
    app = open_app("demons")
    app.theme = theme
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        await pilot.press(*SCREENS["lab"][1])
        await pilot.pause()
        assert "\n".join(screen_text(app)) + "\n" == (FOLDER / "lab-120x36.txt").read_text("utf-8")
