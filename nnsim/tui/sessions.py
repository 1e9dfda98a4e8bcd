"""Session files: opening one, saving a bench to one, and what the lab's screen does about them."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from nnsim.i18n import _
from nnsim.lab import LabError
from nnsim.tui.panels import DOORS, NUMBER

if TYPE_CHECKING:
    from nnsim.lab import Lab
    from nnsim.lab.session import Mark, Opened
    from nnsim.tui.screens.lab import LabScreen


def open_session(name: str) -> Opened:
    """Return the bench of a session file.

    Raises
    ------
    ExperimentError
        If it can't be read, or is no sound session: ``file: what is wrong``.
    """
    from nnsim.experiments import load
    from nnsim.experiments.files import read_bytes
    from nnsim.lab.session import LARGEST, unpack

    return unpack(read_bytes(Path(name), LARGEST), name, load=load)


class Keeper:
    """Saves a bench, the first time to a new file and from then on to the same.

    Parameters
    ----------
    file : str, optional
        The file that the bench was opened from.

    Attributes
    ----------
    panel : int or None
        The panel that is in sight, to be saved with it.
    """

    def __init__(self, lab: Lab, file: str | None = None) -> None:
        self.lab = lab
        self._file = file
        # Stays the same while data change, and is another one where an experiment is opened anew.
        self._network = lab.experiment.network
        self._mark = self._now() if file is not None else None
        self.panel: int | None = None

    def _now(self) -> Mark:
        from nnsim.lab.session import Mark

        return Mark.of(self.lab)

    @property
    def file(self) -> str | None:
        """The file of the bench, if it has one; an experiment that was opened since has none."""
        return self._file if self.lab.experiment.network is self._network else None

    @property
    def unsaved(self) -> bool:
        """Whether anything was trained or changed since it was opened or saved."""
        return self.file is not None and self._now() != self._mark

    def suggestion(self) -> str:
        """A name for a new file, in this folder."""
        from nnsim.lab.session import SUFFIX

        known = "".join(c if c.isalnum() or c in "-_." else "-" for c in self.lab.experiment.id)
        stem = known.strip(".-")[:60] or "session"
        names = [stem, *(f"{stem}-{number}" for number in range(2, 1000))]
        return next((n + SUFFIX for n in names if not Path(n + SUFFIX).exists()), stem + SUFFIX)

    def save(self, name: str, over: bool = False) -> str:
        """Save the bench and say where it is.

        Parameters
        ----------
        name : str
            A file; without an ending it gets one. ``""`` is the file of the bench.
        over : bool
            Write even over a file that is not the bench's own.

        Raises
        ------
        LabError, ExperimentError
            If it can't be written; whatever was there is untouched then.
        """
        from nnsim.experiments.files import write_file
        from nnsim.lab.session import SUFFIX, pack

        if not name and self.file is None:
            problem = _("it was not saved before; give a name: save {file}")
            raise LabError(problem.format(file=self.suggestion()))
        name = name or self.file or ""
        if not Path(name).suffix and Path(name).name and not _is_there(name):
            name += SUFFIX
        own = self.file is not None and _are_one(name, self.file)
        if not own and not over and _is_there(name):
            problem = _("{file} is there already; save {file} ! writes over it")
            raise LabError(problem.format(file=name))
        content = pack(self.lab, panel=self.panel)
        write_file(name, content, new=not own and not over)
        self._file, self._network = name, self.lab.experiment.network
        self._mark = self._now()
        said = _("saved, {size}; nnsim {file} opens it").format(
            size=_size(len(content)), file=shlex.quote(name)
        )
        if self.lab.circuit is not None:
            said += _(" (the circuit is not kept)")
        return said


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 10**6 else f"{max(1, round(count / 1000))} kB"


def _is_there(name: str) -> bool:
    try:
        path = Path(name).expanduser()
        return os.path.lexists(path) and not path.is_dir()
    except (OSError, ValueError, RuntimeError):
        return False  # writing will say what is wrong with the name


def _are_one(name: str, other: str) -> bool:
    try:
        paths = [os.path.normcase(Path(n).expanduser().resolve()) for n in (name, other)]
    except (OSError, ValueError, RuntimeError):
        return False
    return paths[0] == paths[1]


class Keeping:
    """Keeps the bench of a `LabScreen` in a file.

    What it takes to read and write one is imported when it is asked for: it is seen late.
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
