"""The timeline as a line: the epochs that are kept, branches, and where the bench stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from rich.cells import cell_len
from textual import events
from textual.message import Message
from textual.strip import Strip

from nnsim.i18n import _
from nnsim.tui.draw.plot import whole
from nnsim.tui.widgets.painter import Painter
from nnsim.tui.widgets.rows import Row, joined

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.training.timeline import Run

KEPT, GAP, LEFT, CAME, HERE = "─", "·", "┬", "┴", "●"
LEAST = 8  # cells of the line itself


def drawn(
    width: int, first: int, last: int, epochs: Sequence[int], left: Sequence[int], fork: int | None
) -> str:
    """Return the line: where epochs are kept, where other runs leave it, where it left another."""
    cells = [GAP] * width
    share = (np.array(epochs, np.float64) - first) / max(1, last - first)
    for cell in np.unique(np.rint(np.clip(share, 0, 1) * (width - 1)).astype(int)).tolist():
        cells[cell] = KEPT
    for epoch in left:
        if first <= epoch <= last:
            cells[cell_of(epoch, first, last, width)] = LEFT
    if fork is not None and first <= fork <= last:
        cells[cell_of(fork, first, last, width)] = CAME
    return "".join(cells)


def cell_of(epoch: int, first: int, last: int, width: int) -> int:
    """Return the cell of an epoch."""
    return round((epoch - first) * (width - 1) / (last - first)) if last > first else 0


def epoch_of(cell: int, first: int, last: int, width: int) -> int:
    """Return the epoch of a cell."""
    return first + round((last - first) * min(max(cell, 0), width - 1) / max(1, width - 1))


class TrainSlider(Painter):
    """One line; a click, or the mouse drawn along it, goes to an epoch."""

    PREFIX = "slider--"
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "slider--line",
        "slider--here",
        "slider--end",
        "slider--branch",
    }
    DEFAULT_CSS = """
    TrainSlider {
        height: 1;
        width: 1fr;
        .slider--line { color: $text-muted; }
        .slider--branch { color: $text-primary; text-style: bold; }
        .slider--here { color: $text-accent; text-style: bold reverse; }
        .slider--end { text-style: bold; }
    }
    """

    class Went(Message):
        """The person went to an epoch with the mouse."""

        def __init__(self, epoch: int) -> None:
            self.epoch = epoch
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._run = (0, 0)  # first and last epoch
        self._row: Row = []
        self._start, self._width = 0, 1  # of the line among the cells
        self._drawn_at = -1
        self._dragging = False

    @property
    def text(self) -> str:
        """What it says."""
        return "".join(text for text, _style in self._row)

    def show(self, lab: Lab) -> None:
        """Show where the bench stands; draws only what is new."""
        timeline, epoch = lab.timeline, lab.trainer.epoch
        run = timeline.run
        row = self._line(run, timeline.runs, epoch, self.content_size.width)
        if row != self._row:
            self._row = row
            self.refresh()

    def _line(self, run: Run, runs: Sequence[Run], epoch: int, width: int) -> Row:
        first, last = run.first, run.last
        before, behind = f"{whole(first)} ", f" {whole(last)}"
        about = ""
        if len(runs) > 1:
            about = " · " + _("run {n} of {count}").format(n=run.number, count=len(runs))
        if width - cell_len(before + behind + about) < 2 * LEAST:
            about = ""
        room = max(1, width - cell_len(before + behind + about))
        self._run, self._start, self._width = (first, last), cell_len(before), room
        left = [r.fork for r in runs if r.parent == run.number and r.fork is not None]
        text = drawn(room, first, last, run.epochs, left, run.fork)
        here = cell_of(min(max(epoch, first), last), first, last, room)
        styles = ["branch" if char in (LEFT, CAME) else "line" for char in text]
        cells = list(zip(text, styles, strict=True))
        cells[here] = HERE, "here"
        return [(before, "end"), *joined(cells), (behind, "end"), (about, "line")]

    def render_line(self, y: int) -> Strip:  # noqa: ARG002
        """The line."""
        return self.line(*((text, style or "plain") for text, style in self._row))

    # The mouse ----------------------------------------------------------------------------------

    def _go(self, x: int) -> None:
        cell = min(max(x - self._start, 0), self._width - 1)
        if cell != self._drawn_at:
            self._drawn_at = cell
            self.post_message(self.Went(epoch_of(cell, *self._run, self._width)))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Go there, and follow the mouse from now on."""
        event.stop()
        place = event.get_content_offset_capture(self)
        if event.button == 1 and self._start - 1 <= place.x <= self._start + self._width:
            self._dragging, self._drawn_at = True, -1
            self.capture_mouse()
            self._go(place.x)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow the mouse."""
        if self._dragging:
            self._go(event.get_content_offset_capture(self).x)

    def on_mouse_up(self) -> None:
        """Let go."""
        if self._dragging:
            self._dragging = False
            self.release_mouse()
