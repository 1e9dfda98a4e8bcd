"""The bench of a step: from the lesson's experiment to where the step starts.

The same way is gone when a learner plays and when the linter replays.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nnsim.experiments import ExperimentError, catalogue, load
from nnsim.experiments.files import inside
from nnsim.i18n import _
from nnsim.lab import Lab, LabError
from nnsim.lab.commands import epochs, parse

if TYPE_CHECKING:
    from nnsim.experiments import Experiment
    from nnsim.tutor.lesson import Lesson, Step

MOST_WORK = 2 * 10**9
"""Epochs x samples x parameters that one line of a lesson may ask for: seconds, not minutes."""
MOST_UPDATES = 200_000
OF_FILES = ("save", "savedata", "loaddata")
"""What no line of a lesson may do: a lesson from anywhere reads and writes no files by itself."""


class StageError(ValueError):
    """A line of a step that can't be carried out.

    Attributes
    ----------
    key : str
        The key of the fence (or of the front matter) that the line is from.
    """

    def __init__(self, key: str, message: str) -> None:
        self.key = key
        super().__init__(message)


@dataclass
class Budget:
    """How much training may still be asked for."""

    work: float = MOST_WORK
    updates: int = MOST_UPDATES

    def take(self, line: str, lab: Lab) -> None:
        """Take off what a line costs.

        Raises
        ------
        LabError
            When it would train for minutes.
        """
        command, rest = parse(line, lab.commands)
        if command.training != "starts":
            return
        count = epochs(lab, command.name, rest)
        samples = max(1, lab.experiment.data.count)
        batches = math.ceil(samples / (lab.trainer.batch_size or samples))
        self.work -= count * samples * lab.network.parameters.size
        self.updates -= count * batches
        if self.work < 0 or self.updates < 0:
            raise LabError(_("that trains for too long for a lesson; take fewer epochs"))


class Stage:
    """Sets benches up for the steps of one lesson.

    Parameters
    ----------
    load_experiment : callable, optional
        Finds an experiment by name; that of `experiment_of` unless given.
    budget : Budget, optional
        For all of the lesson together; without it each `start` has its own.
    """

    def __init__(
        self,
        lesson: Lesson,
        load_experiment: Callable[[str], Experiment] | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.lesson = lesson
        self._budget = budget
        self._load = load_experiment or self._read
        self._experiments: dict[str, Experiment] = {}

    def _read(self, name: str) -> Experiment:
        if name not in self._experiments:
            self._experiments[name] = experiment_of(name, self.lesson.path.parent)
        return self._experiments[name]

    def start(self, index: int) -> Lab:
        """Return a bench as step `index` (from 0) starts on.

        That is its experiment at the start parameters with a blank input and the step's ``do``;
        with ``keep``, where the solution of the step before ends, and then ``do``.

        Raises
        ------
        StageError
        """
        first = index
        while first and self.lesson.steps[first].keep:
            first -= 1
        lab = self.blank(self.lesson.steps[first])
        self.prepare(self.lesson.steps[first], lab)
        for i in range(first, index):
            self.solve(i, lab)
            self.prepare(self.lesson.steps[i + 1], lab)
        return lab

    def blank(self, step: Step) -> Lab:
        """Return a bench with the step's experiment, at its start parameters."""
        key = "experiment"
        try:
            experiment = self._load(step.experiment or self.lesson.experiment)
        except ExperimentError as error:
            raise StageError(key, str(error)) from None
        return Lab(experiment, untrained=True, load=self._load)

    def prepare(self, step: Step, lab: Lab) -> None:
        run_lines(step.do, "do", lab, self._budget)

    def solve(self, index: int, lab: Lab) -> None:
        """Run the lines of the solution of step `index`."""
        run_lines(self.lesson.steps[index].solution, "solution", lab, self._budget)


def run_lines(lines: tuple[str, ...], key: str, lab: Lab, budget: Budget | None = None) -> None:
    """Run lines of the command language; the first that is refused ends it.

    Raises
    ------
    StageError
    """
    budget = budget or Budget()
    for line in lines:
        try:
            if parse(line, lab.commands)[0].name in OF_FILES:
                raise LabError(_("a lesson reads and writes no files"))
            budget.take(line, lab)
            lab.run(line)
        except (LabError, ExperimentError, ValueError) as error:
            raise StageError(key, f'"{line}": {error}') from None


def experiment_of(name: str, folder: Path) -> Experiment:
    """Return the experiment of a lesson: one that ships, or a file in the lesson's folder.

    Raises
    ------
    ExperimentError
        If there is none, if the path leaves the folder, or if its file is wrong.
    """
    if any(entry.id == name for entry in catalogue()):
        return load(name)
    if name.endswith(".toml"):
        return load(inside(folder, name))
    from nnsim.experiments.files import nearest, quoted

    problem = _("there is no experiment {name}; {hint}")
    hint = nearest(name, [entry.id for entry in catalogue()])
    raise ExperimentError(problem.format(name=quoted(name), hint=hint))
