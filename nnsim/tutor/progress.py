"""What a learner has done: an append-only log of events, a JSON object on each line.

Nothing in it is ever changed or deleted. An event is one write with ``O_APPEND`` and an fsync, so
that two programs may write at the same time and a killed one loses at most its last line.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnsim.i18n import _

if TYPE_CHECKING:
    from nnsim.tutor.lesson import Lesson

FILE = "progress.jsonl"
EVENTS = (
    "opened", "solved", "revealed", "skipped", "missed", "wrong", "reviewed", "finished", "reset",
)  # fmt: skip
_RANK = {"": 0, "opened": 0, "skipped": 1, "missed": 2, "revealed": 3, "solved": 4}
_LONGEST = 3000  # bytes of a line; a longer one is none of ours


@dataclass(frozen=True)
class Event:
    """One thing that happened."""

    # one of `EVENTS`. ``missed`` is a prediction that was off, ``wrong`` a first answer that was
    # not right; ``reset`` without a lesson is of them all.
    kind: str
    lesson: str = ""
    step: str = ""
    right: bool | None = None  # of ``reviewed``, whether the answer was right


def default_path() -> Path:
    """Where the log lies: in the user's data folder."""
    from platformdirs import user_data_path

    return user_data_path("nnsim", appauthor=False) / FILE


class ProgressLog:
    """The log on disk.

    Parameters
    ----------
    path : Path, optional
        `default_path`, unless given.

    Attributes
    ----------
    trouble : str
        Why the last event could not be written, in a sentence; empty when all is well. A lesson
        goes on without.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = default_path() if path is None else path
        self.trouble = ""

    def append(self, event: Event) -> bool:
        """Write an event; False, with `trouble`, where it can't be written."""
        content: dict[str, Any] = {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "event": event.kind,
        }
        for key in ("lesson", "step"):
            if getattr(event, key):
                content[key] = getattr(event, key)
        if event.right is not None:
            content["right"] = event.right
        line = (json.dumps(content, ensure_ascii=True) + "\n").encode("ascii")
        try:
            self._write(line)
        except OSError as error:
            self.trouble = _(
                "progress can't be kept in {path} ({reason}); the lesson goes on without"
            ).format(path=self.path, reason=error.strerror or str(error))
            return False
        self.trouble = ""
        return True

    def _write(self, line: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        handle = os.open(self.path, flags, 0o600)
        try:
            if self._torn(handle):
                line = b"\n" + line  # what was torn stays a line of its own
            written = os.write(handle, line)
            if written != len(line):
                raise OSError(0, _("the disk is full"))
            os.fsync(handle)
        finally:
            os.close(handle)

    @staticmethod
    def _torn(handle: int) -> bool:
        """Whether the file ends in the middle of a line."""
        size = os.lseek(handle, 0, os.SEEK_END)
        if size == 0:
            return False
        os.lseek(handle, size - 1, os.SEEK_SET)
        return os.read(handle, 1) != b"\n"

    def events(self) -> Iterator[Event]:
        """Go through the events that can be read; what is torn or unknown is passed over."""
        try:
            raw = self.path.read_bytes()
        except OSError:
            return
        for line in raw.split(b"\n"):
            event = _event(line)
            if event is not None:
                yield event

    def progress(self) -> Progress:
        """Add the events up."""
        return Progress.of(self.events())


def _event(line: bytes) -> Event | None:
    if not line.strip() or len(line) > _LONGEST:
        return None
    content: Any = None
    with suppress(ValueError, RecursionError):
        content = json.loads(line)
    if not isinstance(content, dict) or content.get("event") not in EVENTS:
        return None
    lesson, step = content.get("lesson", ""), content.get("step", "")
    right = content.get("right")
    if not isinstance(lesson, str) or not isinstance(step, str):
        return None
    return Event(content["event"], lesson, step, right if isinstance(right, bool) else None)


@dataclass
class LessonProgress:
    """How far one lesson is."""

    # the best that was reached of each step: ``opened skipped missed revealed solved``
    steps: dict[str, str] = field(default_factory=dict)
    place: str = ""  # the id of the step that was opened last
    finished: bool = False  # whether it was played to its end once
    missed: set[str] = field(default_factory=set)  # steps that were not solved at the first go

    def note(self, event: Event) -> None:
        if event.kind == "finished":
            self.finished, self.place = True, ""
        elif event.kind == "wrong":
            self.missed.add(event.step)
        elif event.step and event.kind in _RANK:
            if _RANK[event.kind] >= _RANK[self.steps.get(event.step, "")]:
                self.steps[event.step] = event.kind
            if event.kind == "opened":
                self.place = event.step
            elif event.kind != "solved":
                self.missed.add(event.step)

    def done(self, step_ids: Iterable[str]) -> int:
        """How many of these steps are behind the learner, skipped ones not counted."""
        return sum(_RANK[self.steps.get(step, "")] >= _RANK["missed"] for step in step_ids)


@dataclass
class Progress:
    """All lessons together."""

    lessons: dict[str, LessonProgress] = field(default_factory=dict)
    # in the order in which they were first finished
    finished: list[str] = field(default_factory=list)
    asked_again: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def of(cls, events: Iterable[Event]) -> Progress:
        """Add events up, in their order."""
        progress = cls()
        for event in events:
            progress.note(event)
        return progress

    def note(self, event: Event) -> None:
        if event.kind == "reset":
            self._reset(event.lesson)
        elif event.kind == "reviewed":
            self.asked_again[event.lesson, event.step] += 1
        elif event.lesson:
            self.lessons.setdefault(event.lesson, LessonProgress()).note(event)
            if event.kind == "finished" and event.lesson not in self.finished:
                self.finished.append(event.lesson)

    def _reset(self, lesson: str) -> None:
        gone = [lesson] if lesson else [*self.lessons]
        for name in gone:
            self.lessons.pop(name, None)
            if name in self.finished:
                self.finished.remove(name)
        for key in [key for key in self.asked_again if not lesson or key[0] == lesson]:
            del self.asked_again[key]

    def of_lesson(self, key: str) -> LessonProgress:
        """The progress of one lesson; an empty one where nothing was done."""
        return self.lessons.get(key, LessonProgress())


def key_of(lesson: Lesson) -> str:
    """Under what name a lesson's events stand: its id, of one that ships; else its file."""
    from nnsim.tutor.catalogue import ships

    return lesson.id if ships(lesson.path) else str(lesson.path.resolve())
