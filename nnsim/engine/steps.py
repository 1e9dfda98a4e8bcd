"""One update: how samples get into the buffers of a tape, and what becomes of their gradient."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import starmap
from operator import call

import numpy as np

from nnsim.engine.network import Network
from nnsim.engine.plan import Plan
from nnsim.engine.tape import Array

# A batch of more samples, and of more activations, goes through the tape in parts.
_AT_ONCE, _NUMBERS_AT_ONCE = 1024, 1 << 17
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


class Steps:
    """Makes the updates of a trainer, with a tape for each size of batch.

    `record` makes a plan for so many samples, with memory that they share.

    Attributes
    ----------
    at_once : int
        How many samples go through a tape together, however large the batch is.
    done : list of int
        A 1 for an update that is carried out, but not yet counted.
    """

    def __init__(self, network: Network, record: Callable[[int, dict[str, Array]], Plan]) -> None:
        self.network, self._record = network, record
        self.done: list[int] = []
        self._steps: dict[int, _Step] = {}
        self._turn: _Step | None = None
        self._room: dict[str, Array] = {}
        self.at_once = max(_AT_ONCE, _NUMBERS_AT_ONCE // network.activations(1))
        if any(layer.whole_batch for layer in network.layers):
            self.at_once = 2**62

    def forget(self) -> None:
        """Record the steps anew: a setting has changed that is part of them."""
        self._steps.clear()
        self._turn = None

    def make(self, samples: Samples, size: int, rows: Array | None, limit: float) -> bool:
        """Make one update on so many samples, all in their order or those in `rows`.

        Returns False, and leaves all as it was, if the square of the gradient is not below `limit`.
        """
        if size > self.at_once:
            step = self._add_up(samples, size, rows)
        else:
            step = self._of(size, samples)
            if rows is not None:
                step.fill(rows)
            step.down()
        # Not finite if the gradient isn't, nor if the step would be; false for NaN.
        if not step.square(step.gradient) < limit:
            return False
        # Python looks for signals between its own steps, but not within `deque`: Ctrl+C strikes
        # before the first change of a parameter or after the last.
        deque(starmap(call, step.up), 0)
        return True

    def share(self, size: int) -> int:
        """Return how many samples a part of a batch has: few parts, as large as each other."""
        return -(-size // -(-size // self.at_once))

    def _add_up(self, samples: Samples, size: int, rows: Array | None) -> _Step:
        """Compute the gradient of more samples than go through a tape at once, part by part."""
        net, mean = self.network, self.network.reduction == "mean"
        total = np.zeros_like(net.parameters)
        share = self.share(size)
        parts = range(0, size, share)
        for start in parts:
            count = min(share, size - start)
            step = self._of(count, samples)
            part = slice(start, start + count)
            step.fill(part if rows is None else rows[part])
            step.down()
            total += step.gradient * (count / size) if mean else step.gradient
        if not mean:  # every part had the whole penalty
            total -= (len(parts) - 1) * net.stack.penalty_gradient()
        step.gradient[...] = total
        return step

    def _of(self, size: int, samples: Samples) -> _Step:
        """Return the step for so many of these samples, ready to be filled and run."""
        version = self.network.version
        step = self._turn
        if step is None or step.size != size or not step.is_for(samples, version):
            if step is not None and step.version != version:
                self.forget()
            step = self._steps.get(size)
            if step is None or not step.is_for(samples, version):
                plan = self._record(size, self._room) if step is None else step.plan
                step = self._steps[size] = _Step(plan, samples, version, self.done)
            step.take_turn()
            self._turn = step
        return step


class _Step:
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
        self.fill_inputs = _Gather(samples.x, plan.inputs)
        self.fill_targets = _Gather(samples.target, plan.targets)

    def is_for(self, samples: Samples, version: int) -> bool:
        """Whether it takes these samples, and the network is as it was."""
        return self.samples is samples and self.version == version

    def fill(self, rows: Array | slice) -> None:
        if isinstance(rows, slice):
            self.plan.inputs[...] = self.samples.x[rows]
            self.plan.targets[...] = self.samples.target[rows]
        else:
            self.fill_inputs(rows)
            self.fill_targets(rows)

    def take_turn(self) -> None:
        """Make the memory that is shared with other batch sizes ready for this one.

        All samples in their order are put in here, once.
        """
        self.plan.ones_under_x[...] = 1
        if self.samples.index is None and self.size == self.samples.count:
            self.fill(slice(None))


class _Gather:
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
