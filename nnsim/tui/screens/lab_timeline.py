"""Going along the timeline with the keys of a bench's screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.i18n import _

if TYPE_CHECKING:
    from nnsim.tui.screens.lab_commands import CommandScreen


def go_along(screen: CommandScreen, by: int) -> None:
    """Go so many kept epochs back or forward; several in a row are undone together."""
    from nnsim.lab.training.timeline import kept_epoch  # late: the first picture needs no curves

    epoch = kept_epoch(screen.lab.timeline.run, screen.lab.trainer, by)
    if epoch is not None:
        screen.execute(f"rewind {epoch}", merge=True)
    elif by < 0:
        screen.show(_("this is the first epoch of the run"))
    else:
        screen.show(_("this is the last epoch so far; t trains on"))
