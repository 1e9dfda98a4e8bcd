"""Levels, contours and styles of heat maps."""

import numpy as np
from textual.app import App, ComposeResult

from nnsim.tui.draw.heat import contours, edges, levels_of, pieces, shade_of, style
from nnsim.tui.draw.lines import Lines
from nnsim.tui.draw.styles import blended


def test_levels_part_the_range_equally():
    values = np.array([0.0, 0.24, 0.26, 0.51, 0.99, 1.0])
    assert levels_of(values, 0, 1, 4).tolist() == [0, 0, 1, 2, 3, 3]
    assert edges(0, 1, 4).tolist() == [0, 0.25, 0.5, 0.75, 1]


def test_values_beyond_the_ends_and_unknown_ones():
    values = np.array([-5.0, 7.0, np.inf, -np.inf, np.nan])
    assert levels_of(values, 0, 1, 4).tolist() == [0, 3, 3, 0, -1]
    assert levels_of(values, 2, 2, 4).tolist() == [0, 0, 0, 0, -1]


def test_a_contour_is_on_the_higher_side_alone():
    levels = np.array([[0, 0, 1], [0, 0, 1], [0, 2, 2]])
    assert contours(levels).tolist() == [
        [False, False, True], [False, False, True], [False, True, True],
    ]  # fmt: skip


def test_a_higher_level_has_a_thicker_shade():
    shades = [shade_of(level) for level in range(16)]
    assert shades[0] == " "
    assert shades[-1] == "@"
    assert len(set(shades)) == 10
    assert shade_of(-1) == "?"


class Patch(Lines):
    def rows(self, width, height):
        return [[("cold", style(0)), ("hot", style(15))]]


class One(App):
    def compose(self) -> ComposeResult:
        yield Patch()


def test_colours_lead_from_the_first_stop_to_the_last():
    assert [colour.lower() for colour in blended(("#000000", "#ffffff"), 3)] == [
        "#000000", "#7f7f7f", "#ffffff",
    ]  # fmt: skip


async def test_each_level_fills_its_cell_with_a_colour_of_its_own():
    app = One()
    async with app.run_test():
        sheet = app.query_one(Patch).sheet
        assert sheet.mixes
        backs = [sheet[style(level)].bgcolor for level in range(16)]
        assert len(set(backs)) == 16
        assert [sheet[style(level, mark=True)].bgcolor for level in range(16)] == backs


async def test_a_terminal_s_own_colours_are_not_mixed():
    app = One()
    async with app.run_test() as pilot:
        app.theme = "ansi-dark"
        await pilot.pause()
        sheet = app.query_one(Patch).sheet
        assert not sheet.mixes
        assert sheet[style(15)].bgcolor == sheet[style(0)].bgcolor


def test_marks_and_the_cursor_stand_on_the_map():
    assert pieces([0, 0, 9, 9], "0  A", {1: "●"}, here=3) == [
        ("0", "field:heat-0"), ("●", "strong cell:heat-0"), (" ", "field:heat-9"),
        ("A", "field:heat-9 reverse"),
    ]  # fmt: skip
