"""How well the network reads its data: measured on the whole set, only when somebody asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from nnsim.engine.metrics import decide

if TYPE_CHECKING:
    from nnsim.engine import Network
    from nnsim.experiments import Experiment

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Metrics:
    """Over the training data (and the test data, where there is any).

    Attributes
    ----------
    cost : float
        Sum of the per-sample losses, without penalty: the textbooks' C_T.
    accuracy, test_accuracy : float or None
        Share read right, 0 to 1; None for regression or without data.
    right, samples, test_right, test_samples : int or None
    readings : array of int, or None
        For every sample (training, then test) the class that the network says, from 0.
    """

    cost: float
    accuracy: float | None
    right: int | None
    samples: int
    test_accuracy: float | None
    test_right: int | None
    test_samples: int
    readings: NDArray[np.int64] | None


def measure(network: Network, experiment: Experiment) -> Metrics:
    """Read all data once and count."""
    data = experiment.data
    if not data.count:
        return Metrics(0.0, None, None, 0, None, None, 0, None)
    with np.errstate(all="ignore"):
        cost = float(np.sum(network.losses(data.inputs, data.targets)))
        if not experiment.classes:
            return Metrics(cost, None, None, data.count, None, None, 0, None)
        readings, right = _read(network, data.inputs, data.targets)
        tests, test_right = (
            _read(network, data.test_inputs, data.test_targets)
            if data.test_count
            else (np.zeros(0, np.int64), None)
        )
    samples = data.count
    return Metrics(
        cost=cost,
        accuracy=right / samples,
        right=right,
        samples=samples,
        test_accuracy=None if test_right is None else test_right / len(tests),
        test_right=test_right,
        test_samples=len(tests),
        readings=np.concatenate([readings, tests]),
    )


def _read(network: Any, inputs: Array, targets: Array) -> tuple[NDArray[np.int64], int]:
    readings = decide(network.forward(inputs))
    return readings, int(np.sum(readings == decide(targets)))
