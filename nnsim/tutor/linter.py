"""``nnsim lessons check``: every problem of lesson files, each at its place, and their replay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nnsim.experiments.errors import nearest, quoted
from nnsim.i18n import _
from nnsim.resources import resource
from nnsim.tutor.catalogue import FOLDER, NAME, shipped
from nnsim.tutor.errors import TOP, Place, Problem, Problems
from nnsim.tutor.glossary import check_use, check_words
from nnsim.tutor.lesson import examine
from nnsim.tutor.replay import replay
from nnsim.tutor.twins import LANGUAGE_FOLDERS, check_twin

if TYPE_CHECKING:
    from nnsim.tutor.lesson import Lesson

MOST_FILES = 2000
# Markdown that lies beside lessons and is none.
NOT_LESSONS = ("readme.md", "contributing.md", "glossary.md", "license.md")


def check(paths: Sequence[Path] = ()) -> tuple[int, list[Problem]]:
    """Check lessons: files, or folders with all that lies in them; all that ship, unless given.

    Returns
    -------
    files : int
        How many lessons were looked at.
    problems : list of Problem
        In the order of the files; none when all is well.
    """
    problems: list[Problem] = []
    lessons: dict[Path, Lesson] = {}
    files = list(_files(paths or [_shipped_folder()], problems))
    for path in files:
        lesson, found = examine(path)
        collected = Problems(str(path))
        collected.found += found
        if lesson is not None:
            lessons[path] = lesson
            _check_name(lesson, collected)
            _check_needs(lesson, collected)
            replay(lesson, collected)
            check_twin(lesson, collected)
            check_words(lesson, collected)
        problems += collected.sorted()
    problems += _duplicates(lessons)
    problems += check_use(lessons.values())
    order = {str(path): i for i, path in enumerate(files)}
    problems.sort(key=lambda p: (order.get(p.file, -1), p))
    return len(files), problems


def _shipped_folder() -> Path:
    """Where our lessons lie, as short a path as can be shown."""
    folder = resource(FOLDER)
    try:
        return folder.relative_to(Path.cwd())
    except (ValueError, OSError):
        return folder


def _files(paths: Iterable[Path], problems: list[Problem]) -> Iterable[Path]:
    seen: set[Path] = set()
    for path in paths:
        try:
            inside = sorted(path.rglob("*.md")) if path.is_dir() else [path]
            named = [p for p in inside if not path.is_dir() or p.name.lower() not in NOT_LESSONS]
        except (OSError, ValueError) as error:  # a folder that may not be read, a name with \0
            reason = getattr(error, "strerror", None) or str(error)
            problems.append(Problem(str(path), 1, 1, reason))
            continue
        if path.is_dir() and not named:
            problems.append(Problem(str(path), 1, 1, _("there are no lessons in this folder")))
        if len(named) > MOST_FILES:
            text = _("more than {most} files; name the folder of the lessons")
            problems.append(Problem(str(path), 1, 1, text.format(most=MOST_FILES)))
            named = named[:MOST_FILES]
        for file in named:
            if file not in seen:
                seen.add(file)
                yield file


def _check_name(lesson: Lesson, problems: Problems) -> None:
    """``NN-ID.md``: under ``en/`` and ``zh/`` always, elsewhere where a number stands in front."""
    match = NAME.fullmatch(lesson.path.name)
    if match is None:
        if lesson.path.resolve().parent.name in LANGUAGE_FOLDERS:
            problems.add(TOP, _("a lesson's file is called NN-ID.md, such as 04-bias.md"))
    elif lesson.id and match[2] != lesson.id:
        problems.add(
            lesson.places["id"],
            _("the id is {id}, but the file is called {file}; they should agree").format(
                id=quoted(lesson.id), file=lesson.path.name
            ),
        )


def _check_needs(lesson: Lesson, problems: Problems) -> None:
    if not lesson.needs:
        return
    place = lesson.places.get("needs", TOP)
    numbers = {entry.id: entry.number for entry in shipped()}
    for sibling in lesson.path.parent.glob("*.md"):
        match = NAME.fullmatch(sibling.name)
        if match:
            numbers[match[2]] = int(match[1])
    for need in lesson.needs:
        if need == lesson.id:
            problems.add(place, _("a lesson can't build on itself"))
        elif need not in numbers:
            problems.add(
                place,
                _("there is no lesson {name}; {hint}").format(
                    name=quoted(need), hint=nearest(need, numbers)
                ),
            )
        elif lesson.number is not None and numbers[need] >= lesson.number:
            problems.add(place, _("{name} comes later than this lesson").format(name=quoted(need)))


def _duplicates(lessons: dict[Path, Lesson]) -> list[Problem]:
    """Ids that two lessons of one folder have, at the second."""
    found: list[Problem] = []
    seen: dict[tuple[Path, str], Path] = {}
    for path, lesson in lessons.items():
        key = (path.resolve().parent, lesson.id)
        if lesson.id and key in seen:
            place: Place = lesson.places["id"]
            text = _("the id {id} is taken by {file}").format(
                id=quoted(lesson.id), file=seen[key].name
            )
            found.append(Problem(str(path), place.line, place.column, text))
        seen.setdefault(key, path)
    return found
