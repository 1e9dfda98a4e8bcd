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

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.engine import Network
    from nnsim.lab.lab import Lab

Array = NDArray[np.float64]
WEIGHTS, RANDOM, PATH = "weights", "random", "path"

# A path is turned into main directions by so many of its frames.
_PATH_FRAMES = 200


@dataclass(frozen=True, eq=False)
class Plane:
    """θ(x, y) = origin + x · across + y · up.

    Attributes
    ----------
    kind : str
        ``"weights"``, ``"random"`` or ``"path"``.
    network : Network
        The one on the bench that it is of.
    names : (str, str)
        What the axes are called; of two parameters their addresses.
    origin, across, up : array (n_params,)
        Of two parameters, `origin` has 0 in their places, so that x and y are their values.
    shares : (float, float), or None
        How much of the path's variation its main directions hold.
    seed : int or None
        Of random directions.
    """

    kind: str
    network: Network
    names: tuple[str, str]
    origin: Array
    across: Array
    up: Array
    shares: tuple[float, float] | None = None
    seed: int | None = None

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
        """What the cost is looked at over, in a few words."""
        if self.kind == WEIGHTS:
            return _("{first} and {second}").format(first=self.names[0], second=self.names[1])
        if self.kind == RANDOM:
            return _("two random directions, seed {seed}").format(seed=self.seed)
        assert self.shares is not None
        shares = " + ".join(f"{100 * share:.3g}" for share in self.shares)
        return _("the path's two main directions ({shares} % of it)").format(shares=shares)

    def point(self, x: float, y: float) -> Array:
        """The parameters at one pair of coordinates, (n_params,)."""
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


def plane_of_parameters(lab: Lab, first: str, second: str) -> Plane:
    """The plane of two weights or biases, by their addresses.

    Raises
    ------
    LabError
        If an address names something else, or both the same.
    """
    places = [_place(lab, text) for text in (first, second)]
    if places[0][0] == places[1][0]:
        raise LabError(_("{address} twice: give two different ones").format(address=places[0][1]))
    across, up = (np.zeros(lab.network.parameters.size) for _axis in range(2))
    across[places[0][0]] = up[places[1][0]] = 1.0
    origin = np.where(across + up > 0, 0.0, lab.network.parameters)
    return Plane(WEIGHTS, lab.network, (places[0][1], places[1][1]), origin, across, up)


def _place(lab: Lab, text: str) -> tuple[int, str]:
    """The place in the vector of parameters that an address names, and the address in full."""
    quantity = lab.names.resolve(text)
    if quantity.kind not in ("w", "b"):
        raise LabError(
            _("{address} is no weight or bias; one is {example}").format(
                address=text, example=parameter_names(lab, 1)[0]
            )
        )
    numbers = lab.network.blocks(np.arange(lab.network.parameters.size, dtype=np.float64))
    layer = lab.names.layers[quantity.layer].name
    if quantity.kind == "w":
        place = numbers[f"{layer}.weight"][(*quantity.position, quantity.unit)]
    else:
        place = numbers[f"{layer}.bias"][quantity.unit]
    return int(place), str(lab.names.address(quantity))


def parameter_names(lab: Lab, most: int = 10**6) -> list[str]:
    """The addresses of weights and biases, layer by layer, up to so many."""
    found: list[str] = []
    for layer in lab.names.layers:
        if layer.kernel_shape:
            for unit in range(1, layer.output_shape[-1] + 1):
                for index in np.ndindex(*layer.kernel_shape):
                    inside = ",".join(str(i + 1) for i in index)
                    found.append(f"{layer.name}[{unit}].w[{inside}]")
                    if len(found) >= most:
                        return found
                if layer.has_bias:
                    found.append(f"{layer.name}[{unit}].b")
    return found[:most]


def random_plane(lab: Lab, seed: int) -> Plane:
    """The plane of two random directions at the present parameters.

    Normal numbers, scaled so that what belongs to a unit (a filter's or neuron's weights, here
    together with its bias) is as long as it is in the network, and 1 where that is 0: Li et al.
    Batch norm's own parameters stay.

    Raises
    ------
    LabError
        If there is only one parameter.
    """
    network = lab.network
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


def path_plane(lab: Lab) -> Plane:
    """The plane of the two main directions of the current run, through the present parameters.

    Those of θ_k − θ_now over the epochs that are kept (at most 200 of them, evenly spread).

    Raises
    ------
    LabError
        If the run is too short, or went straight, or the network is too large to keep it.
    """
    network = lab.network
    _refuse_one(network)
    now = network.parameters.astype(np.float64)
    run = lab.timeline.run
    run.nearest(run.last)  # refuses a network that is too large for any epoch to be kept
    frames = [frame.parameters for frame in run.frames]
    chosen = sorted({round(i) for i in np.linspace(0, len(frames) - 1, _PATH_FRAMES)})
    away = np.stack([frames[i] for i in chosen]).astype(np.float64) - now
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


def plane_of(lab: Lab) -> Plane | None:
    """The plane that was chosen last, if it is of the network that is on the bench now."""
    plane = lab.landscape
    return plane if plane is not None and plane.network is lab.network else None


def usual_plane(lab: Lab) -> Plane:
    """The plane to begin with: both parameters of two, else the path, else random directions."""
    if lab.network.parameters.size == 2:
        names = parameter_names(lab)
        if len(names) == 2:
            return plane_of_parameters(lab, *names)
    try:
        return path_plane(lab)
    except LabError:
        return random_plane(lab, 0)
