"""The panels of the bench, one row for each number key: the order here is that of the keys.

A panel's id is its folder here, the id of its widget and, in English, the word on its tab.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nnsim.i18n import N_

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.tui.panels.panel import Panel


@dataclass(frozen=True)
class Door:
    """How a number key leads to a panel."""

    id: str
    title: str
    make: Callable[[Lab], Panel]  # makes the panel for a bench; what it needs is imported then
    # whether it is made when it is first chosen. Such a panel may tell more than a lesson asks.
    late: bool = False
    tall: bool = False  # whether it takes the place of the network too


def _input(lab: Lab) -> Panel:
    from nnsim.tui.panels.input import input_panel

    return input_panel(lab)


def _network(_lab: Lab) -> Panel:
    from nnsim.tui.panels.network import NetworkDiagram

    return NetworkDiagram()


def _forward(_lab: Lab) -> Panel:
    from nnsim.tui.panels.walk import WalkPanel

    return WalkPanel("forward")


def _backward(_lab: Lab) -> Panel:
    from nnsim.tui.panels.walk import WalkPanel

    return WalkPanel("backward")


def _train(_lab: Lab) -> Panel:
    from nnsim.tui.panels.train import TrainPanel

    return TrainPanel()


def _data(_lab: Lab) -> Panel:
    from nnsim.tui.panels.data import DataPanel

    return DataPanel()


def _map(lab: Lab) -> Panel:
    from nnsim.tui.panels.map import map_panel

    return map_panel(lab)


def _starts(_lab: Lab) -> Panel:
    from nnsim.tui.panels.starts import StartsPanel

    return StartsPanel()


def _landscape(_lab: Lab) -> Panel:
    from nnsim.tui.panels.landscape import LandscapePanel

    return LandscapePanel()


DOORS = (
    Door("input", N_("Input"), _input),
    Door("network", N_("Network"), _network),
    Door("forward", N_("Forward"), _forward),
    Door("backward", N_("Backward"), _backward),
    Door("train", N_("Train"), _train, late=True),
    Door("data", N_("Data"), _data),
    Door("map", N_("Map"), _map, late=True, tall=True),
    Door("starts", N_("Starts"), _starts, late=True, tall=True),
    Door("landscape", N_("Landscape"), _landscape, late=True, tall=True),
)
BY_ID = {door.id: door for door in DOORS}
NUMBER = {door.id: number for number, door in enumerate(DOORS, start=1)}

TABBED = tuple(door.id for door in DOORS[1:])
"""Those that share one place where the terminal is narrow."""
LOWER = TABBED[1:]
"""Those that share the place below the network where it is wide."""
