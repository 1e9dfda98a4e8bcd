"""Running lines on a bench, also while its network is trained in a thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from nnsim.i18n import _
from nnsim.lab.commands.table import Command, parse
from nnsim.lab.commands.training import epochs, trained
from nnsim.lab.training.live import PACES, Live, Snapshot

if TYPE_CHECKING:
    from nnsim.lab.lab import Lab
    from nnsim.lab.undo import UndoState

T = TypeVar("T")


class Runner:
    """Runs lines on a bench; ``train`` and ``until`` go on in a thread meanwhile.

    All of it is to be called from one thread. `poll` puts the latest of what is trained onto the
    bench; between two polls nothing changes there, except by commands.

    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.live: Live | None = None  # what trains now
        # Whether ``train`` and ``until`` keep to the pace too, and don't go as fast as they can.
        self.paces_commands = True
        self._flat_out = False  # what trains now
        # Where the stretch of training began that undo takes back.
        self._before: UndoState | None = None
        self._grown = self._counted = 0  # bytes of the timeline, and those that undo knows of

    def run(self, line: str, *, merge: bool = False) -> str:
        """Run a line, as `Lab.run` does; training goes on where that makes sense.

        Raises LabError with nothing changed, and training going on as before.
        """
        command, rest = parse(line, self.lab.commands)
        effect = self.lab.effect(command, rest)
        if effect == "starts":
            return self._train(command, rest)
        if self.live is not None and effect != "leaves":
            return self._run_between(line, pauses=effect == "pauses")
        if self.live is not None and command.changes:
            return self._run_aside(line, merge)
        message = self.lab.run(line, merge=merge)
        if effect != "leaves":  # a training that was paused, or went wrong, is not what is next
            self._tell(target=None, problem="")
        return message

    def start(self, target: int | None = None, *, flat_out: bool = False) -> None:
        """Train in a thread, to an epoch or without end; at the pace, or as fast as it goes.

        Raises LabError or EngineError where it can't be trained.
        """
        self.pause()
        lab = self.lab
        live = Live(
            lab.experiment,
            lab.trainer,
            lab.timeline,
            target,
            None if flat_out else lab.running.pace,
        )
        self._flat_out = flat_out
        self._grown = self._counted = 0
        self._before = lab.undo_state()
        self.live = live
        self._tell(on=True, target=target, steps_per_second=0.0, problem="")
        live.start()

    def toggle(self) -> None:
        """Train on, to the epoch that was asked for if there is one ahead; or pause."""
        if self.live is not None:
            self.pause()
            return
        target = self.lab.running.target
        self.start(target if target is not None and target > self.lab.trainer.epoch else None)

    def pause(self) -> None:
        if self.live is not None:
            self._take(self.live.stop())

    def poll(self) -> bool:
        """Put the latest of what is trained onto the bench; says whether anything has changed."""
        snapshot = None if self.live is None else self.live.poll()
        if snapshot is not None:
            self._take(snapshot)
        return snapshot is not None

    def wait(self, seconds: float) -> bool:
        if self.live is not None and self.live.wait(seconds):
            self.poll()
        return self.live is None

    def change_pace(self, by: int) -> None:
        place = PACES.index(self.lab.running.pace) + by
        self.set_pace(PACES[min(max(place, 0), len(PACES) - 1)])

    def set_pace(self, pace: int | None) -> None:
        self._tell(pace=pace)
        self._flat_out = False
        if self.live is not None:
            self.live.pace = pace

    def _train(self, command: Command, rest: str) -> str:
        """Start what ``train N`` or ``until N`` asks for, instead of what is running."""
        lab = self.lab
        epochs(lab, command.name, rest)  # refused while training goes on
        self._stopped_for(
            lambda: self.start(
                lab.trainer.epoch + epochs(lab, command.name, rest),
                flat_out=not self.paces_commands,
            )
        )
        return ""

    def _run_aside(self, line: str, merge: bool) -> str:
        """Run what doesn't touch the training; undo knows it as later than what was trained."""
        lab = self.lab
        if lab.joins(line, merge=merge):  # another stroke of the same drag: as if it was then
            message = lab.run(line, merge=merge)
            self._before = replace(self._started, view=lab.undo_state().view)
            return message
        known = lab.changes
        self._remember()
        try:
            message = lab.run(line, merge=merge)
        except ValueError:
            lab.forget(lab.changes - known)
            raise
        self._before = lab.undo_state()
        return message

    def _run_between(self, line: str, *, pauses: bool) -> str:
        """Stop, run what changes the training, and train on unless it `pauses` that."""
        assert self.live is not None
        target = self.live.until
        going, message = self._stopped_for(lambda: self.lab.run(line))
        if not going:
            return message
        if pauses:
            self._tell(target=None)
        problem = _("training is paused") if pauses else self._go_on(target)
        return f"{message} · {problem}" if problem else message

    def _stopped_for(self, act: Callable[[], T]) -> tuple[bool, T]:
        """Stop what trains, and do something; where that is refused, it was as if never stopped.

        Returns whether training was going on, and what `act` returns.
        """
        lab, live, before, known = self.lab, self.live, self._before, self.lab.changes
        self.pause()
        going = live is not None and lab.trainer.stopped == "interrupted"
        try:
            return going, act()
        except ValueError:
            if live is not None and going:
                lab.forget(lab.changes - known)
                self._go_on(live.until)
                self._before = before
            raise

    def _go_on(self, target: int | None) -> str:
        try:
            self.start(target, flat_out=self._flat_out)
        except ValueError as problem:
            return str(problem)
        return ""

    def _take(self, snapshot: Snapshot) -> None:
        """Put a snapshot of what trains now onto the bench; others are stale."""
        if self.live is None or snapshot.live != self.live.number:
            return
        lab = self.lab
        self._grown = snapshot.timeline.grown
        lab.take(snapshot, max(0, self._grown - self._counted))
        self._tell(steps_per_second=snapshot.steps_per_second)
        if snapshot.stopped is None:
            return
        self.live = None
        self._remember()
        lab.message = trained(lab)
        problem = lab.message if lab.diverged else ""
        if snapshot.stopped == "failed":
            problem = lab.message = _("training was stopped by an error: {problem}").format(
                problem=snapshot.problem
            )
        interrupted = snapshot.stopped == "interrupted"
        target = lab.running.target if interrupted else None
        self._tell(on=False, target=target, problem=problem)

    def _remember(self) -> None:
        lab, before = self.lab, self._started
        if lab.trainer.updates != before.training["updates"] or lab.diverged:
            done = lab.trainer.epoch - before.epoch
            lab.remember(before, f"train {done}" if done else "step", "train")
            self._counted = self._grown

    @property
    def _started(self) -> UndoState:
        assert self._before is not None
        return self._before

    def _tell(self, **changes: Any) -> None:
        self.lab.running = replace(self.lab.running, **changes)
