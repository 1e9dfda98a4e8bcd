"""A lesson: a markdown file, read into steps.

The format is told in docs/lessons.md. Reading needs no bench: what a step's lines do on one is
checked by `nnsim.tutor.replay`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nnsim.i18n import _
from nnsim.tutor.errors import TOP, LessonError, Place, Problem, Problems
from nnsim.tutor.fence import Fence, read_fence
from nnsim.tutor.front_matter import FrontMatter, read_front_matter
from nnsim.tutor.markdown import Choice, Hint, Section, read_sections

MOST_BYTES = 512 * 1024
MOST_STEPS = 200
KINDS = ("read", "goal", "quiz", "predict", "blank", "expect", "label", "experiment")
_KIND_OF_KEY = {"": "read", "answer": "quiz"}
_OF_TRAINING = re.compile(r"\s*(cost|accuracy|right|test_accuracy|epoch|diverged)\b")


@dataclass(frozen=True)
class Step:
    """One step of a lesson.

    Attributes
    ----------
    id, title : str
    kind : str
        One of `KINDS`.
    prose : str
        Markdown, without fence, choices and hints.
    do, goal, solution, blank : tuple of str
        Lines of the command language, predicates, addresses.
    answer : int or None
        Of a quiz, the number of the right choice, from 1.
    choices : tuple of Choice
    predict, expect : str
    tolerance : float or None
    label : mapping of str to str
        What belongs together.
    words : mapping of str to str
        What the prose says of a word: an item such as "`plus` — the sum of its inputs".
    experiment : str
        Empty for the lesson's own.
    keep : bool
    hints : tuple of Hint
    place : Place
        Of the heading.
    places : mapping of str to Place
        Of each key of the fence.
    """

    id: str
    title: str
    kind: str
    prose: str
    do: tuple[str, ...] = ()
    goal: tuple[str, ...] = ()
    solution: tuple[str, ...] = ()
    answer: int | None = None
    choices: tuple[Choice, ...] = ()
    predict: str = ""
    tolerance: float | None = None
    blank: tuple[str, ...] = ()
    expect: str = ""
    label: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    experiment: str = ""
    keep: bool = False
    hints: tuple[Hint, ...] = ()
    place: Place = TOP
    places: Mapping[str, Place] = field(default_factory=dict)

    def at(self, key: str) -> Place:
        """Where a key of the fence stands, or else the step's heading."""
        return self.places.get(key, self.place)

    @property
    def asks(self) -> bool:
        """Whether the learner has to do anything."""
        return self.kind != "read"


@dataclass(frozen=True)
class Lesson:
    """A lesson, read and checked for its form.

    Attributes
    ----------
    id, title, experiment : str
    minutes : int
    needs : tuple of str
        The ids of lessons that it builds on.
    intro : str
        Markdown before the first step.
    steps : tuple of Step
    path : Path
    places : mapping of str to Place
        Of each key of the front matter.
    fences : tuple of (str, Place)
        The text of each fence as it stands in the file, and where.
    """

    id: str
    title: str
    minutes: int
    needs: tuple[str, ...]
    experiment: str
    intro: str
    steps: tuple[Step, ...]
    path: Path
    places: Mapping[str, Place] = field(default_factory=dict)
    fences: tuple[tuple[str, Place], ...] = ()

    @property
    def number(self) -> int | None:
        """NN of a file called NN-ID.md."""
        match = re.match(r"(\d\d)-", self.path.name)
        return int(match.group(1)) if match else None


def read_lesson(path: Path) -> Lesson:
    """Read a lesson.

    Raises
    ------
    LessonError
        With every problem of its form, each at its place.
    """
    lesson, problems = examine(path)
    if problems or lesson is None:
        raise LessonError(problems)
    return lesson


def examine(path: Path) -> tuple[Lesson | None, list[Problem]]:
    """Read a lesson as far as it can be read, and return all that is wrong with its form."""
    problems = Problems(str(path))
    text = _read_text(path, problems)
    if text is None:
        return None, problems.sorted()
    return parse(text, path, problems), problems.sorted()


def _read_text(path: Path, problems: Problems) -> str | None:
    try:
        if path.is_dir():
            problems.add(Place(1), _("this is a folder; a lesson is a .md file"))
            return None
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problems.add(Place(1), _("can't be read ({reason})").format(reason=reason))
        return None
    if len(raw) > MOST_BYTES:
        problems.add(
            Place(1),
            _("a lesson has at most {most} KB; split it").format(most=MOST_BYTES // 1024),
        )
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start].rsplit(b"\n", 1)[-1].decode("utf-8", "replace")
        line = raw.count(b"\n", 0, error.start) + 1
        problems.add(Place(line, len(before) + 1), _("this is not UTF-8 text"))
        return None


def parse(text: str, path: Path, problems: Problems) -> Lesson | None:
    """Read a lesson's text; None where it is beyond reading."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if not _check_characters(lines, problems):
        return None
    front = read_front_matter(lines, problems)
    body = [""] * front.end + lines[front.end :]
    if sum(line.startswith("## ") for line in body) > MOST_STEPS:
        problems.add(
            Place(1), _("a lesson has at most {most} steps; split it").format(most=MOST_STEPS)
        )
        return None
    try:
        title, (head, *sections) = read_sections(body, problems)
    except RecursionError:
        problems.add(Place(1), _("this markdown is nested too deep"))
        return None
    _check_head(front, title, head, sections, problems)
    steps = [_step(i, section, problems) for i, section in enumerate(sections)]
    _check_ids(steps, problems)
    return Lesson(
        id=front.id,
        title=front.title,
        minutes=front.minutes,
        needs=front.needs,
        experiment=front.experiment,
        intro=head.prose,
        steps=tuple(steps),
        path=path,
        places=front.places,
        fences=tuple((s.fence, s.fence_place) for s in sections if s.fence is not None),
    )


def _check_characters(lines: list[str], problems: Problems) -> bool:
    """Refuse what could play tricks on a terminal: control characters, turned-round text."""
    good = True
    for number, line in enumerate(lines, start=1):
        if line.isprintable():
            continue
        for column, character in enumerate(line, start=1):
            category = unicodedata.category(character)
            harmless = character == "\t" or character == "\u200d" or category in ("Zs", "Cn")
            if category[0] in "CZ" and not harmless:
                problems.add(
                    Place(number, column),
                    _("the character U+{code} has no place in a lesson").format(
                        code=f"{ord(character):04X}"
                    ),
                )
                good = False
                break
    return good


def _check_head(
    front: FrontMatter, title: str, head: Section, sections: list[Section], problems: Problems
) -> None:
    if title and front.title and title.strip() != front.title.strip():
        problems.add(
            front.places["title"],
            _("the title differs from the # heading, {title}").format(title=f'"{title[:80]}"'),
        )
    if head.choices or head.hints:
        place = head.choices[0].place if head.choices else head.hints[0].place
        problems.add(place, _("choices and hints belong to a step; steps start at ##"))
    if not sections:
        problems.add(
            Place(max(1, front.end)), _("a lesson has steps; each starts with a ## heading")
        )


def _step(index: int, section: Section, problems: Problems) -> Step:
    fence = Fence(id=f"step-{index + 1}")
    if section.fence is not None:
        fence = read_fence(section.fence, section.fence_place, problems)
    _check_choices(fence, section, problems)
    kind = _KIND_OF_KEY.get(fence.asks, fence.asks)
    if kind == "goal" and any(_OF_TRAINING.match(line) for line in fence.goal):
        kind = "experiment"
    if not section.prose.strip() and not fence.asks:
        problems.add(section.place, _("this step is empty"))
    if section.hints and not fence.asks:
        problems.add(section.hints[0].place, _("there is nothing to hint at in a step to read"))
    return Step(
        id=fence.id or f"step-{index + 1}",
        title=section.title,
        kind=kind,
        prose=section.prose,
        do=fence.do,
        goal=fence.goal,
        solution=fence.solution,
        answer=fence.answer,
        choices=tuple(section.choices),
        predict=fence.predict,
        tolerance=fence.tolerance,
        blank=fence.blank,
        expect=fence.expect,
        label=fence.label,
        words=section.words,
        experiment=fence.experiment,
        keep=fence.keep,
        hints=tuple(section.hints),
        place=section.place,
        places=fence.places,
    )


def _check_choices(fence: Fence, section: Section, problems: Problems) -> None:
    if section.choices and "answer" not in fence.places:
        problems.add(
            section.choices[0].place, _("these choices need an answer = NUMBER in the step's fence")
        )
    if fence.answer is None:
        return
    if len(section.choices) < 2:
        problems.add(
            fence.places["answer"],
            _("a quiz has at least two choices, each written - [ ] text — feedback"),
        )
    elif not 1 <= fence.answer <= len(section.choices):
        problems.add(
            fence.places["answer"],
            _("answer {answer} is no choice; there are {count}").format(
                answer=fence.answer, count=len(section.choices)
            ),
        )


def _check_ids(steps: list[Step], problems: Problems) -> None:
    seen: dict[str, Step] = {}
    for i, step in enumerate(steps):
        if step.id in seen:
            problems.add(
                step.at("id"),
                _('the id "{id}" is taken by the step on line {line}').format(
                    id=step.id, line=seen[step.id].place.line
                ),
            )
        seen[step.id] = step
        if step.keep and i == 0:
            problems.add(step.at("keep"), _("the first step has nothing before it to keep"))
