"""A step as matrices, for the current sample or for a batch of the data, with their shapes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.explain import losses
from nnsim.lab.explain.explanation import Source
from nnsim.lab.kinds import kind_of
from nnsim.lab.walk.route import Segment
from nnsim.lab.walk.step import Direction

Array = NDArray[np.float64]
# A batch of the data is at most so many samples, and so many numbers in its input.
MOST_SAMPLES, MOST_NUMBERS = 4096, 2_000_000


@dataclass(frozen=True, eq=False)
class Matrix:
    """One matrix."""

    name: str
    axes: tuple[str, ...]  # the names of its axes, such as (m, n_in)
    values: Array
    line: str = ""  # the NumPy call that computes it, where one does; samples are columns there

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape


@dataclass(frozen=True, eq=False)
class MatrixView:
    """What a layer does, as matrices."""

    formula: str  # such as z = x·W + b
    matrices: tuple[Matrix, ...]  # in the order of the formula, the result last
    samples: int  # m
    note: str = ""


def matrix_view(
    source: Source, direction: Direction, segment: Segment, *, batch: bool
) -> MatrixView:
    """Return the matrices of the layer that a segment of a walk is about."""
    trace, note = _trace(source, direction, batch=batch)
    view = _view(source, direction, segment, trace, note)
    asked = len(trace.input), trace.target is not None
    if asked not in source.texts:
        source.texts[asked] = _lines(source, *asked)
    lines = source.texts[asked]
    name = "" if segment.layer < 0 else f"{source.names.layers[segment.layer].name}."

    def line(matrix: Matrix) -> str:
        buffers = (name + field for field in _FILLS.get(matrix.name, ()))
        return next((lines[buffer] for buffer in buffers if buffer in lines), "")

    return replace(view, matrices=tuple(replace(m, line=line(m)) for m in view.matrices))


def _view(
    source: Source, direction: Direction, segment: Segment, trace: Any, note: str
) -> MatrixView:
    if segment.layer < 0:
        return _ends(source, trace, segment, note)
    layer = trace.layers[segment.layer]
    if direction == "forward":
        return _forward(source, layer, segment.layer, note)
    if segment.phase == "delta":
        return _delta(source, trace, segment.layer, note)
    return _gradients(source, layer, segment.layer, note)


# The buffers of the tape that a matrix lies in; z is a where f(z) = z.
_FILLS = {"z": ("z", "a"), "a": ("a",), "δ": ("delta",), "∂C/∂W": ("grad",), "C": ("losses",)}


def _lines(source: Source, samples: int, backward: bool) -> dict[str, str]:
    """The NumPy call that has the last word on each buffer of the engine's tape, by its name."""
    until: Literal["gradients", "forward"] = "gradients" if backward else "forward"
    generator = np.random.default_rng(0)
    tape = source.network.record(samples, until, training=False, generator=generator)
    return {op.writes[0]: op.text for op in tape.step() if op.writes}


def _trace(source: Source, direction: Direction, *, batch: bool) -> tuple[Any, str]:
    lab = source.lab
    data = lab.experiment.data
    if not batch or not data.count:
        return lab.trace, _("the current sample")
    wide = int(np.prod(source.shape(-1)))
    count = max(1, min(data.count, MOST_SAMPLES, MOST_NUMBERS // wide))
    note = (
        _("all {count} training samples").format(count=count)
        if count == data.count
        else _("the first {count} of {all} training samples").format(count=count, all=data.count)
    )
    targets = data.targets[:count] if direction == "backward" or lab.target is not None else None
    return lab.network.trace(data.inputs[:count], targets), note


def _axes(array: Array, last: str) -> tuple[str, ...]:
    return ("m", last) if array.ndim == 2 else ("m", _("height"), _("width"), last)


def _forward(source: Source, layer: Any, position: int, note: str) -> MatrixView:
    x, a = (
        Matrix("x", _axes(layer.x, "n_in"), layer.x),
        Matrix("a", _axes(layer.a, "n_out"), layer.a),
    )
    parts = [x, *_parameters(layer.parameters, "")]
    formula = kind_of(source, position).rule
    if layer.weight is None:
        return MatrixView(formula, (*parts, a), len(layer.x), note)
    parts.append(Matrix("z", _axes(layer.z, "n_out"), layer.z))
    if layer.activation != "identity":
        parts.append(a)
        formula += f", a = {layer.activation}(z)"
    return MatrixView(formula, tuple(parts), len(layer.x), note)


def _parameters(blocks: dict[str, Array], prefix: str) -> list[Matrix]:
    """The parameters of a layer, or their gradients, in its public shapes."""
    return [
        Matrix(f"{prefix}{_SYMBOLS.get(name, name)}", _AXES.get(values.ndim, ("n_out",)), values)
        for name, values in blocks.items()
    ]


_SYMBOLS = {"weight": "W", "bias": "b", "gamma": "γ", "beta": "β"}
_AXES = {2: ("n_in", "n_out"), 4: ("kernel_height", "kernel_width", "n_in", "n_out")}


def _delta_of_output(source: Source, m: int) -> str:
    """The rule for δ of the last layer before f′(z), with the mean over the batch."""
    rule = "a − t" if losses.fused(source) else losses.by_output(source, 0)[1]
    return f"δ = ({rule})/m" if source.network.reduction == "mean" and m > 1 else f"δ = ({rule})"


def _delta(source: Source, trace: Any, position: int, note: str) -> MatrixView:
    layer = trace.layers[position]
    m = len(layer.x)
    delta = Matrix("δ", _axes(layer.delta, "n_out"), layer.delta)
    parts: list[Matrix] = []
    if position == source.last:
        target = trace.target.reshape(layer.a.shape)
        parts += [Matrix("a", ("m", "n_out"), layer.a), Matrix("t", ("m", "n_out"), target)]
        formula = _delta_of_output(source, m)
    else:
        above = trace.layers[position + 1]
        name = _("δ of {layer}").format(layer=above.name)
        parts.append(Matrix(name, _axes(above.delta, "n_next"), above.delta))
        formula = _("δ = what comes back through {layer}").format(layer=above.name)
        if above.weight is not None and above.weight.ndim == 2:
            name = _("W of {layer}").format(layer=above.name)
            parts.append(Matrix(name, ("n_out", "n_next"), above.weight))
            formula = _("δ = (δ of {layer})·Wᵀ").format(layer=above.name)
    function = source.layer(position).function
    if layer.z is not None and layer.activation not in ("identity", "softmax"):
        slope = function.derivative(layer.z)
        parts.append(Matrix("f′(z)", _axes(slope, "n_out"), slope))
        formula += "" if position == source.last and losses.fused(source) else " ∘ f′(z)"
    return MatrixView(formula, (*parts, delta), m, note)


def _gradients(source: Source, layer: Any, position: int, note: str) -> MatrixView:
    x = Matrix("x", _axes(layer.x, "n_in"), layer.x)
    delta = Matrix("δ", _axes(layer.delta, "n_out"), layer.delta)
    results = _parameters(layer.gradients, "∂C/∂")
    formula = _(kind_of(source, position).gradient_rule)
    if source.network.l2 or source.network.l1:
        formula += _(" (and the penalty)")
    return MatrixView(formula, (x, delta, *results), len(layer.x), note)


def _ends(source: Source, trace: Any, segment: Segment, note: str) -> MatrixView:
    """The input, or the outputs with their targets and losses."""
    m = len(trace.input)
    if segment.phase == "input":
        return MatrixView("x", (Matrix("x", _axes(trace.input, "n_in"), trace.input),), m, note)
    parts = [Matrix("a", _axes(trace.output, "n_out"), trace.output)]
    if trace.target is None:
        return MatrixView("a", tuple(parts), m, note)
    parts.append(Matrix("t", _axes(trace.target, "n_out"), trace.target))
    parts.append(Matrix("C", ("m",), trace.losses))
    return MatrixView(source.network.loss_function.formula, tuple(parts), m, note)
