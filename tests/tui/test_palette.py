"""The command palette: every command of the bench, run or opened in the command line."""

from nnsim.lab import COMMANDS
from nnsim.tui.palette import BenchCommands
from nnsim.tui.screens.bar import CommandBar
from nnsim.tui.screens.lab import LabScreen


async def test_the_palette_offers_every_command(open_app):
    app = open_app("demons")
    async with app.run_test(size=(80, 24)):
        provider = BenchCommands(app.screen)
        offered = [hit.text async for hit in provider.discover()]
        assert offered == [command.usage for command in COMMANDS.values()]
        found = [hit.text async for hit in provider.search("weight")]
        assert "set ADDRESS VALUE" in found


async def test_brackets_in_a_usage_are_no_markup(open_app, screen_text):
    app = open_app("demons")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()
        await pilot.press(*"undo [")
        await pilot.pause()
        assert any("undo [N]" in line for line in screen_text(app))


async def run_from_palette(pilot, words):
    await pilot.press("ctrl+p")
    await pilot.pause()
    await pilot.press(*words)
    await pilot.pause()
    await pilot.press("down", "enter")
    await pilot.pause()


async def test_a_command_that_needs_no_more_runs_at_once(open_app):
    app = open_app("demons")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("space")
        await run_from_palette(pilot, "blank the input")
        assert isinstance(app.screen, LabScreen)
        assert not app.screen.lab.input.any()


async def test_a_command_that_needs_words_opens_the_line(open_app):
    app = open_app("demons")
    async with app.run_test(size=(80, 24)) as pilot:
        await run_from_palette(pilot, "paint ROWS")
        assert app.screen.query(CommandBar)
        assert app.screen.query_one("CommandInput").value == "paint "


async def test_quick_clicks_beside_the_palette_close_only_the_palette(open_app):
    for target in (None, "demons"):
        app = open_app(target)
        async with app.run_test(size=(120, 36)) as pilot:
            first = app.screen
            await pilot.press("ctrl+p")
            await pilot.pause()
            palette = app.screen
            for _click in range(3):  # as they come when none waits for the one before
                palette.dismiss()
            await pilot.pause()
            assert app.screen is first
            assert app.is_running
