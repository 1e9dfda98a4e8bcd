"""Generated data for an experiment that is open already, in place of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nnsim.experiments.datasets import DataSet, for_network
from nnsim.experiments.errors import ExperimentError, nearest, quoted
from nnsim.experiments.generators import GENERATORS, generate
from nnsim.experiments.samples import MOST_SAMPLES, Wanted
from nnsim.i18n import _

if TYPE_CHECKING:
    from nnsim.experiments.experiment import Experiment

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

    Parameters
    ----------
    experiment : Experiment
    kind : str
    samples : int, optional
        As many as the generator's own, unless told; so is the noise.
    noise : float, optional
        The standard deviation of what is added.
    seed : int

    Raises
    ------
    ExperimentError
        If there is no such kind, or the network is not one for it.
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
    """Refuse a kind of data that the network can't read and learn."""
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
