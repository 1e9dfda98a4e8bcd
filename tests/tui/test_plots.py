"""The plane and the curve as input editors: what stands where, the probe, the points."""

import numpy as np
import pytest
from textual.geometry import Offset

from nnsim.tui.panels.input import probe as probe_module
from nnsim.tui.panels.input.number import NumberInput
from nnsim.tui.panels.input.pixels import PixelGrid
from nnsim.tui.panels.input.plane import PlaneInput


def lines_of(plot):
    return [plot.render_line(y).text for y in range(plot.content_size.height)]


def cell_of(plot, x, y):
    """Where a place of the plane is in the widget: closed form from the window and its size."""
    across, up = plot.sights[0].axis, plot.sights[1].axis
    layout = plot.plot
    column = int((x - across.low) / (across.high - across.low) * layout.columns)
    row = int((up.high - y) / (up.high - up.low) * layout.rows)
    return layout.left + column, row


def style_at(plot, x, y):
    """The style and character of a cell of the widget."""
    place = 0
    for segment in plot.render_line(y):
        if place <= x < place + len(segment.text):
            return segment.text[x - place], segment.style
        place += len(segment.text)
    raise AssertionError(f"line {y} has no cell {x}")


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that stands still unless a test sets it: on a busy machine keys may take seconds."""
    now = [100.0]
    monkeypatch.setattr(probe_module, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def open_plot(open_app):
    """The app at an experiment with a plot, and the plot of panel 1."""

    def opened(name, **options):
        app = open_app(name, **options)
        return app, lambda: app.screen.query_one("#input")

    return opened


# What stands where ----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36), (200, 60)], ids=str)
async def test_every_point_stands_in_its_cell(open_plot, size):
    app, plot = open_plot("xor")
    async with app.run_test(size=size) as pilot:
        await pilot.press("c", *["up"] * 12)  # the probe away from the points
        await pilot.pause()
        for (x, y), mark in {(0, 0): "●", (1, 1): "●", (0, 1): "▲", (1, 0): "▲"}.items():
            column, row = cell_of(plot(), x, y)
            assert lines_of(plot())[row][column] == mark
        column, row = cell_of(plot(), *app.screen.lab.input)
        assert lines_of(plot())[row][column] == "╋"
        assert lines_of(plot())[row][plot().plot.left - 1] == "▸"


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light", "ansi-dark"])
async def test_regions_are_told_by_colour_and_by_signs(open_plot, theme):
    app, plot = open_plot("planar")
    app.theme = theme
    async with app.run_test(size=(120, 36)) as pilot:
        lab = app.screen.lab
        lab.run("train 200")
        app.screen.show()
        await pilot.pause()
        seen = {0: set(), 1: set()}
        layout = plot().plot
        for row in range(layout.rows):
            for column in range(layout.columns):
                x, y = layout.point(column, row)
                said = lab.network.forward([[x, y]])[0, 0]
                char, style = style_at(plot(), layout.left + column, row)
                if abs(said - 0.5) > 0.4 and char in "▀01·: ":
                    seen[int(said >= 0.5)].add(char if theme == "ansi-dark" else style.color)
        assert seen[0]
        assert seen[1]
        assert not seen[0] & seen[1]
        if theme == "ansi-dark":
            assert (seen[0], seen[1]) == ({"·"}, {":"})


async def test_wrong_points_are_reversed_and_test_points_hollow(open_plot):
    app, _plot = open_plot("spiral")
    async with app.run_test(size=(200, 60)) as pilot:
        lab = app.screen.lab
        lab.run("train 20")
        await pilot.press("7", "z")
        await pilot.pause()
        board = app.screen.query_one("#map", PlaneInput)
        data = lab.experiment.data
        inputs = np.concatenate([data.inputs, data.test_inputs])
        labels = np.concatenate([data.labels, data.test_labels])
        wrong = lab.network.predict(inputs) != labels
        cells = [cell_of(board, *point) for point in inputs]
        alone = [i for i, cell in enumerate(cells) if cells.count(cell) == 1]
        probe = cell_of(board, *lab.input)
        alone = [i for i in alone if cells[i] != probe]
        assert {bool(wrong[i]) for i in alone} == {True, False}
        for i in alone:
            char, style = style_at(board, *cells[i])
            assert char == ("○△□" if i >= data.count else "●▲■")[labels[i]]
            assert bool(style.reverse) == bool(wrong[i])
        assert f"{wrong.sum()} wrong" in lines_of(board)[-1]


async def test_a_network_of_no_numbers_says_nothing(open_plot):
    app, plot = open_plot("planar")
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.lab.network.layers[0].weight[...] = np.nan
        app.screen.lab.changed(parameters=True)
        app.screen.show()
        await pilot.pause()
        assert not (set(lines_of(plot())[1]) & set("01"))


async def test_only_lines_that_changed_are_drawn_again(open_plot, monkeypatch):
    app, plot = open_plot("planar")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("right_square_bracket")
        await pilot.pause()
        drawn = []
        monkeypatch.setattr(plot(), "refresh", lambda *regions, **_options: drawn.extend(regions))
        app.screen.show()
        await pilot.pause()
        assert drawn == []
        before = plot().plot.row(app.screen.lab.input[1])
        await pilot.press("right")
        await pilot.pause()
        rows = {row for region in drawn for row in region.line_range}
        bottom = plot().plot.rows  # the numbers of x, where the probe is marked
        # (The nearest point is underlined, which may be another now, a line or two away.)
        assert before in rows
        assert len(rows - {bottom}) <= 6


async def test_the_curve_is_what_the_network_says(open_plot):
    app, plot = open_plot("line")
    async with app.run_test(size=(120, 36)) as pilot:
        lab = app.screen.lab
        lab.run("set output[1].w[1] 2")
        lab.run("set output[1].b -1")
        lab.run("input 2.5")
        app.screen.show()
        await pilot.pause()
        text = lines_of(plot())
        column, row = cell_of(plot(), 2.5, 4.0)  # 2 · 2.5 − 1
        assert text[row][column] == "╋"
        for x in (0.25, 1.5, 3.5):
            column, row = cell_of(plot(), x, 2 * x - 1)
            near = [text[row + dy][column] for dy in (-1, 0, 1)]
            assert any("\u2801" <= char <= "\u28ff" for char in near)
        for x in range(-1, 5):
            column, row = cell_of(plot(), x, 2 * x - 1)
            assert text[row][column] == "●"
        assert plot().border_subtitle == "x 2.5 → 4"


# The probe ------------------------------------------------------------------------------------


async def test_keys_move_the_probe_by_small_and_large_steps(open_plot):
    app, _plot = open_plot("planar")
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        step = 0.2  # the flower reaches from −4 to 4: 8 · 1.24 / 50 = 0.198
        await pilot.press("right", "l", "up", "k", "k")
        assert lab.input.tolist() == pytest.approx([2 * step, 3 * step])
        await pilot.press("left", "down", "j", "h")
        assert lab.input.tolist() == pytest.approx([0, step])
        await pilot.press("shift+right", "end", "shift+down", "pagedown", "pagedown")
        assert lab.input.tolist() == pytest.approx([10 * step, -14 * step])
        await pilot.press("shift+left", "home", "shift+up", "pageup")
        assert lab.input.tolist() == pytest.approx([0, -4 * step])


async def test_steps_in_a_row_are_undone_together(open_plot, clock):
    app, _plot = open_plot("planar")
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        await pilot.press("right", "right", "up")
        clock[0] += 5
        await pilot.press("left", "left")
        assert lab.input.tolist() == pytest.approx([0, 0.2])
        await pilot.press("u")
        assert lab.input.tolist() == pytest.approx([0.4, 0.2])
        await pilot.press("u")
        assert lab.input.tolist() == [0, 0]
        assert not lab.can_undo


async def test_the_mouse_puts_and_drags_the_probe(open_plot):
    app, plot = open_plot("planar")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        lab = app.screen.lab
        layout = plot().plot
        border = Offset(1, 1)
        start, end = Offset(layout.left + 10, 5), Offset(layout.left + 30, 12)
        await pilot.mouse_down(plot(), offset=start + border)
        assert lab.input.tolist() == list(layout.point(10, 5))
        await pilot.hover(plot(), offset=end + border)
        assert lab.input.tolist() == list(layout.point(30, 12))
        await pilot.hover(offset=(118, 35))  # beyond the edges: it stops at them
        corner = layout.point(layout.columns - 1, layout.rows - 1)
        assert lab.input.tolist() == list(corner)
        await pilot.mouse_up(offset=(118, 35))
        await pilot.hover(plot(), offset=(8, 8))
        assert lab.input.tolist() == list(corner)
        await pilot.press("u")
        assert lab.input.tolist() == [0, 0]


async def test_a_probe_far_away_stays_in_sight(open_plot):
    app, plot = open_plot("line")
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.execute("input 100")
        await pilot.pause()
        assert plot().sights[0].axis.holds(100)
        assert any("▲" in line for line in lines_of(plot()))  # what it says lies far above
        app.screen.execute("input 1")
        await pilot.pause()
        assert plot().sights[0].axis.low == pytest.approx(-1 - 0.12 * 5)
        for line in ("input 1e308", "input -1e308", "input 1e-308"):
            app.screen.execute(line)
            await pilot.pause()
            assert lines_of(plot())


async def test_zoom_keeps_the_probe_and_comes_back(open_plot):
    app, plot = open_plot("planar")
    async with app.run_test(size=(80, 24)) as pilot:
        span = plot().sights[0].axis.span
        await pilot.press("shift+right", "plus")
        axis = plot().sights[0].axis
        assert axis.span == pytest.approx(span / 2)
        assert (axis.low + axis.high) / 2 == pytest.approx(app.screen.lab.input[0])
        await pilot.press("minus", "minus")
        assert plot().sights[0].axis.span == pytest.approx(span * 2)
        await pilot.press("plus", *["plus"] * 20, *["minus"] * 12)
        assert plot().sights[0].axis.span == pytest.approx(span)


async def test_why_and_edit_are_about_the_number_that_was_moved(open_plot):
    app, _plot = open_plot("xor")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("up", "e", *"0.75", "enter")
        assert app.screen.lab.input.tolist() == [0, 0.75]
        await pilot.press("right", "enter")
        assert str(app.screen.lab.focus) == "input[1]"


# The points -----------------------------------------------------------------------------------


async def test_points_are_added_removed_and_relabelled_at_the_probe(open_plot):
    app, plot = open_plot("xor")
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab

        def data():
            inputs, labels = lab.experiment.data.inputs, lab.experiment.data.labels
            return [(*map(float, x), int(label)) for x, label in zip(inputs, labels, strict=True)]

        first = data()
        assert first == [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)]
        lab.run("input 0.4 0.3")
        app.screen.show()
        await pilot.press("space")  # nobody said what it is: the first class
        assert data() == [*first, (0.4, 0.3, 0)]
        await pilot.press("right", "m", "space")  # a step on, as the next class
        assert data() == [*first, (0.4, 0.3, 0), (0.42, 0.3, 1)]
        assert plot().render_line(1)
        lab.run("input 0.9 0.1")
        app.screen.show()
        await pilot.press("r")  # the nearest is (1, 0)
        assert data()[2] == (1, 0, 0)
        await pilot.press("r")
        assert data()[2] == (1, 0, 1)
        await pilot.press("d")
        assert (1, 0, 1) not in data()
        assert len(data()) == 5
        for _step in range(9):
            await pilot.press("u")
        assert data() == first


async def test_the_last_point_stays_and_says_why(open_plot, screen_text):
    app, _plot = open_plot("xor")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("d", "d", "d", "backspace")
        await pilot.pause()
        assert app.screen.lab.experiment.data.count == 1
        assert "last sample" in "\n".join(screen_text(app))


async def test_the_target_of_a_number_moves_up_and_down(open_plot):
    app, plot = open_plot("line")
    async with app.run_test(size=(120, 36)) as pilot:
        lab = app.screen.lab
        lab.run("input 2")
        lab.run("target 3")
        app.screen.show()
        await pilot.press("up", "up", "pageup")  # the targets reach from −3 to 7: steps of 0.2
        assert lab.target.tolist() == pytest.approx([3 + 7 * 0.2])
        await pilot.press("space")
        data = lab.experiment.data
        assert (data.inputs[-1, 0], data.targets[-1, 0]) == pytest.approx((2, 4.4))
        column, row = cell_of(plot(), 2, 4.4)
        await pilot.press("left", "left", "left", "down")
        await pilot.pause()
        assert lines_of(plot())[row][column] == "●"
        await pilot.press("r")  # the nearest is x = 2 (the first of two), which gets the target
        assert lab.experiment.data.targets[3, 0] == pytest.approx(4.2)
        await pilot.press("d")
        assert lab.experiment.data.count == 6
        await pilot.press("u", "u", "u", "u", "u")
        assert lab.experiment.data.count == 6


async def test_other_generated_data(open_plot):
    app, _plot = open_plot("planar")
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        before = lab.experiment.data
        await pilot.press("o")
        assert lab.experiment.data.count == 200  # as many as the moons have
        await pilot.press("o", "u", "u")
        assert lab.experiment.data is before


async def test_other_data_is_never_what_is_there_already(open_plot):
    app, _plot = open_plot("spiral")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("o")  # the first kind that fits is the spiral itself
        assert "blobs" in app.screen.lab.message


# At its largest -------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "kind"), [("spiral", PlaneInput), ("curve", NumberInput)])
async def test_panel_7_is_the_same_plot_with_more_room(open_plot, name, kind):
    app, plot = open_plot(name)
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        await pilot.press("right_square_bracket", "7", "right", "right")
        await pilot.pause()
        board = app.screen.query_one("#map", kind)
        assert app.focused is board
        step = board.sights[0].axis.step
        assert lab.input[0] == pytest.approx(lab.experiment.data.inputs[0, 0] + 2 * step)
        assert board.plot.columns > plot().plot.columns
        await pilot.press("z")
        await pilot.pause()
        assert board.content_size.width > 70


async def test_what_is_asked_for_is_not_told(open_plot):
    app, plot = open_plot("line")
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.execute("input 2")
        app.screen.asking.ask_for("output[1].a")
        await pilot.pause()
        assert plot().border_subtitle == "x 2 → ?"
        text = "\n".join(lines_of(plot()))
        assert "╋" not in text
        assert "▸" not in text


@pytest.mark.parametrize("other", ["xor", "line"])
async def test_undoing_an_experiment_leaves_its_plot_in_peace(open_app, other):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = app.screen
        screen.execute(f"experiment {other}")
        await pilot.pause()
        for key in ("u", "U", "u", "U", "u"):  # the plot loses the keys when its bench is gone
            await pilot.press(key)
        await pilot.pause()
        assert screen.lab.experiment.id == "digits-4x3"
        assert isinstance(screen.query_one("#input"), PixelGrid)
