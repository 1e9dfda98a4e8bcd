"""The screen as it came to be is what a redraw of everything gives, to the character and the style.

After random events (keys that the panels know, clicks, resizes, commands, lessons' steps, themes)
what the terminal shows is compared with what it shows once every widget has drawn itself anew.
"""

import random

import pytest

from nnsim.tui.app import NnsimApp
from nnsim.tui.screens.base import GuardedScreen
from nnsim.tutor.catalogue import find
from nnsim.tutor.lesson import read_lesson
from nnsim.tutor.player import Player
from tests.tui.conftest import in_turn, settled

SIZES = [(60, 20), (80, 24), (120, 36), (200, 60)]
LABS = [
    "digits-4x3", "demons", "digits-8x8", "digits-8x8-cnn", "window-7x7", "spiral", "curve",
    "five-numbers", "xor",
]  # fmt: skip
LESSONS = ["anatomy", "cross-entropy", "descent", "gates", "convolution", "nonlinear"]
COMMANDS = [
    "paint 111/101/101/111", "sample 1", "sample 3", "clear", "train 1", "train 3", "step",
    "set hidden[1].b 0.5", "set output[1].w[1] -2", "focus hidden[1].z", "focus cost",
    "focus output[1].delta", "forward term", "forward layer", "backward", "next 3", "previous",
    "last", "first", "undo", "redo", "undo 3", "rewind 0", "rate 0.3", "reset", "seed 3",
    "start zeros", "optimizer adam", "mute hidden[1]", "unmute", "collapse", "add", "remove 1",
    "label 1 1", "landscape", "nonsense",
]  # fmt: skip
THEMES = ["textual-dark", "textual-light", "ansi-dark", "nord"]
# Keys that write files, leave the app, or open what is Textual's own.
LEFT_OUT = {"P", "s", "ctrl+s", "ctrl+q", "ctrl+c", "ctrl+p", "q"}

pytestmark = pytest.mark.usefixtures("hasty")


class Person:
    """Somebody who does something at random, from a seed."""

    def __init__(self, pilot, seed) -> None:
        self.pilot, self.app = pilot, pilot.app
        self.random = random.Random(seed)
        self.did: list[str] = []

    @property
    def screen(self):
        return self.app.screen

    async def press(self, *keys: str) -> None:
        self.did += keys
        await self.pilot.press(*keys)

    async def act(self) -> None:
        """Do one thing."""
        acts = {
            self.key: 50, self.panel: 14, self.click: 8, self.scroll: 3, self.focus: 4,
            self.command: 12, self.resize: 4, self.theme: 1, self.elsewhere: 1,
        }  # fmt: skip
        if hasattr(self.screen, "desk"):
            acts[self.lesson] = 25
        await self.random.choices(list(acts), list(acts.values()))[0]()

    async def key(self) -> None:
        known = sorted(set(self.screen.active_bindings) - LEFT_OUT)
        await self.press(self.random.choice(known))

    async def panel(self) -> None:
        await self.press(self.random.choice("123456789"))

    async def lesson(self) -> None:
        await self.press(self.random.choice("nnnnpSSSHVRF"))

    async def click(self) -> None:
        width, height = self.app.size
        spot = (self.random.randrange(width), self.random.randrange(height))
        self.did.append(f"click {spot}")
        await self.pilot.click(offset=spot, button=self.random.choice([1, 1, 3]))

    async def scroll(self) -> None:
        from textual.events import MouseScrollDown, MouseScrollUp

        kind = self.random.choice([MouseScrollDown, MouseScrollUp])
        width, height = self.app.size
        spot = (self.random.randrange(width), self.random.randrange(height))
        self.did.append(f"{kind.__name__} {spot}")
        await self.pilot._post_mouse_events([kind], offset=spot, button=0)

    async def focus(self) -> None:
        able = list(self.screen.focus_chain)
        if able:
            chosen = self.random.choice(able)
            self.did.append(f"focus {chosen!r}")
            self.screen.set_focus(chosen)

    async def command(self) -> None:
        if hasattr(self.screen, "execute"):
            line = self.random.choice(COMMANDS)
            self.did.append(f":{line}")
            self.screen.execute(line)

    async def resize(self) -> None:
        size = self.random.choice(SIZES)
        self.did.append(f"resize {size}")
        await self.pilot.resize_terminal(*size)
        await settled(self.pilot)  # no mouse clicks where the screen is not yet

    async def theme(self) -> None:
        self.app.theme = self.random.choice(THEMES)
        self.did.append(f"theme {self.app.theme}")

    async def elsewhere(self) -> None:
        name = self.random.choice(LABS)
        self.did.append(f"open {name}")
        self.app.open_experiment(name)
        await settled(self.pilot)

    async def rest(self) -> None:
        """Stop what goes on by itself: training, loading, playing, a hundred starts."""
        from nnsim.tui.panels.starts import StartsPanel
        from nnsim.tui.panels.walk import WalkPanel

        for screen in self.app.screen_stack:
            training = getattr(screen, "training", None)
            if training is not None and training.live is not None:
                training.stop()
            for panel in screen.query(StartsPanel):
                if panel.running:
                    panel.action_stop()
            for panel in screen.query(WalkPanel):
                panel.stop()


async def look(person, terminal, lies) -> None:
    """See whether the screen is true."""
    await person.rest()
    if isinstance(person.screen, GuardedScreen):
        resized = person.random.random() < 0.25
        how = lies.after_resize if resized else lies
        found = await how(person.pilot, terminal)
        if found:
            did = [*person.did, "another resize"] if resized else person.did
            text = "\n".join(found[:12])
            raise AssertionError(f"{person.app.size}: after {did}\n{text}")


async def play(app, size, seed, events, tools) -> None:
    """Do so many things at random, and look at the screen after one or a few of them."""
    watch, lies = tools
    terminal = watch(app)
    async with app.run_test(size=size) as pilot:
        person = Person(pilot, seed)
        await look(person, terminal, lies)
        for _event in range(events):
            await person.act()
            if app.return_code is not None or not app.is_running:
                break  # it found the key to leave
            if person.random.random() < 0.4:
                await look(person, terminal, lies)


@pytest.fixture
def tools(terminal, lies, tmp_path, monkeypatch):
    from textual.widgets import Input

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Input.cursor_blink, "_default", False)
    monkeypatch.setattr("nnsim.tui.panels.training.LOOK", 0.02)
    return terminal, lies


def lesson_app(name) -> NnsimApp:
    return NnsimApp(lesson=(Player(read_lesson(find(name))), []))


def some(names):
    """Each of the names at one of the sizes, all four among them; the slow tests have the rest."""
    return [case for case in in_turn(names, SIZES) if not case.marks]


@pytest.mark.parametrize(("name", "size"), some(LABS))
async def test_a_lab_is_true_after_random_events(open_app, tools, name, size):
    await play(open_app(name), size, seed=sum(size), events=16, tools=tools)


@pytest.mark.parametrize(("name", "size"), some(LESSONS))
async def test_a_lesson_is_true_after_random_events(tools, name, size):
    await play(lesson_app(name), size, seed=sum(size), events=16, tools=tools)


# What once was not true -------------------------------------------------------------------------


async def after(app, size, keys, tools) -> None:
    """Press keys, then look."""
    watch, lies = tools
    terminal = watch(app)
    async with app.run_test(size=size) as pilot:
        person = Person(pilot, 0)
        await person.pilot.pause()
        await person.press(*keys)
        await look(person, terminal, lies)


FOUND = {
    "the network after the input was cleared": ("anatomy", (120, 36), "2n"),
    "the picture of a step": ("cross-entropy", (80, 24), "SSSSSS3n"),
    "the plot beside a walk": ("descent", (80, 24), "SSn3"),
}


@pytest.mark.parametrize(("name", "size", "keys"), FOUND.values(), ids=FOUND)
async def test_the_screen_is_true_where_it_was_not(tools, name, size, keys):
    await after(lesson_app(name), size, keys, tools)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", LABS)
async def test_every_lab_is_true_at_every_size(open_app, tools, name, size, seed):
    await play(open_app(name), size, seed, events=150, tools=tools)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", LESSONS)
async def test_every_lesson_is_true_at_every_size(tools, name, size, seed):
    await play(lesson_app(name), size, seed, events=150, tools=tools)
