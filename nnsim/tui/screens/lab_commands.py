"""What a bench's screen does with commands: it runs them, and takes lines that are typed."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from textual.widget import Widget

from nnsim.i18n import _
from nnsim.lab import Lab
from nnsim.tui.key_queue import hold_keys
from nnsim.tui.screens.lab_training import TrainingScreen
from nnsim.tui.widgets.lines import StatusLine

if TYPE_CHECKING:
    from nnsim.lab.blanks import Blanks
    from nnsim.tui.widgets.blank_bar import BlankBar
    from nnsim.tui.widgets.command_bar import CommandBar


class CommandScreen(TrainingScreen):
    """A screen that runs the commands of a bench; subclasses show what came of them."""

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self.lab = lab
        self._lines: list[str] = []
        self._bar: CommandBar | None = None
        self._before_bar: Widget | None = None
        self._blanks: Blanks | None = None

    @abstractmethod
    def show(self, message: str | None = None, *, wrong: bool = False) -> None:
        """Bring the screen in line with the bench."""

    @abstractmethod
    def done(self, line: str, message: str) -> None:
        """Show what a command has done."""

    @property
    def hidden(self) -> frozenset[str]:
        """The addresses of the numbers that are hidden until they are worked out."""
        return frozenset() if self._blanks is None else frozenset(self._blanks.hidden)

    def execute(self, line: str, *, merge: bool = False) -> bool:
        """Run a command of the bench and show what came of it; say whether it was done."""
        network = self.lab.experiment.network
        try:
            message = self.run_line(line, merge=merge)
        except ValueError as problem:
            self.complain(str(problem))
            return False
        if self.lab.experiment.network is not network:  # (other data alone leaves it)
            self.call_later(self.recompose)
            self.call_after_refresh(self.on_mount)  # type: ignore[attr-defined]
        else:
            self.done(line, message)
        return True

    def complain(self, problem: str) -> None:
        """Say why something was refused: beside the line that was typed, if one was."""
        if self._bar is not None:
            self._bar.complain(problem)
        else:
            self.show(problem, wrong=True)

    def action_execute(self, line: str) -> None:
        """Run a command of the bench."""
        self.execute(line)

    def action_sample(self, by: int) -> None:
        """Go through the samples; they go round."""
        count = self.lab.sample_count
        if not count:
            self.show(_("this experiment has no samples"), wrong=True)
            return
        now = self.lab.sample
        place = (0 if by > 0 else count - 1) if now is None else (now + by) % count
        self.execute(f"sample {place + 1}")

    # The line in which something is typed -----------------------------------------------------

    def action_command(self, text: str = "") -> None:
        """Open the line for a command."""
        self.open_bar(text)

    def open_bar(self, text: str, setting: str = "") -> None:
        """Open a line for a command, or for the new value of a number."""
        from nnsim.tui.widgets.command_bar import CommandBar

        self._put_up(CommandBar(self._lines, text=text, setting=setting))

    def _put_up(self, bar: CommandBar) -> None:
        if self._bar is None:
            self._before_bar = self.focused
            self._bar = bar
            hold_keys(self)  # what is typed from here on is meant for the line
            self.mount(bar)

    def close_bar(self) -> None:
        """Take the line away; the keys go back to where they were."""
        if self._bar is not None:
            self._bar.remove()
            self._bar = None
        back = self._before_bar
        (back if back is not None and back.is_attached else self.query_one("#input")).focus()

    def on_command_bar_entered(self, message: CommandBar.Entered) -> None:
        """Run what was typed; what is refused can be mended."""
        message.stop()
        if self.execute(message.line):
            self.close_bar()

    def on_command_bar_closed(self, _message: CommandBar.Closed) -> None:
        """Go back to where the keys were; a number that was asked for is shown."""
        self.close_bar()
        if self.hidden and self._blanks is not None:
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
        self._put_up(BlankBar(address))
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
            return
        if verdict.right:
            self.close_bar()
            self.show(verdict.sentence)
        else:
            self.query_one(StatusLine).say(verdict.sentence, "", wrong=True)
