"""What the views of the Train panel have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nnsim.tui.widgets.rows import Row

if TYPE_CHECKING:
    from nnsim.lab import Lab

# Seconds that a view may compute at a time what it shows of past epochs.
WHILE_TRAINING, AT_REST = 0.002, 0.015


def slice_of(lab: Lab) -> float:
    """How long a view may compute now."""
    return WHILE_TRAINING if lab.running.on else AT_REST


class TrainView:
    """Rows that show something of training.

    `rows` draws again only where something it depends on has changed. Where `busy` says so, there
    is more to compute: it wants to be called again soon.
    """

    def __init__(self) -> None:
        self.busy = False
        self._key: Any = None
        self._rows: list[Row] = []
        self._held: Any = None

    def rows(self, lab: Lab, width: int, height: int) -> list[Row]:
        """Return what to show in so many cells."""
        key = (width, height, self.key(lab, width))
        # What is in the key by its id is held, so that nothing else can get the same id.
        self._held = (lab.metrics, lab.experiment.data, lab.network)
        if key != self._key:
            self._rows = self.draw(lab, width, height)
            self._key = key
        return self._rows

    def key(self, lab: Lab, width: int) -> Any:
        """What the picture depends on, beside its size; computes some of what is missing."""
        raise NotImplementedError

    def draw(self, lab: Lab, width: int, height: int) -> list[Row]:
        """Draw it."""
        raise NotImplementedError

    def scroll(self, by: int) -> bool:  # noqa: ARG002
        """Go on to what did not fit, by so many layers; says whether that was possible."""
        return False
