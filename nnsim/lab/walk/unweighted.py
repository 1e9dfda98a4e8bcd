"""The forward steps of layers without weights, and of softmax."""

from __future__ import annotations

import numpy as np

from nnsim.i18n import _
from nnsim.lab.explain import forward as rules
from nnsim.lab.explain.arithmetic import Number
from nnsim.lab.explain.functions import exp
from nnsim.lab.explain.source import Source, deep, size
from nnsim.lab.view import Selection
from nnsim.lab.walk.pieces import (
    curve_of,
    lines,
    say,
    selected,
    unit_labels,
    whole,
    window_of,
    wires,
)
from nnsim.lab.walk.route import Spot
from nnsim.lab.walk.step import Content, Highlight, Table

# --- softmax -------------------------------------------------------------------------------------


def an_exp(source: Source, spot: Spot) -> Content:
    """E to the z of one unit of a softmax layer."""
    layer, index = spot.segment.layer, whole(source, spot.segment.layer, spot.unit)
    z = source.number("z", layer, index)
    sentence = _("softmax makes every score positive: e^{z} = {power}").format(
        z=say(z.value) if z.value >= 0 else f"({say(z.value)})", power=say(exp(z.value))
    )
    unit = frozenset({selected(layer, index, source)})
    table = _softmax_table(source, layer, spot.unit, done=False)
    return Content("exp", str(z.address), sentence, layer, Highlight(units=unit), table)


def a_share(source: Source, spot: Spot) -> Content:
    """One unit of a softmax layer: its share of the sum of all e^z."""
    layer, index = spot.segment.layer, whole(source, spot.segment.layer, spot.unit)
    z, a = source.number("z", layer, index), source.number("a", layer, index)
    total = sum(exp(float(score)) for score in source.field(layer, "z"))
    sentence = _("e^z = {power} is {share} of the sum {total}: a = {share}").format(
        power=say(exp(z.value)), total=say(total), share=say(a.value)
    )
    everything = frozenset(Selection(layer, k) for k in range(size(source.shape(layer))))
    return Content(
        "normalise", str(a.address), sentence, layer,
        Highlight(everything, frozenset({selected(layer, index, source)})),
        _softmax_table(source, layer, spot.unit, done=True),
        lines(("Σ e^z", total, None), ("a", a.value, a.address)),
        tuple(source.address("z", layer, i) for i in source.indices(layer)),
    )  # fmt: skip


def _softmax_table(source: Source, layer: int, current: int, *, done: bool) -> Table:
    z, a = source.field(layer, "z"), source.field(layer, "a")
    with np.errstate(over="ignore"):
        powers = np.exp(z)
    columns = ("k", "zₖ", "e^zₖ", "Σ")
    values = np.column_stack([z, powers, np.cumsum(powers)])
    if done:
        columns, values = ("k", "zₖ", "e^zₖ", "aₖ"), np.column_stack([z, powers, a])

    def address(row: int, column: int) -> str | None:
        kind = {0: "z", 2: "a" if done else ""}.get(column, "")
        return source.address(kind, layer, (row,)) if kind else None

    labels = unit_labels(source, layer)
    return Table(columns, labels, values, address, current, current + 1)


# --- layers without weights ----------------------------------------------------------------------


def a_pool(source: Source, spot: Spot) -> Content:
    """A window of a pool: one of its values, or what becomes of them."""
    layer = spot.segment.layer
    index = whole(source, layer, spot.unit)
    pixels = rules.window(source, layer, index)
    largest = source.layer(layer).kind == "max_pool2d"
    a = source.number("a", layer, index)
    inner = spot.inner if spot.segment.each > 1 else len(pixels)
    table = _window_table(pixels, inner, largest)
    around = wires(source, layer, index)
    if inner < len(pixels):
        sentence = _("the window looks at {x}").format(x=say(pixels[inner].value))
        kind, address = "look", str(pixels[inner].address)
        read = frozenset({sorted(around.sources, key=lambda s: s.unit)[inner]})
        around = Highlight(read, around.units)
    elif largest:
        won = pixels[rules.winner(source, layer, index)]
        sentence = _("the largest of the window goes on: a = {a}").format(a=say(a.value))
        kind, address = "winner", str(a.address)
        return Content(
            kind, address, sentence, layer, around, table, lines(("a", a.value, a.address)),
            (str(won.address),), window=window_of(source, layer, index),
        )  # fmt: skip
    else:
        sentence = _("the mean of the window goes on: a = {a}").format(a=say(a.value))
        kind, address = "mean", str(a.address)
    reached = int(inner == len(pixels))
    return Content(
        kind, address, sentence, layer, around, table,
        lines(("a", a.value, a.address), reached=reached), (str(a.address),) * reached,
        window=window_of(source, layer, index),
    )  # fmt: skip


def _window_table(pixels: list[Number], inner: int, largest: bool) -> Table:
    values = np.array([pixel.value for pixel in pixels])
    running = np.maximum.accumulate(values) if largest else np.cumsum(values)
    columns = ("i", "xᵢ", _("largest so far") if largest else "Σ")
    current = inner if inner < len(pixels) else None
    if current is None and largest:
        current = int(values.argmax())

    def address(row: int, column: int) -> str | None:
        return None if column else pixels[row].address

    labels = tuple(str(i + 1) for i in range(len(pixels)))
    known = min(len(pixels), inner + 1)
    return Table(columns, labels, np.column_stack([values, running]), address, current, known)


def a_norm(source: Source, spot: Spot) -> Content:
    """Batch norm of one value: normalised, then scaled and shifted."""
    layer = spot.segment.layer
    index = whole(source, layer, spot.unit)
    normal = rules.normal_value(source, layer, index)
    a = source.number("a", layer, index)
    both = spot.segment.each == 1 or spot.inner == 1
    gamma, beta = (source.number(kind, layer, index[-1:]) for kind in ("gamma", "beta"))
    sentence = (
        _("scaled by γ and shifted by β: a = {a}").format(a=say(a.value))
        if both
        else _("normalised: (x − mean)/√(variance + ε) = {value}").format(
            value=say(normal.evaluate())
        )
    )
    found = lines(
        ("x̂", normal.evaluate(), None), ("γ", gamma.value, gamma.address),
        ("β", beta.value, beta.address), ("a", a.value, a.address), reached=4 if both else 1,
    )  # fmt: skip
    numbers = [*normal.numbers(), gamma, beta]
    return Content(
        "shift" if both else "normal", str(a.address), sentence, layer,
        wires(source, layer, index), None, found,
        (source.address("z", layer, index), *(n.address for n in numbers if n.address)),
    )  # fmt: skip


def a_pass(source: Source, spot: Spot) -> Content:
    """A value that is passed on: by flatten, dropout, or through an activation layer."""
    layer = spot.segment.layer
    index = whole(source, layer, spot.unit)
    made = source.layer(layer)
    below = deep(spot.unit, source.shape(layer - 1))
    x, a = source.going_in(layer, below), source.number("a", layer, index)
    if made.kind == "activation":
        sentence = _("{function} of z = {z} is a = {a}").format(
            function=made.activation, z=say(x.value), a=say(a.value)
        )
        also = [source.address("z", layer, index), str(x.address)]
    else:
        sentence = _("passed on as it is: a = x = {a}").format(a=say(a.value))
        also = [str(x.address)]
    highlight = Highlight(
        frozenset({Selection(layer - 1, spot.unit)}), frozenset({Selection(layer, spot.unit)})
    )
    curve = curve_of(source, layer, index) if made.kind == "activation" else None
    return Content(
        "activation" if made.kind == "activation" else "pass", str(a.address), sentence, layer,
        highlight, None, lines(("x", x.value, x.address), ("a", a.value, a.address)), tuple(also),
        curve=curve,
    )  # fmt: skip
