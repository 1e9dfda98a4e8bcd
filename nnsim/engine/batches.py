"""Samples and how they get into the buffers of a tape, without a copy of the whole set."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nnsim.engine.tape import Array

# Shuffled rows are gathered through a buffer of about this many bytes, which stays in the cache.
_GATHER = 1 << 16


@dataclass(frozen=True, eq=False, slots=True)
class Samples:
    """A set of samples: all rows of x and target, or those in `index`."""

    x: Array
    target: Array
    index: Array | None = None
    count: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", len(self.x if self.index is None else self.index))

    def rows(self, part: slice) -> slice | Array:
        """Return what picks a part of the samples out of `x` and `target`."""
        return part if self.index is None else self.index[part]


class Gather:
    """Copies chosen rows of an array into a view of any strides and dtype."""

    def __init__(self, source: Array, view: Array) -> None:
        self.source, self.view = source, view
        row = max(1, source[:1].nbytes)
        self.rows = max(1, min(len(view), _GATHER // row))
        direct = view.flags.c_contiguous and view.dtype == source.dtype
        self.buffer = view if direct else np.empty((self.rows, *source.shape[1:]), source.dtype)
        self.at_once = len(self.buffer) == len(view)

    def __call__(self, index: Array) -> None:
        """Fill the view with the rows of `index`, as many as it is long."""
        # With mode="clip" NumPy writes straight into `out`; the index is in range anyway.
        if self.at_once:
            self.source.take(index, 0, self.buffer, "clip")
            if self.buffer is not self.view:
                np.copyto(self.view, self.buffer)
            return
        for start in range(0, len(index), self.rows):
            part = index[start : start + self.rows]
            rows = self.buffer[: len(part)]
            self.source.take(part, 0, rows, "clip")
            np.copyto(self.view[start : start + len(part)], rows)
