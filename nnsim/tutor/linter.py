"""``nnsim lessons check``: every problem of lesson files, each at its place, and their replay."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from nnsim.experiments.files import nearest, quoted
from nnsim.i18n import LANGUAGES, _
from nnsim.lab import LabError
from nnsim.lab.circuit_bench import CIRCUIT_COMMANDS
from nnsim.lab.commands import parse
from nnsim.resources import resource
from nnsim.tutor.catalogue import FOLDER, NAME, shipped
from nnsim.tutor.errors import TOP, Place, Problem, Problems
from nnsim.tutor.glossary import check_use, check_words
from nnsim.tutor.goals import GoalError, check_goal, evaluate, parse_goal
from nnsim.tutor.lesson import examine
from nnsim.tutor.stage import Budget, Stage, StageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnsim.lab import Lab
    from nnsim.tutor.goals import Goal
    from nnsim.tutor.lesson import Lesson, Step

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


# Of a whole lesson, in lines that each may take a Budget.
_LESSON_BUDGET = 5


def replay(lesson: Lesson, problems: Problems) -> None:
    """Play every step of a lesson on a bench; what goes wrong is noted at the key it is about."""
    whole = Budget(Budget.work * _LESSON_BUDGET, Budget.updates * _LESSON_BUDGET)
    stage = Stage(lesson, budget=whole)
    lab: Lab | None = None
    refused: set[str] = set()
    for i, step in enumerate(lesson.steps):
        name = step.experiment or lesson.experiment
        if not _check_lines(step, problems):
            lab = None
            continue
        if not name or (name in refused and not step.keep):
            lab = None
            continue
        try:
            if not step.keep or i == 0:
                lab = stage.blank(step)
            elif lab is None:  # the step before has failed already
                continue
            stage.prepare(step, lab)
        except StageError as error:
            if error.key == "experiment":
                refused.add(name)
            problems.add(_place(lesson, step, error.key), str(error))
            lab = None
            continue
        if not _replay_step(stage, i, lab, problems):
            lab = None


def _check_lines(step: Step, problems: Problems) -> bool:
    """Check what needs no bench: whether there are such commands, and goals can be read."""
    good = True
    for key, lines in (("do", step.do), ("solution", step.solution)):
        for line in lines:
            name = line.split(maxsplit=1)[0] if line.strip() else ""
            if name not in CIRCUIT_COMMANDS:
                good = _try(parse, line, step.at(key), problems) and good
    for line in step.goal:
        good = _try(parse_goal, line, step.at("goal"), problems) and good
    return good


def _try(read: Callable[[str], object], line: str, place: Place, problems: Problems) -> bool:
    try:
        read(line)
    except (LabError, GoalError) as error:
        problems.add(place, str(error))
        return False
    return True


def _place(lesson: Lesson, step: Step, key: str) -> Place:
    if key == "experiment" and not step.experiment:
        return lesson.places.get("experiment", TOP)
    return step.at(key)


def _replay_step(stage: Stage, index: int, lab: Lab, problems: Problems) -> bool:
    """Ask a step's questions of the bench and play its solution; False if it broke off."""
    step = stage.lesson.steps[index]
    _check_numbers(step, lab, problems)
    goals = _read_goals(step, lab, problems)
    complete = len(goals) == len(step.goal)
    if goals and complete and all(evaluate(goal, lab).met for goal in goals):
        problems.add(step.at("goal"), _("every goal holds already at the start of the step"))
    try:
        stage.solve(index, lab)
    except StageError as error:
        problems.add(step.at("solution"), str(error))
        return False
    if not complete or not step.solution:
        return complete
    for goal in goals:
        standing = evaluate(goal, lab)
        if not standing.met:
            now = standing.trouble or _("it is {value}").format(value=f"{standing.value:.6g}")
            problems.add(
                step.at("solution"),
                _('the solution does not reach "{goal}": {now}').format(goal=goal.text, now=now),
            )
    return True


def _read_goals(step: Step, lab: Lab, problems: Problems) -> list[Goal]:
    goals = []
    for line in step.goal:
        try:
            goal = parse_goal(line)
            # The solution may put up what a goal asks about, such as a circuit.
            _check_somewhere(goal, lab, step)
        except GoalError as error:
            problems.add(step.at("goal"), str(error))
        else:
            goals.append(goal)
    return goals


def _check_somewhere(goal: Goal, lab: Lab, step: Step) -> None:
    """Check a goal against the start of the step, or else against its end."""
    try:
        check_goal(goal, lab)
    except GoalError:
        if not any(line.startswith(("circuit", "experiment")) for line in step.solution):
            raise


def _check_numbers(step: Step, lab: Lab, problems: Problems) -> None:
    asked = [("blank", address) for address in step.blank]
    if step.predict:
        asked.append(("predict", step.predict))
    seen = set()
    for key, address in asked:
        try:
            value = float(lab.read(address))
        except LabError as error:
            problems.add(step.at(key), str(error))
            continue
        if not math.isfinite(value):
            problems.add(step.at(key), _("{address} is not finite").format(address=address))
        if address in seen:
            problems.add(step.at(key), _("{address} stands here twice").format(address=address))
        seen.add(address)


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
