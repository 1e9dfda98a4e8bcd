"""What is wrong with an experiment, its data or an input, said in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nnsim.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExperimentError(ValueError):
    """An experiment, a data file or an input that can't be used; `str()` is the whole sentence.

    Where it is about a place in a file the sentence starts with ``file:line:``.
    """


def at(file: str, line: int | None, problem: str) -> ExperimentError:
    """Return the error that `problem` is at `line` (counted from 1) of `file`."""
    place = file if line is None else f"{file}:{line}"
    return ExperimentError(f"{place}: {problem}")


def quoted(name: str) -> str:
    """Return `name` in quotes, short enough for a sentence and without control characters."""
    shown = "".join(c if c.isprintable() else "?" for c in name[:41])
    return f'"{shown[:40]}…"' if len(shown) > 40 else f'"{shown}"'


def listed(names: Iterable[str], limit: int = 12) -> str:
    """Return `names` as ``a, b, c``, cut after `limit` of them."""
    known = list(names)
    return ", ".join(known[:limit]) + (", …" if len(known) > limit else "")


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the sentence that leads from a wrong `name` to a right one among `known`."""
    from difflib import get_close_matches  # not on the way to the first picture

    names = list(dict.fromkeys(known))  # a lesson and an experiment may share one
    close = get_close_matches(name, names, n=3, cutoff=0.6)
    if close:
        return _("did you mean {names}?").format(names=" / ".join(quoted(n) for n in close))
    if not names:
        return _("there is none to choose from")
    return _("known are {names}").format(names=listed(names))
