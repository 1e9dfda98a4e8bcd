"""The grain `line`: one NumPy call at a time, of the very tapes that compute.

Forward it is the tape of the trace, backward that of an update: the trainer's own, on a twin of
the network, so that nothing changes on the bench.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from nnsim.engine import EngineError, Op
from nnsim.i18n import _
from nnsim.lab.addresses import Quantity
from nnsim.lab.explain.explanation import Source, named
from nnsim.lab.kinds import kind_of
from nnsim.lab.walk import backward, forward
from nnsim.lab.walk.route import Segment, Spot
from nnsim.lab.walk.step import Direction, Highlight, Step, whole

_PHASES = {"forward": "forward", "loss": "loss", "backward": "delta", "update": "update"}


class Calls:
    """The calls of a walk in one direction, for the current sample.

    Attributes
    ----------
    ops : list of Op
        Each with its text, its note, and a copy of what it filled.
    """

    def __init__(self, source: Source, direction: Direction) -> None:
        self.source, self.direction = source, direction
        lab, sections = source.lab, ("forward", "loss")
        x, target = lab.input[None], None if lab.target is None else lab.target[None]
        ops = list(lab.network.lines(x, target))
        self.as_in_use = True
        if direction == "backward":
            sections = ("backward", "update")
            try:
                update = list(lab.trainer.lines(x, target))
            except EngineError:  # muted units, a step activation: there is no update
                pass
            else:
                self.as_in_use, ops = _forward(ops) == _forward(update), update
        self.ops = [op for op in ops if op.section in sections]
        self._places = {names.name: i for i, names in enumerate(source.names.layers)}
        self._fills = dict(self._filled())

    def _filled(self) -> Iterator[tuple[str, Quantity]]:
        """The buffers that hold numbers of the bench, each with its first number."""
        yield "losses", Quantity("loss")
        for layer, names in enumerate(self.source.names.layers):
            first = whole(self.source, layer, 0)
            for field in ("z", "a", "delta") if names.has_z else ("a", "delta"):
                yield f"{names.name}.{field}", named(field, layer, first)
            kind = kind_of(self.source, layer)
            if kind.each:
                yield f"{names.name}.grad", kind.parameter(0, 0).gradient

    def segments(self) -> Iterator[Segment]:
        """The calls of each layer in each part of the tape, behind where the walk starts."""
        yield Segment("input" if self.direction == "forward" else "loss")
        start = 0
        for (section, layer), ops in groupby(self.ops, key=lambda op: (op.section, op.layer)):
            count = len(list(ops))
            place = self._places.get(layer, -1)
            yield Segment(f"{_PHASES[section]}.line", place, each=count, start=start)
            start += count

    def step(self, source: Source, spot: Spot) -> Step:
        if spot.segment.kind == "input":
            return forward.the_input(source, spot)
        if spot.segment.kind == "loss":
            step = backward.the_loss_before(source, spot)
            if self.as_in_use:
                return step
            text = _("what follows is as in training, where dropout and batch norm do otherwise")
            return replace(step, sentence=f"{step.sentence} ({text})")
        op, layer = self.ops[spot.segment.start + spot.inner], spot.segment.layer
        return Step(
            "line",
            None if op.writes is None else self._fills.get(op.writes[0]),
            said(op),
            layer,
            Highlight(layer=layer) if layer >= 0 else Highlight(),
            call=op,
        )


def _forward(ops: list[Op]) -> list[str]:
    return [op.text for op in ops if op.section == "forward"]


def said(op: Op) -> str:
    """What a call does, and the call: ``hidden: z = W x + b: hidden_W.dot(x1, out=hidden_z)``."""
    return ": ".join(part for part in (op.layer, op.note, op.text) if part)
