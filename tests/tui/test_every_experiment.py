"""Every experiment that ships opens in the app, at every size, and answers keys."""

import numpy as np
import pytest

from nnsim.experiments import catalogue
from nnsim.tui.panels.input.number import NumberInput
from nnsim.tui.panels.input.plane import PlaneInput
from nnsim.tui.panels.input.prediction import PredictionBars
from nnsim.tui.panels.input.vector import VectorInput
from tests.tui.conftest import in_turn


@pytest.mark.parametrize(("name", "size"), in_turn([entry.id for entry in catalogue()]))
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


# How far one key goes: a tenth of a field, and on a plot a round fiftieth of what is in sight,
# which is the data and 12 % of it on both sides: 5 · 1.24 / 50 = 0.124 and 1 · 1.24 / 50 = 0.0248.
@pytest.mark.parametrize(
    ("name", "editor", "step"),
    [("line", NumberInput, 0.1), ("xor", PlaneInput, 0.02), ("score", VectorInput, 0.1)],
)
async def test_numbers_on_the_input_are_nudged_and_typed(open_app, name, editor, step):
    app = open_app(name)
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        assert isinstance(app.focused, editor)
        before = lab.input.copy()
        await pilot.press("right", "right", "left", "right")
        assert lab.input[0] == pytest.approx(before[0] + 2 * step)
        await pilot.press("e", *"-1.5", "enter")
        assert lab.input[0] == -1.5
        await pilot.press("u")
        assert lab.input[0] == pytest.approx(before[0] + 2 * step)
