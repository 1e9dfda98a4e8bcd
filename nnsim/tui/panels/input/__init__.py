"""The Input panel: one for each kind of input, and the bars of what the network says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.tui.panels.panel import Panel


def input_panel(lab: Lab) -> Panel:
    """Return the panel for the kind of input of a bench."""
    given = lab.experiment.input
    if given.kind == "pixels":
        from nnsim.tui.panels.input.pixels import PixelGrid

        return PixelGrid(given.shape)
    if given.kind == "point":
        from nnsim.tui.panels.input.plane import PlaneInput

        return PlaneInput()
    if given.kind == "number":
        from nnsim.tui.panels.input.number import NumberInput

        return NumberInput()
    if given.kind == "vector":
        from nnsim.tui.panels.input.vector import VectorInput

        return VectorInput(lab.names.input_labels)
    raise ValueError(f"no panel for inputs of the kind {given.kind}")
