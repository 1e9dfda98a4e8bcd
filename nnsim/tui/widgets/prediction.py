"""What the network says of the input: one bar for each output."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, set_cell_size
from textual.geometry import Size
from textual.strip import Strip

from nnsim.i18n import N_, _
from nnsim.tui.draw.text import bar, short
from nnsim.tui.widgets.painter import Painter

MOST_LINES, ROOMY = 6, 34  # more outputs stand two in a line below this height of the terminal


class PredictionBars(Painter):
    """A bar and a number for each output, an arrow at the one that decides."""

    PREFIX = "prediction--"
    HELP = N_("The outputs of the network: the longest bar is what it reads.")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "prediction--bar",
        "prediction--winner",
        "prediction--rest",
        "prediction--label",
        "prediction--verdict",
    }
    DEFAULT_CSS = """
    PredictionBars {
        height: auto;
        .prediction--bar { color: $text-muted; }
        .prediction--winner { color: $text-success; text-style: bold; }
        .prediction--rest { color: $text-disabled; }
        .prediction--label { text-style: bold; }
        .prediction--verdict { color: $foreground; }
    }
    """

    def __init__(self, labels: tuple[str, ...], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.labels = labels
        self.output: NDArray[np.float64] = np.zeros(len(labels))
        self.winner: int | None = None
        self.verdict: tuple[str, ...] = ()
        self._columns = 1

    def show(
        self, output: NDArray[np.float64], winner: int | None, verdict: tuple[str, ...]
    ) -> None:
        """Show these outputs, the one that decides, and under them the first sentence that fits."""
        if (
            self.winner != winner
            or self.verdict != verdict
            or not np.array_equal(self.output, output, equal_nan=True)
        ):
            self.output, self.winner, self.verdict = output.copy(), winner, verdict
            self.refresh()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """A line for each output (two stand in a line where there are many), and the sentence."""
        many = len(self.labels) > MOST_LINES and viewport.height < ROOMY
        self._columns = 2 if many else 1
        return self._rows + 1

    @property
    def _rows(self) -> int:
        return -(-len(self.labels) // self._columns)

    def render_line(self, y: int) -> Strip:
        """The bars of line `y`, or the sentence under the bars."""
        width = self.content_size.width
        if y < self._rows:
            shown = range(y, len(self.labels), self._rows)
            pieces = [self._bar(i, width // self._columns) for i in shown]
            return self.line(*(piece for bar_pieces in pieces for piece in bar_pieces))
        if y > self._rows:
            return self.line()
        fitting = [text for text in self.verdict if cell_len(text) <= width]
        return self.line((fitting[0] if fitting else "".join(self.verdict[-1:]), "verdict"))

    def _bar(self, index: int, width: int) -> list[tuple[str, str]]:
        """Label, bar, number, and an arrow at the one that decides; `width` cells."""
        wins = index == self.winner
        digits = 7 if self._columns == 1 else 5 if width > 10 else 4
        number = short(float(self.output[index]), digits)
        # The number and the arrow stay whole; a long name gives way to them, and so does the bar.
        most = max(1, width - len(number) - (6 if width > 10 else 4))
        label_width = min(most, max(cell_len(label) for label in self.labels))
        label = self.labels[index]
        if cell_len(label) > label_width:
            label = set_cell_size(label, label_width - 1) + "…"
        room = width - label_width - len(number) - 4
        filled, rest = bar(float(self.output[index]), self._scale(), room)
        return [
            (f"{set_cell_size(label, label_width)} ", "label"),
            (filled, "winner" if wins else "bar"),
            (rest, "rest"),
            (f" {number}", "winner" if wins else "verdict"),
            (" ←" if wins else "  ", "winner"),
        ]

    def _scale(self) -> float:
        """The value of a full bar: 1 for probabilities, else the largest output."""
        finite = np.abs(self.output[np.isfinite(self.output)])
        largest = float(finite.max(initial=0.0))
        return 1.0 if largest <= 1.0 else largest


def verdict(reading: str | None, target: str | None, right: bool | None) -> tuple[str, ...]:
    """The sentence under the bars, from the longest to the shortest that still says it."""
    if reading is None:
        return () if target is None else (_("target {target}").format(target=target),)
    if target is None:
        return (_("reads {reading}").format(reading=reading), reading)
    word = _("right") if right else _("wrong")
    said = {"reading": reading, "target": target, "word": word}
    return (
        _("reads {reading}, is {target}: {word}").format(**said),
        _("{reading}, is {target}: {word}").format(**said),
        word,
    )
