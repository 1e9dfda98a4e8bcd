"""The losses: what one sample costs, how that changes with the output, and which class it names.

`value` writes the loss of each sample, `delta` its derivative. Where activation and loss belong
together (sigmoid and binary cross-entropy, softmax and cross-entropy) the derivative by z is
simply a − t, which is exact however large z is; then `is_fused` says that `delta` has gone past the
activation already.

As an answer the largest output decides, the first on a tie; a single output decides at .5 or more.
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from nnsim.engine.activations import softmax, softplus
from nnsim.engine.checks import EngineError
from nnsim.engine.layers.base import Signals
from nnsim.engine.tape import Array, Tape


class Loss:
    """The cost of one sample, a function of the outputs a and the targets t."""

    name: str
    formula: str
    classifies: ClassVar[bool] = False  # whether targets are always classes (and accuracy means)
    fused_with: ClassVar[str] = ""  # the activation with which `delta` gives ∂C/∂z

    def check(self, activation: str, n_out: int) -> None:
        """Refuse an output layer that this loss makes no sense for."""

    def check_targets(self, target: Array) -> None:
        """Refuse targets (m, n_out) that this loss makes no sense for."""

    def is_fused(self, signals: Signals) -> bool:
        """Whether `delta` gives ∂C/∂z at once."""
        return signals.layer.activation == self.fused_with

    def value(self, tape: Tape, signals: Signals, target: Array, losses: Array) -> None:
        """Write the loss of each sample, (…, m), onto the tape."""
        raise NotImplementedError

    def kinks(self, signals: Signals, target: Array) -> list[Array]:
        """Return on which side of each kink the last run was, for gradient checks."""
        return []

    def delta(self, tape: Tape, signals: Signals, target: Array, out: Array) -> None:
        """Write ∂(sum of the losses)/∂a, or /∂z where it is fused, onto the tape."""
        raise NotImplementedError


def flat(array: Array) -> Array:
    """View the outputs of an image (channels, height, width, m) as (n, m)."""
    return array.reshape(-1, array.shape[-1]) if array.ndim == 4 else array


class SquaredError(Loss):
    """C = ½ Σₖ (tₖ − aₖ)², with ∂C/∂a = a − t; as a mean (1/n) Σₖ (tₖ − aₖ)², with 2(a − t) / n."""

    def __init__(self, mean: bool = False) -> None:
        self.name = "mean_squared_error" if mean else "squared_error"
        self.formula = "C = (1/n) Σ (t − a)²" if mean else "C = ½ Σ (t − a)²"
        self.mean = mean

    def _factor(self, n_out: int) -> float:
        return 1 / n_out if self.mean else 0.5

    def value(self, tape: Tape, signals: Signals, target: Array, losses: Array) -> None:
        a, t = flat(signals.a), flat(target)
        difference = tape.scratch(a, "difference")
        tape.do(np.subtract, t, a, out=difference, note="t − a")
        tape.do(np.multiply, difference, difference, out=difference, note="(t − a)²")
        tape.do(np.add.reduce, difference, 0, None, out=losses, note="Σ (t − a)²")
        factor = tape.const(self._factor(len(a)))
        tape.do(np.multiply, losses, factor, out=losses, note=self.formula)

    def delta(self, tape: Tape, signals: Signals, target: Array, out: Array) -> None:
        a = signals.a
        tape.do(np.subtract, a, target, out=out, note="∂C/∂a = a − t")
        factor = 2 * self._factor(len(flat(a)))
        if factor != 1:
            tape.do(np.multiply, out, tape.const(factor), out=out, note="∂C/∂a = 2(a − t) / n")


class BinaryCrossEntropy(Loss):
    """C = −Σₖ [tₖ ln aₖ + (1 − tₖ) ln(1 − aₖ)] of sigmoid outputs, with ∂C/∂z = a − t.

    Computed from z, with a = σ(z): C = Σ [ln(1 + eᶻ) − t z].
    """

    name = "binary_cross_entropy"
    formula = "C = −Σ [t ln a + (1 − t) ln(1 − a)]"
    classifies = True
    fused_with = "sigmoid"

    def check(self, activation: str, n_out: int) -> None:
        if activation != "sigmoid":
            raise EngineError(
                "binary_cross_entropy needs outputs between 0 and 1: give the last layer the "
                f"activation sigmoid (it has {activation})"
            )

    def check_targets(self, target: Array) -> None:
        if target.size and (target.min() < 0 or target.max() > 1):
            raise EngineError(
                "binary_cross_entropy takes targets from 0 to 1, but there is "
                f"{target.min() if target.min() < 0 else target.max()}"
            )

    def value(self, tape: Tape, signals: Signals, target: Array, losses: Array) -> None:
        assert signals.z is not None
        z, t = flat(signals.z), flat(target)
        terms, tz = tape.scratch(z, "terms"), tape.scratch(z, "difference")
        softplus(tape, z, terms)
        tape.do(np.multiply, t, z, out=tz, note="t z")
        tape.do(np.subtract, terms, tz, out=terms, note="ln(1 + eᶻ) − t z")
        tape.do(np.add.reduce, terms, 0, None, out=losses, note=self.formula)

    def delta(self, tape: Tape, signals: Signals, target: Array, out: Array) -> None:
        tape.do(np.subtract, signals.a, target, out=out, note="δ = ∂C/∂z = a − t")


class SoftmaxCrossEntropy(Loss):
    """C = −Σₖ tₖ ln pₖ with p = softmax(z), and ∂C/∂z = p − t.

    Computed as C = ln Σ e^(z − max z) − Σ t (z − max z). If the last layer is no softmax, its
    outputs are the scores, and the loss takes their softmax itself.
    """

    name = "softmax_cross_entropy"
    formula = "C = −Σ t ln a"
    classifies = True
    fused_with = "softmax"

    def check(self, activation: str, n_out: int) -> None:
        if n_out < 2:
            raise EngineError(
                "softmax_cross_entropy needs two outputs or more: the softmax of one is always 1; "
                "take binary_cross_entropy with a sigmoid"
            )

    def check_targets(self, target: Array) -> None:
        off = np.abs(target.sum(axis=1) - 1)
        if target.size and (target.min() < 0 or off.max() > 1e-3):
            row = int(off.argmax() if target.min() >= 0 else target.min(axis=1).argmin())
            raise EngineError(
                "softmax_cross_entropy takes targets that are probabilities (not negative, sum 1 "
                f"per sample), but sample {row + 1} has {target[row].tolist()}"
            )

    def _scores(self, tape: Tape, signals: Signals) -> Array:
        scores = signals.z if self.is_fused(signals) else signals.a
        assert scores is not None
        return flat(scores)

    def value(self, tape: Tape, signals: Signals, target: Array, losses: Array) -> None:
        z, t = self._scores(tape, signals), flat(target)
        shifted, terms = tape.scratch(z, "difference"), tape.scratch(z, "terms")
        row = tape.scratch(z[:1], "row")
        tape.do(np.maximum.reduce, z, 0, None, out=row[0], note="max z")
        tape.do(np.subtract, z, row, out=shifted, note="z − max z")
        tape.do(np.multiply, t, shifted, out=terms, note="t (z − max z)")
        tape.do(np.exp, shifted, out=shifted, note="e^(z − max z)")
        tape.do(np.add.reduce, shifted, 0, None, out=losses, note="Σ e^(z − max z)")
        tape.do(np.log, losses, out=losses, note="ln Σ e^(z − max z)")
        tape.do(np.add.reduce, terms, 0, None, out=row[0], note="Σ t (z − max z)")
        tape.do(np.subtract, losses, row[0], out=losses, note=self.formula)

    def delta(self, tape: Tape, signals: Signals, target: Array, out: Array) -> None:
        if self.is_fused(signals):
            tape.do(np.subtract, signals.a, target, out=out, note="δ = ∂C/∂z = a − t")
            return
        softmax.value(tape, self._scores(tape, signals), flat(out))
        tape.do(np.subtract, out, target, out=out, note="∂C/∂a = softmax(a) − t")


class Hinge(Loss):
    """C = Σ over the wrong classes j of max(0, sⱼ − s_right + 1). Crammer and Singer; cs231n.

    ∂C/∂sⱼ is 1 for each wrong class inside the margin, and minus their number for the right one.
    """

    name = "hinge"
    formula = "C = Σ max(0, sⱼ − s_right + 1)"
    classifies = True

    def check(self, activation: str, n_out: int) -> None:
        if n_out < 2:
            raise EngineError("hinge compares classes: it needs two outputs or more")

    def check_targets(self, target: Array) -> None:
        hot = (np.sort(target, axis=1)[:, :-1] == 0).all(axis=1) & (target.max(axis=1) == 1)
        if not hot.all():
            row = int(np.argmin(hot))
            raise EngineError(
                "hinge takes targets with a single 1 per sample and 0 elsewhere, but sample "
                f"{row + 1} has {target[row].tolist()}"
            )

    def _margins(self, tape: Tape, signals: Signals, target: Array, out: Array) -> Array:
        """Write out = sⱼ − s_right + 1 for the wrong classes, 0 for the right one."""
        s, t = flat(signals.a), flat(target)
        row = tape.scratch(s[:1], "row")
        tape.do(np.multiply, t, s, out=out, note="t s")
        tape.do(np.add.reduce, out, 0, None, out=row[0], note="s_right")
        tape.do(np.subtract, s, row, out=out, note="sⱼ − s_right")
        tape.do(np.add, out, tape.const(1.0), out=out, note="sⱼ − s_right + 1")
        tape.do(np.subtract, out, t, out=out, note="0 for the right class")
        return row

    def kinks(self, signals: Signals, target: Array) -> list[Array]:
        s, t = flat(signals.a).real, flat(target).real
        return [s - (t * s).sum(axis=0) + 1 > t]

    def value(self, tape: Tape, signals: Signals, target: Array, losses: Array) -> None:
        margins = tape.scratch(flat(signals.a), "margins")
        self._margins(tape, signals, target, margins)
        tape.do(np.maximum, margins, tape.const(0.0), out=margins, note="max(0, sⱼ − s_right + 1)")
        tape.do(np.add.reduce, margins, 0, None, out=losses, note=self.formula)

    def delta(self, tape: Tape, signals: Signals, target: Array, out: Array) -> None:
        ds, t = flat(out), flat(target)
        count = self._margins(tape, signals, target, ds)
        tape.do(np.greater, ds, tape.const(0.0), out=ds, note="1 inside the margin, else 0")
        tape.do(np.add.reduce, ds, 0, None, out=count[0], note="how many are inside")
        right = tape.scratch(ds, "margins")
        tape.do(np.multiply, t, count, out=right, note="their number, at the right class")
        tape.do(np.subtract, ds, right, out=ds, note="∂C/∂s")


LOSSES: dict[str, Loss] = {
    loss.name: loss
    for loss in (
        SquaredError(), SquaredError(mean=True), BinaryCrossEntropy(), SoftmaxCrossEntropy(),
        Hinge(),
    )
}  # fmt: skip


def loss(name: object) -> Loss:
    if not isinstance(name, str) or name not in LOSSES:
        raise EngineError(f"unknown loss {name!r}: give one of {', '.join(LOSSES)}")
    return LOSSES[name]


def decide(output: Array) -> Array:
    """Return the class of each row of outputs (m, n), counted from 0."""
    rows = output.reshape(len(output), math.prod(output.shape[1:]))  # there may be no rows at all
    if rows.shape[1] == 1:
        return (rows[:, 0] >= 0.5).astype(np.intp)
    return np.asarray(rows.argmax(axis=1))


def are_classes(target: Array, loss: Loss | None = None) -> bool:
    """Say whether targets (m, n) look like classes rather than quantities.

    They do under a loss that classifies; else if there is a single 1 per row and 0 elsewhere, or,
    with one output, only 0 and 1. Quantities may happen to be so: `Network.classes` can tell.
    """
    if loss is not None and loss.classifies:
        return True
    rows = target.reshape(len(target), -1)
    binary = bool(((rows == 0) | (rows == 1)).all())
    return binary and (rows.shape[1] == 1 or bool((rows.sum(axis=1) == 1).all()))


def right(output: Array, target: Array) -> Array:
    """Return for each sample whether the outputs decide as the targets do, (m,) of bool."""
    return np.asarray(decide(output) == decide(target))
