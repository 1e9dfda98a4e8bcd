"""The lines between ``---`` at the top of a lesson: ``key: value`` and ``key: ["a", "b"]``.

A small subset of YAML, read strictly, with the place of everything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from nnsim.experiments.errors import nearest, quoted
from nnsim.i18n import _
from nnsim.tutor.errors import Place, Problems

KEYS = ("id", "title", "minutes", "needs", "experiment")
REQUIRED = ("id", "title", "minutes", "experiment")
MOST_MINUTES = 240
WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LINE = re.compile(r"([A-Za-z_][\w-]*)[ \t]*:(?:[ \t]+(.*?))?[ \t]*")
_ENTRY = re.compile(r"""[ \t]*(?:"([^"\\]*)"|'([^']*)'|([^\s,"'\[\]][^,"'\[\]]*))[ \t]*""")


@dataclass
class FrontMatter:
    """What the front matter says.

    Attributes
    ----------
    id, title, experiment : str
    minutes : int
    needs : tuple of str
    places : dict
        Where each key stands.
    end : int
        How many lines the front matter takes, both ``---`` included; 0 without one.
    """

    id: str = ""
    title: str = ""
    experiment: str = ""
    minutes: int = 0
    needs: tuple[str, ...] = ()
    places: dict[str, Place] = field(default_factory=dict)
    end: int = 0


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
            place,
            _("unknown key {key}; {hint}").format(key=quoted(key), hint=nearest(key, KEYS)),
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
