"""Keys and commands that keep: sessions, and pictures of the screen."""

import os
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from nnsim.tui.app import NnsimApp
from nnsim.tui.screens.bar import CommandBar
from nnsim.tui.screens.frame import StatusLine
from nnsim.tui.sessions import open_session
from tests.tui.conftest import until

SIZE = (120, 36)


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """Files come into a folder of the test."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def said(app):
    return app.screen.query_one(StatusLine).text


def refused(app):
    return str(app.screen.query_one("#bar-help").render())


async def type_line(pilot, line):
    await pilot.press("colon")
    await pilot.pause()
    pilot.app.focused.value = line
    await pilot.press("enter")
    await pilot.pause()


def reopen(name):
    opened = open_session(name)
    return NnsimApp(opened.lab, session=(name, opened.panel))


async def test_s_asks_for_a_name_once_and_saves_to_it_from_then_on(open_app, own_folder):
    app = open_app("digits-4x3")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("s")
        await pilot.pause()
        assert app.focused.value == "save digits-4x3.nnsim"
        assert not list(own_folder.iterdir())
        await pilot.press("enter")
        await pilot.pause()
        assert said(app).startswith("saved, ")
        assert "nnsim digits-4x3.nnsim opens it" in said(app)
        app.screen.execute("set hidden[1].b 0.25")
        await pilot.press("s")
        await pilot.pause()
        assert "saved" in said(app)
        assert [p.name for p in own_folder.iterdir()] == ["digits-4x3.nnsim"]
    assert open_session("digits-4x3.nnsim").lab.read("hidden[1].b") == 0.25


async def test_the_name_that_is_offered_is_never_one_that_is_there(open_app, own_folder):
    (own_folder / "digits-4x3.nnsim").write_text("mine")
    app = open_app("digits-4x3")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("s")
        await pilot.pause()
        assert app.focused.value == "save digits-4x3-2.nnsim"
        await pilot.press("escape")
    assert (own_folder / "digits-4x3.nnsim").read_text() == "mine"


async def test_it_opens_where_it_was_left(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=SIZE) as pilot:
        for line in ("sample 5", "forward term", "next 4", "focus hidden[2].w[3]"):
            app.screen.execute(line)
            await pilot.pause()
        await pilot.press("4")
        await pilot.pause()
        await type_line(pilot, "save here")
        assert "nnsim here.nnsim opens it" in said(app)
        lab = app.screen.lab
    app = reopen("here.nnsim")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert app.screen.panels.chosen == "backward"
        other = app.screen.lab
        assert (other.sample, other.walk_place) == (lab.sample, lab.walk_place)
        assert str(other.focus) == "hidden[2].w[3]"
        assert "opened as it was saved, at epoch 100" in said(app)
        np.testing.assert_array_equal(other.output, lab.output)
        # s goes to the file that it came from, without asking.
        await type_line(pilot, "rate 0.5")
        await pilot.press("ctrl+s")  # where s is another key, of the walk
        await pilot.pause()
        assert "here.nnsim" in said(app)
    assert open_session("here.nnsim").lab.trainer.learning_rate == 0.5


async def test_another_file_is_written_over_only_with_a_sign(open_app, own_folder):
    notes = own_folder / "notes.txt"
    notes.write_text("mine")
    app = open_app("digits-4x3")
    async with app.run_test(size=SIZE) as pilot:
        await type_line(pilot, "save notes.txt")
        assert "save notes.txt ! writes over it" in refused(app)
        assert notes.read_text() == "mine"
        await pilot.press("escape")
        await type_line(pilot, "save notes.txt !")
        assert "saved" in said(app)
    assert open_session("notes.txt").lab.experiment.id == "digits-4x3"


async def test_names_with_spaces_and_quotes(open_app, own_folder):
    app = open_app("digits-4x3")
    async with app.run_test(size=SIZE) as pilot:
        await type_line(pilot, 'save "my two digits"')
        assert "nnsim 'my two digits.nnsim' opens it" in said(app)
    assert (own_folder / "my two digits.nnsim").is_file()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("save", "give a name: save digits-4x3.nnsim"),
        ("save none/here.nnsim", "there is no folder none"),
        ("save .", "folder"),
        ("save folder", "this is a folder"),
        ("save folder.nnsim !", "this is a folder"),
        ("save /dev/null!", "no ordinary file"),
        ("save /dev/full !", "no ordinary file"),
        ("save " + "x" * 300, "can't be written"),
        ('save ""', "say it like this"),
        ("save !", "say it like this"),
    ],
)
async def test_what_can_not_be_saved_to(open_app, own_folder, line, words):
    (own_folder / "folder.nnsim").mkdir()
    app = open_app("digits-4x3")
    async with app.run_test(size=SIZE) as pilot:
        before = app.screen.lab.network.parameters.copy()
        await type_line(pilot, line)
        assert words in refused(app)
        np.testing.assert_array_equal(app.screen.lab.network.parameters, before)
    assert [p.name for p in own_folder.iterdir()] == ["folder.nnsim"]


async def test_a_full_disk(open_app, own_folder, monkeypatch):
    app = open_app("digits-4x3")
    async with app.run_test(size=SIZE) as pilot:
        await type_line(pilot, "save my.nnsim")
        before = (own_folder / "my.nnsim").read_bytes()
        app.screen.execute("set hidden[1].b 7")

        def full(*_args):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        await pilot.press("s")
        await pilot.pause()
        assert "No space left on device" in said(app)
        monkeypatch.undo()
        os.chdir(own_folder)
        assert [p.name for p in own_folder.iterdir()] == ["my.nnsim"]
        assert (own_folder / "my.nnsim").read_bytes() == before
        assert app.screen.lab.read("hidden[1].b") == 7
        await pilot.press("s")
        await pilot.pause()
    assert open_session("my.nnsim").lab.read("hidden[1].b") == 7


async def test_a_circuit_that_is_up_is_not_kept_and_that_is_said(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=SIZE) as pilot:
        app.screen.lab.run('circuit "x*y" x=2 y=3')
        await type_line(pilot, "save c")
        assert "the circuit is not kept" in said(app)
    assert open_session("c.nnsim").lab.circuit is None


async def test_another_experiment_on_the_bench_is_another_session(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=SIZE) as pilot:
        await type_line(pilot, "save first")
        app.screen.execute("experiment demons")
        await pilot.pause()
        await pilot.pause()
        await pilot.press("s")
        await pilot.pause()
        assert app.focused.value == "save demons.nnsim"
        await pilot.press("escape")
    assert open_session("first.nnsim").lab.experiment.id == "digits-4x3"


async def test_an_experiment_that_is_opened_anew_is_another_session(open_app, own_folder):
    app = open_app("digits-4x3")
    async with app.run_test(size=SIZE) as pilot:

        async def run(*lines):
            for line in lines:
                await type_line(pilot, line)
                await pilot.pause()

        await run("save mine.nnsim")
        kept = (own_folder / "mine.nnsim").read_bytes()
        await run("experiment line", "experiment digits-4x3", "save")
        assert app.screen.query(CommandBar)  # refused: it asks for a name
        await pilot.press("escape")
        assert (own_folder / "mine.nnsim").read_bytes() == kept
        assert list(own_folder.glob("*.nnsim")) == [own_folder / "mine.nnsim"]
        assert app.screen.lab.experiment.id == "digits-4x3"
        await run("undo", "undo", "remove 1", "save")
        assert (own_folder / "mine.nnsim").read_bytes() != kept


async def test_saving_while_it_trains(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=SIZE):
        app.screen.execute("save run")
        app.screen.execute("train 1000000")
        await until(lambda: app.screen.lab.trainer.epoch > 100)
        app.screen.execute("save")
        assert app.screen.training.live is not None
        app.screen.training.stop()
    lab = open_session("run.nnsim").lab
    assert lab.trainer.epoch > 100
    assert lab.timeline.run.last == lab.trainer.epoch
    assert "epoch" in lab.run("train 3")


# Leaving -----------------------------------------------------------------------------------------


async def test_quitting_asks_nothing_where_nothing_was_kept_or_changed(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=SIZE) as pilot:
        app.screen.execute("set hidden[1].b 1")
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert app._exit
    app = open_app("digits-4x3")
    async with app.run_test(size=SIZE) as pilot:
        app.screen.execute("save my")
        app.screen.execute("sample 3")
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert app._exit


async def test_quitting_with_changes_asks_once(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=SIZE) as pilot:
        app.screen.execute("save my")
        app.screen.execute("set hidden[1].b 1")
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert not app._exit
        (warning,) = app._notifications
        assert warning.message.startswith("my.nnsim has changes that are not saved")
        await pilot.press("ctrl+q")
        await pilot.pause()
        assert app._exit


# Pictures ----------------------------------------------------------------------------------------


async def test_a_picture_of_every_screen(open_app, own_folder):
    app = open_app()
    async with app.run_test(size=(80, 24)) as pilot:
        for keys in ([], ["question_mark"], ["escape", "c"], ["o"], ["escape"]):
            await pilot.press(*keys, "P")
            await pilot.pause()
    found = sorted(own_folder.iterdir())
    assert [p.name for p in found] == [f"nnsim-{n}.svg" for n in range(1, 6)]
    for picture in found:
        assert ET.parse(picture).getroot().tag.endswith("svg")
    assert len({p.read_bytes() for p in found}) >= 4


async def test_where_the_picture_is_is_said_and_none_is_written_over(open_app, own_folder):
    (own_folder / "nnsim-1.svg").write_text("mine")
    app = open_app("digits-4x3")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("P")
        await pilot.pause()
        (note,) = app._notifications
        assert str(own_folder / "nnsim-2.svg") in note.message
        assert not note.markup
    assert (own_folder / "nnsim-1.svg").read_text() == "mine"


async def test_capitals_that_are_typed_are_no_pictures(open_app, own_folder):
    app = open_app("digits-4x3")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("colon", "P", "P")
        await pilot.pause()
        assert app.focused.value == "PP"
    assert not list(own_folder.iterdir())


def drawn(path):
    return "".join(ET.parse(path).getroot().itertext())


async def test_a_picture_in_ascii(open_app, own_folder):
    app = open_app("digits-4x3", ascii_only=True)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("P")
        await pilot.pause()
    text = drawn(own_folder / "nnsim-1.svg").replace("\xa0", " ")
    assert text.isascii()
    assert "hidden" in text


async def test_a_picture_that_can_not_be_written(open_app, own_folder, monkeypatch):
    app = open_app("digits-4x3")

    def full(*_args):
        raise OSError(28, "No space left on device")

    async with app.run_test(size=SIZE) as pilot:
        monkeypatch.setattr(os, "fsync", full)
        await pilot.press("P")
        await pilot.pause()
        (note,) = app._notifications
        assert note.severity == "error"
        assert "No space left on device" in note.message
    assert not list(own_folder.iterdir())


async def test_a_folder_of_others(open_app, tmp_path, monkeypatch):
    pictures = tmp_path / "home" / "Pictures"
    monkeypatch.setattr("platformdirs.user_pictures_path", lambda: pictures)
    monkeypatch.setattr("nnsim.tui.app.os.access", lambda *_args: False)
    app = open_app("digits-4x3")
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("P")
        await pilot.pause()
    assert [p.name for p in pictures.iterdir()] == ["nnsim-1.svg"]
    assert not list(Path().iterdir())
