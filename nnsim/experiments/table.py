"""Reading a TOML file key by key, so that every refusal names its line."""

from __future__ import annotations

import math
import os
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from nnsim.experiments.errors import ExperimentError, at, listed, nearest, quoted
from nnsim.experiments.lines import key_lines, line_of
from nnsim.experiments.syntax import explain
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import IO

    from nnsim.experiments.lines import Path as KeyPath

LARGEST_TOML = 4 * 2**20
"""An experiment file has at most so many bytes; larger data belongs in a data file."""


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open the file `path` to read; what goes wrong with it meanwhile names the file.

    Raises
    ------
    ExperimentError
        If it is missing, no ordinary file, or unreadable.
    """
    name = str(path)
    try:
        if path.is_dir():
            raise at(name, None, _("this is a folder; give a file"))
        if path.exists() and not path.is_file():
            raise at(name, None, _("this is not an ordinary file"))
        with path.open("rb") as stream:
            yield stream
    except FileNotFoundError:
        raise at(name, None, _("there is no such file")) from None
    except ExperimentError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        problem = _("the file can't be read ({reason})").format(reason=reason)
        raise at(quoted(name) if "\0" in name else name, None, problem) from None


def read_bytes(path: Path, largest: int) -> bytes:
    """Return what stands in the file `path`, of at most `largest` bytes.

    Raises
    ------
    ExperimentError
        If it is missing, no ordinary file, unreadable, empty or too large.
    """
    name = str(path)
    with open_bytes(path) as stream:
        size = os.fstat(stream.fileno()).st_size
        content = stream.read(min(max(size, 2**16), largest) + 1)
    if not content:
        raise at(name, None, _("the file is empty"))
    if len(content) > largest:
        problem = _("the file is too large; it may have {limit} MB").format(limit=largest // 2**20)
        raise at(name, None, problem)
    return content


def decode(content: bytes, name: str) -> str:
    """Return `content` as text, line ends made plain; refuse what isn't UTF-8 text.

    Raises
    ------
    ExperimentError
        With the line at which it stops being text.
    """
    nul = content.find(b"\0")
    if nul >= 0:
        line = content.count(b"\n", 0, nul) + 1
        raise at(name, line, _("this is a binary file; it should be UTF-8 text"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise at(name, line, _("this is not UTF-8 text; save the file as UTF-8")) from None
    return text.replace("\r\n", "\n")


@dataclass(frozen=True)
class Document:
    """An experiment file: its name for messages, its folder, and where its keys stand."""

    path: Path
    content: dict[str, Any]
    text: str = field(repr=False)

    @classmethod
    def read(cls, path: Path) -> Document:
        """Read the TOML file `path`.

        Raises
        ------
        ExperimentError
            If it can't be read or is not TOML.
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
        """Return the line of the key `path`."""
        return line_of(self._lines, path)

    @cached_property
    def _lines(self) -> dict[KeyPath, int]:
        return key_lines(self.text)

    def error(self, path: KeyPath, problem: str) -> ExperimentError:
        """Return the error that `problem` is at the key `path`."""
        return at(str(self.path), self.line(path) or 1, problem)

    def root(self) -> Table:
        """Return the whole file as a table."""
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
        """Return a text."""
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
        if not isinstance(value, int) or isinstance(value, bool):
            self._wrong(key, value, wanted)
        if not low <= value <= high:
            problem = _("{key} is {value}; it should be {wanted}")
            self.fail(key, problem.format(key=key, value=_short(value), wanted=wanted))
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
            problem = _("{key} is {value}; it should be {wanted}")
            self.fail(key, problem.format(key=key, value=_short(value), wanted=wanted))
        return as_float

    def boolean(self, key: str, default: bool) -> bool:
        """Return true or false."""
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
        """Return a list, of anything."""
        value = self._required(key, _("a list"))
        if not isinstance(value, list):
            self._wrong(key, value, _("a list"))
        return value

    def tables(self, key: str, most: int) -> list[Table]:
        """Return a list of one to `most` tables."""
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
