"""Session files: opening one, and saving the bench of a screen to one."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from nnsim.i18n import _
from nnsim.lab import LabError
from nnsim.lab.session import LARGEST, SUFFIX, Mark, Opened, pack, unpack

if TYPE_CHECKING:
    from nnsim.lab import Lab


def open_session(name: str) -> Opened:
    """Return the bench of a session file.

    Raises
    ------
    ExperimentError
        If it can't be read, or is no sound session: ``file: what is wrong``.
    """
    from nnsim.experiments import load
    from nnsim.experiments.files import read_bytes

    return unpack(read_bytes(Path(name), LARGEST), name, load=load)


class Keeper:
    """Saves a bench, the first time to a new file and from then on to the same.

    Parameters
    ----------
    lab : Lab
    file : str, optional
        The file that the bench was opened from.

    Attributes
    ----------
    lab : Lab
    panel : int or None
        The panel that is in sight, to be saved with it.
    """

    def __init__(self, lab: Lab, file: str | None = None) -> None:
        self.lab = lab
        self._file = file
        # Stays the same while data change, and is another one where an experiment is opened anew.
        self._network = lab.experiment.network
        self._mark = Mark.of(lab) if file is not None else None
        self.panel: int | None = None

    @property
    def file(self) -> str | None:
        """The file of the bench, if it has one; an experiment that was opened since has none."""
        return self._file if self.lab.experiment.network is self._network else None

    @property
    def unsaved(self) -> bool:
        """Whether anything was trained or changed since it was opened or saved."""
        return self.file is not None and Mark.of(self.lab) != self._mark

    def suggestion(self) -> str:
        """A name for a new file, in this folder."""
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
        self._mark = Mark.of(self.lab)
        said = _("saved, {size}; nnsim {file} opens it").format(
            size=_size(len(content)), file=shlex.quote(name)
        )
        if self.lab.circuit is not None:
            said += _(" (the circuit is not kept)")
        return said


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 10**6 else f"{max(1, round(count / 1000))} kB"


def _is_there(name: str) -> bool:
    """Whether there is something of this name that is no folder."""
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
