"""What outputs mean as answers: which class, right or wrong, how many.

The largest output decides, the first on a tie; a single output decides at .5 or more.
"""

from __future__ import annotations

import math

import numpy as np

from nnsim.engine.losses import Loss
from nnsim.engine.tape import Array


def decide(output: Array) -> Array:
    """Return the class of each row of outputs (m, n), counted from 0."""
    rows = output.reshape(len(output), math.prod(output.shape[1:]))  # there may be no rows at all
    if rows.shape[1] == 1:
        return (rows[:, 0] >= 0.5).astype(np.intp)
    return np.asarray(rows.argmax(axis=1))


def are_classes(target: Array, loss: Loss | None = None) -> bool:
    """Say whether targets (m, n) look like classes rather than quantities.

    They do under a loss that classifies; else if there is a single 1 per row and 0 elsewhere, or,
    with one output, only 0 and 1. Quantities may happen to be so: `Network.classes` can tell.
    """
    if loss is not None and loss.classifies:
        return True
    rows = target.reshape(len(target), -1)
    binary = bool(((rows == 0) | (rows == 1)).all())
    return binary and (rows.shape[1] == 1 or bool((rows.sum(axis=1) == 1).all()))


def right(output: Array, target: Array) -> Array:
    """Return for each sample whether the outputs decide as the targets do, (m,) of bool."""
    return np.asarray(decide(output) == decide(target))
