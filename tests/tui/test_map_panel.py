"""The map of all forms as a person uses it: keys and mouse in, cursor, bench and screen out."""

import random

import numpy as np
import pytest
from textual.events import MouseScrollUp
from textual.geometry import Offset

from nnsim.lab.hiding import Hidden
from nnsim.lab.reading.beliefs import Layout, beliefs
from nnsim.lab.reading.samples import stories
from nnsim.tui.panels.map.forms import MapPanel
from nnsim.tui.panels.panel import Panel
from tests.tui.conftest import until


async def opened(pilot, *keys) -> MapPanel:
    await pilot.pause()
    await pilot.press("7")
    panel = pilot.app.screen.query_one(MapPanel)
    await until(lambda: panel.shown is not None and pilot.app.focused is panel)
    await pilot.press(*keys)
    await pilot.pause()
    return panel


def lines(panel) -> list[str]:
    return [panel.render_line(y).text for y in range(panel.content_size.height)]


def side(panel) -> str:
    return "\n".join(line[panel.map_width :].strip() for line in lines(panel))


async def test_the_cursor_names_a_form_and_what_the_network_says(open_app):
    async with open_app("demons").run_test(size=(120, 36)) as pilot:
        panel, lab = await opened(pilot), pilot.app.screen.lab
        assert panel.cursor == 0
        await pilot.press("down", "l", "right", "j", "left", "k")
        layout = Layout.of(12)
        assert layout.place(panel.cursor) == (1, 1)
        form = int("000001" + "000001", 2)  # Gray code 1 both ways
        assert panel.cursor == form
        lab.run("paint 000/001/000/001")
        output = lab.output
        text = side(panel)
        assert f"form {form + 1}" in text
        assert f"reads {lab.experiment.classes[int(output.argmax())]}" in text
        assert f"sure {abs(output[0] - output[1]):.3f}" in text


async def test_enter_opens_the_form_on_the_bench_and_undo_takes_it_back(open_app):
    async with open_app("demons").run_test(size=(80, 24)) as pilot:
        panel, lab = await opened(pilot, "end", "pagedown"), pilot.app.screen.lab
        form = panel.cursor
        await pilot.press("enter")
        await until(lab.input.any)
        assert lab.input.tolist() == [float(d) for d in f"{form:012b}"]
        assert lab.sample is None
        await until(lambda: panel._input == lab.input.tobytes())
        await pilot.press("u")
        await until(lambda: panel.cursor == 0)  # it follows the input
        assert not lab.input.any()


async def test_an_image_of_the_data_is_opened_as_such(open_app):
    async with open_app("demons").run_test(size=(120, 36)) as pilot:
        panel, lab = await opened(pilot, "i"), pilot.app.screen.lab
        first = lab.experiment.data.inputs[0]
        assert panel.cursor == int("".join(str(int(p)) for p in first), 2)
        assert "training image 1" in side(panel)
        await pilot.press("enter")
        await until(lambda: lab.sample is not None)
        assert lab.sample == 0
        assert lab.target is not None


async def test_the_cursor_follows_the_input_when_that_changes(open_app):
    async with open_app("demons").run_test(size=(120, 36)) as pilot:
        panel, lab = await opened(pilot, "down", "down"), pilot.app.screen.lab
        here = panel.cursor
        pilot.app.screen.execute("focus output[1].a")
        await pilot.pause()
        assert panel.cursor == here  # the input is the same
        assert panel.address() is None
        pilot.app.screen.execute("paint 111/101/101/111")
        await until(lambda: panel.cursor == 0b111101101111)
        assert panel.address() == f"output[{lab.prediction + 1}].a"


async def test_images_borders_and_the_least_sure_in_turn(open_app):
    async with open_app("digits-4x3").run_test(size=(120, 36)) as pilot:
        panel, lab = await opened(pilot), pilot.app.screen.lab
        seen = []
        for _image in range(65):
            await pilot.press("i")
            seen.append(panel.cursor)
        data = lab.experiment.data.inputs
        forms = [int("".join(str(int(p)) for p in picture), 2) for picture in data]
        assert seen[:64] == forms
        assert seen[64] == forms[0]
        await pilot.press("I")
        assert panel.cursor == forms[-1]
        found = beliefs(lab)
        order = np.argsort(found.sureness, kind="stable")
        await pilot.press("m")
        assert panel.cursor == order[0]
        await pilot.press("m")
        assert panel.cursor == order[1]
        places = [found.layout.place(f) for f in np.flatnonzero(found.boundary).tolist()]
        here = found.layout.place(panel.cursor)
        await pilot.press("b")
        assert found.layout.place(panel.cursor) == min(p for p in places if p > here)
        await pilot.press("B", "B")
        assert found.layout.place(panel.cursor) in places
        assert found.layout.place(panel.cursor) <= here


async def test_wrong_images_in_turn(open_app):
    async with open_app("overfit").run_test(size=(120, 36)) as pilot:
        panel, lab = await opened(pilot), pilot.app.screen.lab
        said = lab.network.forward(lab.experiment.data.inputs).argmax(axis=1)
        wrong = said != lab.experiment.data.targets.argmax(axis=1)
        forms = [
            int("".join(str(int(p)) for p in picture), 2)
            for picture in lab.experiment.data.inputs[wrong]
        ]
        assert len(forms) > 2
        seen = []
        for _image in forms:
            await pilot.press("x")
            seen.append(panel.cursor)
        assert sorted(seen) == sorted(forms)
        assert f"× {len(forms)} images wrong" in side(panel)


async def test_the_window_follows_the_cursor_and_the_wheel_moves_it(open_app):
    async with open_app("demons").run_test(size=(80, 24)) as pilot:
        panel = await opened(pilot)
        columns, seen = panel.seen
        assert (columns, seen) == (32, 18)
        assert panel.border_subtitle == "rows 1–36 of 64, columns 1–32 of 64"
        await pilot.press("end")
        assert panel.left == 32
        await pilot.press("pagedown", "pagedown")
        assert panel.border_subtitle == "rows 29–64 of 64, columns 33–64 of 64"
        row, column = Layout.of(12).place(panel.cursor)
        assert (row, column) == (63, 63)
        assert panel.render_line(17).text[31] == "▼"
        await pilot._post_mouse_events(
            [MouseScrollUp],
            panel, offset=Offset(4, 4), button=0,
        )  # fmt: skip
        await pilot.pause()
        assert panel.top == 11
        assert Layout.of(12).place(panel.cursor) == (63, 63)
        await pilot.press("home")
        assert Layout.of(12).place(panel.cursor) == (63, 0)


async def test_a_click_moves_the_cursor_and_another_opens_the_form(open_app):
    async with open_app("demons").run_test(size=(120, 36)) as pilot:
        panel, lab = await opened(pilot), pilot.app.screen.lab
        layout = Layout.of(12)
        await pilot.click(panel, offset=(1 + 5, 1 + 3))
        assert panel.cursor == layout.form[6, 5]
        await pilot.pause(0.6)  # not a double click
        await pilot.click(panel, offset=(1 + 5, 1 + 3))
        assert panel.cursor == layout.form[7, 5]  # the cell holds two forms
        await pilot.pause(0.6)
        await pilot.click(panel, offset=(1 + 5, 1 + 3))
        await until(lambda: layout.number(lab.input) == layout.form[7, 5])


async def test_counts_and_marks_without_colour(open_app, monkeypatch):
    """Each form is a sign of its class; where the network isn't sure, a small one."""
    monkeypatch.setenv("NO_COLOR", "1")
    app = open_app("digits-4x3")
    app.theme = "ansi-dark"
    async with app.run_test(size=(120, 36)) as pilot:
        panel, lab = await opened(pilot), pilot.app.screen.lab
        found, layout = beliefs(lab), Layout.of(12)
        data = lab.experiment.data
        marks = {}
        for inputs, sign in ((data.test_inputs, "○"), (data.inputs, "●")):
            for picture in inputs:
                marks[int("".join(str(int(p)) for p in picture), 2)] = sign
        assert panel.seen == (64, 30)
        for y, line in enumerate(lines(panel)):
            for x in range(64):
                form = int(layout.form[y, x])
                first, second = found.outputs[form]
                letter, small = ("0", "·") if first >= second else ("1", ":")
                sure = abs(first - second) * 6 >= 2  # six steps; from the third on it is sure
                assert line[x] == marks.get(form, letter if sure else small)
        text = side(panel)
        zeros = int((found.outputs[:, 0] >= found.outputs[:, 1]).sum())
        assert f"0 0{zeros:>13}" in text
        assert f"mean sure {np.abs(np.diff(found.outputs)).mean():.3f}" in text
        assert "● 64 images right" in text
        assert "○ 16 test right" in text


async def test_signs_and_colours_say_the_same(open_app):
    async with open_app("digits-4x3").run_test(size=(120, 36)) as pilot:
        panel = await opened(pilot)
        assert set("".join(line[:64] for line in lines(panel))) <= set("█▀●○:▲×+")
        await pilot.press("v")
        assert set("".join(line[:64] for line in lines(panel))) <= set("01·:●○×+")
        await pilot.press("v")
        assert "▀" in lines(panel)[3]


async def test_ascii_alone_has_a_map_too(open_app, screen_text):
    async with open_app("digits-4x3", ascii_only=True).run_test(size=(80, 24)) as pilot:
        await opened(pilot, "i")
        text = "\n".join(screen_text(pilot.app))
        assert text.isascii()
        assert "* 64 images right" in text
        assert "0000" in text


async def test_the_map_is_of_the_epoch_on_the_bench(open_app):
    async with open_app("digits-4x3").run_test(size=(120, 36)) as pilot:
        panel, screen = await opened(pilot), pilot.app.screen
        trained = panel.shown.beliefs
        screen.execute("rewind 0")
        await until(lambda: panel.shown.beliefs is not trained)
        lab = screen.lab
        assert np.array_equal(
            panel.shown.beliefs.outputs, lab.network.forward(Layout.of(12).pictures)
        )
        assert f"mean sure {panel.shown.beliefs.mean_sureness:.3f}" in side(panel)


async def test_while_it_trains_the_last_state_is_shown_in_the_end(open_app):
    async with open_app("digits-4x3").run_test(size=(120, 36)) as pilot:
        panel, lab = await opened(pilot), pilot.app.screen.lab
        for _frame in range(6):  # faster than it may draw
            lab.run("train 1")
            panel.show(pilot.app.screen.showing.scene())
        await until(lambda: panel.shown.beliefs is beliefs(lab))
        assert np.array_equal(
            panel.shown.beliefs.outputs, lab.network.forward(Layout.of(12).pictures)
        )


async def test_the_list_of_training_images_and_their_stories(open_app):
    async with open_app("digits-4x3").run_test(size=(120, 36)) as pilot:
        panel, lab = await opened(pilot, "f"), pilot.app.screen.lab
        lab.run("rate 1.2")
        lab.run("train 20")
        panel.show(pilot.app.screen.showing.scene())
        await until(lambda: panel.shown.stories is stories(lab))
        told = {story.sample: story for story in stories(lab).samples}
        order = sorted(told.values(), key=lambda s: -s.forgotten)
        text = lines(panel)
        assert text[0].split()[:6] == ["image", "is", "right", "from", "forgotten", "now"]
        counts = [int(line.split()[3]) for line in text[1:20]]
        assert counts == [story.forgotten for story in order[:19]]
        for line in text[1:20]:
            number, is_, first, lost, now = line[: panel.map_width].split()
            story = told[int(number) - 1]
            assert first == ("never" if story.first_right is None else str(story.first_right))
            assert (int(lost), now) == (story.forgotten, "right" if story.right else "wrong")
            assert is_ == lab.experiment.classes[int(lab.experiment.data.labels[story.sample])]
        await pilot.press("home", "down", "enter")
        await until(lambda: lab.sample == int(text[2].split()[0]) - 1)
        await pilot.press("o", "o", "home")  # in the order of the data
        assert [int(line.split()[0]) for line in lines(panel)[1:10]] == list(range(1, 10))
        await pilot.press("f")
        assert "image" not in lines(panel)[0]  # the map again


async def test_other_shapes_fit_larger_cells(open_app):
    async with open_app("left-half").run_test(size=(120, 36)) as pilot:
        panel = await opened(pilot, "i")
        assert panel.seen == (16, 16)
        assert "form 205" in side(panel)  # 1100/1100 is 204, counted from 1
        assert "is left · right" in side(panel)
        await pilot.press("end", "pagedown")
        assert Layout.of(8).place(panel.cursor) == (15, 15)


async def test_another_experiment_on_the_bench_without_a_map_says_so(open_app):
    async with open_app("demons").run_test(size=(120, 36)) as pilot:
        panel = await opened(pilot)
        pilot.app.screen.execute("experiment xor")
        await pilot.pause()
        if panel.is_attached:
            assert "at most 12 pixels" in lines(panel)[0]
            await pilot.press("down", "i", "m", "b", "f", "o", "enter", "x", "v", "home")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (100, 60), (200, 60)])
async def test_it_is_laid_out_at_every_size(open_app, size):
    async with open_app("digits-4x3").run_test(size=size) as pilot:
        panel = await opened(pilot, "i")
        width = panel.content_size.width
        assert all(len(line) == width for line in lines(panel))
        if panel.side_width:
            assert "training image 1" in side(panel)
        await pilot.resize_terminal(120, 36)
        await until(lambda: panel.seen == (64, 30))


async def test_what_a_lesson_asks_for_is_not_told(open_app, monkeypatch):
    async with open_app("demons").run_test(size=(120, 36)) as pilot:
        panel = await opened(pilot)
        assert "reads ?" not in side(panel)
        monkeypatch.setattr(
            type(pilot.app.screen),
            "hidden",
            property(lambda screen: Hidden.of(screen.lab, ["output[1].a"])),
        )
        panel.show(pilot.app.screen.showing.scene())
        assert "reads ?" in side(panel)
        assert "sure ?" in side(panel)
        await pilot.press("right")
        assert "reads ?" not in side(panel)  # another form than the one on the bench


KEYS = [
    *"hjkl", "left", "right", "up", "down", "home", "end", "pageup", "pagedown", "enter", *"iIxbBm",
    *"fovdD", "7", "u", "c", "left_square_bracket", "right_square_bracket", "z",
]  # fmt: skip


@pytest.mark.parametrize("name", ["overfit", "left-half", "digits-8x8-cnn", "rgb-4x4", "score"])
@pytest.mark.parametrize("turns", [60, pytest.param(1000, marks=pytest.mark.slow)])
async def test_nothing_that_is_pressed_breaks_it(open_app, name, turns, hasty):
    rng = random.Random(5)
    async with open_app(name).run_test(size=(80, 24)) as pilot:
        screen = pilot.app.screen
        await pilot.press("7")
        await pilot.pause()
        panel = pilot.app.screen.query(Panel).last()
        for turn in range(turns):
            await pilot.press(rng.choice(KEYS))
            if turn % 9 == 0:
                place = panel.region.offset + Offset(rng.randrange(1, 30), rng.randrange(1, 10))
                await pilot.mouse_down(offset=place)
                await pilot.mouse_up(offset=place)
            if turn % 17 == 0:
                screen.execute(rng.choice(["train 1", "rewind 0", "undo", "clear", "seed 4"]))
            if turn % 40 == 0:
                await pilot.resize_terminal(*rng.choice([(60, 20), (80, 24), (120, 36)]))
            screen.why.close()
            await pilot.pause()
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        width = panel.content_size.width
        assert all(
            panel.render_line(y).cell_length == width for y in range(panel.content_size.height)
        )
        shown = getattr(panel, "shown", None)
        if shown is not None:
            asked = beliefs(screen.lab, panel.unit)
            await until(lambda: panel.shown.beliefs is asked)


async def test_all_of_it_is_in_sight_alone_on_120_columns_and_36_lines(open_app):
    async with open_app("demons").run_test(size=(120, 36)) as pilot:
        panel = await opened(pilot)
        assert panel.seen == (64, 30)
        await pilot.press("z")
        await until(lambda: panel.seen == (64, 32))
        assert not panel.border_subtitle
        await pilot.press("z")
        await until(lambda: panel.seen == (64, 30) and panel.border_subtitle)


async def test_what_each_demon_says_of_every_form(open_app):
    async with open_app("demons").run_test(size=(120, 36)) as pilot:
        panel, lab = await opened(pilot, "i", "d", "d"), pilot.app.screen.lab
        assert panel.border_title == "7 Map · hidden B"
        lab.run("sample 1")
        value = lab.read("hidden[B].a")
        assert panel.shown.beliefs.outputs[panel.cursor, 0] == pytest.approx(value, rel=1e-12)
        assert "hidden[B]" in side(panel)
        assert ("from .5" if value >= 0.5 else "below .5") in side(panel)
        assert "64 images" in side(panel)
        assert panel.address() == "hidden[2].a"
        await pilot.press("d", "d")
        assert panel.border_title == "7 Map"
        assert panel.shown.beliefs.unit is None
        await pilot.press("D")
        assert panel.border_title == "7 Map · hidden C"
        pilot.app.screen.execute("paint 000/000/000/000")
        await until(lambda: panel.cursor == 0)
