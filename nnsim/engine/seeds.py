"""Generators from a seed: one for shuffling and one for dropout, independent of each other."""

from __future__ import annotations

import numpy as np


def shuffler(seed: int) -> np.random.Generator:
    """Return what a trainer with this seed shuffles with."""
    return np.random.default_rng(np.random.SeedSequence(seed).spawn(2)[0])


def noise(seed: int) -> np.random.Generator:
    """Return what a trainer with this seed draws dropout from."""
    return np.random.default_rng(np.random.SeedSequence(seed).spawn(2)[1])
