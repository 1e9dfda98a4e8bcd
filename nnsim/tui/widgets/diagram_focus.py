"""The picture with one unit in focus: its incoming wires, every unit with its activation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from nnsim.i18n import _
from nnsim.lab.view import LayerView, NetworkView, Selection
from nnsim.tui.draw.text import fit, level, middle, number, width_of
from nnsim.tui.widgets.diagram_canvas import PLAIN, STRONGEST, Line
from nnsim.tui.widgets.diagram_footer import (
    CHOSEN,
    LABEL,
    MUTED,
    Carried,
    draw_footer,
    matrix_of,
)
from nnsim.tui.widgets.diagram_layout import (
    Column,
    Gap,
    Item,
    Layout,
    PlacedColumn,
    lay_out,
)
from nnsim.tui.widgets.diagram_wires import (
    Cells,
    Matrix,
    draw,
    incoming,
    outgoing,
    strengths,
    strongest,
)
from nnsim.tui.widgets.pixel_picture import shade

MOST, LEAST = 10, 0.45
"""The overview draws this many wires of a layer, and none below this share of the strongest."""


def shares(layer: LayerView) -> Matrix:
    """Return how full each unit's box is, 0 to 1: |a|, beside the layer's largest if unbounded."""
    size = np.where(np.isfinite(layer.a), np.abs(layer.a), 0.0)
    if layer.activation not in ("sigmoid", "softmax", "step", "tanh"):
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
    """All that one picture needs; made anew when the size, the weights or the selection change.

    ``view`` may change alone (`with_view`) as long as the weights stay: the wires are kept.
    """

    view: NetworkView
    selection: Selection
    focus: tuple[int, int]
    carried: Carried
    layout: Layout
    wires: dict[int, list[Cells]] = field(repr=False)
    hidden_wires: int = 0
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
        wires: dict[int, list[Cells]] = {}
        left_out = 0
        if layer >= 0:
            wires, left_out = cls._draw_wires(view, selection, focus, layout, carried)
        return cls(view, selection, focus, carried, layout, wires, left_out)

    @staticmethod
    def _draw_wires(
        view: NetworkView,
        selection: Selection,
        focus: tuple[int, int],
        layout: Layout,
        carried: Carried,
    ) -> tuple[dict[int, list[Cells]], int]:
        layer, unit = focus
        wires: dict[int, list[Cells]] = {}
        left_out = 0
        matrix, gap = matrix_of(view.layers[layer], carried), layout.gap(layer)
        if matrix is not None and gap is not None:
            chosen = selection.source if selection.layer >= 0 else selection.unit
            lines = incoming(layout, matrix, layer, unit, chosen)
            wires[layer] = draw(gap, layout, lines)
            column = layout.column(layer - 1)
            left_out = len(column.items) - len(lines) if column and len(lines) == 12 else 0
        if layer + 1 < len(view.layers):
            after = matrix_of(view.layers[layer + 1], carried)
            gap = layout.gap(layer + 1)
            if after is not None and gap is not None:
                lines = outgoing(layout, after, layer + 1, unit)
                wires[layer + 1] = draw(gap, layout, lines)
        return wires, left_out

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
                wires[gap.layer] = draw(gap, layout, lines)
        return cls(view, selection, focus, carried, layout, wires, numbers=False)

    def with_view(self, view: NetworkView) -> FocusPicture:
        """Return the same picture of other values; the weights must be the same."""
        return replace(self, view=view)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in cells."""
        return self.layout.width, self.layout.height

    def rows_of(self, layer: int, units: list[int]) -> set[int]:
        """Return the rows on which these units of a layer stand."""
        column = self.layout.column(layer)
        if column is None:
            return set()
        if column.kind == "block":
            return set(range(self.layout.top, self.layout.bottom))
        wanted = set(units)
        return {
            item.top + row
            for item in column.items
            if item.index in wanted
            for row in range(item.height)
        }

    def footer_row(self) -> int | None:
        """Return the row of the line that says what is selected, if there is one."""
        return self.layout.bottom if self.layout.bottom < self.layout.height else None

    def hit(self, x: int, y: int) -> Selection | None:
        """Return what is drawn at a cell: a unit, an input, a weight's number."""
        layout = self.layout
        for column in layout.columns:
            if not column.x <= x < column.x + column.width:
                continue
            for item in column.items:
                if item.top <= y < item.top + item.height:
                    return Selection(column.layer, item.index)
            return None
        gap = layout.gap(self.focus[0]) if self.numbers else None
        column_before = layout.column(self.focus[0] - 1)
        if gap is None or column_before is None or self.focus[0] not in self.wires:
            return None
        if gap.x <= x < gap.x + max(gap.numbers, 3):
            for item in column_before.items:
                if item.middle == y:
                    return Selection(*self.focus, item.index)
        return None

    # ------------------------------------------------------------------ drawing

    def line(self, y: int) -> Line:
        """Draw row `y`."""
        layout = self.layout
        line = Line(layout.width)
        if y < layout.top:
            self._draw_names(line)
        elif y >= layout.bottom:
            draw_footer(line, self.view, self.selection, self.carried, self.hidden_wires > 0)
        else:
            for gap in layout.gaps:
                if gap.layer in self.wires:
                    for x, (char, key) in enumerate(self.wires[gap.layer][y], gap.x):
                        if char != " ":
                            line.put(x, char, key)
            for column in layout.columns:
                self._draw_column(line, column, y)
            if self.numbers:
                self._draw_numbers(line, y)
        return line

    def _draw_names(self, line: Line) -> None:
        """Write the layers' names over their columns."""
        end = 0
        columns = self.layout.columns
        for i, column in enumerate(columns):
            if column.kind == "folded":
                continue
            after = next((c.x for c in columns[i + 1 :] if c.kind != "folded"), line.width + 1)
            name = _("input") if column.layer < 0 else self.view.layers[column.layer].name
            x = max(end, min(column.x, line.width - width_of(name)))
            text = fit(name, max(0, after - 1 - x))
            line.put(x, text, ("heading", 0) if column.layer == self.focus[0] else MUTED)
            end = x + width_of(text) + 1

    def _draw_column(self, line: Line, column: PlacedColumn, y: int) -> None:
        end = column.x + column.width
        if column.above and y == column.items[0].top - 1:
            line.put(column.x, _more(column.above, column.width), MUTED, end)
        last = column.items[-1] if column.items else None
        if column.below and last and y == last.top + last.height:
            line.put(column.x, _more(column.below, column.width), MUTED, end)
        for item in column.items:
            if item.top <= y < item.top + item.height:
                if column.kind == "folded":
                    line.put(column.x, "···", MUTED, end)
                elif column.kind == "inputs":
                    self._draw_input(line, column, item)
                elif column.kind == "block":
                    self._draw_block(line, column, item, y - item.top)
                elif item.height == 1:
                    self._draw_small_unit(line, column, item)
                else:
                    self._draw_unit(line, column, item, y - item.top)
                return

    def _draw_input(self, line: Line, column: PlacedColumn, item: Item) -> None:
        value = float(self.view.input[item.index])
        chosen = self.selection == Selection(-1, item.index)
        state = 2 if len(self.view.input_shape) >= 2 else 6
        room = column.width - state - 1
        name = fit(self.view.input_labels[item.index], room - 1)
        key = CHOSEN if chosen else LABEL if value else MUTED
        line.put(column.x + room - width_of(name), name, key)
        if chosen:
            line.put(column.x, "→", CHOSEN)
        x = column.x + column.width - state
        if state == 2:
            line.put(x, shade(value) * 2, ("on", 0) if value > 0 else MUTED)
        else:
            line.put(x, level(min(1.0, abs(value))) + number(value), LABEL)

    def _unit(self, column: PlacedColumn, item: Item) -> tuple[str, float, float, bool]:
        """Return a unit's label, activation, fill and whether it is the one in focus."""
        layer = self.view.layers[column.layer]
        share = float(shares(layer)[item.index])
        focused = (column.layer, item.index) == self.focus and self.selection.layer >= 0
        return layer.labels[item.index], float(layer.a[item.index]), share, focused

    def _draw_small_unit(self, line: Line, column: PlacedColumn, item: Item) -> None:
        label, a, share, _focused = self._unit(column, item)
        end, spare = column.x + column.width, column.width - width_of(label)
        digits = min(5, max(4, spare))  # unit 12 must not read 1: first the bar gives way to it
        line.put(column.x, fit(label, column.width - digits), LABEL)
        if spare > digits:
            line.put(end - digits - 1, level(share), ("fill", STRONGEST))
        line.put(end - digits, number(a, digits, plus=False), LABEL)

    def _draw_unit(self, line: Line, column: PlacedColumn, item: Item, row: int) -> None:
        label, a, share, focused = self._unit(column, item)
        inner = column.width - 2
        x, end = column.x, column.x + column.width
        chosen = focused and self.selection.source is None
        border = CHOSEN if focused else LABEL
        corners = "╔═╗║╚═╝" if chosen else "┏━┓┃┗━┛" if focused else "╭─╮│╰─╯"
        if row == 0:
            line.put(x, corners[0] + corners[1] * inner + corners[2], border)
            text = fit(label, max(1, inner - 2))
            if width_of(text) <= inner - 2:
                text = f" {text} "
            at = x + 1 + (inner - width_of(text)) // 2
            line.put(at, text, CHOSEN if focused else ("name", 0), end - 1)
        elif row == 1:
            text = number(a, min(inner, 6 if inner >= 8 else 5), plus=False).strip()
            line.put(x, corners[3], border)
            line.put(x + 1, middle(text, inner), ("fill-cell", round(share * STRONGEST)), end - 1)
            line.put(end - 1, corners[3], border)
        else:
            line.put(x, corners[4] + corners[5] * inner + corners[6], border)
            filled = round(share * inner) or (1 if share > 0.02 else 0)
            line.put(x + 1, "▀" * filled, ("fill", STRONGEST), end - 1)

    def _draw_block(self, line: Line, column: PlacedColumn, item: Item, row: int) -> None:
        layer = self.view.layers[column.layer]
        x, end, inner = column.x, column.x + column.width, column.width - 2
        if row in (0, item.height - 1):
            left, right = "╭╮" if row == 0 else "╰╯"
            line.put(x, left + "─" * inner + right, LABEL)
            return
        line.put(x, "│", LABEL)
        line.put(end - 1, "│", LABEL)
        text = (fit(layer.name, inner), fit(layer.kind, inner), f"× {len(layer.labels)}")[
            (row - 1) % 3
        ]
        line.put(x + 1, middle(text, inner), LABEL if row == 1 else MUTED, end - 1)

    def _draw_numbers(self, line: Line, y: int) -> None:
        """Write the weights beside the start of their wires, and the chosen one's name."""
        layer, unit = self.focus
        gap, column = self.layout.gap(layer), self.layout.column(layer - 1)
        matrix = matrix_of(self.view.layers[layer], self.carried) if layer >= 0 else None
        if gap is None or column is None or matrix is None or layer not in self.wires:
            return
        item = next((item for item in column.items if item.middle == y), None)
        if item is None or item.index >= matrix.shape[0]:
            return
        value = float(matrix[item.index, unit])
        if item.index == self.selection.source:
            self._draw_chosen_weight(line, gap, item.index, value)
        elif gap.numbers:
            name = "negative" if value < 0 else "positive"
            share = float(strengths(matrix)[item.index, unit])
            key = (name, min(STRONGEST, 2 + int(share * 3))) if value else MUTED
            text = number(value, tiny=self.carried == "gradient")
            line.put(gap.x + 1, text, key, gap.x + gap.numbers)

    def _draw_chosen_weight(self, line: Line, gap: Gap, source: int, value: float) -> None:
        suffix = ".grad" if self.carried == "gradient" else ""
        name = "negative" if value < 0 else "positive"
        shown = number(value, tiny=bool(suffix)).strip()
        text = f"w[{source + 1}]{suffix} {shown}"
        end = gap.x + gap.width - 1
        if width_of(text) > gap.width - 3:
            text = shown
        line.put(gap.x, " ", PLAIN, end)
        line.put(gap.x + 1, text, (f"{name}-chosen", STRONGEST), end)
        line.put(gap.x + 1 + width_of(text), " ", PLAIN, end)


def _more(count: int, width: int) -> str:
    text = "… " + _("{count} more").format(count=count)
    return text if width_of(text) <= width else fit(f"… {count}", width)
