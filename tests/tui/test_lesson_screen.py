"""The pane of a lesson on the bench: help, free play, reset, what is hidden, the way Home."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nnsim.lab.hiding import is_hidden
from nnsim.tui.app import NnsimApp
from nnsim.tui.panels.circuit import CircuitGraph
from nnsim.tui.screens.bar import CommandInput
from nnsim.tui.screens.frame import KeyLine, StatusLine
from nnsim.tui.screens.home import HomeScreen, LessonList
from nnsim.tui.screens.lesson import LessonScreen
from nnsim.tui.screens.lesson_circuit import LessonCircuitScreen
from nnsim.tutor.catalogue import find, is_lesson, open_player
from nnsim.tutor.lesson import read_lesson
from nnsim.tutor.player import Player
from nnsim.tutor.progress import Event, ProgressLog

LESSON = """---
id: sample
title: A sample
minutes: 6
needs: []
experiment: demons
---

# A sample

## Read this

Plain **prose**.

## Choose

```toml nnsim
id = "choose"
answer = 2
```

Which one?

- [ ] this — no, look again.
- [ ] that — right: that one.

## Move

```toml nnsim
id = "move"
do = ["set hidden[1].b 0", "focus hidden[1].z"]
goal = ["hidden[1].z == 0.5 +- 0.01"]
solution = ["set hidden[1].b 0.5"]
```

Bring z to 0.5.

<details>
<summary>Hint 1</summary>

Only the bias is left.

</details>

## Predict

```toml nnsim
id = "predict"
keep = true
predict = "hidden[1].a"
tolerance = 0.01
```

## Fill

```toml nnsim
id = "fill"
do = ["paint 111/101/101/111", "focus hidden[A].z"]
blank = ["hidden[A].z", "hidden[B].z"]
```

## Shape

```toml nnsim
id = "shape"
expect = "(4, 3)"
```

## Roles

```toml nnsim
id = "roles"
label = { plus = "distribute", times = "swap" }
```

- `plus` — adds

## Train

```toml nnsim
id = "train"
experiment = "digits-4x3"
goal = ["epoch > 0"]
solution = ["train 1"]
```
"""

# The page of each step as it opens, in 76 cells; read by a person, not taken from the program.
GOLDEN = {
    "step-1": ["Read this", "", "Plain prose.", "", "Enter goes on."],
    "choose": ["Choose", "", "Which one?", "", "▶1. this", " 2. that",
               "↑ ↓ and Enter choose, or the number here in the lesson."],
    "move": ["Move", "", "Bring z to 0.5.", "", "✗ hidden[1].z == 0.5 +- 0.01   now 0"],
    "predict": ["Predict", "", "What do you think hidden[1].a is? a types your answer."],
    "fill": ["Fill", "", "Work out hidden[1].z; a types it."],
    "shape": ["Shape", "", "a types your answer: a number, or a shape such as (4, 3)."],
    "roles": ["Roles", "", "• plus — adds", "", "1. plus: adds", "2. times", "go with",
              "  1. distribute", "  2. swap", "a types two numbers, as in 1 2, or thing = name."],
    "train": ["Train", "", "✗ epoch > 0   now 0"],
}  # fmt: skip


@pytest.fixture
def file(tmp_path) -> Path:
    path = tmp_path / "sample.md"
    path.write_text(LESSON, encoding="utf-8")
    return path


@pytest.fixture
def app_at(file):
    def make(step: str) -> NnsimApp:
        return NnsimApp(lesson=(Player(read_lesson(file), at=step), []))

    return make


def status(app) -> str:
    return app.screen.query_one(StatusLine).text


@pytest.mark.parametrize("step", GOLDEN)
async def test_the_page_of_each_kind_of_step(app_at, step):
    app = app_at(step)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert app.screen.pane.lines == GOLDEN[step]


@pytest.mark.parametrize(("size", "beside"), [((80, 24), False), ((120, 36), True)])
async def test_the_pane_is_below_or_beside_the_bench(app_at, size, beside):
    app = app_at("move")
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        pane, bench = app.screen.pane.region, app.screen.query_one("#right").region
        assert (pane.right <= bench.x) == beside
        assert (bench.bottom <= pane.y) == (not beside)


async def test_a_wrong_answer_is_told_why_and_the_step_stays(app_at):
    app = app_at("choose")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("1", "n")
        assert "✗ no, look again." in app.screen.pane.lines
        assert app.screen.player.step.id == "choose"
        assert "not solved" in status(app)
        await pilot.press("down", "enter", "n")
        assert app.screen.player.step.id == "move"


async def test_hint_reveal_reset_skip_and_back(app_at):
    app = app_at("move")
    async with app.run_test(size=(80, 24)) as pilot:
        player = app.screen.player
        await pilot.press("H")
        assert "Only the bias is left." in app.screen.pane.lines
        await pilot.press("H")
        assert "no more hints" in status(app)
        await pilot.press("V")
        await pilot.pause()
        assert player.state.status == "revealed"
        assert app.screen.lab is player.lab
        assert app.screen.lab.read("hidden[1].z") == pytest.approx(0.5)
        assert "set hidden[1].b 0.5" in app.screen.pane.lines
        await pilot.press("R")
        assert app.screen.lab.read("hidden[1].z") == 0
        await pilot.press("S")
        assert player.step.id == "predict"
        await pilot.press("N")
        assert player.step.id == "move"


async def test_free_play_comes_back_to_the_bench_as_it_was(app_at):
    app = app_at("move")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("F")
        app.screen.execute("set hidden[1].b 0.5")
        await pilot.pause()
        assert not app.screen.player.state.over
        await pilot.press("F")
        assert app.screen.lab.read("hidden[1].b") == 0
        app.screen.execute("set hidden[1].b 0.5")
        await pilot.pause()
        assert app.screen.player.state.status == "solved"


async def test_what_is_asked_is_nowhere_on_the_screen(app_at):
    app = app_at("fill")
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.pause()
        screen = app.screen
        layer = screen.view().layers[0]
        assert np.isnan(layer.z[:2]).all()
        assert np.isnan(layer.a[:2]).all()
        assert np.isfinite(layer.z[2])
        assert screen.showing.readout() == "hidden[1].z = ?"
        for unit in "AB":
            await pilot.press("a")
            screen.query_one(CommandInput).value = repr(float(screen.lab.read(f"hidden[{unit}].z")))
            await pilot.press("enter")
            await pilot.pause()
            if unit == "A":
                await pilot.press("escape")
        assert screen.player.state.status == "solved"
        assert np.isfinite(screen.view().layers[0].z).all()


async def test_digits_lead_to_the_panels_where_no_quiz_is_open(app_at):
    app = app_at("move")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("6")
        assert app.focused.id == "data"


async def test_home_continues_a_lesson_and_asks_earlier_items_again():
    log = ProgressLog()
    log.append(Event("finished", "tensors"))
    app = NnsimApp()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        lessons = app.screen.query_one(LessonList)
        assert lessons.entries[lessons.cursor].id == "neuron"
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, LessonScreen)
        player = app.screen.player
        assert player.review is not None
        assert player.review.lesson.id == "tensors"
        await pilot.press("n")  # pass over it
        assert player.review is None
        await pilot.press("S", "escape")
        await pilot.pause()
        assert isinstance(app.screen, HomeScreen)
        row = "".join(text for text, _style in lessons.row(1))
        assert "continue" in row
        await pilot.press("enter")
        assert app.screen.player is player
        assert player.index == 1


async def test_progress_that_cannot_be_kept_is_told_once(app_at, monkeypatch, tmp_path):
    (tmp_path / "data").write_text("a file where the folder should be")
    app = NnsimApp(lesson=open_player("bias"))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "progress can't be kept" in status(app)
        await pilot.press("S")
        assert app.screen.player.index == 1


def test_which_targets_are_lessons():
    assert is_lesson("bias")
    assert is_lesson("some/where.md")
    assert not is_lesson("digits-4x3")
    assert not is_lesson("demons")  # an experiment comes first
    assert not is_lesson("no-such-thing")


CIRCUIT = LESSON.replace(
    """## Shape

```toml nnsim
id = "shape"
expect = "(4, 3)"
```
""",
    """## Gates

```toml nnsim
id = "shape"
do = ["circuit \\"(x + y) * z\\" x=-2 y=5 z=-4"]
predict = "z.grad"
```

What is the slope of z?

## Steer

```toml nnsim
id = "steer"
do = ["circuit \\"x * y\\" x=2 y=3"]
goal = ["x.grad == 7 +- 0.01"]
solution = ["set y 7"]
```
""",
)


@pytest.fixture
def circuit_app(tmp_path):
    def make(step: str) -> NnsimApp:
        path = tmp_path / "sample.md"
        path.write_text(CIRCUIT, encoding="utf-8")
        return NnsimApp(lesson=(Player(read_lesson(path), at=step), []))

    return make


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
async def test_a_step_with_a_circuit_has_question_and_circuit_in_sight(
    circuit_app, screen_text, size
):
    app = circuit_app("shape")
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        assert isinstance(app.screen, LessonCircuitScreen)
        await pilot.press("end")  # every value and gradient is known
        await pilot.pause()
        shown = "\n".join(screen_text(app))
        assert "What is the slope of z?" in shown
        assert "upstream" in shown
        z = app.screen.bench.circuit.graph.names["z"]
        scene = app.screen.query_one(CircuitGraph).picture
        assert is_hidden(scene.gradients[z])  # and it is 3: the sum of x and y
        assert "?" in shown
        await pilot.press("a", "3", "enter")
        await pilot.pause()
        assert app.screen.desk.player.state.status == "solved"
        assert app.screen.query_one(CircuitGraph).picture.gradients[z] == 3


async def test_goals_are_looked_at_on_the_circuit(circuit_app):
    app = circuit_app("steer")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        player = app.screen.desk.player
        assert any("now 3" in line for line in app.screen.pane.lines)
        await pilot.press(":")
        app.screen.query_one(CommandInput).value = "set y 7"
        await pilot.press("enter")
        await pilot.pause()
        assert player.state.status == "solved"
        await pilot.press("n")  # the next step has no circuit
        await pilot.pause()
        assert type(app.screen) is LessonScreen
        assert app.screen.lab is player.lab
        assert player.step.id == "roles"
        await pilot.press("N")
        await pilot.pause()
        assert isinstance(app.screen, LessonCircuitScreen)
        await pilot.press("g")
        await pilot.pause()
        assert type(app.screen) is LessonScreen
        assert "a circuit is up" in status(app)
        await pilot.press("g")
        await pilot.pause()
        assert isinstance(app.screen, LessonCircuitScreen)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, HomeScreen)


async def test_the_network_as_gates_is_not_shown_while_its_numbers_are_asked_for(app_at):
    app = app_at("fill")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.screen.execute("target 1 0")
        await pilot.press("L", "g")
        assert type(app.screen) is LessonScreen
        assert "answer first" in status(app)


async def test_a_lesson_that_was_finished_starts_anew(app_at):
    app = app_at("train")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        player = app.screen.player
        await pilot.press("V", "n")
        assert player.at_end
        app.screen.action_again()
        await pilot.pause()
        assert player.index == 0
        assert [state.status for state in player.states] == ["solved", *[""] * 7]
        assert player.summary().revealed == 0


async def test_the_keys_of_a_lesson_are_in_the_line_of_keys(app_at):
    app = app_at("move")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        shown = app.screen.query_one(KeyLine).render_line(0).text
        for key in ("n Next", "a Answer", "H Hint", "V Reveal", "? Help"):
            assert key in shown
        await pilot.press("1")
        await pilot.pause()
        shown = app.screen.query_one(KeyLine).render_line(0).text
        for key in ("Move", "n Next", "H Hint", "? Help"):
            assert key in shown


@pytest.mark.parametrize("size", [(80, 24), (120, 36)])
@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("neuron", 1), ("descent", 1), ("nonlinear", 1), ("activations", 2), ("convolution", 1),
    ],
)  # fmt: skip
async def test_a_step_with_another_network_shows_what_a_fresh_start_shows(
    name, step, size, screen_text
):
    lesson = read_lesson(find(name))
    networks = [s.experiment or lesson.experiment for s in lesson.steps]
    step = next(i for i in range(step, len(networks)) if networks[i] != networks[i - 1])
    shown = []
    for start in (step - 1, step):
        app = NnsimApp(lesson=(Player(lesson, at=lesson.steps[start].id), []))
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            if start < step:
                app.screen.action_panel("backward")
                await pilot.pause()
                await pilot.press("S")
                await pilot.pause()
            assert app.screen.player.index == step
            seen = []
            while seen[-4:] != [screen_text(app)] * 4:  # until it stays as it is
                seen.append(screen_text(app))
                await pilot.pause()
            shown.append(seen[-1][:-2])  # but for the status line and the keys
    # How the units are comes later, when there is time to look.
    differing = [pair for pair in zip(*shown, strict=True) if len(set(pair)) > 1]
    assert [pair for pair in differing if "saturated" not in "".join(pair)] == []
