"""Panel 7, the map: which one it is depends on the kind of input."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.tui.panels.panel import Panel


def map_panel(lab: Lab) -> Panel:
    kind = lab.experiment.input.kind
    if kind == "point":
        from nnsim.tui.panels.input.plane import PlaneInput

        return PlaneInput()
    if kind == "number":
        from nnsim.tui.panels.input.number import NumberInput

        return NumberInput()
    from nnsim.lab.reading.beliefs import can_list

    if can_list(lab.experiment):
        from nnsim.tui.panels.map.forms import MapPanel

        return MapPanel()
    from nnsim.tui.panels.map.images import ImagesPanel

    return ImagesPanel()
