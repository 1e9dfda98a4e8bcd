"""Numbers of the bench and of the run: settings, counts, and what is measured over the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from nnsim.i18n import _
from nnsim.lab.addresses import Quantity
from nnsim.lab.errors import NoValueError
from nnsim.lab.explain import losses
from nnsim.lab.explain.arithmetic import Apply, Negative, Node, Number, Quotient, Square, Sum, minus
from nnsim.lab.explain.explanation import Explanation, Source, deep


def given(source: Source, quantity: Quantity, value: float) -> Explanation:
    place = quantity.position[0] if quantity.position else 0
    symbol, name, rule = {
        "input": ("x", _input_name(source, place), _("what stands on the input")),
        "target": (
            "t",
            _("target of output {number}: what it should be").format(number=place + 1),
            _("given with the sample"),
        ),
        "learning_rate": (
            "η",
            _("learning rate"),
            _("how long a step against the gradient is; set by you or by the schedule"),
        ),
        "l2": ("l2", _("strength of the penalty ½·l2·Σw²"), _("set by you or the experiment")),
        "epoch": (
            _("epoch"),
            _("epochs trained"),
            _("how often training has gone through the data"),
        ),
        "diverged": (
            _("diverged"),
            _("whether training left the finite numbers"),
            _("1 when training stopped because numbers grew beyond all bounds, else 0"),
        ),
        "gradcheck": (
            _("largest relative error"),
            _("gradients of a layer against nudging each parameter"),
            "|g − n| / max(|g|, |n|), n = (C(w + h) − C(w − h)) / 2h",
        ),
    }[quantity.kind]
    return Explanation(name, symbol, rule, Number(value, quantity))


def _input_name(source: Source, place: int) -> str:
    """An input in words: its number, and its row and column or its label."""
    spec, labels = source.lab.experiment.input, source.names.input_labels
    if spec.kind == "pixels":
        row, column, *_channel = deep(place, tuple(spec.shape))
        return _("input {number}: the pixel in row {row}, column {column}").format(
            number=place + 1, row=row + 1, column=column + 1
        )
    if place < len(labels) and labels[place] != str(place + 1):
        return _("input {number}: {label}").format(number=place + 1, label=labels[place])
    return _("input {number}").format(number=place + 1)


def parameter(source: Source, quantity: Quantity) -> Explanation:
    """A weight or bias (or γ, β): where it started and what training has made of it."""
    layer, kind = quantity.layer, quantity.kind
    index = (*quantity.position, quantity.unit)
    number = source.number(kind, layer, index)
    block = {"w": "weight", "b": "bias"}.get(kind, kind)
    blocks = source.network.blocks(source.lab.start)
    start = float(blocks[f"{source.names.layers[layer].name}.{block}"][index])
    symbol = {"gamma": "γ", "beta": "β"}.get(kind, kind)
    rule = _("a parameter: {symbol} ← {symbol} − η·∂C/∂{symbol} at each step of training").format(
        symbol=symbol
    )
    unit = source.unit_name(layer, (quantity.unit,))
    name = {
        "w": _("a weight into {unit}"),
        "b": _("bias of {unit}: what it adds to the weighted inputs"),
        "gamma": _("scale γ of {unit}"),
        "beta": _("shift β of {unit}"),
    }[kind].format(unit=unit)
    note = _("it started at {start}").format(start=f"{start:.6g}")
    return Explanation(name, symbol, rule, number, note=note)


def running(source: Source, quantity: Quantity) -> Explanation:
    number = source.number(quantity.kind, quantity.layer, (quantity.unit,))
    unit = source.unit_name(quantity.layer, (quantity.unit,))
    name = {"mean": _("running mean of {unit}"), "variance": _("running variance of {unit}")}[
        quantity.kind
    ].format(unit=unit)
    rule = _("running ← momentum·running + (1 − momentum)·batch, at each step of training")
    return Explanation(name, quantity.kind, rule, number)


def theta(source: Source, quantity: Quantity) -> Explanation:
    bias = source.number("b", quantity.layer, (quantity.unit,))
    unit = source.unit_name(quantity.layer, (quantity.unit,))
    name = _("threshold of {unit}: what the weighted inputs have to reach").format(unit=unit)
    return Explanation(name, "θ", "θ = −b", Negative(bias))


def input_count(source: Source) -> Explanation:
    terms = tuple(Apply("nonzero", (source.going_in(0, index),)) for index in source.indices(-1))
    return Explanation(_("how many inputs are on"), "n", "n = Σ [xᵢ ≠ 0]", Sum(terms))


def _decision(numbers: list[Number]) -> Node:
    """The class that outputs or targets stand for, counted from 1."""
    if len(numbers) == 1:
        return Apply("half", (numbers[0],))
    return Apply("argmax", tuple(numbers))


def prediction(source: Source) -> Explanation:
    outputs = source.outputs()
    name = _("prediction: which class the outputs say, counted from 1")
    if len(outputs) == 1:
        rule = _("class 2 if a ≥ 0.5, else class 1")
    else:
        rule = _("the position of the largest output, the first on a tie")
    position = source.lab.prediction
    note = ""
    if position is not None:
        note = _('that is the class "{name}"').format(name=source.lab.experiment.classes[position])
    return Explanation(name, _("prediction"), rule, _decision(outputs), note=note)


def correct(source: Source) -> Explanation:
    name = _("whether the prediction is the target's class")
    node = Apply("same", (_decision(source.outputs()), _decision(source.targets())))
    return Explanation(name, _("correct"), _("1 if prediction and target agree, else 0"), node)


def parameters(source: Source) -> Explanation:
    counts = [layer.parameter_count for layer in source.network.layers]
    node = Sum(tuple(Number(float(count)) for count in counts if count))
    rule = _("weights and biases of every layer, added up")
    return Explanation(_("how many parameters training can change"), "n", rule, node)


def cost(source: Source) -> Explanation:
    data = source.lab.experiment.data
    each = source.network.losses(data.inputs, data.targets) if data.count else np.zeros(0)
    name = _("cost: the losses of all {count} training samples, added up").format(count=data.count)
    terms = tuple(Number(float(one)) for one in each)
    rule = _("without the penalty, whatever the network's reduction")
    return Explanation(name, "C_T", "C_T = Σ C", Sum(terms), note=rule)


def accuracy(source: Source, *, test: bool) -> Explanation:
    metrics = source.lab.metrics
    right = metrics.test_right if test else metrics.right
    samples = metrics.test_samples if test else metrics.samples
    if right is None:
        raise NoValueError(_("there is nothing to be right or wrong about here"))
    top = Number(float(right), None if test else Quantity("right"))
    name = (
        _("share of the test samples that is read right")
        if test
        else _("share of the training samples that is read right")
    )
    rule = _("right / samples")
    return Explanation(name, _("accuracy"), rule, Quotient(top, Number(float(samples))))


def right(source: Source) -> Explanation:
    data, metrics = source.lab.experiment.data, source.lab.metrics
    if metrics.right is None or metrics.readings is None:
        raise NoValueError(_("there is nothing to be right or wrong about here"))
    name = _("how many of the {count} training samples are read right").format(count=data.count)
    rule = _("Σ over the samples of [prediction = class]")
    classes = [source.lab.decide(target) for target in data.targets]
    readings = metrics.readings[: data.count]
    terms = tuple(
        Number(float(said == meant)) for said, meant in zip(readings, classes, strict=True)
    )
    return Explanation(name, _("right"), rule, Sum(terms))


def statistic(source: Source, quantity: Quantity) -> Explanation:
    """Smallest, largest, mean, variance, sum or spread over a layer."""
    layer, kind = quantity.layer, quantity.field
    shape = source.field(layer, kind).shape
    numbers = tuple(source.number(kind, layer, index) for index in np.ndindex(*shape))
    name = _("{statistic} of the {count} values {field} of {layer}").format(
        statistic=quantity.statistic,
        count=len(numbers),
        field=kind,
        layer=source.names.layers[layer].name,
    )
    count = Number(float(len(numbers)))
    mean = Quotient(Sum(numbers), count)
    if quantity.statistic == "spread":
        return _spread(source, quantity, name)
    if quantity.statistic == "variance":
        # The mean is a number of its own here, or the tree would hold it once per value.
        centre = Number(mean.evaluate(), replace(quantity, statistic="mean"))
        squares = tuple(Square(minus(number, centre)) for number in numbers)
        return Explanation(name, "var", "Σ (v − mean)² / n", Quotient(Sum(squares), count))
    rule, node = {
        "min": (_("the smallest"), Apply("min", numbers)),
        "max": (_("the largest"), Apply("max", numbers)),
        "sum": ("Σ v", Sum(numbers)),
        "mean": ("Σ v / n", mean),
    }[quantity.statistic]
    return Explanation(name, quantity.statistic, rule, node)


def _spread(source: Source, quantity: Quantity, name: str) -> Explanation:
    layer, kind = quantity.layer, quantity.field
    values = source.field(layer, kind)
    rows = np.moveaxis(values, -1, 0).reshape(values.shape[-1], -1)
    farthest, pair = -1.0, (0, 0)
    for i, row in enumerate(rows[:-1]):
        distances = ((rows[i + 1 :] - row) ** 2).sum(axis=1)
        j = int(distances.argmax())
        if distances[j] > farthest:
            farthest, pair = float(distances[j]), (i, i + 1 + j)
    one, other = (
        [source.number(kind, layer, (*place, unit)) for place in np.ndindex(*values.shape[:-1])]
        for unit in pair
    )
    node: Node = Apply("root", (Sum(
        tuple(Square(minus(a, b)) for a, b in zip(one, other, strict=True))
    ),))  # fmt: skip
    rule = _("√Σ (v − u)² of the two units that are farthest apart")
    return Explanation(name, "spread", rule, node)


GIVEN = ("input", "target", "learning_rate", "l2", "epoch", "diverged", "gradcheck")
OF_LAYER: dict[str, Callable[[Source, Quantity], Explanation]] = {
    "statistic": statistic,
    "theta": theta,
    **dict.fromkeys(("w", "b", "gamma", "beta"), parameter),
    **dict.fromkeys(("mean", "variance"), running),
}
ALONE: dict[str, Callable[[Source], Explanation]] = {
    "input.count": input_count,
    "prediction": prediction,
    "correct": correct,
    "parameters": parameters,
    "cost": cost,
    "right": right,
    "accuracy": lambda source: accuracy(source, test=False),
    "test_accuracy": lambda source: accuracy(source, test=True),
    "loss": losses.loss,
    "loss.squared_error": losses.squared_error,
    "loss.cross_entropy": losses.cross_entropy,
}
