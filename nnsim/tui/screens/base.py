"""The bases of the screens: covered where the terminal is too small, and taking lines."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual import events
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from nnsim.i18n import _
from nnsim.tui.key_queue import hold_keys, release_keys
from nnsim.tui.terminal import LEAST_COLUMNS, LEAST_ROWS

if TYPE_CHECKING:
    from nnsim.lab import Command
    from nnsim.tui.screens.bar import AnswerBar, CommandBar

FRAME = 0.01
"""Seconds until what may follow a key's first effect is drawn, in the next frame."""


class TooSmall(Static):
    """Covers its screen below the least size, and says how large the terminal must be."""

    DEFAULT_CSS = """
    TooSmall {
        layer: above;
        dock: top;
        width: 100%;
        height: 100%;
        background: $background;
        content-align: center middle;
        text-align: center;
        display: none;
    }
    """

    def fit(self, size: Size) -> None:
        """Show or hide for a terminal of this size."""
        self.display = size.width < LEAST_COLUMNS or size.height < LEAST_ROWS
        if self.display:
            self.update(
                _("nnsim needs a terminal of {columns}×{rows};\nthis one has {x}×{y}.").format(
                    columns=LEAST_COLUMNS, rows=LEAST_ROWS, x=size.width, y=size.height
                )
            )


class GuardedScreen(Screen[None]):
    """A screen that yields a `TooSmall` last and needs the layers ``base above``."""

    def reference(self) -> tuple[Mapping[str, Command], Mapping[str, str]] | None:
        """The tables of commands and addresses that work here, for the help and the palette."""
        return None

    def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:
        """Lay out, and tell each widget its new size.

        Textual tells it only to those whose place is another than when anybody last asked for the
        size of any widget: one who asks between mounting and laying out would leave a panel blank.
        """
        places = self._compositor._full_map  # replaced, never changed, by what comes
        sizes = {widget: widget._size for widget in places}
        super()._refresh_layout(size, scroll)
        for widget, place in self._compositor._full_map.items():
            untold = widget in places and places[widget].region.size == place.region.size
            if untold and widget._size != sizes[widget]:
                widget.post_message(
                    events.Resize(place.region.size, place.virtual_size, place.container_size)
                )

    def on_resize(self, event: events.Resize) -> None:
        for guard in self.query(TooSmall):
            guard.fit(event.size)


class LineScreen(GuardedScreen):
    """A screen on which lines can be typed; subclasses run them and show what came of them."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._bar: CommandBar | None = None
        self._before_bar: Widget | None = None

    @abstractmethod
    def show(self, message: str | None = None, *, wrong: bool = False) -> None:
        """Bring the screen in line with the bench."""

    @abstractmethod
    def execute(self, line: str, *, merge: bool = False) -> bool:
        """Run a command and show what came of it; say whether it was done."""

    @abstractmethod
    def bench_widget(self) -> Widget:
        """Where the keys go that belong to the bench."""

    def entered(self, line: str) -> bool:
        """Run a line that was typed; say whether it was done, and the line can go."""
        return self.execute(line)

    def complain(self, problem: str) -> None:
        """Say why something was refused: beside the line that was typed, if one was."""
        if self._bar is not None:
            self._bar.complain(problem)
        else:
            self.show(problem, wrong=True)

    def action_execute(self, line: str) -> None:
        self.execute(line)

    def action_command(self, text: str = "") -> None:
        self.open_bar(text)

    def open_bar(self, text: str, setting: str = "") -> None:
        from nnsim.tui.screens.bar import CommandBar

        table = (self.reference() or ({}, {}))[0]
        self.put_up(CommandBar(self._lines, text=text, setting=setting, table=table))

    def put_up(self, bar: CommandBar) -> None:
        """Open a line, unless one is open."""
        if self._bar is None:
            self._before_bar = self.focused
            self._bar = bar
            hold_keys(self)  # what is typed from here on is meant for the line
            self.mount(bar)

    @property
    def bar(self) -> CommandBar | None:
        return self._bar

    def close_bar(self) -> None:
        """Take the line away; the keys go back to where they were."""
        if self._bar is not None:
            self._bar.remove()
            self._bar = None
        back = self._before_bar
        self.set_focus(back if back is not None and back.is_attached else self.bench_widget())
        release_keys(self)

    def on_command_bar_entered(self, message: CommandBar.Entered) -> None:
        message.stop()
        if self.entered(message.line):
            self.close_bar()
        release_keys(self)

    def on_answer_bar_answered(self, message: AnswerBar.Answered) -> None:
        message.stop()
        message.bar.take(message.answer)

    def on_command_bar_closed(self) -> None:
        self.close_bar()
