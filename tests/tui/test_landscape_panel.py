"""Panel 9: the landscape of the cost, with the path of training and a cursor."""

import numpy as np
import pytest

from nnsim.lab.landscape import CostMap, Window
from nnsim.tui.draw.heat import Scale
from nnsim.tui.panels import landscape as view
from nnsim.tui.panels.landscape import LEAST, NOW, START, WAY, LandscapePanel
from tests.tui.conftest import until


@pytest.fixture
def board(open_app, screen_text):
    """Opens an experiment at panel 9."""

    class Board:
        def __init__(self, name="line", size=(120, 36), lines=()):
            self.app = open_app(name)
            self.size, self.lines = size, lines
            for line in lines:
                self.app._lab.run(line)

        async def __aenter__(self):
            self.context = self.app.run_test(size=self.size)
            self.pilot = await self.context.__aenter__()
            self.screen = self.app.screen
            await self.press("9")
            self.panel, self.lab = self.screen.query_one(LandscapePanel), self.screen.lab
            await self.settle()
            return self

        async def __aexit__(self, *problem):
            await self.context.__aexit__(*problem)

        async def press(self, *keys):
            for key in keys:
                await self.pilot.press(key)
            await self.pilot.pause()

        async def settle(self):
            """Wait until the map is computed."""
            for _turn in range(3000):  # on a busy machine it may take long
                await self.pilot.pause()
                found = self.panel.landscape
                if found.sorry or (found.map is not None and found.next is None):
                    return
            raise AssertionError("the map doesn't come to an end")

        async def run(self, line):
            assert self.screen.execute(line)
            await self.pilot.pause()
            await self.settle()

        def text(self):
            return "\n".join(screen_text(self.app))

    return Board


def line_cost(w, b):
    x = np.array([-1.0, 0, 1, 2, 3, 4])
    return float(np.sum((w * x + b - (2 * x - 1)) ** 2))


SIZES = [(80, 24), (120, 36)]


@pytest.mark.parametrize("size", SIZES)
async def test_the_line_with_its_path(board, size):
    async with board(size=size, lines=["train 40"]) as b:
        text = b.text()
        assert "cost over → output[1].w[1] and ↑ output[1].b" in text
        assert f"{START} start  {WAY} path  {NOW} now  {LEAST} least cost" in text
        field = "\n".join(
            b.panel.render_line(y + 2).text for y in range(b.panel.landscape.map.rows)
        )
        for mark in (START, WAY, NOW):
            assert mark in field
        assert f"(now {b.lab.metrics.cost:.4f})" in text
        # The value under the cursor is that of the formula, and the least is the least of them.
        found = b.panel.landscape.map
        for keys in (["end"], ["left", "up"], ["right"] * 3, ["home"]):
            await b.press(*keys)
            x, y, cost = found.at(*b.panel.cell())
            assert cost == pytest.approx(line_cost(x, y), abs=1e-9)
        every = [line_cost(*found.at(c, r)[:2]) for c in range(found.columns)
                 for r in range(found.rows)]  # fmt: skip
        assert found.at(*found.lowest)[2] == pytest.approx(min(every))


async def test_enter_goes_there_and_undo_comes_back(board):
    async with board(lines=["train 5"]) as b:
        before = b.lab.network.parameters.copy()
        await b.press("end")
        x, y, cost = b.panel.landscape.map.at(*b.panel.cell())
        await b.press("enter")
        await b.settle()
        assert b.lab.read("output[1].w[1]") == pytest.approx(x, rel=1e-11)
        assert b.lab.read("output[1].b") == pytest.approx(y, rel=1e-11)
        assert b.lab.metrics.cost == pytest.approx(cost, rel=1e-6)
        assert b.panel.landscape.now == pytest.approx((x, y), rel=1e-11)
        await b.press("u")
        assert np.array_equal(b.lab.network.parameters, before)


async def test_two_weights_are_chosen_on_the_line(board):
    async with board("digits-4x3") as b:
        assert "main directions" in b.text()
        b.screen.execute("focus hidden[2].w[5]")
        await b.press("v")
        assert "landscape hidden[2].w[5] hidden[1].w[2]" in b.text()
        await b.press("enter")
        await b.settle()
        assert "cost over → hidden[2].w[5] and ↑ hidden[1].w[2]" in b.text()
        assert b.screen.focused is b.panel
        x, y, cost = b.panel.landscape.map.at(*b.panel.cell())
        await b.run(f"place {x:.12g} {y:.12g}")
        assert b.lab.metrics.cost == pytest.approx(cost, rel=1e-6)
        await b.press("d")
        await b.settle()
        assert "two random directions, seed 0" in b.text()
        await b.press("d", "m")
        await b.settle()
        assert "main directions" in b.text()


async def test_closer_farther_and_back(board):
    async with board("xor", lines=["train 30"]) as b:
        first = b.panel.landscape.window
        cursor = b.panel.cursor
        await b.press("right", "plus")
        await b.settle()
        assert b.panel.landscape.window.right - b.panel.landscape.window.left == pytest.approx(
            (first.right - first.left) / 2
        )
        assert b.panel.landscape.window.left < b.panel.cursor[0] < b.panel.landscape.window.right
        await b.press("minus", "minus")
        await b.press("f")
        await b.settle()
        assert b.panel.landscape.window == first
        assert b.panel.cursor == cursor
        await b.press(*["right"] * 3, *["plus"] * 12)
        await b.settle()
        assert "now is out of sight; f brings it back" in b.text()
        log = b.panel.scale.log
        await b.press("o")
        assert b.panel.scale.log is not log


async def test_the_path_grows_and_the_map_stays(board):
    async with board("digits-4x3", lines=["reset", "landscape random 2"]) as b:
        found, count = b.panel.landscape.map, len(b.panel.landscape.path)
        await b.run("train 20")
        assert b.panel.landscape.map is found
        assert len(b.panel.landscape.path) == count + 20
        assert "beside this plane" in b.text()
        await b.press("r")
        await b.settle()
        assert "beside this plane" not in b.text()
        assert "seed 2" in b.text()


async def test_other_weights_make_another_map(board):
    async with board("digits-4x3", lines=["landscape hidden[1].w[1] hidden[1].b"]) as b:
        column, row = b.panel.cell()
        cost = b.panel.landscape.map.at(column, row)[2]
        await b.run("set output[1].b 3")
        assert b.panel.landscape.map.at(column, row)[2] != cost
        x, y, cost = b.panel.landscape.map.at(column, row)
        await b.run(f"place {x} {y}")
        assert b.lab.metrics.cost == pytest.approx(cost, rel=1e-9)


async def test_other_data_make_another_map(board):
    async with board("xor", lines=["landscape random"]) as b:
        place = b.panel.landscape.map.columns // 2, b.panel.landscape.map.rows // 2
        assert b.panel.landscape.map.at(*place)[2] == pytest.approx(b.lab.metrics.cost)
        await b.run("label 1 1")
        assert b.panel.landscape.map.at(*place)[2] == pytest.approx(b.lab.metrics.cost)


async def test_while_it_trains_the_map_of_two_weights_says_its_epoch(board):
    async with board("digits-4x3", lines=["landscape hidden[1].w[1] hidden[1].b"]) as b:
        await b.press("t")
        await until(lambda: "the other weights are those of epoch" in b.text())
        await b.press("t")
        await until(lambda: "the other weights are those of epoch" not in b.text())
        await b.settle()
        b.panel.action_to_now()
        x, y = b.panel.landscape.now
        one = CostMap(
            b.panel.landscape.surface, b.panel.landscape.map.plane, Window(x, x + 1, y - 1, y), 2, 2
        )
        one.work()
        assert one.at(0, 0)[2] == pytest.approx(b.lab.metrics.cost, rel=1e-9)


async def test_another_network_has_another_landscape(board):
    async with board("xor-linear", lines=["landscape random"]) as b:
        assert b.screen.execute("collapse")
        await b.pilot.pause()
        await b.press("9")
        b.panel = b.screen.query_one(LandscapePanel)
        await b.settle()
        assert b.panel.landscape.plane.network is b.lab.network


async def test_lines_fit_whatever_the_size(board):
    async with board("digits-4x3") as b:
        for width, height in ((60, 20), (80, 24), (200, 60), (120, 36), (61, 45), (130, 22)):
            await b.pilot.resize_terminal(width, height)
            await b.settle()
            for y in range(b.panel.content_size.height):
                assert b.panel.render_line(y).cell_length == b.panel.content_size.width
            assert f"{NOW} now" in b.text()


async def test_without_colours_the_contours_are_digits(board):
    async with board(lines=["train 40"]) as b:
        b.app.theme = "ansi-dark"
        await b.pilot.pause()
        assert not b.panel.sheet.mixes
        lines = [b.panel.render_line(y + 2).text for y in range(b.panel.landscape.map.rows)]
        for digit in "369C":
            assert any(digit in line[6:-14] for line in lines)


async def test_the_mouse_moves_the_cursor_and_goes_there(board):
    async with board(lines=["train 5"]) as b:
        panel = b.panel
        plot = panel.landscape.plot
        await b.pilot.click(panel, offset=(plot.left + 11, 2 + 6 + 1))
        assert panel.cell() == (10, 6)  # the border is one cell wide
        await b.pilot.click(panel, offset=(plot.left + 11, 2 + 6 + 1))
        await b.settle()
        x, y, _cost = panel.landscape.map.at(10, 6)
        assert b.lab.network.parameters == pytest.approx([x, y], rel=1e-11)


# What is drawn ----------------------------------------------------------------------------------


def test_scales():
    costs = np.array([1e-3, 1e-1, 10.0, 1000.0])
    log = Scale.of(costs, True)
    assert (log.low, log.high) == pytest.approx((-3, 3))
    assert log.levels(costs).tolist() == [0, 5, 10, 15]
    assert log.key()[0] == "0.001"
    straight = Scale.of(costs, False)
    assert straight.levels(costs).tolist() == [0, 0, 0, 15]
    some = np.array([0.0, 1.0, np.inf])
    assert Scale.of(some, True).levels(some).tolist() == [0, 15, 15]
    none = Scale.of(np.array([np.nan, np.inf]), True)
    assert none.levels(np.array([np.nan, np.inf])).tolist() == [-1, 15]
    assert Scale.of(np.zeros(3), True).levels(np.zeros(3)).tolist() == [0, 0, 0]


def test_a_grid_has_its_points_in_the_middle_of_cells():
    window = Window(-1, 3, 0, 2)
    plot, columns, rows = view.plot_of(window, 60, 20)
    assert columns % 2 == rows % 2 == 1
    xs, ys = window.across(columns), window.down(rows)
    assert [plot.column(x) for x in xs] == list(range(columns))
    assert [plot.row(y) for y in ys] == list(range(rows))
    assert (xs[columns // 2], ys[rows // 2]) == pytest.approx((1, 1))


def test_a_path_has_no_holes():
    window = Window(0, 20, 0, 10)
    path = np.array([[0.0, 0.0], [20.0, 10.0], [20.0, 0.0], [50.0, 0.0]])
    marks = view.trail(window, path, 21, 11)
    assert marks[10, 0] == START
    assert marks[0, 20] == marks[10, 20] == WAY
    assert all((row, 20) in marks for row in range(11))
    assert all(any((row, column) in marks for row in range(11)) for column in range(21))


async def test_a_typed_line_brings_it_to_the_front(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("colon", *"landscape random 5", "enter")
        await pilot.pause()
        panel = app.screen.query_one(LandscapePanel)
        assert panel.display
        assert app.screen.focused is panel
        assert panel.landscape.plane.seed == 5
