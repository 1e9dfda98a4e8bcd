"""On which line of a TOML document a key or a value stands.

tomllib says what a document holds but not where. `key_lines` reads a document that tomllib has
already accepted once more, so it may trust the grammar and only has to know where things begin
and end.
"""

from __future__ import annotations

import json
from bisect import bisect_right

Path = tuple[str | int, ...]
"""Where a value is: keys of tables, positions (from 0) in arrays."""

_BARE_END = frozenset(",]}#\n\r")
_KEY_END = frozenset(" \t.=]\n\r")


def key_lines(text: str) -> dict[Path, int]:
    """Return the line (from 1) of every key, table header and array element of a valid document.

    Parameters
    ----------
    text : str
        A TOML document that `tomllib.loads` accepts.
    """
    return _Reader(text).read()


def line_of(lines: dict[Path, int], path: Path) -> int | None:
    """Return the line of `path`, or else of the nearest thing around it that has one."""
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return None


class _Reader:
    """A cursor over a valid document that notes where keys and elements start."""

    def __init__(self, text: str) -> None:
        self.text = text + "\n"
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.tables: dict[Path, int] = {}  # arrays of tables, and how many each has so far
        self.starts = [0] + [i + 1 for i, c in enumerate(self.text) if c == "\n"]

    def read(self) -> dict[Path, int]:
        table: Path = ()
        while self.skip_blank():
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
        return self.lines

    def note(self, path: Path) -> None:
        self.lines.setdefault(path, bisect_right(self.starts, self.at))

    def skip_blank(self) -> bool:
        """Go to what comes next, over blanks, line ends and comments; False at the end."""
        while self.at < len(self.text):
            if self.text[self.at] == "#":
                self.at = self.text.index("\n", self.at)
            elif not self.text[self.at].isspace():
                return True
            self.at += 1
        return False

    def skip_spaces(self) -> None:
        while self.text[self.at] in " \t":
            self.at += 1

    def header(self) -> Path:
        """Read ``[a.b]`` or ``[[a.b]]`` and return the path of the table it opens."""
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        path: Path = ()
        keys = self.keys()
        for position, key in enumerate(keys):
            path = (*path, key)
            self.note(path)
            if array and position == len(keys) - 1:
                self.tables[path] = self.tables.get(path, 0) + 1
            if path in self.tables:
                path = (*path, self.tables[path] - 1)
                self.note(path)
        self.at += 2 if array else 1
        return path

    def pair(self, table: Path) -> None:
        """Read ``a.b = value`` inside `table`."""
        path = table
        start = self.at
        keys = self.keys()
        after, self.at = self.at, start
        for key in keys:
            path = (*path, key)
            self.note(path)
        self.at = after + 1
        self.skip_spaces()
        self.value(path)

    def keys(self) -> list[str]:
        """Read a dotted key, up to the ``=`` or ``]`` behind it."""
        keys = []
        while True:
            self.skip_spaces()
            start = self.at
            if self.text[start] in "\"'":
                self.string()
                keys.append(_unquoted(self.text[start : self.at]))
            else:
                while self.text[self.at] not in _KEY_END:
                    self.at += 1
                keys.append(self.text[start : self.at])
            self.skip_spaces()
            if self.text[self.at] != ".":
                return keys
            self.at += 1

    def value(self, path: Path) -> None:
        first = self.text[self.at]
        if first in "\"'":
            self.string()
        elif first == "[":
            self.array(path)
        elif first == "{":
            self.inline_table(path)
        else:
            while self.text[self.at] not in _BARE_END:
                self.at += 1

    def string(self) -> None:
        quote = self.text[self.at]
        if self.text.startswith(quote * 3, self.at):
            self.at += 3
            self.find_end(quote * 3, escapes=quote == '"')
            while self.text[self.at] == quote:  # up to two quotes may stand before the closing ones
                self.at += 1
        else:
            self.at += 1
            self.find_end(quote, escapes=quote == '"')

    def find_end(self, end: str, *, escapes: bool) -> None:
        while not self.text.startswith(end, self.at):
            self.at += 2 if escapes and self.text[self.at] == "\\" else 1
        self.at += len(end)

    def array(self, path: Path) -> None:
        self.at += 1
        index = 0
        while self.skip_blank() and self.text[self.at] != "]":
            self.note((*path, index))
            self.value((*path, index))
            index += 1
            self.skip_comma()
        self.at += 1

    def inline_table(self, path: Path) -> None:
        self.at += 1
        while self.skip_blank() and self.text[self.at] != "}":
            self.pair(path)
            self.skip_comma()
        self.at += 1

    def skip_comma(self) -> None:
        self.skip_blank()
        if self.text[self.at] == ",":
            self.at += 1


def _unquoted(token: str) -> str:
    """Return the key that a quoted key means."""
    if token[0] == "'":
        return token[1:-1]
    try:
        return str(json.loads(token))  # the escapes of TOML 1.0 keys are JSON's, but for \U
    except ValueError:
        return token[1:-1].encode().decode("unicode_escape")
