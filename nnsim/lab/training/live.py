"""Training in a thread, on a copy of the bench's network, in snapshots that never change.

The bench itself is touched by one thread only: whoever drives it (`nnsim.lab.training.runner`) asks
a `Live` for its latest snapshot now and then, and puts that onto the bench.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Any

from nnsim.i18n import _
from nnsim.lab.errors import LabError
from nnsim.lab.reading.metrics import Metrics, measure
from nnsim.lab.training import surgery
from nnsim.lab.training.timeline import Recorder, Timeline

if TYPE_CHECKING:
    from nnsim.engine import Trainer
    from nnsim.experiments import Experiment

# Updates per second; None is as fast as it goes.
PACES: tuple[int | None, ...] = (1, 2, 5, 10, 30, 100, 1000, None)


@dataclass(frozen=True, slots=True)
class Running:
    """How training goes on (`Lab.running`)."""

    on: bool = False  # whether the bench is being trained now
    # updates per second that are asked for, one of `PACES`; None for flat out
    pace: int | None = None
    # the epoch at which training stops, or at which it would have where it was paused; None
    # without end
    target: int | None = None
    # updates per second as measured, of the last stretch of training where it is over
    steps_per_second: float = 0.0
    problem: str = ""  # why training stopped by itself before its end, in a sentence; else nothing


def unhurried(experiment: Experiment, trainer: Trainer, seconds: float) -> int | None:
    """The pace at which the experiment's epochs take about so many seconds, or a little less."""
    batch = trainer.batch_size or experiment.data.count
    updates = experiment.training.epochs * -(-experiment.data.count // max(1, batch))
    return next((pace for pace in PACES if pace is None or pace * seconds >= updates), None)


# Seconds that stopping waits: for the end of the epoch, and then for that of the update.
EPOCH_ENDS, UPDATE_ENDS = 0.05, 0.3
# The speed is that of about the last second.
SPEED_OVER = 1.0
# Seconds that training gives way to a key, or to a picture that is drawn; and in which a snapshot
# that was asked for comes, where updates are rarer.
MOMENT = 0.05
# How much longer than a snapshot takes it trains before the next one.
MEASURING = 4
# How far behind its pace training may catch up, in seconds.
CATCH_UP = 0.1
# Seconds after which a thread that computes lets others have their turn (Python's own: 0.005).
TURN = 0.001

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Where training stood at one time."""

    live: int  # the number of the `Live` that it comes from
    epoch: int
    updates: int
    state: dict[str, Any]  # what `Trainer.restore` takes
    timeline: Timeline  # with the epochs that were kept on the way
    steps_per_second: float = 0.0  # updates per second of late
    # how well the network reads its data; not in the last snapshot, which waits for nothing
    metrics: Metrics | None = None
    # "finished", "diverged", "interrupted" or "failed"; None while it goes on
    stopped: str | None = None
    problem: str = ""  # what went wrong, where it failed


class Live:
    """One stretch of training in a thread of its own.

    Experiment, trainer and timeline are those of the bench whose training goes on here; they are
    only read, and only now. It stops at the epoch `until`, and keeps to a `pace` in updates per
    second, if there is one.

    Raises LabError or EngineError where there is nothing to train on, units are muted, or the
    network can't be trained.
    """

    def __init__(
        self,
        experiment: Experiment,
        trainer: Trainer,
        timeline: Timeline,
        until: int | None = None,
        pace: int | None = None,
    ) -> None:
        surgery.refuse_muted(trainer.network, _("training"))
        data = experiment.data
        if not data.count:
            raise LabError(_("this experiment has no data to train on"))
        self.number = next(_numbers)
        self.until = until
        self._trainer = trainer.twin()
        epochs = experiment.training.epochs if until is None else until - trainer.epoch
        self._experiment = experiment
        self._samples = self._trainer.begin(data.inputs, data.targets, max(1, epochs))
        self._recorder = Recorder(timeline, self._trainer)
        self._pace = pace
        self._due = self._next = 0.0
        self._times: deque[tuple[float, int]] = deque()
        self._stop = self._asked = False
        self._wake, self._way = threading.Event(), threading.Event()
        self._way.set()
        self._way_until = 0.0
        self._snapshot = self._seen = self._take()
        self._thread = threading.Thread(target=self._work, name="nnsim training", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def poll(self) -> Snapshot | None:
        if self._asked and self._pace is None:
            self._trainer.interrupt()  # a long epoch: the next one comes out of its midst
        self._asked = True
        latest = self._snapshot
        if latest is self._seen:
            return None
        self._seen = latest
        return latest

    @property
    def pace(self) -> int | None:
        """Updates per second, None for as many as it can; to be changed at any time."""
        return self._pace

    @pace.setter
    def pace(self, pace: int | None) -> None:
        self._pace = pace
        self._trainer.interrupt()
        self._wake.set()

    def give_way(self, seconds: float = MOMENT) -> None:
        """Wait after this update, so that whoever calls has the processor until `go_on`.

        (Two threads of Python that compute at the same time both take twice as long.)
        """
        self._way_until = perf_counter() + seconds
        self._way.clear()

    def go_on(self) -> None:
        """Go on after `give_way`; after its time training goes on in any case."""
        self._way.set()

    def wait(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def stop(self) -> Snapshot:
        """End training, and return where it stands.

        An epoch is finished if its end is near, the update in any case, unless that takes long:
        it is dropped then, and the thread ends by itself.
        """
        self._stop = True
        self._wake.set()
        self._way.set()
        if not self.wait(EPOCH_ENDS):
            self._trainer.interrupt()
            self.wait(UPDATE_ENDS)
        latest = self._snapshot
        return latest if latest.stopped else replace(latest, stopped="interrupted")

    def _work(self) -> None:
        with short_turns():
            try:
                stopped = self._train()
                latest = replace(self._take(), stopped=stopped)
            except Exception as error:
                # Whatever it is, it is said on the screen, and the bench stays where it was.
                problem = f"{type(error).__name__}: {error}" if str(error) else repr(error)
                latest = replace(self._snapshot, stopped="failed", problem=problem)
            self._snapshot = latest

    def _train(self) -> str:
        trainer, samples, recorder = self._trainer, self._samples, self._recorder
        advance, note, way = trainer.advance, recorder.note, self._way
        until = sys.maxsize if self.until is None else self.until
        self._due = perf_counter()
        while not self._stop:
            if trainer.epoch >= until:
                return "finished"
            if self._asked and perf_counter() >= self._next:
                self._asked = False
                self._snapshot = self._measured()
            if self._pace is None:
                stopped = advance(samples)
            elif self._is_due(self._pace):
                stopped = advance(samples, 1)
            else:
                continue
            if stopped in (None, "early") and not trainer.position:
                note()
            if stopped in ("diverged", "early"):
                return stopped
            if not way.is_set():
                way.wait(max(0.0, self._way_until - perf_counter()))
                way.set()
        return "interrupted"

    def _is_due(self, pace: int) -> bool:
        """Wait for the next update, for a moment at most; says whether its time has come."""
        now = perf_counter()
        self._due = min(max(self._due, now - CATCH_UP), now + 1 / pace)
        left = self._due - now
        if left > 0 and (self._wake.wait(min(left, MOMENT)) or left > MOMENT):
            self._wake.clear()
            return False
        self._due += 1 / pace
        return True

    def _measured(self) -> Snapshot:
        start = perf_counter()
        metrics = measure(self._trainer.network, self._experiment)
        taken = replace(self._take(), metrics=metrics)
        now = perf_counter()
        self._next = now + MEASURING * (now - start)
        return taken

    def _take(self) -> Snapshot:
        trainer = self._trainer
        return Snapshot(
            self.number,
            trainer.epoch,
            trainer.updates,
            trainer.state(),
            self._recorder.timeline(),
            self._speed(),
        )

    def _speed(self) -> float:
        times, now = self._times, (perf_counter(), self._trainer.updates)
        times.append(now)
        while len(times) > 2 and now[0] - times[1][0] >= SPEED_OVER:
            times.popleft()
        seconds, updates = now[0] - times[0][0], now[1] - times[0][1]
        return updates / seconds if seconds else 0.0


_turns = threading.Lock()
_taking_turns = 0
_usual_turn = 0.0


@contextmanager
def short_turns() -> Iterator[None]:
    """Let the thread of keys and screen have its turn sooner, as long as anything trains."""
    global _taking_turns, _usual_turn
    with _turns:
        if not _taking_turns:
            _usual_turn = sys.getswitchinterval()
            sys.setswitchinterval(TURN)
        _taking_turns += 1
    try:
        yield
    finally:
        with _turns:
            _taking_turns -= 1
            if not _taking_turns:
                sys.setswitchinterval(_usual_turn)
