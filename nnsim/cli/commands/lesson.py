"""``nnsim lesson``: a lesson in the app, or line by line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from nnsim.i18n import _, current_language

if TYPE_CHECKING:
    import argparse

    from nnsim.cli.output import Output
    from nnsim.tutor.lesson import Lesson


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lesson", metavar="LESSON", help=_("an id, or a file"))
    parser.add_argument(
        "--plain", action="store_true", help=_("line by line on standard input and output")
    )
    parser.add_argument(
        "--from-start", action="store_true", help=_("begin at the first step, not where you left")
    )


def run(arguments: argparse.Namespace, output: Output) -> int:
    from nnsim.tutor.catalogue import find
    from nnsim.tutor.lesson import read_lesson

    path = find(arguments.lesson, current_language())
    lesson = read_lesson(path)
    if output.as_json:
        output.json(_content(lesson))
        return 0
    if not arguments.plain and sys.stdin.isatty() and sys.stdout.isatty():
        from nnsim.tui import run_app

        return run_app(str(path), from_start=arguments.from_start)
    return _play(lesson, output, from_start=arguments.from_start)


def _content(lesson: Lesson) -> dict[str, object]:
    return {
        "id": lesson.id,
        "title": lesson.title,
        "minutes": lesson.minutes,
        "needs": list(lesson.needs),
        "experiment": lesson.experiment,
        "steps": [{"id": s.id, "title": s.title, "kind": s.kind} for s in lesson.steps],
    }


def _play(lesson: Lesson, output: Output, *, from_start: bool) -> int:
    from nnsim.cli.plain_lesson import PlainLesson
    from nnsim.tutor.player import Player, due_shipped
    from nnsim.tutor.progress import ProgressLog, key_of

    log = ProgressLog()
    key = key_of(lesson)
    progress = log.progress()
    place = "" if from_start else progress.of_lesson(key).place
    said_trouble = False

    def record(event: object) -> None:
        nonlocal said_trouble
        if not log.append(event) and not said_trouble:  # type: ignore[arg-type]
            said_trouble = True
            print(f"nnsim: {log.trouble}", file=sys.stderr)

    reviews = [] if place else due_shipped(progress, key, current_language())
    player = Player(lesson, key=key, record=record, reviews=reviews, at=place)
    plain = PlainLesson(player, lambda line: print(output.text(line), flush=True))
    if hasattr(sys.stdin, "reconfigure"):
        sys.stdin.reconfigure(errors="replace")
    plain.begin()
    while True:
        if sys.stdin.isatty():
            print("> ", end="", flush=True)
        line = sys.stdin.readline()
        if not line or not plain.hear(line):
            return 0
