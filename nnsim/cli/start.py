"""``nnsim`` and ``nnsim TARGET``: the words of a command line, and the shortest way to the app."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nnsim.cli.output import CommandError
from nnsim.i18n import LANGUAGES, _
from nnsim.resources import resource

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def first_word(words: Sequence[str]) -> str | None:
    """Return the first word that is neither an option nor the value of ``--lang``."""
    return next((word for word, _value in pairs(words) if not word.startswith("-")), None)


def pairs(words: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Go through the words, ``--lang`` together with its value, everything else by itself.

    Raises CommandError if ``--lang`` has no value.
    """
    rest = iter(words)
    for word in rest:
        if word == "--lang":
            value = next(rest, None)
            if value is None:
                raise CommandError(_("--lang needs one of {names}").format(names=_languages()))
            yield word, value
        elif word.startswith("--lang="):
            yield "--lang", word.removeprefix("--lang=")
        else:
            yield word, None


def choose_language(words: Sequence[str], environment: Mapping[str, str] = os.environ) -> str:
    """Return the language: of ``--lang``, of ``NNSIM_LANG``, saved, of the locale, or English.

    Raises CommandError if ``--lang`` or ``NNSIM_LANG`` asks for one that there isn't.
    """
    asked = [("--lang", value) for word, value in pairs(words) if word == "--lang"]
    asked += [("NNSIM_LANG", environment["NNSIM_LANG"])] if environment.get("NNSIM_LANG") else []
    for origin, language in asked:
        if language not in LANGUAGES:
            problem = _("{origin} {language} is no language of nnsim; it has {names}")
            raise CommandError(problem.format(origin=origin, language=language, names=_languages()))
        return language
    if (saved := saved_language()) in LANGUAGES:
        return saved
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            language = environment[name].partition("_")[0].partition(".")[0].lower()
            return language if language in LANGUAGES else LANGUAGES[0]
    return LANGUAGES[0]


def saved_language() -> str:
    """Return the language that was chosen in the app for good; empty where none was."""
    from nnsim.tui import settings

    saved = settings.load().get("language")
    return saved if isinstance(saved, str) else ""


def _languages() -> str:
    return ", ".join(LANGUAGES)


def start(words: Sequence[str]) -> int:
    """Open the app as the `words` say, and return its status.

    Raises CommandError if a word makes no sense, or there is nothing of the target's name; the
    screen has not been touched by then.
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
    """Refuse a target that is no shipped experiment, no lesson and no sound file."""
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
    from nnsim.cli.commands import COMMANDS
    from nnsim.experiments.files import nearest, quoted

    problem = _("there is no experiment, lesson or command {name}; {hint}")
    known = [*experiment_ids(), *lesson_ids(), *COMMANDS]
    raise CommandError(problem.format(name=quoted(target), hint=nearest(target, known)))


def _is_numbered(target: str) -> bool:
    """Whether a target is a lesson with its number, such as ``15-gates``."""
    return target[2:3] == "-" and target[:2].isdecimal() and target[3:] in lesson_ids()


def experiment_ids() -> list[str]:
    return sorted(path.stem for path in resource("assets/experiments").glob("*.toml"))


def lesson_ids() -> list[str]:
    """Return the ids of the lessons that ship: their files are called ``NN-id.md``."""
    return [path.stem[3:] for path in sorted(resource("lessons").glob("en/[0-9][0-9]-*.md"))]
