"""Weights: every unit's weights as a picture, layer by layer, as they move."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.view import Selection
from nnsim.tui.draw.canvas import Canvas
from nnsim.tui.draw.text import cut
from nnsim.tui.panels.network.overview import Area, WeightImages
from nnsim.tui.widgets.rows import Row
from nnsim.tui.widgets.train_view import TrainView

if TYPE_CHECKING:
    from nnsim.lab import Lab

Array = NDArray[np.float64]

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


class WeightsView(TrainView):
    """The images of the first layer, and below it of the others, as far as there is room."""

    def __init__(self) -> None:
        super().__init__()
        self._first = 0
        self._count = 0

    def key(self, lab: Lab, width: int) -> Any:  # noqa: ARG002
        """The parameters as they are."""
        return (id(lab.metrics), lab.trainer.epoch, self._first, id(lab.network))

    def scroll(self, by: int) -> bool:
        """Begin at another layer."""
        first = max(0, min(self._count - 1, self._first + by))
        moved, self._first = first != self._first, first
        return moved

    def draw(self, lab: Lab, width: int, height: int) -> list[Row]:
        """Draw layer below layer."""
        layers = _pictures(lab)
        self._count = len(layers)
        if not layers:
            return [[(_("this network has no weights"), "")]]
        rows: list[Row] = []
        for number, layer in enumerate(layers[self._first :]):
            room = height - len(rows)
            if room < LEAST:
                left = len(layers) - self._first - number
                text = _("… {count} more, PgDn").format(count=left)
                rows = [*rows[: height - 1], [(text, "dim")]]
                break
            later = len(layers) - self._first - number - 1
            rows += _drawn(layer, width, room, keep=min(later, 1) * (room // 3))
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


def _drawn(layer: _Pictures, width: int, height: int, keep: int) -> list[Row]:
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
        rows.append([(piece.text, str(piece.style)) for piece in line.pieces()])
    if images.left_out and len(rows) < height:
        text = _("… {count} more").format(count=images.left_out)
        rows.append([(text, "dim")])
    return rows
