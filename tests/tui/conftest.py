"""The app in a terminal of the test's own, without files of the person who runs the tests."""

import asyncio
import time
from functools import cache

import pytest
from rich.cells import cell_len
from rich.color import ColorSystem
from textual import events
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.pilot import Pilot

from nnsim.experiments import load
from nnsim.lab import Lab
from nnsim.tui.key_queue import KeyQueue

AT_LAST = 60.0  # seconds after which what a test waits for does not come any more
SOON = 0.2  # seconds up to which a widget's timer puts off what will be seen at once
LATER = 3.0  # and what will be seen when all is told
PRESS, PAUSE = Pilot.press, Pilot.pause


@pytest.fixture(autouse=True)
def own_settings(tmp_path, monkeypatch):
    """Settings go into a folder of the test; the theme is Textual's own unless a test says so."""
    monkeypatch.setattr("nnsim.tui.settings._path", lambda: tmp_path / "config" / "settings.json")
    monkeypatch.setattr(
        "nnsim.tutor.progress.default_path", lambda: tmp_path / "data" / "progress.jsonl"
    )
    monkeypatch.delenv("TEXTUAL_THEME", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture(autouse=True)
def flat_out(monkeypatch):
    """Training that a key starts goes as fast as it can, unless a test chooses a pace."""
    monkeypatch.setattr("nnsim.tui.screens.lab_training.Training.UNHURRIED", None)


@pytest.fixture
def open_app():
    """Make an app at an experiment (Home without one)."""
    from nnsim.tui.app import NnsimApp

    def make(target=None, **options):
        lab = None if target is None else Lab(load(target), load=load)
        return NnsimApp(lab, **options)

    return make


@pytest.fixture
def screen_text():
    """The screen as text, as the compositor would draw it."""

    def text(app) -> list[str]:
        from textual.geometry import Region

        width, height = app.size
        lines = app.screen._compositor.render_strips()
        assert Region(0, 0, width, height).height == len(lines)
        return ["".join(segment.text for segment in strip).rstrip() for strip in lines]

    return text


def in_turn(names, sizes=((60, 20), (80, 24), (120, 36), (200, 60))):
    """Each of the names at one of the sizes, in turn; at the others where slow tests are run."""
    return [
        pytest.param(
            name,
            size,
            id=f"{name}-{size[0]}x{size[1]}",
            marks=() if at % len(sizes) == turn else pytest.mark.slow,
        )
        for at, name in enumerate(names)
        for turn, size in enumerate(sizes)
    ]


# Waiting for a state, never for a time ----------------------------------------------------------


def _due(node, within) -> bool:
    """Whether a widget has put something off that it will do by itself in a moment."""
    return any(
        timer._repeat == 0 and timer._interval <= within and timer._task and not timer._task.done()
        for timer in node._timers
    )


def trains(app) -> bool:
    """Whether a network is being trained in a thread of its own, and drawn without an end."""
    return getattr(getattr(app.screen, "training", None), "live", None) is not None


def _works(node) -> bool:
    """Whether a widget has messages to read, or has not begun yet."""
    return bool(node.message_queue_size or node._next_callbacks or not node._is_mounted)


def is_settled(app, within=SOON) -> bool:
    """Whether every key, message, layout and timer of so many seconds has had its effect."""
    screen = app.screen
    if isinstance(app, KeyQueue) and (
        app._key_in_work or (app._waiting_keys and not app._keys_held)
    ):
        return False
    if trains(app):
        return True
    if app._resize_event or app.message_queue_size or screen._compositor.size != app.size:
        return False
    if screen._callbacks or screen._compositor._dirty_regions or screen._dirty_widgets:
        return False
    if screen._layout_required or screen._repaint_required or screen._scroll_required:
        return False
    if app.animator._animations or app.animator._scheduled:
        return False
    nodes = [*app.screen_stack, *screen.walk_children()]
    return not any(_works(node) or _due(node, within) for node in nodes)


async def settled(pilot, within=SOON) -> None:
    """Wait until the app has done all that came of what it was told."""
    app, quiet, end = pilot.app, 0, time.monotonic() + AT_LAST
    while quiet < 2:
        await pilot._wait_for_screen()
        if app._exception is not None or not app._running or app._exit:
            return
        app.screen._on_timer_update()
        quiet = quiet + 1 if is_settled(app, within) else 0
        await asyncio.sleep(0 if quiet else 0.001)
        assert time.monotonic() < end, "the app never comes to rest"


@pytest.fixture(autouse=True)
def a_pilot_that_waits_for_states(monkeypatch):
    """Textual's waits until the processor is idle, which it never is on a busy machine."""

    async def give_way(*_args: float) -> None:
        await asyncio.sleep(0.001)

    async def press(pilot, *keys: str) -> None:
        for key in keys:
            await pilot.app._press_keys([key])
            await settled(pilot)

    async def pause(pilot, seconds: float | None = None) -> None:
        if seconds:
            await asyncio.sleep(seconds)
        await settled(pilot)

    monkeypatch.setattr("textual.app.wait_for_idle", give_way)
    monkeypatch.setattr("textual.pilot.wait_for_idle", give_way)
    monkeypatch.setattr(Pilot, "press", press)
    monkeypatch.setattr(Pilot, "pause", pause)


async def until(condition) -> None:
    """Let the app work until something is so, on a machine as busy as may be."""
    end = time.monotonic() + AT_LAST
    while not condition():
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.005)


@pytest.fixture
def hasty(a_pilot_that_waits_for_states, monkeypatch):
    """Go on at once after a key or a click, as somebody does who doesn't look at the screen."""
    monkeypatch.setattr(Pilot, "press", PRESS)
    monkeypatch.setattr(Pilot, "pause", PAUSE)


# What the terminal shows ------------------------------------------------------------------------

Cell = tuple[str, str]  # the character, and the codes of its style


@cache
def _codes(style) -> str:
    return "" if style is None else style._make_ansi_codes(ColorSystem.TRUECOLOR)


def _cells(strip) -> list[Cell]:
    cells: list[Cell] = []
    for text, style, control in strip:
        if not control:
            for char in text:
                wide = cell_len(char)
                if wide:
                    cells += [(char, _codes(style))] + [("", _codes(style))] * (wide - 1)
    return cells


class Terminal:
    """What a terminal would show of an app: its updates as they come, drawn over one another.

    Textual sends a terminal only what it thinks has changed; so this is what a person sees, and
    not what the widgets would draw if they were asked.
    """

    def __init__(self, app) -> None:
        self.app = app
        self.grid: list[list[Cell]] = []
        self._display, app._display = app._display, self._take

    def _take(self, screen, update) -> None:
        if update is not None and not self.app._batch_count:
            width, height = screen._compositor.size
            if [len(row) for row in self.grid] != [width] * height:
                self.grid = [[(" ", "")] * width for _row in range(height)]
            if isinstance(update, LayoutUpdate):
                for y, strips in enumerate(update.strips):
                    self._write(0, y, [cell for strip in strips for cell in _cells(strip)])
            elif isinstance(update, ChopsUpdate):
                self._chops(update)
            else:
                raise TypeError(type(update))
        self._display(screen, update)

    def _chops(self, update) -> None:
        for y, x1, x2 in update.spans:  # as its `render_segments` writes them
            for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if strip is None or x > x2 or end <= x1:
                    continue
                whole = x1 <= x < x2 and end <= x2
                self._write(x, y, _cells(strip if whole else strip.crop(0, min(end, x2) - x)))

    def _write(self, x: int, y: int, cells: list[Cell]) -> None:
        row = self.grid[y]
        cells = cells[: len(row) - x]
        row[x : x + len(cells)] = cells

    @property
    def lines(self) -> list[str]:
        """The text that it shows."""
        return ["".join(char for char, _style in row).rstrip() for row in self.grid]


async def redraw_everything(pilot) -> None:
    """Let every widget forget what it has drawn and draw itself again, as after a resize."""
    app, screen = pilot.app, pilot.app.screen
    for widget in screen.walk_children(with_self=True):
        widget._clear_arrangement_cache()
        widget._styles_cache.clear()
        widget.notify_style_update()
        widget.refresh(layout=True)
        size, virtual, container = widget.size, widget.virtual_size, widget.container_size
        widget.post_message(events.Resize(size, virtual, container))
    app.refresh_css(animate=False)
    await settled(pilot, LATER)


@pytest.fixture
def terminal():
    """Watch what an app sends to its terminal; to be called before the app runs."""
    return Terminal


async def resize_and_back(pilot) -> None:
    """Make the terminal a column wider, and as wide as it was; what was in sight is again."""
    width, height = pilot.app.size
    places = {w: w.scroll_offset for w in pilot.app.screen.walk_children()}
    await pilot.resize_terminal(width + 1, height)
    await settled(pilot, LATER)
    await pilot.resize_terminal(width, height)
    await settled(pilot, LATER)
    for widget, place in places.items():
        if widget.is_attached and widget.scroll_offset != place:
            widget.scroll_to(*place, animate=False, force=True)
    await settled(pilot, LATER)


def _differences(app, before, after) -> list[str]:
    found = []
    for y, (old, new) in enumerate(zip(before, after, strict=True)):
        if old == new:
            continue
        x = next(x for x in range(len(old)) if old[x] != new[x])
        widget = app.get_widget_at(x, y)[0]
        texts = ["".join(char for char, _style in row) for row in (old, new)]
        if texts[0] == texts[1]:
            texts = [f"{row[x]} in {text}" for row, text in zip((old, new), texts, strict=True)]
        found.append(f"{widget!r}, line {y}, cell {x}\n  is     {texts[0]}\n  ought  {texts[1]}")
    return found


@pytest.fixture
def lies():
    """Compare the screen as it came to be with a redraw of everything: what differs, in words."""

    async def lies(pilot, terminal, how=redraw_everything) -> list[str]:
        await settled(pilot, LATER)
        before = [list(row) for row in terminal.grid]
        await how(pilot)
        return _differences(pilot.app, before, terminal.grid)

    lies.after_resize = lambda pilot, terminal: lies(pilot, terminal, resize_and_back)
    return lies
