"""The glossary of the lessons, in both languages, and whether the lessons keep to it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from nnsim.i18n import _
from nnsim.tutor.errors import Place, Problem, Problems

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nnsim.tutor.lesson import Lesson

FILE = "glossary.toml"


@dataclass(frozen=True)
class Term:
    """One row: the word in English and in Chinese, and Chinese words to avoid."""

    en: str
    zh: str
    avoid: tuple[str, ...]
    line: int


def glossary_of(lesson: Path) -> Path | None:
    """Return the glossary that a lesson under ``en/`` or ``zh/`` keeps to, if there is one."""
    path = lesson.parent.parent / FILE
    return path if lesson.resolve().parent.name in ("en", "zh") and path.is_file() else None


@cache
def read_glossary(path: Path, _changed: float = 0.0) -> tuple[Term, ...]:
    """Return the terms of a glossary.

    Raises
    ------
    ValueError
        If it can't be read.
    """
    text = path.read_text(encoding="utf-8")
    rows = tomllib.loads(text).get("term", [])
    starts = [i for i, line in enumerate(text.splitlines(), 1) if line.strip() == "[[term]]"]
    return tuple(
        Term(str(row["en"]), str(row["zh"]), tuple(map(str, row.get("not", ()))), line)
        for row, line in zip(rows, starts, strict=True)
    )


def check_words(lesson: Lesson, problems: Problems) -> None:
    """Note words in a Chinese lesson that the glossary has a better one for."""
    path = glossary_of(lesson.path)
    if path is None or lesson.path.resolve().parent.name != "zh":
        return
    try:
        terms = read_glossary(path, path.stat().st_mtime)
    except (ValueError, KeyError, TypeError):
        return  # `check_use` says so, once
    for number, line in enumerate(lesson.path.read_text(encoding="utf-8").splitlines(), start=1):
        for term in terms:
            for word in term.avoid:
                if word in line:
                    text = _('the glossary says "{good}" for "{en}", not "{word}"')
                    problems.add(
                        Place(number, line.index(word) + 1),
                        text.format(good=term.zh, en=term.en, word=word),
                    )


def check_use(lessons: Iterable[Lesson]) -> list[Problem]:
    """Return the terms that no lesson uses, of each glossary whose lessons were all looked at."""
    texts: dict[Path, dict[str, dict[str, str]]] = {}
    for lesson in lessons:
        path = glossary_of(lesson.path)
        if path is not None:
            language = lesson.path.resolve().parent.name
            text = lesson.path.read_text(encoding="utf-8").lower()
            texts.setdefault(path, {}).setdefault(language, {})[lesson.path.name] = text
    problems = []
    for path, languages in texts.items():
        try:
            terms = read_glossary(path, path.stat().st_mtime)
        except (ValueError, KeyError, TypeError) as error:
            problems.append(Problem(str(path), 1, 1, f"{type(error).__name__}: {error}"))
            continue
        for language, files in languages.items():
            if len(files) < len(list((path.parent / language).glob("[0-9][0-9]-*.md"))):
                continue
            whole = "\n".join(files.values())
            for term in terms:
                word = term.en if language == "en" else term.zh
                if word.lower() not in whole:
                    text = _('no lesson under {language}/ uses "{word}"')
                    message = text.format(language=language, word=word)
                    problems.append(Problem(str(path), term.line, 1, message))
    return problems
