"""Whether there is a terminal to draw in, and what must be set before Textual is imported."""

from __future__ import annotations

import os
import sys

from nnsim.i18n import _

DARK, LIGHT, PLAIN = "textual-dark", "textual-light", "ansi-dark"
LEAST_COLUMNS, LEAST_ROWS = 60, 20


def problem() -> str | None:
    """Say why the app can't open here, or None where it can."""
    streams = (sys.stdin, sys.stdout, sys.stderr)
    if not all(stream is not None and stream.isatty() for stream in streams):
        return _(
            "the app needs a terminal for its input and output; without one, use a command "
            "such as: nnsim predict digits-4x3 --input 111/101/101/111   (nnsim --help lists them)"
        )
    if sys.platform != "win32" and os.environ.get("TERM", "dumb") in ("", "dumb", "unknown"):
        return _(
            "this terminal (TERM={term}) can't place a cursor; use a command such as: "
            "nnsim predict digits-4x3 --input 111/101/101/111   (nnsim --help lists them)"
        ).format(term=os.environ.get("TERM", ""))
    return None


def prepare() -> None:
    """Choose a theme that stays readable without colour.

    Textual reads TEXTUAL_THEME when it is imported; with NO_COLOR, a theme of the terminal's own
    colours that is chosen any later comes out black on black.
    """
    if "NO_COLOR" in os.environ:
        os.environ.setdefault("TEXTUAL_THEME", PLAIN)
