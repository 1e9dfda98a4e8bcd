"""Reading and setting the numbers that addresses name, out of the engine's own arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.addresses import Names, Quantity
from nnsim.lab.errors import LabError, NoValueError

if TYPE_CHECKING:
    from nnsim.engine import Network, Trainer
    from nnsim.experiments import Experiment
    from nnsim.lab.reading.metrics import Metrics

Array = NDArray[np.float64]
Value = float | int
METRICS = ("cost", "accuracy", "right", "test_accuracy")
SETTABLE = ("w", "b", "theta", "input", "target", "learning_rate", "l2")
# Kinds whose value is a whole number, to be shown and compared as one.
WHOLE = ("input.count", "prediction", "correct", "right", "epoch", "diverged", "parameters")


class Readable(Protocol):
    """What numbers are read from and explained with: as much of a `Lab` as that takes.

    (Modules that only read take this, so that the bench may know of them.)
    """

    experiment: Experiment
    network: Network
    trainer: Trainer
    names: Names
    input: Array
    target: Array | None
    start: Array

    @property
    def trace(self) -> Any: ...
    @property
    def metrics(self) -> Metrics: ...
    @property
    def prediction(self) -> int | None: ...
    @property
    def sample_loss(self) -> float: ...
    @property
    def diverged(self) -> bool: ...
    def decide(self, output: Array) -> int | None: ...
    def slopes(self, layer: int) -> Array: ...
    def check_gradients(self, layer: int) -> float: ...


def read(lab: Readable, quantity: Quantity) -> Value:
    """The number that `quantity` names, as it stands on the bench now.

    Raises NoValueError when it has none now, such as a delta without a target.
    """
    kind = quantity.kind
    if kind == "statistic":
        return _statistic(layer_field(lab, quantity.layer, quantity.field), quantity)
    if quantity.layer >= 0 and kind != "gradcheck":
        return _of_unit(lab, quantity)
    if kind == "input":
        return float(lab.input.reshape(-1)[quantity.position[0]])
    if kind == "target":
        return float(target(lab)[quantity.position[0]])
    if kind == "gradcheck":
        return lab.check_gradients(quantity.layer)
    if kind in METRICS:
        value: Value | None = getattr(lab.metrics, kind)
        if value is None:
            raise NoValueError(_("{name} has no meaning here").format(name=kind))
        return value
    return _READERS[kind](lab)


def layer_field(lab: Readable, layer: int, field: str) -> Array:
    """One field of a layer for the current sample, units along the last axis.

    `field` is ``z``, ``a``, ``delta``, ``w``, ``b``, ``w.grad`` or ``b.grad``; of batch norm also
    ``gamma``, ``beta``, their ``.grad``, and the running ``mean`` and ``variance``.
    """
    trace = lab.trace.layers[layer]
    if field == "delta" or field.endswith(".grad"):
        target(lab)
    block, _dot, grad = field.partition(".")
    block = {"w": "weight", "b": "bias"}.get(block, block)
    if field in ("z", "a", "delta"):
        values = getattr(trace, field)
    elif field in ("mean", "variance"):
        values = trace.saved.get(field)
    else:
        values = (trace.gradients if grad else trace.parameters).get(block)
    if values is None:
        raise NoValueError(
            _("the layer {name} has no {field}").format(name=trace.name, field=field)
        )
    array: Array = np.asarray(values)
    return array[0] if field in ("z", "a", "delta") else array


def _of_unit(lab: Readable, quantity: Quantity) -> float:
    kind, place = quantity.kind, (*quantity.position, quantity.unit)
    if kind == "theta":
        return -float(layer_field(lab, quantity.layer, "b")[quantity.unit])
    if kind == "slope":
        return float(lab.slopes(quantity.layer)[place])
    return float(layer_field(lab, quantity.layer, kind)[place])


def _statistic(values: Array, quantity: Quantity) -> float:
    if quantity.statistic == "spread":
        return spread(values)
    if quantity.statistic == "variance":
        return float(values.var())
    return float(getattr(np, quantity.statistic)(values))


def spread(values: Array) -> float:
    """Largest Euclidean distance between the vectors of two units (units on the last axis)."""
    rows = np.moveaxis(values, -1, 0).reshape(values.shape[-1], -1)
    farthest = 0.0
    for i, row in enumerate(rows[:-1]):  # one row at a time: never units × units × n_in at once
        farthest = max(farthest, float(((rows[i + 1 :] - row) ** 2).sum(axis=1).max()))
    return math.sqrt(farthest)


def target(lab: Readable) -> Array:
    """What the current input is said to be, (n_out,); raises NoValueError when nobody has said."""
    if lab.target is None:
        raise NoValueError(
            _("there is no target yet: choose a sample (sample 1) or say what it is (target …)")
        )
    return lab.target


def _output(lab: Readable) -> Array:
    output: Array = np.asarray(lab.trace.layers[-1].a)[0]
    return output


def _correct(lab: Readable) -> int:
    position, wanted = lab.prediction, target(lab)
    if position is None:
        raise NoValueError(_("a regression has no right or wrong, only a loss"))
    return int(position == lab.decide(wanted))


def _prediction(lab: Readable) -> int:
    if lab.prediction is None:
        raise NoValueError(_("a regression predicts a number (see output), not a class"))
    return lab.prediction + 1


def _squared_error(lab: Readable) -> float:
    return float(0.5 * np.sum((target(lab) - _output(lab)) ** 2))


def _cross_entropy(lab: Readable) -> float:
    """Σ over outputs of −t·log a; with one output, −t·log a − (1−t)·log(1−a).

    Behind sigmoid and softmax log a is computed from z, which does not overflow; elsewhere a zero
    where the target is not 0 costs infinity, as the logarithm says.
    """
    wanted, output, last = target(lab), _output(lab), lab.trace.layers[-1]
    with np.errstate(all="ignore"):
        said, denied = np.log(output), np.log1p(-output)
        if last.activation == "sigmoid":
            said, denied = -np.logaddexp(0, -last.z[0]), -np.logaddexp(0, last.z[0])
        elif last.activation == "softmax":
            said = last.z[0] - np.logaddexp.reduce(last.z[0])
        if output.size == 1:
            wanted, said = np.append(wanted, 1 - wanted), np.append(said, denied)
        return float(np.where(wanted == 0, 0.0, -wanted * said).sum())


def _loss(lab: Readable) -> float:
    target(lab)
    return lab.sample_loss


_READERS: dict[str, Callable[[Readable], Value]] = {
    "input.count": lambda lab: int(np.count_nonzero(lab.input)),
    "prediction": _prediction,
    "correct": _correct,
    "loss": _loss,
    "loss.squared_error": _squared_error,
    "loss.cross_entropy": _cross_entropy,
    "epoch": lambda lab: lab.trainer.epoch,
    "learning_rate": lambda lab: float(lab.trainer.learning_rate),
    "l2": lambda lab: float(lab.network.l2),
    "diverged": lambda lab: int(lab.diverged),
    "parameters": lambda lab: int(lab.network.parameters.size),
}


def settable(quantity: Quantity) -> bool:
    return quantity.kind in SETTABLE


def write(lab: Readable, quantity: Quantity, value: float) -> None:
    """Set a number that is not computed from others: an input, weight, bias, target, rate.

    Raises LabError when the number is a result; it changes only through its causes.
    """
    kind = quantity.kind
    if kind in ("w", "b", "theta") and abs(value) > np.finfo(lab.network.dtype).max:
        raise LabError(
            _("{value} is too large for numbers of {bits} bits").format(
                value=f"{value:g}", bits=8 * lab.network.dtype.itemsize
            )
        )
    layer: Any = lab.network.layers[quantity.layer]
    if kind == "w":
        layer.weight[(*quantity.position, quantity.unit)] = value
    elif kind in ("b", "theta"):
        layer.bias[quantity.unit] = -value if kind == "theta" else value
    elif kind == "input":
        lab.input.reshape(-1)[quantity.position[0]] = value
    elif kind == "target":
        changed = target(lab).copy()
        changed[quantity.position[0]] = value
        lab.network.loss_function.check_targets(changed[None])
        lab.target = changed
    elif kind == "learning_rate":
        lab.trainer.learning_rate = value
    elif kind == "l2":
        lab.network.l2 = value
    else:
        raise LabError(
            _("{kind} is a result: it follows from inputs, weights and biases").format(kind=kind)
        )
