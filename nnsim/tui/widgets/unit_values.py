"""The numbers of the selected unit, for the Forward panel while there is no walk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.hiding import HIDDEN, Hidden, covered, is_hidden, values_of, where_hidden
from nnsim.lab.view import LayerView, NetworkView, Selection
from nnsim.tui.widgets.curve import Point
from nnsim.tui.widgets.walk_page import Page

if TYPE_CHECKING:
    from nnsim.lab import Lab


@dataclass(frozen=True, eq=False)
class Values:
    """A table as those of the walks, made without them."""

    columns: tuple[str, ...]
    labels: tuple[str, ...]
    values: NDArray[np.float64]
    addresses: Callable[[int, int], str | None]
    current: int | None = None

    @property
    def known(self) -> int:
        """Every row is known."""
        return len(self.labels)


@dataclass(frozen=True)
class Result:
    """A result below the table."""

    label: str
    value: float | None
    address: str | None
    current: bool = False


def values_page(lab: Lab, selection: Selection, hidden: Hidden) -> Page:
    """Return what comes into the selected unit and what it makes of it."""
    page = _page(lab, selection, hidden)
    place = lab.walk_place
    if place is not None and place.direction == "forward":
        text = _("→ goes on with the walk, behind step {number}").format(number=place.index + 1)
    else:
        text = _("→ walks through the network, step by step")
    if selection.layer < 0:
        return replace(page, place=_("input · {hint}").format(hint=text))
    layer = lab.names.layers[selection.layer]
    name = f"{layer.name}[{lab.view.layers[selection.layer].labels[selection.unit]}]"
    return replace(page, place=f"{name} · {text}")


def _page(lab: Lab, selection: Selection, hidden: Hidden) -> Page:
    view, focus = covered(lab, hidden), str(lab.focus)
    if selection.layer < 0 or selection.layer >= len(view.layers):
        return Page(address=focus, table=_inputs(view), hidden=hidden)
    layer, unit = view.layers[selection.layer], selection.unit
    names = lab.names.layers[selection.layer]
    if len(names.output_shape) > 1:
        text = _("{name} makes pictures of {count} numbers; → walks through them").format(
            name=layer.name, count=layer.a.size
        )
        return Page(sentence=text, address=focus, hidden=hidden)
    name = f"{layer.name}[{unit + 1}]"
    z = f"{name}.z" if names.has_z else None
    results = [Result("z", float(layer.z[unit]), z)] if names.has_z else []
    results.append(Result("a", float(layer.a[unit]), f"{name}.a"))
    table = None
    if layer.weight is not None:
        table = _terms(view, selection, layer)
        start = [Result("Σ wᵢ·xᵢ", float(table.values[-1, 3]), None)]
        if layer.bias is not None:
            start.append(Result("+ b", float(layer.bias[unit]), f"{name}.b"))
        results = start + results
    if layer.delta is not None:
        results.append(Result("δ", float(layer.delta[unit]), f"{name}.delta"))
    function = getattr(lab.network.layers[selection.layer], "function", None)
    point = None
    known = not any(is_hidden(value) for value in (layer.z[unit], layer.a[unit]))
    known = known and not hidden.covers(f"{name}.slope")
    if known and function is not None and layer.activation not in ("identity", "softmax"):
        point = Point(function, float(layer.z[unit]), float(layer.a[unit]), 0.0)
    return Page(
        address=focus, table=table, results=tuple(results), point=point, hidden=hidden,
        secrets=values_of(lab, hidden),
    )  # fmt: skip


def _inputs(view: NetworkView) -> Values:
    def address(row: int, _column: int) -> str:
        return f"input[{row + 1}]"

    return Values(("i", "x"), view.input_labels, view.input[:, None], address)


def _terms(view: NetworkView, selection: Selection, layer: LayerView) -> Values:
    """I, xᵢ, wᵢ, wᵢ·xᵢ and the running Σ."""
    assert layer.weight is not None
    first = selection.layer == 0
    before = None if first else view.layers[selection.layer - 1]
    x = view.input if before is None else before.a
    labels = view.input_labels if before is None else before.labels
    w = layer.weight[:, selection.unit]
    values = np.column_stack([x, w, w * x, np.cumsum(w * x)])
    unknown = where_hidden(x) | where_hidden(w)
    if unknown.any():  # and with an input the product, and the sums from there on
        values[unknown, 2] = HIDDEN
        values[int(np.argmax(unknown)) :, 3] = HIDDEN

    def address(row: int, column: int) -> str | None:
        # To choose an x would be to look at another unit.
        return f"{layer.name}[{selection.unit + 1}].w[{row + 1}]" if column == 1 else None

    return Values(("i", "xᵢ", "wᵢ", "wᵢ·xᵢ", "Σ"), labels, values, address, selection.source)
