"""Training in the app: in a thread, with every key and command answered meanwhile."""

import asyncio
import gc
import threading

import numpy as np
import pytest

from nnsim.engine import Trainer
from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.tui.app import NnsimApp
from nnsim.tui.screens.circuit import CircuitScreen
from nnsim.tui.screens.frame import StatusLine, TitleLine
from nnsim.tui.screens.help import HelpScreen
from nnsim.tui.screens.home import HomeScreen
from nnsim.tui.screens.lab import LabScreen
from nnsim.tui.screens.lab_training import Training
from nnsim.tutor.lesson import read_lesson
from nnsim.tutor.player import Player
from tests.tui.conftest import until

SIZE = (120, 36)


@pytest.fixture(autouse=True)
def quickly(hasty, monkeypatch):
    """Polls come so often that no test has to wait for one."""
    monkeypatch.setattr(Training, "POLL", 0.01)


def status(app) -> str:
    return app.screen.query_one(StatusLine).text


def trainings() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "nnsim training"]


async def press(app, pilot, *keys: str) -> None:
    """Press keys, each when the one before is done."""
    for key in keys:
        taken = app._keys_taken
        await pilot.press(key)
        await until(lambda taken=taken: app._keys_taken > taken and not app._key_in_work)


async def trained(app, more: int = 10) -> None:
    """Wait until the bench has seen so many more epochs."""
    lab = app.screen.lab
    epoch = lab.trainer.epoch
    await until(lambda: lab.trainer.epoch >= epoch + more)


# Starting and stopping --------------------------------------------------------------------------


async def test_t_trains_without_end_and_pauses(open_app):
    app = open_app("demons")
    async with app.run_test(size=SIZE) as pilot:
        lab = app.screen.lab
        await press(app, pilot, "t")
        assert app.screen.training.live is not None
        await trained(app, 200)
        assert status(app).startswith("training: epoch ")
        assert lab.running.on
        await press(app, pilot, "t")
        assert app.screen.training.live is None
        assert not trainings()
        epoch = lab.trainer.epoch
        assert status(app).startswith(f"epoch {epoch} ·")
        plain = Lab(load("demons"))
        plain.run(f"train {epoch}")
        assert np.array_equal(lab.network.parameters, plain.network.parameters)
        await press(app, pilot, "u")
        assert lab.trainer.epoch == 0


async def test_escape_pauses_and_then_goes_home(open_app):
    app = open_app("demons")
    async with app.run_test(size=SIZE) as pilot:
        screen = app.screen
        await press(app, pilot, "t")
        await trained(app)
        await press(app, pilot, "escape")
        assert screen.training.live is None
        assert app.screen is screen
        await press(app, pilot, "escape")
        assert isinstance(app.screen, HomeScreen)


@pytest.mark.parametrize("line", ["train 700", "until 700"])
async def test_training_to_an_epoch_ends_there(open_app, line):
    app = open_app("demons")
    async with app.run_test(size=SIZE):
        lab = app.screen.lab
        assert app.screen.execute(line)
        await until(lambda: app.screen.training.live is None)
        await until(lambda: status(app).startswith("epoch 700 ·"))
        plain = Lab(load("demons"))
        assert plain.run(line) == status(app)
        assert np.array_equal(lab.network.parameters, plain.network.parameters)


async def test_the_status_tells_how_far_it_is(open_app):
    app = open_app("demons")
    async with app.run_test(size=SIZE) as pilot:
        app.screen.execute("until 5000000")
        assert status(app).endswith("of 5000000; Esc stops")
        await press(app, pilot, "escape")
        assert app.screen.lab.running.target == 5000000
        await press(app, pilot, "t")
        await trained(app)
        assert status(app).endswith("of 5000000; Esc stops")


async def test_pace_goes_up_and_down(open_app):
    app = open_app("demons")
    async with app.run_test(size=SIZE):
        screen = app.screen
        screen.training.change_pace(-100)
        assert screen.training.pace == 1
        screen.training.toggle()
        await until(lambda: screen.lab.trainer.updates >= 1)
        assert screen.lab.trainer.updates < 60
        screen.training.change_pace(100)
        assert screen.training.pace is None
        await trained(app, 500)
        screen.training.stop()


# Meanwhile --------------------------------------------------------------------------------------


async def test_keys_are_answered_while_it_trains(open_app):
    app = open_app("demons")
    async with app.run_test(size=SIZE) as pilot:
        lab, screen = app.screen.lab, app.screen
        await press(app, pilot, "t")
        await trained(app)
        live = screen.training.live
        await press(app, pilot, "space")
        await until(lambda: status(app) == "pixel 1 is 1")
        assert lab.input[0] == 1
        await press(app, pilot, "right", "space", "right_square_bracket")
        await until(lambda: lab.sample == 0)
        await until(lambda: "sample 1 (" in app.screen.query_one(TitleLine)._right)
        await press(app, pilot, "3", "right")
        await until(lambda: lab.walk_place is not None)
        epoch = lab.trainer.epoch
        await until(lambda: lab.trainer.epoch > epoch)
        assert screen.training.live is live


async def test_what_is_shown_is_of_the_epoch_on_the_bench(open_app, screen_text):
    app = open_app("demons")
    async with app.run_test(size=SIZE) as pilot:
        lab = app.screen.lab
        app.screen.execute("focus hidden[2].w[5]")
        await press(app, pilot, "t")
        await trained(app, 100)
        await press(app, pilot, "t")
        await until(lambda: f"epoch {lab.trainer.epoch}" in screen_text(app)[0])
        weight = lab.network.layers[0].weight[4, 1]
        await until(lambda: f"hidden[2].w[5] = {weight:.4f}"[:20] in "".join(screen_text(app)[-3:]))


async def test_what_a_command_said_is_left_to_be_read(open_app, monkeypatch):
    app = open_app("demons")
    async with app.run_test(size=SIZE) as pilot:
        await press(app, pilot, "t")
        await trained(app)
        app.screen.execute("rate -1")
        refusal = "! a learning rate is not negative: -1"
        assert status(app) == refusal
        await trained(app)
        assert status(app) == refusal
        monkeypatch.setattr("nnsim.tui.screens.lab_training.READ", 0.0)
        await trained(app)
        assert status(app).startswith("training: epoch")


async def test_settings_change_while_it_trains(open_app):
    app = open_app("demons")
    async with app.run_test(size=SIZE) as pilot:
        lab = app.screen.lab
        await press(app, pilot, "t")
        for line in ("rate 0.05", "optimizer momentum", "batch 8", "l2 0.001", "reset", "seed 3"):
            await trained(app)
            assert app.screen.execute(line)
            assert app.screen.training.live is not None
        assert lab.trainer.epoch < 10
        await trained(app)
        await press(app, pilot, "u")  # pauses, and takes back what was trained since
        assert app.screen.training.live is None
        assert (lab.trainer.epoch, lab.read("learning_rate"), lab.read("l2")) == (0, 0.05, 0.001)
        for _line in range(12):
            await press(app, pilot, "u")
        assert (lab.trainer.epoch, lab.read("learning_rate"), lab.read("l2")) == (0, 0.2, 0)
        assert not lab.can_undo


async def test_other_layers_while_it_trains(open_app):
    app = open_app("xor-linear")
    async with app.run_test(size=SIZE) as pilot:
        lab = app.screen.lab
        layers = len(lab.network.layers)
        await press(app, pilot, "t")
        await trained(app)
        app.screen.execute("collapse")  # the panels are made anew
        await trained(app)
        assert len(lab.network.layers) < layers
        await press(app, pilot, "escape")
        assert app.screen.training.live is None
        assert isinstance(app.screen, LabScreen)


async def test_muting_a_unit_pauses_and_says_why(open_app):
    app = open_app("demons")
    async with app.run_test(size=SIZE) as pilot:
        await press(app, pilot, "t")
        await trained(app)
        app.screen.execute("mute hidden[2]")
        assert app.screen.training.live is None
        assert "would not count in training; type unmute first" in status(app)
        await press(app, pilot, "t")
        assert status(app).startswith("! hidden[2] would not count")


async def test_gates_pause_and_help_does_not(open_app):
    app = open_app("demons")
    async with app.run_test(size=SIZE) as pilot:
        screen = app.screen
        screen.execute("sample 1")
        await press(app, pilot, "t")
        await trained(app)
        await press(app, pilot, "question_mark")
        assert isinstance(app.screen, HelpScreen)
        epoch = screen.lab.trainer.epoch
        await asyncio.sleep(0.05)
        assert screen.training.live is not None
        await press(app, pilot, "escape")
        await until(lambda: screen.lab.trainer.epoch > epoch)
        await press(app, pilot, "g")
        assert screen.training.live is None
        await until(lambda: isinstance(app.screen, CircuitScreen))


async def test_leaving_the_bench_in_another_way_pauses(open_app):
    app = open_app("demons")
    async with app.run_test(size=SIZE) as pilot:
        screen = app.screen
        await press(app, pilot, "t")
        await trained(app)
        app.show_home()
        await until(lambda: screen.training.live is None)
        assert not trainings()


# When it goes wrong -----------------------------------------------------------------------------


async def test_divergence_stops_with_a_sentence(open_app, screen_text):
    app = open_app("line")
    async with app.run_test(size=(80, 24)) as pilot:
        lab = app.screen.lab
        app.screen.execute("rate 1000")
        await press(app, pilot, "t")
        await until(lambda: app.screen.training.live is None)
        await until(lambda: status(app).startswith("! training diverged in epoch "))
        assert "at learning rate 1000" in status(app)
        assert "the last finite parameters are kept" in status(app)
        assert np.isfinite(lab.network.parameters).all()
        await until(lambda: "try reset, then rate 0.05" in " ".join(screen_text(app)))
        await press(app, pilot, "u")
        assert lab.read("diverged") == 0
        assert lab.running.problem == ""


async def test_training_that_diverges_at_once_is_a_problem_too(open_app):
    app = open_app("line")
    async with app.run_test(size=SIZE):
        app.screen.execute("rate 1000")
        app.screen.execute("train 500")
        await until(lambda: status(app).startswith("! training diverged"))


async def test_a_step_activation_is_refused_with_the_reason(tmp_path):
    path = tmp_path / "steps.toml"
    path.write_text("""
input = { kind = "vector", names = ["x", "y"] }
[network]
layers = [{ type = "dense", name = "unit", units = 1, activation = "step" }]
[data]
inputs = [[0, 1], [1, 0]]
targets = [[1], [0]]
""", encoding="utf-8")  # fmt: skip
    app = NnsimApp(Lab(load(path)))
    async with app.run_test(size=SIZE) as pilot:
        for key in ("t", None):
            if key is None:
                app.screen.execute("train 5")
            else:
                await press(app, pilot, key)
            assert "no gradient passes, so it can't be trained" in status(app)
            assert status(app).startswith("! ")
            assert app.screen.training.live is None


async def test_an_error_in_the_thread_is_shown(open_app, monkeypatch):
    advance = Trainer.advance

    def failing(self, samples, updates=None):
        if self.epoch == 30:
            raise ZeroDivisionError("of all things")
        return advance(self, samples, updates)

    monkeypatch.setattr(Trainer, "advance", failing)
    app = open_app("demons")
    async with app.run_test(size=SIZE) as pilot:
        await press(app, pilot, "t")
        await until(lambda: app.screen.training.live is None)
        problem = "! training was stopped by an error: ZeroDivisionError: of all things"
        await until(lambda: status(app) == problem)
        await press(app, pilot, "space")
        await until(lambda: app.screen.lab.input[0] == 1)


# Leaving ----------------------------------------------------------------------------------------


async def test_leaving_the_app_leaves_no_thread(open_app):
    app = open_app("demons")
    async with app.run_test(size=SIZE) as pilot:
        await press(app, pilot, "t")
        await trained(app)
        assert trainings()
    assert not trainings()


async def test_leaving_the_app_from_help_leaves_no_thread(open_app):
    app = open_app("demons")
    async with app.run_test(size=SIZE) as pilot:
        await press(app, pilot, "t")
        await trained(app)
        await press(app, pilot, "question_mark")
    assert not trainings()


async def test_many_starts_and_stops_leave_nothing_behind(open_app):
    app = open_app("demons")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = app.screen
        timers = len(screen._timers)
        for _cycle in range(30):
            await press(app, pilot, "t")
        assert screen.training.live is None
        assert not trainings()
        gc.collect()
        await asyncio.sleep(0.1)
        assert len(screen._timers) <= timers + 2


# In lessons -------------------------------------------------------------------------------------

LESSON = """---
id: sample
title: A sample
minutes: 6
needs: []
experiment: demons
---

# A sample

## Train

```toml nnsim
id = "train"
goal = ["epoch >= 50", "cost < 1"]
solution = ["train 50", "train 50"]
```

Train until the cost is small.

## More

```toml nnsim
id = "more"
goal = ["epoch > 100000000"]
solution = ["train 10"]
```

Train on.
"""


@pytest.fixture
def lesson_app(tmp_path):
    path = tmp_path / "sample.md"
    path.write_text(LESSON, encoding="utf-8")
    return NnsimApp(lesson=(Player(read_lesson(path)), []))


async def test_a_lesson_trains_with_the_numbers_of_its_replay(lesson_app):
    app = lesson_app
    async with app.run_test(size=(80, 24)):
        lab = app.screen.lab
        app.screen.execute("train 50")
        await until(lambda: app.screen.training.live is None)
        plain = Lab(load("demons"))
        plain.run("train 50")
        assert np.array_equal(lab.network.parameters, plain.network.parameters)
        assert lab.read("cost") == plain.read("cost")


async def test_goals_are_looked_at_while_it_trains(lesson_app):
    app = lesson_app
    async with app.run_test(size=(80, 24)) as pilot:
        player = app.screen.player
        app.screen.training.toggle()
        await until(lambda: player.state.status == "solved")
        assert app.screen.training.live is not None
        assert player.lab.trainer.epoch >= 50
        app.screen.query_one("#input").focus()
        await press(app, pilot, "n")  # another step has a bench of its own: nothing trains on it
        await until(lambda: player.index == 1)
        assert app.screen.training.live is None
        assert app.screen.lab is player.lab
        await until(lambda: not trainings())


async def test_training_is_unhurried_until_somebody_chooses_a_pace(open_app, monkeypatch):
    monkeypatch.setattr(Training, "UNHURRIED", 5.0)
    app = open_app("digits-4x3")  # 100 epochs of one update: 20 a second would take 5 seconds
    async with app.run_test(size=SIZE) as pilot:
        screen = app.screen
        assert screen.training.pace == 30
        await press(app, pilot, "t")
        assert screen.training.live.pace == 30
        await press(app, pilot, "t")
        screen.execute("train 1000000")  # asked for by number: as fast as it goes
        assert screen.training.live.pace is None
        screen.execute("rate 0.1")
        assert screen.training.live.pace is None
        screen.training.stop()
        await press(app, pilot, "t")
        assert screen.training.pace == 30
        screen.training.change_pace(1)
        assert screen.training.live.pace == 100
        await press(app, pilot, "t")
        screen.execute("train 1000000")
        assert screen.training.live.pace == 100
        screen.training.stop()
        screen.execute("experiment demons")
        await pilot.pause()
        assert screen.training.pace == 100
