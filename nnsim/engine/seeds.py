"""Seeds, and generators from one: for shuffling and for dropout, independent of each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from nnsim.engine.layers.base import as_count

LARGEST_SEED = 2**63 - 1


def as_seed(value: Any) -> int:
    """Return `value` as a seed, or refuse it."""
    return as_count(value, "seed", least=0, most=LARGEST_SEED)


def shuffler(seed: int) -> np.random.Generator:
    """Return what a trainer with this seed shuffles with."""
    return np.random.default_rng(np.random.SeedSequence(seed).spawn(2)[0])


def noise(seed: int) -> np.random.Generator:
    """Return what a trainer with this seed draws dropout from."""
    return np.random.default_rng(np.random.SeedSequence(seed).spawn(2)[1])
