"""What the network says of the input: one bar for each output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, set_cell_size
from textual.geometry import Size

from nnsim.i18n import N_, _
from nnsim.lab.hiding import where_hidden
from nnsim.tui.draw.lines import Lines, Row
from nnsim.tui.draw.numbers import bar, short
from nnsim.tui.panels.panel import Panel, Scene

if TYPE_CHECKING:
    from nnsim.lab import Lab

MOST_LINES, ROOMY = 6, 34  # more outputs stand two in a line below this height of the terminal


class PredictionBars(Panel, Lines, can_focus=False):
    """A bar and a number for each output, an arrow at the one that decides."""

    HELP = N_("The outputs of the network: the longest bar is what it reads.")
    DEFAULT_CSS = "PredictionBars { height: auto; }"

    def __init__(self, labels: tuple[str, ...], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.labels = labels
        self.output: NDArray[np.float64] = np.zeros(len(labels))
        self.winner: int | None = None
        self.verdict: tuple[str, ...] = ()
        self._columns = 1

    def show(self, scene: Scene) -> None:
        """Show the outputs, the one that decides, and what they say of the target."""
        lab, labels = scene.lab, output_labels(scene.lab)
        if labels != self.labels:
            self.labels = labels
            self.refresh(layout=True)
        self.output = scene.view.layers[-1].a.copy()
        if where_hidden(self.output).any() or scene.hidden.asks("prediction"):
            self.winner, self.verdict = None, ()  # who wins would tell something too
        else:
            self._decide(lab)
        self.update()

    def _decide(self, lab: Lab) -> None:
        said, single = lab.prediction, lab.output.size == 1
        target = None if lab.target is None else lab.describe_target(lab.target)
        reading = None if said is None or said >= len(self.labels) else self.labels[said]
        if single and said is not None:
            reading = lab.experiment.classes[said]
        right = None
        if lab.target is not None and said is not None:
            right = said == lab.decide(lab.target)
        winner = 0 if single and said == 1 else said
        self.winner = winner if not single or said else None
        self.verdict = verdict(reading, target, right)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """A line for each output (two stand in a line where there are many), and the sentence."""
        many = len(self.labels) > MOST_LINES and viewport.height < ROOMY
        self._columns = 2 if many else 1
        return self._height + 1

    @property
    def _height(self) -> int:
        return -(-len(self.labels) // self._columns)

    def rows(self, width: int, height: int) -> list[Row]:  # noqa: ARG002
        """The bars, and the first sentence under them that fits."""
        if not self.labels:
            return []
        rows: list[Row] = []
        for y in range(self._height):
            shown = range(y, len(self.labels), self._height)
            bars = [self._bar(i, width // self._columns) for i in shown]
            rows.append([piece for pieces in bars for piece in pieces])
        fitting = [text for text in self.verdict if cell_len(text) <= width]
        return [*rows, [(fitting[0] if fitting else "".join(self.verdict[-1:]), "")]]

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
            (f"{set_cell_size(label, label_width)} ", "strong"),
            (filled, "right strong" if wins else "dim"),
            (rest, "faint"),
            (f" {number}", "right strong" if wins else ""),
            (" ←" if wins else "  ", "right strong"),
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


def output_labels(lab: Lab) -> tuple[str, ...]:
    layer, classes = lab.names.layers[-1], lab.experiment.classes
    if len(classes) == layer.units:
        return tuple(classes)
    return layer.labels or tuple(str(i + 1) for i in range(layer.units))
