"""What one pass over the training data shows of every layer: activations and gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnsim.engine.layers.base import batch_first
from nnsim.i18n import _
from nnsim.lab.reading.metrics import chunk_size

if TYPE_CHECKING:
    from nnsim.engine import Network
    from nnsim.experiments import Experiment
    from nnsim.experiments.datasets import DataSet
    from nnsim.lab import Lab
    from nnsim.lab.training.timeline import Frame, Run

Array = NDArray[np.float64]

MOST_SAMPLES = 512
"""Of more, so many are looked at, evenly spread over the set (which may be sorted by class)."""
_MOST_NUMBERS = 150_000


@dataclass(frozen=True)
class LayerSignals:
    """One layer."""

    name: str
    kind: str
    activation: str
    units: int  # neurons, or channels of an image
    a: Array  # (n, units): activations: a row for each sample, or for each place of each image
    weights: Array | None  # (n_in, units): weights or kernels, copied
    parameters: int  # how many weights and biases it has
    # length of the gradient of the network's loss over its parameters; None without any
    norm: float | None

    @property
    def root_mean_square(self) -> float | None:
        return None if self.norm is None else self.norm / float(np.sqrt(self.parameters))


@dataclass(frozen=True)
class Signals:
    """All layers."""

    # how many samples were looked at, of how many
    samples: int
    of: int
    targets: Array  # (samples, …)
    layers: tuple[LayerSignals, ...]
    fused: bool  # whether the loss reaches z of the last layer past the slope of its activation


class Looking:
    """Looks at training data; the samples that it takes are chosen once for each set."""

    def __init__(self) -> None:
        self._data: DataSet | None = None
        self._inputs: Array = np.zeros(0)
        self._targets: Array = np.zeros(0)
        self._last: tuple[object, object, Signals | None] = (None, None, None)

    def at(self, lab: Lab) -> Signals | None:
        """Return what the bench shows now; computed once for parameters that stay as they are."""
        if self.changed(lab):
            signals = self.signals(lab.network, lab.experiment)
            self._last = (lab.metrics, lab.network, signals)
        return self._last[2]

    def changed(self, lab: Lab) -> bool:
        return self._last[0] is not lab.metrics or self._last[1] is not lab.network

    def signals(self, network: Network, experiment: Experiment) -> Signals | None:
        """Return what a pass in evaluation mode shows; None without data."""
        if not experiment.data.count:
            return None
        self._choose(network, experiment.data)
        gradient, activations = self._pass(network)
        norms = _norms(network, gradient)
        layers = tuple(
            LayerSignals(
                name=layer.name,
                kind=layer.kind,
                activation=layer.activation,
                units=layer.output_shape[-1],
                a=np.concatenate(a),
                weights=_weights(layer),
                parameters=layer.parameter_count,
                norm=norms.get(layer.name),
            )
            for layer, a in zip(network.layers, activations, strict=True)
        )
        last = network.layers[-1]
        return Signals(
            len(self._inputs),
            experiment.data.count,
            self._targets,
            layers,
            fused=network.loss_function.fused_with == last.activation,
        )

    def norms(self, network: Network, experiment: Experiment) -> dict[str, float]:
        if not experiment.data.count:
            return {}
        self._choose(network, experiment.data)
        return _norms(network, self._pass(network, activations=False)[0])

    def _pass(
        self, network: Network, *, activations: bool = True
    ) -> tuple[Array, list[list[Array]]]:
        """Return the gradient of the loss over the samples, and each layer's activations."""
        x, target = self._inputs, self._targets
        size, count = chunk_size(network), len(self._inputs)
        seen: list[list[Array]] = [[] for _layer in network.layers]
        with np.errstate(all="ignore"):
            penalty = network.stack.penalty_gradient()
            total = np.zeros_like(penalty)
            for start in range(0, count, size):
                part = slice(start, start + size)
                plan = network.evaluate(x[part], target[part], "gradients")
                share = plan.batch / count if network.reduction == "mean" else 1.0
                total += share * (plan.gradient - penalty)
                for signals, parts in zip(plan.signals, seen, strict=True):
                    if activations:
                        parts.append(_rows(batch_first(signals.a)))
            return total + penalty, seen

    def _choose(self, network: Network, data: DataSet) -> None:
        if data is not self._data:
            most = max(1, min(MOST_SAMPLES, _MOST_NUMBERS // network.activations(1)))
            rows = np.unique(np.linspace(0, data.count - 1, min(most, data.count)).round())
            chosen = rows.astype(int)
            inputs, targets = network.check(data.inputs[chosen], data.targets[chosen])
            self._data, self._inputs, self._targets = data, inputs, targets


class GradientHistory:
    """The length of each layer's gradient at epochs of a run, computed on a network of its own."""

    def __init__(self) -> None:
        self._looking = Looking()
        self._known: dict[Frame, dict[str, float]] = {}
        self._of: tuple[object, object] = (None, None)

    def along(
        self, run: Run, most: int, seconds: float
    ) -> tuple[list[tuple[int, dict[str, float]]], bool]:
        """Return (epoch, norms) of up to `most` epochs of a run, and whether these are all.

        What is missing is computed for as long as `seconds` say; what was computed is kept.
        """
        until = perf_counter() + seconds
        experiment, reader, known = run.setup.experiment, run.setup.reader, self._known
        if self._of[0] is not experiment.data or self._of[1] is not reader:
            self._of = (experiment.data, reader)
            known.clear()
        chosen = _spread(run.frames, most)
        for frame in chosen:
            if frame not in known:
                network = reader.at(frame)
                network.l2 = frame.l2
                known[frame] = self._looking.norms(network, experiment)
                if perf_counter() > until:
                    break
        if len(known) > 8 * most:
            self._known = known = {frame: known[frame] for frame in chosen if frame in known}
        points = [(frame.epoch, known[frame]) for frame in chosen if frame in known]
        return points, len(points) == len(chosen)


def _spread(frames: tuple[Frame, ...], most: int) -> list[Frame]:
    """Choose frames a power of two apart, so that a run that grows keeps to the same ones."""
    if len(frames) <= most:
        return list(frames)
    first, last = frames[0].epoch, frames[-1].epoch
    stride = 1
    while (last - first) // stride > most:
        stride *= 2
    return [f for f in frames if (f.epoch - first) % stride == 0 or f.epoch == last]


def _norms(network: Network, gradient: Array) -> dict[str, float]:
    norms: dict[str, float] = {}
    with np.errstate(all="ignore"):
        for name, block in network.blocks(gradient).items():
            layer = name.rpartition(".")[0]
            norms[layer] = float(np.hypot(norms.get(layer, 0.0), np.linalg.norm(block)))
    return norms


def _rows(values: Array) -> Array:
    return values.reshape(-1, values.shape[-1]).copy()


def _weights(layer: object) -> Array | None:
    weight = getattr(layer, "weight", None)
    return None if weight is None else weight.reshape(-1, weight.shape[-1]).copy()


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
    """Units of one layer that have stopped learning for the same reason."""

    kind: str  # "dead" or "saturated"
    layer: str
    units: tuple[int, ...]  # counted from 0, ascending
    of: int  # how many units the layer has
    samples: int  # how many samples were looked at
    flat: int = 0  # of a single saturated unit: for how many of `seen` it is flat
    seen: int = 0  # how many samples count: all, or those that an output still reads wrong
    output: bool = False  # whether it is the last layer

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
    if not found:
        return ""
    rest = len(found) - 1
    more = " · " + _("and {count} more layers").format(count=rest) if rest > 1 else ""
    if rest == 1:
        more = " · " + found[1].sentence
    return found[0].sentence + more
