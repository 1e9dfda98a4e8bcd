"""Replaying a lesson without a screen: whether steps start, ask and end as they say."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from nnsim.i18n import _
from nnsim.lab import LabError
from nnsim.lab.circuit_bench import CIRCUIT_COMMANDS
from nnsim.lab.commands import parse
from nnsim.tutor.errors import TOP, Place, Problems
from nnsim.tutor.goals import GoalError, check_goal, evaluate, parse_goal
from nnsim.tutor.stage import Budget, Stage, StageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from nnsim.lab import Lab
    from nnsim.tutor.goals import Goal
    from nnsim.tutor.lesson import Lesson, Step

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
    """Whether the numbers that are to be predicted or filled in are there."""
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
