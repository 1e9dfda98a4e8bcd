"""Undo and redo over whole moments of the bench."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.engine import Network, Trainer
    from nnsim.experiments import Experiment
    from nnsim.lab.addresses import Address
    from nnsim.lab.circuit_bench import CircuitBench, CircuitMoment
    from nnsim.lab.training.surgery import Condition
    from nnsim.lab.training.timeline import Timeline
    from nnsim.lab.walk import Place

MOST_STEPS = 500
MOST_BYTES = 64 * 2**20
LARGEST = 512 * 2**20  # ten steps are kept whatever they hold, up to this


class Sized(Protocol):
    """Something that knows how many bytes it may hold."""

    @property
    def size(self) -> int:
        """Bytes."""


T = TypeVar("T", bound=Sized)


@dataclass(frozen=True)
class _Step(Generic[T]):
    moment: T  # as it was on the other side of the step
    line: str
    group: str


class History(Generic[T]):
    """Two stacks of moments; the oldest are forgotten when memory would grow past a bound."""

    def __init__(self) -> None:
        self._done: deque[_Step[T]] = deque()
        self._undone: list[_Step[T]] = []
        self._held = 0

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone step to do again."""
        return bool(self._undone)

    @property
    def last_group(self) -> str:
        """The group of the last change, nothing where there is none."""
        return self._done[-1].group if self._done else ""

    def push(self, before: T, line: str, *, merge: bool, group: str) -> None:
        """Record that `line` was run when things stood as in `before`."""
        self._undone.clear()
        if merge and self._done and self._done[-1].group == group:
            first = self._done.pop()
            self._done.append(_Step(first.moment, line, group))
            return
        self._done.append(_Step(before, line, group))
        self._held += before.size
        while len(self._done) > self._most():
            self._held -= self._done.popleft().moment.size

    def _most(self) -> int:
        if self._held > LARGEST:
            return 1
        return 10 if self._held > MOST_BYTES else MOST_STEPS

    def __len__(self) -> int:
        return len(self._done)

    def drop(self) -> None:
        """Forget the last change, as if nobody had recorded it."""
        self._held -= self._done.pop().moment.size

    def undo(self, now: Callable[[], T]) -> tuple[T, str]:
        """The moment to go back to, and the line that is taken back."""
        if not self._done:
            raise LabError(_("nothing to undo"))
        step = self._done.pop()
        self._held -= step.moment.size
        self._undone.append(_Step(now(), step.line, step.group))
        return step.moment, step.line

    def redo(self, now: Callable[[], T]) -> tuple[T, str]:
        """The moment to go forward to, and the line that is done again."""
        if not self._undone:
            raise LabError(_("nothing to redo"))
        step = self._undone.pop()
        self._done.append(_Step(now(), step.line, step.group))
        self._held += self._done[-1].moment.size
        return step.moment, step.line


Array = NDArray[np.float64]


@dataclass(frozen=True)
class Moment:
    """Everything on the bench at one time, for undo; unchanged parts are shared, not copied."""

    experiment: Experiment
    network: Network
    trainer: Trainer
    training: Any
    start: Array
    epoch: int
    stopped: str | None
    condition: Condition
    timeline: Timeline
    grown: int
    input: Array
    target: Array | None
    sample: int | None
    edited: bool
    focus: Address
    walk_place: Place | None
    circuit: tuple[CircuitBench, CircuitMoment] | None
    # Whether `grown` counts the timeline, and the data: no moment before this one did.
    counts: tuple[bool, bool] = (True, True)

    @property
    def size(self) -> int:
        """Bytes that this moment may hold on to."""
        return int(self.network.parameters.nbytes * 3 + self.input.nbytes) + self.grown
