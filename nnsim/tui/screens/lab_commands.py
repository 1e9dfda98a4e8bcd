"""What a bench's screen does with commands: it runs them, and takes lines that are typed."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from textual.widget import Widget

from nnsim.i18n import _
from nnsim.lab import Lab
from nnsim.lab.hiding import NOTHING, Hidden
from nnsim.tui.key_queue import release_keys
from nnsim.tui.screens.lab_data import DataWork
from nnsim.tui.screens.lab_training import TrainingScreen
from nnsim.tui.widgets.lines import StatusLine

if TYPE_CHECKING:
    from nnsim.lab.blanks import Blanks
    from nnsim.tui.widgets.blank_bar import BlankBar


class CommandScreen(TrainingScreen):
    """A screen that runs the commands of a bench; subclasses show what came of them."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self.lab = lab
        self._blanks: Blanks | None = None
        self.data_work = DataWork(self)

    @abstractmethod
    def done(self, line: str, message: str) -> None:
        """Show what a command has done."""

    @property
    def hidden(self) -> Hidden:
        """The numbers that are hidden until they are worked out."""
        if self._blanks is None:
            return NOTHING
        return Hidden(frozenset(self._blanks.hidden), self.lab.names)

    def execute(self, line: str, *, merge: bool = False) -> bool:
        """Run a command of the bench and show what came of it; say whether it was done."""
        if self.data_work.takes(line):
            return self.data_work.begin(line)
        return self.run_command(line, merge=merge)

    def run_command(self, line: str, *, merge: bool = False) -> bool:
        """Do so at once."""
        network = self.lab.experiment.network
        try:
            message = self.run_line(line, merge=merge)
        except ValueError as problem:
            self.complain(str(problem))
            return False
        if self.lab.experiment.network is not network:  # (other data alone leaves it)
            if self.bar is not None:  # it goes with the widgets
                self.close_bar()
            self.call_later(self.recompose)
            self.call_after_refresh(self.on_mount)  # type: ignore[attr-defined]
        elif message:
            self.done(line, message)
        else:
            self.show_state(at_once=True)
        return True

    def action_sample(self, by: int) -> None:
        """Go through the samples; they go round."""
        count = self.lab.sample_count
        if not count:
            self.show(_("this experiment has no samples"), wrong=True)
            return
        now = self.lab.sample
        place = (0 if by > 0 else count - 1) if now is None else (now + by) % count
        self.execute(f"sample {place + 1}")

    def bench_widget(self) -> Widget:
        """The input."""
        return self.query_one("#input")

    def on_command_bar_closed(self) -> None:
        """A number that was asked for is shown, where the learner gave up."""
        if self._blanks is not None and self._blanks.hidden:
            self._blanks.hidden.clear()
            self.show(_("shown; b asks for it again"))

    # Blanks -----------------------------------------------------------------------------------

    def ask_for(self, address: str) -> None:
        """Hide a number and take answers, until one is right or the learner gives up."""
        from nnsim.lab.blanks import Blanks
        from nnsim.tui.widgets.blank_bar import BlankBar

        if self._blanks is None:
            self._blanks = Blanks()
        kind = self.lab.names.resolve(address).kind
        if kind in ("input", "target", "w", "b", "learning_rate", "l2", "gamma", "beta"):
            text = _("{address} is given, not worked out; choose a result and press b")
            self.show(text.format(address=address), wrong=True)
            return
        try:
            self._blanks.hide(self.lab, address)
        except ValueError as problem:
            self.show(str(problem), wrong=True)
            return
        self.put_up(BlankBar(address))
        self.show(_("{address} is hidden: work it out").format(address=address))

    def on_blank_bar_answered(self, message: BlankBar.Answered) -> None:
        """Check an answer; say what is wrong with it, or show the number."""
        from nnsim.lab.commands import number

        message.stop()
        assert self._blanks is not None
        try:
            verdict = self._blanks.answer(self.lab, message.address, number(message.answer))
        except ValueError as problem:
            self.complain(str(problem))
            release_keys(self)
            return
        if verdict.right:
            self.close_bar()
            self.show(verdict.sentence)
        else:
            self.query_one(StatusLine).say(verdict.sentence, "", wrong=True)
            release_keys(self)
