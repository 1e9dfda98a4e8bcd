"""The one contract of all panels: they are shown a scene, and ask for commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.widget import Widget

from nnsim.lab.hiding import NOTHING, Hidden

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.hiding import NetworkView, Selection


@dataclass(frozen=True, eq=False)
class Scene:
    """What there is to show, at one moment."""

    lab: Lab  # the bench. Panels read it and never change it: they ask for commands.
    view: NetworkView  # the network with its numbers; those that are hidden are marked
    selection: Selection  # the unit or weight that was looked at last
    hidden: Hidden = NOTHING  # the numbers that must not be told yet, nor what would give them away
    away: bool = False  # whether the person went elsewhere since the last step of the walk
    # whether what is in use goes backward, so that wires and cells carry gradients
    backward: bool = False
    marked: frozenset[int] = frozenset()  # the inputs that the step of the walk looks at


class Panel(Widget, can_focus=True):
    """A panel of the bench.

    The screen calls `show` for every panel in sight whenever anything on the bench has changed
    (while training about ten times a second). A panel keeps the scene and updates its rows; it may
    be shown a scene before it knows its size.
    """

    class Asked(Message):
        """The person asked for a command of the bench."""

        def __init__(self, command: str, *, merge: bool = False, paused: bool = False) -> None:
            self.command = command
            self.merge = merge  # to be undone together with the one before it
            self.paused = paused  # whether training is to stop before, and stay so
            super().__init__()

    class AskedWhy(Message):
        """The person asked why the number at an address is what it is."""

        def __init__(self, address: str) -> None:
            self.address = address
            super().__init__()

    class AskedLine(Message):
        """The person wants to type a command that begins like this."""

        def __init__(self, text: str) -> None:
            self.text = text
            super().__init__()

    scene: Scene | None = None

    def show(self, scene: Scene) -> None:
        """Show how the bench stands now."""
        raise NotImplementedError

    def address(self) -> str | None:
        """The number under the cursor, for the keys that ask why; None where there is none."""
        return None

    def edits(self) -> str | None:
        """What the key that edits changes here; None where that is up to what is looked at."""
        return None
