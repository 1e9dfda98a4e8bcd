"""The structure of a lesson's markdown: steps, fences, choices, hints; every part with its line.

markdown-it-py says where blocks begin and end; the text itself is taken from the source, so that
what is shown is what the author wrote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from nnsim.i18n import _
from nnsim.tutor.errors import TOP, Place, Problems

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

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
    """What stands under one ``##`` heading (or before the first, with an empty title).

    Attributes
    ----------
    title, prose : str
        ``prose`` is the markdown without the fence, the choices and the hints.
    place : Place
        Of the heading.
    fence : str or None
        The text inside the ``toml nnsim`` fence.
    fence_place : Place
        Of the fence's first inner line.
    """

    title: str
    place: Place
    prose: str = ""
    fence: str | None = None
    fence_place: Place = TOP
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
