"""The order of the steps of a walk: segments whose lengths are known without making any step."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate

from nnsim.lab.explain import losses
from nnsim.lab.explain.explanation import Source, size
from nnsim.lab.kinds import kind_of
from nnsim.lab.walk.step import Direction, Grain


@dataclass(frozen=True)
class Segment:
    """Steps of one sort: for each of some units, some steps."""

    kind: str  # what the steps do; the builder of this name makes them
    layer: int = -1
    # how many units, and how many steps for each
    units: int = 1
    each: int = 1
    start: int = 0  # of calls of a tape: which is the first

    def __len__(self) -> int:
        return self.units * self.each

    @property
    def phase(self) -> str:
        """``forward``, ``delta``, ``gradient``, ``update``, ``loss``, …, whatever the grain."""
        return self.kind.partition(".")[0]


@dataclass(frozen=True)
class Spot:
    """Where an index leads: a segment, one of its units, one of the unit's steps."""

    segment: Segment
    unit: int
    inner: int


class Route:
    """The segments of one walk, with access to any step by its index."""

    def __init__(self, segments: Iterable[Segment]) -> None:
        self.segments = [segment for segment in segments if len(segment)]
        self._ends = list(accumulate(len(segment) for segment in self.segments))

    def __len__(self) -> int:
        return self._ends[-1]

    def spot(self, index: int) -> Spot:
        number = bisect_right(self._ends, index)
        segment = self.segments[number]
        unit, inner = divmod(index - (self._ends[number] - len(segment)), segment.each)
        return Spot(segment, unit, inner)

    def index_of(self, phase: str, layer: int | None, unit: int) -> int | None:
        """Return the first step of a phase about a layer and, where steps have units, a unit."""
        start = 0
        for segment in self.segments:
            if segment.phase == phase and layer in (segment.layer, None):
                return start + min(unit, segment.units - 1) * segment.each
            start += len(segment)
        return None


def route(source: Source, direction: Direction, grain: Grain) -> Route:
    """Return the steps of a walk through the network of `source`."""
    way = _forward if direction == "forward" else _backward
    return Route(way(source, grain))


def _forward(source: Source, grain: Grain) -> Iterator[Segment]:
    yield Segment("input")
    for layer in range(source.last + 1):
        yield from _through(source, layer, grain)
    if source.lab.experiment.classes:
        yield Segment("prediction")
    if source.lab.target is not None:
        terms = len(losses.loss_terms(source)) if grain == "term" else 0
        yield Segment("loss", each=terms + 1)


def _through(source: Source, layer: int, grain: Grain) -> Iterator[Segment]:
    if grain == "layer":
        yield Segment("forward.layer", layer)
        return
    units, fine = size(source.shape(layer)), grain == "term"
    yield Segment("forward.unit", layer, units, kind_of(source, layer).steps(fine=fine))
    if source.layer(layer).activation == "softmax":
        if fine:
            yield Segment("forward.exp", layer, units)
        yield Segment("forward.normalise", layer, units)


def _backward(source: Source, grain: Grain) -> Iterator[Segment]:
    yield Segment("loss", each=1)
    layers = range(source.last, -1, -1)
    for layer in layers:
        if grain == "layer":
            yield Segment("delta.layer", layer)
        else:
            each = _steps_of_delta(source, layer) if grain == "term" else 1
            yield Segment("delta.unit", layer, size(source.shape(layer)), each)
        yield from _parameters(source, layer, grain, "gradient")
    for layer in layers:
        yield from _parameters(source, layer, grain, "update")
    yield Segment("after")


def _parameters(source: Source, layer: int, grain: Grain, phase: str) -> Iterator[Segment]:
    each, units = kind_of(source, layer).each, source.shape(layer)[-1]
    if not each:
        return
    if grain == "layer":
        yield Segment(f"{phase}.layer", layer)
    elif grain == "neuron":
        yield Segment(f"{phase}.unit", layer, units)
    else:
        yield Segment(f"{phase}.each", layer, units, each)


def _steps_of_delta(source: Source, layer: int) -> int:
    """Return how many steps the δ of a unit takes: what comes back, maybe by terms; times f′."""
    activation = source.layer(layer).activation
    alone = activation in ("identity", "softmax")
    if layer == source.last:
        return 1 if alone or losses.fused(source) else 2
    if activation != "softmax" and kind_of(source, layer + 1).back_by_terms:
        return source.shape(layer + 1)[-1] + 1
    return 1 if alone else 2
