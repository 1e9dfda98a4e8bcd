"""The base of the panels that show something of the bench and ask it for commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message
from textual.widget import Widget

if TYPE_CHECKING:
    from nnsim.lab import Lab


class BenchPanel(Widget, can_focus=True):
    """A panel of the lab.

    The screen calls `show` whenever something on the bench has changed and the panel is in sight,
    while training about ten times a second; a panel redraws only what is different now. It may be
    called before the panel knows its size: what depends on that is drawn again on a resize.
    """

    class Asked(Message):
        """The person asked for a command of the bench."""

        def __init__(self, command: str, *, merge: bool = False) -> None:
            self.command = command
            self.merge = merge  # to be undone together with the one before it
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

    def show(self, lab: Lab) -> None:
        """Show how the bench stands now."""
        raise NotImplementedError

    def address(self) -> str | None:
        """The number under the cursor, for the key that asks why; None where there is none."""
        return None
