"""Gradients: how long the gradient of the training loss is, layer by layer, now and before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nnsim.i18n import _
from nnsim.lab.reading.axis import Axis
from nnsim.lab.reading.signals import GradientHistory, LayerSignals, Looking, Signals
from nnsim.tui.draw.numbers import bar, precise
from nnsim.tui.draw.plot import DASHED, DOTTED, SOLID, SPARSE, Chart, Series
from nnsim.tui.draw.text import cut
from nnsim.tui.widgets.rows import Row
from nnsim.tui.widgets.train_view import TrainView, slice_of

if TYPE_CHECKING:
    from nnsim.lab import Lab

LOOKS = (
    ("train", "●", SOLID), ("test", "○", DASHED), ("old", "×", DOTTED), ("plain", "+", SPARSE),
    ("train", "▲", DASHED), ("test", "■", DOTTED),
)  # fmt: skip
NAME, NUMBER = 12, 10
LEAST_PLOT = 6  # rows from which the epochs before are drawn
MOST_EPOCHS = 64


class GradientsView(TrainView):
    """A bar and two numbers for each layer that has parameters; below, the epochs before."""

    def __init__(self) -> None:
        super().__init__()
        self._looking, self._history = Looking(), GradientHistory()
        self._before: list[tuple[int, dict[str, float]]] = []

    def key(self, lab: Lab, width: int) -> Any:
        """The parameters as they are, and what is known of the epochs before."""
        run = lab.timeline.run
        most = max(8, min(MOST_EPOCHS, width // 2))
        self._before, whole = self._history.along(run, most, slice_of(lab))
        self.busy = not whole
        last = self._before[-1] if self._before else None
        return (id(lab.metrics), lab.trainer.epoch, run.number, len(self._before), last and last[0])

    def draw(self, lab: Lab, width: int, height: int) -> list[Row]:
        """The table, and the plot where there is room."""
        signals = self._looking.at(lab)
        if signals is None:
            return [[(_("this experiment has no data to train on"), "")]]
        layers = [layer for layer in signals.layers if layer.norm is not None]
        rows = self._table(lab, signals, layers, width)
        plot = self._plot(lab, layers)
        if height - len(rows) < LEAST_PLOT or plot is None:
            return rows[:height] if len(rows) <= height else _shortened(rows, height)
        return [*rows, *plot.rows(width, height - len(rows))]

    def _table(
        self, lab: Lab, signals: Signals, layers: list[LayerSignals], width: int
    ) -> list[Row]:
        what = (
            _("of the mean loss over {n} samples")
            if lab.network.reduction == "mean"
            else _("of the sum of the losses over {n} samples")
        ).format(n=signals.samples)
        if signals.samples < signals.of:
            what += " " + _("of {n}").format(n=signals.of)
        title = _("gradient per layer")
        head: Row = [(f"{title} · ", "header"), (what, "dim")]
        if _cells(title) + _cells(what) + 3 > width:
            head = [(cut(what, width), "dim")]
        room = max(4, width - NAME - 2 * NUMBER - 2)
        columns = (
            " " * (NAME + room)
            + _("length").rjust(NUMBER + 1 - _wide(_("length")))
            + _("per weight").rjust(NUMBER + 1 - _wide(_("per weight")))
        )
        rows: list[Row] = [head, [(columns, "header")]]
        norms = [layer.norm or 0.0 for layer in layers]
        most = max((n for n in norms if np.isfinite(n)), default=0.0)
        for number, layer in enumerate(layers):
            norm, typical = norms[number], layer.root_mean_square or 0.0
            style, marker, _dash = LOOKS[number % len(LOOKS)]
            filled, rest = bar(norm, most, room - 1)
            rows.append([
                (f"{marker} ", style), (cut(layer.name, NAME - 2), "strong"),
                (filled, style), (rest, "dim"), (" ", ""),
                (precise(norm, NUMBER).rjust(NUMBER + 1), "strong"),
                (precise(typical, NUMBER).rjust(NUMBER + 1), ""),
            ])  # fmt: skip
        return rows

    def _plot(self, lab: Lab, layers: list[LayerSignals]) -> Chart | None:
        if len(self._before) < 2:
            return None
        epochs = np.array([epoch for epoch, _norms in self._before], np.float64)
        lines = []
        for number, layer in enumerate(layers[: len(LOOKS)]):
            style, marker, dash = LOOKS[number]
            y = np.array([norms.get(layer.name, np.nan) for _epoch, norms in self._before])
            lines.append(Series(layer.name, epochs, y, style, marker, dash))
        x = Axis.over(np.append(epochs, lab.trainer.epoch), zero=False)
        y_axis = Axis.over(np.concatenate([line.y for line in lines]), log=True)
        return Chart(_("length"), lines, x, y_axis, float(lab.trainer.epoch))


def _shortened(rows: list[Row], height: int) -> list[Row]:
    left = len(rows) - height + 1
    return [*rows[: height - 1], [(_("… {count} more").format(count=left), "dim")]]


def _wide(text: str) -> int:
    """How many characters of a text take two cells."""
    return _cells(text) - len(text)


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
