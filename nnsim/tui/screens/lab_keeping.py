"""What the lab does about sessions: it saves them, and shows the place of an opened one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.i18n import _
from nnsim.tui.panels import DOORS, NUMBER

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.tui.screens.lab import LabScreen
    from nnsim.tui.sessions import Keeper


class Keeping:
    """Keeps the bench of a `LabScreen` in a file.

    What it takes to read and write one is imported when it is asked for.
    """

    def __init__(self, screen: LabScreen) -> None:
        self._screen = screen
        self._keeper: Keeper | None = None
        self._panel: int | None = None
        self._is_new = False  # opened from a file, and not shown yet
        self._lab: Lab | None = None

    def attach(self) -> None:
        """Let the command `save` of the bench that is on the screen come here."""
        lab = self._screen.lab
        if lab is not self._lab:  # a lesson has one bench after the other
            self._lab, lab.keep = lab, self._save
            if self._keeper is not None and self._keeper.lab is not lab:
                self._keeper = None

    @property
    def keeper(self) -> Keeper:
        """What writes the bench that is on the screen."""
        from nnsim.tui.sessions import Keeper

        self.attach()
        if self._keeper is None:
            self._keeper = Keeper(self._screen.lab)
        return self._keeper

    def opened(self, keeper: Keeper, panel: int | None) -> None:
        """Take a bench that was opened from a session file, where this panel was in sight."""
        self._keeper, self._panel, self._is_new = keeper, panel, True

    def begin(self) -> None:
        """Show the panel that was in sight, once the screen stands."""
        if not self._is_new:
            return
        self._is_new = False
        screen = self._screen
        if self._panel is not None:
            screen.action_panel(DOORS[self._panel - 1].id)
        epoch = screen.lab.trainer.epoch
        screen.show(_("opened as it was saved, at epoch {n}").format(n=epoch))

    @property
    def unsaved(self) -> str | None:
        """The file of the session, if something was changed since it was saved or opened."""
        keeper = self._keeper
        return keeper.file if keeper is not None and keeper.unsaved else None

    def save(self) -> None:
        """Save to the file of the session; without one, let the person type a name."""
        if self.keeper.file is not None:
            self._screen.execute("save")
        else:
            self._screen.open_bar(f"save {self.keeper.suggestion()}")

    def _save(self, name: str, over: bool) -> str:
        self.keeper.panel = NUMBER[self._screen.panels.chosen]
        return self.keeper.save(name, over)
