"""What a bench's screen does about training: it starts and pauses it, and shows how it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, ClassVar

from nnsim.i18n import _
from nnsim.lab.training.live import unhurried
from nnsim.lab.training.runner import Runner
from nnsim.tui.screens.base import GuardedScreen, LineScreen
from nnsim.tui.screens.frame import StatusLine

if TYPE_CHECKING:
    from textual.timer import Timer

    from nnsim.lab import Lab
    from nnsim.lab.training.live import Live
    from nnsim.tui.screens.lab_showing import Showing

AT_ONCE = 0.03  # seconds in which training that was asked for may end before it is shown as running
READ = 3.0  # seconds that what a command has said is left to read


class Training:
    """The training of the bench of a screen, in a thread of its own."""

    POLL: ClassVar[float] = 0.1  # seconds between two looks at what is trained
    # Seconds that as many epochs as the experiment asks for take, until somebody chooses a pace:
    # flat out, a small network is past all that there is to see before one has looked up.
    UNHURRIED: ClassVar[float | None] = 5.0

    def __init__(
        self, screen: LineScreen, showing: Showing, show_training: Callable[[], None]
    ) -> None:
        self._screen, self._showing, self._show_training = screen, showing, show_training
        self._runner: Runner | None = None
        self._polls: Timer | None = None
        self._progress_said = self._heard = ""  # how training goes on; and what else was said last
        self._heard_at = 0.0

    @property
    def lab(self) -> Lab:
        return self._showing.lab

    @property
    def runner(self) -> Runner:
        """What runs commands on the bench."""
        runner, lab = self._runner, self.lab
        if runner is None or runner.lab is not lab:
            self._runner = Runner(lab)
            if runner is not None:  # another bench
                runner.pause()
                lab.running = replace(lab.running, pace=runner.lab.running.pace)
                self._runner.paces_commands = runner.paces_commands
            else:
                self._runner.paces_commands = self.UNHURRIED is None
        assert self._runner is not None
        return self._runner

    @property
    def live(self) -> Live | None:
        return None if self._runner is None else self._runner.live

    @property
    def pace(self) -> int | None:
        """Updates per second that are asked for, None for flat out."""
        return self.lab.running.pace

    def give_way(self) -> None:
        """Let training wait for a moment, while something is worked out for the screen."""
        if self.live is not None:
            self.live.give_way()

    def go_on(self) -> None:
        if self.live is not None:
            self.live.go_on()

    def settle_pace(self) -> None:
        """Take the pace that suits the experiment, unless somebody has chosen one."""
        if self.UNHURRIED is not None and not self.runner.paces_commands:
            lab = self.lab
            self.runner.set_pace(unhurried(lab.experiment, lab.trainer, self.UNHURRIED))

    def run_line(self, line: str, *, merge: bool = False) -> str:
        """Run a line on the bench; returns what was done, nothing where training has begun."""
        message = self.runner.run(line, merge=merge)
        if not message:
            self.runner.wait(AT_ONCE)
        self._look_on()
        return message

    def toggle(self) -> None:
        """Train, until it is paused or the epoch comes that was asked for; or pause."""
        try:
            self.runner.toggle()
        except ValueError as problem:
            self._screen.complain(str(problem))
            return
        self._look_on()
        self.show_state(at_once=True)

    def stop(self) -> None:
        """Pause, if anything is running."""
        if self.live is not None:
            self.runner.pause()
            self._look_on()
            self.show_state()

    def change_pace(self, by: int) -> None:
        """Train slower or faster by so many places."""
        from nnsim.tui.panels.train.settings import pace_of

        self.runner.paces_commands = True
        self.runner.change_pace(by)
        self._screen.show(pace_of(self.lab))

    def end(self) -> None:
        """Leave no thread behind."""
        if self.live is not None:
            self.live.stop()

    def _look_on(self) -> None:
        """Look at what is trained every now and then, as long as anything is."""
        screen = self._screen
        if self.live is None:
            if self._polls is not None:
                self._polls.stop()
                self._polls = None
        elif self._polls is None:
            # (In turn with the screen's messages: not while it makes its widgets anew.)
            self._polls = screen.set_interval(self.POLL, lambda: screen.call_later(self._poll))

    def _poll(self) -> None:
        above = self._screen.app.screen
        if above is not self._screen and isinstance(above, GuardedScreen):  # no help, no palette
            self.runner.pause()
        if self.live is not None and self.runner.poll():
            self.show_state()
        self._look_on()

    def show_state(self, *, at_once: bool = False) -> None:
        """Show how training goes on, or where it has led.

        What a command has said meanwhile is left to be read, unless it is to be shown `at_once`.
        """
        screen = self._screen
        if self.live is None:
            screen.show(self.lab.message, wrong=bool(self.lab.running.problem))
            return
        self.give_way()
        self._show_training()
        self.go_on()
        line, now = screen.query_one(StatusLine), monotonic()
        if line.text not in (self._progress_said, self._heard):
            self._heard, self._heard_at = line.text, now
        if at_once or line.text == self._progress_said or now - self._heard_at > READ:
            self._progress_said, self._heard = self._progress(), ""
            line.say(self._progress_said, self._showing.readout())
        else:
            line.number(self._showing.readout())

    def _progress(self) -> str:
        lab = self.lab
        epoch, target = lab.trainer.epoch, lab.running.target
        if target is None:
            return _("training: epoch {n}; Esc stops").format(n=epoch)
        return _("training: epoch {n} of {target}; Esc stops").format(n=epoch, target=target)
