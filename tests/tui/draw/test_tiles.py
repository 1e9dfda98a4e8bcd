"""The painter of small matrices: light and numbers with a sign, with and without colours."""

import numpy as np
import pytest
from textual.app import App, ComposeResult

from nnsim.lab.hiding import HIDDEN
from nnsim.tui.draw.lines import Lines
from nnsim.tui.draw.tiles import halves, largest, pixel, shade, signed, tint, tone


def test_signs_and_sizes_are_told_without_colour():
    kinds = [(-1.0, "@@"), (-0.6, "%%"), (-0.3, "=="), (-0.1, "--"), (0.0, "· "), (0.1, "░░"),
             (0.3, "▒▒"), (0.6, "▓▓"), (1.0, "██")]  # fmt: skip
    for value, sign in kinds:
        assert signed(value, 1.0, 2, coloured=False)[0] == sign
    assert signed(-1.5, 2.0, 6, coloured=False)[0] == "−1.50 "
    assert signed(float("inf"), 1.0, 2, coloured=False)[0] == "??"
    assert "nan" in signed(float("nan"), 1.0, 6, coloured=False)[0]


def test_with_colours_a_cell_is_filled_and_a_minus_still_stands_on_it():
    assert signed(1.0, 1.0, 2) == ("██", "positive@4")
    assert signed(-1.0, 1.0, 2) == ("- ", "cell:negative@4")
    assert signed(-0.25, 1.0, 6) == ("−0.25 ", "cell:negative@1")
    assert signed(0.0, 1.0, 2) == ("· ", "dim")
    assert signed(0.5, 1.0, 2, chosen=True) == ("▓▓", "positive cursor")


def test_the_sign_may_stand_before_the_block():
    assert signed(-0.3, 1.0, 2, coloured=False, plus=True)[0] == "−▒"
    assert signed(0.0, 1.0, 2, coloured=False, plus=True)[0] == "+·"


@pytest.mark.parametrize("width", [1, 2, 6])
def test_a_hidden_number_is_a_mark(width):
    text, style = signed(HIDDEN, 1.0, width)
    assert set(text) - {" "} == {"?"}
    assert len(text) == width
    assert style == "dim"


def test_the_largest_is_that_of_the_finite_ones():
    assert largest(np.array([-3.0, 2.0, np.inf, np.nan])) == 3
    assert largest(np.array([])) == 0


def test_light_is_told_by_blocks():
    assert [shade(v) for v in (0, 0.1, 0.3, 0.6, 0.9, 1.0)] == ["·", "░", "▒", "▓", "█", "█"]
    assert pixel(1.0, 2) == ("██", "light")
    assert pixel(0.0, 2) == ("··", "dark")
    assert tone(0.5) == "light%63"


def test_two_rows_share_a_line():
    assert [halves(a, b, 1, grey=False)[0] for a, b in ((1, 1), (1, 0), (0, 1), (0, 0))] == [
        "█", "▀", "▄", "·",
    ]  # fmt: skip
    assert halves(1.0, 0.0, 2, grey=True) == ("▀▀", "light%100 on:light%0")


def test_a_pixel_with_three_channels_is_its_colour():
    assert tint(np.array([1.0, 0.5, 0.0])) == "#ff8000"
    assert tint(np.array([0.0, 0.0, 0.0])) == "dark"
    assert tint(np.array([0.5])) == "light%63"


class Patch(Lines):
    def rows(self, width, height):
        return [[halves(1.0, 0.0, 1, grey=True), pixel(1.0, 1, "#ff8000")]]


class One(App):
    def compose(self) -> ComposeResult:
        yield Patch()


async def test_the_sheet_knows_every_style_that_is_painted():
    app = One()
    async with app.run_test() as pilot:
        patch = app.query_one(Patch)
        above, colour = list(patch.render_line(0))[:2]
        assert above.text == "▀"
        assert above.style.color == patch.sheet["light"].color
        assert above.style.bgcolor == patch.sheet[""].bgcolor
        assert colour.style.color.triplet.hex == "#ff8000"
        app.theme = "ansi-dark"
        await pilot.pause()
        assert next(iter(patch.render_line(0))).text.startswith("▀")
