"""What a ``toml nnsim`` fence tells the app to do, checked, with the place of every key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nnsim.experiments.errors import nearest, quoted
from nnsim.experiments.toml import key_lines
from nnsim.i18n import _
from nnsim.tutor.errors import Place, Problems
from nnsim.tutor.front_matter import WORD

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


# One reader per key: it fills the fence, or says what is wrong with the value. ------------------

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
