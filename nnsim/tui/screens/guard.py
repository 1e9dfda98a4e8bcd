"""What stands on the screen while the terminal is too small for anything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from textual import events
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

from nnsim.i18n import _
from nnsim.tui.terminal import LEAST_COLUMNS, LEAST_ROWS

if TYPE_CHECKING:
    from nnsim.lab import Command


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

    def on_resize(self, event: events.Resize) -> None:
        """Cover the screen where it is too small."""
        for guard in self.query(TooSmall):
            guard.fit(event.size)
