"""Keys that come in a burst do what they would do one by one."""

import asyncio

from textual import events

from nnsim.tui.key_queue import PATIENCE
from nnsim.tui.panels.network import NetworkDiagram
from nnsim.tui.panels.train import TrainPanel
from nnsim.tui.screens.bar import CommandBar


async def burst(app, pilot, *keys):
    """Send keys as a terminal does that has them all at once."""
    for key in keys:
        char = CHARACTERS.get(key, key if len(key) == 1 else None)
        app.post_message(events.Key(key, char))
    await asyncio.sleep(0.8)
    await pilot.pause()


CHARACTERS = {
    "space": " ",
    "full_stop": ".",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "colon": ":",
}
NAMES = {char: name for name, char in CHARACTERS.items()}


def typed(line: str) -> list[str]:
    return [NAMES.get(c, c) for c in line]


async def test_a_command_typed_in_one_go_is_a_command(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        await pilot.press("5")  # the Train panel, where r and T are keys
        await burst(app, pilot, "colon", *typed("rate 0.5"), "enter")
        assert lab.trainer.learning_rate == 0.5
        assert lab.trainer.epoch == 100
        assert not app.screen.query(CommandBar)


async def test_brackets_typed_in_one_go_are_no_keys(open_app):
    app = open_app("demons")
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        await burst(app, pilot, "colon", *typed("set hidden[2].b 0.5"), "enter")
        assert lab.read("hidden[2].b") == 0.5
        assert lab.sample is None


async def test_keys_behind_a_panel_s_number_belong_to_that_panel(open_app):
    app = open_app("demons")
    async with app.run_test(size=(120, 36)) as pilot:
        lab = app.screen.lab
        await burst(app, pilot, "space", "right", "space", "2", "down", "o", "5", "T")
        assert lab.input[:3].tolist() == [1, 1, 0]
        assert app.screen.query_one(NetworkDiagram).mode == "overview"
        assert str(lab.focus) == "hidden[2].z"
        assert isinstance(app.focused, TrainPanel)
        assert lab.trainer.epoch == 1


async def test_many_keys_in_a_burst_all_arrive(open_app):
    app = open_app("demons")
    async with app.run_test(size=(80, 24)) as pilot:
        await burst(app, pilot, *["space", "right"] * 2, "space", "down", *["space", "left"] * 3)
        assert app.screen.lab.input[:6].tolist() == [1, 1, 1, 1, 1, 1]


async def test_keys_behind_a_line_belong_to_the_bench_again(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        await burst(app, pilot, "colon", *typed("rate 0.5"), "enter", "space", "right", "space")
        assert lab.trainer.learning_rate == 0.5
        assert lab.input[:3].tolist() == [1, 1, 0]
        await burst(app, pilot, "colon", *typed("rate"), "escape", "right", "space")
        assert lab.input[:3].tolist() == [1, 1, 1]
        await burst(app, pilot, "colon", *typed("rate x"), "enter", "backspace", "1", "enter", "6")
        assert lab.trainer.learning_rate == 1
        assert app.screen.panels.chosen == "data"


async def test_keys_wait_for_the_line_though_one_before_it_was_slow(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        app.hold_keys()
        await pilot.pause(3 * PATIENCE)
        app.hold_keys()  # another line is about to open
        await pilot.pause(2 * PATIENCE)
        assert app._keys_held  # the patience with the first has nothing to do with it
        await pilot.pause(3 * PATIENCE)
        assert not app._keys_held
