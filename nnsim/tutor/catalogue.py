"""The lessons that ship, and where a lesson of any name lies. Light: Home lists them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nnsim.experiments.files import nearest, quoted
from nnsim.i18n import _, current_language
from nnsim.resources import resource
from nnsim.tutor.errors import LessonError, Problem, Problems
from nnsim.tutor.markdown import FENCE, WORD, read_front_matter

if TYPE_CHECKING:
    from nnsim.tutor.player import Player

FOLDER = "lessons"
_ID = re.compile(r"""\s*id\s*=\s*["']([\w-]+)["']""")
NAME = re.compile(r"(\d\d)-([A-Za-z0-9][\w-]*)\.md")


@dataclass(frozen=True)
class Entry:
    """What a list of lessons shows."""

    id: str
    number: int
    title: str
    minutes: int
    needs: tuple[str, ...]
    step_ids: tuple[str, ...]
    path: Path

    @property
    def steps(self) -> int:
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
    raise LessonError([Problem("", 1, 1, problem)])


_TEXT = """---
id: {id}
title: {title}
minutes: 6
needs: []
experiment: digits-4x3
---

# {title}

What the lesson is about, in two or three sentences.

## Read

Prose in plain markdown. The fence puts something on the bench.

```toml nnsim
id = "read"
do = ["paint 111/101/101/111", "focus hidden[1].z"]
```

## Ask before you show

How many pixels are on in this picture?

```toml nnsim
id     = "count"
do     = ["paint 010/010/010/010"]
answer = 2
```

- [ ] 3 — that is how many there are in a row.
- [ ] 4 — right: one in each row.
- [ ] 12 — those are all, on or off.

## Let them do it

Set the bias of **A** so that its z is 0.5 while the picture is blank.

```toml nnsim
id       = "set-bias"
do       = ["set hidden[1].b 0", "focus hidden[1].z"]
goal     = ["hidden[1].z == 0.5 +- 0.01", "input.count == 0"]
solution = ["set hidden[1].b 0.5"]
```

<details>
<summary>Hint 1</summary>

With a blank picture all products are 0. What is left of the sum?

</details>

<details>
<summary>Hint 2</summary>

Type `set hidden[1].b 0.5` in the command bar.

</details>
"""


def write_skeleton(name: str, folder: Path) -> Path:
    """Write a new lesson into `folder` and return its file.

    Parameters
    ----------
    name : str
        ``bias`` or ``04-bias``; without a number the lesson takes the next free one.

    Raises
    ------
    ValueError
        When the name is no id, or there is such a file already; nothing is written.
    """
    match = re.fullmatch(r"(\d\d)-(.+)", name)
    number, word = (match[1], match[2]) if match else ("", name)
    if not WORD.fullmatch(word):
        raise SkeletonError(
            _("{name} is no id; it should be letters, digits and -, such as my-lesson").format(
                name=f'"{name[:60]}"'
            )
        )
    path = folder / f"{number or _next_number(folder):0>2}-{word}.md"
    taken = [p for p in folder.glob("*.md") if (m := NAME.fullmatch(p.name)) and m[2] == word]
    title = word.replace("-", " ").replace("_", " ").capitalize()
    try:
        if taken:
            raise FileExistsError
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(_TEXT.format(id=word, title=title))
    except FileExistsError:
        shown = taken[0] if taken else path
        raise SkeletonError(_("{path} is there already").format(path=shown)) from None
    return path


class SkeletonError(ValueError):
    """A lesson that can't be begun; the message says why."""


def _next_number(folder: Path) -> str:
    numbers = [int(m[1]) for p in folder.glob("*.md") if (m := NAME.fullmatch(p.name))]
    return str(min(99, max(numbers, default=0) + 1))


def is_lesson(target: str) -> bool:
    """Whether a target is a lesson: a markdown file, or an id of no experiment but of a lesson."""
    if target.endswith(".md"):
        return True
    if any(path.stem == target for path in resource("assets/experiments").glob("*.toml")):
        return False
    return any(target in (path.stem, path.stem[3:]) for path in resource("lessons").glob("en/*.md"))


def open_player(name: str, *, from_start: bool = False) -> tuple[Player, list[str]]:
    """Return the player of a lesson at the learner's place, and a list that troubles go to.

    Raises
    ------
    ValueError
        If there is no such lesson, or it is wrong; `OSError` where it can't be read.
    """
    from nnsim.tutor.lesson import read_lesson
    from nnsim.tutor.player import Player, due_shipped
    from nnsim.tutor.progress import Event, ProgressLog, key_of

    language = current_language()
    lesson = read_lesson(find(name, language))
    log = ProgressLog()
    key = key_of(lesson)
    progress = log.progress()
    place = "" if from_start else progress.of_lesson(key).place
    troubles: list[str] = []

    def record(event: Event) -> None:
        if not log.append(event) and log.trouble not in troubles:
            troubles.append(log.trouble)

    reviews = [] if place else due_shipped(progress, key, language)
    return Player(lesson, key=key, record=record, reviews=reviews, at=place), troubles
