"""``nnsim lessons``: all with your progress; check, new, reset; ``nnsim lesson``: play one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nnsim.cli.output import CommandError
from nnsim.experiments.files import nearest, quoted
from nnsim.i18n import _, current_language, ngettext

if TYPE_CHECKING:
    import argparse

    from nnsim.cli.output import Output
    from nnsim.tutor.lesson import Lesson


def lessons_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        nargs="?",
        choices=tuple(ACTIONS),
        metavar="check|new|reset",
        help=_("check files or folders (or all that ship); begin a lesson; forget progress"),
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=_("of check: paths; of new and reset: an id")
    )


def run_lessons(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.action is None:
        return _list(output)
    return ACTIONS[arguments.action](arguments.names, output)


def _list(output: Output) -> int:
    from nnsim.tutor.catalogue import shipped
    from nnsim.tutor.progress import ProgressLog

    progress = ProgressLog().progress()
    lessons = [(entry, progress.of_lesson(entry.id)) for entry in shipped(current_language())]
    if output.as_json:
        keys = ("id", "number", "title", "minutes", "needs", "steps")
        output.json(
            [
                {key: getattr(entry, key) for key in keys}
                | {"done": state.done(entry.step_ids), "finished": state.finished}
                | {"path": str(entry.path)}
                for entry, state in lessons
            ]
        )
        return 0
    output.table(
        _("Lessons: nnsim lesson ID plays one"),
        (_("no."), _("id"), _("title"), _("builds on"), _("minutes"), _("done")),
        [
            (
                f"{entry.number:02}",
                entry.id,
                entry.title,
                ", ".join(entry.needs),
                str(entry.minutes),
                f"{state.done(entry.step_ids)}/{entry.steps}" + (" ✓" if state.finished else "  "),
            )
            for entry, state in lessons
        ],
        left=4,
    )
    return 0


def _check(names: list[str], output: Output) -> int:
    from nnsim.tutor.linter import check

    files, problems = check([Path(name) for name in names])
    if output.as_json:
        output.json([vars(problem) for problem in problems])
        return int(bool(problems))
    for problem in problems:
        output.line(str(problem))
    if not problems:
        text = ngettext(
            "{n} lesson checked: no problems", "{n} lessons checked: no problems", files
        )
        output.line(text.format(n=files))
    return int(bool(problems))


def _new(names: list[str], output: Output) -> int:
    from nnsim.tutor.catalogue import write_skeleton

    if len(names) != 1:
        raise CommandError(_("say which: nnsim lessons new ID"))
    path = write_skeleton(names[0], Path())
    if output.as_json:
        output.json({"path": str(path)})
        return 0
    output.line(_("{path} is written; nnsim lessons check {path} checks it").format(path=path))
    return 0


def _reset(names: list[str], output: Output) -> int:
    from nnsim.tutor.catalogue import shipped
    from nnsim.tutor.progress import Event, ProgressLog

    if len(names) > 1:
        raise CommandError(_("say which: nnsim lessons reset [ID]"))
    log = ProgressLog()
    key = ""
    if names:
        known = {k: e.id for e in shipped() for k in (e.id, e.path.stem)}
        key = known.get(names[0], names[0])
        if key not in known and key not in log.progress().lessons:
            own = str(Path(key).resolve())
            if own not in log.progress().lessons:
                raise CommandError(_unknown(key, list(known)))
            key = own
    if not log.append(Event("reset", key)):
        raise CommandError(log.trouble)
    if output.as_json:
        output.json({"lesson": key or None})
    elif key:
        output.line(_("the progress in {lesson} is back at the start").format(lesson=key))
    else:
        output.line(_("all progress is back at the start"))
    return 0


def _unknown(name: str, known: list[str]) -> str:
    ids = [key for key in known if not key[:2].isdecimal()]
    return _("there is no lesson {name}; {hint}").format(name=quoted(name), hint=nearest(name, ids))


ACTIONS = {"check": _check, "new": _new, "reset": _reset}


def lesson_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lesson", metavar="LESSON", help=_("an id, or a file"))
    parser.add_argument(
        "--plain", action="store_true", help=_("line by line on standard input and output")
    )
    parser.add_argument(
        "--from-start", action="store_true", help=_("begin at the first step, not where you left")
    )


def run_lesson(arguments: argparse.Namespace, output: Output) -> int:
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
