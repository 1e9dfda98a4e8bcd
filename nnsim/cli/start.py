"""``nnsim`` and ``nnsim TARGET``: from the command line to the app, by the shortest way."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nnsim.cli.errors import CommandError
from nnsim.cli.words import pairs
from nnsim.i18n import _
from nnsim.resources import resource

if TYPE_CHECKING:
    from collections.abc import Sequence


def start(words: Sequence[str]) -> int:
    """Open the app as the `words` say, and return its status.

    Raises
    ------
    CommandError
        If a word makes no sense, or there is nothing of the target's name; the screen has not
        been touched by then.
    """
    _one_thread_for_products()
    options = {"--ascii": False, "--untrained": False}
    targets = []
    unknown = []
    for word, _value in pairs(words):
        if word in options:
            options[word] = True
        elif not word.startswith("-"):
            targets.append(word)
        elif word != "--lang":
            unknown.append(word)
    target = targets[0] if targets else None
    if target is not None:
        check_target(target)
    for word in (*unknown, *targets[1:]):
        problem = _("{word} makes no sense here; nnsim --help has all commands and options")
        raise CommandError(problem.format(word=word))
    from nnsim.tui import run_app

    return run_app(target, ascii_only=options["--ascii"], untrained=options["--untrained"])


def _one_thread_for_products() -> None:
    """Have NumPy multiply in one thread, unless the person has set it otherwise.

    The app trains in a thread and draws in another; matrix products in threads of their own would
    wait for both, and on a busy machine take many times as long. To be called before NumPy comes.
    """
    for library in ("OPENBLAS_NUM", "MKL_NUM", "OMP_NUM", "BLIS_NUM", "VECLIB_MAXIMUM"):
        os.environ.setdefault(f"{library}_THREADS", "1")


def check_target(target: str) -> None:
    """Refuse a target that is no shipped experiment, no lesson and no sound file.

    Raises
    ------
    CommandError, ExperimentError
    """
    if target in experiment_ids() or target in lesson_ids() or _is_numbered(target):
        return
    path = Path(target)
    if "\0" not in target and target and (path.suffix or len(path.parts) > 1 or path.exists()):
        if not path.is_file() or not (sys.stdout.isatty() or path.suffix == ".md"):
            # The app reads the file itself, before it touches the screen; but without a
            # terminal it would not come to that, and a broken file is the better thing to hear.
            from nnsim.cli.subject import open_subject

            open_subject(path)
        return
    from nnsim.cli.registry import COMMANDS
    from nnsim.experiments.errors import nearest, quoted

    problem = _("there is no experiment, lesson or command {name}; {hint}")
    known = [*experiment_ids(), *lesson_ids(), *COMMANDS]
    raise CommandError(problem.format(name=quoted(target), hint=nearest(target, known)))


def _is_numbered(target: str) -> bool:
    """Whether a target is a lesson with its number, such as ``15-gates``."""
    return target[2:3] == "-" and target[:2].isdecimal() and target[3:] in lesson_ids()


def experiment_ids() -> list[str]:
    """Return the ids of the experiments that ship: the names of their files."""
    return sorted(path.stem for path in resource("assets/experiments").glob("*.toml"))


def lesson_ids() -> list[str]:
    """Return the ids of the lessons that ship: their files are called ``NN-id.md``."""
    return [path.stem[3:] for path in sorted(resource("lessons").glob("en/[0-9][0-9]-*.md"))]
