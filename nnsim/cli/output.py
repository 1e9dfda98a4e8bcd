"""What commands print: lines, tables, JSON."""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Any

from nnsim.cli.errors import CommandError
from nnsim.cli.streams import drop_output, is_unicode, to_ascii, write
from nnsim.i18n import SOURCE, _, current_language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console


class Output:
    """Standard output, as the common options want it.

    When whoever reads it has seen enough and leaves, the rest is dropped, and the command goes on
    to its end: its status doesn't hang on when the reader left.

    Parameters
    ----------
    ascii_only : bool
        Replace what is not ASCII. So it is too where the encoding of the output is none of
        Unicode's, but for signs of a language that it was made for.
    as_json : bool
        Whether the command should print JSON.
    """

    def __init__(self, *, ascii_only: bool = False, as_json: bool = False) -> None:
        self.ascii_only = ascii_only or (
            sys.stdout is not None and not is_unicode(sys.stdout) and current_language() == SOURCE
        )
        self.as_json = as_json

    def text(self, text: str) -> str:
        """Return `text` as it may be printed."""
        return to_ascii(text) if self.ascii_only else text

    def line(self, text: str = "") -> None:
        """Print a line."""
        write(self.text(text) + "\n")

    def json(self, value: Any) -> None:
        """Print `value` as one line of JSON; arrays become lists.

        Raises
        ------
        CommandError
            If a number in it is not finite, which JSON can't write.
        """
        try:
            text = json.dumps(plain(value), allow_nan=False)
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
    """Return a number for a table."""
    return f"{value + 0.0:.6g}"


def finite(value: float) -> float | None:
    """Return `value`, or None (JSON's null) where it is not finite."""
    return value if math.isfinite(value) else None
