"""Walks: the forward pass and the backward pass as small steps, at four grains.

A `Walk` makes its steps one at a time, when they are asked for: a network of 784-128-10 has more
than 100,000 terms, and any of them is as near as the first. Walking changes nothing on the bench.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import get_args

import numpy as np

from nnsim.engine import Op
from nnsim.i18n import _
from nnsim.lab.errors import LabError, NoValueError
from nnsim.lab.explain.explanation import Source
from nnsim.lab.values import Readable
from nnsim.lab.walk import backward, forward
from nnsim.lab.walk.calls import Calls
from nnsim.lab.walk.matrices import Matrix, MatrixView, matrix_view
from nnsim.lab.walk.route import Route, Spot, route
from nnsim.lab.walk.step import GRAINS, Direction, Grain, Step, Table, Window, as_grain

__all__ = ["GRAINS", "Matrix", "MatrixView", "Place", "Step", "Table", "Walk", "Window", "as_grain"]


@dataclass(frozen=True)
class Place:
    """Where a walk stands: a part of the bench's state, undone and redone with it."""

    direction: Direction
    grain: Grain
    index: int


class Walk:
    """The steps of one walk through the network on the bench, for the current sample.

    ``calls`` are all NumPy calls of a walk by ``"line"``. A backward walk without a target has no
    value; a grain or direction that there isn't is refused.
    """

    def __init__(
        self, lab: Readable, direction: Direction = "forward", grain: Grain = "neuron"
    ) -> None:
        grain = as_grain(grain)
        if direction not in get_args(Direction):
            raise LabError(_("a walk goes forward or backward"))
        if direction == "backward" and lab.target is None:
            raise NoValueError(
                _(
                    "the way back starts at the loss, and there is no target yet: choose a sample "
                    "(sample 1) or say what it is (target …)"
                )
            )
        self.lab, self.direction, self.grain = lab, direction, grain
        self._source = Source(lab)
        builders = (forward if direction == "forward" else backward).BUILDERS
        self.calls: Sequence[Op] = ()
        if grain == "line":
            calls = Calls(self._source, direction)
            self.calls, self._route, self._make = calls.ops, Route(calls.segments()), calls.step
        else:
            self._route = route(self._source, direction, grain)
            self._make = lambda source, spot: builders[spot.segment.kind](source, spot)

    def __len__(self) -> int:
        return len(self._route)

    def __getitem__(self, index: int) -> Step:
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        spot = self._route.spot(index)
        with np.errstate(all="ignore"):
            step = self._make(self._source, spot)
        return replace(
            step, direction=self.direction, grain=self.grain, index=index, total=len(self),
            names=self.lab.names,
        )  # fmt: skip

    def __iter__(self) -> Iterator[Step]:
        return (self[i] for i in range(len(self)))

    def spot(self, index: int) -> Spot:
        """Return what step `index` is about, without making it."""
        return self._route.spot(index)

    def near(self, spot: Spot) -> int:
        """Return the step that is about the same as a spot of a walk of another grain."""
        phase, layer = spot.segment.phase, spot.segment.layer
        found = self._index_of(phase, layer, spot.unit)
        return found or self._route.index_of(phase, None, 0) or 0

    def _index_of(self, phase: str, layer: int, unit: int) -> int | None:
        """Return the first such step; a tape has no part of its own for gradients."""
        if self.calls and phase == "gradient":
            phase = "delta"
        return self._route.index_of(phase, layer, unit)

    def find(self, address: str) -> int | None:
        """Return the first step about the unit (or the sample's loss) that an address names."""
        quantity = self.lab.names.resolve(address)
        kind = quantity.kind
        if quantity.layer < 0:
            phase = {"input": "input", "prediction": "prediction"}.get(kind, kind.partition(".")[0])
            return self._route.index_of(phase, -1, 0)
        shape = self._source.shape(quantity.layer)
        phase = "forward"
        if self.direction == "backward":
            phase = "gradient" if kind.endswith(".grad") else "delta"
        if kind in ("z", "a", "delta", "slope"):
            unit = int(np.ravel_multi_index((*quantity.position, quantity.unit), shape))
        else:
            unit = quantity.unit
        return self._index_of(phase, quantity.layer, unit)

    def matrices(self, index: int, *, batch: bool = False) -> MatrixView:
        """Return the matrices that step `index` is a part of, of the sample or a batch of data."""
        spot = self.spot(index % len(self))
        return matrix_view(self._source, self.direction, spot.segment, batch=batch)
