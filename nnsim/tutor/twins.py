"""Twins: the same lesson in two languages, held together by byte-identical fences."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from nnsim.i18n import LANGUAGES, _
from nnsim.tutor.errors import TOP, Place, Problems
from nnsim.tutor.lesson import examine

if TYPE_CHECKING:
    from nnsim.tutor.lesson import Lesson

LANGUAGE_FOLDERS = LANGUAGES
_SAME = ("id", "minutes", "needs", "experiment")


def twin_of(path: Path) -> Path | None:
    """The file of a lesson's twin, whether it exists or not; None outside ``en/`` and ``zh/``."""
    language = path.resolve().parent.name
    if language not in LANGUAGE_FOLDERS:
        return None
    other = next(name for name in LANGUAGE_FOLDERS if name != language)
    # The parent as it was given, so that the name shown is as short as the other's.
    folder = path.parent
    return (
        folder.parent / other if folder.name == language else folder.resolve().parent / other
    ) / (path.name)


def check_twin(lesson: Lesson, problems: Problems) -> None:
    """Ask for the twin of a lesson under ``en/`` or ``zh/``, and compare the two."""
    path = twin_of(lesson.path)
    if path is None:
        return
    if not path.is_file():
        problems.add(TOP, _("the twin {path} is missing").format(path=path))
        return
    twin, _found = examine(path)
    if twin is None:
        return
    for key in _SAME:
        if getattr(lesson, key) != getattr(twin, key):
            problems.add(
                lesson.places.get(key, TOP),
                _("{key} differs from {path}").format(key=key, path=path),
            )
    if not _compare_fences(lesson, twin, problems):
        return
    for step, other in zip(lesson.steps, twin.steps, strict=False):
        if len(step.choices) != len(other.choices):
            problems.add(
                step.at("answer"),
                _("{here} choices here and {there} in {path}").format(
                    here=len(step.choices), there=len(other.choices), path=path
                ),
            )
        if len(step.hints) != len(other.hints):
            problems.add(
                step.place,
                _("{here} hints here and {there} in {path}").format(
                    here=len(step.hints), there=len(other.hints), path=path
                ),
            )


def _compare_fences(lesson: Lesson, twin: Lesson, problems: Problems) -> bool:
    """Note the first place where the fences differ; True where they are the same."""
    pairs = zip_longest(lesson.fences, twin.fences)
    for mine, other in pairs:
        if mine is None:
            line = other[1].line
            text = _("the fence of {path}:{line} is missing here")
            last = lesson.steps[-1].place if lesson.steps else TOP
            problems.add(last, text.format(path=twin.path, line=line))
            return False
        if other is None:
            text = _("{path} has no such fence")
            problems.add(mine[1], text.format(path=twin.path))
            return False
        if mine[0] != other[0]:
            offset, column = _first_difference(mine[0], other[0])
            text = _("this fence differs from {path}:{line}; the fences of twins are the same")
            problems.add(
                Place(mine[1].line + offset, column),
                text.format(path=twin.path, line=other[1].line + offset),
            )
            return False
    if len(lesson.steps) != len(twin.steps):
        text = _("{here} steps here and {there} in {path}")
        place = lesson.steps[-1].place if lesson.steps else TOP
        problems.add(
            place, text.format(here=len(lesson.steps), there=len(twin.steps), path=twin.path)
        )
        return False
    return True


def _first_difference(mine: str, other: str) -> tuple[int, int]:
    """Line (from 0) and column (from 1) in `mine` of the first character that differs."""
    same = 0
    while same < min(len(mine), len(other)) and mine[same] == other[same]:
        same += 1
    before = mine[:same]
    return before.count("\n"), same - (before.rfind("\n") + 1) + 1
