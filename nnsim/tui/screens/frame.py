"""What frames every screen: the title on top, tabs, the status line, the keys that work here.

Textual's Footer shows descriptions as they stand in the code and scrolls what does not fit out of
sight; the line of keys translates them, and keeps the key for help in sight however narrow it gets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.binding import Binding
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen

from nnsim.i18n import _
from nnsim.tui.draw.lines import Lines, Piece, Row
from nnsim.tui.draw.text import wrap_cells

MOST_LINES = 4
"""How many lines a message may take; a longer one ends in …."""


class TwoSided(Lines):
    """A line with text on its left and on its right; where both don't fit, the right gives way."""

    DEFAULT_CSS = "TwoSided { height: 1; width: 1fr; padding: 0 1; }"
    LEFT: ClassVar[str] = ""
    RIGHT: ClassVar[str] = ""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._left: tuple[str, ...] = ("",)
        self._right = ""

    def show(self, left: str | tuple[str, ...], right: str = "") -> None:
        """Show these texts; of several on the left, the first that fits."""
        self._left, self._right = (left,) if isinstance(left, str) else left, right
        self.update()

    @property
    def text(self) -> str:
        """What stands on the left, at its longest."""
        return self._left[0]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        return 1

    def rows(self, width: int, height: int) -> list[Row]:  # noqa: ARG002
        right = self._right if cell_len(self._right) <= width // 2 else ""
        room = width - cell_len(right) - (1 if right else 0)
        left = next((t for t in self._left if cell_len(t) <= room), None)
        if left is None:
            right, room = "", width
            left = next((t for t in self._left if cell_len(t) <= room), self._left[-1])
            if cell_len(left) > room:
                left = set_cell_size(left, room - 1) + "…"
        gap = max(0, width - cell_len(left) - cell_len(right))
        return [[(left, self.LEFT), (" " * gap, ""), (right, self.RIGHT)]]


class TitleLine(TwoSided):
    """What is on the bench."""

    DEFAULT_CSS = "TitleLine { background: $panel; }"
    LEFT, RIGHT = "strong", "dim"


class StatusLine(TwoSided):
    """What the last command did, or why it was refused; and the number that is looked at."""

    DEFAULT_CSS = "StatusLine { height: auto; }"
    RIGHT = "strong"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._wrong = False
        self._height = 1

    def say(self, message: str, right: str, *, wrong: bool = False) -> None:
        """Show a message; a refusal also starts with a sign, not only with a colour."""
        self._wrong = wrong
        self.show(f"! {message}" if wrong else message, right)
        height = len(self._folded(self.content_size.width))
        if height != self._height:  # the screen makes room for it
            self._height = height
            self.refresh(layout=True)

    def number(self, right: str) -> None:
        """Show another number that is looked at, beside the same message."""
        self.show(self._left, right)

    def _folded(self, width: int) -> list[str]:
        return wrap_cells(self.text, max(20, width), MOST_LINES) or [""]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        self._height = len(self._folded(width))
        return self._height

    def rows(self, width: int, height: int) -> list[Row]:
        """The message; the number that is looked at stands beside a short one."""
        style = "wrong" if self._wrong else ""
        folded = self._folded(width)
        if len(folded) > 1:
            return [[(line, style)] for line in folded]
        return [
            [(piece[0], style or piece[1]) for piece in row] for row in super().rows(width, height)
        ]


class PanelTabs(Lines):
    """The names of the panels where there is room for one at a time."""

    DEFAULT_CSS = "PanelTabs { height: 1; width: 1fr; }"

    class Pressed(Message):
        """A tab was clicked."""

        def __init__(self, panel: str) -> None:
            self.panel = panel
            super().__init__()

    def __init__(self, tabs: dict[str, tuple[int, str]], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._tabs = tabs
        self._chosen = next(iter(tabs))

    def choose(self, panel: str) -> None:
        """Mark a tab as the one in sight."""
        self._chosen = panel
        self.update()

    def rows(self, width: int, height: int) -> list[Row]:  # noqa: ARG002
        """The tabs as wide as there is room; where there is little, names are cut short."""
        cut = [f"{{}} {{:.{most}}} " for most in (6, 5, 4, 3, 2, 1)]
        shapes = [" {} {} ", " {} {}", *cut, "{} "]
        labels: dict[str, str] = {}
        for shape in shapes:
            labels = {
                panel: (" {} {} " if panel == self._chosen else shape).format(number, name)
                for panel, (number, name) in self._tabs.items()
            }
            last = next(reversed(labels))
            if last != self._chosen:
                labels[last] = labels[last].rstrip()
            if sum(map(cell_len, labels.values())) <= width:
                break
        return [
            [
                Piece(label, "cursor" if panel == self._chosen else "dim", panel)
                for panel, label in labels.items()
            ]
        ]

    def on_click(self, event: events.Click) -> None:
        panel = self.under(event)
        if panel is not None:
            self.post_message(self.Pressed(panel))


ALWAYS = "app.help"
ARROWS = {"←": "left", "→": "right", "↑": "up", "↓": "down"}
PLAIN_KEYS = {**ARROWS, "⏎": "enter", "⌫": "backspace"}
"""Names of the keys that are printed as a sign; in ASCII each sign would be another key."""


@dataclass(frozen=True)
class _Key:
    keys: str
    text: str
    press: str  # what a click presses; empty where several keys share the text
    always: bool

    @property
    def width(self) -> int:
        return cell_len(self.keys) + cell_len(self.text) + 3


def _together(keys: list[str]) -> str:
    """The keys of a group: signs side by side, names apart."""
    if set(keys) == set(ARROWS.values()):
        return "arrows"
    return ("" if max(map(len, keys)) == 1 else "/").join(keys)


class KeyLine(Lines):
    """The keys of the focused widget, its screen and the app, as many as fit."""

    DEFAULT_CSS = "KeyLine { dock: bottom; height: 1; background: $panel; }"

    def __init__(self) -> None:
        super().__init__()
        self._keys: tuple[_Key, ...] = ()

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._bindings_changed)
        self._bindings_changed(self.screen)

    def _bindings_changed(self, screen: Screen[object]) -> None:
        shown: dict[str, tuple[Binding, list[str]]] = {}
        actions: set[str] = set()
        active = list(screen.active_bindings.values())
        if rank := getattr(screen, "key_rank", None):  # a screen's own order
            active.sort(key=lambda entry: rank(entry.binding))
        for _node, binding, enabled, _tooltip in active:
            if not binding.show or not enabled or binding.action in actions:
                continue
            actions.add(binding.action)
            name = binding.group.description if binding.group else binding.action
            key = self.app.get_key_display(binding)
            if name not in shown:
                shown[name] = (binding, [key])
            elif binding.group:
                shown[name][1].append(key)
        keys = tuple(self._key(binding, _together(keys)) for binding, keys in shown.values())
        self._keys = keys
        self.update()

    @staticmethod
    def _key(binding: Binding, keys: str) -> _Key:
        text = binding.group.description if binding.group else binding.description
        press = "" if binding.group else binding.key
        return _Key(keys, _(text), press, binding.id == ALWAYS)

    def _fitting(self) -> list[_Key]:
        room = self.size.width - sum(key.width for key in self._keys if key.always)
        fitting = []
        for key in self._keys:
            if not key.always:
                room -= key.width
            if key.always or room >= 0:
                fitting.append(key)
        return fitting

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        return 1

    def rows(self, width: int, height: int) -> list[Row]:  # noqa: ARG002
        """Key, what it does, key, what it does."""
        pieces: list[Piece] = []
        for key in self._fitting():
            pieces.append(Piece(f" {key.keys}", "key", key.press))
            pieces.append(Piece(f" {key.text} ", "", key.press))
        return [pieces]

    def on_click(self, event: events.Click) -> None:
        if press := self.under(event):
            self.app.simulate_key(press)
