"""Histograms: how the weights of each layer are spread, and its activations over the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len

from nnsim.i18n import _
from nnsim.lab.reading.signals import LayerSignals, Looking
from nnsim.tui.draw.numbers import LEVELS
from nnsim.tui.draw.plot import label
from nnsim.tui.draw.text import cut
from nnsim.tui.widgets.rows import Row
from nnsim.tui.widgets.train_view import TrainView

if TYPE_CHECKING:
    from nnsim.lab import Lab

Array = NDArray[np.float64]

BETWEEN = 2
LEAST, MOST = 3, 7  # rows of a layer: its name, the bars, the scale
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


class HistogramsView(TrainView):
    """Weights on the left, activations on the right, a band for each layer."""

    def __init__(self) -> None:
        super().__init__()
        self._looking = Looking()
        self._first = 0
        self._layers = 0

    def key(self, lab: Lab, width: int) -> Any:  # noqa: ARG002
        """The parameters as they are."""
        return (id(lab.metrics), lab.trainer.epoch, self._first)

    def scroll(self, by: int) -> bool:
        """Begin at another layer."""
        first = max(0, min(self._layers - 1, self._first + by))
        moved, self._first = first != self._first, first
        return moved

    def draw(self, lab: Lab, width: int, height: int) -> list[Row]:
        """Draw as many layers as fit."""
        signals = self._looking.at(lab)
        if signals is None:
            return [[(_("this experiment has no data to train on"), "")]]
        layers = [layer for layer in signals.layers if layer.kind in KINDS]
        self._layers = len(layers)
        layers = layers[min(self._first, max(0, len(layers) - 1)) :]
        half = max(8, (width - BETWEEN) // 2)
        room = height - 1
        fits = max(1, min(len(layers), room // LEAST))
        band = max(LEAST, min(MOST, room // fits))
        seen = (
            _("activations over {n} samples").format(n=signals.samples)
            if signals.samples == signals.of
            else _("activations over {n} of {of} samples").format(n=signals.samples, of=signals.of)
        )
        head: Row = [(cut(_("weights"), half), "header"), (" " * BETWEEN, ""), (seen, "header")]
        rows = [head]
        for layer in layers[:fits]:
            rows += self._band(layer, half, band)
        if fits < len(layers):
            text = _("… {count} more, PgDn").format(count=len(layers) - fits)
            rows = [*rows[: height - 1], [(text, "dim")]]
        return rows[:height]

    def _band(self, layer: LayerSignals, half: int, height: int) -> list[Row]:
        left = _drawn(layer.name, layer.weights, half, height, "train")
        right = _drawn(layer.name, layer.a, half, height, "test")
        return [[*a, (" " * BETWEEN, ""), *b] for a, b in zip(left, right, strict=True)]


def _drawn(name: str, values: Array | None, width: int, height: int, style: str) -> list[Row]:
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
