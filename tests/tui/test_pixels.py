"""Pictures of every kind on the input: large, in colour, in terminals that change their size."""

import pytest

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.tui.app import NnsimApp
from nnsim.tui.widgets.pixels import PixelGrid, shade
from nnsim.tui.widgets.prediction import PredictionBars

PICTURE = """
id = "picture"
title = "A picture"
input = {{ kind = "pixels", shape = {shape} }}
classes = ["no", "yes"]
[network]
layers = [ {{ type = "dense", name = "output", units = 2, activation = "sigmoid" }} ]
"""


@pytest.fixture
def open_picture(tmp_path):
    def make(shape):
        path = tmp_path / "picture.toml"
        path.write_text(PICTURE.format(shape=list(shape)), "utf-8")
        return NnsimApp(Lab(load(path)))

    return make


def rows_of(grid) -> list[str]:
    return [grid.render_line(y).text.rstrip() for y in range(grid.content_size.height)]


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36), (200, 60)], ids=str)
@pytest.mark.parametrize("shape", [(28, 28), (60, 100), (5, 4, 3), (1, 1), (1, 40)], ids=str)
async def test_any_picture_leaves_the_prediction_in_sight(open_picture, shape, size):
    app = open_picture(shape)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        bars = app.screen.query_one(PredictionBars)
        grid = app.screen.query_one(PixelGrid)
        assert bars.region.bottom <= size[1] - 2
        for key in ("end", "home"):
            await pilot.press(key)
            await pilot.pause()
            corner = grid.board.corner(grid.cursor)
            assert corner is not None
            assert corner[0] < grid.content_size.width
            assert corner[1] < grid.content_size.height


async def test_painting_at_the_far_end_of_a_large_picture(open_picture):
    app = open_picture((28, 28))
    async with app.run_test(size=(80, 24)) as pilot:
        grid = app.screen.query_one(PixelGrid)
        await pilot.press("end", "space", "up", "space")
        await pilot.pause()
        assert app.screen.lab.input[27 * 28 + 27] == 1
        assert app.screen.lab.input[26 * 28 + 27] == 1
        await pilot.press("left")
        await pilot.pause()
        assert rows_of(grid)[-1].endswith("▲█")  # two rows in a line, the cursor in the upper


async def test_channels_stand_side_by_side_and_are_painted(open_picture):
    app = open_picture((2, 3, 3))
    async with app.run_test(size=(120, 36)) as pilot:
        grid, lab = app.screen.query_one(PixelGrid), app.screen.lab
        await pilot.press(*["right"] * 3, "space")  # from red on to green
        assert lab.input.reshape(2, 3, 3)[0, 0].tolist() == [0, 1, 0]
        await pilot.press("down", *["right"] * 5, "space")
        assert lab.input.reshape(2, 3, 3)[1, 2].tolist() == [0, 0, 1]
        names = grid.render_line(0).text
        assert names.split() == ["R", "G", "B"]


async def test_a_resized_terminal_shows_the_picture_where_the_mouse_finds_it(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("right_square_bracket")
        for size in [(80, 24), (60, 20), (100, 30), (200, 60), (60, 20)]:
            await pilot.resize_terminal(*size)
            await pilot.pause()
            grid = app.screen.query_one(PixelGrid)
            lines = rows_of(grid)
            left = grid.board.left
            assert len(lines[0]) <= grid.content_size.width
            for index in (0, 2, 11):  # lit pixels of the first sample, a zero
                x, y = grid.board.corner(index)
                assert lines[y][x:].startswith(
                    tuple(f"{sign}{index + 1}" for sign in ("", "┌", "["))
                )
            assert not lines[0][:left].strip()


@pytest.mark.parametrize(
    ("value", "sign"),
    [(0, "·"), (0.01, "░"), (0.25, "░"), (0.4, "▒"), (0.7, "▓"), (0.99, "█"), (1, "█")],
)
def test_brightness_is_told_by_the_character(value, sign):
    assert shade(value) == sign
