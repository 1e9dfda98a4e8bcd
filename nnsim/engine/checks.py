"""What comes in is checked once, in words: counts, seeds, shape, kind of number, finiteness."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_UNITS = 10_000_000
LARGEST_SEED = 2**63 - 1

# Rows are looked at in blocks, so that checking a large set takes little memory.
_BLOCK = 1 << 18


class EngineError(ValueError):
    """A request the engine refuses; the message says what came and what would be right."""


def samples(values: Any, shape: tuple[int, ...], dtype: Any, what: str) -> NDArray[Any]:
    """Return `values` as an array (m, *shape), in their own dtype; they are finite in `dtype`."""
    array = numbers(values, what)
    wanted = "(m, " + ", ".join(map(str, shape)) + ")"
    if array.shape[1:] != shape or array.ndim == 0:
        if array.shape == shape:
            hint = f"for a single sample give shape (1, {', '.join(map(str, shape))})"
        elif what == "target" and shape == (1,) and array.ndim == 1:
            hint = f"give a column: target.reshape({len(array)}, 1)"
        else:
            hint = "one row per sample"
        raise EngineError(f"{what} has shape {array.shape}, but {wanted} is needed: {hint}")
    if len(array) == 0:
        raise EngineError(f"{what} has no samples: give at least one")
    check_finite(array, dtype, what)
    return array


def numbers(values: Any, what: str) -> NDArray[Any]:
    """Return `values` as a real array, or refuse them."""
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise EngineError(f"{what} is no array: its rows differ in length") from error
    if array.dtype.kind not in "fiub":
        raise EngineError(f"{what} holds {array.dtype.name} values: give real numbers")
    return array


def check_finite(array: NDArray[Any], dtype: Any, what: str) -> None:
    """Refuse NaN, infinity, and what is infinite in `dtype`; says where it stands."""
    if array.dtype.kind != "f":
        return
    rows = max(1, _BLOCK // max(1, array[:1].size))
    for start in range(0, len(array), rows):
        block = array[start : start + rows]
        with np.errstate(over="ignore", invalid="ignore"):
            finite = np.isfinite(block.astype(dtype, copy=False))
        if not finite.all():
            place = np.unravel_index(int(np.argmin(finite)), finite.shape)
            value = block[place]
            position = ", ".join(str(int(i)) for i in (place[0] + start, *place[1:]))
            reason = "is too large for " + np.dtype(dtype).name if np.isfinite(value) else "is no "
            reason += "" if np.isfinite(value) else "finite number"
            raise EngineError(f"{what}[{position}] = {value} {reason}")


def real(value: Any, what: str, least: float = -math.inf, above: float | None = None) -> float:
    """Return `value` as a finite float within bounds, or refuse it by name."""
    bad = isinstance(value, bool) or not isinstance(value, int | float | np.number)
    if bad or not math.isfinite(value):
        raise EngineError(f"{what} is {value!r}: give a finite number")
    if value < least:
        raise EngineError(f"{what} is {value}: give {least:g} or more")
    if above is not None and value <= above:
        raise EngineError(f"{what} is {value}: give more than {above:g}")
    return float(value)


def as_count(value: Any, what: str, least: int = 1, most: int = MOST_UNITS) -> int:
    """Return `value` as a whole number within bounds, or refuse it by name."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise EngineError(f"{what} is {value!r}: give a whole number")
    if not least <= value <= most:
        raise EngineError(f"{what} is {value}: give a whole number from {least} to {most:,}")
    return int(value)


def as_seed(value: Any, what: str = "seed") -> int:
    return as_count(value, what, least=0, most=LARGEST_SEED)


def shuffler(seed: int) -> np.random.Generator:
    """Return what a trainer with this seed shuffles with."""
    return np.random.default_rng(np.random.SeedSequence(seed).spawn(2)[0])


def noise(seed: int) -> np.random.Generator:
    """Return what a trainer with this seed draws dropout from, independent of the shuffles."""
    return np.random.default_rng(np.random.SeedSequence(seed).spawn(2)[1])
