"""The keys that work here, on one line.

Textual's Footer shows descriptions as they stand in the code and scrolls what does not fit out of
sight; this line translates them, and keeps the key for help in sight however narrow it gets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding
from textual.geometry import Size
from textual.screen import Screen
from textual.strip import Strip

from nnsim.i18n import _
from nnsim.tui.widgets.painter import Painter

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


class KeyLine(Painter):
    """The keys of the focused widget, its screen and the app, as many as fit."""

    PREFIX = "keys--"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"keys--key", "keys--text"}
    DEFAULT_CSS = """
    KeyLine {
        dock: bottom;
        height: 1;
        background: $panel;
        .keys--key { color: $footer-key-foreground; text-style: bold; }
        .keys--text { color: $footer-description-foreground; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys: tuple[_Key, ...] = ()

    def on_mount(self) -> None:
        """Follow the bindings of the screen."""
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
        if keys != self._keys:
            self._keys = keys
            self.refresh()

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
        """One line."""
        return 1

    def render_line(self, y: int) -> Strip:  # noqa: ARG002
        """Key, what it does, key, what it does."""
        pieces: list[tuple[str, str]] = []
        for key in self._fitting():
            pieces += [(f" {key.keys}", "key"), (f" {key.text} ", "text")]
        return self.line(*pieces)

    def on_click(self, event: events.Click) -> None:
        """A click on a key is a press of it."""
        start = 0
        for key in self._fitting():
            if start <= event.x < start + key.width and key.press:
                self.app.simulate_key(key.press)
            start += key.width
