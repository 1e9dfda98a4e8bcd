"""Units that have stopped learning: dead ones, and saturated ones.

A **dead** unit is one of a relu layer that is 0 for every sample: its slope is 0 there too, so no
gradient reaches its weights, and nothing in its own layer can bring it back.

A **saturated** unit is one of a sigmoid or tanh layer that stands on a flat end of its curve for
nearly every sample. It still learns, but so slowly that it looks as if it didn't.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.signals import LayerSignals, Looking, Signals

if TYPE_CHECKING:
    from nnsim.lab import Lab

Array = NDArray[np.float64]

FLAT = 0.02
"""A slope below this share of the steepest one counts as flat: what comes through is cut to a
fiftieth, so that fifty epochs do the work of one. Of a sigmoid that is |z| > 5.28, of tanh
|z| > 2.64."""
NEARLY_ALL = 0.95
"""A unit that is flat for so many of the samples is saturated. Not for all of them: the few that
lie between two classes move on long after the unit has settled."""
FAR = 0.5
"""An output farther than this from its target is wrong by half of what a sigmoid can say. Outputs
are looked at only where they are wrong: to be flat and right is what they are trained for."""
_STEEPEST = {"sigmoid": 0.25, "tanh": 1.0}
_RELU = ("relu",)
MOST_NAMED = 8
EVERY = 1.0  # seconds between two looks while training goes on


@dataclass(frozen=True)
class Trouble:
    """Units of one layer that have stopped learning for the same reason.

    Attributes
    ----------
    kind : str
        ``"dead"`` or ``"saturated"``.
    layer : str
    units : tuple of int
        Counted from 0, ascending.
    of : int
        How many units the layer has.
    samples : int
        How many samples were looked at.
    flat : int
        Of a single saturated unit: for how many of `seen` it is flat.
    seen : int
        How many samples count: all, or those that an output still reads wrong.
    output : bool
        Whether it is the last layer.
    """

    kind: str
    layer: str
    units: tuple[int, ...]
    of: int
    samples: int
    flat: int = 0
    seen: int = 0
    output: bool = False

    @property
    def sentence(self) -> str:
        """What is wrong, with the units by name and the numbers that say so."""
        one = len(self.units) == 1
        values = {
            "units": self._who(),
            "layer": self.layer,
            "count": len(self.units),
            "of": self.of,
            "samples": self.samples,
            "flat": self.flat,
            "seen": self.seen,
            "share": f"{FLAT:.0%}",
        }
        if self.kind == "dead":
            text = (
                _("{units} is dead: 0 for all {samples} samples")
                if one
                else _(
                    "{layer}: {count} of {of} units are dead, 0 for all {samples} samples: {units}"
                )
            )
        elif self.output:
            text = (
                _("{units} is saturated: flat for {flat} of the {seen} samples it says wrong")
                if one
                else _("{layer}: {count} of {of} units are saturated where they are wrong: {units}")
            )
        else:
            text = (
                _("{units} is saturated: slope below {share} for {flat} of {samples} samples")
                if one
                else _("{layer}: {count} of {of} units are saturated, slope below {share}: {units}")
            )
        return text.format(**values)

    def _who(self) -> str:
        if len(self.units) == 1:
            return f"{self.layer}[{self.units[0] + 1}]"
        named = ", ".join(str(unit + 1) for unit in self.units[:MOST_NAMED])
        return f"{named}, …" if len(self.units) > MOST_NAMED else named


def troubles(signals: Signals | None) -> tuple[Trouble, ...]:
    """Find the units that have stopped learning, layer by layer; none where numbers overflowed."""
    if signals is None:
        return ()
    found: list[Trouble] = []
    for number, layer in enumerate(signals.layers):
        if not np.isfinite(layer.a).all():
            continue
        last = number == len(signals.layers) - 1
        if layer.activation in _RELU:
            found += _dead(layer, signals.samples, last)
        elif layer.activation in _STEEPEST:
            found += _wrong_and_flat(layer, signals) if last else _flat(layer, signals.samples)
    return tuple(found)


class Watch:
    """Looks at the units of a bench again where it has changed; while it trains, once a second."""

    def __init__(self) -> None:
        self._looking = Looking()
        self._of: tuple[object, object, int] = (None, None, -1)
        self._at = -EVERY
        self.found: tuple[Trouble, ...] = ()

    def due(self, lab: Lab) -> bool:
        """Whether it is time to look."""
        of = (lab.network, lab.experiment.data, lab.trainer.updates)
        same = self._of[0] is of[0] and self._of[1] is of[1] and self._of[2] == of[2]
        if lab.running.on:
            return not same and perf_counter() - self._at >= EVERY
        return self._looking.changed(lab)

    def look(self, lab: Lab) -> tuple[Trouble, ...]:
        """Return what is wrong now, or was when it was last time to look."""
        if self.due(lab):
            self._of = (lab.network, lab.experiment.data, lab.trainer.updates)
            self._at = perf_counter()
            self.found = troubles(self._looking.at(lab))
        return self.found


def dead(a: Array) -> Array:
    """Say of each unit (columns of a, (n, units)) whether it is 0 in every row."""
    return np.asarray((a == 0).all(axis=0))


def slopes(a: Array, activation: str) -> Array:
    """Return f′(z) as a share of the steepest slope, from a = f(z): 4a(1 − a), or 1 − a²."""
    return np.asarray(4 * a * (1 - a) if activation == "sigmoid" else 1 - a * a)


def _dead(layer: LayerSignals, samples: int, last: bool) -> list[Trouble]:
    units = np.flatnonzero(dead(layer.a))
    return _troubles("dead", layer, units, samples, last)


def _flat(layer: LayerSignals, samples: int) -> list[Trouble]:
    flat = slopes(layer.a, layer.activation) < FLAT
    share = flat.mean(axis=0)
    units = np.flatnonzero(share >= NEARLY_ALL)
    counts = np.round(share * samples).astype(int)  # of images: places, as so many samples
    return _troubles("saturated", layer, units, samples, False, counts)


def _wrong_and_flat(layer: LayerSignals, signals: Signals) -> list[Trouble]:
    """Outputs that are far off and flat; a loss that is fused with them doesn't mind."""
    targets = signals.targets.reshape(len(layer.a), -1)
    if signals.fused or targets.shape != layer.a.shape:
        return []
    wrong = np.abs(targets - layer.a) > FAR
    flat = wrong & (slopes(layer.a, layer.activation) < FLAT)
    enough = wrong.sum(axis=0) > (1 - NEARLY_ALL) * len(layer.a)
    units = np.flatnonzero(enough & (flat.sum(axis=0) >= NEARLY_ALL * wrong.sum(axis=0)))
    return _troubles(
        "saturated", layer, units, signals.samples, True, flat.sum(axis=0), wrong.sum(axis=0)
    )


def _troubles(
    kind: str,
    layer: LayerSignals,
    units: NDArray[np.intp],
    samples: int,
    last: bool,
    flat: NDArray[np.intp] | None = None,
    seen: NDArray[np.intp] | None = None,
) -> list[Trouble]:
    if not len(units):
        return []
    first = int(units[0])
    return [
        Trouble(
            kind,
            layer.name,
            tuple(int(unit) for unit in units),
            layer.units,
            samples,
            0 if flat is None else int(flat[first]),
            samples if seen is None else int(seen[first]),
            last,
        )
    ]


def in_one_line(found: Sequence[Trouble]) -> str:
    """All of it in one line, the first in full."""
    if not found:
        return ""
    rest = len(found) - 1
    more = " · " + _("and {count} more layers").format(count=rest) if rest > 1 else ""
    if rest == 1:
        more = " · " + found[1].sentence
    return found[0].sentence + more
