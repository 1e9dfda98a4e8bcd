"""What a network says all over the plane (or line) of its input, with the data on it.

No screen here: axes, the readings in the middle of each cell of a grid, and the points.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim.engine.losses import decide
from nnsim.lab.reading.beliefs import sureness
from nnsim.lab.reading.metrics import fingerprint

if TYPE_CHECKING:
    from nnsim.experiments import Experiment
    from nnsim.lab.lab import Lab
    from nnsim.lab.reading.metrics import Metrics

Array = NDArray[np.float64]

FARTHEST = 1e150  # numbers beyond it are drawn as if they were there
MARGIN = 0.12  # of the data's reach, left free on both sides
STEPS = 50  # small steps of a probe from one end of an axis to the other
NICE = (1.0, 2.0, 5.0)
# Places that the network is asked about at once. BLAS shares larger products out among threads,
# which then wait for the one that trains: 1024 at once were never slower, and a hundred times
# faster in the worst tenth, on two busy cores.
AT_ONCE = 1024


def nearest_nice(size: float) -> float:
    power = math.floor(math.log10(size))
    near = [m * 10.0**p for p in (power, power + 1) for m in NICE]
    return min(near, key=lambda nice: abs(math.log(nice / size)))


@dataclass(frozen=True)
class Axis:
    """A stretch of numbers, ``low`` < ``high``, that is laid out over cells of equal size."""

    low: float
    high: float

    @classmethod
    def around(cls, values: Array, margin: float = MARGIN) -> Axis:
        """The axis that has all these values in sight; from −1 to 1 where there are none."""
        finite = np.clip(values[np.isfinite(values)], -FARTHEST, FARTHEST)
        if not finite.size:
            return cls(-1.0, 1.0)
        low, high = float(finite.min()), float(finite.max())
        if not high - low > max(1e-100, 1e-9 * max(abs(low), abs(high))):
            reach = max(1.0, 0.1 * abs(low))
            return cls(low - reach, high + reach)
        room = margin * (high - low)
        return cls(low - room, high + room)

    @property
    def span(self) -> float:
        return self.high - self.low

    @property
    def step(self) -> float:
        return nearest_nice(self.span / STEPS)

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high

    def centres(self, cells: int) -> Array:
        """The value in the middle of each of `cells` cells, ascending."""
        return self.low + (np.arange(cells, dtype=np.float64) + 0.5) * (self.span / cells)

    def cells(self, values: Array, cells: int) -> NDArray[np.intp]:
        """The cell that each value falls into, counted from 0; −1 outside (and for NaN)."""
        with np.errstate(all="ignore"):
            share = (values - self.low) / self.span
        inside = (share >= 0) & (share <= 1)
        found = np.minimum(np.where(inside, share, 0.0) * cells, cells - 1).astype(np.intp)
        return np.where(inside, found, -1)

    def cell(self, value: float, cells: int) -> int:
        """The cell that a value falls into; what lies outside falls into the first or last."""
        share = (value - self.low) / self.span
        if math.isnan(share):
            return 0
        return min(max(math.floor(min(max(share, 0.0), 1.0) * cells), 0), cells - 1)

    def ticks(self, most: int) -> list[float]:
        """At most `most` round numbers on it, evenly spaced."""
        least = self.span / max(1, most)
        power = 10.0 ** math.floor(math.log10(least))
        for gap in (power, 2 * power, 5 * power, 10 * power, 20 * power, 50 * power):
            first, last = math.ceil(self.low / gap), math.floor(self.high / gap)
            if last - first + 1 <= most:
                return [round(i * gap, 12) if gap > 1e-9 else i * gap
                        for i in range(first, last + 1)]  # fmt: skip
        return []

    def rounded(self, value: float, cells: int) -> float:
        """A value with as many digits as tell cells of this size apart."""
        digits = 1 - math.floor(math.log10(self.span / cells))
        return round(value, digits) if abs(digits) < 300 else value

    def zoomed(self, factor: float, centre: float) -> Axis:
        half = self.span * factor / 2
        return Axis(centre - half, centre + half)

    def reaching(self, value: float) -> Axis:
        """The axis itself, or one as long and moved as little as brings `value` well onto it."""
        if self.holds(value) or not math.isfinite(value):
            return self
        value = min(max(value, -FARTHEST), FARTHEST)
        if abs(value) > 1e9 * self.span:  # so far away that an axis as long has no numbers between
            return Axis.around(np.array([value]))
        by = value - self.high if value > self.high else value - self.low
        by += math.copysign(0.1 * self.span, by)
        return Axis(self.low + by, self.high + by)


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
