"""The language chosen in the app, and what of Textual's own speaks it."""

from __future__ import annotations

import pytest
from textual.command import CommandInput, CommandList

from nnsim.cli.start import choose_language
from nnsim.i18n import current_language, set_language
from nnsim.tui import settings
from nnsim.tui.palette import Palette
from nnsim.tui.screens.frame import StatusLine
from nnsim.tui.screens.home import LessonList


@pytest.fixture(autouse=True)
def english_again():
    yield
    set_language("en")


async def test_on_home_alone_it_takes_effect_at_once(open_app, screen_text):
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("l")
        await pilot.pause()
        assert current_language() == "zh"
        assert settings.load()["language"] == "zh"
        shown = "\n".join(screen_text(app))
        assert "课程" in shown
        assert "张量与图像" in shown
        assert "Lessons" not in shown
        assert isinstance(app.focused, LessonList)
        await pilot.press("l")
        await pilot.pause()
        assert current_language() == "en"
        assert "Tensors and images" in "\n".join(screen_text(app))
    assert choose_language([], {"LANG": "zh_CN.UTF-8"}) == "en"  # as it was chosen last


async def test_with_a_bench_open_it_waits_for_the_next_start(open_app):
    app = open_app("demons")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("escape")
        await pilot.pause()
        await pilot.press("l")
        await pilot.pause()
        assert current_language() == "en"
        said = app.screen.query_one(StatusLine).text
        assert said == "中文: from the next start on · 中文：下次启动时生效"
    assert choose_language([], {}) == "zh"


async def test_a_choice_that_cannot_be_kept_is_told(open_app, tmp_path):
    (tmp_path / "config").write_text("a file where the folder should be")
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("l")
        await pilot.pause()
        assert current_language() == "en"
        assert "could not be kept" in app.screen.query_one(StatusLine).text


async def test_textuals_own_commands_speak_chinese(open_app):
    set_language("zh")
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()
        assert isinstance(app.screen, Palette)
        assert app.screen.query_one(CommandInput).placeholder == "搜索命令……"
        options = app.screen.query_one(CommandList)._options
        names = [option.hit.text for option in options]
        assert "主题" in names
        assert "Language: English" in names
        for option in options:
            assert option.hit.help.isascii() is False, option.hit.text


async def test_from_the_palette_over_a_bench(open_app):
    app = open_app("demons")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("ctrl+p", *"Language")
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        if isinstance(app.screen, Palette):  # the first Enter took the hit, the second runs it
            await pilot.press("enter")
            await pilot.pause()
        assert "下次启动时生效" in app.screen.query_one(StatusLine).text
        assert settings.load() == {"language": "zh"}
