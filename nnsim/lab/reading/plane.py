"""What a network says all over the plane (or line) of its input, with the data on it.

No screen here: axes, the readings in the middle of each cell of a grid, and the points.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim.engine.losses import decide
from nnsim.lab.reading.axis import FARTHEST, Axis
from nnsim.lab.reading.beliefs import sureness
from nnsim.lab.reading.metrics import fingerprint

if TYPE_CHECKING:
    from nnsim.experiments import Experiment
    from nnsim.lab.lab import Lab
    from nnsim.lab.reading.metrics import Metrics

Array = NDArray[np.float64]

# Places that the network is asked about at once. BLAS shares larger products out among threads,
# which then wait for the one that trains: 1024 at once were never slower, and a hundred times
# faster in the worst tenth, on two busy cores.
AT_ONCE = 1024


@dataclass(frozen=True, eq=False)
class Surface:
    """What a network says in the middle of each cell of a window of the plane."""

    # (rows, columns): the class, counted from 0; −1 where the output is not finite. All 0 for a
    # regression. The first row is at the top.
    said: NDArray[np.intp]
    # (rows, columns): from 0, undecided, to 1, as of `Beliefs`; of a regression, from its least
    # to its largest value in sight
    sure: Array
    # the least and the largest value of a regression, 0 and 1 for classes
    low: float = 0.0
    high: float = 1.0


def read_surface(lab: Lab, x: Axis, y: Axis, columns: int, rows: int) -> Surface:
    """What the network on the bench says over a window, a batch of places at a time."""
    across, up = np.meshgrid(x.centres(columns), y.centres(rows)[::-1])
    points = np.stack([across.reshape(-1), up.reshape(-1)], axis=1)
    with np.errstate(all="ignore"):
        output = np.concatenate(
            [lab.network.forward(points[i : i + AT_ONCE]) for i in range(0, len(points), AT_ONCE)]
        ).reshape(len(points), -1)
        finite = np.asarray(np.isfinite(output).all(axis=1))
        shape = (rows, columns)
        if not lab.experiment.classes:
            return _values(output[:, 0], finite, shape)
        said = np.where(finite, decide(output), -1).astype(np.intp)
        sure = np.where(finite, sureness(output), 0.0)
    return Surface(said.reshape(shape), sure.reshape(shape))


def _values(values: Array, finite: NDArray[np.bool_], shape: tuple[int, int]) -> Surface:
    """A regression: one shade from its least to its largest value."""
    said = np.where(finite, 0, -1).astype(np.intp).reshape(shape)
    if not finite.any():
        return Surface(said, np.zeros(shape))
    bounded = np.clip(values, -FARTHEST, FARTHEST)
    low, high = float(bounded[finite].min()), float(bounded[finite].max())
    share = (bounded - low) / (high - low) if high > low else np.full(len(values), 0.5)
    return Surface(said, np.where(finite, share, 0.0).reshape(shape), low, high)


@dataclass(frozen=True, eq=False)
class Points:
    """The data of the bench as points, training samples first."""

    inputs: Array  # (m, n)
    targets: Array  # (m, outputs)
    labels: NDArray[np.intp]  # (m,): the class of each; all 0 for a regression
    test: NDArray[np.bool_]  # (m,)
    # (m,): whether the network reads it as another class; all False for a regression
    wrong: NDArray[np.bool_]


def points_of(lab: Lab) -> Points:
    """The data of the bench as points, none of them marked as wrong."""
    data, count = lab.experiment.data, lab.sample_count
    inputs = np.concatenate([data.inputs, data.test_inputs]).reshape(count, lab.input.size)
    targets = np.concatenate([data.targets, data.test_targets]).reshape(count, lab.output.size)
    labels = np.zeros(count, np.intp)
    if lab.experiment.classes and count:
        labels = decide(targets).astype(np.intp)
    return Points(inputs, targets, labels, np.arange(count) >= data.count, np.zeros(count, bool))


class Plane:
    """The surface and the points that were read last, each kept as long as it stays the same."""

    def __init__(self) -> None:
        self._key: tuple[Any, ...] | None = None
        self._surface: Surface | None = None
        self._experiment: Experiment | None = None
        self._metrics: Metrics | None = None
        self._points: Points | None = None
        self._unmarked: tuple[Points, Points] | None = None

    def surface(self, lab: Lab, x: Axis, y: Axis, columns: int, rows: int) -> Surface:
        key = (fingerprint(lab.network), lab.experiment.classes, x, y, columns, rows)
        if self._surface is None or key != self._key:
            self._surface = read_surface(lab, x, y, columns, rows)
            self._key = key
        return self._surface

    def points(self, lab: Lab) -> Points:
        """The data, and what of it is read wrongly now; the same object while nothing is new."""
        metrics = lab.metrics
        if self._points is None or self._experiment is not lab.experiment:
            self._points, self._experiment = points_of(lab), lab.experiment
            self._metrics = None
        if self._metrics is not metrics:
            self._metrics = metrics
            labels, readings = self._points.labels, metrics.readings
            if readings is not None and len(readings) == len(labels):
                self._points = replace(self._points, wrong=readings != labels)
        return self._points

    def unmarked(self, points: Points) -> Points:
        """The same points, none of them marked as wrong; the same object while nothing is new."""
        if self._unmarked is None or self._unmarked[0] is not points:
            self._unmarked = (points, replace(points, wrong=np.zeros_like(points.wrong)))
        return self._unmarked[1]


def nearest_sample(lab: Lab, place: Array, scale: Array) -> int | None:
    """The training sample nearest to a place (n,), counted from 0; None where there is none.

    Distances along each axis are divided by `scale` (n,), what the axis spans on the screen.
    """
    if not lab.experiment.data.count:
        return None
    inputs = lab.experiment.data.inputs.reshape(lab.experiment.data.count, -1)
    with np.errstate(all="ignore"):
        squares = (((inputs - place) / scale) ** 2).sum(axis=1)
    return int(np.nan_to_num(squares, nan=np.inf).argmin())
