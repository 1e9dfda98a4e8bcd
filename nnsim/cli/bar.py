"""The line that training draws on a terminal: how far it is, and how well it does."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.segment import Segment

from nnsim.cli.output import to_ascii
from nnsim.i18n import _

if TYPE_CHECKING:
    from rich.console import ConsoleOptions, RenderResult

    from nnsim.engine import Progress

REDRAWS_PER_SECOND = 10
WIDEST, NARROWEST = 40, 6
"""Columns of the bar itself; below that it is left out."""


class Bar:
    """Shows the epochs of a run on standard error; what it doesn't draw is not computed.

    Parameters
    ----------
    epochs : int
        How many there will be.
    """

    def __init__(self, epochs: int, *, ascii_only: bool = False) -> None:
        self.epochs = epochs
        self.ascii_only = ascii_only
        self._drawn = -math.inf
        self._started = time.monotonic()
        self._live = Live(console=Console(stderr=True), auto_refresh=False)

    def __enter__(self) -> Bar:
        self._live.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._live.__exit__(*error)

    def show(self, progress: Progress) -> None:
        """Draw an epoch, if the last one that was drawn is long enough ago."""
        now = time.monotonic()
        if now - self._drawn < 1 / REDRAWS_PER_SECOND and progress.stopped is None:
            return
        self._drawn = now
        seconds = (now - self._started) / max(1, progress.epoch) * (self.epochs - progress.epoch)
        line = Line(
            progress.epoch, self.epochs, progress.loss, progress.accuracy, seconds, self.ascii_only
        )
        self._live.update(line, refresh=True)


class Line:
    """One line of `Bar`, which fits any width: no number in it is ever cut.

    First the bar itself becomes shorter; then, one after another, bar, time left, accuracy, loss
    and the words are left out.
    """

    def __init__(
        self,
        epoch: int,
        epochs: int,
        loss: float,
        accuracy: float | None,
        seconds: float,
        ascii_only: bool = False,
    ) -> None:
        self.epoch, self.epochs = epoch, epochs
        self.ascii_only = ascii_only
        done = _("epoch {epoch}/{epochs}").format(epoch=epoch, epochs=epochs)
        left = _clock(seconds)
        short = _("loss {loss}").format(loss=f"{loss:.5g}")
        long = short
        if accuracy is not None:
            long += _(", accuracy {accuracy}").format(accuracy=f"{accuracy:.1%}")
        self._choices = [
            (done, f"{long}  {left}"), (done, long), (done, short), (done, ""),
            (f"{epoch}/{epochs}", ""), (str(epoch), ""),
        ]  # fmt: skip

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = options.max_width - 1  # a full line would wrap in some terminals
        choices = [(self._text(before), self._text(after)) for before, after in self._choices]
        before, after = next(
            (pair for pair in choices if cell_len("  ".join(filter(None, pair))) <= room), ("", "")
        )
        width = min(WIDEST, room - cell_len(before) - cell_len(after) - 4)
        yield Segment(before)
        if after:
            yield Segment("  ")
            if (before, after) == choices[0] and width >= NARROWEST:
                yield from self._bar(width, console, options)
                yield Segment("  ")
            yield Segment(after)
        yield Segment.line()

    def _bar(self, width: int, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.ascii_only or not options.encoding.startswith("utf"):
            on = round(width * self.epoch / self.epochs)
            yield Segment("#" * on + "-" * (width - on))
        else:
            bar = ProgressBar(total=self.epochs, completed=self.epoch, width=width)
            segments = list(console.render(bar, options))
            yield from segments
            yield Segment(" " * (width - Segment.get_line_length(segments)))

    def _text(self, text: str) -> str:
        return to_ascii(text) if self.ascii_only else text


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
