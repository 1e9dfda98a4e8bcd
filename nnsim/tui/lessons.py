"""Opening lessons in the app: which target is one, and the player of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.i18n import current_language
from nnsim.resources import resource

if TYPE_CHECKING:
    from nnsim.tutor.player import Player


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
    from nnsim.tutor.catalogue import find
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
