"""What commands print, on which streams, and how they say what is wrong.

Light, as the way to the app goes through here.
"""

from __future__ import annotations

import codecs
import math
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from nnsim.i18n import SOURCE, _, current_language

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from rich.console import Console


class CommandError(Exception):
    """A command that can't be carried out; `str()` is the whole sentence.

    `picture`: lines that show where it is wrong, for people at a terminal; the sentence says it
      too.
    """

    def __init__(self, sentence: str, picture: str = "") -> None:
        super().__init__(sentence)
        self.picture = picture


def complain(message: str, picture: str = "") -> None:
    """Say what is wrong in one line on standard error, if there is one.

    `picture`: further lines, which only a terminal gets: what reads our errors reads a line.
    """
    if sys.stderr is None:
        return
    shown = "".join(c if c.isprintable() else " " for c in message)
    with suppress(OSError):
        print(f"nnsim: {shown}", file=sys.stderr)
        if picture and sys.stderr.isatty():
            print(picture, file=sys.stderr)


_ASCII = str.maketrans({
    "σ": "sigma", "Σ": "sum", "∂": "d", "δ": "delta", "Δ": "delta", "η": "eta", "θ": "theta",
    "λ": "lambda", "μ": "mu", "½": "1/2", "·": "*", "×": "x", "−": "-", "–": "-", "—": "-",
    "≈": "~", "≥": ">=", "≤": "<=", "≠": "!=", "→": "->", "←": "<-", "…": "...", "′": "'",
    "²": "^2", "ᵢ": "_i", "₁": "1", "₂": "2", "✓": "+", "✗": "x", "“": '"', "”": '"', "’": "'",
    "ᶻ": "^z", "ⱼ": "_j", "ₖ": "_k", "√": "sqrt", "∞": "inf", "γ": "gamma", "β": "beta",
    "ε": "epsilon", "\u0302": "_hat", "ᵀ": "^T", "∗": "*", "∘": ".*",
})  # fmt: skip
_ERRORS = "nnsim.ascii"


def to_ascii(text: str) -> str:
    """Return `text` with every sign that is not ASCII replaced."""
    return text.replace("⁻ᶻ", "^-z").translate(_ASCII).encode("ascii", "replace").decode("ascii")


def holds(stream: TextIO, text: str) -> bool:
    """Tell whether what is written on `stream` can be `text`."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeError, LookupError):
        return False
    return True


def is_unicode(stream: TextIO) -> bool:
    """Tell whether `stream` takes every sign there is."""
    name = (getattr(stream, "encoding", None) or "utf-8").lower().replace("_", "-")
    return name.startswith(("utf-8", "utf8", "utf-16", "utf-32", "cp65001"))


def spell_out(stream: TextIO) -> None:
    """Let `stream` write in ASCII what its encoding has no place for, and never stumble over it."""
    codecs.register_error(_ERRORS, _replaced)
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors=_ERRORS)


def _replaced(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return to_ascii(error.object[error.start : error.end]), error.end


def write(text: str) -> None:
    """Write on standard output; nothing more, once its reader has left."""
    try:
        sys.stdout.write(text)
    except BrokenPipeError:
        drop_output()


def flush() -> None:
    """Write what waits to be written on standard output, unless its reader has left."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        drop_output()


def drop_output() -> None:
    """Send what is still to be written nowhere, so that the interpreter can leave in peace."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


class Output:
    """Standard output, as the common options want it.

    When whoever reads it has seen enough and leaves, the rest is dropped, and the command goes on
    to its end: its status doesn't hang on when the reader left.

    `ascii_only`: replace what is not ASCII. So it is too where the encoding of the output is none
      of Unicode's, but for signs of a language that it was made for.
    `as_json`: whether the command should print JSON.
    """

    def __init__(self, *, ascii_only: bool = False, as_json: bool = False) -> None:
        self.ascii_only = ascii_only or (
            sys.stdout is not None and not is_unicode(sys.stdout) and current_language() == SOURCE
        )
        self.as_json = as_json

    def text(self, text: str) -> str:
        return to_ascii(text) if self.ascii_only else text

    def line(self, text: str = "") -> None:
        write(self.text(text) + "\n")

    def json(self, value: Any) -> None:
        """Print `value` as one line of JSON; arrays become lists.

        Raises CommandError if a number in it is not finite, which JSON can't write.
        """
        from json import dumps

        try:
            text = dumps(plain(value), allow_nan=False)
        except ValueError:
            problem = _("the result has numbers that are not finite, which JSON can't hold")
            raise CommandError(problem) from None
        write(text + "\n")

    def table(
        self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1
    ) -> None:
        """Print a table; the first `left` columns are text, the others numbers."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        self.line(title)
        table = Table(box=box.ASCII if self.ascii_only else box.SIMPLE_HEAD)
        for number, column in enumerate(columns):
            justify = "left" if number < left else "right"
            table.add_column(Text(self.text(column)), justify=justify, overflow="fold")  # type: ignore[arg-type]
        for row in rows:
            table.add_row(*(Text(self.text(cell)) for cell in row))
        console = self.console()
        with console.capture() as captured:
            console.print(table)
        write(captured.get())

    def console(self) -> Console:
        """Return a Rich console on standard output; in a pipe it is as wide as need be."""
        from rich.console import Console

        class Dropping(Console):
            """Goes on where Rich would end the program with status 1: its reader has left."""

            def on_broken_pipe(self) -> None:
                drop_output()

        return Dropping(width=None if sys.stdout.isatty() else 200, highlight=False)


def plain(value: Any) -> Any:
    """Return `value` with arrays as lists, NumPy's numbers as Python's, and −0.0 as 0.0."""
    if hasattr(value, "tolist"):
        return (value + 0.0 if value.dtype.kind == "f" else value).tolist()
    if isinstance(value, float):
        return value + 0.0
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    return value


def number(value: float) -> str:
    return f"{value + 0.0:.6g}"


def finite(value: float) -> float | None:
    """Return `value`, or None (JSON's null) where it is not finite."""
    return value if math.isfinite(value) else None
