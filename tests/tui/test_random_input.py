"""Random keys and mouse events from fixed seeds: whatever a person does, nothing breaks."""

import asyncio
import random

import numpy as np
import pytest

from nnsim.tui.terminal import LEAST_COLUMNS

SIZES = [(60, 20), (80, 24), (120, 36), (200, 60)]
KEYS = [
    *"hjkl", "left", "right", "up", "down", "home", "end", "pageup", "pagedown", "tab",
    "shift+tab", "space", "enter", "escape", "backspace", "delete", *"123456", *"cueoUtTyr",
    "left_square_bracket", "right_square_bracket", "colon", "question_mark", "ctrl+p",
    *"0123456789", "full_stop", "comma", "minus", "plus", *"wsmbwsm",
]  # fmt: skip
TYPED = [
    "paint 111/101/101/111",
    "sample 3",
    "set hidden[1].b 1e6",
    "train 2",
    "undo 3",
    "nonsense",
]
TYPED += ["forward term", "backward", "next 20", "focus cost", "focus output[1].delta"]


pytestmark = pytest.mark.usefixtures("hasty")


async def press_at_random(app, size, seed, events):
    """Send keys, clicks, drags, resizes and commands; the bench must stay sound all the while."""
    rng = random.Random(seed)
    async with app.run_test(size=size) as pilot:
        for _event in range(events):
            kind = rng.random()
            if kind < 0.75:
                await pilot.press(rng.choice(KEYS))
            elif kind < 0.93:
                width, height = app.size
                spot = (rng.randrange(width), rng.randrange(height))
                await pilot.mouse_down(offset=spot, button=rng.choice([1, 3]))
                if rng.random() < 0.5:
                    spot = (rng.randrange(width), rng.randrange(height))
                    await pilot.hover(offset=spot)
                await pilot.mouse_up(offset=spot)
            elif kind < 0.96:
                await pilot.resize_terminal(*rng.choice([*SIZES, size, size, (30, 8)]))
                await asyncio.sleep(0.1)  # Pilot refuses to click before the new layout stands
            elif hasattr(app.screen, "execute"):
                app.screen.execute(rng.choice(TYPED))
            await pilot.pause()
            if app.return_code is not None or not app.is_running:
                break  # it found the key to leave; that is allowed
        await pilot.resize_terminal(*size)
        await pilot.pause()
        labs = [s.lab for s in app._installed_screens.values() if hasattr(s, "lab")]
        assert labs
        for lab in labs:
            assert np.isfinite(lab.input).all()
            assert lab.view.input.size == lab.input.size
        assert app.size.width >= LEAST_COLUMNS


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("target", ["digits-4x3"])
async def test_random_events_on_pixels(open_app, size, target):
    await press_at_random(open_app(target), size, seed=sum(size), events=40)


@pytest.mark.parametrize("target", ["spiral", "curve"])
async def test_random_events_on_plots(open_app, target):
    await press_at_random(open_app(target), (120, 36), seed=7, events=30)


@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_ten_thousand_random_events(open_app, size):
    for seed in range(10):
        await press_at_random(open_app("demons"), size, seed, events=1000)
