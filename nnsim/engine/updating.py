"""The updates of a trainer: fill a batch, run the tape, look whether all is finite."""
# ruff: noqa: D102  (what overrides is described in the base class)

from __future__ import annotations

import math
from collections import deque
from itertools import starmap
from operator import call
from typing import Any

import numpy as np

from nnsim.engine.plan import Plan
from nnsim.engine.progress import Samples, Step
from nnsim.engine.settings import Settings
from nnsim.engine.tape import Array

# A batch of more samples, and of more activations, goes through the tape in parts.
_AT_ONCE, _NUMBERS_AT_ONCE = 1024, 1 << 17

# Above this the square of the gradient counts as overflown.
LARGEST = {4: float(np.finfo(np.float32).max), 8: math.inf}


class Updating(Settings):
    """The part of a `Trainer` that makes updates; it knows its settings and where it stands."""

    epoch: int
    updates: int
    position: int
    order_state: Any

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        self._steps: dict[int, Step] = {}
        self._room: dict[str, Array] = {}
        self._turn: Step | None = None
        self._done: list[int] = []  # an update that is carried out, but not yet counted
        super().__init__(*arguments, **settings)

    def prepare(self) -> None:
        """Get ready for the first update."""
        self._at_once = self._most_at_once()
        self._order: Array | None = None
        self._interrupt = False

    def forget_plans(self) -> None:
        self._steps.clear()
        self._turn = None

    def _epoch(self, samples: Samples, updates: int | None = None) -> str | None:
        """Train to the end of the epoch, at most so many updates; returns why it stopped before."""
        last = math.inf if updates is None else self.updates + updates
        with np.errstate(all="ignore"):
            while self.position < samples.count:
                if self._interrupt:
                    return "interrupted"
                if self.updates >= last:
                    return None
                if not self._update(samples):
                    return "diverged"
        self._end_epoch()
        return None

    def _fit_position(self, samples: Samples) -> None:
        """Begin the epoch anew where it was begun with more samples than there are now."""
        if self.position > samples.count:  # (as many: Ctrl+C has struck before its end)
            self.position = 0
            self._order = self.order_state = None

    def _end_epoch(self) -> None:
        self.epoch += 1
        self.position = 0
        self._order = self.order_state = None

    def _update(self, samples: Samples) -> bool:
        """Make one step; returns False, and leaves all as it was, if the gradient overflows."""
        start, count = self.position, samples.count
        size = min(self._batch_size or count, count - start)
        if size > self._at_once:
            return self._update_in_parts(samples, size)
        step = self._step_of(size, samples)
        if not step.whole:
            step.fill(self._ordered(samples)[start : start + size])
        step.down()
        return self._follow(step, size)

    def _follow(self, step: Step, size: int) -> bool:
        """Follow the gradient that has been computed, if all is finite."""
        # Not finite if the gradient isn't, nor if the step would be; false for NaN.
        if not step.square(step.gradient) < self._largest_square:
            return False
        # Python looks for signals between its own steps, but not within `deque`: Ctrl+C strikes
        # before the first change of a parameter or after the last.
        try:
            deque(starmap(call, step.up), 0)
        finally:
            if self._done:
                self.position += size
                self.updates += self._done.pop()
        return True

    def _update_in_parts(self, samples: Samples, size: int) -> bool:
        """Make one step on more samples than go through a tape at once: gradients add up."""
        net, mean = self.network, self.network.reduction == "mean"
        here = self.position
        in_order = samples.index is None and self._batch_size is None
        rows = None if in_order else self._ordered(samples)[here : here + size]
        total = np.zeros_like(net.parameters)
        share = -(-size // -(-size // self._at_once))  # as many parts as needed, equally large
        parts = range(0, size, share)
        for start in parts:
            count = min(share, size - start)
            step = self._step_of(count, samples)
            part = slice(start, start + count)
            step.fill(part if rows is None else rows[part])
            step.down()
            total += step.gradient * (count / size) if mean else step.gradient
        if not mean:  # every part had the whole penalty
            total -= (len(parts) - 1) * net.penalty_gradient()
        step.gradient[...] = total
        return self._follow(step, size)

    def _most_at_once(self) -> int:
        """Return how many samples go through a tape together, however large the batch is."""
        net = self.network
        if any(layer.kind == "batch_norm" for layer in net.layers):
            return 2**62  # its statistics are those of the whole batch
        return max(_AT_ONCE, _NUMBERS_AT_ONCE // net.activations(1))

    def set_rate(self) -> float:
        rate = super().set_rate()
        self._largest_square = LARGEST[self.network.dtype.itemsize] / max(1.0, rate * rate)
        return rate

    def _step_of(self, size: int, samples: Samples) -> Step:
        """Return the step for so many of these samples, ready to be filled and run."""
        version = self.network.version
        step = self._turn
        if step is None or step.size != size or not step.is_for(samples, version):
            if step is not None and step.version != version:
                self.forget_plans()
            step = self._steps.get(size)
            if step is None or not step.is_for(samples, version):
                plan = self._record(size) if step is None else step.plan
                step = self._steps[size] = Step(plan, samples, version, self._done)
            step.take_turn()
            self._turn = step
        return step

    def _record(self, size: int) -> Plan:
        return self.network.record(
            size,
            "update",
            True,
            optimizer=self.optimizer,
            generator=self.noise,
            clip=self.clip,
            train_biases=self.train_biases,
            lean=True,
            room=self._room,
        )

    def _ordered(self, samples: Samples) -> Array:
        """Return the rows in the order of this epoch."""
        if self._order is None or len(self._order) != samples.count:
            if self.order_state is not None:
                self.shuffling.bit_generator.state = self.order_state
            self.order_state = self.shuffling.bit_generator.state
            # (An epoch that began in batches keeps its order, whatever the rest of it is cut into.)
            if self._batch_size is None and not self.position:
                order = np.arange(samples.count)
            else:
                order = self.shuffling.permutation(samples.count)
            self._order = order if samples.index is None else samples.index[order]
        return self._order
