"""Every experiment that ships opens in the app, at every size, and answers keys."""

import numpy as np
import pytest

from nnsim.experiments import catalogue
from nnsim.tui.widgets.pixels import PixelGrid
from nnsim.tui.widgets.prediction import PredictionBars
from nnsim.tui.widgets.vector import VectorInput


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36), (200, 60)], ids=str)
@pytest.mark.parametrize("name", [entry.id for entry in catalogue()])
async def test_it_opens_and_shows_what_the_bench_computes(open_app, screen_text, name, size):
    app = open_app(name)
    async with app.run_test(size=size) as pilot:
        lab, bars = app.screen.lab, app.screen.query_one(PredictionBars)
        await pilot.press("right_square_bracket", "2")
        await pilot.pause()
        assert lab.sample == 0
        assert np.array_equal(bars.output, lab.output)
        text = screen_text(app)
        assert len(text) == size[1]
        assert all(len(line) <= size[0] for line in text)
        assert "1 Input" in "\n".join(text)


@pytest.mark.parametrize("name", ["line", "xor", "score"])
async def test_numbers_on_the_input_are_nudged_and_typed(open_app, name):
    app = open_app(name)
    async with app.run_test(size=(80, 24)) as pilot:
        lab, editor = app.screen.lab, app.focused
        if name == "score":
            assert isinstance(editor, VectorInput | PixelGrid)
        else:
            assert isinstance(editor, VectorInput)
        before = lab.input.copy()
        if isinstance(editor, VectorInput):
            await pilot.press("right", "right", "left", "right")
            assert lab.input[0] == pytest.approx(before[0] + 0.2)
        await pilot.press("e", *"-1.5", "enter")
        if isinstance(editor, VectorInput):
            assert lab.input[0] == -1.5
            await pilot.press("u")
            assert lab.input[0] == pytest.approx(before[0] + 0.2)
