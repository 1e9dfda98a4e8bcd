"""A panel of lines that are put together outside: only those that changed are drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.strip import Strip

from nnsim.tui.widgets.painter import Painter
from nnsim.tui.widgets.rows import Row

MOST_GAP = 3


class Board(Painter, can_focus=True):
    """Lines of (text, style name), set all at once with `set_rows`."""

    PREFIX = "board--"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "board--header",
        "board--dim",
        "board--strong",
        "board--positive",
        "board--negative",
        "board--cursor",
        "board--here",
        "board--curve",
        "board--hidden",
    }
    DEFAULT_CSS = """
    Board {
        .board--header { color: $text-muted; text-style: bold; }
        .board--dim { color: $text-muted; }
        .board--strong { text-style: bold; }
        .board--positive { color: $text-primary; }
        .board--negative { color: $text-warning; }
        .board--cursor { text-style: bold reverse; }
        .board--here { color: $text-accent; text-style: bold; }
        .board--curve { color: $text-primary; }
        .board--hidden { color: $text-error; text-style: bold reverse; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._rows: list[Row] = []
        self._strips: dict[int, Strip] = {}

    @property
    def lines(self) -> list[str]:
        """What stands on the panel, line by line."""
        return ["".join(text for text, _style in row).rstrip() for row in self._rows]

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these lines; those that are new are drawn."""
        old, self._rows = self._rows, list(rows)
        changed = [
            y
            for y in range(max(len(old), len(rows)))
            if y >= len(old) or y >= len(rows) or old[y] != rows[y]
        ]
        for y in changed:
            self._strips.pop(y, None)
        for first, last in runs(changed):
            self.redraw(first, last)

    def render_line(self, y: int) -> Strip:
        """One line."""
        strip = self._strips.get(y)
        if strip is None:
            row = self._rows[y] if y < len(self._rows) else []
            strip = self._strips[y] = self.line(*((text, name or "plain") for text, name in row))
        return strip

    def on_resize(self) -> None:
        """Every line is cut anew."""
        self._strips.clear()

    def notify_style_update(self) -> None:
        """Every line is drawn anew in the new style."""
        super().notify_style_update()
        self._strips.clear()


def runs(changed: list[int]) -> list[tuple[int, int]]:
    """First and last line of each run; a region costs as much as a few lines: gaps are closed."""
    runs: list[tuple[int, int]] = []
    for y in changed:
        if runs and y - runs[-1][1] <= MOST_GAP:
            runs[-1] = (runs[-1][0], y)
        else:
            runs.append((y, y))
    return runs
