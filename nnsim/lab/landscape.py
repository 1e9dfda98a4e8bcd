"""Planes through the space of the parameters, over which the cost is looked at.

A plane is spanned by two parameters, by two random directions, or by the two main directions of
the path that training took.

References
----------
Li, Xu, Taylor, Studer, Goldstein: Visualizing the Loss Landscape of Neural Nets. NeurIPS 2018
(random directions scaled filter by filter; the main directions of θ_k − θ_now).
Lorch: Visualizing Deep Network Training Trajectories with PCA. ICML Workshop 2016.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnsim.engine import Network
from nnsim.engine.plan import Plan, Stack
from nnsim.i18n import _
from nnsim.lab.addresses import Quantity
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.experiments import DataSet
    from nnsim.lab.addresses import Names
    from nnsim.lab.training.timeline import Frame, Run

Array = NDArray[np.float64]
WEIGHTS, RANDOM, PATH = "weights", "random", "path"

# A path is turned into main directions by so many of its frames.
_PATH_FRAMES = 200


@dataclass(frozen=True, eq=False)
class Plane:
    """θ(x, y) = origin + x · across + y · up."""

    kind: str  # "weights", "random" or "path"
    network: Network  # the one on the bench that it is of
    names: tuple[str, str]  # what the axes are called; of two parameters their addresses
    # (n_params,): of two parameters, `origin` has 0 in their places, so that x and y are their
    # values
    origin: Array
    across: Array
    up: Array
    # how much of the path's variation its main directions hold
    shares: tuple[float, float] | None = None
    seed: int | None = None  # of random directions

    @cached_property
    def _back(self) -> Array:
        """Takes a difference of parameters to coordinates, (2, n_params)."""
        return np.asarray(np.linalg.pinv(np.stack([self.across, self.up], axis=1)))

    def through(self, parameters: Array) -> Plane:
        """The plane of the same two parameters where the others are as in `parameters`."""
        if self.kind != WEIGHTS:
            return self
        origin = np.where(self.across + self.up > 0, 0.0, parameters)
        return Plane(self.kind, self.network, self.names, origin, self.across, self.up)

    @property
    def description(self) -> str:
        if self.kind == WEIGHTS:
            return _("{first} and {second}").format(first=self.names[0], second=self.names[1])
        if self.kind == RANDOM:
            return _("two random directions, seed {seed}").format(seed=self.seed)
        assert self.shares is not None
        shares = " + ".join(f"{100 * share:.3g}" for share in self.shares)
        return _("the path's two main directions ({shares} % of it)").format(shares=shares)

    def point(self, x: float, y: float) -> Array:
        return self.points(np.array([x]), np.array([y]))[0]  # type: ignore[no-any-return]

    def points(self, x: Array, y: Array) -> Array:
        """The parameters at coordinates x and y, each (k,): (k, n_params)."""
        with np.errstate(all="ignore"):  # training may have diverged
            return np.asarray(self.origin + x[:, None] * self.across + y[:, None] * self.up)

    def project(self, parameters: Array) -> Array:
        """The coordinates, (k, 2), of the nearest to each of k sets of parameters in the plane."""
        with np.errstate(all="ignore"):
            return np.asarray((parameters - self.origin) @ self._back.T)

    def distance(self, parameters: Array) -> float:
        """How far parameters (n_params,) lie from the plane, as |θ − nearest|."""
        x, y = self.project(parameters[None]).T
        return float(np.linalg.norm(parameters - self.points(x, y)[0]))


def plane_of_parameters(network: Network, names: Names, first: str, second: str) -> Plane:
    """The plane of two weights or biases, by their addresses.

    Raises LabError if an address names something else, or both the same.
    """
    places = [_place(network, names, text) for text in (first, second)]
    if places[0][0] == places[1][0]:
        raise LabError(_("{address} twice: give two different ones").format(address=places[0][1]))
    across, up = (np.zeros(network.parameters.size) for _axis in range(2))
    across[places[0][0]] = up[places[1][0]] = 1.0
    origin = np.where(across + up > 0, 0.0, network.parameters)
    return Plane(WEIGHTS, network, (places[0][1], places[1][1]), origin, across, up)


def _place(network: Network, names: Names, text: str) -> tuple[int, str]:
    """The place in the vector of parameters that an address names, and the address in full."""
    quantity = names.resolve(text)
    if quantity.kind not in ("w", "b"):
        raise LabError(
            _("{address} is no weight or bias; one is {example}").format(
                address=text, example=parameter_names(names, 1)[0]
            )
        )
    numbers = network.blocks(np.arange(network.parameters.size, dtype=np.float64))
    layer = names.layers[quantity.layer].name
    if quantity.kind == "w":
        place = numbers[f"{layer}.weight"][(*quantity.position, quantity.unit)]
    else:
        place = numbers[f"{layer}.bias"][quantity.unit]
    return int(place), str(names.address(quantity))


def parameter_names(names: Names, most: int = 10**6) -> list[str]:
    """The addresses of weights and biases, layer by layer, up to so many."""
    found = (
        quantity
        for number, layer in enumerate(names.layers)
        for unit in range(layer.units if layer.kernel_shape else 0)
        for quantity in (
            *(Quantity("w", number, unit, index) for index in np.ndindex(*layer.kernel_shape)),
            *([Quantity("b", number, unit)] if layer.has_bias else []),
        )
    )
    return [str(names.address(quantity)) for quantity in islice(found, most)]


def random_plane(network: Network, seed: int) -> Plane:
    """The plane of two random directions at the present parameters.

    Normal numbers, scaled so that what belongs to a unit (a filter's or neuron's weights, here
    together with its bias) is as long as it is in the network, and 1 where that is 0: Li et al.
    Batch norm's own parameters stay.

    Raises LabError if there is only one parameter.
    """
    _refuse_one(network)
    rng = np.random.default_rng(seed)
    for _attempt in range(100):
        across, up = _direction(network, rng), _direction(network, rng)
        lengths = float(np.linalg.norm(across) * np.linalg.norm(up))
        if lengths > 0 and abs(across @ up) < 0.9 * lengths:  # of few parameters: not nearly one
            break
    names = (_("direction 1"), _("direction 2"))
    origin = network.parameters.astype(np.float64)
    return Plane(RANDOM, network, names, origin, across, up, seed=seed)


def _direction(network: Network, rng: np.random.Generator) -> Array:
    direction: Array = rng.normal(size=network.parameters.size)
    parts = network.blocks(direction)
    now = network.blocks(network.parameters.astype(np.float64))
    units: dict[str, list[str]] = {}
    for name in parts:
        layer, _dot, kind = name.rpartition(".")
        if kind in ("weight", "bias"):
            units.setdefault(layer, []).append(name)
        else:
            parts[name][...] = 0.0
    for names in units.values():
        wanted = _lengths([now[name] for name in names])
        scale = np.where(wanted > 0, wanted, 1.0) / _lengths([parts[name] for name in names])
        for name in names:
            parts[name][...] *= scale
    return direction


def _lengths(blocks: list[Array]) -> Array:
    """How long what belongs to each unit is, (units,)."""
    rows = [block.reshape(-1, block.shape[-1]) for block in blocks]
    return np.asarray(np.linalg.norm(np.concatenate(rows), axis=0))


def path_plane(network: Network, run: Run) -> Plane:
    """The plane of the two main directions of a run, through the present parameters.

    Those of θ_k − θ_now over the epochs that are kept (at most 200 of them, evenly spread).

    Raises LabError if the run is too short, or went straight, or the network is too large to keep
    it.
    """
    _refuse_one(network)
    now = network.parameters.astype(np.float64)
    run.nearest(run.last)  # refuses a network that is too large for any epoch to be kept
    frames = [frame.parameters for frame in run.frames]
    chosen = sorted({round(i) for i in np.linspace(0, len(frames) - 1, _PATH_FRAMES)})
    with np.errstate(all="ignore"):  # training may have gone far
        away = np.stack([frames[i] for i in chosen]).astype(np.float64) - now
        away = away[np.isfinite(away).all(axis=1)]
        away /= max(1e-300, np.abs(away).max(initial=0.0))
    _left, lengths, directions = np.linalg.svd(away, full_matrices=False)
    squares = lengths**2
    if len(lengths) < 2 or not lengths[1] > 1e-9 * max(1e-300, lengths[0]):
        raise LabError(_("the path has no two directions yet: train some epochs first"))
    # A direction has no sign of its own: training goes to the right, and up.
    signs = [-1.0 if float(away[0] @ direction) > 0 else 1.0 for direction in directions[:2]]
    shares = squares[:2] / squares.sum()
    names = (_("main direction"), _("second direction"))
    return Plane(
        PATH, network, names, now, signs[0] * directions[0], signs[1] * directions[1],
        shares=(float(shares[0]), float(shares[1])),
    )  # fmt: skip


def _refuse_one(network: Network) -> None:
    if network.parameters.size < 2:
        raise LabError(_("a plane needs two parameters, and this network has fewer"))


def usual_plane(network: Network, names: Names, run: Run) -> Plane:
    """The plane to begin with: both parameters of two, else the path, else random directions."""
    if network.parameters.size == 2:
        both = parameter_names(names)
        if len(both) == 2:
            return plane_of_parameters(network, names, *both)
    try:
        return path_plane(network, run)
    except LabError:
        return random_plane(network, 0)


@dataclass(frozen=True)
class Window:
    """The part of a plane that is looked at."""

    left: float
    right: float
    bottom: float
    top: float

    @classmethod
    def of(cls, plane: Plane, path: Array, now: tuple[float, float]) -> Window:
        """The window with a path, (k, 2), and the present point, and some room around them."""
        if plane.kind == RANDOM:
            # One is as far as the parameters themselves are long.
            return cls(-1.0, 1.0, -1.0, 1.0)
        points = np.concatenate([path, np.array([now])])
        points = points[np.isfinite(points).all(axis=1)]
        if not len(points):
            return cls(-1.0, 1.0, -1.0, 1.0)
        low, high = points.min(axis=0), points.max(axis=0)
        widest = float((high - low).max())
        reach = np.maximum((high - low) * 0.7, max(widest * 0.25, 1e-6))
        if widest < 1e-6:  # nothing was trained
            reach = np.maximum(np.abs(low) * 1.5, 1.0)
        (x, y), (wide, tall) = (low + high) / 2, reach
        return cls(float(x - wide), float(x + wide), float(y - tall), float(y + tall))

    def zoomed(self, factor: float, x: float, y: float) -> Window:
        """The window made `factor` times as large, with (x, y) where it was in it.

        It is kept between 1e-9 and 1e9 across, and comes back as it is beyond that.
        """
        wide, tall = (self.right - self.left) * factor, (self.top - self.bottom) * factor
        if min(wide, tall) <= 1e-9 or max(wide, tall) >= 1e9:
            return self
        left, bottom = x - (x - self.left) * factor, y - (y - self.bottom) * factor
        return Window(left, left + wide, bottom, bottom + tall)

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in it."""
        return self.left <= x <= self.right and self.bottom <= y <= self.top

    def across(self, columns: int) -> Array:
        return np.linspace(self.left, self.right, columns)

    def down(self, rows: int) -> Array:
        return np.linspace(self.top, self.bottom, rows)

    def cells(self, points: Array, columns: int, rows: int) -> NDArray[np.int64]:
        """The column and row, (k, 2), in which points (k, 2) lie; −1, −1 for those outside."""
        with np.errstate(all="ignore"):
            x = (points[:, 0] - self.left) / (self.right - self.left) * (columns - 1)
            y = (self.top - points[:, 1]) / (self.top - self.bottom) * (rows - 1)
            inside = (x > -0.5) & (x < columns - 0.5) & (y > -0.5) & (y < rows - 0.5)
        cells = np.stack([x, y], axis=1)
        return np.where(inside[:, None], np.rint(np.where(inside[:, None], cells, 0)), -1).astype(
            np.int64
        )


# A map of 2400 points may take so many multiplications, about two seconds of work; ten times that
# is refused.
_MOST_WORK, _POINTS = 2e9, 2400
_LEAST_SAMPLES = 32
# Numbers in the buffers of the networks that run at once; and multiplications of one layer, above
# which BLAS would start threads, which stall where others work.
_AT_ONCE, _PRODUCTS = 1 << 18, 1 << 18


class Surface:
    """The cost of the data as a function of the parameters, on a copy of the network.

    Of many samples `every` so many-th is read, and the cost taken times that.
    Raises LabError if there is no data, or the network is too large.
    """

    def __init__(self, bench: Network, data: DataSet) -> None:
        if not data.count:
            raise LabError(_("there is no data, and so no cost"))
        self._network = Network.from_description(bench.describe())
        self._network.running[...] = bench.running
        self._network.muted = bench.muted
        x, target = self._network.check(data.inputs, data.targets)
        work = _work(self._network) * _POINTS
        if work * min(len(x), _LEAST_SAMPLES) > 10 * _MOST_WORK:
            raise LabError(
                _("a network of {count} parameters is too large for a landscape").format(
                    count=bench.parameters.size
                )
            )
        most = max(min(len(x), _LEAST_SAMPLES), int(_MOST_WORK / work))
        self.every = math.ceil(len(x) / most)
        self._x, self._target = x[:: self.every], target[:: self.every]
        self._scale = len(x) / len(self._x)
        self._plan: Plan | None = None
        self._stack: Stack | None = None
        many = all(layer.for_many for layer in bench.layers) and not bench.running.size
        numbers = 3 * self._network.activations(len(self._x)) + bench.parameters.size
        products = len(self._x) * max(1, *(layer.parameter_count for layer in bench.layers))
        most = min(256, _AT_ONCE // numbers, _PRODUCTS // products)
        self.at_once = max(1, most) if many else 1

    def costs(self, parameters: Array) -> Array:
        """The cost at each of k sets of parameters, (k, n_params); infinite where it is NaN."""
        with np.errstate(all="ignore"):
            if self.at_once == 1:
                found = np.array([self._one(row) for row in parameters])
            else:
                parts = range(0, len(parameters), self.at_once)
                found = np.concatenate(
                    [self._many(parameters[i : i + self.at_once]) for i in parts]
                )
        return np.where(np.isnan(found), np.inf, found) * self._scale

    def _one(self, row: Array) -> float:
        self._network.parameters[...] = row
        return float(self._network.losses(self._x, self._target).sum())

    def _many(self, rows: Array) -> Array:
        if self._plan is None or self._stack is None:
            self._stack = stack = self._network.stack.twin(lead=(self.at_once,))
            stack.muted = dict(self._network.muted)
            self._plan = Plan(stack, self._network.input_shape, len(self._x), "loss")
            self._plan.inputs[...], self._plan.targets[...] = self._x, self._target
        count = len(rows)
        filled = rows if count == self.at_once else np.resize(rows, (self.at_once, rows.shape[1]))
        self._stack.theta[...] = self._stack.spread(filled)
        self._plan.run()
        return np.asarray(self._plan.losses.sum(axis=-1)[:count])


def _work(network: Network) -> float:
    places = [math.prod(layer.output_shape[:-1]) for layer in network.layers]
    counts = [layer.parameter_count for layer in network.layers]
    return sum(p * c for p, c in zip(places, counts, strict=True)) + 20.0 * network.activations(1)


class CostMap:
    """The costs over a window, computed bit by bit: first a few, then those between.

    `values` (rows, columns) is NaN where nothing is known yet; `shown` has the value of a point
    nearby there. `known` points are computed.
    """

    def __init__(
        self, surface: Surface, plane: Plane, window: Window, columns: int, rows: int
    ) -> None:
        self.surface, self.plane, self.window = surface, plane, window
        self.columns, self.rows = columns, rows
        self.values = np.full((rows, columns), np.nan)
        self.shown = np.full((rows, columns), np.nan)
        self.done = False
        self.known = 0
        self._x, self._y = window.across(columns), window.down(rows)
        self._parts = self._chunks()

    def _chunks(self) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        known: set[tuple[int, int]] = set()
        for stride in (8, 4, 2, 1):
            points = [
                (row, column)
                for row in range(0, self.rows, stride)
                for column in range(0, self.columns, stride)
                if (row, column) not in known
            ]
            known.update(points)
            for start in range(0, len(points), self.surface.at_once):
                yield stride, points[start : start + self.surface.at_once]

    def work(self, seconds: float = math.inf) -> bool:
        until = perf_counter() + seconds
        for stride, points in self._parts:
            self._compute(stride, points)
            if perf_counter() >= until:
                return False
        self.done = True
        return True

    def _compute(self, stride: int, points: list[tuple[int, int]]) -> None:
        rows, columns = (np.array(numbers) for numbers in zip(*points, strict=True))
        costs = self.surface.costs(self.plane.points(self._x[columns], self._y[rows]))
        self.values[rows, columns] = costs
        self.known += len(costs)
        if stride == 1:
            self.shown[rows, columns] = costs
            return
        for row, column, cost in zip(rows, columns, costs, strict=True):
            self.shown[row : row + stride, column : column + stride] = cost

    @property
    def lowest(self) -> tuple[int, int] | None:
        if not np.isfinite(self.values).any():
            return None
        row, column = np.unravel_index(np.nanargmin(self.values), self.values.shape)
        return int(column), int(row)

    def at(self, column: int, row: int) -> tuple[float, float, float]:
        return float(self._x[column]), float(self._y[row]), float(self.values[row, column])

    def cell_of(self, point: tuple[float, float]) -> tuple[int, int]:
        """The column and row of a point; −1, −1 where it is outside."""
        column, row = self.window.cells(np.array([point]), self.columns, self.rows)[0].tolist()
        return column, row


class PathOnPlane:
    """The way of a run, projected; what was projected before is not projected again."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self._known: dict[Frame, Array] = {}

    def points(self, frames: Sequence[Frame]) -> Array:
        if len(self._known) > 2 * len(frames) + 100:  # of runs that are gone
            self._known.clear()
        new = [frame for frame in frames if frame not in self._known]
        if new:
            places = self.plane.project(np.stack([frame.parameters for frame in new]))
            self._known.update(zip(new, places, strict=True))
        return np.array([self._known[frame] for frame in frames]).reshape(-1, 2)
