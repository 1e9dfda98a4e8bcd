"""The Train panel as a person uses it: views, settings, the timeline, branches."""

import numpy as np
import pytest
from rich.cells import cell_len

from nnsim.tui.draw.text import wrap_cells
from nnsim.tui.panels.train import TrainPanel
from nnsim.tui.panels.train.head import VIEWS, Timeline
from nnsim.tui.panels.training import TrainingPanel
from nnsim.tui.screens.bar import CommandBar, CommandInput
from nnsim.tui.screens.frame import StatusLine


async def settle(app, pilot):
    """Let training end, views finish what they compute, and everything be drawn."""
    for _turn in range(200):
        await pilot.pause()
        panel = app.screen.query(TrainPanel)
        busy = any(p.views[p.view].busy for p in panel)
        if app.screen.training.live is None and not busy:
            break
    await pilot.pause()


async def press(app, pilot, *keys):
    for key in keys:
        await pilot.press(key)
    await settle(app, pilot)


def panel_of(app) -> TrainPanel:
    return app.screen.query_one(TrainPanel)


def heights(app) -> tuple[int, int]:
    """How many lines stand above and below the view."""
    panel = panel_of(app)
    width = panel.content_size.width
    above = panel._head.rows(panel.scene.lab, panel.view, panel.settings, panel.chosen, width)
    return len(above), 1 + len(wrap_cells(panel.health, width, 2))


def view(app) -> list[str]:
    above, below = heights(app)
    return panel_of(app).lines[above:-below]


def head(app) -> str:
    return " ".join(panel_of(app).lines[: heights(app)[0]])


def slider(app) -> str:
    return panel_of(app).lines[-1]


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (160, 48)])
async def test_every_view_has_its_picture_at_every_size(open_app, size):
    app = open_app("digits-4x3")
    async with app.run_test(size=size) as pilot:
        await press(app, pilot, "5")
        seen = {}
        for name in VIEWS:
            assert f"[{name}]" in head(app)
            seen[name] = "\n".join(view(app))
            await press(app, pilot, "v")
        assert f"[{VIEWS[0]}]" in head(app)
        assert "loss per sample" in seen["Curves"]
        assert "accuracy" in seen["Curves"]
        assert "●─ train" in seen["Curves"]
        assert "○╌ test" in seen["Curves"]
        weights = app.screen.lab.network.layers[0].weight
        assert f"{weights[0, 0]:+.2f}".replace("-", "−") in seen["Weights"]
        assert "● hidden" in seen["Gradients"]
        assert "○ output" in seen["Gradients"]
        assert "activations over 64 samples"[:12] in seen["Histograms"]


async def test_what_training_is_told_is_always_in_sight(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(app, pilot, "5")
        for text in ("epoch 100", "100 updates", "steps/s", "speed flat out", "rate 0.2",
                     "optimizer sgd", "batch all 64", "l2 0"):  # fmt: skip
            assert text in head(app), text


async def test_keys_change_the_chosen_setting_and_undo_takes_it_back(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        lab = app.screen.lab
        await press(app, pilot, "5", "minus", "minus")
        assert lab.running.pace == 100
        assert "[speed 100 steps a second]" in head(app)
        await press(app, pilot, "down", "plus", "plus")
        assert lab.trainer.learning_rate == 1.0
        assert "[rate 1]" in head(app)
        await press(app, pilot, "down", "plus", "down", "minus", "down", "plus")
        assert lab.trainer.optimizer.name == "momentum"
        assert lab.trainer.batch_size == 32
        assert lab.network.l2 == 1e-6
        for _time in range(5):
            await press(app, pilot, "u")
        assert lab.trainer.learning_rate == 0.2
        assert lab.trainer.optimizer.name == "sgd"
        assert not lab.trainer.batch_size
        assert lab.network.l2 == 0
        await press(app, pilot, "up", "up", "up", "up", "plus", "plus", "plus")
        assert lab.running.pace is None


async def test_a_value_can_be_typed(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(app, pilot, "5", "j", "e")
        assert app.screen.query_one(CommandBar)
        await press(app, pilot, "0", "full_stop", "7", "enter")  # in the place of the old one
        assert app.screen.lab.trainer.learning_rate == 0.7
        assert isinstance(app.focused, TrainPanel)


async def test_training_by_steps_epochs_and_to_an_epoch(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        await press(app, pilot, "5", "b")
        assert lab.trainer.updates == 101
        await press(app, pilot, "T")
        assert lab.trainer.epoch == 102
        await press(app, pilot, "y")
        assert lab.trainer.epoch == 202
        await press(app, pilot, "G", "2", "5", "0", "enter")
        assert lab.trainer.epoch == 250
        assert "epoch 250" in head(app)
        await press(app, pilot, "r")
        assert lab.trainer.epoch == 0
        assert np.array_equal(lab.network.parameters, lab.start)
        before = lab.start.copy()
        await press(app, pilot, "d")
        assert not np.array_equal(lab.network.parameters, before)
        assert lab.timeline.run.setup.seed == 1


async def test_space_starts_and_pauses(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        lab = app.screen.lab
        app.screen.training.runner.set_pace(100)
        await press(app, pilot, "5")
        await pilot.press("space")
        while lab.trainer.epoch < 110:
            await pilot.pause()
        assert lab.running.on
        assert "▶" in head(app)
        assert any("▶" in line for line in texts(app.screen.query_one(TrainingPanel)))
        await press(app, pilot, "space")
        assert not lab.running.on
        assert "■" in head(app)
        assert f"epoch {lab.trainer.epoch}" in head(app)


async def test_settings_change_while_training_goes_on_and_going_back_pauses(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        lab = app.screen.lab
        await press(app, pilot, "5", "down")
        await pilot.press("space", "plus", "down", "plus")
        assert lab.running.on
        assert (lab.trainer.learning_rate, lab.trainer.optimizer.name) == (0.5, "momentum")
        epoch = lab.trainer.epoch
        while lab.trainer.epoch < epoch + 20:
            await pilot.pause()
        await pilot.press("v", "v", "v", "v", "left")
        assert not lab.running.on
        assert lab.trainer.epoch in lab.timeline.run.epochs
        assert lab.trainer.epoch < lab.timeline.run.last


async def test_e_types_the_rate_where_the_chosen_setting_takes_no_number(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(80, 24)) as pilot:
        await press(app, pilot, "5", "e")
        assert app.screen.query_one(CommandInput).value == "rate 0.2"


def texts(panel) -> list[str]:
    return ["".join(t for t, _style in panel.row(i)) for i in range(panel.row_count())]


async def test_arrows_go_along_the_timeline_and_undo_takes_the_way_back_at_once(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        lab = app.screen.lab
        end = lab.network.parameters.copy()
        await press(app, pilot, "5", "left", "h", "less_than_sign", "comma")
        assert lab.trainer.epoch == 96
        await press(app, pilot, "right", "l", "greater_than_sign")
        assert lab.trainer.epoch == 99
        await press(app, pilot, "home")
        assert lab.trainer.epoch == 0
        assert "epoch 0 " in head(app)
        await press(app, pilot, "comma")
        assert app.screen.query_one(StatusLine).text == "this is the first epoch of the run"
        await press(app, pilot, "pagedown")
        assert lab.trainer.epoch == 10
        await press(app, pilot, "end")
        assert np.array_equal(lab.network.parameters, end)
        await press(app, pilot, "home", "u")
        assert lab.trainer.epoch == 100


async def test_training_on_from_the_past_leaves_the_older_run_in_grey(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        lab = app.screen.lab
        await press(app, pilot, "5", "home", *["pagedown"] * 4, "T", "T", "T")
        assert [(r.number, r.parent, r.fork) for r in lab.timeline.runs] == [
            (1, None, None), (2, 1, 40),
        ]  # fmt: skip
        assert "×┄ run 1" in "\n".join(view(app))
        assert "run 2  ×  run 1 (left at 40)" in "\n".join(view(app))
        assert "┴" in slider(app)
        assert "run 2 of 2" in slider(app)
        await press(app, pilot, "O")  # to the other run, at the nearest epoch it has
        assert (lab.timeline.current, lab.trainer.epoch) == (1, 43)
        assert "×┄ run 2" in "\n".join(view(app))
        assert "┬" in slider(app)
        await press(app, pilot, "o")  # and without another
        assert "×" not in "\n".join(view(app))


async def test_two_seeds_are_laid_over_one_another_and_told_apart(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        await press(app, pilot, "5", "d", "down", "plus", "y")
        text = "\n".join(view(app))
        assert "run 2 (seed 1 · rate 0.5)  ×  run 1 (seed 0 · rate 0.2)" in text
        # The lines of the other run are drawn in another style, and with markers of their own.
        rows = panel_of(app)._rows
        assert any(p[1] == "dim" and "×" in p[0] for row in rows[2:-2] for p in row)


async def test_the_mouse_draws_the_bench_along_the_timeline(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        lab = app.screen.lab
        await press(app, pilot, "5")
        panel = panel_of(app)
        width, height = panel.content_size
        line = Timeline.of(lab, width)
        await pilot.mouse_down(panel, offset=(1 + line.start, height))  # inside of the border
        await settle(app, pilot)
        assert lab.trainer.epoch == 0
        await pilot.hover(panel, offset=(1 + line.start + line.width // 2, height))
        await settle(app, pilot)
        assert lab.trainer.epoch == pytest.approx(50, abs=2)
        await pilot.mouse_up(panel, offset=(1 + line.start + line.width // 2, height))
        await press(app, pilot, "u")
        assert lab.trainer.epoch == 100


async def test_views_and_settings_can_be_clicked(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        await press(app, pilot, "5")
        top = panel_of(app)
        await pilot.click(top, offset=(top.lines[0].index("Gradients") + 2, 1))
        await settle(app, pilot)
        assert "[Gradients]" in head(app)
        place = top.lines[1].index("rate") + 2
        await pilot.click(top, offset=(place, 2))
        await settle(app, pilot)
        assert "[rate 0.2]" in head(app)
        await pilot.click(top, offset=(place, 2))  # once more: to type a value
        await settle(app, pilot)
        assert app.screen.query_one(CommandBar)


async def test_dead_units_are_named_and_the_name_goes_when_they_live(open_app):
    app = open_app("spiral")
    async with app.run_test(size=(120, 36)) as pilot:
        lab = app.screen.lab
        await press(app, pilot, "5")
        app.screen.execute("set hidden1[3].b -1000")
        await settle(app, pilot)
        assert "hidden1[3] is dead: 0 for all 240 samples" in panel_of(app).health
        summary = app.screen.query_one(TrainingPanel)
        while not any("dead" in line for line in texts(summary)):
            await pilot.pause()
        row = next(i for i, line in enumerate(texts(summary)) if "dead" in line)
        assert "! " in texts(summary)[row]
        assert summary.numbers[row][1] == "hidden1[3].a"
        app.screen.execute("undo")
        await settle(app, pilot)
        assert "hidden1[3]" not in panel_of(app).health
        assert lab.can_redo


async def test_what_stopped_training_is_said(open_app):
    app = open_app("line")
    async with app.run_test(size=(120, 36)) as pilot:
        app.screen.execute("rate 1000")
        await press(app, pilot, "5", "y", "y")
        assert app.screen.lab.diverged
        assert panel_of(app).health.startswith("! ")
        assert any(line.startswith("! ") for line in panel_of(app).lines)


async def test_the_scale_of_the_curves_can_be_changed(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        await press(app, pilot, "5")
        linear = view(app)
        await press(app, pilot, "m")
        assert any("0.1┤" in line for line in view(app))
        assert view(app) != linear
        logarithmic = view(app)
        await press(app, pilot, "m")
        assert view(app) not in (linear, logarithmic)
        await press(app, pilot, "m")
        assert view(app) == linear


async def test_resizing_and_other_experiments_leave_nothing_behind(open_app):
    app = open_app("digits-4x3")
    async with app.run_test(size=(120, 36)) as pilot:
        await press(app, pilot, "5", "v", "v")
        for size in ((60, 20), (80, 24), (200, 60), (120, 36)):
            await pilot.resize_terminal(*size)
            await settle(app, pilot)
        assert any("hidden" in line for line in view(app))
        app.screen.execute("experiment line")
        await settle(app, pilot)
        await press(app, pilot, "5")
        assert "loss per sample" in "\n".join(view(app))


@pytest.mark.parametrize("name", ["neuron-and", "window-4x4", "rgb-4x4", "digits-8x8-cnn", "line"])
async def test_every_kind_of_experiment_has_views(open_app, name):
    app = open_app(name)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(app, pilot, "5")
        for _view in VIEWS:
            assert any(line.strip() for line in view(app))
            await press(app, pilot, "v", "pagedown", "pageup")


def test_names_of_the_summary_take_their_cells_in_chinese(monkeypatch):
    panel = TrainingPanel()
    numbers = [("轮", "epoch", [("1", "")]), ("测试集", "cost", [("2", "")])]
    monkeypatch.setattr(TrainingPanel, "numbers", numbers)
    assert [cell_len(panel.row(i)[0][0]) for i in range(2)] == [11, 11]
