"""Samples and how they get into the buffers of a tape, without a copy of the whole set."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nnsim.engine.plan import Plan
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


class Step:
    """A plan for some samples, cut where the gradient is complete, with the ways to fill it.

    Each item of `up` is a callable and its arguments; the last puts a 1 into `done`.
    """

    def __init__(self, plan: Plan, samples: Samples, version: int, done: list[int]) -> None:
        self.plan, self.samples, self.version = plan, samples, version
        self.size = plan.batch
        self.down = plan.replay("forward", "backward")
        self.up = [(fn, *args) for fn, args in plan.calls("update")] + [(done.append, 1)]
        self.gradient = plan.gradient
        self.square = plan.gradient.dot
        self.fill_inputs = Gather(samples.x, plan.inputs)
        self.fill_targets = Gather(samples.target, plan.targets)
        self.whole = samples.index is None and plan.batch == samples.count

    def is_for(self, samples: Samples, version: int) -> bool:
        """Whether it takes these samples, and the network is as it was."""
        return self.samples is samples and self.version == version

    def fill(self, rows: Array | slice) -> None:
        """Put these samples into the buffers."""
        if isinstance(rows, slice):
            self.plan.inputs[...] = self.samples.x[rows]
            self.plan.targets[...] = self.samples.target[rows]
        else:
            self.fill_inputs(rows)
            self.fill_targets(rows)

    def take_turn(self) -> None:
        """Make the memory that is shared with other batch sizes ready for this one."""
        self.plan.ones_under_x[...] = 1
        if self.whole:
            self.plan.inputs[...], self.plan.targets[...] = self.samples.x, self.samples.target
