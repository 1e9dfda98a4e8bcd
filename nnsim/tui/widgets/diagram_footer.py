"""The line under the picture: what is selected, with its numbers, and what the wires mean."""

from __future__ import annotations

from typing import Literal

from nnsim.i18n import _
from nnsim.lab.view import LayerView, NetworkView, Selection
from nnsim.tui.draw.text import fit, number, width_of
from nnsim.tui.widgets.diagram_canvas import STRONGEST, Key, Line
from nnsim.tui.widgets.diagram_wires import Matrix

Carried = Literal["weight", "gradient"]
"""What the wires carry."""

LABEL: Key = ("label", 0)
MUTED: Key = ("muted", 0)
CHOSEN: Key = ("selected", 0)


def matrix_of(layer: LayerView, carried: Carried) -> Matrix | None:
    """Return the matrix (n_in, n_out) that the wires into a layer show."""
    return layer.weight if carried == "weight" else layer.grad_weight


def draw_footer(
    line: Line, view: NetworkView, selection: Selection, carried: Carried, elided: bool = False
) -> None:
    """Write what is selected, with its numbers, and what the two kinds of wires mean."""
    parts = _about(view, selection, carried)
    if elided:
        parts.append(_("12 strongest wires"))
    text = "  ".join(parts)
    while len(parts) > 1 and width_of(text) > line.width:
        parts.pop()
        text = "  ".join(parts)
    line.put(0, fit(text, line.width), LABEL)
    legend = "── +  ╌╌ −"
    x = line.width - width_of(legend)
    if width_of(text) + 2 <= x:
        line.put(x, "── +", ("positive", STRONGEST))
        line.put(x + 6, "╌╌ −", ("negative", STRONGEST))


def _about(view: NetworkView, place: Selection, carried: Carried) -> list[str]:
    """Return the address of what is selected, and its numbers."""
    if place.layer < 0:
        return [f"input[{place.unit + 1}] {_short(view.input[place.unit])}"]
    layer = view.layers[place.layer]
    name = f"{layer.name}[{place.unit + 1}]"
    if place.source is not None:
        matrix = matrix_of(layer, carried)
        suffix = ".grad" if carried == "gradient" else ""
        value = float(matrix[place.source, place.unit]) if matrix is not None else 0.0
        return [f"{name}.w[{place.source + 1}]{suffix} {number(value, 7, tiny=True).strip()}"]
    parts = [name, f"z {_short(layer.z[place.unit])}", f"a {_short(layer.a[place.unit])}"]
    if layer.bias is not None:
        parts.append(f"b {_short(layer.bias[place.unit])}")
    return parts


def _short(value: float) -> str:
    return number(float(value), 6, plus=False).strip()
