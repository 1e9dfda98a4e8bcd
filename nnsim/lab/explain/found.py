"""What the modules of this package find out about a number, before its address and value."""

from __future__ import annotations

from dataclasses import dataclass

from nnsim.lab.explain.arithmetic import Node


@dataclass(frozen=True)
class Found:
    """The parts of an `Explanation` that depend on what kind of number it is."""

    name: str
    symbol: str
    formula: str
    arithmetic: Node
    roles: tuple[str, ...] = ()
    upstream: Node | None = None
    local: Node | None = None
    note: str = ""
    chosen_by: tuple[str, ...] = ()
    gate: str = ""
