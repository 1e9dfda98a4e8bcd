"""The base of the editors of what the network reads, one for each kind of input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widget import Widget

if TYPE_CHECKING:
    from nnsim.lab import Lab


class InputEditor(Widget):
    """Panel 1 of the lab."""

    def show_input(self, lab: Lab, marked: frozenset[int]) -> None:
        """Show what stands on the input; `marked` is what the step of a walk looks at."""
        raise NotImplementedError

    @property
    def chosen_input(self) -> int:
        """The input, counted from 0, that the keys for *why* and *edit* are about."""
        raise NotImplementedError
