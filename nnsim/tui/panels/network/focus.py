"""The picture with one unit in focus: its incoming wires, every unit with its activation.

Below it a line says what is selected, with its numbers, and what the two kinds of wires mean.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from nnsim.engine import activation
from nnsim.i18n import _
from nnsim.lab.hiding import LayerView, NetworkView, Selection
from nnsim.tui.draw.canvas import Canvas
from nnsim.tui.draw.numbers import level, number
from nnsim.tui.draw.styles import STRONGEST
from nnsim.tui.draw.text import fit, middle, width_of
from nnsim.tui.draw.tiles import shade
from nnsim.tui.panels.network.layout import (
    PORTS,
    Cells,
    Column,
    Gap,
    Item,
    Layout,
    Matrix,
    PlacedColumn,
    draw,
    incoming,
    lay_out,
    outgoing,
    strengths,
    strongest,
)

Carried = Literal["weight", "gradient"]
"""What the wires carry."""

MOST, LEAST = 10, 0.45
"""The overview draws this many wires of a layer, and none below this share of the strongest."""


def matrix_of(layer: LayerView, carried: Carried) -> Matrix | None:
    """Return the matrix (n_in, n_out) that the wires into a layer show."""
    return layer.weight if carried == "weight" else layer.grad_weight


def shares(layer: LayerView) -> Matrix:
    """Return how full each unit's box is, 0 to 1: |a|, beside the layer's largest if unbounded."""
    size = np.where(np.isfinite(layer.a), np.abs(layer.a), 0.0)
    if not activation(layer.activation).bounded:
        size = size / max(float(size.max(initial=0.0)), 1e-12)
    return np.clip(size, 0.0, 1.0)


def columns_of(view: NetworkView, focus: int, room: int) -> tuple[Column, ...]:
    """Return what each layer asks for; `room` is the width there is for all."""
    pixels = len(view.input_shape) >= 2
    label = min(6, max((width_of(text) for text in view.input_labels), default=1))
    rest = 2 + (2 if pixels else 6)
    group = int(np.prod(view.input_shape[1:])) if pixels else 0
    columns = [
        Column(-1, "inputs", len(view.input_labels), label + rest, min(3, label) + rest, group)
    ]
    roomy = room >= 100
    for i, layer in enumerate(view.layers):
        label = max((width_of(text) for text in layer.labels), default=1)
        if layer.weight is None and i not in (focus, focus - 1):
            columns.append(Column(i, "block", 1, 10, 8))
        else:
            wide = min(14, max(10 if roomy else 8, label + 6 if label > 2 else 0))
            columns.append(Column(i, "units", len(layer.labels), wide, 7))
    return tuple(columns)


@dataclass(frozen=True)
class FocusPicture:
    """All that one picture needs: what is shown, where it stands, and the wires."""

    view: NetworkView
    selection: Selection
    focus: tuple[int, int]
    carried: Carried
    layout: Layout
    wires: dict[int, tuple[Cells, ...]] = field(repr=False)
    left_out: int = 0
    """Wires for which there is no port."""
    numbers: bool = True

    @classmethod
    def make(
        cls,
        view: NetworkView,
        selection: Selection,
        focus: tuple[int, int],
        anchors: dict[int, int],
        size: tuple[int, int],
        carried: Carried = "weight",
    ) -> FocusPicture:
        """Lay the picture out and draw its wires."""
        layer, unit = focus
        layout = lay_out(columns_of(view, layer, size[0]), size, layer, {**anchors, layer: unit})
        wires: dict[int, tuple[Cells, ...]] = {}
        left_out = 0
        for into in (layer, layer + 1) if layer >= 0 else ():
            matrix = matrix_of(view.layers[into], carried) if into < len(view.layers) else None
            gap, before = layout.gap(into), layout.column(into - 1)
            if matrix is None or gap is None or before is None:
                continue
            if into == layer:
                chosen = selection.source if selection.layer >= 0 else selection.unit
                lines = incoming(layout, matrix, layer, unit, chosen)
                left_out = len(before.items) - len(lines) if len(lines) == PORTS else 0
            else:
                lines = outgoing(layout, matrix, into, unit)
            wires[into] = draw(gap, layout.height, tuple(lines))
        return cls(view, selection, focus, carried, layout, wires, left_out)

    @classmethod
    def strongest(
        cls,
        view: NetworkView,
        selection: Selection,
        focus: tuple[int, int],
        anchors: dict[int, int],
        size: tuple[int, int],
        carried: Carried = "weight",
    ) -> FocusPicture:
        """Lay out the same picture with the strongest wires of every layer, and no numbers."""
        layer, unit = focus
        layout = lay_out(
            columns_of(view, layer, size[0]),
            size,
            layer,
            {**anchors, layer: unit},
            numbers=False,
            footer=False,
        )
        wires = {}
        for gap in layout.gaps:
            matrix = matrix_of(view.layers[gap.layer], carried)
            if matrix is not None:
                lines = strongest(layout, matrix, gap.layer, MOST, LEAST)
                wires[gap.layer] = draw(gap, layout.height, tuple(lines))
        return cls(view, selection, focus, carried, layout, wires, numbers=False)

    @property
    def size(self) -> tuple[int, int]:
        return self.layout.width, self.layout.height

    @cached_property
    def _shares(self) -> list[Matrix]:
        return [shares(layer) for layer in self.view.layers]

    @cached_property
    def _strengths(self) -> Matrix:
        """Of the weights into the unit in focus."""
        layer, unit = self.focus
        matrix = matrix_of(self.view.layers[layer], self.carried)
        return np.zeros(0) if matrix is None else strengths(matrix)[:, unit]

    def line(self, y: int) -> Canvas:
        """Draw row `y`; its cells stand for what a click there selects."""
        layout = self.layout
        line = Canvas(layout.width)
        if y < layout.top:
            self._draw_names(line)
        elif y >= layout.bottom:
            draw_footer(line, self.view, self.selection, self.carried, self.left_out > 0)
        else:
            for gap in layout.gaps:
                for x, char, style in self.wires[gap.layer][y] if gap.layer in self.wires else ():
                    line.put(x, char, style)
            for column in layout.columns:
                self._draw_column(line, column, y)
            if self.numbers:
                self._draw_numbers(line, y)
        return line

    def _draw_names(self, line: Canvas) -> None:
        end = 0
        columns = self.layout.columns
        for i, column in enumerate(columns):
            if column.kind == "folded":
                continue
            after = next((c.x for c in columns[i + 1 :] if c.kind != "folded"), line.width + 1)
            name = _("input") if column.layer < 0 else self.view.layers[column.layer].name
            x = max(end, min(column.x, line.width - width_of(name)))
            text = fit(name, max(0, after - 1 - x))
            line.put(x, text, "strong" if column.layer == self.focus[0] else "dim")
            end = x + width_of(text) + 1

    def _draw_column(self, line: Canvas, column: PlacedColumn, y: int) -> None:
        end = column.x + column.width
        if column.above and y == column.items[0].top - 1:
            line.put(column.x, _more(column.above, column.width), "dim", end)
        last = column.items[-1] if column.items else None
        if column.below and last and y == last.top + last.height:
            line.put(column.x, _more(column.below, column.width), "dim", end)
        item = column.rows.get(y)
        if item is None:
            return
        line.claim(column.x, column.width, (column.layer, item.index))
        if column.kind == "folded":
            line.put(column.x, "···", "dim", end)
        elif column.kind == "inputs":
            self._draw_input(line, column, item)
        elif column.kind == "block":
            self._draw_block(line, column, item, y - item.top)
        elif column.kind != "units":
            raise ValueError(column.kind)
        elif item.height == 1:
            self._draw_small_unit(line, column, item)
        else:
            self._draw_unit(line, column, item, y - item.top)

    def _draw_input(self, line: Canvas, column: PlacedColumn, item: Item) -> None:
        value = float(self.view.input[item.index])
        chosen = self.selection == Selection(-1, item.index)
        state = 2 if len(self.view.input_shape) >= 2 else 6
        room = column.width - state - 1
        name = fit(self.view.input_labels[item.index], room - 1)
        style = "here" if chosen else "" if value else "dim"
        line.put(column.x + room - width_of(name), name, style)
        if chosen:
            line.put(column.x, "→", "here")
        x = column.x + column.width - state
        if state == 2:
            line.put(x, shade(value) * 2, "light" if value > 0 else "dark")
        else:
            line.put(x, level(min(1.0, abs(value))) + number(value))

    def _unit(self, column: PlacedColumn, item: Item) -> tuple[str, float, float, bool]:
        layer = self.view.layers[column.layer]
        share = float(self._shares[column.layer][item.index])
        focused = (column.layer, item.index) == self.focus and self.selection.layer >= 0
        return layer.labels[item.index], float(layer.a[item.index]), share, focused

    def _draw_small_unit(self, line: Canvas, column: PlacedColumn, item: Item) -> None:
        label, a, share, _focused = self._unit(column, item)
        end, spare = column.x + column.width, column.width - width_of(label)
        digits = min(5, max(4, spare))  # unit 12 must not read 1: first the bar gives way to it
        line.put(column.x, fit(label, column.width - digits))
        if spare > digits:
            line.put(end - digits - 1, level(share), "light")
        line.put(end - digits, number(a, digits, plus=False))

    def _draw_unit(self, line: Canvas, column: PlacedColumn, item: Item, row: int) -> None:
        label, a, share, focused = self._unit(column, item)
        inner = column.width - 2
        x, end = column.x, column.x + column.width
        chosen = focused and self.selection.source is None
        border = "here" if focused else ""
        corners = "╔═╗║╚═╝" if chosen else "┏━┓┃┗━┛" if focused else "╭─╮│╰─╯"
        if row == 0:
            line.put(x, corners[0] + corners[1] * inner + corners[2], border)
            text = fit(label, max(1, inner - 2))
            if width_of(text) <= inner - 2:
                text = f" {text} "
            at = x + 1 + (inner - width_of(text)) // 2
            line.put(at, text, "here" if focused else "strong", end - 1)
        elif row == 1:
            text = number(a, min(inner, 6 if inner >= 8 else 5), plus=False).strip()
            line.put(x, corners[3], border)
            line.put(x + 1, middle(text, inner), f"cell:light@{round(share * STRONGEST)}", end - 1)
            line.put(end - 1, corners[3], border)
        else:
            line.put(x, corners[4] + corners[5] * inner + corners[6], border)
            filled = round(share * inner) or (1 if share > 0.02 else 0)
            line.put(x + 1, "▀" * filled, "light", end - 1)

    def _draw_block(self, line: Canvas, column: PlacedColumn, item: Item, row: int) -> None:
        layer = self.view.layers[column.layer]
        x, end, inner = column.x, column.x + column.width, column.width - 2
        if row in (0, item.height - 1):
            left, right = "╭╮" if row == 0 else "╰╯"
            line.put(x, left + "─" * inner + right)
            return
        line.put(x, "│")
        line.put(end - 1, "│")
        text = (fit(layer.name, inner), fit(layer.kind, inner), f"× {len(layer.labels)}")[
            (row - 1) % 3
        ]
        line.put(x + 1, middle(text, inner), "" if row == 1 else "dim", end - 1)

    def _draw_numbers(self, line: Canvas, y: int) -> None:
        """Write the weights beside the start of their wires, and the chosen one's name."""
        layer, unit = self.focus
        gap, column = self.layout.gap(layer), self.layout.column(layer - 1)
        matrix = matrix_of(self.view.layers[layer], self.carried) if layer >= 0 else None
        if gap is None or column is None or matrix is None or layer not in self.wires:
            return
        item = column.rows.get(y)
        if item is None or item.middle != y or item.index >= matrix.shape[0]:
            return
        line.claim(gap.x, max(gap.numbers, 3), (layer, unit, item.index))
        value = float(matrix[item.index, unit])
        if item.index == self.selection.source:
            self._draw_chosen_weight(line, gap, item.index, value)
        elif gap.numbers:
            name = "negative" if value < 0 else "positive"
            share = float(self._strengths[item.index])
            style = f"{name}@{min(STRONGEST, 2 + int(share * 3))}" if value else "dim"
            text = number(value, tiny=self.carried == "gradient")
            line.put(gap.x + 1, text, style, gap.x + gap.numbers)

    def _draw_chosen_weight(self, line: Canvas, gap: Gap, source: int, value: float) -> None:
        suffix = ".grad" if self.carried == "gradient" else ""
        name = "negative" if value < 0 else "positive"
        shown = number(value, tiny=bool(suffix)).strip()
        text = f"w[{source + 1}]{suffix} {shown}"
        end = gap.x + gap.width - 1
        if width_of(text) > gap.width - 3:
            text = shown
        line.put(gap.x, " ", "", end)
        line.put(gap.x + 1, text, f"{name} cursor", end)
        line.put(gap.x + 1 + width_of(text), " ", "", end)


def _more(count: int, width: int) -> str:
    text = "… " + _("{count} more").format(count=count)
    return text if width_of(text) <= width else fit(f"… {count}", width)


def draw_footer(
    line: Canvas, view: NetworkView, selection: Selection, carried: Carried, elided: bool = False
) -> None:
    """Write what is selected, with its numbers, and what the two kinds of wires mean."""
    parts = _about(view, selection, carried)
    if elided:
        parts.append(_("12 strongest wires"))
    text = "  ".join(parts)
    while len(parts) > 1 and width_of(text) > line.width:
        parts.pop()
        text = "  ".join(parts)
    line.put(0, fit(text, line.width))
    legend = "── +  ╌╌ −"
    x = line.width - width_of(legend)
    if width_of(text) + 2 <= x:
        line.put(x, "── +", "positive")
        line.put(x + 6, "╌╌ −", "negative")


def _about(view: NetworkView, place: Selection, carried: Carried) -> list[str]:
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
