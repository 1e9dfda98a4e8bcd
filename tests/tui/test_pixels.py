"""Pictures of every kind on the input: large, in colour, in terminals that change their size."""

import pytest

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.tui.app import NnsimApp
from nnsim.tui.draw.tiles import shade
from nnsim.tui.panels.input.pixels import PixelGrid
from nnsim.tui.panels.input.prediction import PredictionBars

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


async def test_grey_levels_are_painted_with_keys_and_undone_together(open_app):
    app = open_app("digits-8x8")
    async with app.run_test(size=(80, 24)) as pilot:
        grid, lab = app.screen.query_one(PixelGrid), app.screen.lab
        await pilot.press("plus", "plus", "plus")
        assert lab.input.reshape(-1)[0] == 3 / 8
        assert grid.border_subtitle == "1,1: 0.375"
        await pilot.press("minus")
        assert lab.input.reshape(-1)[0] == 2 / 8
        await pilot.press("right", "down", *["equals_sign"] * 12)
        assert lab.input.reshape(-1)[9] == 1  # and no further
        await pilot.press("u")
        assert lab.input.reshape(-1)[9] == 0
        assert lab.input.reshape(-1)[0] == 2 / 8
        await pilot.press("u")
        assert not lab.input.any()
        await pilot.press("minus")
        assert not lab.input.any()
        await pilot.press("e", *"0.3", "enter", "plus")  # on to the next eighth
        assert lab.input.reshape(-1)[9] == 3 / 8
        assert "+-" in screen_keys(app)


def screen_keys(app):
    from nnsim.tui.screens.frame import KeyLine

    return app.screen.query_one(KeyLine).render_line(0).text


async def test_black_and_white_pictures_have_no_keys_for_grey(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        grid, lab = app.screen.query_one(PixelGrid), app.screen.lab
        await pilot.press("plus")
        assert not lab.input.any()
        assert not grid.border_subtitle
        lab.run("pixel 1 0.5")
        app.screen.show()
        await pilot.press("plus")
        assert lab.input.reshape(-1)[0] == 5 / 8


async def test_each_channel_has_its_colour_and_its_name(open_picture):
    app = open_picture((2, 3, 3))
    async with app.run_test(size=(120, 36)) as pilot:
        grid = app.screen.query_one(PixelGrid)
        await pilot.press("space", *["right"] * 4, "space", "plus", "minus", "minus")
        assert app.screen.lab.input.reshape(2, 3, 3)[0].tolist() == [
            [1, 0, 0], [0, 0.75, 0], [0, 0, 0],
        ]  # fmt: skip
        assert grid.border_subtitle == "G 1,2: 0.75"
        await pilot.press("down")  # away from both
        await pilot.pause()
        colours = {
            segment.style.color
            for segment in grid.render_line(1)
            if segment.text.strip("· 1234567890")
        }
        assert len(colours) == 2


@pytest.mark.parametrize("theme", ["textual-dark", "ansi-dark"])
async def test_two_rows_in_a_line_tell_grey_levels(open_picture, theme):
    app = open_picture((28, 28))
    app.theme = theme
    async with app.run_test(size=(80, 24)) as pilot:
        grid, lab = app.screen.query_one(PixelGrid), app.screen.lab
        assert grid.board.half
        lab.run("pixel 3 0.25")
        lab.run("pixel 31 0.75")  # below it, in the same cell
        app.screen.show()
        await pilot.pause()
        x, _y = grid.board.corner(2)
        place = 0
        for segment in grid.render_line(0):
            if place <= x < place + len(segment.text):
                break
            place += len(segment.text)
        if theme == "ansi-dark":  # as light as both are together
            assert segment.text[x - place] == "▒"
        else:
            assert segment.text[x - place] == "▀"
            upper, lower = segment.style.color, segment.style.bgcolor
            assert sum(upper.triplet) < sum(lower.triplet)


async def test_ascii_tells_every_grey_level_apart(open_app):
    app = open_app("digits-8x8", ascii_only=True)
    async with app.run_test(size=(80, 24)) as pilot:
        grid, lab = app.screen.query_one(PixelGrid), app.screen.lab
        lab.run("input " + " ".join(["0", "0.2", "0.4", "0.7", "1", "0", "0", "0"] * 8))
        app.screen.show()
        await pilot.pause()
        line = grid.render_line(2).text.replace(" ", "")
        assert list(dict.fromkeys(line)) == list(".-+*#")


async def test_numbers_hide_no_picture_of_many_pixels(open_app):
    app = open_app("digits-8x8")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("right_square_bracket")
        await pilot.pause()
        grid = app.screen.query_one(PixelGrid)
        assert grid.cell == (4, 1)
        text = "".join(rows_of(grid))
        assert not any(char.isdigit() for char in text)
        # Pixel 11 is 1 and pixel 9 is 0 in the first sample of the file.
        x, y = grid.board.corner(10)
        assert rows_of(grid)[y][x : x + 4] == "█" * 4
        x, y = grid.board.corner(8)
        assert rows_of(grid)[y][x : x + 4].strip() == "·"
