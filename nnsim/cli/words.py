"""A first look at the words of a command line, before anything is imported for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from nnsim.cli.errors import CommandError
from nnsim.i18n import LANGUAGES, _

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


def first_word(words: Sequence[str]) -> str | None:
    """Return the first word that is neither an option nor the value of ``--lang``."""
    return next((word for word, _value in pairs(words) if not word.startswith("-")), None)


def pairs(words: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Go through the words, ``--lang`` together with its value, everything else by itself.

    Raises
    ------
    CommandError
        If ``--lang`` has no value.
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

    Raises
    ------
    CommandError
        If ``--lang`` or ``NNSIM_LANG`` asks for one that there isn't.
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
