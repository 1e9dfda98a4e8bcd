"""What a person can put right, and how it is said."""

from __future__ import annotations

import sys
from contextlib import suppress


class CommandError(Exception):
    """A command that can't be carried out; `str()` is the whole sentence.

    Attributes
    ----------
    picture : str
        Lines that show where it is wrong, for people at a terminal; the sentence says it too.
    """

    def __init__(self, sentence: str, picture: str = "") -> None:
        super().__init__(sentence)
        self.picture = picture


def complain(message: str, picture: str = "") -> None:
    """Say what is wrong in one line on standard error, if there is one.

    Parameters
    ----------
    message : str
    picture : str
        Further lines, which only a terminal gets: what reads our errors reads a line.
    """
    if sys.stderr is None:
        return
    shown = "".join(c if c.isprintable() else " " for c in message)
    with suppress(OSError):
        print(f"nnsim: {shown}", file=sys.stderr)
        if picture and sys.stderr.isatty():
            print(picture, file=sys.stderr)
