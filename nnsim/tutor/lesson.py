"""A lesson: a markdown file, read into steps.

The format is told in docs/lessons.md. Reading needs no bench: what a step's lines do on one is
checked by `nnsim.tutor.linter`.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nnsim.experiments.files import nearest, quoted
from nnsim.experiments.toml import key_lines
from nnsim.i18n import _
from nnsim.tutor.errors import TOP, LessonError, Place, Problem, Problems
from nnsim.tutor.markdown import (
    WORD,
    Choice,
    FrontMatter,
    Hint,
    Section,
    read_front_matter,
    read_sections,
)

KEYS = (
    "id", "do", "goal", "solution", "answer", "predict", "tolerance", "blank", "expect", "label",
    "experiment", "keep",
)  # fmt: skip
ASKS = ("goal", "answer", "predict", "blank", "expect", "label")
MOST_LINES = 200
LONGEST_LINE = 4000
_SHAPE = re.compile(r"\(?\s*\d+(?:\s*[,×x*]\s*\d+)*\s*,?\s*\)?")


@dataclass
class Fence:
    """The keys of a fence; what is not there is empty, None or False."""

    id: str = ""
    do: tuple[str, ...] = ()
    goal: tuple[str, ...] = ()
    solution: tuple[str, ...] = ()
    answer: int | None = None
    predict: str = ""
    tolerance: float | None = None
    blank: tuple[str, ...] = ()
    expect: str = ""
    label: dict[str, str] = field(default_factory=dict)
    experiment: str = ""
    keep: bool = False
    places: dict[str, Place] = field(default_factory=dict)

    @property
    def asks(self) -> str:
        """The key that says what the step asks for; empty for a step to read."""
        return next((key for key in ASKS if key in self.places), "")


def read_fence(text: str, start: Place, problems: Problems) -> Fence:
    """Read the text inside a fence; `start` is the place of its first line."""
    fence = Fence()
    try:
        # A value nested too deep exhausts the recursion of tomllib.
        content = tomllib.loads(text)
        lines = key_lines(text)
    except tomllib.TOMLDecodeError as error:
        problems.add(*_decode_problem(str(error), text, start))
        return fence
    except (RecursionError, ValueError):
        problems.add(start, _("this fence can't be read as TOML"))
        return fence
    source = text.splitlines()
    for key, value in content.items():
        line = lines.get((key,), 1)
        shown = source[line - 1] if line <= len(source) else ""
        column = shown.find(key) + 1 or 1
        place = Place(start.line + line - 1, column)
        reader = _READERS.get(key)
        if reader is None:
            problems.add(
                place,
                _("unknown key {key}; {hint}").format(key=quoted(key), hint=nearest(key, KEYS)),
            )
            continue
        fence.places[key] = place
        trouble = reader(fence, key, value)
        if trouble:
            problems.add(place, trouble)
    _check_together(fence, start, problems)
    return fence


def _decode_problem(message: str, text: str, start: Place) -> tuple[Place, str]:
    match = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if match:
        place = Place(start.line + int(match.group(1)) - 1, int(match.group(2)))
        message = message[: match.start()]
    else:  # "at end of document"
        place = Place(start.line + max(0, len(text.splitlines()) - 1))
        message = message.replace(" (at end of document)", "")
    return place, _("this is no TOML: {reason}").format(reason=message)


def _check_together(fence: Fence, start: Place, problems: Problems) -> None:
    asked = [key for key in ASKS if key in fence.places]
    for key in asked[1:]:
        problems.add(
            fence.places[key],
            _("a step asks one thing; this one has {first} already").format(first=asked[0]),
        )
    if "tolerance" in fence.places and not set(asked) & {"predict", "blank", "expect"}:
        problems.add(fence.places["tolerance"], _("tolerance goes with predict, blank or expect"))
    if "solution" in fence.places and "goal" not in fence.places:
        problems.add(fence.places["solution"], _("a solution goes with a goal"))
    if "goal" in fence.places and "solution" not in fence.places:
        problems.add(fence.places["goal"], _("a goal needs a solution, which the check replays"))
    if fence.keep and fence.experiment:
        problems.add(
            fence.places["experiment"], _("a step that keeps the bench takes no other experiment")
        )
    if "id" not in fence.places:
        problems.add(Place(start.line - 1), _("a step with a fence needs an id"))


Reader = Callable[[Fence, str, Any], str]


def _texts(fence: Fence, key: str, value: Any) -> str:
    if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
        return _('{key} should be a list of texts, such as ["…"]').format(key=key)
    if not value and key != "do":
        return _("{key} is empty").format(key=key)
    if len(value) > MOST_LINES or any(len(line) > LONGEST_LINE for line in value):
        return _("{key} is too long").format(key=key)
    if not all(line.isprintable() for line in value):
        return _("{key} holds characters that can't be shown").format(key=key)
    setattr(fence, key, tuple(value))
    return ""


def _text(fence: Fence, key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_LINE:
        return _("{key} should be a text").format(key=key)
    if not value.isprintable():
        return _("{key} holds characters that can't be shown").format(key=key)
    setattr(fence, key, value)
    return ""


def _id(fence: Fence, _key: str, value: Any) -> str:
    if not isinstance(value, str) or not WORD.fullmatch(value):
        return _("id should be a word of letters, digits and -")
    fence.id = value
    return ""


def _answer(fence: Fence, _key: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return _("answer should be the number of the right choice, counted from 1")
    fence.answer = value
    return ""


def _tolerance(fence: Fence, _key: str, value: Any) -> str:
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not 0 <= value < 1e300:
        return _("tolerance should be a number from 0")
    fence.tolerance = float(value)
    return ""


def _expect(fence: Fence, _key: str, value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = repr(value)
    if not isinstance(value, str) or not (_SHAPE.fullmatch(value.strip()) or _is_number(value)):
        return _('expect should be a number or a shape, such as "3072" or "(4, 3)"')
    fence.expect = value.strip()
    return ""


def _is_number(text: str) -> bool:
    try:
        return abs(float(text)) < float("inf")
    except ValueError:
        return False


def _label(fence: Fence, _key: str, value: Any) -> str:
    good = isinstance(value, dict) and 2 <= len(value) <= 12
    if not good or not all(_is_word(word) for pair in value.items() for word in pair):
        return _('label should match 2 to 12 things to names: { plus = "distribute", … }')
    fence.label = dict(value)
    return ""


def _is_word(word: Any) -> bool:
    return isinstance(word, str) and 0 < len(word.strip()) < 60 and word.isprintable()


def _keep(fence: Fence, _key: str, value: Any) -> str:
    if not isinstance(value, bool):
        return _("keep should be true or false")
    fence.keep = value
    return ""


_READERS: dict[str, Reader] = {
    "id": _id,
    "do": _texts,
    "goal": _texts,
    "solution": _texts,
    "answer": _answer,
    "predict": _text,
    "tolerance": _tolerance,
    "blank": _texts,
    "expect": _expect,
    "label": _label,
    "experiment": _text,
    "keep": _keep,
}


MOST_BYTES = 512 * 1024
MOST_STEPS = 200
KINDS = ("read", "goal", "quiz", "predict", "blank", "expect", "label", "experiment")
_KIND_OF_KEY = {"": "read", "answer": "quiz"}
_OF_TRAINING = re.compile(r"\s*(cost|accuracy|right|test_accuracy|epoch|diverged)\b")


@dataclass(frozen=True)
class Step:
    """One step of a lesson."""

    id: str
    title: str
    kind: str  # one of `KINDS`
    prose: str  # markdown, without fence, choices and hints
    # do, goal, solution, blank: lines of the command language, predicates, addresses
    do: tuple[str, ...] = ()
    goal: tuple[str, ...] = ()
    solution: tuple[str, ...] = ()
    answer: int | None = None  # of a quiz, the number of the right choice, from 1
    choices: tuple[Choice, ...] = ()
    predict: str = ""
    tolerance: float | None = None
    blank: tuple[str, ...] = ()
    expect: str = ""
    label: Mapping[str, str] = field(default_factory=dict)  # what belongs together
    # what the prose says of a word: an item such as "`plus` — the sum of its inputs"
    words: Mapping[str, str] = field(default_factory=dict)
    experiment: str = ""  # empty for the lesson's own
    keep: bool = False
    hints: tuple[Hint, ...] = ()
    place: Place = TOP  # of the heading
    places: Mapping[str, Place] = field(default_factory=dict)  # of each key of the fence

    def at(self, key: str) -> Place:
        """Where a key of the fence stands, or else the step's heading."""
        return self.places.get(key, self.place)

    @property
    def asks(self) -> bool:
        """Whether the learner has to do anything."""
        return self.kind != "read"


@dataclass(frozen=True)
class Lesson:
    """A lesson, read and checked for its form."""

    id: str
    title: str
    minutes: int
    needs: tuple[str, ...]  # the ids of lessons that it builds on
    experiment: str
    intro: str  # markdown before the first step
    steps: tuple[Step, ...]
    path: Path
    places: Mapping[str, Place] = field(default_factory=dict)  # of each key of the front matter
    # the text of each fence as it stands in the file, and where
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
            Place(1), _("a lesson has at most {most} KB; split it").format(most=MOST_BYTES // 1024)
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
