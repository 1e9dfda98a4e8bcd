"""Undo and redo over whole states of the bench."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from nnsim.i18n import _
from nnsim.lab.errors import LabError

if TYPE_CHECKING:
    from nnsim.engine import Network, Trainer
    from nnsim.experiments import Experiment
    from nnsim.experiments.toml import Table
    from nnsim.lab.training.surgery import Condition
    from nnsim.lab.training.timeline import Timeline

Array = NDArray[np.float64]
MOST_STEPS = 500
MOST_BYTES = 64 * 2**20
LARGEST = 512 * 2**20  # ten steps are kept whatever they hold, up to this


class Sized(Protocol):
    """Something that knows how many bytes it may hold."""

    @property
    def size(self) -> int: ...


T = TypeVar("T", bound=Sized)


@dataclass(frozen=True)
class _Step(Generic[T]):
    state: T  # as it was on the other side of the step
    line: str
    group: str


class History(Generic[T]):
    """Two stacks of states; the oldest are forgotten when memory would grow past a bound."""

    def __init__(self) -> None:
        self._done: deque[_Step[T]] = deque()
        self._undone: list[_Step[T]] = []
        self._held = 0

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    @property
    def last_group(self) -> str:
        return self._done[-1].group if self._done else ""

    def push(self, before: T, line: str, *, merge: bool, group: str) -> None:
        """Record that `line` was run when things stood as in `before`."""
        self._undone.clear()
        if merge and self._done and self._done[-1].group == group:
            first = self._done.pop()
            self._done.append(_Step(first.state, line, group))
            return
        self._done.append(_Step(before, line, group))
        self._held += before.size
        while len(self._done) > self._most():
            self._held -= self._done.popleft().state.size

    def _most(self) -> int:
        if self._held > LARGEST:
            return 1
        return 10 if self._held > MOST_BYTES else MOST_STEPS

    def __len__(self) -> int:
        return len(self._done)

    def drop(self) -> None:
        self._held -= self._done.pop().state.size

    def undo(self, now: Callable[[], T]) -> tuple[T, str]:
        if not self._done:
            raise LabError(_("nothing to undo"))
        step = self._done.pop()
        self._held -= step.state.size
        self._undone.append(_Step(now(), step.line, step.group))
        return step.state, step.line

    def redo(self, now: Callable[[], T]) -> tuple[T, str]:
        if not self._undone:
            raise LabError(_("nothing to redo"))
        step = self._undone.pop()
        self._done.append(_Step(now(), step.line, step.group))
        self._held += self._done[-1].state.size
        return step.state, step.line


V = TypeVar("V")


def _as_it_is(value: Any) -> Any:
    return value


class Kept(Generic[V]):
    """A value of the bench's state: undo takes it back, and a session holds it.

    The line that declares one in the class of a bench says all that is known of it; what goes
    through the state (undo, training meanwhile, sessions) asks the class for its `Kept`.

    Parameters
    ----------
    start : callable (bench) -> value
        What it is on a bench that has just been set up.
    take, put : callable
        Turn it into what is remembered, and back: a copy, where it is changed in place.
    key : str
        What it is called in a session; nothing where the session keeps it in a way of its own,
        or not at all.
    write, read : callable
        The value as JSON; and the value from a `Table`, its key, and the bench: refused by
        `Table.fail` or a `LabError`.
    """

    def __init__(
        self,
        start: Callable[[Any], V],
        *,
        take: Callable[[V], Any] = _as_it_is,
        put: Callable[[Any], V] = _as_it_is,
        key: str = "",
        write: Callable[[V], Any] = _as_it_is,
        read: Callable[[Table, str, Any], V] | None = None,
    ) -> None:
        self.start, self.take, self.put = start, take, put
        self.key, self.write, self.read = key, write, read

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        kept = dict(getattr(owner, "kept", {}))
        owner.kept = {**kept, name: self}  # type: ignore[attr-defined]

    @overload
    def __get__(self, bench: None, owner: type) -> Self: ...

    @overload
    def __get__(self, bench: object, owner: type) -> V: ...

    def __get__(self, bench: object | None, owner: type) -> Self | V:
        return self if bench is None else bench.__dict__[self.name]

    def __set__(self, bench: object, value: V) -> None:
        bench.__dict__[self.name] = value


@dataclass(frozen=True, kw_only=True)
class UndoState:
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
    view: Mapping[str, Any]  # what each `Kept` value of the bench was, by its name
    grown: int = 0  # bytes of the timeline and the data that no state before this one holds
    counts: tuple[bool, bool] = (True, True)  # whether `grown` counts the timeline, and the data

    @property
    def size(self) -> int:
        return int(self.network.parameters.nbytes * 3 + self.view["input"].nbytes) + self.grown
