"""Reading a TOML file key by key, so that every refusal names its line."""

from __future__ import annotations

import json
import math
import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from nnsim.experiments.files import ExperimentError, at, decode, listed, nearest, quoted, read_bytes
from nnsim.i18n import N_, _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

LARGEST_TOML = 4 * 2**20
"""An experiment file has at most so many bytes; larger data belongs in a data file."""


@dataclass(frozen=True)
class Document:
    """An experiment file: its name for messages, its folder, and where its keys stand."""

    path: Path
    content: dict[str, Any]
    text: str = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Document:
        """Read the TOML file `path`.

        Raises ExperimentError if it can't be read or is not TOML.
        """
        text = decode(read_bytes(path, LARGEST_TOML), str(path))
        if not text.strip():
            raise at(str(path), 1, _("the file is empty"))
        try:
            return cls(path, tomllib.loads(text), text)
        except tomllib.TOMLDecodeError as error:
            raise at(str(path), *explain(str(error), text)) from None
        except RecursionError:
            raise at(str(path), None, _("the brackets are nested too deeply")) from None
        except ValueError as error:  # such as an integer of 5000 digits
            raise at(str(path), None, _("not valid TOML: {why}").format(why=error)) from None

    def line(self, path: KeyPath) -> int | None:
        return line_of(self._lines, path)

    @cached_property
    def _lines(self) -> dict[KeyPath, int]:
        return key_lines(self.text)

    def error(self, path: KeyPath, problem: str) -> ExperimentError:
        return at(str(self.path), self.line(path) or 1, problem)

    def root(self) -> Table:
        return Table(self, (), self.content)


def shown(value: object) -> str:
    """Return a value as a refusal names it: small ones themselves, others by their kind."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _short(value)
    if isinstance(value, str):
        return _("the text {text}").format(text=quoted(value)) if value else _("an empty text")
    if isinstance(value, list):
        return _("a list")
    if value is None:  # in JSON
        return "null"
    return _("a table") if isinstance(value, dict) else _("a date")


class Table:
    """One table of an experiment file; each method reads a key, checks it and names its line."""

    def __init__(self, document: Document, path: KeyPath, content: dict[str, Any]) -> None:
        self.document = document
        self.path = path
        self.content = content

    def __contains__(self, key: str) -> bool:
        return key in self.content

    def fail(self, key: str | int | None, problem: str, *more: str | int) -> NoReturn:
        """Refuse the value of `key` (or the table itself, for None)."""
        where = self.path if key is None else (*self.path, key, *more)
        raise self.document.error(where, problem)

    def only(self, known: Sequence[str]) -> None:
        """Refuse any key that is not `known`, with the nearest that is."""
        for key in self.content:
            if key not in known:
                problem = _("unknown key {key}; {hint}")
                self.fail(key, problem.format(key=quoted(key), hint=nearest(key, known)))

    def _wrong(self, key: str, value: object, wanted: str) -> NoReturn:
        problem = _("{key} is {value}; it should be {wanted}")
        self.fail(key, problem.format(key=key, value=shown(value), wanted=wanted))

    def missing(self, key: str, wanted: str) -> NoReturn:
        """Refuse the table because `key` is not there."""
        problem = _("{key} is missing; it should be {wanted}")
        self.fail(None, problem.format(key=key, wanted=wanted))

    def text(self, key: str, default: str | None = None) -> str:
        if key not in self.content and default is not None:
            return default
        value = self._required(key, _("a text"))
        if not isinstance(value, str):
            self._wrong(key, value, _("a text"))
        return value

    def choice(self, key: str, known: Sequence[str], default: str | None = None) -> str:
        """Return one of the `known` names."""
        if key not in self.content and default is None:
            self.missing(key, _("one of {names}").format(names=listed(known, 30)))
        value = self.text(key, default)
        if value not in known:
            problem = _("unknown {key} {value}; {hint}")
            hint = nearest(value, known)
            self.fail(key, problem.format(key=key, value=quoted(value), hint=hint))
        return value

    def integer(self, key: str, default: int | None, low: int, high: int) -> int:
        """Return a whole number of low … high."""
        wanted = _("a whole number from {low} to {high}").format(low=low, high=high)
        if key not in self.content and default is not None:
            return default
        value = self._required(key, wanted)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self._wrong(key, value, wanted)
        return value

    def number(
        self,
        key: str,
        default: float | None,
        low: float = -math.inf,
        high: float = math.inf,
        *,
        above: bool = False,
    ) -> float:
        """Return a finite number of low … high (with `above`, greater than `low`)."""
        if key not in self.content and default is not None:
            return default
        wanted = _range(low, high, above=above)
        value = self._required(key, wanted)
        if not isinstance(value, int | float) or isinstance(value, bool):
            self._wrong(key, value, wanted)
        as_float = to_float(value)
        inside = low < as_float <= high if above else low <= as_float <= high
        if not (math.isfinite(as_float) and inside):
            self._wrong(key, value, wanted)
        return as_float

    def boolean(self, key: str, default: bool) -> bool:
        value = self.content.get(key, default)
        if not isinstance(value, bool):
            self._wrong(key, value, _("true or false"))
        return value

    def accepted(self, key: str, check: Callable[[str], object], default: str) -> str:
        """Return a text that `check` accepts; what its ValueError says is the refusal."""
        value = ":".join(self.text(key, default).split())
        try:
            check(value)
        except ValueError as error:
            self.fail(key, str(error))
        return value

    def table(self, key: str, *, required: bool = False) -> Table:
        """Return the table `key`, empty where there is none."""
        if required:
            self._required(key, _("a table"))
        value = self.content.get(key, {})
        if not isinstance(value, dict):
            self._wrong(key, value, _("a table"))
        return Table(self.document, (*self.path, key), value)

    def values(self, key: str) -> list[Any]:
        value = self._required(key, _("a list"))
        if not isinstance(value, list):
            self._wrong(key, value, _("a list"))
        return value

    def tables(self, key: str, most: int) -> list[Table]:
        values = self.values(key)
        if not 1 <= len(values) <= most:
            problem = ngettext(
                "{key} has {count} entry; it should have 1 to {most}",
                "{key} has {count} entries; it should have 1 to {most}",
                len(values),
            )
            self.fail(key, problem.format(key=key, count=len(values), most=most))
        for index, value in enumerate(values):
            if not isinstance(value, dict):
                problem = _("{key} holds {value}; each entry should be a table in braces")
                self.fail(key, problem.format(key=key, value=shown(value)), index)
        return [Table(self.document, (*self.path, key, i), v) for i, v in enumerate(values)]

    def texts(self, key: str, *, distinct: bool = True) -> tuple[str, ...]:
        """Return a list of names, empty where there is none; by default no two alike."""
        if key not in self.content:
            return ()
        names: list[str] = []
        seen: set[str] = set()
        for index, value in enumerate(self.values(key)):
            if not isinstance(value, str) or not value.strip():
                problem = _("{key} holds {value}; each entry should be a text")
                what = _("an empty text") if isinstance(value, str) else shown(value)
                self.fail(key, problem.format(key=key, value=what), index)
            if distinct and value in seen:
                problem = _("{name} stands twice in {key}")
                self.fail(key, problem.format(name=quoted(value), key=key), index)
            seen.add(value)
            names.append(value)
        return tuple(names)

    def _required(self, key: str, wanted: str) -> Any:
        if key not in self.content:
            self.missing(key, wanted)
        return self.content[key]


def to_float(value: float) -> float:
    """Return `value` as a float, infinite where it is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _short(value: float) -> str:
    if isinstance(value, int):
        digits = int(value.bit_length() * math.log10(2)) + 1
        return str(value) if digits < 16 else _("a number of about {n} digits").format(n=digits)
    return repr(value)


def _range(low: float, high: float, *, above: bool) -> str:
    if low == -math.inf and high == math.inf:
        return _("a finite number")
    if high == math.inf:
        text = _("a number above {low}") if above else _("a number of {low} or more")
        return text.format(low=f"{low:g}")
    text = _("a number above {low}, up to {high}") if above else _("a number from {low} to {high}")
    return text.format(low=f"{low:g}", high=f"{high:g}")


def read_array(table: Table, key: str, shape: tuple[int, ...]) -> Array:
    """Return the nested list `key` as an array, which must have just this `shape`."""
    flat: list[float] = []
    _collect(table, key, (), table.content[key], shape, flat)
    return np.array(flat, dtype=np.float64).reshape(shape)


def read_rows(
    table: Table, key: str, width: int, parse: Callable[[str], Array] | None = None
) -> Array:
    """Return the list `key` as a matrix ``(rows, width)``.

    A row is a list of `width` numbers, one number where `width` is 1, or a text that `parse`
    understands.
    """
    rows = table.values(key)
    matrix = np.empty((len(rows), width))
    for index, row in enumerate(rows):
        if isinstance(row, str) and parse is not None:
            try:
                matrix[index] = parse(row).reshape(-1)
            except ValueError as error:
                table.fail(key, str(error), index)
            continue
        values: list[float] = []
        single = width == 1 and not isinstance(row, list)
        _collect(table, key, (index,), [row] if single else row, (width,), values)
        matrix[index] = values
    return matrix


def _collect(
    table: Table,
    key: str,
    place: tuple[int, ...],
    value: object,
    shape: tuple[int, ...],
    flat: list[float],
) -> None:
    """Append the numbers of `value`, nested as `shape` says, to `flat`."""
    if not shape:
        if not isinstance(value, int | float) or isinstance(value, bool):
            problem = _("{key} holds {value}; it should hold numbers only")
            table.fail(key, problem.format(key=key, value=shown(value)), *place)
        number = to_float(value)
        if not math.isfinite(number):
            problem = _("{key} holds {value}; every number must be finite")
            table.fail(key, problem.format(key=key, value=number), *place)
        flat.append(number)
        return
    if not isinstance(value, list) or len(value) != shape[0]:
        count = len(value) if isinstance(value, list) else 1
        whole = " × ".join(map(str, shape))
        if not isinstance(value, list):
            problem = ngettext(
                "{key} holds {value} here; it should be a list of {shape} number",
                "{key} holds {value} here; it should be a list of {shape} numbers",
                math.prod(shape),
            )
        elif place:
            problem = ngettext(
                "this part of {key} has {got} entry; it should have {shape}",
                "this part of {key} has {got} entries; it should have {shape}",
                count,
            )
        else:
            problem = ngettext(
                "{key} has {got} entry; it should have {shape}",
                "{key} has {got} entries; it should have {shape}",
                count,
            )
        table.fail(key, problem.format(key=key, got=count, value=shown(value), shape=whole), *place)
    for index, part in enumerate(value):
        _collect(table, key, (*place, index), part, shape[1:], flat)


KeyPath = tuple[str | int, ...]
"""Where a value is: keys of tables, positions (from 0) in arrays."""

_BARE_END = frozenset(",]}#\n\r")
_KEY_END = frozenset(" \t.=]\n\r")


def key_lines(text: str) -> dict[KeyPath, int]:
    """Return the line (from 1) of every key, table header and array element of a valid document.

    `text`: a TOML document that `tomllib.loads` accepts.
    """
    return _Reader(text).read()


def line_of(lines: dict[KeyPath, int], path: KeyPath) -> int | None:
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
        self.lines: dict[KeyPath, int] = {}
        self.tables: dict[KeyPath, int] = {}  # arrays of tables, and how many each has so far
        self.starts = [0] + [i + 1 for i, c in enumerate(self.text) if c == "\n"]

    def read(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while self.skip_blank():
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
        return self.lines

    def note(self, path: KeyPath) -> None:
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

    def header(self) -> KeyPath:
        """Read ``[a.b]`` or ``[[a.b]]`` and return the path of the table it opens."""
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        path: KeyPath = ()
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

    def pair(self, table: KeyPath) -> None:
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

    def value(self, path: KeyPath) -> None:
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

    def array(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while self.skip_blank() and self.text[self.at] != "]":
            self.note((*path, index))
            self.value((*path, index))
            index += 1
            self.skip_comma()
        self.at += 1

    def inline_table(self, path: KeyPath) -> None:
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


_END = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_ADVICE = (
    ("Expected '='", N_("a key is followed by = and a value, as in: epochs = 50")),
    ("Expected ']]'", N_("close the name with two brackets, as in [[name]]")),
    ("Expected ']'", N_("close the name of the table with a bracket, as in [network]")),
    ("Expected newline", N_("one key and its value stand on a line; start a new line here")),
    ("Expected '(\"\"\"|''')'", N_("a text of several lines ends with three quotes")),
    ("Expected", N_("a quote that closes the text is missing")),
    ("Invalid statement", N_("a line is key = value, [table], or a comment that starts with #")),
    ("Invalid initial character", N_("a key is a word of letters, digits, - and _, or in quotes")),
    ("Invalid value", N_("a value is a number, true, false, a text in quotes, or a list in [ ]")),
    ("Invalid date", N_("a date is written as 2024-12-31; put other texts in quotes")),
    ("Invalid hex|Escaped|Unescaped", N_("in quotes \\ starts an escape; write \\\\ for one")),
    ("Illegal character '\\\\n'", N_("close the text with a quote before the line ends")),
    ("(Illegal|Found invalid) character", N_("take out this control character")),
    ("Unterminated string", N_("close the text with a quote")),
    ("Unclosed array", N_("entries of a list stand with commas between them, and ] closes it")),
    ("Unclosed inline", N_("between the keys of a table in braces stand commas, } closes it")),
    ("Cannot declare", N_("this table is here twice; put its keys together under one heading")),
    ("Cannot overwrite|Duplicate|Cannot redefine", N_("this key is here twice; leave one of them")),
    ("Cannot mutate", N_("a table or list that has been written out can't be added to")),
)  # fmt: skip
"""How tomllib's message starts, and what to write instead."""


def explain(message: str, text: str) -> tuple[int, str]:
    """Return the line of an error in a TOML document, and a sentence that says what is right.

    `message`: what tomllib says; it ends in ``(at line 3, column 5)`` or ``(at end of document)``.
    `text`: the document.
    """
    found = _END.search(message)
    line = int(found[1]) if found and found[1] else text.rstrip("\n").count("\n") + 1
    why = message[: found.start()] if found else message
    advice = next((right for start, right in _ADVICE if re.match(start, why)), None)
    if advice is None:
        return line, _("not valid TOML: {why}").format(why=why)
    return line, _("not valid TOML: {advice}").format(advice=_(advice))
