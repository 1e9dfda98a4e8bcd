"""Data that are drawn, not read: each from a seed, with noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnsim.experiments.datasets import MOST_SAMPLES, DataSet, Samples, Wanted, for_network
from nnsim.experiments.files import ExperimentError, nearest, quoted
from nnsim.i18n import _

if TYPE_CHECKING:
    from nnsim.experiments.experiment import Experiment

Array = NDArray[np.float64]
Labels = NDArray[np.intp]
Draw = Callable[[np.random.Generator, Labels, int, float], Array]
"""From a generator, the class of each point, the number of classes and the noise: the points."""
Curve = Callable[[Array], Array]


@dataclass(frozen=True)
class Generator:
    """One kind of generated data."""

    inputs: int  # numbers per sample
    classes: range  # how many classes it can have; empty for regression
    samples: int  # how many samples there are unless told
    noise: float  # the standard deviation of what is added, unless told
    draw: Draw | None = None  # draws the points of a classification
    curve: Curve | None = None  # the function of x that a regression follows
    reach: tuple[float, float] = (-1.0, 1.0)  # from where to where its x are, evenly spaced


def generate(
    kind: str, samples: int, *, noise: float, seed: int, classes: tuple[str, ...]
) -> Samples:
    """Return `samples` of the data called `kind`, the classes in turn.

    `kind`: a key of `GENERATORS`.
    `noise`: standard deviation of the normal noise, in the unit of the points.
    `seed`: the same seed gives the same samples.
    `classes`: names of the classes, as many as the kind allows; not used for regression.
    """
    rng = np.random.default_rng(seed)
    generator = GENERATORS[kind]
    if generator.draw is None:
        assert generator.curve is not None
        x = np.linspace(*generator.reach, samples).reshape(-1, 1)
        return Samples(x, None, generator.curve(x) + noise * rng.standard_normal(x.shape))
    labels = np.arange(samples, dtype=np.intp) % len(classes)
    points = generator.draw(rng, labels, len(classes), noise)
    return Samples(points, labels, None, classes)


def _line(x: Array) -> Array:
    """Y = 2x − 1; with 6 samples x is −1, 0, 1, 2, 3, 4."""
    return 2 * x - 1


def _sine(x: Array) -> Array:
    """Y = sin 2x, not quite two waves."""
    return np.asarray(np.sin(2 * x))


def _place(labels: Labels, classes: int) -> Array:
    """Return how far along its class each point lies, from 0 to 1, evenly."""
    along = np.empty(len(labels))
    for label in range(classes):
        rows = np.flatnonzero(labels == label)
        along[rows] = np.linspace(0.0, 1.0, len(rows))
    return along


def _moons(rng: np.random.Generator, labels: Labels, _classes: int, noise: float) -> Array:
    """Two half circles of radius 1 that reach into one another."""
    angle = np.pi * _place(labels, 2)
    upper = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    lower = np.stack([1 - np.cos(angle), 0.5 - np.sin(angle)], axis=1)
    points = np.where(labels[:, None] == 0, upper, lower) - [0.5, 0.25]
    return points + noise * rng.standard_normal(points.shape)


def _circles(rng: np.random.Generator, labels: Labels, _classes: int, noise: float) -> Array:
    """A circle of radius ½ (class 1) inside one of radius 1 (class 0)."""
    angle = 2 * np.pi * _place(labels, 2)
    radius = np.where(labels == 0, 1.0, 0.5)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return points + noise * rng.standard_normal(points.shape)


def _spiral(rng: np.random.Generator, labels: Labels, classes: int, noise: float) -> Array:
    """One arm per class from the centre to radius 1, about two thirds of a turn each."""
    along = _place(labels, classes)
    angle = 4 * along + 2 * np.pi * labels / classes + 2 * noise * rng.standard_normal(len(labels))
    return np.stack([along * np.sin(angle), along * np.cos(angle)], axis=1)


def _xor(rng: np.random.Generator, labels: Labels, _classes: int, noise: float) -> Array:
    """The corners (0, 0) and (1, 1) are class 0, (0, 1) and (1, 0) class 1."""
    turn = (np.arange(len(labels)) // 2) % 2
    points = np.stack([turn, np.where(labels == 0, turn, 1 - turn)], axis=1).astype(np.float64)
    return points + noise * rng.standard_normal(points.shape)


def _blobs(rng: np.random.Generator, labels: Labels, classes: int, noise: float) -> Array:
    """One round cloud per class, with their centres evenly on a circle of radius 1."""
    angle = 2 * np.pi * labels / classes
    centres = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return centres + noise * rng.standard_normal(centres.shape)


def _flower(rng: np.random.Generator, labels: Labels, _classes: int, noise: float) -> Array:
    """Petals in polar coordinates, r = 4·|sin 4θ|, the two classes on alternate sides.

    Class 0 has the petals of the upper half of θ, class 1 those of the lower, as in the planar
    data of courses on one hidden layer; `noise` shakes angle and radius alike.
    """
    angle = np.pi * (_place(labels, 2) + labels) + noise * rng.standard_normal(len(labels))
    radius = 4 * np.sin(4 * angle) + noise * rng.standard_normal(len(labels))
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)


_TWO = range(2, 3)
GENERATORS = {
    "line": Generator(1, range(0), 6, 0.0, curve=_line, reach=(-1.0, 4.0)),
    "sine": Generator(1, range(0), 60, 0.1, curve=_sine, reach=(-3.0, 3.0)),
    "moons": Generator(2, _TWO, 200, 0.1, _moons),
    "circles": Generator(2, _TWO, 200, 0.08, _circles),
    "spiral": Generator(2, range(2, 11), 300, 0.1, _spiral),
    "xor": Generator(2, _TWO, 4, 0.0, _xor),
    "blobs": Generator(2, range(2, 11), 200, 0.3, _blobs),
    "flower": Generator(2, _TWO, 400, 0.2, _flower),
}


LARGEST_NOISE = 1e6


def fitting(experiment: Experiment) -> tuple[str, ...]:
    """The kinds of generated data that the network of an experiment can read and learn."""
    classes = len(experiment.classes)
    return tuple(
        kind
        for kind, generator in GENERATORS.items()
        if experiment.input.count == generator.inputs
        and (classes in generator.classes if classes else not generator.classes)
        and (classes or experiment.outputs == 1)
    )


def drawn(
    experiment: Experiment,
    kind: str,
    samples: int | None = None,
    noise: float | None = None,
    seed: int = 0,
) -> DataSet:
    """Draw data of a kind; as large a share as now is kept to test on.

    `samples`: as many as the generator's own, unless told; so is the noise.
    `noise`: the standard deviation of what is added.

    Raises ExperimentError if there is no such kind, or the network is not one for it.
    """
    _check(experiment, kind)
    generator = GENERATORS[kind]
    count = generator.samples if samples is None else samples
    noise = generator.noise if noise is None else noise
    if not 1 <= count <= MOST_SAMPLES:
        problem = _("{samples} samples are out of range: 1 to {most}")
        raise ExperimentError(problem.format(samples=count, most=MOST_SAMPLES))
    if not 0 <= noise <= LARGEST_NOISE:
        problem = _("a noise of {noise} is out of range: 0 to {most}")
        raise ExperimentError(problem.format(noise=f"{noise:g}", most=f"{LARGEST_NOISE:g}"))
    found = generate(kind, count, noise=noise, seed=seed, classes=experiment.classes)
    data = experiment.data
    share = data.test_count / max(1, data.count + data.test_count)
    tests = min(round(count * share), count - 1)
    order = np.random.default_rng(seed).permutation(count)
    train, test = found.take(np.sort(order[tests:])), found.take(np.sort(order[:tests]))
    wanted = Wanted(
        experiment.input, experiment.classes, experiment.outputs, bool(generator.classes)
    )
    shape = experiment.input_shape
    return DataSet(*for_network(train, wanted, shape), *for_network(test, wanted, shape))


def _check(experiment: Experiment, kind: str) -> None:
    known = fitting(experiment)
    if kind in known:
        return
    if not known:
        raise ExperimentError(_("no generated data has what this network reads and says"))
    if kind in GENERATORS:
        problem = _("{kind} is not for this network; what is: {known}")
        raise ExperimentError(problem.format(kind=kind, known=", ".join(known)))
    problem = _("there is no generated data called {kind}; {hint}")
    raise ExperimentError(problem.format(kind=quoted(kind), hint=nearest(kind, known)))
