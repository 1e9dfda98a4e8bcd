"""The lab as a person uses it: keys and mouse in, bench and screen out."""

import numpy as np
import pytest

from nnsim.tui.panels import DOORS
from nnsim.tui.panels.data import DataPanel
from nnsim.tui.panels.input.pixels import PixelGrid
from nnsim.tui.panels.input.prediction import PredictionBars
from nnsim.tui.panels.network import NetworkDiagram
from nnsim.tui.panels.train import TrainPanel
from nnsim.tui.panels.walk import WalkPanel
from nnsim.tui.screens.bar import CommandBar
from nnsim.tui.screens.frame import PanelTabs, StatusLine
from nnsim.tui.screens.home import HomeScreen
from nnsim.tui.screens.lab import LabScreen


def status(app) -> str:
    return app.screen.query_one(StatusLine).text


async def test_painting_with_keys_moves_the_prediction(open_app):
    app = open_app("demons")
    async with app.run_test(size=(120, 36)) as pilot:
        lab, bars = app.screen.lab, app.screen.query_one(PredictionBars)
        for _row in range(4):  # the middle column: a one
            await pilot.press("space", "down")
        assert lab.input.reshape(4, 3)[:, 0].tolist() == [1, 1, 1, 1]
        await pilot.press("right", *("space", "up") * 4)
        assert lab.input.reshape(4, 3).tolist() == [[1, 1, 0]] * 4
        assert np.array_equal(bars.output, lab.output)
        # The network of the app agrees with the sigmoid written out.
        hidden = lab.network.layers[0]
        z = lab.input @ hidden.weight + hidden.bias
        assert lab.read("hidden[1].a") == pytest.approx(1 / (1 + np.exp(-z[0])), rel=1e-12)


async def test_hjkl_do_what_the_arrows_do(open_app):
    app = open_app("demons")
    async with app.run_test(size=(80, 24)) as pilot:
        grid = app.screen.query_one(PixelGrid)
        places = []
        for key in "ljhk":
            await pilot.press(key)
            places.append(grid.cursor)
        assert places == [1, 4, 3, 0]
        await pilot.press("left", "up")
        assert grid.cursor == 0  # the cursor stops at the edge


async def test_dragging_paints_a_stroke_that_is_undone_as_one(open_app):
    app = open_app("demons")
    async with app.run_test(size=(80, 24)) as pilot:
        grid, lab = app.screen.query_one(PixelGrid), app.screen.lab
        width, height = grid.cell
        left, top = grid.board.left + 1, 1  # inside the border
        await pilot.mouse_down(grid, offset=(left, top))
        await pilot.hover(
            grid, offset=(left, top + 3 * height)
        )  # straight down, past rows in between
        await pilot.hover(grid, offset=(left + 2 * width, top + 3 * height))
        await pilot.mouse_up(grid, offset=(left + 2 * width, top + 3 * height))
        assert lab.input.reshape(4, 3).tolist() == [[1, 0, 0]] * 3 + [[1, 1, 1]]
        await pilot.mouse_down(grid, offset=(left, top), button=3)
        await pilot.mouse_up(grid, offset=(left, top))
        assert lab.input[0] == 0
        await pilot.press("u", "u")
        assert not lab.input.any()


async def test_brackets_go_round_the_samples_and_c_clears(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        await pilot.press("right_square_bracket")
        assert (lab.sample, lab.experiment.format_input(lab.input)) == (0, "111/101/101/111")
        await pilot.press("left_square_bracket")
        assert lab.sample == 79  # 64 + 16 samples
        await pilot.press("right_square_bracket", "right_square_bracket")
        assert lab.sample == 1
        await pilot.press("c")
        assert lab.sample is None
        assert not lab.input.any()
        await pilot.press("u")
        assert lab.sample == 1


async def test_selecting_a_weight_shows_it_and_e_edits_it(open_app):
    app = open_app("demons")
    async with app.run_test(size=(120, 36)) as pilot:
        screen, lab = app.screen, app.screen.lab
        await pilot.press("2", "left", "home", "down", "down", "down")
        assert str(lab.focus) == "hidden[1].w[4]"
        assert screen.showing.readout() == "hidden[1].w[4] = 4.0000"
        before = lab.output.copy()
        await pilot.press("1", "down", "space", "2", "e")
        await pilot.press(*"-2.5", "enter")
        assert lab.network.layers[0].weight[3, 0] == -2.5
        assert not np.array_equal(lab.output, before)
        assert np.array_equal(screen.query_one(PredictionBars).output, lab.output)
        assert screen.query_one(NetworkDiagram).has_focus  # the keys are where they were
        await pilot.press("u")
        assert lab.network.layers[0].weight[3, 0] == 4.0


async def test_e_on_a_unit_edits_its_bias(open_app):
    app = open_app("demons")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("2", "e")
        assert app.screen.query_one(CommandBar)._setting == "hidden[1].b"
        await pilot.press(*"0.25", "enter")
        assert app.screen.lab.read("hidden[1].b") == 0.25


async def test_a_value_that_is_no_number_is_refused_beside_the_line(open_app):
    app = open_app("demons")
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        before = lab.network.parameters.copy()
        await pilot.press("2", "e", *"much", "enter")
        help_line = app.screen.query_one("#bar-help")
        assert '"much" is not a number' in str(help_line.render())
        assert np.array_equal(lab.network.parameters, before)
        await pilot.press("escape")
        assert not app.screen.query(CommandBar)


async def test_the_command_bar_runs_commands_and_remembers_them(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        await pilot.press("colon", *"paint 010/010/010/010", "enter")
        await pilot.pause()
        assert lab.input.reshape(4, 3)[:, 1].tolist() == [1, 1, 1, 1]
        await pilot.press("colon", *"frobnicate", "enter")
        assert app.screen.query(CommandBar)  # refused: the line can be mended
        await pilot.press("escape", "colon", "up", "up")
        assert app.screen.query_one("CommandInput").value == "paint 010/010/010/010"


async def test_numbers_choose_panels_and_tabs_show_them(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        kinds = {
            1: PixelGrid, 2: NetworkDiagram, 3: WalkPanel, 4: WalkPanel, 6: DataPanel,
            5: TrainPanel,
        }  # fmt: skip
        for number, kind in kinds.items():
            await pilot.press(str(number))
            await pilot.pause()
            assert isinstance(app.focused, kind)
            assert app.focused.region.area > 0
        assert not app.screen.query_one("#network").display


async def test_all_panels_stand_side_by_side_where_there_is_room(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        places = ("#input", "#network", "#forward", "#training")
        panels = [app.screen.query_one(place).region for place in places]
        assert all(region.area > 0 for region in panels)
        for i, one in enumerate(panels):
            assert not any(one.overlaps(other) for other in panels[i + 1 :])
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        shown = [n for n in (1, 2, 3, 4, 6) if app.screen.query_one(f"#{DOORS[n - 1].id}").display]
        assert 2 in shown


async def test_training_in_the_app_is_training_on_the_bench(open_app):
    app = open_app("demons")
    async with app.run_test(size=(120, 36)) as pilot:
        lab = app.screen.lab
        start = lab.network.parameters.copy()
        await pilot.press("5", "T")
        while app.screen.training.live is not None:
            await pilot.pause()
        assert lab.trainer.epoch == 1
        assert "epoch 1 ·" in status(app)
        # One step of gradient descent, from the gradient of the same network.
        data = lab.experiment.data
        lab.run("undo")
        assert np.array_equal(lab.network.parameters, start)
        step = start - 0.2 * lab.network.gradients(data.inputs, data.targets)
        lab.run("redo")
        np.testing.assert_allclose(lab.network.parameters, step, rtol=1e-12)


async def test_long_training_answers_keys_and_stops_at_escape(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        app.screen.execute("train 5000000")
        assert "Esc stops" in status(app)
        while lab.trainer.epoch == 100:
            await pilot.pause()
        await pilot.press("space")
        assert app.screen.training.live is not None
        assert lab.input[0] == 1
        await pilot.press("escape")
        assert isinstance(app.screen, LabScreen)
        stopped = lab.trainer.epoch
        assert 100 < stopped < 5000100
        await pilot.pause()
        assert lab.trainer.epoch == stopped
        await pilot.press("u")
        assert 100 < lab.trainer.epoch <= stopped
        await pilot.press("u")
        assert not lab.input.any()
        await pilot.press("u")
        assert lab.trainer.epoch == 100


async def test_home_and_back_leaves_the_bench_as_it_was(open_app):
    app = open_app("demons")
    async with app.run_test(size=(80, 24)) as pilot:
        first = app.screen
        await pilot.press("space", "escape")
        assert isinstance(app.screen, HomeScreen)
        await pilot.press("tab", "enter")
        await pilot.pause()
        assert app.screen.lab.experiment.id == "digits-4x3"
        await pilot.press("escape", "down", "enter")
        await pilot.pause()
        assert app.screen is first
        assert app.screen.lab.input[0] == 1


async def test_another_experiment_from_the_command_bar_can_be_undone(open_app):
    app = open_app("demons")
    async with app.run_test(size=(120, 36)) as pilot:
        lab = app.screen.lab
        await pilot.press("space")
        app.screen.execute("experiment digits-4x3")
        await pilot.pause()
        await pilot.pause()
        assert lab.experiment.id == "digits-4x3"
        assert "Two digits" in app.screen.query_one("#title").text
        app.screen.execute("undo")
        await pilot.pause()
        await pilot.pause()
        assert lab.experiment.id == "demons"
        assert lab.input[0] == 1


@pytest.mark.parametrize("size", [(59, 30), (80, 19), (20, 5), (1, 1)])
async def test_a_terminal_that_is_too_small_says_so(open_app, screen_text, size):
    app = open_app("demons")
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        text = " ".join(screen_text(app))
        assert app.screen.query_one("TooSmall").display
        if size[0] > 40:
            assert "needs a terminal of 60×20" in text
            assert f"{size[0]}×{size[1]}" in text
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert "1 Input" in " ".join(screen_text(app))


async def test_z_gives_a_panel_more_room_and_its_place_back(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        forward, diagram = (app.screen.query_one(f"#{DOORS[n - 1].id}") for n in (3, 2))
        beside = app.screen.query_one("#left")
        await pilot.press("3")
        await pilot.pause()
        height = forward.region.height
        await pilot.press("z")
        await pilot.pause()
        assert forward.region.height > height
        assert not diagram.display
        assert beside.display
        await pilot.press("z")
        await pilot.pause()
        assert forward.region.width == 120
        assert not beside.display
        await pilot.press("z")
        await pilot.pause()
        assert forward.region.height == height
        assert diagram.display
        assert beside.display


@pytest.mark.parametrize(("panel", "target"), [("3", "demons"), ("4", "demons"), ("4", "line")])
async def test_b_before_any_number_stands_in_a_walk_panel_begins_the_walk(open_app, panel, target):
    app = open_app(target)
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("left_square_bracket", panel, "b")  # with a sample, so with a target
        await pilot.press("b")
        await pilot.pause()
        assert app.is_running
        assert app.screen.lab.walk_place is not None or app.screen.bar is not None


async def test_a_line_that_is_open_goes_when_another_experiment_comes_onto_the_bench(open_app):
    app = open_app("demons")
    async with app.run_test(size=(120, 36)) as pilot:
        app.screen.execute("experiment line")
        await pilot.pause()
        await pilot.press("colon")
        assert len(app.screen.query(CommandBar)) == 1
        app.screen.execute("undo")  # as by a click on the footer
        await pilot.pause()
        assert not app.screen.query(CommandBar)
        app.screen.execute("bogus")
        assert "bogus" in status(app)
        await pilot.press("colon")
        assert len(app.screen.query(CommandBar)) == 1


@pytest.mark.parametrize("columns", [60, 80, 120])
async def test_the_tab_that_is_chosen_is_never_cut(open_app, columns):
    app = open_app("digits-4x3")
    async with app.run_test(size=(columns, 24)) as pilot:
        tabs = app.screen.query_one("#tabs", PanelTabs)
        for number in range(2, 10):
            await pilot.press(str(number))
            await pilot.pause()
            line = tabs.render_line(0).text
            assert f" {app.screen.panels.title(DOORS[number - 1].id)} " in line
            assert "…" not in line
