"""What is wrong with a lesson, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, order=True)
class Place:
    """A place in a file, line and column counted from 1."""

    line: int
    column: int = 1


TOP = Place(1)


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong; `str()` is ``file:line:column: sentence``, or that of no file."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}: " if self.file else ""
        return f"{place}{self.message}"


class LessonError(ValueError):
    """A lesson that can't be played; `str()` is the first problem."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)  # all that were found, in the order of the file
        super().__init__(str(self.problems[0]))


class Problems:
    """Collects what is wrong with one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Problem] = []

    def add(self, place: Place, message: str) -> None:
        """Note a problem; a message never spans lines, whatever the lesson held."""
        shown = "".join(c if c.isprintable() else "?" for c in " ".join(message.split()))
        if len(shown) > 500:
            shown = shown[:499] + "…"
        self.found.append(Problem(self.file, place.line, place.column, shown))

    def sorted(self) -> list[Problem]:
        """All of them by place, each once."""
        return sorted(set(self.found))
