"""How well the network reads its data: measured on the whole set, only when somebody asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim.engine.losses import decide

if TYPE_CHECKING:
    from nnsim.engine import Network
    from nnsim.engine.plan import Plan
    from nnsim.experiments import Experiment

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Metrics:
    """Over the training data (and the test data, where there is any)."""

    cost: float  # sum of the per-sample losses, without penalty: the textbooks' C_T
    test_cost: float | None = None  # the same of the test data; None where there is none
    # share read right, 0 to 1; None for regression or without data
    accuracy: float | None = None
    right: int | None = None
    samples: int = 0
    test_accuracy: float | None = None
    test_right: int | None = None
    test_samples: int = 0
    # for every sample (training, then test) the class that the network says, from 0
    readings: NDArray[np.int64] | None = None


def measure(network: Network, experiment: Experiment) -> Metrics:
    data = experiment.data
    if not data.count:
        return Metrics(0.0)
    train = _read(network, data.inputs, data.targets)
    test = _read(network, data.test_inputs, data.test_targets) if data.test_count else None
    found = Metrics(
        train.cost,
        None if test is None else test.cost,
        samples=data.count,
        test_samples=data.test_count,
    )
    if not experiment.classes:
        return found
    readings = [train.readings] if test is None else [train.readings, test.readings]
    return replace(
        found,
        accuracy=train.right / data.count,
        right=train.right,
        test_accuracy=None if test is None else test.right / data.test_count,
        test_right=None if test is None else test.right,
        readings=np.concatenate(readings),
    )


@dataclass(frozen=True)
class _Reading:
    cost: float
    readings: NDArray[np.int64]
    right: int


def _read(network: Network, inputs: Array, targets: Array) -> _Reading:
    x, wanted = network.check(inputs, targets)
    losses, readings = np.empty(len(x)), np.empty(len(x), np.int64)
    with np.errstate(all="ignore"):
        for part, plan in passes(network, x, wanted):
            losses[part], readings[part] = plan.losses, decide(plan.outputs)
        return _Reading(float(losses.sum()), readings, int(np.sum(readings == decide(wanted))))


def passes(network: Network, x: Array, target: Array) -> Iterator[tuple[slice, Plan]]:
    """Read data (as `Network.check` gives them) a part at a time: losses and outputs of each.

    They lie in the same buffers, so that each is to be taken before the next one.
    """
    size = chunk_size(network)
    for start in range(0, len(x), size):
        part = slice(start, min(start + size, len(x)))
        yield part, network.evaluate(x[part], target[part])


def fingerprint(network: Network) -> tuple[Any, ...]:
    """What the outputs of a network follow from; equal as long as they are the same."""
    return (network, network.version, network.parameters.tobytes(), network.running.tobytes())


# BLAS spreads larger products over threads of its own; they wait for one another wherever the
# cores are busy, which took 20 to 80 ms in place of one.
_PRODUCTS = 1 << 17
_LEAST, _MOST, _NUMBERS = 32, 4096, 1_000_000


def chunk_size(network: Network) -> int:
    weights = [getattr(layer, "weight", None) for layer in network.layers]
    largest = max((weight.size for weight in weights if weight is not None), default=1)
    most = min(_MOST, _NUMBERS // network.activations(1))
    return max(1, min(most, max(_LEAST, _PRODUCTS // largest)))
