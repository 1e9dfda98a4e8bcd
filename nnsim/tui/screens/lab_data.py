"""What a bench's screen does with files of data, and with what is added to the data.

Files are read and written in a thread, so that the screen goes on; the bench itself is only touched
when that is done, by the command that was typed.
"""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

from nnsim.i18n import _
from nnsim.lab.commands.data import file_name
from nnsim.lab.commands.table import parse
from nnsim.tui.screens.frame import StatusLine

if TYPE_CHECKING:
    from textual.timer import Timer

    from nnsim.experiments import DataSet, Experiment
    from nnsim.tui.screens.lab import LabScreen

COMMANDS = ("loaddata", "savedata")
AT_ONCE = 0.05  # seconds in which most files are read or written, so that nothing else is said
POLL = 0.1


class Stopped(Exception):  # noqa: N818 (it is no error)
    """Somebody asked to stop."""


class Work:
    """A file that is read, or written, in a thread.

    Parameters
    ----------
    line : str
        ``loaddata FILE`` or ``savedata FILE``.
    experiment : Experiment
        Whose network takes the data, or whose data are written.

    Attributes
    ----------
    result : DataSet, str or ValueError
        What came of it, when it is done.
    count : int
        Samples read so far.
    """

    def __init__(self, line: str, experiment: Experiment) -> None:
        command, rest = parse(line)
        self.line, self.loads = line, command.name == "loaddata"
        self.name, self._overwrite = file_name(rest, command.name)
        self.experiment, self.count, self.stopped = experiment, 0, False
        self.result: DataSet | str | ValueError | None = None
        self._thread = Thread(target=self._run, daemon=self.loads)

    def start(self) -> None:
        self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait that long at most; say whether it is done."""
        self._thread.join(seconds)
        return self.done

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def _run(self) -> None:
        from nnsim.experiments.data_files import DataFiles

        files = DataFiles(noted=self._note)
        try:
            if self.loads:
                self.result = files.read(self.name, self.experiment)
            else:
                self.result = files.write(self.name, self.experiment, overwrite=self._overwrite)
        except Stopped:
            self.result = ValueError(_("reading was stopped; the data is as it was"))
        except MemoryError:
            self.result = ValueError(
                _("{file}: there is not enough memory for it").format(file=self.name)
            )
        except ValueError as problem:
            self.result = problem

    def _note(self, count: int) -> None:
        self.count = count
        if self.stopped:
            raise Stopped

    def said(self) -> str:
        if not self.loads:
            return _("writing {file} …").format(file=self.name)
        if self.count:
            return _("reading {file}: {count} samples; Esc stops").format(
                file=self.name, count=self.count
            )
        return _("reading {file} … Esc stops").format(file=self.name)

    # What the bench's commands find when the work is done (see `nnsim.lab.lab.DataFiles`).

    def read(self, name: str, experiment: Experiment) -> DataSet:  # noqa: ARG002
        if isinstance(self.result, ValueError):
            raise self.result
        if experiment.network.outputs != self.experiment.network.outputs or (
            experiment.input != self.experiment.input
            or experiment.classes != self.experiment.classes
        ):
            raise ValueError(_("another experiment came onto the bench while the file was read"))
        assert not isinstance(self.result, str)
        assert self.result is not None
        return self.result

    def write(self, name: str, experiment: Experiment, *, overwrite: bool = False) -> str:  # noqa: ARG002
        if isinstance(self.result, ValueError):
            raise self.result
        return str(self.result)


class DataWork:
    """Files of data on a bench's screen, one at a time."""

    def __init__(self, screen: LabScreen) -> None:
        self._screen = screen
        self._work: Work | None = None
        self._timer: Timer | None = None

    @property
    def busy(self) -> bool:
        """Whether a file is being read or written."""
        return self._work is not None

    def takes(self, line: str) -> bool:
        """Whether a line is about a file of data."""
        return line.split()[:1] in ([name] for name in COMMANDS)

    def begin(self, line: str) -> bool:
        """Read or write; say whether the line was taken."""
        if self._work is not None:
            self._screen.complain(self._work.said())
            return False
        try:
            self._work = Work(line, self._screen.lab.experiment)
        except ValueError as problem:
            self._screen.complain(str(problem))
            return False
        self._work.start()
        if self._work.wait(AT_ONCE):
            return self._end()
        self._say()
        self._timer = self._screen.set_interval(POLL, self._poll)
        return True

    def stop(self) -> None:
        """Give up reading; the data stays as it is."""
        if self._work is not None:
            self._work.stopped = True

    def _poll(self) -> None:
        if self._work is not None and not self._work.done:
            self._say()
            return
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self._work is not None:
            self._end()

    def _say(self) -> None:
        assert self._work is not None
        self._screen.query_one(StatusLine).say(self._work.said(), "")

    def _end(self) -> bool:
        """Let the bench have what came of it, by the command itself."""
        work, self._work = self._work, None
        assert work is not None
        lab = self._screen.lab
        before, lab.files = lab.files, work
        try:
            return self._screen.run_command(work.line)
        finally:
            lab.files = before


def add_sample(screen: LabScreen) -> None:
    """Add the input to the data: at once where the bench says what it is, else that is typed."""
    if screen.lab.target is not None:
        screen.execute("add")
    else:
        screen.action_command(f"add {screen.lab.suggestion()}")
