"""What the engine is compared with; each library is used as its own documentation shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass
class Step:
    """A training step, and the parameters it has reached: [w1, b1, w2, b2]."""

    run: Callable[[], object]
    parameters: Callable[[], list[np.ndarray]]


@dataclass
class Workload:
    """A network of two dense layers, the data, and where training starts.

    The output is a sigmoid (squared_error, binary_cross_entropy) or a softmax
    (softmax_cross_entropy). Losses are means over the batch, or their sum (squared_error).
    """

    x: np.ndarray
    target: np.ndarray
    start: list[np.ndarray]
    hidden: str
    loss: str
    rate: float = 0.01
    optimizer: str = "sgd"
