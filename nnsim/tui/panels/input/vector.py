"""The input editor for a few named numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.geometry import Size

from nnsim.i18n import N_
from nnsim.tui.draw.lines import Row, Table
from nnsim.tui.draw.numbers import short
from nnsim.tui.draw.text import cut
from nnsim.tui.panels.panel import Panel, Scene

if TYPE_CHECKING:
    pass

MOST_LINES = 12


class VectorInput(Table, Panel):
    """Named fields, one to a line; left and right nudge, e types a number."""

    BINDING_GROUP_TITLE = N_("Input")
    HELP = N_(
        "The numbers that the network reads. Up and down choose one, left and right (or - and +) "
        "nudge it by a tenth, e types it."
    )
    DEFAULT_CSS = "VectorInput { height: auto; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h,minus", "nudge(-1)", N_("Less"), id="vector.less",
                tooltip=N_("A tenth less")),
        Binding("right,l,plus", "nudge(1)", N_("More"), id="vector.more",
                tooltip=N_("A tenth more")),
    ]  # fmt: skip

    def __init__(self, labels: tuple[str, ...], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.labels = labels
        self.values: NDArray[np.float64] = np.zeros(len(labels))
        self.marked: frozenset[int] = frozenset()

    def show(self, scene: Scene) -> None:
        if scene.lab.input.size == len(self.labels):  # else another's panel is on its way
            self.values, self.marked = scene.lab.input.reshape(-1).copy(), scene.marked
        self.update()

    def address(self) -> str | None:
        return f"input[{self.cursor + 1}]"

    def edits(self) -> str | None:
        return self.address()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        return min(len(self.labels), MOST_LINES)

    def row_count(self) -> int:
        return len(self.labels)

    def row(self, index: int) -> Row:
        width = min(12, max(cell_len(label) for label in self.labels))
        mark = "▸" if index in self.marked else " "
        return [
            (f"{mark}{cut(self.labels[index], width)} ", "strong" if mark != " " else "dim"),
            (short(float(self.values[index]), 9), "strong"),
        ]

    def action_nudge(self, by: int) -> None:
        value = round(float(self.values[self.cursor]) + by * 0.1, 10)
        self.post_message(self.Asked(f"set input[{self.cursor + 1}] {value:.10g}"))
