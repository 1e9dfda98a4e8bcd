"""Views of training layer by layer: weights as pictures, gradients, histograms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from nnsim.i18n import N_, _
from nnsim.lab.hiding import Selection
from nnsim.lab.reading.axis import Axis
from nnsim.lab.reading.signals import GradientHistory, LayerSignals, Looking, Signals
from nnsim.tui.draw.canvas import Canvas
from nnsim.tui.draw.lines import Row
from nnsim.tui.draw.numbers import LEVELS, bar, precise
from nnsim.tui.draw.plot import DASHED, DOTTED, SOLID, SPARSE, Chart, Series, label
from nnsim.tui.draw.text import cut, right
from nnsim.tui.panels.network.overview import Area, WeightImages
from nnsim.tui.panels.train.curves import View, no_data, slice_of

if TYPE_CHECKING:
    from nnsim.lab import Lab

Array = NDArray[np.float64]


def _more(count: int) -> Row:
    return [(_("… {count} more").format(count=count), "dim")]


def _more_below(count: int) -> Row:
    return [(_("… {count} more, PgDn").format(count=count), "dim")]


NOWHERE = Selection(-9, -9)
TALLEST = 3  # rows of one weight
LEAST = 3  # rows that a further layer needs


@dataclass(frozen=True)
class _Pictures:
    """The weights of one layer, (inputs, units), and the shape of one unit's picture."""

    name: str
    labels: tuple[str, ...]
    matrix: Array
    shape: tuple[int, ...]


class Weights(View):
    """The images of the first layer, and below it of the others, as far as there is room."""

    def layers(self, lab: Lab) -> int:
        return len(_pictures(lab))

    def rows(self, lab: Lab, width: int, height: int) -> list[Row]:
        """Draw layer below layer."""
        layers = _pictures(lab)
        if not layers:
            return [[(_("this network has no weights"), "")]]
        layers = layers[min(self.first, len(layers) - 1) :]
        rows: list[Row] = []
        for number, layer in enumerate(layers):
            room, later = height - len(rows), len(layers) - number - 1
            if room < LEAST:
                rows = [*rows[: height - 1], _more_below(later + 1)]
                break
            rows += _images(layer, width, room, keep=min(later, 1) * (room // 3))
        return rows[:height]


def _pictures(lab: Lab) -> list[_Pictures]:
    found = []
    for number, names in enumerate(lab.names.layers):
        weight = getattr(lab.network.layers[number], "weight", None)
        if weight is None:
            continue
        dense = weight.ndim == 2
        shape = lab.names.input_shape if dense and number == 0 else (weight.shape[0],)
        if not dense:
            shape = weight.shape[:-1]
        labels = names.labels or tuple(str(i + 1) for i in range(weight.shape[-1]))
        matrix = np.array(weight, np.float64).reshape(-1, weight.shape[-1])
        found.append(_Pictures(names.name, labels, matrix, tuple(shape)))
    return found


def _images(layer: _Pictures, width: int, height: int, keep: int) -> list[Row]:
    """A line with the name and the range, and the images; `keep` rows stay free if possible."""
    finite = layer.matrix[np.isfinite(layer.matrix)]
    span = f"{finite.min():.3g} … {finite.max():.3g}" if finite.size else "–"
    head: Row = [(layer.name, "header"), (cut(f"  {span}", max(0, width - len(layer.name))), "dim")]
    images = None
    for free in (keep, 0):
        area = Area(0, 0, width, max(2, height - 1 - free))
        images = WeightImages.make(
            area, 0, layer.labels, layer.matrix, layer.shape, 0, tallest=TALLEST
        )
        if not images.left_out:
            break
    assert images is not None
    rows: list[Row] = [head]
    for y in range(min(images.height, height - 1)):
        line = Canvas(width)
        images.draw(line, y, (-9, -9), NOWHERE)
        rows.append(line.pieces())
    if images.left_out and len(rows) < height:
        rows.append(_more(images.left_out))
    return rows


LOOKS = (
    ("positive", "●", SOLID), ("negative", "○", DASHED), ("dim", "×", DOTTED),
    ("plain", "+", SPARSE), ("positive", "▲", DASHED), ("negative", "■", DOTTED),
)  # fmt: skip
NAME, NUMBER = 12, 10
LEAST_PLOT = 6  # rows from which the epochs before are drawn
MOST_EPOCHS = 64


class Gradients(View):
    """A bar and two numbers for each layer that has parameters; below, the epochs before."""

    def __init__(self) -> None:
        super().__init__()
        self._looking, self._history = Looking(), GradientHistory()
        self._before: list[tuple[int, dict[str, float]]] = []

    def look(self, lab: Lab) -> None:
        self._before, whole = self._history.along(lab.timeline.run, MOST_EPOCHS, slice_of(lab))
        self.busy = not whole

    def rows(self, lab: Lab, width: int, height: int) -> list[Row]:
        """The table, and the plot where there is room."""
        signals = self._looking.at(lab)
        if signals is None:
            return no_data()
        layers = [layer for layer in signals.layers if layer.norm is not None]
        rows = self._table(lab, signals, layers, width)
        chart = self._chart(lab, layers)
        if height - len(rows) < LEAST_PLOT or chart is None:
            left = len(rows) - height
            return rows if left <= 0 else [*rows[: height - 1], _more(left + 1)]
        return [*rows, *chart.rows(width, height - len(rows))]

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
        if cell_len(title) + cell_len(what) + 3 > width:
            head = [(cut(what, width), "dim")]
        room = max(4, width - NAME - 2 * NUMBER - 2)
        titles = [right(_(name), NUMBER + 1) for name in (N_("length"), N_("per weight"))]
        columns = " " * (NAME + room) + "".join(titles)
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

    def _chart(self, lab: Lab, layers: list[LayerSignals]) -> Chart | None:
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


BETWEEN = 2
LEAST_BAND, MOST_BAND = 3, 7  # rows of a layer: its name, the bars, the scale
MOST_BINS = 48
KINDS = ("dense", "conv2d", "activation", "batch_norm")  # what only passes on is left out


def counted(values: Array, bins: int) -> tuple[NDArray[np.int64], float, float, int]:
    """Count values in `bins` equal parts of their range.

    Returns
    -------
    counts, low, high, left_out
        `left_out` values are not finite.
    """
    finite = values[np.isfinite(values)]
    left_out = values.size - finite.size
    if not finite.size:
        return np.zeros(bins, np.int64), 0.0, 1.0, left_out
    low, high = float(finite.min()), float(finite.max())
    size = max(abs(low), abs(high))
    if size == 0.0 or high / size - low / size < 1e-12:
        half = size / 2 or 0.5  # all the same: one bar in the middle
        low, high = low - half, low + half
        counts = np.zeros(bins, np.int64)
        counts[bins // 2] = finite.size
        return counts, low, high, left_out
    share = (finite / size - low / size) / (high / size - low / size)
    places = np.minimum((share * bins).astype(np.int64), bins - 1)
    return np.bincount(places, minlength=bins), low, high, left_out


def bars(counts: Sequence[int] | NDArray[np.int64], height: int) -> list[str]:
    """Draw counts as bars of `height` rows; whatever is not 0 shows."""
    most = max(1, int(max(counts, default=0)))
    eighths = [
        0 if not count else max(1, round(int(count) / most * height * 8)) for count in counts
    ]
    return [
        "".join(LEVELS[min(8, max(0, e - 8 * (height - 1 - row)))] for e in eighths)
        for row in range(height)
    ]


class Histograms(View):
    """Weights on the left, activations on the right, a band for each layer."""

    def __init__(self) -> None:
        super().__init__()
        self._looking = Looking()

    def layers(self, lab: Lab) -> int:
        signals = self._looking.at(lab)
        return 0 if signals is None else len(self._of(signals))

    @staticmethod
    def _of(signals: Signals) -> list[LayerSignals]:
        return [layer for layer in signals.layers if layer.kind in KINDS]

    def rows(self, lab: Lab, width: int, height: int) -> list[Row]:
        """Draw as many layers as fit."""
        signals = self._looking.at(lab)
        if signals is None:
            return no_data()
        layers = self._of(signals)
        layers = layers[min(self.first, max(0, len(layers) - 1)) :]
        half = max(8, (width - BETWEEN) // 2)
        room = height - 1
        fits = max(1, min(len(layers), room // LEAST_BAND))
        band = max(LEAST_BAND, min(MOST_BAND, room // fits))
        seen = (
            _("activations over {n} samples").format(n=signals.samples)
            if signals.samples == signals.of
            else _("activations over {n} of {of} samples").format(n=signals.samples, of=signals.of)
        )
        head: Row = [(cut(_("weights"), half), "header"), (" " * BETWEEN, ""), (seen, "header")]
        rows: list[Row] = [head]
        for layer in layers[:fits]:
            rows += self._band(layer, half, band)
        if fits < len(layers):
            rows = [*rows[: height - 1], _more_below(len(layers) - fits)]
        return rows[:height]

    def _band(self, layer: LayerSignals, half: int, height: int) -> list[Row]:
        left = _histogram(layer.name, layer.weights, half, height, "positive")
        right = _histogram(layer.name, layer.a, half, height, "negative")
        return [[*a, (" " * BETWEEN, ""), *b] for a, b in zip(left, right, strict=True)]


def _histogram(name: str, values: Array | None, width: int, height: int, style: str) -> list[Row]:
    """Draw one histogram, each row `width` cells wide."""
    if values is None:
        return [[(cut(f"{name}  –", width), "dim")], *([[(" " * width, "")]] * (height - 1))]
    flat = values.reshape(-1)
    bins = min(MOST_BINS, width)
    counts, low, high, left_out = counted(flat, bins)
    finite = flat[np.isfinite(flat)]
    said = ""
    if finite.size:
        with np.errstate(all="ignore"):
            said = f"μ {label(float(finite.mean()), 7)}  σ {label(float(finite.std()), 7)}"
    if left_out:
        said = _("{count} not finite").format(count=left_out) + f"  {said}"
    head: Row = [(cut(name, max(0, width - cell_len(said) - 1)) + " ", "strong"), (said, "dim")]
    if cell_len(said) >= width:
        head = [(cut(name, width), "strong")]
    rows: list[Row] = [head]
    rows += [[(cut(line, width), style)] for line in bars(counts, height - 2)]
    return [*rows, [(cut(_scale(low, high, bins), width), "dim")]]


def _scale(low: float, high: float, width: int) -> str:
    """The line below: the ends of the range, and where 0 lies between them."""
    left, right = label(low, 7), label(high, 7)
    line = list(left + "─" * max(1, width - len(left) - len(right)) + right)
    if low < 0 < high:
        at = min(width - 1, int(-low / (high - low) * width)) if high - low < 1e300 else width // 2
        if len(left) < at < width - len(right) - 1:
            line[at] = "0"
    return "".join(line)
