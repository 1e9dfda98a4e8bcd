"""The app in a terminal of the test's own, without files of the person who runs the tests."""

import asyncio

import pytest

from nnsim.experiments import load
from nnsim.lab import Lab


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    """Settings go into a folder of the test; the theme is Textual's own unless a test says so."""
    monkeypatch.setattr("nnsim.tui.settings._path", lambda: tmp_path / "config" / "settings.json")
    monkeypatch.setattr(
        "nnsim.tutor.progress.default_path", lambda: tmp_path / "data" / "progress.jsonl"
    )
    monkeypatch.delenv("TEXTUAL_THEME", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture(autouse=True)
def flat_out(monkeypatch):
    """Training that a key starts goes as fast as it can, unless a test chooses a pace."""
    monkeypatch.setattr("nnsim.tui.screens.lab_training.TrainingScreen.UNHURRIED", None)


@pytest.fixture
def open_app():
    """Make an app at an experiment (Home without one)."""
    from nnsim.tui.app import NnsimApp

    def make(target=None, **options):
        lab = None if target is None else Lab(load(target), load=load)
        return NnsimApp(lab, **options)

    return make


@pytest.fixture
def screen_text():
    """The screen as text, as the compositor would draw it."""

    def text(app) -> list[str]:
        from textual.geometry import Region

        width, height = app.size
        lines = app.screen._compositor.render_strips()
        assert Region(0, 0, width, height).height == len(lines)
        return ["".join(segment.text for segment in strip).rstrip() for strip in lines]

    return text


@pytest.fixture
def no_waiting_for_idle(monkeypatch):
    """Pilot waits 20 ms or more around each event; here it gives way and goes on."""

    async def give_way(*_args: float) -> None:
        await asyncio.sleep(0.001)

    monkeypatch.setattr("textual.app.wait_for_idle", give_way)
    monkeypatch.setattr("textual.pilot.wait_for_idle", give_way)
