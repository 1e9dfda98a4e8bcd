"""The numbers of one unit: each input with its weight and product, then Σ, b, z and a."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nnsim.i18n import N_, _
from nnsim.lab.view import LayerView, NetworkView, Selection
from nnsim.tui.numbers import short
from nnsim.tui.widgets.rows import Row, RowList


@dataclass(frozen=True)
class Place:
    """What a row is about, so that it can be selected and edited: a field and its source."""

    field: str
    source: int | None = None


class UnitValues(RowList):
    """A table of what comes into the selected unit and what it makes of it."""

    BINDING_GROUP_TITLE = N_("Values")
    HELP = N_(
        "Every number of the selected unit: the inputs x, the weights w, their products, the sum, "
        "the bias b, z and the activation a. Weights, the bias and inputs can be edited with e."
    )

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._view: NetworkView | None = None
        self._selection = Selection(0, 0)
        self._places: list[Place] = []

    def show(self, view: NetworkView, selection: Selection, field: str) -> None:
        """Show the unit of `selection`, with the cursor on the selected number."""
        self._view, self._selection = view, selection
        self._places = self._make_places()
        wanted = Place("w", selection.source) if selection.source is not None else Place(field)
        if wanted in self._places:
            self.move_cursor(self._places.index(wanted))
        self.rows_changed()

    @property
    def _layer(self) -> LayerView | None:
        if self._view is None or self._selection.layer < 0:
            return None
        return self._view.layers[self._selection.layer]

    def _make_places(self) -> list[Place]:
        layer = self._layer
        if layer is None:
            count = 0 if self._view is None else self._view.input.size
            return [Place("input", i) for i in range(count)]
        places = []
        if layer.weight is not None:
            places += [Place("w", i) for i in range(layer.weight.shape[0])]
            places += [Place("sum")]
        if layer.bias is not None:
            places += [Place("b")]
        places += [Place("z"), Place("a")]
        return places + ([Place("delta")] if layer.delta is not None else [])

    def place(self, row: int) -> Place | None:
        """What the row at `row` is about."""
        return self._places[row] if 0 <= row < len(self._places) else None

    def title(self) -> str:
        """The name of what is shown, such as ``hidden[B]``."""
        layer = self._layer
        return _("input") if layer is None else f"{layer.name}[{self._label(layer)}]"

    def _label(self, layer: LayerView) -> str:
        return layer.labels[self._selection.unit]

    def row_count(self) -> int:
        """One row for each number."""
        return len(self._places)

    def header(self) -> str:
        """The columns."""
        layer = self._layer
        if layer is None or layer.weight is None:
            return ""
        column = self._column
        return "  i" + "".join(f"{name:>{column}}" for name in ("x", "w", "w·x", "Σ"))

    @property
    def _column(self) -> int:
        """The width of a column: four of them stand behind the number of the input."""
        return max(6, min(9, (self.line_width - 3) // 4))

    def row(self, index: int) -> Row:
        """The row of one input, or of one of the results."""
        place, layer = self._places[index], self._layer
        if self._view is None or layer is None:
            value = float(self._view.input[index]) if self._view else 0.0
            label = self._view.input_labels[index] if self._view else ""
            return [(f"{label:>6} ", "dim"), (short(value), "")]
        if place.field == "w" and place.source is not None:
            return self._weight_row(layer, place.source)
        return self._result_row(layer, place.field)

    def _sources(self) -> tuple[np.ndarray, tuple[str, ...]]:
        assert self._view is not None
        if self._selection.layer == 0:
            return self._view.input, self._view.input_labels
        before = self._view.layers[self._selection.layer - 1]
        return before.a, before.labels

    def _weight_row(self, layer: LayerView, source: int) -> Row:
        assert layer.weight is not None
        inputs, labels = self._sources()
        weights = layer.weight[:, self._selection.unit]
        x, w = float(inputs[source]), float(weights[source])
        running = float(np.dot(inputs[: source + 1], weights[: source + 1]))
        sign = "negative" if w < 0 else "positive"
        column = self._column

        def cell(value: float) -> str:
            return " " + short(value, column - 1, sign=True)

        return [
            (f"{labels[source][:3]:>3}", "dim"),
            (short(x, column), "strong" if x else "dim"),
            (cell(w), sign),
            (cell(w * x), "" if x else "dim"),
            (cell(running), "" if x else "dim"),
        ]

    def _result_row(self, layer: LayerView, field: str) -> Row:
        unit = self._selection.unit
        if field == "sum":
            inputs, _labels = self._sources()
            assert layer.weight is not None
            value = float(inputs @ layer.weight[:, unit])
            return self._line("Σ", value, _("sum of the products"))
        if field == "b":
            assert layer.bias is not None
            return self._line("b", float(layer.bias[unit]), _("bias"))
        if field == "z":
            return self._line("z", float(layer.z[unit]), "Σ + b" if layer.bias is not None else "")
        if field == "delta":
            assert layer.delta is not None
            return self._line("δ", float(layer.delta[unit]), _("derivative of the loss by z"))
        return self._line("a", float(layer.a[unit]), _("{name} of z").format(name=layer.activation))

    @staticmethod
    def _line(name: str, value: float, note: str) -> Row:
        return [
            (f"{name:>3}", "strong"),
            (short(value, 8, sign=True), "strong"),
            (f"  {note}", "dim"),
        ]
