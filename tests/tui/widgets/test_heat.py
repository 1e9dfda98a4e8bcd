"""Levels, contours and styles of heat maps."""

from typing import ClassVar

import numpy as np
from textual.app import App, ComposeResult

from nnsim.tui.widgets.heat import Heat, contours, edges, levels_of, shade_of
from nnsim.tui.widgets.painter import Painter


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


class Patch(Painter):
    PREFIX = "patch--"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"patch--low", "patch--high"}
    DEFAULT_CSS = "Patch { .patch--low { color: #000000; } .patch--high { color: #ffffff; } }"


class One(App):
    def compose(self) -> ComposeResult:
        yield Patch()


async def test_colours_lead_from_the_first_stop_to_the_last():
    app = One()
    async with app.run_test():
        heat = Heat(app.query_one(Patch), ("patch--low", "patch--high"), 3)
        assert heat.colourful
        backs = [heat.cell(level).bgcolor.triplet.hex for level in range(3)]
        assert backs == ["#000000", "#7f7f7f", "#ffffff"]


async def test_a_terminal_s_own_colours_are_not_mixed():
    app = One()
    async with app.run_test() as pilot:
        app.theme = "ansi-dark"
        await pilot.pause()
        heat = Heat(app.query_one(Patch), ("patch--low", "patch--high"))
        assert not heat.colourful
        assert heat.cell(15).bgcolor == heat.cell(0).bgcolor
