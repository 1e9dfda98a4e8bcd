"""One-line widgets: the title on top, the status at the bottom, the tabs of the panels."""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from nnsim.tui.draw.text import wrap_cells
from nnsim.tui.widgets.painter import Painter

MOST_LINES = 4
"""How many lines a message may take; a longer one ends in …."""


class TwoSided(Painter):
    """A line with text on its left and on its right; where both don't fit, the right gives way."""

    PREFIX = "line--"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"line--left", "line--right"}
    DEFAULT_CSS = """
    TwoSided { height: 1; width: 1fr; padding: 0 1; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._left: tuple[str, ...] = ("",)
        self._right = ""

    def show(self, left: str | tuple[str, ...], right: str = "") -> None:
        """Show these texts; of several on the left, the first that fits."""
        candidates = (left,) if isinstance(left, str) else left
        if (candidates, right) != (self._left, self._right):
            self._left, self._right = candidates, right
            self.refresh()

    @property
    def text(self) -> str:
        """What stands on the left, at its longest."""
        return self._left[0]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """One line."""
        return 1

    def render_line(self, y: int) -> Strip:  # noqa: ARG002
        """The line."""
        width = self.content_size.width
        right = self._right if cell_len(self._right) <= width // 2 else ""
        room = width - cell_len(right) - (1 if right else 0)
        left = next((t for t in self._left if cell_len(t) <= room), None)
        if left is None:
            right, room = "", width
            left = next((t for t in self._left if cell_len(t) <= room), self._left[-1])
            if cell_len(left) > room:
                left = set_cell_size(left, room - 1) + "…"
        gap = max(0, width - cell_len(left) - cell_len(right))
        return self.line((left, "left"), (" " * gap, "plain"), (right, "right"))


class TitleLine(TwoSided):
    """What is on the bench."""

    DEFAULT_CSS = """
    TitleLine {
        background: $panel;
        .line--left { text-style: bold; }
        .line--right { color: $text-muted; }
    }
    """


class StatusLine(TwoSided):
    """What the last command did, or why it was refused; and the number that is looked at."""

    DEFAULT_CSS = """
    StatusLine {
        height: auto;
        .line--right { text-style: bold; }
        &.-wrong .line--left { color: $text-error; text-style: bold; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._lines: list[str] = [""]

    def say(self, message: str, right: str, *, wrong: bool = False) -> None:
        """Show a message; a refusal also starts with a sign, not only with a colour."""
        self.set_class(wrong, "-wrong")
        self.show(f"! {message}" if wrong else message, right)
        self._wrap()

    def number(self, right: str) -> None:
        """Show another number that is looked at, beside the same message."""
        self.show(self._left, right)

    def _wrap(self) -> None:
        """Break a message that is longer than the line; the screen makes room for it."""
        width = max(20, self.content_size.width)
        lines = wrap_cells(self.text, width, MOST_LINES) or [""]
        if len(lines) != len(self._lines):
            self.refresh(layout=True)
        self._lines = lines

    def on_resize(self) -> None:
        """Break the message anew."""
        self._wrap()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """As many lines as the message needs, up to four."""
        return max(1, len(wrap_cells(self.text, max(20, width), MOST_LINES)))

    def render_line(self, y: int) -> Strip:
        """A line of the message; the number that is looked at stands beside a short one."""
        if len(self._lines) == 1:
            return super().render_line(y)
        return self.line((self._lines[y] if y < len(self._lines) else "", "left"))


class PanelTabs(Painter):
    """The names of the panels where there is room for one at a time."""

    PREFIX = "tabs--"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"tabs--chosen", "tabs--other"}
    DEFAULT_CSS = """
    PanelTabs {
        height: 1;
        width: 1fr;
        .tabs--chosen { text-style: bold reverse; }
        .tabs--other { color: $text-muted; }
    }
    """

    class Pressed(Message):
        """A tab was clicked."""

        def __init__(self, number: int) -> None:
            self.number = number
            super().__init__()

    def __init__(self, tabs: dict[int, str], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._tabs = tabs
        self._chosen = next(iter(tabs))

    def choose(self, number: int) -> None:
        """Mark a tab as the one in sight."""
        self._chosen = number
        self.refresh()

    def _labels(self) -> list[tuple[int, str]]:
        """The tabs as wide as there is room; where there is little, names are cut short."""
        room = self.size.width
        cut = [f"{{}} {{:.{most}}} " for most in (6, 5, 4, 3, 2, 1)]
        shapes = [" {} {} ", " {} {}", *cut, "{} "]
        labels: list[tuple[int, str]] = []
        for shape in shapes:
            labels = [
                (n, (" {} {} " if n == self._chosen else shape).format(n, name))
                for n, name in self._tabs.items()
            ]
            number, last = labels[-1]
            if number != self._chosen:
                labels[-1] = (number, last.rstrip())
            if sum(cell_len(label) for _number, label in labels) <= room:
                break
        return labels

    def on_click(self, event: events.Click) -> None:
        """Choose the tab under the mouse."""
        start = 0
        for number, label in self._labels():
            if start <= event.x < start + cell_len(label):
                self.post_message(self.Pressed(number))
            start += cell_len(label)

    def render_line(self, y: int) -> Strip:  # noqa: ARG002
        """The tabs, the chosen one reversed."""
        return self.line(
            *((label, "chosen" if n == self._chosen else "other") for n, label in self._labels())
        )
