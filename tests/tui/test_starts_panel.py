"""Panel 8: many starts, trained beside the screen, and one of them opened on the bench."""

import re

import numpy as np
import pytest

from nnsim.lab.sweep import Recipe, Starts
from nnsim.tui.panels import starts as view
from nnsim.tui.panels.starts import Choice, StartsPanel

SIZES = [(80, 24), (120, 36)]


@pytest.fixture
def board(open_app, screen_text):
    """Opens an experiment at panel 8; `done` waits until the starts are trained."""

    class Board:
        def __init__(self, name="xor", size=(120, 36)):
            self.app = open_app(name)
            self.size = size

        async def __aenter__(self):
            self.context = self.app.run_test(size=self.size)
            self.pilot = await self.context.__aenter__()
            await self.press("8")
            await self.pilot.pause()
            self.screen = self.app.screen
            self.panel, self.lab = self.screen.query_one(StartsPanel), self.screen.lab
            return self

        async def __aexit__(self, *problem):
            if self.panel.live is not None:
                self.panel.live.stop()
            await self.context.__aexit__(*problem)

        async def press(self, *keys):
            for key in keys:
                await self.pilot.press(key)

        async def trained(self):
            await self.press("space")
            if self.panel.live is not None:
                assert self.panel.live.wait(60)
            self.panel.poll()
            await self.pilot.pause()

        def text(self):
            return "\n".join(screen_text(self.app))

    return Board


def snapshot(lab, count=100, epochs=None):
    starts = Starts(Recipe.of(lab, count, epochs))
    starts.train()
    return starts.snapshot()


@pytest.mark.parametrize("size", SIZES)
async def test_space_trains_them_and_everything_is_said(board, size):
    async with board(size=size) as b:
        assert "100 seeds · 500 epochs · sgd 1" in b.text()
        await b.trained()
        text = b.text()
        assert "epoch 500 of 500 · 2 stuck" in text
        assert "median" in text
        assert "× stuck" in text
        assert "seed      cost     right" in text
        expected = snapshot(b.lab)
        best = int(expected.order()[0])
        assert b.panel.choice.seed == best
        assert f"Enter opens seed {best}" in text
        await b.press("x")
        assert b.panel.snapshot.verdicts[b.panel.choice.seed] == "stuck"
        assert f"seed {b.panel.choice.seed} is stuck" in b.text()


async def test_enter_opens_a_seed_and_undo_takes_it_back(board):
    async with board("digits-4x3") as b:
        before = b.lab.network.parameters.copy()
        await b.trained()
        await b.press("end", "enter")
        await b.pilot.pause()
        found = b.panel.snapshot
        seed = int(found.order()[-1])
        assert b.lab.network.seed == seed
        assert b.lab.trainer.epoch == 100
        assert b.lab.metrics.cost == pytest.approx(found.costs[seed], rel=1e-9)
        # What stands beside it is of that seed too.
        right = round(found.accuracies[seed] * 64)
        assert right < 64
        assert re.search(rf"right +{right}/64", b.text())
        start = b.lab.experiment.build_network(seed).parameters
        b.screen.execute("reset")
        assert np.array_equal(b.lab.network.parameters, start)
        for _command in ("reset", "until", "seed"):
            b.screen.execute("undo")
        assert np.array_equal(b.lab.network.parameters, before)


async def test_a_seed_is_opened_while_the_bench_is_trained(board):
    async with board("digits-4x3") as b:
        await b.trained()
        await b.press("t")
        await b.pilot.pause()
        assert b.lab.running.on
        await b.press("home", "enter")
        await b.pilot.pause()
        assert not b.lab.running.on
        assert b.lab.trainer.epoch == 100
        cost = b.panel.snapshot.costs.min()
        assert b.lab.metrics.cost == pytest.approx(cost, rel=1e-9)


async def test_a_long_run_is_stopped_by_escape_and_goes_on_meanwhile(board):
    async with board("planar") as b:
        await b.press("asterisk")
        assert "10000 epochs" in b.text()
        await b.press("space")
        assert b.panel.running
        assert "Esc stops" in b.text()
        await b.press("plus")  # not while they run
        assert b.panel.count == 100
        await b.press("enter")
        assert "still being trained" in b.text()
        b.screen.execute("sample 3")  # the bench is free
        assert b.lab.sample == 2
        await b.press("escape")
        if b.panel.live is not None:
            assert b.panel.live.wait(10)
            b.panel.poll()
        assert not b.panel.running
        assert not b.panel.snapshot.done
        assert 0 <= b.panel.snapshot.epoch < 10000
        assert b.app.screen is b.screen  # Esc didn't leave the bench
        await b.press("escape")
        await b.pilot.pause()
        assert b.app.screen.__class__.__name__ == "HomeScreen"


async def test_how_many_seeds_and_epochs(board):
    async with board() as b:
        for key, seeds in (("minus", 30), ("minus", 10), ("minus", 10), ("plus", 30)):
            await b.press(key)
            assert f"{seeds} seeds" in b.text()
        await b.press("slash", "slash", "i")
        assert "30 seeds from 30 · 125 epochs" in b.text()
        await b.trained()
        assert list(b.panel.snapshot.recipe.seeds) == list(range(30, 60))
        assert b.panel.snapshot.epoch == 125


async def test_other_settings_are_told_and_not_mixed_up(board):
    async with board() as b:
        await b.press("minus", "minus")
        await b.trained()
        b.screen.execute("rate 0.5")
        await b.pilot.pause()
        assert "with other settings than now" in b.text()
        before = b.lab.network.parameters.copy()
        await b.press("enter")
        assert "Space trains them with those" in b.text()
        assert np.array_equal(b.lab.network.parameters, before)
        b.screen.execute("undo")
        await b.press("down", "enter")
        await b.pilot.pause()
        assert b.lab.trainer.epoch == 500


async def test_refusals_are_said_on_the_panel(board):
    async with board("digits-4x3") as b:
        b.screen.execute("mute hidden[1]")
        await b.press("space")
        assert "! hidden[1] would not count in training" in b.text()
        assert not b.panel.running
    async with board("line") as b:
        await b.press("minus", "minus")
        await b.trained()
        await b.press("v")
        assert "there is no accuracy" in b.text()
        await b.press("x")
        assert "none went wrong" in b.text()


async def test_keys_before_anything_is_trained(board):
    async with board("score", (80, 24)) as b:
        await b.press("down", "end", "x", "v", "o", "r", "pagedown", "home", "escape")
        await b.pilot.pause()
        assert b.app.screen.__class__.__name__ == "HomeScreen"


async def test_lines_fit_whatever_the_size(board):
    async with board("digits-4x3") as b:
        await b.trained()
        for width, height in ((60, 20), (80, 24), (200, 60), (120, 36), (61, 45)):
            await b.pilot.resize_terminal(width, height)
            await b.pilot.pause()
            for y in range(b.panel.content_size.height):
                assert b.panel.render_line(y).cell_length == b.panel.content_size.width
            assert f"▸ {b.panel.choice.seed:>6}" in b.text()


# What is drawn ----------------------------------------------------------------------------------


def test_every_seed_has_a_mark(open_app):
    found = snapshot(open_app("xor")._lab, 30)
    wide = view.strip(found, Choice(), 300, 40)
    text = "".join(piece for row in wide[1:-1] for piece, _style in row)
    wrong = sum(bool(verdict) for verdict in found.verdicts)
    assert text.count(view.WRONG) == wrong
    assert text.count(view.FINE) == 30 - wrong


def test_the_cursor_stands_under_its_mark(open_app):
    found = snapshot(open_app("digits-4x3")._lab, 10)
    for seed in range(10):
        rows = view.strip(found, Choice(seed=seed, log=False), 60, 12)
        axis = "".join(text for text, _style in rows[-1])
        costs = found.costs
        share = (costs[seed] - costs.min()) / (costs.max() - costs.min())
        assert axis.index(view.CURSOR) == round(share * 59)
        assert len(axis) == 60


def test_what_diverged_has_no_place_on_the_axis(open_app):
    lab = open_app("line")._lab
    lab.run("rate 0.4")
    found = snapshot(lab, 10, 2000)
    assert set(found.verdicts) == {"diverged"}
    rows = view.strip(found, Choice(), 60, 8)
    assert not any(view.FINE in text for row in rows for text, _style in row)
    assert "diverged in" in view.list_row(found, 0, here=False)[1][0]
    assert view.outcome(found) == "10 diverged"
    assert "left the finite" in view.verdict_sentence(found, 3)
    assert len(view.curves(found, Choice(), 60, 12)) == 12
