"""``nnsim lessons``: the lessons with your progress; check, new, reset."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nnsim.cli.output import CommandError
from nnsim.i18n import _, current_language, ngettext

if TYPE_CHECKING:
    import argparse

    from nnsim.cli.output import Output

ACTIONS = ("check", "new", "reset")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        nargs="?",
        choices=ACTIONS,
        metavar="check|new|reset",
        help=_("check files or folders (or all that ship); begin a lesson; forget progress"),
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=_("of check: paths; of new and reset: an id")
    )


def run(arguments: argparse.Namespace, output: Output) -> int:
    if arguments.action == "check":
        return _check(arguments.names, output)
    if arguments.action == "new":
        return _new(arguments.names, output)
    if arguments.action == "reset":
        return _reset(arguments.names, output)
    return _list(output)


def _list(output: Output) -> int:
    from nnsim.tutor.catalogue import shipped
    from nnsim.tutor.progress import ProgressLog

    progress = ProgressLog().progress()
    rows = []
    for entry in shipped(current_language()):
        state = progress.of_lesson(entry.id)
        rows.append(
            {
                "id": entry.id,
                "number": entry.number,
                "title": entry.title,
                "minutes": entry.minutes,
                "needs": list(entry.needs),
                "steps": entry.steps,
                "done": state.done(entry.step_ids),
                "finished": state.finished,
                "path": str(entry.path),
            }
        )
    if output.as_json:
        output.json(rows)
        return 0
    output.table(
        _("Lessons: nnsim lesson ID plays one"),
        (_("no."), _("id"), _("title"), _("builds on"), _("minutes"), _("done")),
        [
            (
                f"{row['number']:02}",
                str(row["id"]),
                str(row["title"]),
                ", ".join(row["needs"]),  # type: ignore[arg-type]
                str(row["minutes"]),
                f"{row['done']}/{row['steps']}" + (" ✓" if row["finished"] else "  "),
            )
            for row in rows
        ],
        left=4,
    )
    return 0


def _check(names: list[str], output: Output) -> int:
    from nnsim.tutor.linter import check

    files, problems = check([Path(name) for name in names])
    if output.as_json:
        output.json(
            [
                {"file": p.file, "line": p.line, "column": p.column, "message": p.message}
                for p in problems
            ]
        )
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
        return 0
    output.line(
        _("the progress in {lesson} is back at the start").format(lesson=key)
        if key
        else _("all progress is back at the start")
    )
    return 0


def _unknown(name: str, known: list[str]) -> str:
    from nnsim.experiments.errors import nearest, quoted

    ids = [key for key in known if not key[:2].isdecimal()]
    return _("there is no lesson {name}; {hint}").format(name=quoted(name), hint=nearest(name, ids))
