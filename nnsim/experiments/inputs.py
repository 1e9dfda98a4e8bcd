"""What a network looks at: pixels, named fields, a point of the plane, a number; as text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nnsim.experiments.files import ExperimentError, quoted
from nnsim.i18n import _, ngettext

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nnsim.experiments.toml import Table

INPUT_KEYS = ("kind", "shape", "names")
KINDS = ("pixels", "vector", "point", "number")
LARGEST_SIDE = 4096
MOST_INPUTS = 1_000_000
_MARKS = {"0": 0.0, "1": 1.0, ".": 0.0, "#": 1.0}


@dataclass(frozen=True)
class InputSpec:
    """The kind of input an experiment has."""

    kind: str  # ``"pixels"``, ``"vector"``, ``"point"`` or ``"number"``
    # ``(height, width)`` or ``(height, width, channels)`` of pixels, ``(n,)`` otherwise
    shape: tuple[int, ...]
    # what the inputs are called: as the file says, else ``x``, ``y`` of a point, ``x`` of a number,
    # and numbers from 1 (the pixels ①, ② … row by row, channels innermost)
    names: tuple[str, ...]

    @property
    def count(self) -> int:
        return math.prod(self.shape)

    @property
    def channels(self) -> int:
        """Channels of a picture: 1, or 3 for red, green, blue; 1 for what is no picture."""
        return self.shape[2] if len(self.shape) == 3 else 1

    @property
    def picture_shape(self) -> tuple[int, int, int]:
        """``(height, width, channels)`` of pixels, ``(1, n, 1)`` of anything else."""
        if self.kind != "pixels":
            return (1, self.count, 1)
        return (self.shape[0], self.shape[1], self.channels)


def read_input(table: Table) -> InputSpec:
    """Return the `input` table of an experiment file, checked."""
    kind = table.choice("kind", KINDS)
    table.only(INPUT_KEYS if kind in ("pixels", "vector") else ("kind", "names"))
    names = table.texts("names")
    shape = _read_shape(table, kind, names)
    count = math.prod(shape)
    if count > MOST_INPUTS:
        problem = _("an input of {count} numbers is too large; at most {most}")
        table.fail("shape", problem.format(count=count, most=MOST_INPUTS))
    if names and len(names) != count:
        problem = ngettext(
            "names has {got} entry; it should have {want}, one per input",
            "names has {got} entries; it should have {want}, one per input",
            len(names),
        )
        table.fail("names", problem.format(got=len(names), want=count))
    plain = {"point": ("x", "y"), "number": ("x",)}.get(kind)
    return InputSpec(kind, shape, names or plain or tuple(str(i + 1) for i in range(count)))


def _read_shape(table: Table, kind: str, names: tuple[str, ...]) -> tuple[int, ...]:
    if kind == "point":
        return (2,)
    if kind == "number":
        return (1,)
    if kind == "vector" and "shape" not in table:
        if not names:
            table.missing("names", _("a list of what the inputs are called"))
        return (len(names),)
    if "shape" not in table:
        table.missing("shape", _("[rows, columns], or [rows, columns, channels]"))
    shape = table.values("shape")
    dimensions = (1,) if kind == "vector" else (2, 3)
    wanted = (
        _("one whole number, as in [4]")
        if kind == "vector"
        else _("[rows, columns], or [rows, columns, channels]")
    )
    whole = all(isinstance(side, int) and not isinstance(side, bool) for side in shape)
    if len(shape) not in dimensions or not whole:
        table.fail("shape", _("shape should be {wanted}").format(wanted=wanted))
    largest = MOST_INPUTS if kind == "vector" else LARGEST_SIDE
    if not all(1 <= side <= largest for side in shape):
        problem = _("each number of shape should be from 1 to {most}").format(most=largest)
        table.fail("shape", problem)
    return tuple(shape)


def parse_input(spec: InputSpec, text: str) -> NDArray[np.float64]:
    """Return the input that `text` writes, flat, ``(spec.count,)``.

    Numbers stand with spaces or commas between them. Pixels may also come as rows with ``/`` or
    line ends between them, each row numbers or signs without spaces (``1`` or ``#`` on, ``0`` or
    ``.`` off): ``111/101/101/111``, ``0 .5 1/1 0 1``. A row of a picture with several channels
    goes pixel by pixel, channels innermost.

    Raises ExperimentError if it is too short, too long, or not finite numbers.
    """
    if spec.kind == "pixels":
        return _parse_pixels(spec, text)
    numbers = _numbers(text.replace("/", " ").replace("\n", " "), _("the input"))
    _check_count(len(numbers), spec.count, text)
    return np.array(numbers, dtype=np.float64)


def _check_count(got: int, want: int, text: str) -> None:
    if got == want:
        return
    if not text.strip():
        problem = ngettext(
            "the input is empty; it should have {want} number",
            "the input is empty; it should have {want} numbers",
            want,
        )
        raise ExperimentError(problem.format(want=want))
    raise _wrong_length(_("the input"), got, want)


def _wrong_length(where: str, got: int, want: int) -> ExperimentError:
    problem = (
        ngettext(
            "{where} is too short: it has {got} number and should have {want}",
            "{where} is too short: it has {got} numbers and should have {want}",
            got,
        )
        if got < want
        else ngettext(
            "{where} is too long: it has {got} number and should have {want}",
            "{where} is too long: it has {got} numbers and should have {want}",
            got,
        )
    )
    return ExperimentError(problem.format(where=where, got=got, want=want))


def _parse_pixels(spec: InputSpec, text: str) -> NDArray[np.float64]:
    height, width, channels = spec.picture_shape
    rows = text.strip().replace("\n", "/").split("/")
    if len(rows) == 1:  # all the numbers in one go
        only = rows[0].strip()
        values = _row(only, spec.count, _("the input"))
        _check_count(len(values), spec.count, only)
        return np.array(values, dtype=np.float64)
    if len(rows) != height:
        problem = (
            ngettext(
                "the input is too short: it has {got} row and should have {want}",
                "the input is too short: it has {got} rows and should have {want}",
                len(rows),
            )
            if len(rows) < height
            else ngettext(
                "the input is too long: it has {got} row and should have {want}",
                "the input is too long: it has {got} rows and should have {want}",
                len(rows),
            )
        )
        raise ExperimentError(problem.format(got=len(rows), want=height))
    values = []
    for number, row in enumerate(rows, start=1):
        where = _("row {row} of the input").format(row=number)
        found = _row(row.strip(), width * channels, where)
        if len(found) != width * channels:
            raise _wrong_length(where, len(found), width * channels)
        values.extend(found)
    return np.array(values, dtype=np.float64)


def _row(row: str, want: int, where: str) -> list[float]:
    """Return the pixels of one row: signs without spaces where it holds nothing else."""
    if want > 1 and (not row.strip("01") or not row.strip(".#")):
        return [_MARKS[sign] for sign in row]
    return _numbers(row, where)


def _numbers(text: str, where: str) -> list[float]:
    values = []
    for word in text.replace(",", " ").split():
        try:
            value = _MARKS[word] if word in _MARKS else float(word.replace("_", "?"))
        except ValueError:
            problem = _("{where} holds {word}, which is not a number")
            raise ExperimentError(problem.format(where=where, word=quoted(word))) from None
        if not math.isfinite(value):
            problem = _("{where} holds {word}; every number must be finite")
            raise ExperimentError(problem.format(where=where, word=quoted(word)))
        values.append(value)
    return values


def format_input(spec: InputSpec, values: NDArray[np.float64]) -> str:
    """Return the text that `parse_input` reads back as `values`, rows with ``/`` for pixels."""
    flat = np.asarray(values, dtype=np.float64).reshape(-1)
    if spec.kind != "pixels":
        return " ".join(_plain(value) for value in flat)
    rows = flat.reshape(spec.picture_shape[0], -1)
    black_and_white = bool(np.all((flat == 0) | (flat == 1)))
    gap = "" if black_and_white else " "
    text = "/".join(gap.join(_plain(value) for value in row) for row in rows)
    return text if len(rows) > 1 else text.replace("/", "")


def _plain(value: float) -> str:
    """Return `value` so that it reads back exactly, whole numbers without ``.0``."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def parse_target(text: str, classes: tuple[str, ...], outputs: int) -> NDArray[np.float64]:
    """Return the target that `text` writes, ``(outputs,)``: a class name, or numbers.

    Raises ExperimentError if it is no class, too short, too long, or not finite numbers.
    """
    name = text.strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1]
    if name in classes:
        return class_targets(np.array([classes.index(name)]), outputs).reshape(outputs)
    try:
        numbers = _numbers(name, _("the target"))
    except ExperimentError:
        if not classes or len(name.split()) != 1 or any(c.isdigit() for c in name):
            raise
        problem = _("the target {name} is no class; the classes are {classes}")
        raise ExperimentError(
            problem.format(name=quoted(name), classes=", ".join(classes))
        ) from None
    if len(numbers) != outputs:
        problem = ngettext(
            "the target has {got} number and should have {want}{classes}",
            "the target has {got} numbers and should have {want}{classes}",
            len(numbers),
        )
        hint = _(", or be a class: {names}").format(names=", ".join(classes)) if classes else ""
        raise ExperimentError(problem.format(got=len(numbers), want=outputs, classes=hint))
    return np.array(numbers, dtype=np.float64)


def class_targets(labels: NDArray[np.intp], outputs: int) -> NDArray[np.float64]:
    """Return the targets of class indices (from 0): one output as it is, several one-hot."""
    if outputs == 1:
        return labels.astype(np.float64).reshape(-1, 1)
    targets = np.zeros((len(labels), outputs))
    targets[np.arange(len(labels)), labels] = 1.0
    return targets
