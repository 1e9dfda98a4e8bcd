"""The text of a lesson file: the lines between ``---`` at its top, and markdown cut into its parts.

The front matter is a small subset of YAML, read strictly: ``key: value`` and ``key: ["a", "b"]``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from nnsim.experiments.files import nearest, quoted
from nnsim.i18n import _
from nnsim.tutor.errors import TOP, Place, Problems

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

KEYS = ("id", "title", "minutes", "needs", "experiment")
REQUIRED = ("id", "title", "minutes", "experiment")
MOST_MINUTES = 240
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LINE = re.compile(r"([A-Za-z_][\w-]*)[ \t]*:(?:[ \t]+(.*?))?[ \t]*")
_ENTRY = re.compile(r"""[ \t]*(?:"([^"\\]*)"|'([^']*)'|([^\s,"'\[\]][^,"'\[\]]*))[ \t]*""")


@dataclass
class FrontMatter:
    """What the front matter says."""

    id: str = ""
    title: str = ""
    experiment: str = ""
    minutes: int = 0
    needs: tuple[str, ...] = ()
    places: dict[str, Place] = field(default_factory=dict)  # where each key stands
    end: int = 0  # how many lines the front matter takes, both ``---`` included; 0 without one


def read_front_matter(lines: list[str], problems: Problems) -> FrontMatter:
    """Read the front matter of a lesson's lines; what is wrong goes to `problems`."""
    found = FrontMatter()
    if not lines or lines[0].rstrip() != "---":
        problems.add(
            Place(1), _("a lesson starts with a line --- and its id, title, minutes, experiment")
        )
        return found
    end = next((i for i in range(1, len(lines)) if lines[i].rstrip() == "---"), None)
    if end is None:
        problems.add(Place(1), _("the front matter has no end; it closes with a line ---"))
        found.end = len(lines)
        return found
    found.end = end + 1
    values: dict[str, str | list[str]] = {}
    for number in range(1, end):
        _read_line(lines[number], Place(number + 1), values, found.places, problems)
    _fill(found, values, problems)
    return found


def _read_line(
    line: str,
    place: Place,
    values: dict[str, str | list[str]],
    places: dict[str, Place],
    problems: Problems,
) -> None:
    if not line.strip() or line.lstrip().startswith("#"):
        return
    match = _LINE.fullmatch(line)
    if not match:
        problems.add(place, _('this should be "key: value", such as minutes: 6'))
        return
    key, text = match.group(1), match.group(2) or ""
    if key not in KEYS:
        problems.add(
            place, _("unknown key {key}; {hint}").format(key=quoted(key), hint=nearest(key, KEYS))
        )
        return
    if key in places:
        problems.add(
            place,
            _("{key} stands here a second time, first on line {line}").format(
                key=key, line=places[key].line
            ),
        )
        return
    places[key] = place
    value = _value(text)
    if value is None:
        problems.add(
            place,
            _('{key}: {text} can\'t be read; write a word, a text in "…", or a list').format(
                key=key, text=quoted(text)
            ),
        )
    else:
        values[key] = value


def _value(text: str) -> str | list[str] | None:
    """A text, a list of texts, or None where it is neither."""
    if text.startswith("["):
        if not text.endswith("]"):
            return None
        return _entries(text[1:-1])
    if text[:1] in ("'", '"'):
        match = _ENTRY.fullmatch(text)
        return None if match is None else (match.group(1) or match.group(2) or "")
    return None if text[:1] in tuple("{}&*!|>%@`]") and text else text


def _entries(text: str) -> list[str] | None:
    entries: list[str] = []
    at = 0
    while text[at:].strip():
        match = _ENTRY.match(text, at)
        if match is None:
            return None
        entries.append(next(g for g in match.groups() if g is not None).strip())
        at = match.end()
        if at < len(text):
            if text[at] != ",":
                return None
            at += 1
    return entries


def _fill(found: FrontMatter, values: Mapping[str, str | list[str]], problems: Problems) -> None:
    for key in REQUIRED:
        if key not in found.places:
            problems.add(Place(1), _("the front matter has no {key}").format(key=key))
    for key in ("id", "title", "experiment"):
        if key in values:
            value = values[key]
            if isinstance(value, str) and value.strip():
                setattr(found, key, value)
            else:
                problems.add(found.places[key], _("{key} should be a text").format(key=key))
    if found.id and not WORD.fullmatch(found.id):
        problems.add(
            found.places["id"],
            _("id should be a word of letters, digits and -, not {id}").format(id=quoted(found.id)),
        )
        found.id = ""
    if len(found.title) > 120:
        problems.add(found.places["title"], _("title should be at most 120 characters"))
    _fill_minutes(found, values, problems)
    needs = values.get("needs", [])
    if isinstance(needs, list) and all(WORD.fullmatch(name) for name in needs):
        found.needs = tuple(needs)
    else:
        problems.add(
            found.places["needs"], _('needs should be a list of lesson ids, such as ["neuron"]')
        )


def _fill_minutes(
    found: FrontMatter, values: Mapping[str, str | list[str]], problems: Problems
) -> None:
    if "minutes" not in values:
        return
    text = values["minutes"]
    good = isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 4
    minutes = int(text) if good and isinstance(text, str) else 0
    if 1 <= minutes <= MOST_MINUTES:
        found.minutes = minutes
    else:
        problems.add(
            found.places["minutes"],
            _("minutes should be a whole number from 1 to {most}").format(most=MOST_MINUTES),
        )


FENCE = "toml nnsim"
_CHOICE = re.compile(r"\[([ xX])\][ \t]+(.*)", re.S)
_DASH = re.compile(r"\s(?:—|–|--)\s|——")
_SUMMARY = re.compile(r"<summary>\s*(?:Hint|提示)\s*([0-9]+)\s*</summary>")
_WORD = re.compile(r"`([^`]+)`\s*(?:—|–|--|:|：)+\s*(.+)", re.S)


@dataclass(frozen=True)
class Choice:
    """One answer of a quiz: what it says, and what to say to who chose it."""

    text: str
    feedback: str
    place: Place


@dataclass(frozen=True)
class Hint:
    """One tier of help."""

    text: str
    place: Place


@dataclass
class Section:
    """What stands under one ``##`` heading (or before the first, with an empty title)."""

    # title, prose: ``prose`` is the markdown without the fence, the choices and the hints
    title: str
    place: Place  # of the heading
    prose: str = ""
    fence: str | None = None  # the text inside the ``toml nnsim`` fence
    fence_place: Place = TOP  # of the fence's first inner line
    choices: list[Choice] = field(default_factory=list)
    hints: list[Hint] = field(default_factory=list)
    words: dict[str, str] = field(default_factory=dict)


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def read_sections(lines: list[str], problems: Problems) -> tuple[str, list[Section]]:
    """Split a lesson's lines, front matter blanked, into the title (``#``) and its sections."""
    tokens = _parser().parse("\n".join(lines))
    reader = _Reader(lines, tokens, problems)
    reader.read()
    return reader.title, reader.sections


class _Reader:
    def __init__(self, lines: list[str], tokens: list[Token], problems: Problems) -> None:
        self.lines, self.tokens, self.problems = lines, tokens, problems
        self.title = ""
        self.sections = [Section("", Place(1))]
        self.taken: set[int] = set()  # lines (from 0) that are not prose
        self.starts = [0]

    def read(self) -> None:
        for i, token in enumerate(self.tokens):
            if token.map is None:
                continue
            start, end = token.map
            if token.type == "fence":
                self.fence(token, start, end)
            elif token.level:
                continue
            elif token.type == "heading_open":
                self.heading(token.tag, self.tokens[i + 1].content, start, end)
            elif token.type == "bullet_list_open":
                self.bullets(i, start)
            elif token.type == "html_block" and start not in self.taken:
                self.html(start)
        ends = [*self.starts[1:], len(self.lines)]
        for section, start, end in zip(self.sections, self.starts, ends, strict=True):
            kept = [self.lines[n].rstrip() for n in range(start, end) if n not in self.taken]
            section.prose = re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n")

    def heading(self, tag: str, text: str, start: int, end: int) -> None:
        if tag == "h1":
            if self.title:
                self.problems.add(Place(start + 1), _("a lesson has one # heading, its title"))
            self.title = self.title or text
            self.taken.update(range(start, end))
        elif tag == "h2":
            if not text.strip():
                self.problems.add(Place(start + 1), _("a step needs a heading with words in it"))
            self.sections.append(Section(text.strip(), Place(start + 1)))
            self.starts.append(start)
            self.taken.update(range(start, end))

    def fence(self, token: Token, start: int, end: int) -> None:
        words = token.info.split()
        if words[:1] != ["toml"] or len(words) < 2:
            return
        place = Place(start + 1)
        section = self.sections[-1]
        if words != FENCE.split():
            self.problems.add(
                place, _("a fence for the app is called ```{name}").format(name=FENCE)
            )
        elif token.level:
            self.problems.add(
                place, _("a {name} fence stands at the left margin, in no list").format(name=FENCE)
            )
        elif len(self.sections) == 1:
            self.problems.add(
                place, _("this fence stands before the first step; steps start at ##")
            )
        elif section.fence is not None:
            self.problems.add(
                place,
                _("a step has one {name} fence; the first is on line {line}").format(
                    name=FENCE, line=section.fence_place.line - 1
                ),
            )
        else:
            section.fence, section.fence_place = token.content, Place(start + 2)
            if not re.match(r"\s*(```+|~~~+)\s*$", self.lines[min(end, len(self.lines)) - 1]):
                self.problems.add(place, _("this fence is never closed"))
        self.taken.update(range(start, end))

    def bullets(self, at: int, start: int) -> None:
        """A list of choices, or of words for a *label* step, or plain prose."""
        items: list[tuple[str, Place]] = []
        end = start
        for i in range(at + 1, len(self.tokens)):
            token = self.tokens[i]
            if token.type == "bullet_list_close" and token.level == 0:
                break
            if token.type == "inline" and token.map and token.level == 3:
                column = len(self.lines[token.map[0]]) - len(self.lines[token.map[0]].lstrip()) + 1
                items.append((token.content, Place(token.map[0] + 1, column)))
                end = max(end, token.map[1])
        section = self.sections[-1]
        marks = [_CHOICE.fullmatch(text) for text, _place in items]
        for text, _place in items:
            word = _WORD.fullmatch(text)
            if word:
                section.words[word.group(1)] = " ".join(word.group(2).split())
        if not any(marks):
            return
        for mark, (_text, place) in zip(marks, items, strict=True):
            self.choice(section, mark, place)
        self.taken.update(range(start, end))

    def choice(self, section: Section, mark: re.Match[str] | None, place: Place) -> None:
        if mark is None:
            self.problems.add(place, _("this is no choice; one looks like: - [ ] text — feedback"))
            return
        if mark.group(1) != " ":
            self.problems.add(
                place, _("choices stay unticked; the right one is the number in answer")
            )
        text, *feedback = _DASH.split(" ".join(mark.group(2).split()), maxsplit=1)
        if not feedback or not feedback[0].strip():
            self.problems.add(
                place, _("this choice has no feedback; it follows a dash: - [ ] text — feedback")
            )
        section.choices.append(Choice(text.strip(), "".join(feedback).strip(), place))

    def html(self, start: int) -> None:
        """``<details>``: a hint, up to its ``</details>``."""
        if not self.lines[start].lstrip().startswith("<details"):
            return
        place = Place(start + 1)
        end = next(
            (n for n in range(start, len(self.lines)) if "</details>" in self.lines[n]), None
        )
        runs_on = re.compile(r" {0,3}##? |.*<details")
        if end is None or any(runs_on.match(self.lines[n]) for n in range(start + 1, end)):
            self.problems.add(place, _("this hint is never closed; it ends with </details>"))
            return
        self.taken.update(range(start, end + 1))
        text = "\n".join(self.lines[start : end + 1])
        summary = _SUMMARY.search(text)
        section = self.sections[-1]
        if summary is None:
            self.problems.add(place, _("a hint opens with <details> and <summary>Hint 1</summary>"))
            return
        if int(summary.group(1)[:6]) != len(section.hints) + 1:
            self.problems.add(
                place,
                _("the hints of a step count from 1; this should be number {number}").format(
                    number=len(section.hints) + 1
                ),
            )
        inside = text[summary.end() : text.rindex("</details>")].strip()
        if not inside:
            self.problems.add(place, _("this hint is empty"))
        section.hints.append(Hint(inside, place))
