"""Panel 6 as a person uses it: the list, filters, the matrix, changes of the data, files."""

import threading

import numpy as np
import pytest
from rich.cells import cell_len

from nnsim.lab.reading.samples import review
from nnsim.tui.panels.data import DataPanel
from nnsim.tui.panels.data.samples import pad
from nnsim.tui.screens.bar import CommandBar, CommandInput
from nnsim.tui.screens.frame import StatusLine
from tests.tui.conftest import in_turn, trains, until

SIZES = [(80, 24), (120, 36), (160, 50), (60, 20)]


def lines(panel) -> list[str]:
    """What the panel shows, line by line."""
    return [panel.render_line(y).text for y in range(panel.content_size.height)]


def status(app) -> str:
    return app.screen.query_one(StatusLine).text


async def at_data(pilot):
    """Go to the panel, and let all of it be told."""
    await pilot.press("6")
    await pilot.pause()
    panel = pilot.app.screen.query_one(DataPanel)
    assert panel.has_focus
    return panel


async def typed(pilot, text):
    """Type a line into the bar that is open, in place of what is there."""
    pilot.app.screen.query_one(CommandInput).value = text
    await pilot.press("enter")
    await pilot.pause()


# The list -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "size"), in_turn(["digits-4x3", "digits-8x8", "planar", "line", "rgb-4x4"], SIZES)
)
async def test_lines_fill_their_width_at_every_size(open_app, target, size):
    app = open_app(target)
    async with app.run_test(size=size) as pilot:
        panel = await at_data(pilot)
        assert panel.region.area
        for key in ("j", "x", "o", "m", "m", "backspace", "home"):
            await pilot.press(key)
            drawn = lines(panel)
            assert {cell_len(line) for line in drawn} <= {
                panel.line_width,
                panel.content_size.width,
            }
        assert drawn[0].strip().startswith(("f", "o"))
        assert " 1 " in drawn[2]


async def test_moving_puts_the_sample_on_the_input_and_is_undone_as_one(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        panel, lab = await at_data(pilot), app.screen.lab
        await pilot.press("j", "j", "k", "pagedown")
        assert lab.sample == panel.sample == panel.cursor > 10
        assert np.array_equal(lab.input, lab.sample_at(lab.sample)[0])
        await pilot.press("end")
        assert lab.sample == 79
        await pilot.press("u")
        assert lab.sample is None
        await pilot.press("right_square_bracket", "right_square_bracket")
        await pilot.pause()
        assert panel.sample == lab.sample == 1  # the cursor follows the input


async def test_a_line_says_what_the_network_makes_of_a_sample(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        panel, lab = await at_data(pilot), app.screen.lab
        found = review(lab)
        number, is_, reads, sure, loss, first, *_rest = lines(panel)[2].split()
        assert (number, is_, reads) == ("1", "0", "0")
        output = lab.network.forward(lab.experiment.data.inputs[:1])[0]
        assert float(sure) == pytest.approx(output.max() - output.min(), abs=6e-4)
        assert float(loss) == pytest.approx(((output - [1, 0]) ** 2).sum() / 2, abs=6e-5)
        assert found.readings[0] == 0
        assert int(first) >= 0
        await pilot.press("end")
        assert lines(panel)[-1].split()[5] == "test"


async def test_a_regression_shows_what_is_missing(open_app):
    app = open_app("line")
    async with app.run_test(size=(120, 36)) as pilot:
        panel, lab = await at_data(pilot), app.screen.lab
        number, target, output, missing, loss, *inputs = lines(panel)[2].split()
        data = lab.experiment.data
        assert float(target) == pytest.approx(data.targets[0, 0], abs=6e-3)
        said = lab.network.forward(data.inputs[:1])[0, 0]
        assert float(output) == pytest.approx(said, abs=6e-3)
        assert float(missing) == pytest.approx(data.targets[0, 0] - said, abs=6e-3)
        assert float(loss) == pytest.approx((data.targets[0, 0] - said) ** 2, rel=1e-2)
        assert float(inputs[0]) == pytest.approx(data.inputs[0, 0], abs=6e-3)
        assert number == "1"
        await pilot.press("m", "f", "x")  # without classes there is nothing of the kind
        assert panel.matrix is None
        assert panel.filters.choice.right is None


async def test_the_picture_of_the_sample_stands_beside_the_list(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        panel = await at_data(pilot)
        beside = [line[-8:].strip() for line in lines(panel)[1:5]]
        rows = app.screen.lab.sample_at(0)[0].reshape(4, 3)
        assert beside == ["".join("██" if on else "··" for on in row) for row in rows]


# Filters ------------------------------------------------------------------------------------------


async def test_keys_choose_what_is_listed(open_app):
    app = open_app("digits-8x8")
    async with app.run_test(size=(120, 36)) as pilot:
        panel, lab = await at_data(pilot), app.screen.lab
        found = review(lab)
        wrong = np.flatnonzero(~found.right)
        assert len(wrong) > 3  # or there is nothing to see here
        await pilot.press("x")
        assert panel.listed.tolist() == wrong.tolist()
        assert f"{len(wrong)}/1797" in lines(panel)[0]
        await pilot.press("v")
        assert panel.listed.tolist() == [i for i in wrong if i < lab.experiment.data.count]
        await pilot.press("v")
        assert panel.listed.tolist() == [i for i in wrong if i >= lab.experiment.data.count]
        await pilot.press("v", "o")
        assert panel.listed.tolist() == sorted(wrong, key=lambda i: -found.losses[i])
        assert panel.cursor == 0
        await pilot.press("backspace", "f", "f")
        assert panel.listed.tolist() == np.flatnonzero(found.wanted == 1).tolist()
        assert "is 1" in lines(panel)[0]
        await pilot.press("down")
        assert lab.sample == panel.listed[panel.cursor]


async def test_an_empty_list_says_so(open_app):
    app = open_app("digits-4x3")  # opens with all samples read right
    async with app.run_test(size=(80, 24)) as pilot:
        panel = await at_data(pilot)
        await pilot.press("x")
        assert len(panel.listed) == 0
        assert "no sample is like that" in lines(panel)[2]
        await pilot.press("enter", "d", "r", "down", "up", "end", "m", "enter")
        await pilot.press("backspace")
        assert len(panel.listed) == 80


async def test_a_click_on_the_line_turns_a_filter(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        panel = await at_data(pilot)
        for word, count in (("all classes", 32 + 8), ("training and test", 32)):
            x = lines(panel)[0].index(word)
            await pilot.click(panel, offset=(x + 2, 1))  # inside the border
            await pilot.pause()
            assert len(panel.listed) == count
        await pilot.click(panel, offset=(5, 5))
        assert app.screen.lab.sample == panel.listed[2]


async def test_the_matrix_counts_and_lists_a_cell(open_app):
    app = open_app("digits-8x8")
    async with app.run_test(size=(120, 36)) as pilot:
        panel, lab = await at_data(pilot), app.screen.lab
        found = review(lab)
        await pilot.press("m")
        train, test = found.confusion(test=False), found.confusion(test=True)
        rows = [line.split() for line in lines(panel)[2:12]]
        for k, row in enumerate(rows):
            cells = [text.strip("[]") for text in row[1:11]]
            counts = [f"{a}+{b}" if a or b else "·" for a, b in zip(train[k], test[k], strict=True)]
            assert cells == counts
        mistakes = np.argwhere(train + test - np.diag(np.diag(train + test)))
        down, right = mistakes[0]
        row, column = panel.matrix.cell
        keys = ["j"] * (down - row) + ["k"] * (row - down)
        await pilot.press(*keys, *["l"] * (right - column), *["h"] * (column - right))
        assert panel.matrix.cell == (down, right)
        await pilot.press("enter")
        wanted = np.flatnonzero((found.wanted == down) & (found.readings == right))
        assert panel.listed.tolist() == wanted.tolist()
        assert f"is {down}, reads {right}" in lines(panel)[0]


async def test_the_matrix_is_seen_through_a_window_where_it_is_too_large(open_app):
    app = open_app("digits-8x8")
    async with app.run_test(size=(60, 20)) as pilot:
        panel = await at_data(pilot)
        await pilot.press("m", *"j" * 12, *"l" * 12)
        assert panel.matrix.cell == (9, 9)
        assert any("]" in line for line in lines(panel))
        await pilot.press("m")
        assert panel.sample == 0


# Changing the data --------------------------------------------------------------------------------


async def test_what_was_painted_is_added_with_what_the_network_says(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        screen = app.screen
        await pilot.press("space", "A")
        await pilot.pause()
        said = lab.experiment.classes[lab.prediction]
        assert app.screen.query_one(CommandInput).value == f"add {said}"
        await pilot.press("enter")
        await pilot.pause()
        assert (lab.experiment.data.count, lab.sample) == (65, 64)
        assert app.screen is screen
        assert screen.query_one("#input").is_attached
        await pilot.press("A")  # it is there already
        assert "this is sample 65 already" in status(app)
        await pilot.press("right", "space", "A")  # another one, of the class that the bench says
        assert lab.experiment.data.count == 66
        await pilot.press("u", "u", "u", "u")
        assert lab.experiment.data.count == 64


async def test_samples_are_removed_and_relabelled_in_the_list(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        panel, lab = await at_data(pilot), app.screen.lab
        before = lab.experiment.data.inputs.copy()
        await pilot.press("j", "d")
        await until(lambda: len(panel.listed) == 79)
        assert lab.experiment.data.count == 63
        assert panel.cursor == 1  # on the one that has come into its place
        await pilot.press("d")
        await until(lambda: len(panel.listed) == 78)
        assert np.array_equal(lab.experiment.data.inputs[1], before[3])
        await pilot.press("u", "u")
        assert np.array_equal(lab.experiment.data.inputs, before)
        await until(lambda: len(panel.listed) == 80)
        await pilot.press("home", "r")
        await pilot.pause()
        assert app.screen.query_one(CommandInput).value == "label 1 "
        await typed(pilot, "label 1 1")
        assert lab.experiment.data.labels[0] == 1
        assert review(lab).wanted[0] == 1
        await pilot.press("x")
        assert panel.listed.tolist() == [0]
        await pilot.press("r")
        await pilot.pause()
        assert app.screen.query_one(CommandInput).value == "label 1 0"  # what it is read as


async def test_keys_that_come_too_fast_remove_no_other_sample(open_app):
    app = open_app("digits-8x8")
    async with app.run_test(size=(80, 24)) as pilot:
        panel, lab = await at_data(pilot), app.screen.lab
        await pilot.press("o")
        worst = panel.listed[:2].tolist()
        kept = lab.sample_at(worst[0] + 1)[0]
        panel.action_remove()
        panel.action_remove()  # before the first is done
        await pilot.pause()
        assert lab.sample_count == 1796
        assert np.array_equal(lab.sample_at(worst[0])[0], kept)


async def test_the_last_sample_is_not_removed(open_app):
    app = open_app("neuron-and")
    async with app.run_test(size=(80, 24)) as pilot:
        await at_data(pilot)
        lab = app.screen.lab
        for _time in range(lab.experiment.data.count + 2):
            await pilot.press("d")
            await pilot.pause()
        assert lab.experiment.data.count == 1
        assert "last sample" in status(app)


# Training meanwhile -------------------------------------------------------------------------------


async def test_moving_and_changing_while_the_network_trains(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        panel, lab = await at_data(pilot), app.screen.lab
        epoch = lab.trainer.epoch
        await pilot.press("o", "t")
        await pilot.pause()
        for key in ("j", "j", "x", "x", "m", "l", "m", "d", "j"):
            await pilot.press(key)
        await until(lambda: lab.trainer.epoch > epoch)
        await pilot.press("t")
        await until(lambda: not trains(app))
        assert lab.sample_count == 79
        await until(lambda: panel._found is review(lab))  # what it shows is the last state
        assert not [t for t in threading.enumerate() if t is not threading.main_thread()
                    and "Thread-" in t.name and not t.daemon]  # fmt: skip


# Files --------------------------------------------------------------------------------------------


async def test_the_set_is_written_and_read_with_keys(open_app, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await at_data(pilot)
        lab = app.screen.lab
        await pilot.press("W")
        await pilot.pause()
        assert app.screen.query_one(CommandInput).value == "savedata digits-4x3.npz"
        await pilot.press("enter")
        await pilot.pause()
        assert (tmp_path / "digits-4x3.npz").is_file()
        assert "80 samples are in digits-4x3.npz" in status(app)
        await pilot.press("d", "O")
        await pilot.pause()
        await typed(pilot, "loaddata digits-4x3.npz")
        assert lab.experiment.data.count == 64
        assert lab.files is None  # only for the command that was typed
        await pilot.press("u")
        assert lab.experiment.data.count == 63


async def test_what_can_not_be_read_is_said_beside_the_line(open_app, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text("1,2\n1\n")
    (tmp_path / "mine.csv").write_text("mine")
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await at_data(pilot)
        lab = app.screen.lab
        data = lab.experiment.data
        await pilot.press("O")
        for line, problem in (
            ("loaddata bad.csv", "bad.csv:2: this row has 1 cell"),
            ("loaddata missing.csv", "there is no such file"),
            ("loaddata", "say it like this: loaddata FILE"),
            ("savedata mine.csv", "there is such a file already"),
            ("savedata nowhere/x.csv", "there is no folder"),
        ):
            await pilot.pause()
            await typed(pilot, line)
            help_line = app.screen.query_one("#bar-help")
            assert problem in str(help_line.render()), line
            assert lab.experiment.data is data
        await pilot.press("escape")
        assert not app.screen.query(CommandBar)
        assert (tmp_path / "mine.csv").read_text() == "mine"


async def test_a_large_file_is_read_meanwhile_and_can_be_stopped(
    open_app, tmp_path, monkeypatch, hasty
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "many.csv").write_text("0.5,1\n" * 900_000)
    app = open_app("line")
    async with app.run_test(size=(80, 24)) as pilot:
        await at_data(pilot)
        screen, lab = app.screen, app.screen.lab
        data = lab.experiment.data
        screen.execute("loaddata many.csv")
        assert screen.data_work.busy
        await pilot.pause()
        assert "reading many.csv" in status(app)
        await pilot.press("j")  # keys are answered
        for _time in range(40):
            await pilot.pause()
            if lab.sample is not None:
                break
        assert lab.sample == 1
        assert screen.data_work.busy
        await pilot.press("escape")
        for _time in range(100):
            await pilot.pause()
            if not screen.data_work.busy:
                break
        assert "reading was stopped" in status(app)
        assert lab.experiment.data is data


# Words --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "width", "right", "shown"), [
    ("ab", 4, False, "ab  "), ("ab", 4, True, "  ab"), ("abcdef", 4, False, "abc…"),
    ("数据", 5, False, "数据 "), ("数据集", 5, False, "数据…"), ("数据集", 4, True, "数 …"),
    ("", 2, True, "  "), ("abc", 0, False, ""),
])  # fmt: skip
def test_cells_are_filled_by_their_width(text, width, right, shown):
    assert pad(text, width, right=right) == shown
    assert cell_len(pad(text, width, right=right)) == width


async def test_chinese_columns_stand_under_their_titles(open_app, monkeypatch):
    from nnsim.i18n import set_language

    set_language("zh")
    try:
        app = open_app("digits-4x3")
        async with app.run_test(size=(80, 24)) as pilot:
            panel = await at_data(pilot)
            for key in ("j", "m", "m"):
                await pilot.press(key)
                assert {cell_len(line) for line in lines(panel)} <= {
                    panel.line_width, panel.content_size.width,
                }  # fmt: skip
    finally:
        set_language("en")


async def test_keys_that_come_before_the_samples_are_read_are_kept(open_app):
    app = open_app("digits-8x8")
    async with app.run_test(size=(80, 24)) as pilot:
        panel = app.screen.query_one(DataPanel)
        panel.action_filter("right")
        panel.action_matrix()
        assert panel.matrix is None
        await at_data(pilot)
        assert panel.matrix is not None
        assert panel.filters.choice.right is False


async def test_a_click_in_the_matrix_goes_to_the_cell_and_then_lists_it(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        panel = await at_data(pilot)
        await pilot.press("m")
        row = next(y for y, line in enumerate(lines(panel)) if line.startswith(" 1 "))
        column = lines(panel)[row].index("32")  # of those that are 1 and read as 1
        await pilot.click(panel, offset=(column + 1, row + 1))  # inside the border
        await pilot.pause()
        assert panel.matrix.cell == (1, 1)
        await pilot.click(panel, offset=(column + 1, row + 1))
        await pilot.pause()
        assert panel.matrix is None
        assert panel.listed.tolist() == [*range(32, 64), *range(72, 80)]
