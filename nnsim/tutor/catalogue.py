"""The lessons that ship, and where a lesson of any name lies. Light: Home lists them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from nnsim.experiments.errors import nearest, quoted
from nnsim.i18n import _
from nnsim.resources import resource
from nnsim.tutor.errors import LessonError, Problem, Problems
from nnsim.tutor.front_matter import read_front_matter
from nnsim.tutor.markdown import FENCE

FOLDER = "lessons"
_ID = re.compile(r"""\s*id\s*=\s*["']([\w-]+)["']""")
NAME = re.compile(r"(\d\d)-([A-Za-z0-9][\w-]*)\.md")


@dataclass(frozen=True)
class Entry:
    """What a list of lessons shows.

    Attributes
    ----------
    id, title : str
    number, minutes : int
    needs, step_ids : tuple of str
    path : Path
    """

    id: str
    number: int
    title: str
    minutes: int
    needs: tuple[str, ...]
    step_ids: tuple[str, ...]
    path: Path

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self.step_ids)


def folder(language: str) -> Path:
    """Return where the lessons of a language lie."""
    return resource(FOLDER) / language


def shipped(language: str = "en") -> list[Entry]:
    """Return the lessons that ship, in their order; in English where there is no translation."""
    paths = {path.name: path for path in sorted(folder("en").glob("*.md"))}
    if language != "en":
        paths.update((path.name, path) for path in folder(language).glob("*.md"))
    return [_entry(paths[name]) for name in sorted(paths) if NAME.fullmatch(name)]


def _entry(path: Path) -> Entry:
    lines = path.read_text(encoding="utf-8").splitlines()
    front = read_front_matter(lines, Problems(str(path)))
    match = NAME.fullmatch(path.name)
    number, name = (int(match[1]), match[2]) if match else (0, path.stem)
    return Entry(
        id=front.id or name,
        number=number,
        title=front.title or name,
        minutes=front.minutes,
        needs=front.needs,
        step_ids=tuple(_step_ids(lines)),
        path=path,
    )


def _step_ids(lines: list[str]) -> list[str]:
    """The ids of the steps, by a look at headings and fences alone: reading costs 20 times more."""
    ids: list[str] = []
    fence = ""
    for line in lines:
        mark = re.match(r" {0,3}(```+|~~~+)\s*(.*)", line)
        if mark:
            fence = "" if fence else mark[2].strip() or "text"
        elif not fence and line.startswith("## "):
            ids.append(f"step-{len(ids) + 1}")
        elif fence == FENCE and ids and (match := _ID.match(line)):
            ids[-1] = match[1]
    return ids


def ships(path: Path) -> bool:
    """Whether a file is one of the lessons that come with nnsim."""
    return path.resolve().parent.parent == resource(FOLDER).resolve()


def find(name: str, language: str = "en") -> Path:
    """Return the file of a lesson: its id (``bias`` or ``04-bias``), or a path.

    Raises
    ------
    LessonError
        If there is none.
    """
    ids = {}
    for entry in shipped(language):
        ids[entry.id] = ids[entry.path.stem] = entry.path
    if name in ids:
        return ids[name]
    path = Path(name)
    if "\0" not in name and name and (path.suffix == ".md" or path.is_file()):
        return path
    problem = _("there is no lesson {name}; {hint}").format(
        name=quoted(name), hint=nearest(name, [key for key in ids if not key[:2].isdecimal()])
    )
    raise UnknownLessonError(problem)


class UnknownLessonError(LessonError):
    """No lesson has this name; `str()` is the sentence, about no file."""

    def __init__(self, sentence: str) -> None:
        super().__init__([Problem("", 1, 1, sentence)])
        self.args = (sentence,)
